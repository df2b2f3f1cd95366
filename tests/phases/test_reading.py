"""Any structure file: what is read, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.io import write

from qdstruct import phases
from qdstruct.errors import PhaseError
from qdstruct.resources import data_folder


def shipped(name: str) -> str:
    return (data_folder("structures") / f"{name}.cif").read_text()


def put(folder: Path, name: str, content: str) -> Path:
    file = folder / name
    file.write_text(content)
    return file


@pytest.mark.parametrize(
    ("name", "format_"),
    [
        ("POSCAR", "vasp"),
        ("CONTCAR", "vasp"),
        ("slab.vasp", "vasp"),
        ("a.extxyz", "extxyz"),
        ("a.xyz", "extxyz"),
        ("a.cif", "cif"),
        ("a.xsf", "xsf"),
        ("a.json", "json"),
    ],
)
def test_formats(tmp_path: Path, name: str, format_: str) -> None:
    atoms = phases.load("CsPbBr3-Pbnm").atoms
    atoms = atoms[np.argsort(atoms.numbers)]
    write(tmp_path / name, atoms, format=format_)
    phase = phases.read_structure(tmp_path / name)
    assert phase.space_group_symbol == "Pbnm"
    assert phase.formula == "CsPbBr3"
    assert phase.formula_units == 4
    assert phase.density == pytest.approx(4.834, abs=1e-3)
    assert phases.load(str(tmp_path / name)).formula_units == 4


def test_a_format_that_only_pymatgen_reads(tmp_path: Path) -> None:
    from pymatgen.core import Lattice, Structure

    structure = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.9315), ["Pb", "S"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )
    file = put(tmp_path, "galena.yaml", structure.to(fmt="yaml"))
    phase = phases.read_structure(file)
    assert (phase.space_group_symbol, phase.formula_units) == ("Fm-3m", 4)


def test_per_atom_regions_survive_and_calculator_results_do_not(tmp_path: Path) -> None:
    atoms = bulk("PbS", "rocksalt", a=5.93, cubic=True)
    atoms.set_array("region", np.array(["film"] * 8))
    atoms.set_array("forces", np.zeros((8, 3)))
    write(tmp_path / "a.extxyz", atoms)
    read = phases.read_structure(tmp_path / "a.extxyz").atoms
    assert set(read.arrays["region"]) == {"film"}
    assert set(read.arrays) == {"numbers", "positions", "region"}
    assert read.calc is None


def test_molecules_are_read_as_atoms_but_are_no_phase(tmp_path: Path) -> None:
    write(tmp_path / "water.xyz", molecule("H2O"))
    assert len(phases.read_atoms(tmp_path / "water.xyz")) == 3
    with pytest.raises(PhaseError, match="not a crystal"):
        phases.read_structure(tmp_path / "water.xyz")


def test_a_slab_that_is_periodic_in_two_directions_is_refused(tmp_path: Path) -> None:
    atoms = bulk("PbS", "rocksalt", a=5.93, cubic=True)
    atoms.pbc = (True, True, False)
    write(tmp_path / "slab.extxyz", atoms)
    with pytest.raises(PhaseError, match=r"not periodic in three directions \(pbc T T F\)"):
        phases.read_structure(tmp_path / "slab.extxyz")


def test_the_authors_of_a_foreign_cif_are_its_citation(tmp_path: Path) -> None:
    content = "\n".join(
        line for line in shipped("PbS-galena").splitlines() if not line.startswith("_qdstruct")
    )
    content = content.replace("loop_\n  'PbS_galena'\n  'PbS'\n  'galena'\n  'PbS-Noda'\n", "")
    phase = phases.read_structure(put(tmp_path, "mine.cif", content))
    assert phase.name == "mine"
    assert phase.citation == (
        "Noda, Masumoto, Ohba, Saito, Toriumi, Iwata, Shibuya, Acta Cryst. C 43 1443, (1987), "
        "10.1107/S0108270187091509"
    )
    assert phase.temperature == 298.0


def refused(file: Path) -> str:
    with pytest.raises(PhaseError) as error:
        phases.read_structure(file)
    assert str(file) in error.value.message
    assert error.value.hint
    assert error.value.exit_code == 2
    return error.value.message


def test_partial_occupancy(tmp_path: Path) -> None:
    content = shipped("CdS-zincblende").replace("0.25 1", "0.25 0.8(1)")
    assert "partly occupied sites: S (0.8" in refused(put(tmp_path, "a.cif", content))


def test_mixed_site(tmp_path: Path) -> None:
    content = shipped("CdS-zincblende")
    content += "  Zn   Zn  4 a          0          0          0 0.5\n"
    message = refused(
        put(tmp_path, "a.cif", content.replace("          0 1\n", "          0 0.5\n"))
    )
    assert "Cd (0.5)" in message
    assert "Zn (0.5)" in message


def test_sites_missing_from_the_formula(tmp_path: Path) -> None:
    lines = [line for line in shipped("PMA2PbBr4").splitlines() if not line.startswith("  H")]
    assert "the formula has H but no site does" in refused(
        put(tmp_path, "a.cif", "\n".join(lines) + "\n")
    )


def test_one_of_several_sites_missing(tmp_path: Path) -> None:
    lines = [line for line in shipped("CsPbBr3-Pbnm").splitlines() if not line.startswith("  Br2")]
    message = refused(put(tmp_path, "a.cif", "\n".join(lines) + "\n"))
    assert "the formula is Br3 Cs Pb but the sites give" in message


def test_site_without_coordinates(tmp_path: Path) -> None:
    content = shipped("CsPbBr3-Pbnm").replace("0.793", "?")
    assert "site Br2 has no x coordinate" in refused(put(tmp_path, "a.cif", content))


def test_cif_without_atoms(tmp_path: Path) -> None:
    content = shipped("PbSe").split("loop_\n_atom_site_label")[0]
    assert "no atom sites" in refused(put(tmp_path, "a.cif", content))


def test_cif_with_two_structures(tmp_path: Path) -> None:
    assert "2 structures" in refused(
        put(tmp_path, "a.cif", shipped("PbSe") + shipped("PbS-galena"))
    )


@pytest.mark.parametrize("name", ["a.cif", "POSCAR", "a.extxyz", "a.unknown"])
@pytest.mark.parametrize("content", ["", "  \n\n"])
def test_empty(tmp_path: Path, name: str, content: str) -> None:
    assert "empty" in refused(put(tmp_path, name, content))


@pytest.mark.parametrize("name", ["a.cif", "POSCAR", "a.extxyz", "a.unknown"])
@pytest.mark.parametrize("content", ["this is no crystal\n", "\x00\x01\x02 binary \xff"])
def test_unreadable(tmp_path: Path, name: str, content: str) -> None:
    refused(put(tmp_path, name, content))


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
def test_truncated(tmp_path: Path, cut: float) -> None:
    content = shipped("PMA2PbBr4")
    refused(put(tmp_path, "a.cif", content[: int(cut * len(content))]))


def test_missing_and_directory(tmp_path: Path) -> None:
    assert "file not found" in refused(tmp_path / "nothing.cif")
    assert "directory" in refused(tmp_path)


def test_unreadable_for_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = put(tmp_path, "a.cif", shipped("PbSe"))

    def denied(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(Path, "open", denied)
    assert "Permission denied" in refused(file)


def test_coordinates_that_are_not_numbers(tmp_path: Path) -> None:
    atoms = bulk("PbS", "rocksalt", a=5.93, cubic=True)
    write(tmp_path / "a.extxyz", atoms)
    lines = (tmp_path / "a.extxyz").read_text().splitlines()
    lines[3] = f"{atoms[1].symbol} nan 0.0 0.0"
    message = refused(put(tmp_path, "a.extxyz", "\n".join(lines) + "\n"))
    assert "coordinates of atom 2 (S) are not numbers" in message


def test_overlapping_atoms(tmp_path: Path) -> None:
    atoms = bulk("PbS", "rocksalt", a=5.93, cubic=True)
    atoms.append("Pb")
    atoms.positions[-1] = atoms.positions[0] + [0, 0, 5.93 - 0.1]
    write(tmp_path / "a.extxyz", atoms)
    assert "atoms 1 (Pb) and 9 (Pb) overlap, 0.100 Å apart" in refused(tmp_path / "a.extxyz")


def test_flat_cell(tmp_path: Path) -> None:
    atoms = Atoms("PbS", positions=[[0, 0, 0], [3, 0, 0]], cell=[6, 6, 0.001], pbc=True)
    write(tmp_path / "a.extxyz", atoms)
    refused(tmp_path / "a.extxyz")


@pytest.mark.parametrize("suffix", ["vasp", "extxyz"])
def test_atoms_held_in_a_file_are_marked(tmp_path: Path, suffix: str) -> None:
    from ase.build import bulk
    from ase.constraints import FixAtoms

    atoms = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    atoms.set_constraint(FixAtoms([0, 3]))
    if suffix == "extxyz":
        atoms.set_array("fixed", np.isin(np.arange(len(atoms)), [0, 3]))
        atoms.set_constraint()
    file = tmp_path / f"held.{suffix}"
    atoms.write(file)
    assert np.flatnonzero(phases.read_atoms(file).arrays["fixed"]).tolist() == [0, 3]
