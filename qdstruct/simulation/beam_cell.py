"""A crystal in the frame of an electron beam: two lattice vectors across it, one along it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.geometry import gauss_reduce, reduce_miller
from qdstruct.simulation.displacements import displacement_tensors
from qdstruct.simulation.structure_factor import check_periodic

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["BeamCell", "beam_cell"]

MAX_INDEX = 6
PERPENDICULAR = 1e-4
"""Cosine below which a lattice vector counts as lying across the beam."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BeamCell:
    """One period of a crystal, across and along a beam."""

    vectors: NDArray[np.float64]
    """(2, 3) lattice vectors across the beam in the frame of the atoms, Å; zone × first is on the
    side of the second."""
    period: float
    """Repeat along the beam, Å."""
    symbols: tuple[str, ...]
    across: NDArray[np.float64]
    """(N, 2) fractions of the two vectors, origin at the origin of the atoms."""
    depth: NDArray[np.float64]
    """(N,) Å along the beam, 0 ≤ depth < period, from the entrance to the observer's side."""
    tensors: NDArray[np.float64] | None = None
    """(N, 3, 3) displacement tensors U in Å², in the frame of the atoms; None without any."""


def beam_cell(
    atoms: Atoms, zone: tuple[int, int, int], *, name: str, rectangular: bool = False
) -> BeamCell:
    """Cut a crystal along a zone axis into its period across and along the beam.

    Parameters
    ----------
    atoms : Atoms
        One periodic cell.
    zone : three integers
        Direction [uvw] towards the observer in the axes of the cell.
    name : str
        For messages.
    rectangular : bool
        Ask for two vectors at right angles.

    Raises
    ------
    InputError
        No zone axis, or the lattice has no two such vectors with indices up to 6.
    """
    check_periodic(atoms, name)
    if not np.any(zone):
        raise InputError("0,0,0 is not a zone axis", hint="give three integers, not all zero")
    axis = np.array(reduce_miller(zone))
    cell = np.asarray(atoms.cell, dtype=float)
    beam = axis @ cell
    indices = _across(cell, beam, axis, name)
    if rectangular:
        indices = _rectangular(indices, cell, zone, name)
    if np.cross(*(indices @ cell)) @ beam < 0:
        indices = indices * np.array([[1], [-1]])
    transformation = np.vstack([indices, axis])
    return _filled(atoms, transformation)


def _across(
    cell: NDArray[np.float64], beam: NDArray[np.float64], axis: NDArray[np.int64], name: str
) -> NDArray[np.int64]:
    """Return (2, 3) indices of the shortest lattice vectors across the beam."""
    span = range(-MAX_INDEX, MAX_INDEX + 1)
    every = np.array([uvw for uvw in product(span, span, span) if any(uvw)])
    vectors = every @ cell
    length = np.linalg.norm(vectors, axis=1)
    flat = np.abs(vectors @ beam) <= PERPENDICULAR * length * np.linalg.norm(beam)
    every, vectors, length = every[flat], vectors[flat], length[flat]
    order = np.argsort(length, kind="stable")
    for first in order[:1]:
        sine = np.linalg.norm(np.cross(vectors[order], vectors[first]), axis=1)
        apart = order[sine > 1e-3 * length[order] * length[first]]
        if len(apart):
            pair = np.array([every[first], every[apart[0]]])
            _, steps = gauss_reduce(pair @ cell)
            return np.asarray(steps @ pair, dtype=np.int64)
    raise InputError(
        f"{name}: no two lattice vectors lie across [{' '.join(map(str, axis.tolist()))}]",
        hint="the wave repeats only in such a plane: choose another zone, or give a slab "
        "whose third axis is the beam",
    )


def _rectangular(
    indices: NDArray[np.int64], cell: NDArray[np.float64], zone: tuple[int, int, int], name: str
) -> NDArray[np.int64]:
    span = range(-MAX_INDEX, MAX_INDEX + 1)
    steps = np.array([mn for mn in product(span, span) if mn > (0, 0)])
    vectors = steps @ indices @ cell
    length = np.linalg.norm(vectors, axis=1)
    cosine = np.abs(vectors @ vectors.T) / np.outer(length, length)
    i, j = np.nonzero(cosine < PERPENDICULAR)
    if len(i) == 0:
        raise InputError(f"{name}: no rectangle of lattice vectors lies across {list(zone)}")
    best = int(np.argmin(length[i] * length[j]))
    return np.asarray(steps[[i[best], j[best]]] @ indices)


def _filled(atoms: Atoms, transformation: NDArray[np.int64]) -> BeamCell:
    """Return the atoms of the cell spanned by integer combinations of the lattice vectors."""
    cell = np.asarray(atoms.cell, dtype=float)
    vectors = transformation @ cell
    count = round(abs(np.linalg.det(transformation)))
    corners = np.array(list(product((0, 1), repeat=3))) @ transformation
    low, high = corners.min(axis=0), corners.max(axis=0)
    grid = np.array(list(product(*(range(a, b + 1) for a, b in zip(low, high, strict=True)))))
    inside = grid @ np.linalg.inv(transformation)
    kept = ((inside > -1e-9) & (inside < 1 - 1e-9)).all(axis=1)
    points = inside[kept]
    if len(points) != count:
        raise InputError(f"{count} lattice points were expected in the cell, found {len(points)}")
    fractional = atoms.positions @ np.linalg.inv(vectors)
    places = (points[:, None, :] + fractional[None, :, :]).reshape(-1, 3)
    depth = places[:, 2] % 1.0
    depth[depth > 1 - 1e-7] = 0.0
    length = float(np.linalg.norm(vectors[2]))
    tensors = displacement_tensors(atoms)
    return BeamCell(
        vectors=vectors[:2],
        period=length,
        symbols=tuple(atoms.get_chemical_symbols() * count),
        across=places[:, :2] % 1.0,
        depth=depth * length,
        tensors=None if tensors is None else np.tile(tensors, (count, 1, 1)),
    )
