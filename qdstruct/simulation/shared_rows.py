"""Pairs between two crystals that share the direction of a row of atoms.

Grown on each other, two lattices nearly always have one direction in common. Along it both are
bundles of parallel rows, and two rows are as far apart as their distance d across and their offset
t along the direction say: r² = d² + t². All pairs of atoms of two kinds of rows have the same few
hundred offsets t, so counting the pairs of *rows* by d, with the stretch of offsets that each pair
covers, counts the pairs of atoms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from qdstruct.geometry import plane_basis
from qdstruct.simulation.particles import LatticeDomain

__all__ = ["RowKind", "kinds_of_rows", "shared_direction"]

MAX_INDEX = 4
"""Largest index of a row direction in the axes of each lattice."""
ALIGNMENT = 1e-4
"""Å: how far the ends of two rows may part over the length of the particle."""
SAME_PHASE = 2e-5
"""Å: rows whose atoms lie this close along the direction are of one kind."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RowKind:
    """Rows of one element whose atoms lie at the same offsets along the direction."""

    symbol: str
    offsets: NDArray[np.float64]
    """(K,) places along the direction that some row occupies, Å."""
    across: NDArray[np.float64]
    """(P, 2) places of the rows across the direction, Å."""
    stretch: NDArray[np.int64]
    """(P, 2) first offset of each row and the one after its last; a row with a hole is two."""


def shared_direction(
    first: LatticeDomain, second: LatticeDomain
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Return the indices [uvw], in each lattice, of the shared direction with the densest rows.

    Returns
    -------
    pair of (3,) arrays, or None
        None if no directions with indices up to `MAX_INDEX` are parallel.
    """
    indices = _directions()
    steps = [indices @ part.cell for part in (first, second)]
    lengths = [np.linalg.norm(step, axis=1) for step in steps]
    one, two = (step / length[:, None] for step, length in zip(steps, lengths, strict=True))
    corners = np.concatenate([_corners(first), _corners(second)])
    extent = float(np.linalg.norm(np.ptp(corners, axis=0)))
    cosine = one @ two.T
    candidates = np.argwhere(np.abs(cosine) > 1 - 1e-6)
    sine = np.linalg.norm(np.cross(one[candidates[:, 0]], two[candidates[:, 1]]), axis=1)
    candidates = candidates[sine * extent <= ALIGNMENT]
    if len(candidates) == 0:
        return None
    cost = lengths[0][candidates[:, 0]] * lengths[1][candidates[:, 1]]
    i, j = candidates[int(cost.argmin())]
    return indices[i], np.sign(int(np.rint(cosine[i, j]))) * indices[j]


def _directions() -> NDArray[np.int64]:
    """Return one of each pair ±[uvw] of coprime indices."""
    span = range(-MAX_INDEX, MAX_INDEX + 1)
    found = [uvw for uvw in product(span, span, span) if uvw > (0, 0, 0)]
    return np.array([uvw for uvw in found if np.gcd.reduce(uvw) == 1])


def _corners(domain: LatticeDomain) -> NDArray[np.float64]:
    counts = np.array(domain.occupied.shape[1:])
    corners = np.array(list(product(*((0, n) for n in counts.tolist()))))
    return np.asarray(corners @ domain.cell + domain.origin)


def kinds_of_rows(
    domain: LatticeDomain, uvw: NDArray[np.int64], frame: NDArray[np.float64]
) -> list[RowKind]:
    """Sort the atoms of a domain into rows along [uvw].

    Parameters
    ----------
    domain : LatticeDomain
        The crystal.
    uvw : (3,) integer array
        Coprime indices of the rows.
    frame : (3, 3) array
        Orthonormal rows; the last is the direction.
    """
    to_rows = plane_basis(uvw)
    vectors = np.rint(np.linalg.inv(to_rows)).T @ domain.cell
    spacing = float(np.linalg.norm(vectors[2]))
    pieces: dict[str, list[NDArray[np.float64]]] = {}
    for site, (symbol, filled) in enumerate(zip(domain.symbols, domain.occupied, strict=True)):
        rows, stretch = _segments(np.argwhere(filled) @ to_rows.T)
        start = domain.origin + domain.basis[site] + rows @ vectors[:2]
        place = start @ frame.T
        along = np.column_stack([place, stretch])
        pieces.setdefault(symbol, []).append(along)
    return [
        kind
        for symbol, found in pieces.items()
        for kind in _by_phase(symbol, np.concatenate(found), spacing)
    ]


def _segments(m: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (P, 2) row indices and (P, 2) first and after-last places of unbroken stretches."""
    m = m[np.lexsort((m[:, 2], m[:, 1], m[:, 0]))]
    begins = np.ones(len(m), dtype=bool)
    begins[1:] = (np.diff(m[:, :2], axis=0) != 0).any(axis=1) | (np.diff(m[:, 2]) != 1)
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(m)) - 1 if len(m) else first
    return m[first, :2], np.column_stack([m[first, 2], m[last, 2] + 1])


def _by_phase(symbol: str, rows: NDArray[np.float64], spacing: float) -> Iterator[RowKind]:
    """Group rows (across, across, along, first, after last) whose atoms lie at equal offsets."""
    if len(rows) == 0:
        return
    phase = rows[:, 2] % spacing
    order = np.argsort(phase, kind="stable")
    jumps = np.flatnonzero(np.diff(phase[order]) > SAME_PHASE) + 1
    groups = np.split(order, jumps)
    ends = phase[groups[0][0]] + spacing - phase[groups[-1][-1]]
    if len(groups) > 1 and ends <= SAME_PHASE:
        groups[0] = np.concatenate([groups[0], groups.pop()])
    for group in groups:
        origin = rows[group[0], 2]
        whole = np.rint((rows[group, 2] - origin) / spacing).astype(np.int64)
        stretch = rows[group, 3:].astype(np.int64) + whole[:, None]
        low, high = int(stretch[:, 0].min()), int(stretch[:, 1].max())
        yield RowKind(
            symbol=symbol,
            offsets=origin + spacing * np.arange(low, high),
            across=np.ascontiguousarray(rows[group, :2]),
            stretch=stretch - low,
        )
