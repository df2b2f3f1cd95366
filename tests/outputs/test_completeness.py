"""A job is done only when everything it provides is whole and belongs together."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from vasp_factories import grid_text, poscar_head, rock_salt_pair, vasprun_text

from qdstruct.model import Job
from qdstruct.outputs import completeness_problems

PROVIDES = ("vasprun.xml", "OUTCAR", "CONTCAR", "CHGCAR", "LOCPOT")
RELAX = {"NSW": 5, "IBRION": 2, "EDIFFG": -0.03}


def job(kind: str = "static", **options: object) -> Job:
    return Job(name="interface/x", kind=kind, subject="interface", provides=PROVIDES, **options)  # type: ignore[arg-type]


def projected() -> np.ndarray:
    return np.ones((4, 1, 101, 4))


def fill(directory: Path, atoms: Atoms | None = None, **options: object) -> None:
    atoms = atoms or rock_salt_pair()
    values = np.random.default_rng(0).uniform(size=(4, 4, 6))
    (directory / "vasprun.xml").write_text(vasprun_text(atoms, **options))  # type: ignore[arg-type]
    (directory / "OUTCAR").write_text(
        " vasp.6.4.2 test\n"
        + " POTLOK:  cpu time\n" * 99
        + " General timing and accounting informations for this job:\n"
    )
    (directory / "CONTCAR").write_text(poscar_head(atoms))
    (directory / "CHGCAR").write_text(grid_text(atoms, [values], augmentation=6))
    (directory / "LOCPOT").write_text(grid_text(atoms, [values]))


def test_a_whole_job_has_no_problems(tmp_path: Path) -> None:
    fill(tmp_path, projected=projected())
    assert completeness_problems(tmp_path, job()) == []
    assert completeness_problems(tmp_path, job("dos", regions=("film",) * 4)) == []


def test_compressed_files_count(tmp_path: Path) -> None:
    fill(tmp_path)
    for name in PROVIDES:
        path = tmp_path / name
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert completeness_problems(tmp_path, job()) == []


@pytest.mark.parametrize("name", PROVIDES)
def test_each_missing_file_is_named(tmp_path: Path, name: str) -> None:
    fill(tmp_path)
    (tmp_path / name).unlink()
    problems = completeness_problems(tmp_path, job())
    assert len(problems) == 1
    assert name in problems[0]


@pytest.mark.parametrize("name", PROVIDES)
@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_each_truncated_file_is_named(tmp_path: Path, name: str, keep: float) -> None:
    fill(tmp_path)
    path = tmp_path / name
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    problems = completeness_problems(tmp_path, job())
    assert problems
    assert all(name in problem for problem in problems)


@pytest.mark.parametrize("name", PROVIDES)
def test_a_directory_in_place_of_a_file_is_named(tmp_path: Path, name: str) -> None:
    fill(tmp_path)
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    problems = completeness_problems(tmp_path, job())
    assert "directory" in problems[0]


def test_an_empty_directory_lists_everything(tmp_path: Path) -> None:
    assert len(completeness_problems(tmp_path, job())) == len(PROVIDES)


def test_unconverged_cycles_are_named_with_their_numbers(tmp_path: Path) -> None:
    fill(tmp_path, tags={"NELM": 3, "EDIFF": 1e-9})
    assert "NELM = 3" in completeness_problems(tmp_path, job())[0]
    pull = np.full((4, 3), 0.1)
    fill(tmp_path, tags=RELAX, n_ionic=5, forces=pull)
    assert "0.1732 eV/Å" in completeness_problems(tmp_path, job("relax"))[0]
    assert "NSW was reached" in completeness_problems(tmp_path, job("relax"))[0]
    fill(tmp_path, tags=RELAX, n_ionic=2, forces=pull)
    assert "stopped early" in completeness_problems(tmp_path, job("relax"))[0]
    fill(tmp_path, tags=RELAX, n_ionic=2, forces=pull / 10)
    assert completeness_problems(tmp_path, job("relax")) == []


def test_a_dos_without_projections_is_no_dos(tmp_path: Path) -> None:
    fill(tmp_path)
    assert "without LORBIT" in " ".join(completeness_problems(tmp_path, job("dos")))
    fill(tmp_path, tags={"LORBIT": 11}, total=np.ones((1, 101)))
    assert "LORBIT = 11 asked" in completeness_problems(tmp_path, job())[0]


def swapped(atoms: Atoms) -> Atoms:
    return atoms[[2, 3, 0, 1]]


def nudged(atoms: Atoms) -> Atoms:
    copy = atoms.copy()
    copy.positions[2, 0] += 0.2
    return copy


def stretched(atoms: Atoms) -> Atoms:
    copy = atoms.copy()
    copy.set_cell(np.asarray(copy.cell) * 1.01, scale_atoms=True)
    return copy


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (swapped, "another order"),
        (nudged, r"atom 3 lies 0\.200 Å"),
        (stretched, "its cell"),
        (lambda atoms: atoms[:3], "composition"),
    ],
)
def test_files_of_different_runs_are_not_mixed(
    tmp_path: Path, change: Callable[[Atoms], Atoms], says: str
) -> None:
    fill(tmp_path)
    other = change(rock_salt_pair())
    (tmp_path / "CHGCAR").write_text(grid_text(other, [np.ones((4, 4, 6))]))
    problems = completeness_problems(tmp_path, job())
    assert len(problems) == 1
    assert re.search(says, problems[0])


def test_regions_must_fit_the_atoms(tmp_path: Path) -> None:
    fill(tmp_path)
    problems = completeness_problems(tmp_path, job(regions=("film",) * 3))
    assert "gives the region of 3" in problems[0]


def test_infinite_energies_are_no_result(tmp_path: Path) -> None:
    fill(tmp_path, energy=float("nan"))
    assert "not a finite number" in completeness_problems(tmp_path, job())[0]
