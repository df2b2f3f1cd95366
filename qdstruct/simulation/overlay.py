"""Two crystals in one diffraction pattern, in their orientation relation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qdstruct.errors import InputError
from qdstruct.model.patterns import Spot, SpotCoincidence, SpotPattern

__all__ = ["align_patterns", "spot_coincidences", "turn_pattern"]

Miller = tuple[int, int, int]


def turn_pattern(pattern: SpotPattern, degrees: float) -> SpotPattern:
    """Return the pattern turned counter-clockwise about the direct beam."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))

    def turned(spot: Spot) -> Spot:
        x, y = spot.g
        place = (float(cosine * x - sine * y), float(sine * x + cosine * y))
        return replace(spot, g=place, angle=float((spot.angle + degrees) % 360))

    return replace(pattern, spots=tuple(turned(spot) for spot in pattern.spots))


def align_patterns(
    first: SpotPattern, second: SpotPattern, first_hkl: Miller, second_hkl: Miller
) -> SpotPattern:
    """Turn the second pattern until its reflection lies along one of the first.

    Parameters
    ----------
    first, second : SpotPattern
        Zone axes of two crystals that are parallel, both towards the observer.
    first_hkl, second_hkl : three integers
        Planes that are parallel; reflections of the two zones.

    Returns
    -------
    SpotPattern
        The second pattern in the frame of the first.

    Raises
    ------
    InputError
        If a reflection does not belong to its zone or lies beyond the pattern.
    """
    turn = _spot(first, first_hkl).angle - _spot(second, second_hkl).angle
    return turn_pattern(second, turn)


def _spot(pattern: SpotPattern, hkl: Miller) -> Spot:
    for spot in pattern.spots:
        if spot.hkl == tuple(hkl):
            return spot
    zone = " ".join(map(str, pattern.zone))
    if np.dot(hkl, pattern.zone) != 0:
        raise InputError(
            f"the plane {tuple(hkl)} of {pattern.phase} does not contain its zone axis [{zone}]",
            hint="hu + kv + lw must be 0",
        )
    raise InputError(
        f"the reflection {tuple(hkl)} of {pattern.phase} lies beyond {pattern.max_g:g} 1/Å",
        hint="raise --max-g",
    )


def spot_coincidences(
    first: SpotPattern, second: SpotPattern, *, tolerance: float = 0.05
) -> tuple[SpotCoincidence, ...]:
    """List allowed spots of two patterns that nearly fall on each other, closest first.

    Parameters
    ----------
    first, second : SpotPattern
        In one frame (see `align_patterns`).
    tolerance : float
        Largest distance of two spots relative to the length of the first; only one of each pair
        ±g is listed.
    """
    found = []
    for one in _upper(first.spots):
        for two in second.spots:
            if two.forbidden:
                continue
            distance = float(np.hypot(one.g[0] - two.g[0], one.g[1] - two.g[1]))
            if distance <= tolerance * one.length:
                found.append(
                    SpotCoincidence(
                        first=one.hkl,
                        second=two.hkl,
                        mismatch=one.length / two.length - 1,
                        angle=float((two.angle - one.angle + 180) % 360 - 180),
                        distance=distance,
                    )
                )
    return tuple(sorted(found, key=lambda pair: (round(pair.distance, 9), pair.first)))


def _upper(spots: Sequence[Spot]) -> list[Spot]:
    return [spot for spot in spots if not spot.forbidden and spot.angle < 180 - 1e-9]
