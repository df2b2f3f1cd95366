"""The symmetry-equivalent descriptions of one match, and those that keep directions parallel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.errors import MatchError
from qdstruct.matching.strain import deformation_gradient, plane_frame, polar_decomposition
from qdstruct.matching.surfaces import Surface, crystal, surface
from qdstruct.model import CoincidenceMatch, Phase

__all__ = ["direction_deviation", "equivalent_matches", "keep_parallel"]


def equivalent_matches(
    match: CoincidenceMatch, film: Surface, substrate: Surface
) -> Iterator[CoincidenceMatch]:
    """Yield the match as it appears after the symmetry operations of both faces.

    Pairs of operations that act with equal handedness within the plane are applied, so that the
    film is never replaced by its mirror image. The first one yielded is the match itself.
    """
    seen: set[tuple[int, ...]] = set()
    one = np.eye(2, dtype=np.int64)
    operations = [(one, one), *((u, w) for u in film.operations for w in substrate.operations)]
    for u, w in operations:
        sign = round(np.linalg.det(u))
        if sign != round(np.linalg.det(w)):
            continue
        flip = np.diag([1, sign])
        f, s = flip @ match.film_transform @ u, flip @ match.substrate_transform @ w
        key = tuple((_adjugate(f) @ s).ravel().tolist())
        if key not in seen:
            seen.add(key)
            yield _redescribed(match, f, s, film, substrate)


def _adjugate(m: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.array([[m[1, 1], -m[0, 1]], [-m[1, 0], m[0, 0]]])


def _redescribed(
    match: CoincidenceMatch,
    f: NDArray[np.int64],
    s: NDArray[np.int64],
    film: Surface,
    substrate: Surface,
) -> CoincidenceMatch:
    described = replace(
        match,
        film_transform=f,
        substrate_transform=s,
        film_directions=f @ film.lattice_directions,
        substrate_directions=s @ substrate.lattice_directions,
    )
    R, U = polar_decomposition(deformation_gradient(described))
    rotation = float(np.degrees(np.arctan2(R[1, 0], R[0, 0])))
    return replace(described, strain=U - np.eye(2), rotation=rotation)


def direction_deviation(
    match: CoincidenceMatch, film_direction: ArrayLike, substrate_direction: ArrayLike
) -> float:
    """Return the angle in degrees, 0 … 90, between two directions across the interface.

    Parameters
    ----------
    match : CoincidenceMatch
        The coincidence cell.
    film_direction, substrate_direction : (3,) arrays
        Cartesian, each in its own crystal's frame and interface plane. They are compared after
        the film is turned and strained; the sense of a direction is ignored.

    Raises
    ------
    MatchError
        If a direction does not lie in its plane.
    """
    f = _in_plane(film_direction, match.film_plane_vectors, match.film_hkl)
    s = _in_plane(substrate_direction, match.substrate_plane_vectors, match.substrate_hkl)
    moved = deformation_gradient(match) @ f
    sine = abs(moved[0] * s[1] - moved[1] * s[0])
    return float(np.degrees(np.arctan2(sine, abs(moved @ s))))


def _in_plane(
    direction: ArrayLike, vectors: NDArray[np.float64], hkl: tuple[int, int, int]
) -> NDArray[np.float64]:
    inside = plane_frame(vectors) @ np.asarray(direction, dtype=float)
    if not inside.any() or abs(inside[2]) > 1e-6 * np.linalg.norm(inside):
        raise MatchError(
            f"a direction that should be parallel does not lie in the plane {hkl}",
            hint="a direction [uvw] lies in (hkl) when hu + kv + lw = 0",
        )
    return np.asarray(inside[:2])


def keep_parallel(
    matches: Iterable[CoincidenceMatch],
    *,
    film_direction: ArrayLike,
    substrate_direction: ArrayLike,
    tolerance: float = 1.0,
    film: Phase | None = None,
    substrate: Phase | None = None,
) -> tuple[CoincidenceMatch, ...]:
    """Keep the matches in which a direction of the film is parallel to one of the substrate.

    Parameters
    ----------
    matches : iterable of CoincidenceMatch
        All of one pair of planes.
    film_direction, substrate_direction : (3,) arrays
        Cartesian, each in its own crystal's frame.
    tolerance : float
        Largest angle in degrees.
    film, substrate : Phase, optional
        When both are given, the symmetry-equivalent descriptions of each match are tried too and
        the one nearest to parallel is returned; otherwise only the description at hand.

    Returns
    -------
    tuple of CoincidenceMatch
        In the order given.
    """
    surfaces: tuple[Surface, Surface] | None = None
    kept = []
    for match in matches:
        candidates: Iterable[CoincidenceMatch] = (match,)
        if film is not None and substrate is not None:
            surfaces = surfaces or (
                surface(crystal(film), match.film_hkl),
                surface(crystal(substrate), match.substrate_hkl),
            )
            candidates = equivalent_matches(match, *surfaces)
        deviations = [
            (direction_deviation(m, film_direction, substrate_direction), i, m)
            for i, m in enumerate(candidates)
        ]
        deviation, _, best = min(deviations, key=lambda entry: (round(entry[0], 6), entry[1]))
        if deviation <= tolerance:
            kept.append(best)
    return tuple(kept)
