"""Coincidence cells with a prescribed pair of parallel in-plane directions."""

from __future__ import annotations

from itertools import product
from math import gcd

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.strain import right_stretch
from qdstruct.errors import BuildError, MatchError
from qdstruct.geometry import LatticePlane, lattice_plane, primitive_lattice
from qdstruct.model import CoincidenceMatch, Phase

__all__ = ["aligned_match", "in_plane_axis"]

MOST_REPEATS = 12
"""How often the shortest vector along a direction is repeated at most."""


def in_plane_axis(phase: Phase, plane: LatticePlane) -> NDArray[np.int64]:
    """Return the longest cell axis [uvw] that lies in a plane, as three integers.

    In a layered crystal whose layers stand on the plane this is the stacking axis.

    Raises
    ------
    BuildError
        If no axis of the cell lies in the plane.
    """
    lengths = phase.atoms.cell.lengths()
    axes = [axis for axis in range(3) if plane.hkl[axis] == 0]
    if not axes:
        raise BuildError(
            f"no cell axis of {phase.name} lies in the plane {plane.hkl}",
            hint="say which direction is meant with the substrate direction [u, v, w]",
        )
    longest = max(axes, key=lambda axis: float(lengths[axis]))
    return np.asarray(np.eye(3, dtype=np.int64)[longest])


def aligned_match(
    film: Phase,
    substrate: Phase,
    film_hkl: ArrayLike,
    substrate_hkl: ArrayLike,
    *,
    film_direction: ArrayLike | None = None,
    substrate_direction: ArrayLike | None = None,
    max_area: float = 400.0,
    max_strain: float = 0.05,
) -> CoincidenceMatch:
    """Find the smallest coincidence cell that keeps two directions parallel.

    Parameters
    ----------
    film, substrate : Phase
        The crystals.
    film_hkl, substrate_hkl : three integers
        The faces that meet.
    film_direction, substrate_direction : three integers, optional
        In-plane [uvw] in the axes of each file. Without the first, every short lattice direction
        of the film is tried; without the second it is `in_plane_axis`.
    max_area : float
        Å², of the substrate's cell.
    max_strain : float
        Largest principal strain, a fraction.

    Raises
    ------
    BuildError
        For a direction that does not lie in its plane.
    MatchError
        If no cell lies within the bounds.
    """
    planes = [
        lattice_plane(phase.atoms.cell, primitive_lattice(phase.atoms), hkl)
        for phase, hkl in ((film, film_hkl), (substrate, substrate_hkl))
    ]
    axis = in_plane_axis(substrate, planes[1])
    below = _integers(substrate, planes[1], axis if substrate_direction is None else
                      substrate_direction)  # fmt: skip
    if film_direction is None:
        candidates = [np.array(pair) for pair in product(range(4), range(-3, 4)) if gcd(*pair) == 1]
    else:
        candidates = [_integers(film, planes[0], film_direction)]
    best: tuple[float, float, NDArray[np.int64], NDArray[np.int64]] | None = None
    for candidate in candidates:
        found = _smallest(planes[0], planes[1], candidate, below, max_area, max_strain)
        if found is not None and (best is None or found[:2] < best[:2]):
            best = found
    if best is None:
        raise MatchError(
            f"no cell up to {max_area:g} Å² keeps the directions of {film.name} {planes[0].hkl} "
            f"and {substrate.name} {planes[1].hkl} parallel within {100 * max_strain:g} % strain",
            hint="loosen max_area or max_strain, or choose another face or direction",
        )
    return _record(film, substrate, planes, best[2], best[3])


def _integers(phase: Phase, plane: LatticePlane, direction: ArrayLike) -> NDArray[np.int64]:
    """Express a direction [uvw] as coprime integers in the plane's primitive basis."""
    cartesian = np.asarray(direction, dtype=float) @ np.asarray(phase.atoms.cell)
    length = np.linalg.norm(cartesian)
    if length == 0 or abs(cartesian @ plane.normal) > 1e-4 * length:
        raise BuildError(
            f"the direction {list(np.asarray(direction))} does not lie in the plane {plane.hkl} "
            f"of {phase.name}",
            hint="in-plane directions fulfil hu + kv + lw = 0",
        )
    exact = np.linalg.lstsq(plane.vectors.T, cartesian, rcond=None)[0]
    for factor in range(1, 200):
        scaled = exact * factor
        if np.abs(scaled - np.rint(scaled)).max() < 1e-4 * factor:
            whole = np.rint(scaled).astype(np.int64)
            return np.asarray(whole // np.gcd.reduce(whole), dtype=np.int64)
    raise BuildError(f"{list(np.asarray(direction))} is no lattice direction of {phase.name}")


def _smallest(
    film: LatticePlane,
    substrate: LatticePlane,
    film_axis: NDArray[np.int64],
    substrate_axis: NDArray[np.int64],
    max_area: float,
    max_strain: float,
) -> tuple[float, float, NDArray[np.int64], NDArray[np.int64]] | None:
    """Smallest area, then smallest strain, over repeats along and across the two directions."""
    bases = [_basis(film_axis), _basis(substrate_axis)]
    cells = [_upright(basis @ plane.planar) for basis, plane in zip(bases, (film, substrate),
                                                                   strict=True)]  # fmt: skip
    best = None
    for along, across in product(range(1, MOST_REPEATS + 1), repeat=2):
        area = along * across * substrate.area
        if area > max_area or (best is not None and area > best[0] + 1e-6):
            continue
        n_along = round(along * cells[1][0, 0] / cells[0][0, 0])
        n_across = round(across * cells[1][1, 1] / cells[0][1, 1])
        if min(n_along, n_across) < 1:
            continue
        for lower, upper in product(range(along), range(n_along)):
            below = np.array([[along, 0], [lower, across]])
            above = np.array([[n_along, 0], [upper, n_across]])
            offset = (below @ cells[1])[1, 0] - (above @ cells[0])[1, 0]
            above[1] += round(float(offset / (n_along * cells[0][0, 0]))) * above[0]
            strain = right_stretch(above @ cells[0], below @ cells[1])
            largest = float(np.abs(np.linalg.eigvalsh(strain)).max())
            if largest <= max_strain and (best is None or (area, largest) < best[:2]):
                slant = round(float((below @ cells[1])[1, 0] / (along * cells[1][0, 0])))
                shear = np.array([[1, 0], [-slant, 1]])
                best = (area, largest, shear @ above @ bases[0], shear @ below @ bases[1])
    return best


def _basis(axis: NDArray[np.int64]) -> NDArray[np.int64]:
    """Complete a coprime pair to a basis of determinant +1."""
    p, q = int(axis[0]), int(axis[1])
    reach = abs(p) + abs(q) + 1
    for r, s in product(range(-reach, reach + 1), repeat=2):
        if p * s - q * r == 1:
            return np.array([[p, q], [r, s]])
    raise BuildError(f"{p}, {q} have a common factor")


def _upright(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn two plane vectors so that the first lies along x."""
    x, y = vectors[0] / np.linalg.norm(vectors[0])
    return np.asarray(vectors @ np.array([[x, -y], [y, x]]))


def _record(
    film: Phase,
    substrate: Phase,
    planes: list[LatticePlane],
    film_transform: NDArray[np.int64],
    substrate_transform: NDArray[np.int64],
) -> CoincidenceMatch:
    cells = [
        _upright(transform @ plane.planar)
        for transform, plane in zip((film_transform, substrate_transform), planes, strict=True)
    ]
    strain = right_stretch(cells[0], cells[1])
    values = sorted(np.linalg.eigvalsh(strain), key=abs, reverse=True)
    angles = [
        float(np.degrees(np.arctan2(*(transform[0] @ plane.planar)[::-1])))
        for transform, plane in zip((film_transform, substrate_transform), planes, strict=True)
    ]
    rotation = _turn(np.radians(angles[0]))
    atoms = [
        abs(round(float(np.linalg.det(transform)))) * len(phase.atoms)
        * plane.area * plane.spacing / phase.atoms.get_volume()
        for transform, plane, phase in zip((film_transform, substrate_transform), planes,
                                           (film, substrate), strict=True)
    ]  # fmt: skip
    return CoincidenceMatch(
        film_hkl=planes[0].hkl,
        substrate_hkl=planes[1].hkl,
        film_plane_vectors=planes[0].vectors,
        substrate_plane_vectors=planes[1].vectors,
        film_transform=film_transform,
        substrate_transform=substrate_transform,
        area=abs(float(np.linalg.det(cells[1]))),
        strain=rotation.T @ strain @ rotation,
        principal_strains=(float(values[0]), float(values[1])),
        rotation=(angles[1] - angles[0] + 180.0) % 360.0 - 180.0,
        film_directions=_directions(film, planes[0], film_transform),
        substrate_directions=_directions(substrate, planes[1], substrate_transform),
        n_atoms_per_layer_pair=round(sum(atoms)),
    )


def _turn(angle: float) -> NDArray[np.float64]:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, sine], [-sine, cosine]])


def _directions(
    phase: Phase, plane: LatticePlane, transform: NDArray[np.int64]
) -> NDArray[np.float64]:
    return np.asarray(transform @ plane.vectors @ np.linalg.inv(np.asarray(phase.atoms.cell)))
