"""The build and check commands: tables, one JSON document, files, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.io import read
from typer.testing import CliRunner

from qdstruct.cli import app
from qdstruct.errors import InputError

runner = CliRunner()


def document(*words: str) -> dict:
    result = runner.invoke(app, [*words, "--json"])
    assert result.exit_code in (0, 1), result.output
    return json.loads(result.stdout)


INTERFACE = ["build", "interface", "CdS-zincblende", "CsPbBr3-Pbnm", "--film-hkl", "0,0,1",
             "--substrate-hkl", "0,0,1", "--max-area", "100"]  # fmt: skip


@pytest.mark.parametrize("name", ["POSCAR", "a.vasp", "a.cif", "a.extxyz", "a.lmp", "a.data"])
def test_every_format_is_read_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    built = document(*INTERFACE, "--fix-outer-layers", "1", "-o", str(path))
    assert built["file"] == str(path)
    assert built["problems"] == []
    lammps = path.suffix in (".lmp", ".data")
    atoms = read(path, format="lammps-data") if lammps else read(path)
    assert len(atoms) == built["n_atoms"] == 56
    lengths = atoms.cell.lengths()
    assert lengths[0] * lengths[1] == pytest.approx(built["area"], rel=1e-5)
    assert "made_by" in path.read_text()
    if "POSCAR" in name or path.suffix == ".vasp":
        assert atoms.constraints
    if path.suffix == ".extxyz":
        assert set(atoms.arrays["region"]) == {"film", "substrate"}
        assert np.asarray(atoms.arrays["fixed"]).any()


def test_pymatgen_reads_the_poscar(tmp_path: Path) -> None:
    from pymatgen.io.vasp import Poscar

    path = tmp_path / "POSCAR"
    document(*INTERFACE, "--fix-outer-layers", "1", "-o", str(path))
    poscar = Poscar.from_file(path)
    assert poscar.selective_dynamics is not None
    assert len(poscar.structure) == 56


def test_files_are_not_replaced_without_force(tmp_path: Path) -> None:
    path = tmp_path / "a.cif"
    words = ["build", "slab", "PbS-galena", "--hkl", "100", "-o", str(path)]
    assert runner.invoke(app, words).exit_code == 0
    before = path.read_text()
    assert "exists" in str(runner.invoke(app, words).exception)
    assert path.read_text() == before
    assert runner.invoke(app, [*words, "--force"]).exit_code == 0


def test_check_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.extxyz"
    document(*INTERFACE, "-o", str(path))
    good = document("check", str(path), "--film", "CdS-zincblende", "--substrate", "CsPbBr3-Pbnm")
    parts = good.pop("parts")
    assert good == {"ok": True, "n_atoms": 56, "problems": []}
    assert [part["region"] for part in parts] == ["film", "substrate"]
    assert parts[0]["strain"][2][2] == pytest.approx(0, abs=1e-6)
    broken = read(path)
    broken.positions[3] = broken.positions[8] + 0.3
    del broken[20]
    broken.write(path)
    result = runner.invoke(app, ["check", str(path), "--json"])
    assert result.exit_code == 1
    kinds = {problem["kind"] for problem in json.loads(result.stdout)["problems"]}
    assert {"clash", "charge"} <= kinds
    assert runner.invoke(app, ["check", str(path)]).exit_code == 1


@pytest.mark.parametrize("name", ["POSCAR", "a.extxyz", "a.cif"])
def test_a_file_is_held_to_what_it_says(tmp_path: Path, name: str) -> None:
    """Formula, crystals and strain come from the note in the file."""
    path = tmp_path / name
    document(*INTERFACE, "--film-layers", "4", "-o", str(path))
    good = document("check", str(path))
    assert good["ok"]
    assert [part["phase"] for part in good["parts"]] == ["CdS-zincblende", "CsPbBr3-Pbnm"]
    lines = path.read_text().splitlines(keepends=True)
    if name == "POSCAR":
        lines[4] = "  " + "  ".join(str(1.1 * float(word)) for word in lines[4].split()) + "\n"
        path.write_text("".join(lines))
        found = document("check", str(path))
        assert {"strain"} == {problem["kind"] for problem in found["problems"]}
        assert "along z +10.0 %" in found["problems"][0]["message"]
        assert document("check", str(path), "--ignore-note")["parts"] == []
    changed = "".join(lines).replace("Br24Cd", "Br25Cd", 1)
    path.write_text(changed)
    found = document("check", str(path))
    assert "composition" in {problem["kind"] for problem in found["problems"]}


def test_interface_with_shared_strain_rules_and_a_sandwich() -> None:
    shared = document(*INTERFACE, "--strain-on", "elastic", "--film-stiffness", "77,54,24",
                      "--substrate-stiffness", "45,10,5", "--substrate-termination", "PbBr2",
                      "--shift", "ionic", "--gap", "ionic", "--sandwich", "--fix-outer-layers",
                      "1")  # fmt: skip
    assert shared["problems"] == []
    assert shared["shift_rule"] == "ionic"
    assert 2.0 < shared["gap"] < 4.0
    film, substrate = (np.linalg.norm(shared[f"{side}_strain"]) for side in ("film", "substrate"))
    assert 0 < substrate < film  # the film is the stiffer, but a quarter as thick


def test_lateral_reports_its_bridges() -> None:
    built = document("build", "lateral", "CsPbBr3-cubic", "PMA2PbBr4", "--film-hkl", "0,0,1",
                     "--substrate-hkl", "0,1,0", "--film-direction", "1,1,0")  # fmt: skip
    assert len(built["bridges"]) == 2
    assert built["problems"] == []
    assert built["film_directions"][0] == pytest.approx([4, 4, 0])


def test_particles(tmp_path: Path) -> None:
    dot = document("build", "nanocrystal", "CsPbBr3-Pbnm", "--size", "3nm", "--termination", "CsBr")
    assert dot["charge"] == 0
    assert dot["removed_ions"] == "Cs16"
    janus = document("build", "janus", "CsPbBr3-Pbnm", "CdS-zincblende", "--core-size", "3nm",
                     "--core-facet", "0,0,1", "--cap-facet", "0,0,1")  # fmt: skip
    assert janus["problems"] == []
    wrapped = document("build", "coreshell", "CsPbBr3-cubic", "PbS-galena", "--core-size", "2nm",
                       "--shell-thickness", "8", "--core-facet", "100", "--shell-facet", "100",
                       "--shift", "0.25,0.25")  # fmt: skip
    assert wrapped["kind"] == "coreshell"
    assert wrapped["charge"] == 0
    path = tmp_path / "s.extxyz"
    lattice = document("build", "superlattice", "CsPbBr3-cubic", "--size", "1.8nm", "--spacing",
                       "3nm", "--cells", "2", "-o", str(path))  # fmt: skip
    assert lattice["particles"] == 8
    assert len(read(path)) == lattice["n_atoms"]


def test_ligands_with_the_build(tmp_path: Path) -> None:
    dot = ["build", "nanocrystal", "CsPbBr3-cubic", "--cells", "2", "--termination", "CsBr"]
    path = tmp_path / "dot.extxyz"
    both = ["--ligand", "benzoate=0.2", "--ligand", "PMA=0.3", "--ligand-seed", "4"]
    covered = document(*dot, *both, "-o", str(path))
    assert covered["problems"] == []
    assert covered["charge"] == 0
    assert [one["anchor"] for one in covered["ligands"]] == ["carboxylate", "ammonium"]
    again = read(path)
    molecules = again.arrays["molecule"][again.arrays["region"] == "ligand"]
    assert len(np.unique(molecules)) == sum(one["placed"] for one in covered["ligands"])
    assert document("check", str(path))["ok"]
    slab = document("build", "slab", "CsPbBr3-cubic", "--hkl", "100", "--termination", "CsBr",
                    "--ligand", "benzylammonium=1")  # fmt: skip
    assert slab["ligands"][0]["placed"] == 1
    assert slab["problems"] == []
    janus = document("build", "janus", "CsPbBr3-cubic", "PbS-galena", "--core-size", "3nm",
                     "--core-facet", "100", "--cap-facet", "100", "--cap-size", "10",
                     "--island", "7,7", "--island", "-.7,-.7nm", "--core-termination", "CsBr",
                     "--cap-shape", "cuboid", "--cap-height", "6", "--shift", "0.25,0.25",
                     "--ligand", "C4DT=0.1")  # fmt: skip
    assert janus["shape"] == "cuboid with cuboids"
    assert janus["ligands"][0]["anchor"] == "thiolate"


def test_sizes_say_what_was_understood() -> None:
    words = ["build", "nanocrystal", "CsPbBr3-cubic", "--termination", "CsBr", "--size"]
    bare = runner.invoke(app, [*words, "20", "--json"])
    assert "'20' has no unit and is read as 20 Å" in bare.stderr
    named = runner.invoke(app, [*words, "2nm", "--json"])
    assert named.stderr == ""
    for result in (bare, named):
        built = json.loads(result.stdout)
        assert built["size_asked"] == [20.0] * 3
        assert built["size"] == pytest.approx([3 * 5.874] * 3)


def test_a_wide_cap_is_a_warning() -> None:
    words = ["build", "janus", "CsPbBr3-cubic", "PbS-galena", "--core-size", "2nm", "--core-facet",
             "100", "--cap-facet", "100", "--cap-size", "4nm"]  # fmt: skip
    result = runner.invoke(app, words)
    assert result.exit_code == 0
    assert "warning: the cap of 40 Å at (0.0, 0.0) Å reaches" in result.stderr


def test_a_net_charge_is_a_warning() -> None:
    words = ["build", "nanocrystal", "CsPbBr3-cubic", "--cells", "2", "--keep-charge"]
    result = runner.invoke(app, words)
    assert result.exit_code == 0
    assert "net charge of +7 e" in result.stderr


def test_charges_radicals_and_clashes_are_warnings(tmp_path: Path) -> None:
    words = ["build", "slab", "CsPbBr3-cubic", "--hkl", "110", "--termination", "Br",
             "--bottom-termination", "Br", "--json"]  # fmt: skip
    charged = runner.invoke(app, words)
    assert charged.exit_code == 0
    assert "warning: the net formal charge of Br8Cs2Pb2 is -2 e" in charged.stderr
    file = tmp_path / "sodium.cif"
    bulk("Na", "bcc", a=4.29, cubic=True).write(file)
    odd = runner.invoke(app, ["build", "slab", str(file), "--hkl", "100", "--layers", "3"])
    assert odd.exit_code == 0
    assert "warning: 33 electrons, an odd number" in odd.stderr
    pressed = runner.invoke(app, [*INTERFACE, "--gap", "0.3", "--json"])
    assert "Å apart, closer than" in pressed.stderr
    assert "clash" in {one["kind"] for one in json.loads(pressed.stdout)["problems"]}


def test_terminations_as_table_and_json() -> None:
    words = ["build", "terminations", "CsPbBr3-cubic", "--hkl", "100"]
    assert "PbBr2" in runner.invoke(app, words).stdout
    names = [one["name"] for one in document(*words)["terminations"]]
    assert sorted(names) == ["CsBr", "PbBr2"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["build", "slab", "CsPbBr3-cubic", "--hkl", "100", "--termination", "Xe"], "CsBr, PbBr2"),
        (["build", "slab", "CsPbBr3-cubic", "--hkl", "1,0"], "Miller"),
        (["build", "slab", "CdS-wurtzite", "--hkl", "001", "--variant", "nonpolar"],
         "planes, stoichiometric, +0 e"),
        (["build", "slab", "CdS-zincblende", "--hkl", "111", "--variant", "nonpolar",
          "--termination", "S"], "Cd at the top (3/4 of it stays)"),
        (["build", "slab", "CsPbBr3-cubic", "--hkl", "100", "--variant", "nice"], "nonpolar"),
        (["build", "slab", "CsPbBr3-cubic", "--hkl", "100", "-o", "a.docx"], "structure format"),
        ([*INTERFACE, "--match", "99"], "no match 99"),
        ([*INTERFACE, "--film-termination", "Xe"], "choose one of: "),
        (["build", "janus", "CsPbBr3-cubic", "PbS-galena", "--core-size", "3nm", "--core-facet",
          "100", "--cap-facet", "100", "--core-termination", "Xe"], "choose one of: "),
        (["build", "slab", "PbS-galena", "--hkl", "100", "--layers", "4", "--ligand", "BPDT=1"],
         "sites without clashes"),
        ([*INTERFACE, "--shift", "a,b"], "not a shift"),
        ([*INTERFACE, "--gap", "-2"], "gap"),
        ([*INTERFACE, "--gap", "wide"], "not a gap"),
        ([*INTERFACE, "--shift", "nearest"], "no rule 'nearest'"),
        ([*INTERFACE, "--strain-on", "elastic"], "stiffness of both crystals"),
        ([*INTERFACE, "--film-stiffness", "1,2,3"], "together"),
        ([*INTERFACE, "--strain-on", "film", "--film-stiffness", "40,9,9",
          "--substrate-stiffness", "40,9,9"], "say nothing"),
        ([*INTERFACE, "--strain-on", "elastic", "--film-stiffness", "nowhere.txt",
          "--substrate-stiffness", "40,9,9"], "nowhere.txt"),
        ([*INTERFACE, "--sandwich", "--vacuum", "0"], "outer slabs"),
        (["build", "nanocrystal", "CsPbBr3-cubic", "--size", "big"], "not one number or three"),
        (["build", "nanocrystal", "CsPbBr3-cubic", "--size", "3"], "thinner than one repeat"),
        (["build", "nanocrystal", "CsPbBr3-cubic", "--size", "900nm"], "too many atoms"),
        (["build", "superlattice", "CsPbBr3-cubic", "--size", "3", "--spacing", "9nm",
          "--cells", "2"], "thinner than one repeat"),
        (["build", "janus", "CsPbBr3-cubic", "PbS-galena", "--core-size", "3nm", "--core-facet",
          "100", "--cap-facet", "100", "--cap-size", "2nm", "--island", "0,0", "--island",
          "1,1nm"], "overlap"),
        (["build", "nanocrystal", "CsPbBr3-cubic", "--size", "3nm", "--facets", "100"], "three"),
        (["build", "nanocrystal", "CsPbBr3-cubic", "--size", "3nm", "--energies", "100"], "FACET"),
        (["build", "superlattice", "CsPbBr3-cubic", "--size", "8nm", "--spacing", "5nm",
          "--cells", "2"], "overlap"),
        (["build", "nanocrystal", "CsPbBr3-cubic", "--cells", "2.5"], "whole numbers"),
        (["build", "nanocrystal", "CsPbBr3-cubic", "--cells", "2", "--ligand", "PMA"],
         "NAME=COVERAGE"),
        (["build", "nanocrystal", "CsPbBr3-cubic", "--cells", "2", "--ligand", "foo=0.3"],
         "unknown ligand"),
        (["build", "nanocrystal", "CsPbBr3-cubic", "--cells", "2", "--ligand", "PMA=0.7",
          "--ligand", "oleylammonium=0.7"], "1.4 times"),
        (["build", "janus", "CsPbBr3-cubic", "PbS-galena", "--core-size", "3nm", "--core-facet",
          "100", "--cap-facet", "100", "--island", "3"], "no place on a facet"),
        (["check", "nothing.cif"], "nothing.cif"),
    ],
)  # fmt: skip
def test_bad_input(words: list[str], message: str) -> None:
    result = runner.invoke(app, words)
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)
    assert result.exception.exit_code == 2


def test_bad_input_ends_with_exit_code_2() -> None:
    code = "from qdstruct.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", code, "build", "slab", "CsPbBr3-cubic", "--hkl", "0,0,0"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert "lattice plane" in result.stderr
    assert result.stdout == ""
