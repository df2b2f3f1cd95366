"""Neighbours across periodic images, and the molecules that a bond graph finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "Molecules",
    "NeighbourPairs",
    "bonds",
    "counts_around",
    "find_molecules",
    "neighbour_counts",
    "neighbour_pairs",
]

MOLECULAR_ELEMENTS = frozenset(
    ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "As", "Se", "Br", "Te", "I")
)
"""Elements that form covalent molecules among themselves; metals never belong to a molecule."""

BOND_FACTOR = 1.2
"""Two atoms are bonded when they are closer than this times the sum of their covalent radii."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NeighbourPairs:
    """Directed neighbour pairs: every pair appears as (i, j) and as (j, i)."""

    first: NDArray[np.int64]
    """(n,) index i."""
    second: NDArray[np.int64]
    """(n,) index j."""
    vectors: NDArray[np.float64]
    """(n, 3) from atom i to the image of atom j, Å."""
    images: NDArray[np.int64]
    """(n, 3) cell translations S with ``vector = position[j] + S @ cell − position[i]``."""

    @property
    def distances(self) -> NDArray[np.float64]:
        """(n,) lengths of `vectors`, Å."""
        return np.asarray(np.linalg.norm(self.vectors, axis=1))

    def select(self, mask: NDArray[np.bool_]) -> NeighbourPairs:
        """Return the pairs for which `mask` is true."""
        return NeighbourPairs(
            first=self.first[mask],
            second=self.second[mask],
            vectors=self.vectors[mask],
            images=self.images[mask],
        )


def neighbour_pairs(atoms: Atoms, cutoff: float) -> NeighbourPairs:
    """Find all pairs closer than `cutoff`, periodic images included.

    Parameters
    ----------
    atoms : Atoms
        Any mixture of periodic and open directions; atoms may lie outside the cell.
    cutoff : float
        Å; may exceed the cell.

    Notes
    -----
    Periodic images within the cutoff of the cell are added as ghost atoms and one k-d tree finds
    the pairs, so time and memory grow linearly with the number of atoms.
    """
    from scipy.spatial import cKDTree

    cell = np.asarray(atoms.cell.complete())
    pbc = np.asarray(atoms.pbc, dtype=bool)
    positions = np.asarray(atoms.positions)
    fractional = positions @ np.linalg.inv(cell)
    wraps = np.where(pbc, -np.floor(fractional), 0.0)
    fractional = fractional + wraps
    owners, images, ghosts = _ghosts(fractional, cell, pbc, cutoff)
    tree = cKDTree(ghosts @ cell)
    pairs = tree.query_pairs(cutoff, output_type="ndarray")
    n_atoms = len(positions)
    pairs = pairs[pairs.min(axis=1) < n_atoms] if len(pairs) else pairs.reshape(0, 2)
    pairs = np.sort(pairs, axis=1)
    real = pairs[:, 1] < n_atoms
    directed = np.concatenate([pairs, pairs[real][:, ::-1]])
    first, second = directed[:, 0], owners[directed[:, 1]]
    shifts = np.rint(images[directed[:, 1]] + wraps[second] - wraps[first]).astype(np.int64)
    order = np.lexsort((second, first))
    first, second, shifts = first[order], second[order], shifts[order]
    return NeighbourPairs(
        first=first.astype(np.int64),
        second=second.astype(np.int64),
        vectors=positions[second] + shifts @ cell - positions[first],
        images=shifts,
    )


def neighbour_counts(atoms: Atoms, cutoff: float) -> NDArray[np.int64]:
    """Count the neighbours of every atom within `cutoff` (Å), periodic images included, (N,)."""
    return counts_around(atoms, atoms.positions, cutoff) - 1


def counts_around(atoms: Atoms, points: NDArray[np.float64], cutoff: float) -> NDArray[np.int64]:
    """Count the atoms within `cutoff` (Å) of some points, periodic images included, (n,)."""
    from scipy.spatial import cKDTree

    cell = np.asarray(atoms.cell.complete())
    pbc = np.asarray(atoms.pbc, dtype=bool)

    def wrapped(places: NDArray[np.float64]) -> NDArray[np.float64]:
        fractional = places @ np.linalg.inv(cell)
        return np.asarray(fractional - np.where(pbc, np.floor(fractional), 0.0))

    ghosts = _ghosts(wrapped(np.asarray(atoms.positions)), cell, pbc, cutoff)[2]
    counts = cKDTree(ghosts @ cell).query_ball_point(
        wrapped(np.asarray(points)) @ cell, cutoff, return_length=True
    )
    return np.asarray(counts, dtype=np.int64)


def _ghosts(
    fractional: NDArray[np.float64],
    cell: NDArray[np.float64],
    pbc: NDArray[np.bool_],
    cutoff: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    margin = np.where(pbc, cutoff / heights + 1e-9, 0.0)
    owners = np.arange(len(fractional))
    images = np.zeros_like(fractional)
    points = fractional
    for axis in np.flatnonzero(pbc):
        count = int(np.ceil(margin[axis]))
        new = [(owners, images, points)]
        for step in [s for s in range(-count, count + 1) if s]:
            shifted = points[:, axis] + step
            near = (shifted > -margin[axis]) & (shifted < 1 + margin[axis])
            offset = np.zeros(3)
            offset[axis] = step
            new.append((owners[near], images[near] + offset, points[near] + offset))
        owners, images, points = (np.concatenate(column) for column in zip(*new, strict=True))
    return owners, images, points


def bonds(atoms: Atoms, factor: float = BOND_FACTOR) -> NeighbourPairs:
    """Return covalent bonds among the elements that form molecules.

    Two atoms are bonded when they are closer than `factor` times the sum of their covalent radii
    (Cordero et al., Dalton Trans. 2832 (2008), as tabulated by ASE).
    """
    from ase.data import chemical_symbols, covalent_radii

    member = np.array([chemical_symbols[z] in MOLECULAR_ELEMENTS for z in atoms.numbers])
    indices = np.flatnonzero(member)
    radii = covalent_radii[atoms.numbers[indices]]
    if not len(indices):
        nothing = np.zeros(0, dtype=np.int64)
        return NeighbourPairs(
            first=nothing,
            second=nothing,
            vectors=np.zeros((0, 3)),
            images=np.zeros((0, 3), dtype=np.int64),
        )
    pairs = neighbour_pairs(atoms[indices], 2 * factor * float(radii.max()))
    pairs = pairs.select(pairs.distances < factor * (radii[pairs.first] + radii[pairs.second]))
    return NeighbourPairs(
        first=indices[pairs.first],
        second=indices[pairs.second],
        vectors=pairs.vectors,
        images=pairs.images,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Molecules:
    """The finite molecules of a structure."""

    ids: NDArray[np.int64]
    """(N,) number of each atom's molecule, −1 for atoms of the framework."""
    images: NDArray[np.int64]
    """(N, 3) cell translations that put each molecule's atoms side by side:
    ``positions + images @ cell``."""

    @property
    def count(self) -> int:
        """Number of molecules."""
        return int(self.ids.max(initial=-1)) + 1


def find_molecules(atoms: Atoms) -> Molecules:
    """Find molecules: finite pieces of two or more atoms in the covalent bond graph.

    Chains, sheets and networks that run through the periodic boundary (tellurium, quartz) are no
    molecules; their atoms belong to the framework.
    """
    pairs = bonds(atoms)
    n_atoms = len(atoms)
    ids = np.full(n_atoms, -1, dtype=np.int64)
    images = np.zeros((n_atoms, 3), dtype=np.int64)
    starts = np.searchsorted(pairs.first, np.arange(n_atoms + 1))
    visited = np.zeros(n_atoms, dtype=bool)
    count = 0
    for seed in np.unique(pairs.first):
        if visited[seed]:
            continue
        members, finite = _walk(int(seed), pairs, starts, images, visited)
        if finite:
            ids[members] = count
            count += 1
        else:
            images[members] = 0
    return Molecules(ids=ids, images=images)


def _walk(
    seed: int,
    pairs: NeighbourPairs,
    starts: NDArray[np.int64],
    images: NDArray[np.int64],
    visited: NDArray[np.bool_],
) -> tuple[list[int], bool]:
    """Walk one piece of the graph; it is finite when every loop closes on the same image."""
    members, finite = [seed], True
    visited[seed] = True
    for atom in members:
        for bond in range(starts[atom], starts[atom + 1]):
            other = int(pairs.second[bond])
            image = images[atom] + pairs.images[bond]
            if not visited[other]:
                visited[other] = True
                images[other] = image
                members.append(other)
            elif (images[other] != image).any():
                finite = False
    return members, finite
