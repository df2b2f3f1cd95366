"""Crystals as the search sees them: primitive plane lattices with the symmetry of one face."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import product
from math import gcd

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.errors import MatchError, PhaseError
from qdstruct.geometry import (
    LatticePlane,
    lattice_plane,
    primitive_lattice,
    reciprocal_cell,
    space_group,
)
from qdstruct.model import Miller, Phase

__all__ = ["Crystal", "Surface", "crystal", "facets", "inequivalent_facets", "surface"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Crystal:
    """A phase with everything that its planes share, worked out once."""

    name: str
    """Name of the phase."""
    cell: NDArray[np.float64]
    """(3, 3) cell of the phase's file, rows in Å; Miller indices and [uvw] refer to it."""
    primitive: NDArray[np.float64]
    """(3, 3) primitive lattice vectors in the same Cartesian frame, Å."""
    rotations: NDArray[np.int64]
    """(n, 3, 3) point group: rotations acting on fractional coordinates of `cell` (columns)."""
    cartesian_rotations: NDArray[np.float64]
    """(n, 3, 3) the same operations acting on Cartesian columns."""
    n_atoms_primitive: int
    """Atoms in the primitive cell."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Surface:
    """One facet of a crystal: its primitive plane lattice and the operations of that face."""

    crystal: Crystal
    """The crystal."""
    plane: LatticePlane
    """The primitive in-plane lattice with its outward normal."""
    operations: NDArray[np.int64]
    """(n, 2, 2) point operations of the crystal that keep the normal, as integer matrices W:
    ``W @ plane.vectors`` is the image of the basis; det −1 acts as a reflection in the plane."""

    @property
    def hkl(self) -> Miller:
        """Coprime Miller indices in the crystal's own cell."""
        return self.plane.hkl

    @property
    def lattice_directions(self) -> NDArray[np.float64]:
        """(2, 3) [uvw] of the plane vectors in the crystal's own cell (multiples of 1/12)."""
        uvw = self.plane.vectors @ np.linalg.inv(self.crystal.cell)
        return np.asarray(np.rint(uvw * 12) / 12)


def crystal(phase: Phase) -> Crystal:
    """Work out the lattice and the point group of a phase.

    Raises
    ------
    PhaseError
        If the cell is not periodic in three directions, not finite or (nearly) flat.
    """
    atoms = phase.atoms
    cell = np.asarray(atoms.cell, dtype=float)
    if not bool(np.all(atoms.pbc)):
        raise PhaseError(
            f"{phase.name}: matching needs a crystal periodic in three directions",
            hint="set pbc in the file, or give the bulk crystal instead of a slab",
        )
    lengths = np.linalg.norm(cell, axis=1)
    if not np.isfinite(cell).all() or not np.isfinite(atoms.positions).all():
        raise PhaseError(f"{phase.name}: the cell or the positions contain NaN or infinity")
    if abs(np.linalg.det(cell)) <= 1e-6 * max(float(np.prod(lengths)), 1e-12):
        raise PhaseError(f"{phase.name}: the cell is degenerate, its vectors span no volume")
    group = space_group(atoms)
    primitive = primitive_lattice(atoms, group=group)
    rotations = np.unique(group.rotations, axis=0)
    cartesian = cell.T @ rotations @ np.linalg.inv(cell.T)
    fraction = abs(np.linalg.det(primitive) / np.linalg.det(cell))
    return Crystal(
        name=phase.name,
        cell=cell,
        primitive=primitive,
        rotations=rotations,
        cartesian_rotations=np.asarray(cartesian, dtype=float),
        n_atoms_primitive=round(len(atoms) * fraction),
    )


def surface(of: Crystal, hkl: ArrayLike) -> Surface:
    """Return the facet (hkl) of a crystal.

    Raises
    ------
    MatchError
        For (0, 0, 0) or indices that are not integers.
    """
    values = np.asarray(hkl, dtype=float)
    if not np.isfinite(values).all():
        raise MatchError(f"Miller indices are three integers, not {hkl!r}")
    plane = lattice_plane(of.cell, of.primitive, hkl)
    images = of.cartesian_rotations @ plane.normal
    kept = of.cartesian_rotations[images @ plane.normal > 1 - 1e-6]
    moved = plane.vectors @ np.transpose(kept, (0, 2, 1))
    coefficients = moved @ np.linalg.pinv(plane.vectors)
    operations = np.unique(np.rint(coefficients).astype(np.int64), axis=0)
    return Surface(crystal=of, plane=plane, operations=operations)


def inequivalent_facets(of: Crystal, max_index: int) -> tuple[Miller, ...]:
    """List one facet of every symmetry class with indices up to `max_index`.

    Parameters
    ----------
    of : Crystal
        The crystal; its full point group is used, so (hkl) and (−h−k−l) count as one facet
        exactly when the crystal has an operation that turns one into the other.
    max_index : int
        Largest absolute Miller index in the cell of the phase's file, at least 1.

    Returns
    -------
    tuple of Miller
        Widest spacing first. Each class is named by its member with the fewest minus signs, then
        the largest h, k, l in that order.

    Raises
    ------
    MatchError
        If `max_index` is below 1.
    """
    if max_index < 1:
        raise MatchError(f"the largest Miller index must be at least 1, not {max_index}")
    seen: set[Miller] = set()
    found: list[Miller] = []
    for hkl in _candidates(max_index):
        if hkl in seen:
            continue
        seen |= {_miller(row) for row in np.asarray(hkl) @ of.rotations}
        found.append(hkl)
    reciprocal = reciprocal_cell(of.cell)
    return tuple(sorted(found, key=lambda hkl: round(_length(hkl, reciprocal), 9)))


def facets(phase: Phase, hkl: ArrayLike | None = None, max_index: int = 1) -> list[Surface]:
    """Return one facet of a phase, or without `hkl` every inequivalent one up to `max_index`."""
    of = crystal(phase)
    return [surface(of, i) for i in (inequivalent_facets(of, max_index) if hkl is None else [hkl])]


def _candidates(max_index: int) -> Iterator[Miller]:
    span = range(-max_index, max_index + 1)
    coprime = (
        (first, second, third)
        for first, second, third in product(span, span, span)
        if reduce(gcd, (first, second, third)) == 1
    )
    return iter(sorted(coprime, key=lambda hkl: (sum(i < 0 for i in hkl), [-i for i in hkl])))


def _miller(row: NDArray[np.int64]) -> Miller:
    h, k, l = (int(i) for i in row)  # noqa: E741 - the crystallographer's letters
    return (h, k, l)


def _length(hkl: Miller, reciprocal: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(np.asarray(hkl, dtype=float) @ reciprocal))
