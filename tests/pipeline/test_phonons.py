"""Phonons through the tree: displacements staged, forces collected, modes with a closed form."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import read
from ase.neighborlist import neighbor_list
from typer.testing import CliRunner
from vasp_factories import vasprun_text

from qdstruct.analysis.vibrations import CM_PER_ROOT
from qdstruct.cli.app import app
from qdstruct.errors import InputError, OutputError
from qdstruct.jobs import displaced_supercells, stage_job, write_structure_tree
from qdstruct.model import CalculationSettings, JobTree, PhononSettings, RunRecord
from qdstruct.pipeline.phonons import (
    MESH_LENGTH,
    compare_modes,
    load_vibrations,
    phonons,
    wave_mesh,
)

STIFFNESS = 2.5
LATTICE = 5.93


def test_the_mesh_of_wave_vectors_follows_the_heights_of_a_slanted_cell() -> None:
    straight = Atoms(cell=[6.0, 10.0, 40.0], pbc=True)
    assert wave_mesh(straight) == (5, 3, 1)
    slanted = Atoms(cell=[10.0, 10.0, 10.0, 90, 90, 30], pbc=True)
    assert wave_mesh(slanted) == (6, 6, 3)  # two heights are 10 sin 30° = 5 Å
    assert MESH_LENGTH == 30.0


def spring_forces(atoms: Atoms) -> np.ndarray:
    """Forces of harmonic springs along the bonds to the six nearest neighbours of rock salt."""
    first, second, vectors = neighbor_list("ijD", atoms, LATTICE / 2 * 1.2)
    lengths = np.linalg.norm(vectors, axis=1)[:, None]
    pull = STIFFNESS * (lengths - LATTICE / 2) * vectors / lengths
    forces = np.zeros((len(atoms), 3))
    np.add.at(forces, first, pull)
    assert len(second) == 6 * len(atoms)
    return forces


def finish(root: Path, name: str, atoms: Atoms, forces: np.ndarray) -> None:
    """Leave what a finished job leaves."""
    directory = root / name
    (directory / "vasprun.xml").write_text(vasprun_text(atoms, forces=forces))
    (directory / "OUTCAR").write_text("General timing")
    (directory / "CONTCAR").write_text((directory / "POSCAR").read_text())
    record = RunRecord(
        state="done", engine="springs", attempts=1, host="h", pid=1,
        started="2026-01-01T00:00:00Z",
    )  # fmt: skip
    (directory / "run.json").write_text(json.dumps(record.to_dict()))


def run_tree_by_hand(root: Path, tree: JobTree) -> None:
    for job in tree.jobs:
        if job.kind not in ("relax", "displacement"):
            continue
        if job.structure_from:
            stage_job(root, job)
        atoms = read(root / job.name / "POSCAR")
        finish(root, job.name, atoms, spring_forces(atoms))


@pytest.fixture
def tree(tmp_path: Path) -> tuple[Path, JobTree]:
    root = tmp_path / "tree"
    root.mkdir()
    salt = bulk("PbS", "rocksalt", a=LATTICE)
    made = write_structure_tree(
        root, study_name="galena", subject="galena", atoms=salt,
        settings=CalculationSettings(
            preset="quick", include=("phonons",), phonons=PhononSettings(length=6.0)
        ),
    )  # fmt: skip
    return root, made


def test_rock_salt_of_springs_has_the_optical_mode_of_its_reduced_mass(tree) -> None:
    """ω² = 2K(1/m₁ + 1/m₂), threefold: central springs do not split TO and LO."""
    root, jobs = tree
    assert sum(job.kind == "displacement" for job in jobs.jobs) == 2
    run_tree_by_hand(root, jobs)
    (found,) = phonons(root)
    masses = bulk("PbS", "rocksalt", a=LATTICE).get_masses()
    optical = np.sqrt(2 * STIFFNESS * (1 / masses).sum()) * CM_PER_ROOT
    assert found.wavenumbers[:3] == pytest.approx(np.zeros(3), abs=0.01)
    assert found.wavenumbers[3:] == pytest.approx(np.full(3, optical), rel=2e-4)
    assert found.groups == ("Pb", "S")
    assert found.participation[1, 3] == pytest.approx(masses[0] / masses.sum(), abs=1e-3)
    assert found.acoustic_residual < 1.0
    area = found.dos.sum() * (found.dos_wavenumbers[1] - found.dos_wavenumbers[0])
    assert area == pytest.approx(6, rel=1e-3)
    assert found.dos_wavenumbers[found.dos.sum(axis=0) > 1e-4].max() < optical * 1.5
    (again,) = load_vibrations(root)
    assert again.to_dict() == found.to_dict()


def test_the_command_prints_modes_and_a_document(tree) -> None:
    root, jobs = tree
    run_tree_by_hand(root, jobs)
    figure = root / "modes.png"
    arguments = ["phonons", str(root), "--published", "CsPbBr3/CdS"]
    done = CliRunner().invoke(app, [*arguments, "--figure", str(figure)])
    assert done.exit_code == 0, done.output
    words = " ".join(done.output.split())
    assert "6 modes at Γ, 2 displacements in a 2×2×2 cell" in words
    assert figure.read_bytes()[:4] == b"\x89PNG"
    document = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert [row["published"] for row in document["published"]] == [33, 72, 130, 200, 300, 365]
    assert len(document["structures"][0]["wavenumbers"]) == 6
    assert "MOCK" not in done.output


def test_published_modes_stand_beside_the_nearest(tree) -> None:
    root, jobs = tree
    run_tree_by_hand(root, jobs)
    found = phonons(root)
    optical = found[0].wavenumbers[3]
    rows = compare_modes(found, ["CsPbBr3/CdS"])
    assert {row.published for row in rows} == {33, 72, 130, 200, 300, 365}
    assert all(row.nearest == pytest.approx(optical, rel=1e-3) for row in rows)
    assert all(row.share.startswith("S ") for row in rows)
    assert compare_modes(found, []) == ()


def test_what_is_missing_is_named(tree, tmp_path: Path) -> None:
    root, jobs = tree
    with pytest.raises(OutputError, match="2 displacements are not done, galena/phonons/001"):
        phonons(root)
    run_tree_by_hand(root, jobs)
    (root / "galena/phonons/002/run.json").unlink()
    with pytest.raises(OutputError, match="1 displacements are not done, galena/phonons/002"):
        phonons(root)
    plain = tmp_path / "plain"
    plain.mkdir()
    write_structure_tree(
        plain, study_name="x", subject="x", atoms=bulk("PbS", "rocksalt", a=LATTICE),
        settings=CalculationSettings(preset="quick"),
    )  # fmt: skip
    with pytest.raises(InputError, match="has no displacements"):
        phonons(plain)


def test_forces_of_another_structure_are_refused(tree) -> None:
    root, jobs = tree
    run_tree_by_hand(root, jobs)
    name = "galena/relax"
    wider = read(root / name / "CONTCAR")
    wider.set_cell(np.asarray(wider.cell) * 1.02, scale_atoms=True)
    wider.write(root / name / "CONTCAR", format="vasp", direct=True)
    with pytest.raises(OutputError, match="not those of displacement 001"):
        phonons(root)


def test_regions_follow_into_the_supercell() -> None:
    salt = bulk("PbS", "rocksalt", a=LATTICE)
    salt.set_array("region", np.array(["film", "substrate"]))
    for _, atoms in displaced_supercells(salt, (2, 2, 2), 0.01):
        symbols = np.array(atoms.get_chemical_symbols())
        assert set(atoms.arrays["region"][symbols == "Pb"]) == {"film"}
        assert set(atoms.arrays["region"][symbols == "S"]) == {"substrate"}
