"""Where two slabs meet best side by side: octahedra connected across, few left open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.contact import contact_table, lateral_distances
from qdstruct.building.junction import BOND_STRETCH
from qdstruct.geometry.neighbours import neighbour_pairs

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["BOND_SCALE", "JunctionSearch", "Placement"]

DEPTH = 6.0
"""Å: how deep both faces take part."""

MOVABLE_DEPTH = 3.2
"""Å: ions of single charge this near to the film's face may be taken out."""

ROOM = 0.85
"""Ions closer to the other side than this times their contact distance have no room; for ions that
bond (Pb and Br, 3.15 Å) that is 2.68 Å."""

MOLECULE_DEPTH = 4.5
"""Å: how deep atoms of molecules take part; they only take up room."""

BOND_SCALE = 0.95
"""Ionic radii overestimate the Pb–Br bond (3.15 Å against 2.97 Å in CsPbBr3); the film is lowered
until a bond of this fraction touches."""

SANE_ANGLE = 120.0
"""Degrees: bridges bent more strongly share an edge or a face rather than a corner."""

SANE_STRETCH = 1.0
"""Bonds of a bridge up to this times the contact distance (3.15 Å for Pb–Br) are sound."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Placement:
    """One place of the film beside the substrate."""

    cost: tuple[float, ...]
    """Smaller is better: bent bridges less sound ones, open octahedra, anions they lack, how
    uneven and bent the sound bridges are, ions removed, height."""
    shift: tuple[float, float]
    """In-plane, fractions of the cell."""
    height: float
    """From the highest atom of the substrate to the lowest of the film before any is removed, Å."""
    removed: NDArray[np.bool_]
    """(n,) ions of the film that have no room, and counter-ions that keep it neutral."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Face:
    """The atoms of one side that can take part in the junction."""

    indices: NDArray[np.int64]
    positions: NDArray[np.float64]
    charges: NDArray[np.float64]
    framework: NDArray[np.bool_]
    bonds: NDArray[np.bool_]
    """(n, n) True from a polyvalent cation to an anion of its octahedron."""
    missing: NDArray[np.int64]
    """(n,) anions that each polyvalent cation lacks on its own side; 0 for other atoms."""

    @property
    def cations(self) -> NDArray[np.bool_]:
        """Polyvalent cations of the framework."""
        return self.framework & (self.charges >= 2)

    @property
    def anions(self) -> NDArray[np.bool_]:
        """Anions of the framework."""
        return self.framework & (self.charges < 0)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Near:
    """Pairs of a film and a substrate atom that can touch at one shift, row after row."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    lateral: NDArray[np.float64]
    """In-plane distance, Å."""
    vertical: NDArray[np.float64]
    """How much farther apart than the two faces they are along the normal, Å."""
    contacts: NDArray[np.float64]
    opposite: NDArray[np.bool_]


class JunctionSearch:
    """Film and substrate in one cell, and how well they join at any shift and height.

    Parameters
    ----------
    film, substrate : Atoms
        Both slabs in the common in-plane cell, with ``molecule`` and ``formal_charge`` arrays.
    cell : (2, 2) array
        In-plane cell, Å.
    usual : dict
        Anions around each polyvalent cation in the bulk, ``{"Pb": 6}``.
    """

    def __init__(
        self, film: Atoms, substrate: Atoms, cell: NDArray[np.float64], usual: dict[str, int]
    ) -> None:
        self.cell = cell
        self.n_film = len(film)
        film_low, substrate_top = film.positions[:, 2].min(), substrate.positions[:, 2].max()
        self.film = _face(film, film.positions[:, 2] - film_low, usual)
        self.substrate = _face(substrate, substrate_top - substrate.positions[:, 2], usual)
        self.rises = self.film.positions[:, 2] - film_low
        self.depths = substrate_top - self.substrate.positions[:, 2]
        self.contacts = contact_table(film[self.film.indices], substrate[self.substrate.indices])
        self.movable = (
            self.film.framework & (np.abs(self.film.charges) == 1) & (self.rises < MOVABLE_DEPTH)
        )
        self.opposite = np.outer(self.film.charges, self.substrate.charges) < 0
        self.opposite &= np.outer(self.film.framework, self.substrate.framework)

    def placements(
        self, shifts: NDArray[np.float64], *, rise: float, height: float | None = None
    ) -> Iterator[Placement]:
        """Yield the sensible placements at some shifts, at one height or at all worth trying.

        Heights run in steps of `rise` (Å) from where the ions that must stay touch the substrate to
        where all do.
        """
        for shift in shifts:
            lateral = lateral_distances(
                self.substrate.positions[:, :2], self.film.positions[:, :2] + shift @ self.cell,
                self.cell,
            ).T  # fmt: skip
            near = self._near(lateral)
            for one in [height] if height is not None else self._heights(lateral, rise):
                placed = self._placement((float(shift[0]), float(shift[1])), one, lateral, near)
                if placed is not None:
                    yield placed

    def _heights(self, lateral: NDArray[np.float64], rise: float) -> NDArray[np.float64]:
        needed = np.where(self.opposite, BOND_SCALE, ROOM) * self.contacts
        touching = np.sqrt(np.maximum(needed**2 - lateral**2, 0.0))
        touching = np.where(lateral < needed, touching, -np.inf)
        touching -= self.rises[:, None] + self.depths[None]
        lowest = touching[~self.movable].max(initial=-np.inf)
        highest = touching.max(initial=-np.inf)
        if not np.isfinite(lowest):
            lowest = highest
        steps = np.arange(0.0, highest - lowest + rise, rise)
        return np.asarray(np.append(lowest + steps[lowest + steps < highest], highest))

    def _near(self, lateral: NDArray[np.float64]) -> _Near:
        """Return the pairs that bond or crowd each other at some height."""
        rows, columns = np.nonzero(lateral <= BOND_STRETCH * self.contacts)
        return _Near(
            rows=rows,
            columns=columns,
            lateral=lateral[rows, columns],
            vertical=self.rises[rows] + self.depths[columns],
            contacts=self.contacts[rows, columns],
            opposite=self.opposite[rows, columns],
        )

    def _placement(
        self,
        shift: tuple[float, float],
        height: float,
        lateral: NDArray[np.float64],
        near: _Near,
    ) -> Placement | None:
        film, substrate = self.film, self.substrate
        distances = np.hypot(near.lateral, height + near.vertical)
        crowded = np.zeros(len(film.charges), dtype=bool)
        crowded[near.rows[distances / near.contacts < ROOM - 1e-9]] = True
        if (crowded & ~self.movable).any():
            return None
        removed = self._neutral(crowded, lateral, height)
        if removed is None:
            return None
        bonded = (distances <= BOND_STRETCH * near.contacts) & near.opposite & ~removed[near.rows]
        pairs = np.column_stack([near.rows[bonded], near.columns[bonded]])
        over = pairs[film.cations[pairs[:, 0]]], pairs[substrate.cations[pairs[:, 1]]]
        lost = film.bonds[:, removed].sum(axis=1)
        open_film = film.missing + lost - np.bincount(over[0][:, 0], minlength=len(film.charges))
        open_substrate = substrate.missing - np.bincount(
            over[1][:, 1], minlength=len(substrate.charges)
        )
        broken = _counted(open_film, film.cations) + _counted(open_substrate, substrate.cations)
        sound, poor, uneven = self._bridges(shift, height, over, removed)
        lacking = np.maximum(open_film, 0).sum() + np.maximum(open_substrate, 0).sum()
        cost = (poor - sound, broken, float(lacking), uneven, float(removed.sum()), height)
        everywhere = np.zeros(self.n_film, dtype=bool)
        everywhere[film.indices[removed]] = True
        return Placement(cost=cost, shift=shift, height=height, removed=everywhere)

    def _neutral(
        self, crowded: NDArray[np.bool_], lateral: NDArray[np.float64], height: float
    ) -> NDArray[np.bool_] | None:
        """Add the most crowded counter-ions until what is removed is neutral."""
        removed = crowded.copy()
        net = float(self.film.charges[removed].sum())
        if abs(net) < 1e-6:
            return removed
        free = np.flatnonzero(self.movable & ~removed & (self.film.charges * net < 0))
        distances = np.hypot(lateral[free], height + self.rises[free, None] + self.depths[None])
        clearance = (distances / self.contacts[free]).min(axis=1, initial=np.inf)
        for i in free[np.argsort(clearance, kind="stable")]:
            if abs(net) < 1e-6:
                break
            if self.film.charges[i] * net < 0:
                removed[i] = True
                net += float(self.film.charges[i])
        return removed if abs(net) < 1e-6 else None

    def _bridges(
        self,
        shift: tuple[float, float],
        height: float,
        over: tuple[NDArray[np.int64], NDArray[np.int64]],
        removed: NDArray[np.bool_],
    ) -> tuple[int, int, float]:
        """Count sound bridges and poor ones; rate how uneven and bent the sound ones are."""
        film, substrate = self.film, self.substrate
        moved = film.positions[:, :2] + np.array(shift) @ self.cell
        upper = np.column_stack([moved, height + self.rises])
        lower = np.column_stack([substrate.positions[:, :2], -self.depths])
        found = []
        for i, a in over[0]:
            for j in np.flatnonzero(substrate.bonds[:, a]):
                inner = self._vector(lower[a], lower[j])
                outer = self._vector(lower[a], upper[i])
                found.append((inner, outer, float(self.contacts[i, a])))
        for a, j in over[1]:
            for i in np.flatnonzero(film.bonds[:, a] & ~removed):
                inner = self._vector(upper[a], lower[j])
                outer = self._vector(upper[a], upper[i])
                found.append((inner, outer, float(self.contacts[a, j])))
        sound, poor, uneven = 0, 0, 0.0
        for inner, outer, contact in found:
            lengths = np.linalg.norm(inner), np.linalg.norm(outer)
            angle = np.degrees(np.arccos(np.clip(inner @ outer / (lengths[0] * lengths[1]), -1, 1)))
            if angle > SANE_ANGLE and max(lengths) < SANE_STRETCH * contact:
                sound += 1
                uneven += abs(lengths[0] - lengths[1]) + (180.0 - angle) / 100.0
            elif angle <= SANE_ANGLE:
                poor += 1
        return sound, poor, float(uneven / max(sound, 1))

    def _vector(self, start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shortest vector between two places over the in-plane periods, Å."""
        apart = end - start
        fractions = apart[:2] @ np.linalg.inv(self.cell)
        return np.append((fractions - np.rint(fractions)) @ self.cell, apart[2])


def _counted(missing: NDArray[np.int64], cations: NDArray[np.bool_]) -> float:
    """Open octahedra, one each; a cation with an anion too many counts as much."""
    return float(np.count_nonzero(missing[cations]))


def _face(atoms: Atoms, depths: NDArray[np.float64], usual: dict[str, int]) -> _Face:
    charges = np.asarray(atoms.arrays["formal_charge"])
    framework = np.asarray(atoms.arrays["molecule"]) < 0
    indices = np.flatnonzero(depths < np.where(framework, DEPTH, MOLECULE_DEPTH))
    slab = atoms.copy()
    slab.pbc = (True, True, False)
    reach = BOND_STRETCH * float(contact_table(slab[framework], slab[framework]).max(initial=1.0))
    pairs = neighbour_pairs(slab, reach)
    contacts = contact_table(slab, slab)
    bonded = (framework & (charges >= 2))[pairs.first] & (framework & (charges < 0))[pairs.second]
    pairs = pairs.select(bonded)
    pairs = pairs.select(pairs.distances <= BOND_STRETCH * contacts[pairs.first, pairs.second])
    counts = np.bincount(pairs.first, minlength=len(atoms))
    wanted = np.array([usual.get(symbol, 0) for symbol in atoms.symbols])
    table = np.zeros((len(atoms), len(atoms)), dtype=bool)
    table[pairs.first, pairs.second] = True
    missing = np.where(framework & (charges >= 2), wanted - counts, 0)
    return _Face(
        indices=indices,
        positions=atoms.positions[indices],
        charges=charges[indices],
        framework=framework[indices],
        bonds=table[np.ix_(indices, indices)],
        missing=np.asarray(missing[indices], dtype=np.int64),
    )
