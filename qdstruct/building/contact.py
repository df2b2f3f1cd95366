"""How close two facing surfaces come: hard spheres of ionic and covalent radii that touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.charges import contact_distance
from qdstruct.geometry.neighbours import neighbour_pairs

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["clearances", "contact_height", "contact_heights", "contact_table"]

FACE_DEPTH = 6.5
"""Å: atoms deeper than this below a face cannot touch the other side."""

LONGEST_CONTACT = 4.6
"""Å: longer than any contact distance of two atoms (two iodide ions: 4.4 Å)."""


def contact_height(lower: Atoms, upper: Atoms, cell: NDArray[np.float64]) -> float:
    """Return how far above `lower` the body `upper` comes to rest.

    Parameters
    ----------
    lower, upper : Atoms
        Two bodies in one in-plane cell, with ``molecule`` arrays; only x and y are shared.
    cell : (2, 2) array
        In-plane cell vectors, Å.

    Returns
    -------
    float
        The distance in Å, from the highest atom of `lower` to the lowest atom of `upper`, at which
        the nearest pair across the interface is exactly at its contact distance and no pair is
        closer. It is negative when protruding atoms fit into hollows.
    """
    return float(contact_heights(lower, upper, cell, [(0.0, 0.0)])[0])


def contact_heights(
    lower: Atoms,
    upper: Atoms,
    cell: NDArray[np.float64],
    shifts: ArrayLike,
    *,
    scale: float = 1.0,
) -> NDArray[np.float64]:
    """Return `contact_height` for several in-plane shifts of the upper body.

    Parameters
    ----------
    lower, upper, cell
        As for `contact_height`.
    shifts : (n, 2) array
        In-plane shifts of `upper` in fractions of the cell vectors.
    scale : float
        Factor on all contact distances.

    Returns
    -------
    (n,) array
        Å.
    """
    top = lower[lower.positions[:, 2] > lower.positions[:, 2].max() - FACE_DEPTH]
    bottom = upper[upper.positions[:, 2] < upper.positions[:, 2].min() + FACE_DEPTH]
    below = lower.positions[:, 2].max() - top.positions[:, 2]
    above = bottom.positions[:, 2] - upper.positions[:, 2].min()
    depth = below[:, None] + above[None, :]
    contacts = scale * contact_table(top, bottom)
    wanted = np.asarray(shifts, dtype=float).reshape(-1, 2)
    heights = np.zeros(len(wanted))
    for k, shift in enumerate(wanted):
        lateral = lateral_distances(
            top.positions[:, :2], bottom.positions[:, :2] + shift @ cell, cell
        )
        reach = np.sqrt(np.maximum(contacts**2 - lateral**2, 0.0))
        separations = np.where(lateral < contacts, reach, -np.inf) - depth
        height = float(separations.max(initial=-np.inf))
        heights[k] = height if np.isfinite(height) else 0.0
    return heights


def contact_table(first: Atoms, second: Atoms) -> NDArray[np.float64]:
    """Return the contact distance of every pair of atoms of two bodies, (n, m), Å."""
    kinds = [
        np.stack([atoms.numbers, atoms.arrays["molecule"] >= 0], axis=1)
        for atoms in (first, second)
    ]
    rows, row_of = np.unique(kinds[0], axis=0, return_inverse=True)
    columns, column_of = np.unique(kinds[1], axis=0, return_inverse=True)
    table = np.array([[_contact(one, other) for other in columns] for one in rows])
    return np.asarray(table[row_of.ravel()][:, column_of.ravel()])


def _contact(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    from ase.data import chemical_symbols

    soft = bool(one[1] or other[1])
    return contact_distance(chemical_symbols[one[0]], chemical_symbols[other[0]], molecular=soft)


def lateral_distances(
    first: NDArray[np.float64], second: NDArray[np.float64], cell: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the shortest in-plane distance of every pair over the periodic images, Å.

    Distances beyond `LONGEST_CONTACT` may be those of another image.
    """
    inverse = np.linalg.inv(cell)
    dx, dy = (second[None, :, k] - first[:, None, k] for k in (0, 1))
    u, v = (dx * inverse[0, k] + dy * inverse[1, k] for k in (0, 1))
    u -= np.rint(u)
    v -= np.rint(v)
    heights = 1.0 / np.linalg.norm(inverse, axis=0)
    ranges = [(0,) if height > 2 * LONGEST_CONTACT else (-1, 0, 1) for height in heights]
    best = np.full(u.shape, np.inf)
    for i in ranges[0]:
        for j in ranges[1]:
            x, y = ((u + i) * cell[0, k] + (v + j) * cell[1, k] for k in (0, 1))
            best = np.minimum(best, np.hypot(x, y))
    return best


def clearances(atoms: Atoms, regions: NDArray[np.str_]) -> NDArray[np.float64]:
    """Return the smallest distance of each atom to another region, in contact distances.

    Parameters
    ----------
    atoms : Atoms
        With a ``molecule`` array.
    regions : (N,) array of str
        Region of each atom.

    Returns
    -------
    (N,) array
        1 at contact, below 1 when too close; infinite beyond 4.5 Å.
    """
    pairs = neighbour_pairs(atoms, 4.5)
    pairs = pairs.select(regions[pairs.first] != regions[pairs.second])
    smallest = np.full(len(atoms), np.inf)
    involved = np.unique(pairs.first)
    table = contact_table(atoms[involved], atoms[involved])
    rank = np.full(len(atoms), -1)
    rank[involved] = np.arange(len(involved))
    relative = pairs.distances / table[rank[pairs.first], rank[pairs.second]]
    np.minimum.at(smallest, pairs.first, relative)
    return smallest
