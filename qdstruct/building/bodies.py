"""The connected pieces of a region, pulled together over the periodic boundaries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.geometry.neighbours import NeighbourPairs

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["Body", "bodies"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Body:
    """One connected piece of a region, pulled together over the periodic boundaries."""

    members: NDArray[np.int64]
    """(n,) indices into the structure."""
    numbers: NDArray[np.int64]
    """(n,) atomic numbers."""
    positions: NDArray[np.float64]
    """(n, 3) Å, next to each other."""
    pairs: NeighbourPairs
    """Neighbours within the body; indices count its members."""


def bodies(atoms: Atoms, chosen: NDArray[np.int64], pairs: NeighbourPairs) -> Iterator[Body]:
    """Yield the connected pieces of some atoms, largest first.

    Parameters
    ----------
    atoms : Atoms
        The structure.
    chosen : (n,) array
        Indices of the atoms of one region.
    pairs : NeighbourPairs
        All neighbours of the structure within the distance that connects.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rank = np.full(len(atoms), -1)
    rank[chosen] = np.arange(len(chosen))
    inner = pairs.select((rank[pairs.first] >= 0) & (rank[pairs.second] >= 0))
    first, second = rank[inner.first], rank[inner.second]
    graph = coo_matrix((np.ones(len(first)), (first, second)), shape=(len(chosen),) * 2)
    _, labels = connected_components(graph, directed=False)
    cell = np.asarray(atoms.cell.complete())
    for label in np.argsort(-np.bincount(labels), kind="stable"):
        inside = np.flatnonzero(labels == label)
        renumber = np.full(len(chosen), -1)
        renumber[inside] = np.arange(len(inside))
        kept = labels[first] == label
        own = NeighbourPairs(
            first=renumber[first[kept]],
            second=renumber[second[kept]],
            vectors=inner.vectors[kept],
            images=inner.images[kept],
        )
        members = chosen[inside]
        yield Body(
            members=members,
            numbers=np.asarray(atoms.numbers[members], dtype=np.int64),
            positions=atoms.positions[members] + _images(own, len(members)) @ cell,
            pairs=own,
        )


def _images(pairs: NeighbourPairs, count: int) -> NDArray[np.int64]:
    """Cell translations that put connected atoms side by side, found outwards from the first."""
    images = np.zeros((count, 3), dtype=np.int64)
    seen = np.zeros(count, dtype=bool)
    seen[0] = True
    starts = np.searchsorted(pairs.first, np.arange(count + 1))
    front = np.array([0])
    while len(front):
        bonds = _ranges(starts[front], starts[front + 1])
        fresh = bonds[~seen[pairs.second[bonds]]]
        reached, once = np.unique(pairs.second[fresh], return_index=True)
        images[reached] = (images[pairs.first[fresh]] + pairs.images[fresh])[once]
        seen[reached] = True
        front = reached
    return images


def _ranges(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Concatenate the integers from each start to its end."""
    lengths = ends - starts
    steps = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.asarray(np.repeat(starts, lengths) + steps)
