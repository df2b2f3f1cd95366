"""The sites of a bulk crystal, on which the atoms of a structure are laid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.geometry import space_group
from qdstruct.geometry.neighbours import NeighbourPairs, find_molecules, neighbour_pairs
from qdstruct.model import Phase

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["LOOSE", "REACH", "Bulk"]

REACH = 6.5
"""Å: radius of the surroundings from which the orientation is found."""

LOOSE = 0.25
"""By what fraction lengths may differ while the orientation is looked for: the largest homogeneous
strain that is recognised."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Bulk:
    """A bulk crystal as `fit_crystal` uses it: its framework, or all of it without framework."""

    phase: Phase
    """The crystal."""
    atoms: Atoms
    """The atoms that are compared."""

    @classmethod
    def of(cls, phase: Phase) -> Bulk:
        """Leave molecules out, which keep their shape and place under strain differently."""
        framework = find_molecules(phase.atoms).ids < 0
        kept = np.flatnonzero(framework) if framework.any() else np.arange(len(phase.atoms))
        return cls(phase=phase, atoms=phase.atoms[kept])

    @cached_property
    def cell(self) -> NDArray[np.float64]:
        """(3, 3) cell vectors, Å."""
        return np.asarray(self.atoms.cell, dtype=float)

    @cached_property
    def shortest(self) -> float:
        """Shortest distance of two atoms, Å."""
        return float(self.pairs.distances.min())

    @cached_property
    def pairs(self) -> NeighbourPairs:
        """Neighbours up to the reach, however much it is strained."""
        return neighbour_pairs(self.atoms, REACH * (1 + LOOSE))

    @cached_property
    def distinct(self) -> NDArray[np.int64]:
        """One atom of every set that proper operations carry into one another.

        Improper operations do not count: the surroundings of two atoms that only they relate are
        mirror images, which no rotation lays on each other.
        """
        group = space_group(self.atoms)
        places = self.atoms.get_scaled_positions()
        proper = np.linalg.det(group.rotations) > 0
        first = np.arange(len(places))
        for rotation, translation in zip(group.rotations[proper], group.translations[proper],
                                         strict=True):  # fmt: skip
            apart = (places @ rotation.T + translation)[:, None] - places[None]
            apart = (apart - np.rint(apart)) @ self.cell
            images = np.linalg.norm(apart, axis=-1).argmin(axis=1)
            first = np.minimum(first, first[images])
        return np.unique(first)

    @cached_property
    def chiral(self) -> bool:
        """True when no operation of the crystal is improper."""
        rotations = space_group(self.phase.atoms).rotations
        return all(round(float(np.linalg.det(rotation))) > 0 for rotation in rotations)

    def nearest_sites(
        self, points: NDArray[np.float64], numbers: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the nearest site of each point's element and its place, (n,) and (n, 3) Å."""
        from scipy.spatial import cKDTree

        corner = np.floor(points @ np.linalg.inv(self.cell)) @ self.cell
        grid = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
        sites = np.full(len(points), -1, dtype=np.int64)
        places = np.full(points.shape, np.inf)
        for element in np.unique(numbers):
            own = np.flatnonzero(self.atoms.numbers == element)
            if not len(own):
                continue
            wrapped = self.atoms.get_scaled_positions() @ self.cell
            images = (wrapped[own][:, None] + (grid @ self.cell)[None]).reshape(-1, 3)
            chosen = np.flatnonzero(numbers == element)
            _, found = cKDTree(images).query(points[chosen] - corner[chosen])
            sites[chosen] = own[found // len(grid)]
            places[chosen] = images[found] + corner[chosen]
        return sites, places
