"""How two crystals are turned against each other, and how a misfit is shared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qdstruct.model.match import CoincidenceMatch, Miller
from qdstruct.model.record import Record

__all__ = ["MisfitDislocations", "OrientationRelation", "ParallelPlanes", "StrainPartition"]


@dataclass(frozen=True, kw_only=True, eq=False)
class StrainPartition(Record):
    """In-plane strain of both sides of a coincidence cell."""

    on: str
    """``film``, ``substrate``, ``both`` (geodesic midpoint) or ``elastic`` (least energy)."""
    film_strain: NDArray[np.float64]
    """(2, 2) stretch − 1 of the film in its plane frame."""
    substrate_strain: NDArray[np.float64]
    """(2, 2) stretch − 1 of the substrate in its plane frame."""
    energy_density: float | None = None
    """Elastic energy of both layers per area and per thickness of the substrate, in the unit of
    the stiffness (1 GPa = 10⁹ J/m³); None unless tensors were given."""


@dataclass(frozen=True, kw_only=True)
class ParallelPlanes(Record):
    """A plane of the film nearly parallel to a plane of the substrate."""

    film_hkl: Miller
    """Plane of the film in the cell of its file."""
    substrate_hkl: Miller
    """Plane of the substrate in the cell of its file."""
    angle: float
    """Angle between the two normals, degrees."""
    film_spacing: float
    """d in Å."""
    substrate_spacing: float
    """d in Å."""
    mismatch: float
    """(d_substrate − d_film)/d_film, as a fraction with sign."""


@dataclass(frozen=True, kw_only=True)
class MisfitDislocations(Record):
    """Misfit along one principal direction of an interface and the dislocations it asks for."""

    strain: float
    """Principal strain that would make the direction coherent, as a fraction with sign."""
    angle: float
    """Direction in the film's plane frame, degrees from its first plane vector."""
    repeat: float
    """Length of the substrate's repeat nearest to the direction, Å (the Burgers vector)."""
    spacing: float | None
    """Distance between dislocations, repeat/|strain|, Å; None when there is no misfit."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OrientationRelation(Record):
    """Planes ∥ planes and directions ∥ directions of two crystals, and what follows."""

    film_plane: Miller
    """Plane of the film, in the cell of its file, as stated (not reduced)."""
    substrate_plane: Miller
    """Plane of the substrate."""
    film_direction: Miller
    """Direction [uvw] of the film, in the axes of its file."""
    substrate_direction: Miller
    """Direction [uvw] of the substrate."""
    film_angle: float
    """Angle between the film's direction and its plane, degrees; 0 when it lies in the plane."""
    substrate_angle: float
    """The same for the substrate."""
    inconsistency: float
    """Degrees by which the statement is geometrically impossible: the difference between the
    angles (normal, direction) of the two crystals; 0 when both parallels can hold at once."""
    rotation: NDArray[np.float64]
    """(3, 3) proper rotation: film Cartesian column vectors into the substrate's frame. Plane
    normals are exactly parallel; the directions as nearly as the inconsistency allows."""
    in_plane_rotation: float
    """Degrees from the substrate's first plane vector to the film's, about the normal."""
    film_spacing: float
    """d of the film plane as stated, Å."""
    substrate_spacing: float
    """d of the substrate plane as stated, Å."""
    parallel_planes: tuple[ParallelPlanes, ...]
    """Low-index planes of both crystals that are nearly parallel, smallest angle first."""
    interface: tuple[Miller, Miller] | None
    """Film and substrate planes chosen as the interface."""
    interface_tilt: float | None
    """Angle between the two interface planes in this orientation, degrees."""
    match: CoincidenceMatch | None
    """Smallest coincidence cell of the interface planes near this orientation within the bounds;
    None if there is none."""
    match_twist: float | None
    """Degrees of extra rotation about the normal that the match needs."""
    misfit: tuple[MisfitDislocations, ...]
    """Misfit of the best one-to-one correspondence of primitive plane cells, per principal
    direction."""
