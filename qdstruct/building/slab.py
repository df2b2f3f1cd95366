"""Slabs: any plane of any crystal between two chosen terminations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.cut import Cut, choose_cut, count_layers
from qdstruct.building.stack import PlaneStack, plane_stack
from qdstruct.building.terminations import named_planes
from qdstruct.building.variants import Variant, choose_variant, describe_cut
from qdstruct.errors import BuildError
from qdstruct.geometry import reduce_miller
from qdstruct.model import Phase, Slab

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["build_slab", "cut_atoms", "orthogonal_transform", "slab_from_cut"]


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
    points = _lattice_points(np.asarray(transform))
    column = _column(stack, cut.first, cut.last)
    copies = np.repeat(np.arange(len(points)), len(column.numbers))
    # Each unit beside its copies, as the planes were cut: unit, lattice point, atom of the unit.
    order = np.argsort(np.tile(column.unit, len(points)), kind="stable")
    copies, member = copies[order], (order % len(column.numbers))
    in_plane = points @ stack.vectors
    supercell, turned = _aligned(np.asarray(transform) @ stack.vectors)
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


def _lattice_points(transform: NDArray[np.int64]) -> NDArray[np.int64]:
    """Integer points of the primitive lattice inside the supercell, exactly det(transform)."""
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


def _aligned(
    vectors: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Turn two plane vectors so that the first lies along +x; return them and the turn."""
    length = float(np.linalg.norm(vectors[0]))
    x, y = vectors[0] / length
    turn = np.array([[x, -y], [y, x]])
    turned = vectors @ turn
    turned[0] = (length, 0.0)
    return turned, turn


def orthogonal_transform(vectors: ArrayLike, largest: int = 24) -> NDArray[np.int64]:
    """Find the smallest supercell of a plane lattice whose vectors are perpendicular.

    Parameters
    ----------
    vectors : (2, 2) array
        Primitive in-plane vectors, Å.
    largest : int
        Largest multiple of the primitive area to try.

    Raises
    ------
    BuildError
        If there is none (oblique lattices).
    """
    metric = np.asarray(vectors) @ np.asarray(vectors).T
    reach = np.arange(-largest, largest + 1)
    rows = np.stack(np.meshgrid(reach, reach, indexing="ij"), axis=-1).reshape(-1, 2)
    rows = rows[np.gcd(rows[:, 0], rows[:, 1]) == 1]
    lengths = np.sqrt(np.einsum("ni,ij,nj->n", rows, metric, rows))
    rows = rows[np.argsort(np.round(lengths, 8), kind="stable")][:400]
    rows = rows[np.lexsort((-rows[:, 1], -rows[:, 0], _rounded_lengths(rows, metric)))]
    lengths = np.sqrt(np.einsum("ni,ij,nj->n", rows, metric, rows))
    dots = np.abs(rows @ metric @ rows.T) / np.outer(lengths, lengths)
    areas = rows[:, None, 0] * rows[None, :, 1] - rows[:, None, 1] * rows[None, :, 0]
    fits = (dots < 1e-5) & (areas > 0) & (areas <= largest)
    if not fits.any():
        raise BuildError(
            "this plane has no perpendicular supercell of reasonable size",
            hint="use the primitive in-plane cell",
        )
    first, second = np.unravel_index(np.argmin(np.where(fits, areas, largest + 1)), areas.shape)
    return np.array([rows[first], rows[second]], dtype=np.int64)


def _rounded_lengths(rows: NDArray[np.int64], metric: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.round(np.einsum("ni,ij,nj->n", rows, metric, rows), 6))


def build_slab(
    phase: Phase,
    hkl: ArrayLike,
    *,
    layers: int | None = None,
    thickness: float | None = None,
    bottom_termination: str | None = None,
    top_termination: str | None = None,
    variant: Variant | None = None,
    vacuum: float = 15.0,
    cell: Literal["primitive", "orthogonal"] = "primitive",
    centre: bool = False,
) -> Slab:
    """Cut a slab with the faces ±(hkl) from a crystal.

    Parameters
    ----------
    phase : Phase
        The crystal.
    hkl : three integers
        Miller indices in the phase's own cell; +z of the slab is their normal.
    layers : int, optional
        Repeats of d(hkl) of the primitive lattice (2 if `thickness` is not given either).
    thickness : float, optional
        Least thickness in Å, counted in whole repeats of d(hkl); the outermost planes lie closer
        together by the distance to the next plane.
    bottom_termination, top_termination : str, optional
        Names from `terminations`. One of them: `layers` whole repeats, stoichiometric. Both: the
        slab goes on to the top termination.
    variant : {"symmetric", "stoichiometric", "nonpolar"}, optional
        What the slab has to be, whatever planes that takes (`choose_variant`); with terminations,
        among the slabs that have them. `slab_variants` lists what there is.
    vacuum : float
        Empty height in Å; 0 closes the crystal when the slab is stoichiometric and its repeat is
        perpendicular to the plane.
    cell : {"primitive", "orthogonal"}
        In-plane cell.
    centre : bool
        Put the slab in the middle of the cell instead of at z = 0.

    Raises
    ------
    BuildError
        For a termination, thickness, variant or vacuum that does not exist.
    MatchError
        If (hkl) is no lattice plane.
    """
    stack = plane_stack(phase, reduce_miller(hkl))
    n_layers = count_layers(stack, layers, thickness)
    bottom, top = bottom_termination, top_termination
    if variant is None:
        cut = choose_cut(stack, layers=n_layers, bottom=bottom, top=top)
    else:
        cut = choose_variant(stack, variant, layers=n_layers, bottom=bottom, top=top)
    transform = np.eye(2, dtype=np.int64)
    if cell == "orthogonal":
        transform = orthogonal_transform(stack.vectors)
    elif cell != "primitive":
        raise BuildError(f"the in-plane cell is 'primitive' or 'orthogonal', not '{cell}'")
    return slab_from_cut(cut, transform, vacuum=vacuum, centre=centre)


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
