"""Grids and vasprun.xml under random damage: refused by name, or read alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from broken_files import damaged_numbers, read_alike_or_refuse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vasp_factories import grid_text, rock_salt_pair, vasprun_text

from qdstruct.model import Grid, ProjectedDos
from qdstruct.model.electronic import AveragedGrid
from qdstruct.outputs import read_averaged_grid, read_grid, read_projected_dos

QUICK = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def six_atoms() -> Atoms:
    return Atoms("Pb3S3", scaled_positions=np.linspace(0, 0.9, 18).reshape(6, 3),
                 cell=[4.2, 4.2, 12.0], pbc=True)  # fmt: skip


def grid_files() -> dict[str, str]:
    values = np.random.default_rng(0).lognormal(0, 2, size=(2, 4, 5, 6))
    return {
        "plain": grid_text(rock_salt_pair(), values[:1]),
        "spin": grid_text(rock_salt_pair(), values),
        "augmentation": grid_text(six_atoms(), values[:1], augmentation=33),
        "spin and augmentation": grid_text(six_atoms(), values, augmentation=33),
        "uneven": grid_text(six_atoms(), values[:1, :3, :3, :3]),
    }


def same_grid(one: Grid, other: Grid) -> bool:
    return np.array_equal(one.values, other.values) and np.allclose(
        one.atoms.positions, other.atoms.positions
    )


def same_average(one: AveragedGrid, other: AveragedGrid) -> bool:
    return bool(np.array_equal(one.profile, other.profile)) and one.shape == other.shape


@pytest.mark.parametrize("name", sorted(grid_files()))
@QUICK
@given(data=st.data())
def test_no_damage_of_a_grid_goes_unnoticed(tmp_path: Path, name: str, data: st.DataObject) -> None:
    text = grid_files()[name]
    path = tmp_path / "CHGCAR"
    path.write_text(text)
    grid, average = read_grid(path), read_averaged_grid(path)
    lines = text.splitlines(keepends=True)
    first = 1 + next(i for i, line in enumerate(lines) if not line.strip())
    at = data.draw(st.integers(first, len(lines) - 1))
    damaged = {
        "deleted": lines[:at] + lines[at + 1 :],
        "doubled": lines[:at] + [lines[at]] * 2 + lines[at + 1 :],
        "cut": [*lines[:at], lines[at][: data.draw(st.integers(0, len(lines[at]) - 1))]],
    }[data.draw(st.sampled_from(["deleted", "doubled", "cut"]))]
    broken = "".join(damaged)
    read_alike_or_refuse(read_grid, same_grid, path, broken, grid)
    read_alike_or_refuse(read_averaged_grid, same_average, path, broken, average)
    for broken in damaged_numbers(
        text, len("".join(lines[:first])), data.draw(st.integers(0, 999))
    ):
        read_alike_or_refuse(read_grid, same_grid, path, broken, grid)


def same_dos(one: ProjectedDos, other: ProjectedDos) -> bool:
    return bool(one.projected.equals(other.projected) and one.total.equals(other.total))


@pytest.mark.parametrize("components", [1, 2, 4])
@QUICK
@given(data=st.data())
def test_no_damage_of_a_vasprun_goes_unnoticed(
    tmp_path: Path, components: int, data: st.DataObject
) -> None:
    values = np.random.default_rng(components).uniform(0, 3, size=(4, components, 11, 4))
    text = vasprun_text(
        rock_salt_pair(), energies=np.linspace(-5, 5, 11), projected=np.round(values, 4)
    )
    path = tmp_path / "vasprun.xml"
    path.write_text(text)
    whole = read_projected_dos(path)
    lines = text.splitlines(keepends=True)
    start = next(i for i, line in enumerate(lines) if "<dos>" in line)
    at = data.draw(st.integers(start, len(lines) - 1))
    times = data.draw(st.sampled_from([0, 2]))
    changed = lines[:at] + [lines[at]] * times + lines[at + 1 :]
    read_alike_or_refuse(read_projected_dos, same_dos, path, "".join(changed), whole)
    cut = data.draw(st.integers(1, len(text) - 1))
    assert read_alike_or_refuse(read_projected_dos, same_dos, path, text[:cut], whole) or (
        not text[cut:].strip()
    )
    place = data.draw(st.integers(0, 2000))
    for broken in damaged_numbers(text, text.index("<total>"), place):
        read_alike_or_refuse(read_projected_dos, same_dos, path, broken, whole)
