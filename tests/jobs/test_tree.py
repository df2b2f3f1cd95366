"""The whole tree: every file opens, and belongs with the others."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import jobs_factories as make
import numpy as np
import pytest
from ase.io import read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jobs_strategies import structures

from qdstruct.errors import StudyError
from qdstruct.jobs import list_presets, preflight, write_tree
from qdstruct.jobs.explain import read_incar
from qdstruct.jobs.references import SLAB_VACUUM, strain_free_cell, strained_slab
from qdstruct.model import CalculationSettings, Interface, Job, JobTree, Phase

NAMES = [
    "bulk-film/relax", "bulk-film/static", "bulk-film/dos",
    "bulk-substrate/relax", "bulk-substrate/static", "bulk-substrate/dos",
    "slab-film/static", "slab-substrate/static",
    "interface/relax", "interface/static", "interface/dos",
    "difference/film", "difference/substrate",
]  # fmt: skip


def grow(root: Path, interface: Interface | None = None, **chosen: Any) -> JobTree:
    root.mkdir(parents=True)
    return write_tree(
        root,
        study_name="cspbbr3-pbs",
        film=make.film_phase(),
        substrate=make.substrate_phase(),
        interface=interface or make.make_interface(),
        settings=CalculationSettings(**chosen),
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("jobs") / "a tree with spaces, ünïcode & $HOME"
    grow(where)
    return where


def load(root: Path) -> JobTree:
    return JobTree.from_dict(json.loads((root / "tree.json").read_text(encoding="utf-8")))


def test_jobs_and_their_order(root: Path) -> None:
    tree = load(root)
    assert [job.name for job in tree.jobs] == NAMES
    seen: set[str] = set()
    for job in tree.jobs:
        assert set(job.parents) <= seen
        seen.add(job.name)
        assert Job.from_dict(json.loads((root / job.name / "job.json").read_text())).to_dict() == (
            job.to_dict()
        )


def test_hashes_are_those_of_the_files(root: Path) -> None:
    for name, digest in load(root).structure_hashes.items():
        assert hashlib.sha256((root / name / "POSCAR").read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("preset", list_presets())
def test_pymatgen_and_ase_open_every_file(
    tmp_path: Path, preset: str, recwarn: pytest.WarningsRecorder
) -> None:
    from pymatgen.io.vasp.inputs import Incar, Kpoints, Poscar

    tree = grow(tmp_path / "tree", preset=preset)
    for job in tree.jobs:
        folder = tmp_path / "tree" / job.name
        incar = Incar.from_file(folder / "INCAR")
        recwarn.clear()
        incar.check_params()
        assert [str(w.message) for w in recwarn if "INCAR" in str(w.message).upper()] == []
        assert {tag for tag in incar if tag != "SYSTEM"} == set(job.settings)
        for tag, entry in job.settings.items():
            expected = entry["value"]
            found = incar[tag]
            if isinstance(expected, str):
                assert str(found).lower() == expected.lower()
            else:
                assert found == pytest.approx(expected)
        assert tuple(Kpoints.from_file(folder / "KPOINTS").kpts[0]) == job.kpoints
        poscar = Poscar.from_file(folder / "POSCAR")
        atoms = read(folder / "POSCAR")
        assert poscar.natoms == list(Counter(atoms.get_chemical_symbols()).values())
        assert len(job.regions) in (0, len(atoms))
        labels = (folder / "POTCAR.spec").read_text().split()
        assert [label.partition("_")[0] for label in labels] == poscar.site_symbols
        assert tuple(labels) == job.potentials


def test_custodian_finds_its_four_files_and_no_placeholder_potcar(root: Path) -> None:
    for name in NAMES:
        files = {path.name for path in (root / name).iterdir()}
        assert files == {"INCAR", "KPOINTS", "POSCAR", "POTCAR.spec", "job.json"}


def test_interface_and_parts_share_grid_cell_and_mesh(root: Path) -> None:
    tree = load(root)
    whole = read(root / "interface/static/POSCAR")
    incar = read_incar(root / "interface/static/INCAR")
    members = ["interface/dos", "difference/film", "difference/substrate"]
    for name in members:
        other = read_incar(root / name / "INCAR")
        for tag in ("NGXF", "NGYF", "NGZF", "ENCUT", "PREC", "IDIPOL", "DIPOL", "LREAL"):
            assert other[tag] == incar[tag]
        assert np.array_equal(read(root / name / "POSCAR").cell, whole.cell)
    for name in members[1:]:
        assert tree.job(name).kpoints == tree.job("interface/static").kpoints
    film, substrate = (read(root / name / "POSCAR") for name in members[1:])
    assert len(film) + len(substrate) == len(whole)
    joined = np.vstack([film.positions, substrate.positions])
    assert sorted(map(tuple, joined.round(6))) == sorted(map(tuple, whole.positions.round(6)))


def test_regions_follow_the_species_order(root: Path) -> None:
    job = load(root).job("interface/static")
    atoms = read(root / "interface/static/POSCAR")
    height = make.make_interface().interface_height
    for region, z in zip(job.regions, atoms.positions[:, 2], strict=True):
        assert region == ("film" if z > height else "substrate")
    assert set(load(root).job("difference/film").regions) == {"film"}


def test_bulk_is_primitive_and_strain_free(root: Path) -> None:
    galena = read(root / "bulk-film/relax/POSCAR")
    assert len(galena) == 2
    assert galena.cell.volume == pytest.approx(make.GALENA**3 / 4)
    assert read_incar(root / "bulk-film/relax/INCAR")["ISIF"] == "3"
    assert read_incar(root / "interface/relax/INCAR")["ISIF"] == "2"


@pytest.mark.parametrize("phase", [make.film_phase(), make.substrate_phase()])
def test_primitive_cell_is_not_rotated(phase: Phase) -> None:
    primitive = strain_free_cell(phase.atoms)
    steps = np.asarray(primitive.cell) @ np.linalg.inv(np.asarray(phase.atoms.cell))
    assert steps * 2 == pytest.approx(np.rint(steps * 2), abs=1e-8)
    assert np.linalg.det(primitive.cell) > 0
    assert len(primitive) * phase.atoms.cell.volume == pytest.approx(
        len(phase.atoms) * primitive.cell.volume
    )


@pytest.mark.parametrize("part", ["film", "substrate"])
@pytest.mark.parametrize("vacuum", [15.0, 0.0])
def test_slabs_keep_the_strained_plane_and_get_vacuum(part: str, vacuum: float) -> None:
    interface = make.make_interface(vacuum=vacuum)
    slab = strained_slab(interface, part)
    assert np.array_equal(slab.cell[:2], interface.atoms.cell[:2])
    kept = interface.atoms[interface.atoms.arrays["region"] == part]
    assert slab.positions == pytest.approx(kept.positions)
    assert slab.cell[2, 2] - np.ptp(slab.positions[:, 2]) >= SLAB_VACUUM - 1e-9


def test_dos_of_bulk_uses_tetrahedra_and_of_the_interface_does_not(root: Path) -> None:
    assert read_incar(root / "bulk-film/dos/INCAR")["ISMEAR"] == "-5"
    assert "SIGMA" not in read_incar(root / "bulk-film/dos/INCAR")
    assert read_incar(root / "interface/dos/INCAR")["ISMEAR"] == "0"
    assert "IDIPOL" not in read_incar(root / "bulk-film/static/INCAR")


def test_thesis_preset_gives_the_published_mesh_and_cutoff(tmp_path: Path) -> None:
    tree = grow(tmp_path / "tree", preset="thesis-2d3d")
    for name in NAMES[6:]:
        assert tree.job(name).kpoints == (1, 2, 1)
    incar = read_incar(tmp_path / "tree/interface/relax/INCAR")
    assert incar["ENCUT"] == "500"
    assert float(incar["EDIFFG"]) == -0.03
    assert incar["IVDW"] == "11"


def test_overlay_reaches_every_job_it_makes_sense_for(tmp_path: Path) -> None:
    tags = {"ENCUT": 450, "EDIFFG": -0.05, "NEDOS": 999, "ISPIN": 2}
    tree = grow(tmp_path / "tree", tags=tags, kpoints=(2, 3, 1))
    for job in tree.jobs:
        assert job.settings["ENCUT"] == {
            "value": 450, "reason": "Asked for in the study file.", "from": "your study",
        }  # fmt: skip
        assert ("EDIFFG" in job.settings) == (job.kind == "relax")
        assert ("NEDOS" in job.settings) == (job.kind == "dos")
    assert tree.job("interface/dos").kpoints == (2, 3, 1)
    assert tree.job("bulk-film/relax").kpoints != (2, 3, 1)


def test_cutoff_is_raised_to_what_the_elements_need(tmp_path: Path) -> None:
    interface = make.make_interface()
    interface.atoms.symbols[interface.atoms.numbers == 16] = "O"
    film = make.film_phase()
    film.atoms.symbols[film.atoms.numbers == 16] = "O"
    (tmp_path / "tree").mkdir()
    tree = write_tree(
        tmp_path / "tree", study_name="s", film=film, substrate=make.substrate_phase(),
        interface=interface, settings=CalculationSettings(preset="quick"),
    )  # fmt: skip
    assert {job.settings["ENCUT"]["value"] for job in tree.jobs} == {400.0}
    assert tree.job("bulk-substrate/static").settings["ENCUT"]["from"] == "computed"


@pytest.mark.parametrize(
    ("include", "n_jobs"),
    [(("bulk",), 6), (("slab",), 2), (("interface",), 3), (("interface", "difference"), 5)],
)
def test_only_the_parts_asked_for(tmp_path: Path, include: tuple[str, ...], n_jobs: int) -> None:
    assert len(grow(tmp_path / "tree", include=include).jobs) == n_jobs


@pytest.mark.parametrize("include", [("difference",), ("bulk", "magic"), ("phonons",)])
def test_parts_that_cannot_be(tmp_path: Path, include: tuple[str, ...]) -> None:
    with pytest.raises(StudyError, match="include"):
        grow(tmp_path / "tree", include=include)


def test_lateral_ribbon_gets_the_same_kinds(tmp_path: Path) -> None:
    interface = make.make_interface()
    atoms = interface.atoms.copy()
    atoms.set_cell(np.roll(np.asarray(atoms.cell), 1, axis=(0, 1)), scale_atoms=False)
    atoms.positions[:] = np.roll(atoms.positions, 1, axis=1)
    lateral = dataclasses.replace(interface, atoms=atoms, geometry="lateral")
    tree = grow(tmp_path / "tree", lateral)
    assert [job.name for job in tree.jobs] == NAMES
    assert tree.job("interface/static").settings["IDIPOL"]["value"] == 1
    assert tree.job("interface/static").kpoints[0] == 1  # type: ignore[index]
    assert [f for f in preflight(tmp_path / "tree") if f.severity == "error"] == []


def test_periodic_stack_has_no_vacuum_and_no_dipole(tmp_path: Path) -> None:
    tree = grow(tmp_path / "tree", make.make_interface(vacuum=0.0))
    job = tree.job("interface/static")
    assert "IDIPOL" not in job.settings
    assert job.kpoints == tree.job("difference/film").kpoints
    assert job.kpoints is not None
    assert tree.job("slab-film/static").kpoints == (*job.kpoints[:2], 1)


def test_people_can_open_the_structures(root: Path) -> None:
    folder = root / "structures"
    again = Interface.from_dict(json.loads((folder / "interface.json").read_text()))
    for name in ("interface.vasp", "interface.cif", "interface.extxyz"):
        atoms = read(folder / name)
        assert Counter(atoms.get_chemical_symbols()) == Counter(again.atoms.get_chemical_symbols())
        assert atoms.cell.cellpar() == pytest.approx(again.atoms.cell.cellpar(), abs=1e-3)
    assert set(read(folder / "interface.extxyz").arrays["region"]) == {"film", "substrate"}
    assert Phase.from_dict(json.loads((folder / "film.json").read_text())).name == "PbS"


def test_readme_names_every_job_and_what_to_do_about_potcar(root: Path) -> None:
    text = (root / "README.txt").read_text(encoding="utf-8")
    assert all(name in text for name in NAMES)
    assert "POTCAR.spec" in text


def test_a_third_region_becomes_a_third_part(tmp_path: Path) -> None:
    interface = make.make_interface()
    regions = interface.atoms.arrays["region"].astype("U9")
    regions[-2:] = "ligand"
    interface.atoms.set_array("region", regions, str)
    tree = grow(tmp_path / "tree", interface, include=("interface", "difference"))
    parts = [job for job in tree.jobs if job.kind == "difference"]
    assert [job.keep_region for job in parts] == ["film", "substrate", "ligand"]
    assert sum(len(job.regions) for job in parts) == len(interface.atoms)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(structures(), st.sampled_from(list_presets()))
def test_any_interface_gives_files_that_belong_together(atoms: Any, preset: str) -> None:
    from pymatgen.io.vasp.inputs import Incar

    regions = np.array(["film", "substrate"] * len(atoms))[: len(atoms) + 1]
    atoms.append("Pb")
    atoms.positions[-1] = [1.1, 2.2, 3.3]
    atoms.set_array("region", None)
    atoms.set_array("region", regions)
    interface = dataclasses.replace(make.make_interface(), atoms=atoms)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "tree"
        tree = grow(
            root, interface, preset=preset, include=("interface", "difference"),
            magnetic_moments={"Pb": 1.5},
        )  # fmt: skip
        whole = tree.job("interface/static")
        for job in tree.jobs:
            found = read(root / job.name / "POSCAR")
            order = list(dict.fromkeys(found.get_chemical_symbols()))
            labels = (root / job.name / "POTCAR.spec").read_text().split()
            assert [label.partition("_")[0] for label in labels] == order
            assert len(job.regions) == len(found)
            moments = Incar.from_file(root / job.name / "INCAR").get("MAGMOM", [])
            expected = [1.5 if symbol == "Pb" else 0.0 for symbol in found.get_chemical_symbols()]
            assert moments == (expected if any(expected) else moments)
            assert len(moments) in (0, len(found))
            if job.kind == "difference":
                assert job.kpoints == whole.kpoints
                for tag in ("NGXF", "NGYF", "NGZF", "ENCUT", "LREAL"):
                    assert job.settings[tag]["value"] == whole.settings[tag]["value"]
