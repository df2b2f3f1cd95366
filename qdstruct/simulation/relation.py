"""From two indexed crystals in one image to their orientation relationship."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.errors import InputError
from qdstruct.geometry import reduce_miller
from qdstruct.model.patterns import (
    ImagedRelation,
    ParallelPlanes,
    Spot,
    SpotIndexing,
    SpotPattern,
)
from qdstruct.simulation.electron import zone_axis_pattern
from qdstruct.simulation.overlay import turn_pattern

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["imaged_relation"]

Miller = tuple[int, int, int]
MAX_INDEX = 4
"""Planes with larger indices (without a common factor) are not proposed."""


def imaged_relation(
    first: tuple[SpotIndexing, Atoms],
    second: tuple[SpotIndexing, Atoms],
    *,
    max_g: float = 1.3,
    tolerance: float = 2.0,
) -> ImagedRelation:
    """Propose the orientation relationship of two crystals that were indexed in one image.

    Parameters
    ----------
    first, second : (SpotIndexing, Atoms)
        An explanation of `index_overlapping` and the crystal it names.
    max_g : float
        Reflections up to this 1/d are compared, 1/Å.
    tolerance : float
        Largest angle between planes called parallel, degrees.

    Returns
    -------
    ImagedRelation
        Parallel zone axes and pairs of parallel planes, best fit along them first. Every pair is
        edge-on in the image and may be the interface; which one it is, the image shows.

    Raises
    ------
    InputError
        If no planes are parallel within the tolerance.
    """
    patterns = [_in_the_image(*one, max_g) for one in (first, second)]
    found: dict[tuple[Miller, Miller], tuple[Spot, Spot]] = {}
    for one, two in _parallel_spots(patterns[0], patterns[1], tolerance):
        key = (reduce_miller(one.hkl), reduce_miller(two.hkl))
        if np.abs(key).max() > MAX_INDEX:
            continue
        if key not in found or abs(_mismatch(one, two)) < abs(_mismatch(*found[key])):
            found[key] = (one, two)
    if not found:
        raise InputError(
            f"no planes of {first[0].phase} and {second[0].phase} are parallel within "
            f"{tolerance:g}°",
            hint="raise the tolerance, or look at the indexing",
        )
    planes = [_planes(pair, list(found.values()), tolerance) for pair in found.values()]
    ordered = sorted(planes, key=_order)
    return ImagedRelation(
        phases=(first[0].phase, second[0].phase),
        zones=_towards_positive(first[0].zone, second[0].zone),
        planes=tuple(ordered),
    )


def _parallel_spots(
    first: SpotPattern, second: SpotPattern, tolerance: float
) -> Iterator[tuple[Spot, Spot]]:
    """Yield allowed spots of two patterns in the same direction, one of each pair ±g."""
    for one in first.spots:
        if one.forbidden or not -1e-9 <= one.angle < 180 - 1e-9:
            continue
        for two in second.spots:
            if not two.forbidden and abs(_turn(one, two)) <= tolerance:
                yield one, two


def _turn(one: Spot, two: Spot) -> float:
    return (two.angle - one.angle + 180) % 360 - 180


def _mismatch(one: Spot, two: Spot) -> float:
    return one.length / two.length - 1


def _planes(
    pair: tuple[Spot, Spot], pairs: list[tuple[Spot, Spot]], tolerance: float
) -> ParallelPlanes:
    one, two = pair
    crossing = [
        _mismatch(*other) for other in pairs if abs(abs(_turn(one, other[0])) - 90) <= tolerance
    ]
    return ParallelPlanes(
        first=one.hkl,
        second=two.hkl,
        angle=_turn(one, two),
        mismatch=_mismatch(one, two),
        misfit=min(crossing, key=abs) if crossing else None,
    )


def _order(pair: ParallelPlanes) -> tuple[float, float, float]:
    size = float(np.abs(reduce_miller(pair.first)).sum() + np.abs(reduce_miller(pair.second)).sum())
    misfit = 1.0 if pair.misfit is None else abs(pair.misfit)
    return (round(misfit, 3), size, abs(pair.mismatch))


def _towards_positive(one: Miller, two: Miller) -> tuple[Miller, Miller]:
    """Turn both directions round where the first begins with a minus: they stay parallel."""
    if next(index for index in one if index) > 0:
        return one, two
    return (-one[0], -one[1], -one[2]), (-two[0], -two[1], -two[2])


def _in_the_image(indexed: SpotIndexing, atoms: Atoms, max_g: float) -> SpotPattern:
    pattern = zone_axis_pattern(atoms, name=indexed.phase, zone=indexed.zone, max_g=max_g)
    turned = turn_pattern(pattern, indexed.turn)
    if not np.any([not spot.forbidden for spot in turned.spots]):
        raise InputError(f"{indexed.phase}: no allowed reflection up to {max_g:g} 1/Å")
    return turned
