"""Inputs of any one structure: crystal, slab, wire, molecule, dot."""

from __future__ import annotations

import json
from pathlib import Path

import jobs_factories as make
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, molecule
from ase.io import read, write
from typer.testing import CliRunner

from qdstruct.cli.app import app
from qdstruct.errors import PreflightError
from qdstruct.jobs import preflight, require_sound, stage_job, write_structure_tree
from qdstruct.model import CalculationSettings, JobTree


def grow(root: Path, atoms: Atoms, preset: str = "quick") -> JobTree:
    root.mkdir()
    return write_structure_tree(
        root,
        study_name="mine",
        subject="a test",
        atoms=atoms,
        settings=CalculationSettings(preset=preset),
    )


def boxed(name: str, sides: tuple[float, float, float]) -> Atoms:
    atoms = molecule(name, cell=sides, pbc=True)
    atoms.center()
    return atoms


def dot() -> Atoms:
    atoms = bulk("PbS", "rocksalt", a=make.GALENA, cubic=True) * (2, 2, 2)
    atoms.set_cell([24.0, 24.0, 24.0])
    atoms.center()
    return atoms


def wire() -> Atoms:
    atoms = bulk("PbS", "rocksalt", a=make.GALENA, cubic=True) * (2, 2, 1)
    atoms.set_cell([24.0, 24.0, make.GALENA])
    return atoms


@pytest.mark.parametrize("preset", ["standard", "thesis-2d3d"])
@pytest.mark.parametrize(
    ("atoms", "periodic_axes"),
    [
        (make.perovskite_cell(), (0, 1, 2)),
        (fcc111("Au", (1, 1, 4), vacuum=8.0, periodic=True), (0, 1)),
        (wire(), (2,)),
        (boxed("H2O", (15, 15, 15)), ()),
        (dot(), ()),
    ],
    ids=["crystal", "slab", "wire", "molecule", "dot"],
)
def test_k_points_only_where_the_structure_is_periodic(
    tmp_path: Path, atoms: Atoms, periodic_axes: tuple[int, ...], preset: str
) -> None:
    tree = grow(tmp_path / "tree", atoms, preset)
    assert [job.name for job in tree.jobs] == ["mine/relax", "mine/static", "mine/dos"]
    for job in tree.jobs:
        assert job.kpoints is not None
        assert tuple(np.flatnonzero(np.array(job.kpoints) > 1)) == periodic_axes
    isif = tree.job("mine/relax").settings["ISIF"]["value"]
    assert (isif == 3) == (periodic_axes == (0, 1, 2))
    assert [f for f in preflight(tmp_path / "tree") if f.severity == "error"] == []


@pytest.mark.parametrize(
    ("atoms", "idipol"),
    [
        (boxed("H2O", (15, 15, 15)), 4),
        (boxed("H2O", (14, 15, 16)), None),
        (boxed("CH4", (15, 15, 15)), None),
        (wire(), None),
        (fcc111("Au", (1, 1, 4), vacuum=8.0, periodic=True), None),
    ],
)
def test_dipole_correction_of_isolated_objects(
    tmp_path: Path, atoms: Atoms, idipol: int | None
) -> None:
    settings = grow(tmp_path / "tree", atoms).job("mine/static").settings
    assert settings.get("IDIPOL", {}).get("value") == idipol
    if idipol == 4:
        centre = atoms.get_center_of_mass() / 15
        assert settings["DIPOL"]["value"] == pytest.approx(centre, abs=1e-3)


def test_the_structure_is_taken_from_one_job_to_the_next(tmp_path: Path) -> None:
    tree = grow(tmp_path / "tree", boxed("H2O", (12, 12, 12)))
    relaxed = read(tmp_path / "tree/mine/relax/POSCAR")
    relaxed.positions[0] += 0.1
    write(tmp_path / "tree/mine/relax/CONTCAR", relaxed, format="vasp", direct=True)
    stage_job(tmp_path / "tree", tree.job("mine/static"))
    assert read(tmp_path / "tree/mine/static/POSCAR").positions == pytest.approx(
        relaxed.positions, abs=1e-8
    )


def test_require_sound_names_what_would_go_wrong(tmp_path: Path) -> None:
    grow(tmp_path / "tree", boxed("CH3", (12, 12, 12)))
    with pytest.raises(PreflightError, match="mine/relax: 7 valence electrons") as caught:
        require_sound(preflight(tmp_path / "tree"))
    assert caught.value.hint is not None
    assert "ISPIN" in caught.value.hint
    require_sound(())


def test_command_writes_a_tree_for_a_file(tmp_path: Path) -> None:
    file = tmp_path / "water.xyz"
    write(file, boxed("H2O", (12, 12, 12)), format="extxyz")
    target = tmp_path / "out"
    words = ["inputs", str(file), str(target), "--preset", "quick", "--json"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert [job["name"] for job in document["jobs"]] == [
        "water/relax", "water/static", "water/dos",
    ]  # fmt: skip
    assert (target / "water/relax/INCAR").is_file()
    again = CliRunner().invoke(app, words)
    assert "exists already" in str(again.exception)


def test_command_leaves_nothing_behind_when_it_refuses(tmp_path: Path) -> None:
    file = tmp_path / "radical.xyz"
    write(file, boxed("CH3", (12, 12, 12)), format="extxyz")
    result = CliRunner().invoke(app, ["inputs", str(file), str(tmp_path / "out")])
    assert isinstance(result.exception, PreflightError)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["radical.xyz"]
