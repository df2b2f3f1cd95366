"""Ranking of matches: the Pareto front of area against strain, and whole scans."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from qdstruct.matching.coincidence import (
    DEFAULT_MAX_AREA,
    DEFAULT_MAX_STRAIN,
    FacetPairMatches,
    check_bounds,
    scan_facets,
)
from qdstruct.matching.surfaces import Surface, facets
from qdstruct.model import CoincidenceMatch, Phase

__all__ = [
    "expected_rows",
    "long_scan_message",
    "pareto_front",
    "pareto_rows",
    "scan_matches",
]

MANY_ROWS = 2_000_000
"""Expected rows above which a scan warns before it starts."""
ZETA_3_ZETA_4 = 1.2020569 * 1.0823232
ROWS_PER_SECOND = 1e5
"""Speed of a scan on one core, records included, for the warning only."""


def pareto_front(matches: Iterable[CoincidenceMatch]) -> tuple[CoincidenceMatch, ...]:
    """Keep the matches that no other beats in both area and strain.

    Parameters
    ----------
    matches : iterable of CoincidenceMatch
        May be a stream; only the current front is held.

    Returns
    -------
    tuple of CoincidenceMatch
        Growing area, falling strain. Of matches equal in both (to 1e-6 relative) the first is
        kept, so the front of several facet pairs names each trade-off once.
    """
    front: list[CoincidenceMatch] = []
    for match in matches:
        if any(_beats(other, match) for other in front):
            continue
        front = [other for other in front if not _beats(match, other)]
        front.append(match)
    return tuple(sorted(front, key=lambda match: match.area))


def _beats(one: CoincidenceMatch, other: CoincidenceMatch) -> bool:
    return (
        one.area <= other.area * (1 + 1e-6)
        and one.max_strain <= other.max_strain * (1 + 1e-6) + 1e-9
    )


def pareto_rows(found: FacetPairMatches) -> FacetPairMatches:
    """Keep the rows of one facet pair that no other row of it beats."""
    best = np.minimum.accumulate(np.concatenate([[np.inf], found.max_strains]))[:-1]
    return found.select(np.flatnonzero(found.max_strains < best * (1 - 1e-6) - 1e-9))


def scan_matches(
    film: Phase,
    substrate: Phase,
    *,
    max_index: int = 1,
    max_area: float = DEFAULT_MAX_AREA,
    max_strain: float = DEFAULT_MAX_STRAIN,
) -> Iterator[CoincidenceMatch]:
    """Stream every match of every pair of symmetry-inequivalent facets.

    Parameters
    ----------
    film, substrate : Phase
        The crystals.
    max_index : int
        Largest Miller index of either crystal, in the cells of their files.
    max_area, max_strain : float
        Bounds as in `find_matches`.

    Yields
    ------
    CoincidenceMatch
        Facet pair by facet pair (widest planes first), within a pair by area then strain. Only
        one pair's rows are held at a time.

    Warns
    -----
    UserWarning
        Before a scan expected to return more than two million rows.
    """
    check_bounds(max_area, max_strain)
    film_facets, substrate_facets = (facets(phase, None, max_index) for phase in (film, substrate))
    message = long_scan_message(film_facets, substrate_facets, max_area, max_strain)
    if message:
        warnings.warn(message, UserWarning, stacklevel=2)
    for found in scan_facets(
        film,
        substrate,
        film_facets=[facet.hkl for facet in film_facets],
        substrate_facets=[facet.hkl for facet in substrate_facets],
        max_area=max_area,
        max_strain=max_strain,
    ):
        yield from found.records()


def expected_rows(
    films: Sequence[Surface], substrates: Sequence[Surface], *, max_area: float, max_strain: float
) -> float:
    """Estimate how many matches a scan of facets will return.

    Parameters
    ----------
    films, substrates : sequences of Surface
        The facets; every pair is scanned.
    max_area, max_strain : float
        Bounds as in `find_matches`.

    Notes
    -----
    The σ(n) superlattices of index n (on average π²n/6) have shapes spread evenly over the
    modular surface, whose hyperbolic area is π/3. For indices n and m whose areas differ by the
    factor e^u, shapes within the distance D = 2ε − |u| match: a disc of area πD². Summing over
    u and over n up to N_f = A/A_f gives (π²/6)²·4ε³·N_f²·N_s² pairs of superlattices with a
    correspondence, twice that with both senses of the film; ζ(3)·ζ(4) of them per primitive
    match. Equivalent ones are divided out by the order of the symmetry of both faces.
    """
    return sum(
        (np.pi**2 / 6) ** 2
        / ZETA_3_ZETA_4
        * 8
        * max_strain**3
        * (max_area**2 / (f.plane.area * s.plane.area)) ** 2
        / _symmetry_order(f.operations, s.operations)
        for f in films
        for s in substrates
    )


def _symmetry_order(film: NDArray[np.int64], substrate: NDArray[np.int64]) -> float:
    """Count the pairs of operations of equal handedness that move a generic match."""
    f, s = np.rint(np.linalg.det(film)), np.rint(np.linalg.det(substrate))
    pairs = (f > 0).sum() * (s > 0).sum() + (f < 0).sum() * (s < 0).sum()
    both_turn = all((group == -np.eye(2)).all(axis=(1, 2)).any() for group in (film, substrate))
    return float(pairs) / (2 if both_turn else 1)


def long_scan_message(
    films: Sequence[Surface], substrates: Sequence[Surface], max_area: float, max_strain: float
) -> str | None:
    """Say how many rows and how much time a long scan will take; None for a short one."""
    check_bounds(max_area, max_strain)
    rows = expected_rows(films, substrates, max_area=max_area, max_strain=max_strain)
    cells = [
        sum((max_area / facet.plane.area) ** 2 for facet in side) for side in (films, substrates)
    ]
    if rows <= MANY_ROWS and max(cells) <= MANY_ROWS:
        return None
    seconds = rows / ROWS_PER_SECOND + sum(cells) / ROWS_PER_SECOND
    return (
        f"{films[0].crystal.name} on {substrates[0].crystal.name} within {max_area:g} Å² and "
        f"{max_strain:.2%}: about {rows:.1e} matches, {_duration(seconds)} or more"
    )


def _duration(seconds: float) -> str:
    for unit, length in (("years", 3.2e7), ("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return "a minute"
