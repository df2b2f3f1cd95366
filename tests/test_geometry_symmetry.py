"""Space groups and the symmetry that is left on a plane."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from qdstruct.errors import PhaseError
from qdstruct.geometry import (
    lattice_plane,
    plane_point_operations,
    primitive_lattice,
    space_group,
)
from qdstruct.phases import load


@pytest.mark.parametrize(
    ("name", "hkl", "one_side", "both_sides"),
    [
        ("PbS-galena", (0, 0, 1), 8, 8),
        ("PbS-galena", (1, 1, 1), 6, 12),
        ("PbS-galena", (1, 1, 0), 4, 4),
        ("CdS-zincblende", (0, 0, 1), 4, 8),
        ("CdS-zincblende", (1, 1, 1), 6, 6),
        ("CdS-wurtzite", (0, 0, 1), 12, 12),
        ("CsPbBr3-Pbnm", (0, 0, 1), 4, 4),
        ("CsPbBr3-Pbnm", (1, 1, 0), 2, 4),
        ("PEA2PbBr4", (0, 0, 1), 1, 2),
    ],
)
def test_number_of_operations_of_a_plane(
    name: str, hkl: tuple[int, int, int], one_side: int, both_sides: int
) -> None:
    """Point groups that keep the plane: 4mm of m-3m, 3m, mm2, mm2 of -43m, 6mm with its screw, …

    A mirror through the plane acts within it as the identity does, so that the operations of
    4/mmm are still 8 distinct matrices.
    """
    atoms = load(name).atoms
    plane = lattice_plane(atoms.cell, primitive_lattice(atoms), hkl)
    assert len(plane_point_operations(atoms, plane)) == one_side
    assert len(plane_point_operations(atoms, plane, flip=True)) == both_sides


@pytest.mark.parametrize("name", ["PbS-galena", "CdS-wurtzite", "PMA2PbBr4", "Cs4PbBr6"])
@pytest.mark.parametrize("hkl", [(0, 0, 1), (1, 0, 0), (1, 1, 0), (2, -1, 1)])
def test_operations_are_isometries_of_the_plane_and_form_a_group(
    name: str, hkl: tuple[int, int, int]
) -> None:
    atoms = load(name).atoms
    plane = lattice_plane(atoms.cell, primitive_lattice(atoms), hkl)
    operations = plane_point_operations(atoms, plane, flip=True)
    metric = plane.vectors @ plane.vectors.T
    known = {operation.tobytes() for operation in operations}
    assert np.eye(2, dtype=np.int64).tobytes() in known
    for first in operations:
        assert np.allclose(first @ metric @ first.T, metric)
        assert {(first @ second).tobytes() for second in operations} == known


def test_symbols_follow_the_axes() -> None:
    atoms = load("CsPbBr3-Pnma").atoms
    symbols = set()
    for order in ([0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 2, 1], [1, 0, 2], [2, 1, 0]):
        turned = Atoms(
            numbers=atoms.numbers,
            scaled_positions=atoms.get_scaled_positions()[:, order],
            cell=atoms.cell.lengths()[order],
            pbc=True,
        )
        symbols.add(space_group(turned).symbol)
    assert symbols == {"Pnma", "Pbnm", "Pmcn", "Pnam", "Pcmn", "Pmnb"}


def test_primitive_cells_have_the_symbol_of_their_crystal() -> None:
    group = space_group(bulk("PbS", "rocksalt", a=5.93))
    assert (group.number, group.symbol) == (225, "Fm-3m")


def test_overlapping_atoms_have_no_space_group() -> None:
    atoms = bulk("PbS", "rocksalt", a=5.93, cubic=True)
    atoms.positions[2] = atoms.positions[0]
    with pytest.raises(PhaseError) as error:
        space_group(atoms)
    assert "overlapping atoms" in str(error.value.hint)
