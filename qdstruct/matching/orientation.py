"""Orientation relationships: planes ∥ planes, directions ∥ directions, and what they imply."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.errors import MatchError
from qdstruct.geometry import plane_spacing, reciprocal_cell
from qdstruct.matching.coincidence import DEFAULT_MAX_AREA, DEFAULT_MAX_STRAIN, match_facets
from qdstruct.matching.equivalents import equivalent_matches
from qdstruct.matching.misfit import misfit_dislocations
from qdstruct.matching.planes import is_forbidden
from qdstruct.matching.surfaces import Surface, crystal, surface
from qdstruct.model import CoincidenceMatch, Miller, OrientationRelation, ParallelPlanes, Phase

__all__ = ["orientation", "orientation_from_zones", "parallel_planes"]


def orientation(
    film: Phase,
    substrate: Phase,
    *,
    planes: tuple[ArrayLike, ArrayLike],
    directions: tuple[ArrayLike, ArrayLike],
    interface: tuple[ArrayLike, ArrayLike] | None = None,
    max_area: float = DEFAULT_MAX_AREA,
    max_strain: float = DEFAULT_MAX_STRAIN,
    max_twist: float = 3.0,
    max_index: int = 2,
    tolerance: float = 3.0,
) -> OrientationRelation:
    """Work out what "planes ∥ planes, directions ∥ directions" means for two crystals.

    Parameters
    ----------
    film, substrate : Phase
        The crystals.
    planes : (film hkl, substrate hkl)
        Parallel planes, in the cells of the files.
    directions : (film uvw, substrate uvw)
        Parallel directions, in the axes of the files.
    interface : (film hkl, substrate hkl), optional
        Interface planes; by default `planes`.
    max_area, max_strain : float
        Bounds of the coincidence cell, Å² and fraction.
    max_twist : float
        Largest extra rotation about the normal that a coincidence cell may need, degrees.
    max_index, tolerance : int, float
        Parallel planes are listed up to this Miller index and this angle in degrees.

    Returns
    -------
    OrientationRelation
        With the rotation that keeps the plane normals exactly parallel.

    Raises
    ------
    MatchError
        For (0, 0, 0) or [0, 0, 0], or a direction along its plane's normal.
    """
    a, b = crystal(film), crystal(substrate)
    film_plane, substrate_plane = _integers(planes[0], "plane"), _integers(planes[1], "plane")
    uvw = _integers(directions[0], "direction"), _integers(directions[1], "direction")
    film_frame, film_angle = _frame(a.cell, film_plane, uvw[0])
    substrate_frame, substrate_angle = _frame(b.cell, substrate_plane, uvw[1])
    rotation = substrate_frame.T @ film_frame
    chosen = (film_plane, substrate_plane)
    if interface is not None:
        chosen = (_integers(interface[0], "plane"), _integers(interface[1], "plane"))
    facets = surface(a, chosen[0]), surface(b, chosen[1])
    tilt, twist = _tilt_and_twist(rotation, *facets)
    match = _nearest_match(*facets, twist, max_area, max_strain, max_twist) if tilt < 15 else None
    return OrientationRelation(
        film_plane=film_plane,
        substrate_plane=substrate_plane,
        film_direction=uvw[0],
        substrate_direction=uvw[1],
        film_angle=film_angle,
        substrate_angle=substrate_angle,
        inconsistency=abs(film_angle - substrate_angle),
        rotation=rotation,
        in_plane_rotation=twist,
        film_spacing=plane_spacing(a.cell, film_plane),
        substrate_spacing=plane_spacing(b.cell, substrate_plane),
        parallel_planes=parallel_planes(
            film, substrate, rotation, max_index=max_index, tolerance=tolerance
        ),
        interface=chosen,
        interface_tilt=tilt,
        match=match,
        match_twist=None if match is None else _difference(match.rotation, twist),
        misfit=misfit_dislocations(*facets, twist),
    )


def orientation_from_zones(
    film: Phase,
    substrate: Phase,
    *,
    zones: tuple[ArrayLike, ArrayLike],
    planes: tuple[ArrayLike, ArrayLike],
    **options: float,
) -> OrientationRelation:
    """Work out an orientation seen in a lattice image: two zone axes ∥, two reflections ∥.

    Parameters
    ----------
    film, substrate : Phase
        The crystals.
    zones : (film uvw, substrate uvw)
        Zone axes of the two transforms: the direction of the beam.
    planes : (film hkl, substrate hkl)
        Reflections that lie in the same direction from the centre of the transform.
    **options
        As in `orientation`.

    Raises
    ------
    MatchError
        If a reflection does not belong to its zone (h u + k v + l w ≠ 0).
    """
    for name, zone, plane in zip((film.name, substrate.name), zones, planes, strict=True):
        product_ = int(np.dot(_integers(zone, "direction"), _integers(plane, "plane")))
        if product_ != 0:
            raise MatchError(
                f"{name}: the reflection {plane} does not occur in the zone {zone}",
                hint="h u + k v + l w must be zero",
            )
    return orientation(film, substrate, planes=planes, directions=zones, **options)  # type: ignore[arg-type]


def _integers(values: ArrayLike, what: str) -> Miller:
    array = np.asarray(values, dtype=float)
    if array.shape != (3,) or not np.isfinite(array).all() or (array % 1).any():
        raise MatchError(f"a {what} is given by three integers, not {values!r}")
    if not array.any():
        raise MatchError(f"three zeros are not a {what}")
    h, k, l = (int(i) for i in array)  # noqa: E741 - the crystallographer's letters
    return (h, k, l)


def _frame(
    cell: NDArray[np.float64], hkl: Miller, uvw: Miller
) -> tuple[NDArray[np.float64], float]:
    """Return rows (direction within the plane, third axis, normal) and the angle out of it."""
    normal = np.asarray(hkl) @ reciprocal_cell(cell)
    normal /= np.linalg.norm(normal)
    direction = np.asarray(uvw) @ cell
    direction /= np.linalg.norm(direction)
    height = float(direction @ normal)
    inside = direction - height * normal
    if np.linalg.norm(inside) < 1e-6:
        raise MatchError(
            f"the direction {list(uvw)} is the normal of the plane {hkl}, so it fixes no rotation",
            hint="give a direction that lies in the plane: h u + k v + l w = 0",
        )
    x = inside / np.linalg.norm(inside)
    return np.array([x, np.cross(normal, x), normal]), float(np.degrees(np.arcsin(height)))


def _tilt_and_twist(
    rotation: NDArray[np.float64], film: Surface, substrate: Surface
) -> tuple[float, float]:
    """Angle between two facets in an orientation, and the film's turn about the normal."""
    normal = rotation @ film.plane.normal
    cosine = float(np.clip(normal @ substrate.plane.normal, -1, 1))
    inside = substrate.plane.frame @ rotation @ film.plane.vectors[0]
    twist = float(np.degrees(np.arctan2(inside[1], inside[0])))
    return float(np.degrees(np.arccos(cosine))), twist


def _difference(angle: float, reference: float) -> float:
    return (angle - reference + 180) % 360 - 180


def _nearest_match(
    film: Surface,
    substrate: Surface,
    twist: float,
    max_area: float,
    max_strain: float,
    max_twist: float,
) -> CoincidenceMatch | None:
    """Return the smallest match, in the description nearest to a twist, or None."""
    found = match_facets(film, substrate, max_area=max_area, max_strain=max_strain)
    for record in found.records():
        nearest = min(
            equivalent_matches(record, film, substrate),
            key=lambda match: round(abs(_difference(match.rotation, twist)), 9),
        )
        if abs(_difference(nearest.rotation, twist)) <= max_twist:
            return nearest
    return None


def parallel_planes(
    film: Phase,
    substrate: Phase,
    rotation: ArrayLike,
    *,
    max_index: int = 2,
    tolerance: float = 3.0,
    max_mismatch: float = 0.25,
) -> tuple[ParallelPlanes, ...]:
    """List planes of two crystals that are nearly parallel in an orientation.

    Parameters
    ----------
    film, substrate : Phase
        The crystals.
    rotation : (3, 3) array
        Film Cartesian column vectors into the substrate's frame.
    max_index : int
        Largest Miller index of either crystal; multiples such as (220) are listed too, planes
        whose structure factor vanishes are not.
    tolerance : float
        Largest angle between normals in degrees.
    max_mismatch : float
        Pairs whose spacings differ by more than this fraction of the film's are left out.

    Returns
    -------
    tuple of ParallelPlanes
        Smallest angle first, then smallest mismatch; each pair once (not with both signs).
    """
    film_hkl, film_g = _reflections(film, max_index)
    substrate_hkl, substrate_g = _reflections(substrate, max_index)
    turned = film_g @ np.asarray(rotation, dtype=float).T
    lengths = np.linalg.norm(turned, axis=1), np.linalg.norm(substrate_g, axis=1)
    cosine = (turned / lengths[0][:, None]) @ (substrate_g / lengths[1][:, None]).T
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    rows = []
    for i, j in np.argwhere(angle <= tolerance + 1e-9):
        if tuple(film_hkl[i]) < (0, 0, 0):
            continue
        d_film, d_substrate = float(1 / lengths[0][i]), float(1 / lengths[1][j])
        if abs(d_substrate / d_film - 1) > max_mismatch:
            continue
        rows.append(
            ParallelPlanes(
                film_hkl=_integers(film_hkl[i], "plane"),
                substrate_hkl=_integers(substrate_hkl[j], "plane"),
                angle=float(angle[i, j]),
                film_spacing=d_film,
                substrate_spacing=d_substrate,
                mismatch=d_substrate / d_film - 1,
            )
        )
    return tuple(sorted(rows, key=lambda row: (round(row.angle, 4), abs(row.mismatch))))


def _reflections(phase: Phase, max_index: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    span = range(-max_index, max_index + 1)
    hkl = np.array([p for p in product(span, span, span) if any(p) and not is_forbidden(phase, p)])
    return hkl, hkl @ reciprocal_cell(phase.atoms.cell)
