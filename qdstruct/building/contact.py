"""How close two facing surfaces come: hard spheres of ionic and covalent radii that touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.charges import contact_distance

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["contact_height"]

FACE_DEPTH = 6.5
"""Å: atoms deeper than this below a face cannot touch the other side."""


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
    top = lower[lower.positions[:, 2] > lower.positions[:, 2].max() - FACE_DEPTH]
    bottom = upper[upper.positions[:, 2] < upper.positions[:, 2].min() + FACE_DEPTH]
    below = lower.positions[:, 2].max() - top.positions[:, 2]
    above = bottom.positions[:, 2] - upper.positions[:, 2].min()
    lateral = _lateral_distances(top.positions[:, :2], bottom.positions[:, :2], cell)
    contacts = _contacts(top, bottom)
    reach = np.sqrt(np.maximum(contacts**2 - lateral**2, 0.0))
    separations = np.where(lateral < contacts, reach, -np.inf) - below[:, None] - above[None, :]
    height = float(separations.max(initial=-np.inf))
    return height if np.isfinite(height) else 0.0


def _contacts(top: Atoms, bottom: Atoms) -> NDArray[np.float64]:
    """Contact distance of every pair across the interface, (n_top, n_bottom), Å."""
    kinds: dict[tuple[str, str, bool], float] = {}
    rows = []
    for one, one_molecule in zip(top.symbols, top.arrays["molecule"], strict=True):
        row = []
        for other, other_molecule in zip(bottom.symbols, bottom.arrays["molecule"], strict=True):
            key = (one, other, bool(one_molecule >= 0 or other_molecule >= 0))
            if key not in kinds:
                kinds[key] = contact_distance(one, other, molecular=key[2])
            row.append(kinds[key])
        rows.append(row)
    return np.array(rows)


def _lateral_distances(
    first: NDArray[np.float64], second: NDArray[np.float64], cell: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Shortest in-plane distance of every pair over the periodic images, Å."""
    apart = (second[None] - first[:, None]) @ np.linalg.inv(cell)
    apart -= np.rint(apart)
    best = np.full(apart.shape[:2], np.inf)
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            distance = np.linalg.norm((apart + np.array([i, j])) @ cell, axis=-1)
            best = np.minimum(best, distance)
    return best
