"""The atoms of a slab: planes of a crystal in an in-plane supercell, with vacuum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.cut import Cut
from qdstruct.building.stack import PlaneStack
from qdstruct.building.terminations import named_planes
from qdstruct.building.variants import describe_cut
from qdstruct.errors import BuildError
from qdstruct.model import Slab

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["aligned", "cut_atoms", "lattice_points", "slab_from_cut"]


def cut_atoms(cut: Cut, transform: ArrayLike) -> Atoms:
    """Return the atoms of a cut in an in-plane supercell, without vacuum.

    Parameters
    ----------
    cut : Cut
        The planes to keep.
    transform : (2, 2) integer array
        Supercell vectors in terms of the primitive in-plane vectors; determinant > 0.

    Returns
    -------
    Atoms
        Periodic in the plane; x along the first supercell vector, lowest atom at z = 0, with
        ``layer``, ``molecule`` and ``formal_charge`` arrays. Units are wrapped into the cell by
        their centres, so molecules stay whole.

    Raises
    ------
    BuildError
        If the supercell is left-handed or degenerate.
    """
    from ase import Atoms

    stack = cut.stack
    points = lattice_points(np.asarray(transform))
    column = _column(stack, cut.first, cut.last)
    copies = np.repeat(np.arange(len(points)), len(column.numbers))
    # Each unit beside its copies, as the planes were cut: unit, lattice point, atom of the unit.
    order = np.argsort(np.tile(column.unit, len(points)), kind="stable")
    copies, member = copies[order], (order % len(column.numbers))
    in_plane = points @ stack.vectors
    supercell, turned = aligned(np.asarray(transform) @ stack.vectors)
    xyz = column.positions[member]
    xyz[:, :2] = (xyz[:, :2] + in_plane[copies]) @ turned
    planar = (column.centres[member] + in_plane[copies]) @ turned @ np.linalg.inv(supercell)
    xyz[:, :2] -= np.floor(planar + 1e-6) @ supercell
    xyz[:, 2] -= xyz[:, 2].min()
    cell = np.zeros((3, 3))
    cell[:2, :2] = supercell
    cell[2, 2] = max(float(np.ptp(xyz[:, 2])), 1e-3)
    atoms = Atoms(numbers=column.numbers[member], positions=xyz, cell=cell, pbc=(True, True, False))
    molecule = column.molecule[member]
    atoms.set_array("layer", column.layer[member])
    atoms.set_array("molecule", np.where(molecule < 0, -1, molecule * len(points) + copies))
    atoms.set_array("formal_charge", column.charges[member])
    _assert_count(atoms, cut, len(points))
    return atoms


@dataclass(frozen=True, kw_only=True, eq=False)
class _Column:
    """The atoms of a cut above one primitive in-plane cell, unit after unit."""

    numbers: NDArray[np.int64]
    positions: NDArray[np.float64]
    centres: NDArray[np.float64]
    """(N, 2) in-plane centre of each atom's unit."""
    charges: NDArray[np.float64]
    layer: NDArray[np.int64]
    unit: NDArray[np.int64]
    """Counted through the column."""
    molecule: NDArray[np.int64]
    """Counted through the column; −1 for single ions."""


@lru_cache(maxsize=256)
def _column(stack: PlaneStack, first: int, last: int) -> _Column:
    """Gather what every supercell of the same cut repeats."""
    members: list[NDArray[np.int64]] = []
    steps: list[NDArray[np.int64]] = []
    layers: list[NDArray[np.int64]] = []
    units: list[NDArray[np.int64]] = []
    molecules: list[NDArray[np.int64]] = []
    n_molecules = 0
    for layer, index in enumerate(range(first, last + 1)):
        repeat, within = divmod(index, stack.n_planes)
        for unit in stack.planes[within].units:
            inside = np.flatnonzero(stack.unit_of == unit)
            molecular = bool(stack.molecular[unit])
            members.append(inside)
            steps.append(np.full(len(inside), repeat))
            layers.append(np.full(len(inside), layer))
            molecules.append(np.full(len(inside), n_molecules if molecular else -1))
            units.append(np.full(len(inside), len(units)))
            n_molecules += molecular
    chosen = np.concatenate(members)
    offsets = np.concatenate(steps)[:, None] * np.asarray(stack.step)
    return _Column(
        numbers=stack.numbers[chosen],
        positions=stack.positions[chosen] + offsets,
        centres=(stack.centres[stack.unit_of[chosen]] + offsets)[:, :2],
        charges=stack.charges[chosen],
        layer=np.concatenate(layers).astype(np.int64),
        unit=np.concatenate(units),
        molecule=np.concatenate(molecules),
    )


def _assert_count(atoms: Atoms, cut: Cut, n_points: int) -> None:
    expected = cut.n_atoms * n_points
    if len(atoms) != expected:
        raise AssertionError(f"{len(atoms)} atoms where {expected} belong in the supercell")


def lattice_points(transform: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the integer points of the primitive lattice in a supercell, exactly det(transform).

    Raises
    ------
    BuildError
        If the supercell is left-handed or degenerate.
    """
    (a, b), (c, d) = (tuple(int(x) for x in row) for row in transform)
    determinant = a * d - b * c
    if determinant <= 0:
        raise BuildError(
            f"the supercell {transform.tolist()} has determinant {determinant}",
            hint="in-plane supercells are right-handed: exchange its rows or change a sign",
        )
    reach = abs(a) + abs(b) + abs(c) + abs(d)
    grid = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 2, indexing="ij"), axis=-1)
    points = grid.reshape(-1, 2)
    adjugate = np.array([[d, -b], [-c, a]])
    inside = points @ adjugate
    chosen = points[((inside >= 0) & (inside < determinant)).all(axis=1)]
    if len(chosen) != determinant:
        raise AssertionError(f"{len(chosen)} lattice points in a supercell of {determinant}")
    return np.asarray(chosen, dtype=np.int64)


def aligned(
    vectors: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Turn two plane vectors so that the first lies along +x; return them and the turn."""
    length = float(np.linalg.norm(vectors[0]))
    x, y = vectors[0] / length
    turn = np.array([[x, -y], [y, x]])
    turned = vectors @ turn
    turned[0] = (length, 0.0)
    return turned, turn


def slab_from_cut(
    cut: Cut, transform: NDArray[np.int64], *, vacuum: float, centre: bool = False
) -> Slab:
    """Put the atoms of a cut into a cell with vacuum and describe them.

    Raises
    ------
    BuildError
        For a negative vacuum.
    """
    if not (np.isfinite(vacuum) and vacuum >= 0):
        raise BuildError(f"a vacuum of {vacuum:g} Å does not exist", hint="0 Å or more")
    atoms = cut_atoms(cut, transform)
    thickness = float(np.ptp(atoms.positions[:, 2]))
    close_to_bulk = cut.n_layers * cut.stack.spacing
    atoms.cell[2, 2] = thickness + vacuum if vacuum > 0 else max(close_to_bulk, thickness)
    if centre:
        atoms.positions[:, 2] += (atoms.cell[2, 2] - thickness) / 2
    atoms.pbc = True
    names = named_planes(cut.stack)
    return Slab(
        atoms=atoms,
        phase_name=cut.stack.phase.name,
        hkl=cut.stack.plane.hkl,
        plane_vectors=cut.stack.plane.vectors,
        n_layers=cut.n_layers,
        thickness=thickness,
        bottom_termination=names[cut.first % cut.stack.n_planes],
        top_termination=names[cut.last % cut.stack.n_planes],
        vacuum=vacuum,
        kind=describe_cut(cut),
    )
