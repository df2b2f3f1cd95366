"""Wulff forms: particles bounded by facet families at distances in proportion to their energies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.carving import Body
from qdstruct.errors import BuildError
from qdstruct.geometry import reduce_miller, space_group
from qdstruct.model import Miller, Phase

__all__ = ["facet_family", "wulff"]


def facet_family(phase: Phase, hkl: ArrayLike) -> list[Miller]:
    """Return every facet equivalent to (hkl) by the crystal's point group."""
    rotations = np.unique(space_group(phase.atoms).rotations, axis=0)
    images = {reduce_miller(np.asarray(hkl) @ rotation) for rotation in rotations}
    return sorted(images, reverse=True)


def wulff(phase: Phase, energies: Mapping[Miller, float], size: float) -> Body:
    """Return the equilibrium form for given surface energies.

    Parameters
    ----------
    phase : Phase
        The crystal.
    energies : mapping
        Surface energy of each facet family, any unit (only ratios matter).
    size : float
        Distance between opposite faces of the family with the lowest energy, Å.

    Raises
    ------
    BuildError
        For energies that are not positive or facets that do not enclose a body.

    Notes
    -----
    Wulff's theorem: the distance of a facet from the centre is proportional to its surface energy
    (Wulff, Z. Kristallogr. 34, 449 (1901)). The centre is an atom of the first kind.
    """
    from scipy.spatial import HalfspaceIntersection, QhullError

    if not energies or min(energies.values()) <= 0:
        raise BuildError("a Wulff form needs a positive surface energy for every facet")
    if not size > 0:
        raise BuildError(f"a size of {size:g} Å does not exist")
    lowest = min(energies.values())
    reciprocal = np.linalg.inv(np.asarray(phase.atoms.cell)).T
    normals, distances = [], []
    for hkl, energy in energies.items():
        for image in facet_family(phase, hkl):
            vector = np.asarray(image) @ reciprocal
            normals.append(vector / np.linalg.norm(vector))
            distances.append(size / 2 * energy / lowest)
    planes, limits = np.array(normals), np.array(distances)
    try:
        with np.errstate(divide="ignore", invalid="ignore"):  # corners at infinity, refused below
            corners = HalfspaceIntersection(np.column_stack([planes, -limits]), np.zeros(3))
        radius = float(np.linalg.norm(corners.intersections, axis=1).max())
    except QhullError:
        radius = np.inf
    if not np.isfinite(radius) or radius > 1e4:
        raise BuildError(
            f"the facets {sorted(energies)} do not enclose a body",
            hint="add another family of facets",
        )
    centre = np.asarray(phase.atoms.positions[0], dtype=float)

    def inside(points: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.asarray(((points - centre) @ planes.T <= limits + 1e-6).all(axis=1))

    return Body(centre=centre, radius=radius, inside=inside)
