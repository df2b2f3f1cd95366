"""One part of a structure beside its bulk crystal: surroundings, bonds, symmetry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.bodies import Body
from qdstruct.building.bulk_sites import Bulk
from qdstruct.building.charges import FORMAL_CHARGES, balanced_charges
from qdstruct.building.crystal_fit import OFF_SITE, CrystalFit
from qdstruct.errors import PhaseError
from qdstruct.geometry import space_group
from qdstruct.geometry.neighbours import counts_around, neighbour_counts
from qdstruct.model import BondComparison, CrystalPart, Problem

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["CONNECTED", "LEAST_ON_SITES", "PartComparison"]

CONNECTED = 4.6
"""Å: atoms of one region closer than this belong to one part."""

LEAST_ON_SITES = 0.9
"""Fraction of a part's atoms that lie on sites if it is the crystal it is said to be."""

SURROUNDINGS = 8.0
"""Å: radius of the surroundings that decide what lies inside a part."""

INSIDE = 0.88
"""An atom lies inside when it has at least this fraction of the bulk's surroundings: 4.2 Å below a
flat face, as long as the longest bonds, it has 0.86; beside two vacancies in a perovskite 0.96."""

SHELL = 1.2
"""Bonds of the bulk are at most this times as long as the shortest of their kind."""

AVERAGED = 0.1
"""Å: precision of the space group of averaged atoms."""


class PartComparison:
    """One part beside its bulk crystal: what lies inside it, and its bonds."""

    def __init__(
        self,
        atoms: Atoms,
        body: Body,
        compared: NDArray[np.bool_],
        bulk: Bulk,
        fit: CrystalFit,
        region: str,
    ) -> None:
        self.bulk, self.fit, self.region = bulk, fit, region
        self.members = body.members[compared]
        self.atoms = atoms[self.members]
        self.symbols = np.array(self.atoms.get_chemical_symbols())
        self.deformed = bulk.atoms.copy()
        self.deformed.set_cell(bulk.cell @ fit.matrix)
        self.deformed.positions = bulk.atoms.positions @ fit.matrix
        self.inside = self._inside()
        self._find_bonds(body, compared)

    def _inside(self) -> NDArray[np.bool_]:
        """Atoms with nearly all of the bulk's surroundings, those of their own part."""
        own = neighbour_counts(self.atoms, SURROUNDINGS)
        usual = neighbour_counts(self.deformed, SURROUNDINGS)
        if self.fit.share < LEAST_ON_SITES:
            return np.zeros(len(own), dtype=bool)
        return np.asarray(own >= INSIDE * np.where(self.fit.sites >= 0, usual[self.fit.sites],
                                                   usual.mean()))  # fmt: skip

    def _find_bonds(self, body: Body, compared: NDArray[np.bool_]) -> None:
        """Pairs of atoms whose sites are bonded in the bulk, with both lengths."""
        rank = np.cumsum(compared) - 1
        sites = self.fit.sites
        pairs = body.pairs.select(compared[body.pairs.first] & compared[body.pairs.second])
        first, second = rank[pairs.first], rank[pairs.second]
        on = (sites[first] >= 0) & (sites[second] >= 0)
        first, second, vectors = first[on], second[on], pairs.vectors[on]
        apart = self.fit.offsets[second] - self.fit.offsets[first]
        bulk_lengths = np.linalg.norm((vectors - apart) @ np.linalg.inv(self.fit.matrix), axis=1)
        self.limits = self._limits()
        kinds = list(zip(self.symbols[first], self.symbols[second], strict=True))
        longest = np.array([self.limits.get((str(a), str(b)), 0.0) for a, b in kinds])
        bonded = bulk_lengths <= longest
        self.first, self.second = first[bonded], second[bonded]
        self.lengths = np.linalg.norm(vectors[bonded], axis=1)
        self.bulk_lengths = bulk_lengths[bonded]

    def _limits(self) -> dict[tuple[str, str], float]:
        """Longest bond of every kind: between opposite charges, or any two atoms of an element."""
        charges = balanced_charges(self.bulk.atoms)
        symbols = np.array(self.bulk.atoms.get_chemical_symbols())
        pairs = self.bulk.pairs
        opposite = charges[pairs.first] * charges[pairs.second] < 0
        pairs = pairs.select(opposite if charges.any() else np.ones(len(opposite), dtype=bool))
        stretch = float(np.linalg.svd(self.fit.matrix, compute_uv=False).max())
        reach = 0.98 * CONNECTED / max(stretch, 1.0)
        shortest: dict[tuple[str, str], float] = {}
        for a, b, length in zip(symbols[pairs.first], symbols[pairs.second], pairs.distances,
                                strict=True):  # fmt: skip
            shortest[a, b] = min(length, shortest.get((a, b), np.inf))
        return {
            (str(a), str(b)): min(SHELL * length + 1e-6, reach)
            for (a, b), length in shortest.items()
            if length < reach
        }

    def _bulk_counts(self, pair: tuple[str, str]) -> NDArray[np.int64]:
        """Count the bonds of each site of the bulk."""
        symbols = np.array(self.bulk.atoms.get_chemical_symbols())
        pairs = self.bulk.pairs
        own = (symbols[pairs.first] == pair[0]) & (symbols[pairs.second] == pair[1])
        own &= pairs.distances <= self.limits[pair]
        counts = np.bincount(pairs.first[own], minlength=len(symbols))
        return np.asarray(counts, dtype=np.int64)

    def _counts(self, pair: tuple[str, str]) -> NDArray[np.int64]:
        own = (self.symbols[self.first] == pair[0]) & (self.symbols[self.second] == pair[1])
        counts = np.bincount(self.first[own], minlength=len(self.symbols))
        return np.asarray(counts, dtype=np.int64)

    def part(self) -> CrystalPart:
        """Return what was measured."""
        found, usual = self._space_groups()
        return CrystalPart(
            region=self.region,
            phase=self.bulk.phase.name,
            n_atoms=len(self.members),
            n_on_sites=int((self.fit.sites >= 0).sum()),
            n_inside=int(self.inside.sum()),
            deformation=self.fit.matrix.T.copy(),
            rms=self.fit.rms,
            flat=self.fit.flat,
            bonds=tuple(self._bonds()),
            space_group=found,
            bulk_space_group=usual,
        )

    def _bonds(self) -> Iterator[BondComparison]:
        for pair in _once(self.limits):
            own = (self.symbols[self.first] == pair[0]) & (self.symbols[self.second] == pair[1])
            usual = self._bulk_counts(pair)
            if not own.any():
                continue
            centres = self.inside & (self.symbols == pair[0])
            sites = np.array(self.bulk.atoms.get_chemical_symbols()) == pair[0]
            on = centres & (self.fit.sites >= 0)
            yield BondComparison(
                pair=pair,
                length=float(self.lengths[own].mean()),
                bulk_length=float(self.bulk_lengths[own].mean()),
                coordination=float(self._counts(pair)[centres].mean()) if centres.any() else None,
                bulk_coordination=float(
                    usual[self.fit.sites[on]].mean() if on.any() else usual[sites].mean()
                ),
            )

    def site_problems(self) -> Iterator[Problem]:
        """Atoms inside that are off their sites, or lack bonds that the bulk has."""
        crystal = self.bulk.phase.name
        for i in np.flatnonzero(self.inside & (self.fit.sites < 0)):
            yield Problem(
                kind="crystal",
                message=f"{self.symbols[i]} {self.members[i]}, inside the {self.region}, is on no "
                f"site of {crystal}",
                atoms=(int(self.members[i]),),
            )
        for pair in self.limits:
            counts, expected = self._counts(pair), self._bulk_counts(pair)[self.fit.sites]
            centres = self.inside & (self.symbols == pair[0]) & (self.fit.sites >= 0)
            for i in np.flatnonzero(centres & (counts != expected)):
                if not self._vacancy_inside(int(i), pair[1]):
                    continue
                yield Problem(
                    kind="coordination",
                    message=f"{pair[0]} {self.members[i]}, inside the {self.region}, has "
                    f"{counts[i]} bonds to {pair[1]} where {crystal} has {expected[i]}",
                    atoms=(int(self.members[i]),),
                )

    def _vacancy_inside(self, centre: int, element: str) -> bool:
        """Say whether a bulk neighbour that an atom lacks would itself lie inside the part."""
        site = int(self.fit.sites[centre])
        pairs, numbers = self.bulk.pairs, self.bulk.atoms.get_chemical_symbols()
        own = (pairs.first == site) & np.array([numbers[j] == element for j in pairs.second])
        own &= pairs.distances <= self.limits[self.symbols[centre], element]
        home = self.atoms.positions[centre] - self.fit.offsets[centre]
        places = home + pairs.vectors[own] @ self.fit.matrix
        kind = self.atoms[self.symbols == element]
        empty = counts_around(kind, places, OFF_SITE * self.bulk.shortest) == 0
        around = counts_around(self.atoms, places[empty], SURROUNDINGS)
        usual = neighbour_counts(self.deformed, SURROUNDINGS)[pairs.second[own][empty]]
        return bool((around >= INSIDE * usual).any())

    def _space_groups(self) -> tuple[str, str]:
        """Space group of the atoms averaged into one cell, and of the bulk's.

        The first is empty where a site has no atom, or where the atoms scatter so much that the
        bulk itself could not be told from something more symmetric.
        """
        bulk = self.bulk.atoms
        on = self.fit.sites >= 0
        inner = on & self.inside
        chosen = inner if len(np.unique(self.fit.sites[inner])) == len(bulk) else on
        sites, counts = self.fit.sites[chosen], np.bincount(self.fit.sites[chosen],
                                                            minlength=len(bulk))  # fmt: skip
        back = self.fit.offsets[chosen] @ np.linalg.inv(self.fit.matrix)
        sums = np.array([np.bincount(sites, back[:, k], len(bulk)) for k in range(3)]).T
        means = sums / np.maximum(counts, 1)[:, None]
        freedom = max(len(sites) - np.count_nonzero(counts), 1)
        scatter = np.sqrt(((back - means[sites]) ** 2).sum() / 3 / freedom)
        precision = max(AVERAGED, 6 * float(scatter) / np.sqrt(max(counts.min(), 1)))
        averaged = bulk.copy()
        averaged.positions += means
        try:
            usual = space_group(bulk, AVERAGED).symbol
            told = counts.all() and space_group(bulk, precision).symbol == usual
            return (space_group(averaged, precision).symbol if told else ""), usual
        except PhaseError:
            return "", ""


def _once(limits: Mapping[tuple[str, str], float]) -> list[tuple[str, str]]:
    """Every kind of bond in one direction, the more positive element first."""
    kinds = {tuple(sorted(pair, key=lambda e: (-FORMAL_CHARGES.get(e, 0), e))) for pair in limits}
    return sorted((str(a), str(b)) for a, b in kinds)
