"""What a job takes from its finished parents."""

from __future__ import annotations

import json
from pathlib import Path

import jobs_factories as make
import numpy as np
import pytest
from ase.io import read, write

from qdstruct.errors import OutputError
from qdstruct.jobs import stage_job, write_tree
from qdstruct.model import CalculationSettings, Job, JobTree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    where = tmp_path / "tree"
    where.mkdir()
    write_tree(
        where,
        study_name="s",
        film=make.film_phase(),
        substrate=make.substrate_phase(),
        interface=make.make_interface(),
        settings=CalculationSettings(preset="quick"),
    )
    return where


def job(root: Path, name: str) -> Job:
    return JobTree.from_dict(json.loads((root / "tree.json").read_text())).job(name)


def finish(root: Path, name: str, *, wrap: bool = True) -> np.ndarray:
    """Leave a CONTCAR as VASP does: atoms moved a little and wrapped into the cell."""
    atoms = read(root / name / "POSCAR")
    atoms.positions += np.random.default_rng(1).normal(scale=0.03, size=atoms.positions.shape)
    moved = atoms.positions.copy()
    if wrap:
        atoms.wrap(eps=0)
    contcar = root / name / "CONTCAR"
    write(contcar, atoms, format="vasp", direct=True)
    contcar.write_text("mock of qdstruct\n" + contcar.read_text().partition("\n")[2])
    return moved


def leave_density(root: Path, name: str, number: float = 0.5) -> str:
    """Leave the head of a CHGCAR on the pinned grid."""
    tags = job(root, name).settings
    grid = " ".join(str(tags[tag]["value"]) for tag in ("NGXF", "NGYF", "NGZF"))
    text = (root / name / "POSCAR").read_text() + f"\n {grid}\n {number}\n"
    (root / name / "CHGCAR").write_text(text)
    return text


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_static_takes_the_relaxed_structure_without_wrapping(root: Path) -> None:
    moved = finish(root, "interface/relax")
    stage_job(root, job(root, "interface/static"))
    atoms = read(root / "interface/static/POSCAR")
    assert atoms.positions == pytest.approx(moved, abs=1e-6)
    assert atoms.positions.min() < 0
    first = (root / "interface/static/POSCAR").read_text().splitlines()[0]
    assert first.endswith("[structure from interface/relax]")


def test_difference_parts_divide_the_relaxed_interface(root: Path) -> None:
    moved = finish(root, "interface/relax")
    whole = job(root, "interface/relax")
    for part in ("film", "substrate"):
        stage_job(root, job(root, f"difference/{part}"))
        kept = np.array([region == part for region in whole.regions])
        atoms = read(root / f"difference/{part}/POSCAR")
        assert atoms.positions == pytest.approx(moved[kept], abs=1e-6)
        staged = Job.from_dict(json.loads((root / f"difference/{part}/job.json").read_text()))
        assert staged.regions == (part,) * int(kept.sum())


def test_staging_twice_touches_nothing(root: Path) -> None:
    finish(root, "interface/static")
    text = leave_density(root, "interface/static")
    wanted = job(root, "interface/dos")
    stage_job(root, wanted)
    before = snapshot(root / "interface/dos")
    assert before["CHGCAR"][0] == text.encode()
    stage_job(root, wanted)
    assert snapshot(root / "interface/dos") == before


def test_a_new_density_replaces_the_old_one(root: Path) -> None:
    finish(root, "interface/static")
    for number in (0.25, 0.75):
        text = leave_density(root, "interface/static", number)
        stage_job(root, job(root, "interface/dos"))
        assert (root / "interface/dos/CHGCAR").read_text() == text


def test_relaxed_cell_reaches_the_static_run(root: Path) -> None:
    atoms = read(root / "bulk-film/relax/POSCAR")
    atoms.set_cell(atoms.cell * 1.01, scale_atoms=True)
    write(root / "bulk-film/relax/CONTCAR", atoms, format="vasp", direct=True)
    stage_job(root, job(root, "bulk-film/static"))
    assert read(root / "bulk-film/static/POSCAR").cell.volume == pytest.approx(
        make.GALENA**3 / 4 * 1.01**3
    )


def test_a_job_without_parents_is_left_alone(root: Path) -> None:
    before = snapshot(root / "interface/relax")
    stage_job(root, job(root, "interface/relax"))
    assert snapshot(root / "interface/relax") == before


def test_missing_and_foreign_results_are_refused(root: Path) -> None:
    prepared = (root / "interface/static/POSCAR").read_bytes()
    with pytest.raises(OutputError, match="CONTCAR: the file is missing"):
        stage_job(root, job(root, "interface/static"))
    contcar = root / "interface/relax/CONTCAR"
    contcar.write_bytes((root / "bulk-film/relax/POSCAR").read_bytes())
    with pytest.raises(OutputError, match="not those of the POSCAR"):
        stage_job(root, job(root, "interface/static"))
    contcar.write_text((root / "interface/relax/POSCAR").read_text()[:400])
    with pytest.raises(OutputError, match="not a whole POSCAR"):
        stage_job(root, job(root, "interface/static"))
    finish(root, "interface/static")
    with pytest.raises(OutputError, match="density to start from is missing"):
        stage_job(root, job(root, "interface/dos"))
    assert (root / "interface/static/POSCAR").read_bytes() == prepared
    assert not list(root.rglob("*.part"))


def test_densities_on_another_grid_are_refused(root: Path) -> None:
    finish(root, "interface/static")
    text = leave_density(root, "interface/static")
    chgcar = root / "interface/static/CHGCAR"
    lines = text.splitlines()
    chgcar.write_text("\n".join([*lines[:-2], " 20 20 20", lines[-1]]))
    with pytest.raises(OutputError, match=r"its grid \(20, 20, 20\) is not the pinned one"):
        stage_job(root, job(root, "interface/dos"))
    chgcar.write_text("\n".join(lines[:-3]))
    with pytest.raises(OutputError, match="not a whole CHGCAR"):
        stage_job(root, job(root, "interface/dos"))
    assert not (root / "interface/dos/CHGCAR").exists()


def test_parts_whose_grid_was_edited_are_refused(root: Path) -> None:
    finish(root, "interface/relax")
    incar = root / "difference/film/INCAR"
    incar.write_text(incar.read_text().replace("NGZF = ", "NGZF = 1"))
    with pytest.raises(OutputError, match="NGZF"):
        stage_job(root, job(root, "difference/film"))
    stage_job(root, job(root, "difference/substrate"))
