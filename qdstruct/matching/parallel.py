"""Choosing the matches that keep two given directions parallel."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.errors import MatchError
from qdstruct.model import CoincidenceMatch

__all__ = ["angle_between", "keep_parallel"]


def angle_between(
    match: CoincidenceMatch, film_direction: ArrayLike, substrate_direction: ArrayLike
) -> float:
    """Return the angle between a film and a substrate direction in the strained interface.

    Parameters
    ----------
    match : CoincidenceMatch
        The coincidence cell that fixes the azimuth.
    film_direction, substrate_direction : (3,) arrays
        Cartesian, each in the frame of its own crystal, lying in the interface plane.

    Returns
    -------
    float
        Degrees, 0 to 180.

    Raises
    ------
    MatchError
        If a direction does not lie in its plane.

    Notes
    -----
    The film direction is expressed in the film's supercell vectors; the same coefficients on the
    substrate's supercell vectors say where the coherent film carries it.
    """
    film_cell = match.film_transform @ match.film_plane_vectors
    substrate_cell = match.substrate_transform @ match.substrate_plane_vectors
    coefficients = _in_plane(film_cell, film_direction, match.film_hkl)
    _in_plane(substrate_cell, substrate_direction, match.substrate_hkl)
    carried = coefficients @ substrate_cell
    target = np.asarray(substrate_direction, dtype=float)
    cosine = carried @ target / (np.linalg.norm(carried) * np.linalg.norm(target))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _in_plane(
    vectors: NDArray[np.float64], direction: ArrayLike, hkl: tuple[int, int, int]
) -> NDArray[np.float64]:
    vector = np.asarray(direction, dtype=float)
    coefficients = np.asarray(np.linalg.lstsq(vectors.T, vector, rcond=None)[0])
    if np.linalg.norm(coefficients @ vectors - vector) > 1e-6 * np.linalg.norm(vector):
        raise MatchError(
            f"a direction that should be parallel does not lie in the plane {hkl}",
            hint="a direction [uvw] lies in (hkl) when hu + kv + lw = 0",
        )
    return coefficients


def keep_parallel(
    matches: Iterable[CoincidenceMatch],
    *,
    film_direction: ArrayLike,
    substrate_direction: ArrayLike,
    tolerance: float,
) -> tuple[CoincidenceMatch, ...]:
    """Keep the matches in which the two directions are parallel or antiparallel.

    Parameters
    ----------
    matches : iterable of CoincidenceMatch
        Coincidence cells of one pair of planes.
    film_direction, substrate_direction : (3,) arrays
        Cartesian, each in the frame of its own crystal.
    tolerance : float
        Largest angle between the two lines, degrees.

    Returns
    -------
    tuple of CoincidenceMatch
        In the given order.
    """
    kept = []
    for match in matches:
        angle = angle_between(match, film_direction, substrate_direction)
        if min(angle, 180 - angle) <= tolerance:
            kept.append(match)
    return tuple(kept)
