"""What to say when nothing fits: which bound is the nearest miss, and by how much."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qdstruct.errors import MatchError
from qdstruct.matching.coincidence import match_facets
from qdstruct.matching.surfaces import Surface

__all__ = ["no_match_error", "smallest_sufficient_area", "smallest_sufficient_strain"]

FARTHEST_AREA = 8.0
"""How far beyond the bound the search for a sufficient area goes, as a factor."""
LARGEST_STRAIN = 0.3
"""Where the search for a sufficient strain stops."""


def smallest_sufficient_area(
    pairs: Sequence[tuple[Surface, Surface]], *, max_area: float, max_strain: float
) -> float | None:
    """Return the smallest bound on the area at which a match appears, Å², or None if far away."""
    smallest = min(max(f.plane.area, s.plane.area) for f, s in pairs)
    bound = max(max_area, smallest)
    for _ in range(5):
        needed = [
            float(np.min(np.maximum(found.areas, found.film_areas)))
            for f, s in pairs
            if len(found := match_facets(f, s, max_area=bound, max_strain=max_strain))
        ]
        if needed:
            return min(needed)
        if bound >= FARTHEST_AREA * max(max_area, smallest):
            break
        bound *= 2
    return None


def smallest_sufficient_strain(
    pairs: Sequence[tuple[Surface, Surface]], *, max_area: float, max_strain: float
) -> float | None:
    """Return the smallest bound on the strain at which a match appears, or None if far away."""
    bound = max_strain
    while bound < LARGEST_STRAIN:
        bound = min(1.5 * bound, LARGEST_STRAIN)
        needed = [
            float(found.max_strains.min())
            for f, s in pairs
            if len(found := match_facets(f, s, max_area=max_area, max_strain=bound))
        ]
        if needed:
            return min(needed)
    return None


def smallest_sufficient_both(
    pairs: Sequence[tuple[Surface, Surface]], *, max_area: float, max_strain: float
) -> tuple[float, float] | None:
    """Return an (area, strain) that suffices when loosening one bound alone does not."""
    smallest = min(max(f.plane.area, s.plane.area) for f, s in pairs)
    strain = max_strain
    while strain < LARGEST_STRAIN:
        strain = min(2 * strain, LARGEST_STRAIN)
        area = smallest_sufficient_area(
            pairs, max_area=max(max_area, 2 * smallest), max_strain=strain
        )
        if area is not None:
            return area, strain
    return None


def no_match_error(
    pairs: Sequence[tuple[Surface, Surface]], *, max_area: float, max_strain: float
) -> MatchError:
    """Make the error that says which bound to loosen and by how much.

    Parameters
    ----------
    pairs : sequence of (film facet, substrate facet)
        What was searched, at least one pair.
    max_area, max_strain : float
        The bounds within which nothing was found.
    """
    film, substrate = pairs[0]
    where = (
        f"{film.crystal.name} {film.hkl} on {substrate.crystal.name} {substrate.hkl}"
        if len(pairs) == 1
        else f"any of {len(pairs)} facet pairs of {film.crystal.name} and {substrate.crystal.name}"
    )
    area = smallest_sufficient_area(pairs, max_area=max_area, max_strain=max_strain)
    strain = smallest_sufficient_strain(pairs, max_area=max_area, max_strain=max_strain)
    advice = []
    if area is not None:
        advice.append(f"area {np.ceil(area):.0f} Å² would be enough")
    if strain is not None:
        advice.append(f"strain {_percent_up(strain)} would be enough")
    if not advice:
        both = smallest_sufficient_both(pairs, max_area=max_area, max_strain=max_strain)
        if both is not None:
            advice.append(
                f"loosen both: area {np.ceil(both[0]):.0f} Å² with strain {_percent_up(both[1])} "
                "would be enough"
            )
    return MatchError(
        f"no coincidence cell for {where} within {max_area:g} Å² and {max_strain * 100:g} % strain",
        hint=", or ".join(advice) or "nothing fits far beyond either bound: choose other planes",
    )


def _percent_up(strain: float) -> str:
    return f"{np.ceil(strain * 1000 - 1e-9) / 10:.1f} %"
