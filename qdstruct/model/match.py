"""How two crystals fit: plane spacings and coincidence cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qdstruct.model.record import Record

__all__ = ["CoincidenceMatch", "PlaneMismatch", "SiteOverlap"]

Miller = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class PlaneMismatch(Record):
    """Difference between the spacings of one plane of the film and one of the substrate."""

    film_hkl: Miller
    """Miller indices of the film plane, in the cell of its file."""
    substrate_hkl: Miller
    """Miller indices of the substrate plane, in the cell of its file."""
    film_spacing: float
    """d in Å."""
    substrate_spacing: float
    """d in Å."""
    over_film: float
    """(d_substrate − d_film)/d_film, as a fraction with sign."""
    over_substrate: float
    """(d_substrate − d_film)/d_substrate, as a fraction with sign."""
    over_mean: float
    """(d_substrate − d_film) over the mean of both, as a fraction with sign."""
    film_forbidden: bool
    """True when the film's structure factor vanishes for this plane."""
    substrate_forbidden: bool
    """True when the substrate's structure factor vanishes for this plane."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CoincidenceMatch(Record):
    """One coincidence cell: superlattices of a film and a substrate plane that nearly agree.

    The film is deformed onto the substrate: F maps film supercell vectors onto substrate
    supercell vectors after rotation, U = (FᵀF)^½, strain = U − 1.
    """

    film_hkl: Miller
    """Miller indices of the film's interface plane."""
    substrate_hkl: Miller
    """Miller indices of the substrate's interface plane."""
    film_plane_vectors: NDArray[np.float64]
    """(2, 3) reduced primitive in-plane vectors of the film, Cartesian, Å, in the crystal frame
    of the phase's file."""
    substrate_plane_vectors: NDArray[np.float64]
    """(2, 3) the same for the substrate."""
    film_transform: NDArray[np.int64]
    """(2, 2) integers: film supercell vectors = film_transform @ film_plane_vectors."""
    substrate_transform: NDArray[np.int64]
    """(2, 2) integers: the same for the substrate; row i coincides with row i of the film's."""
    area: float
    """Area of the coincidence cell on the substrate, Å²."""
    strain: NDArray[np.float64]
    """(2, 2) symmetric U − 1 in the film's in-plane frame (x along its first plane vector)."""
    principal_strains: tuple[float, float]
    """Eigenvalues of `strain`, the larger magnitude first."""
    rotation: float
    """Angle in degrees by which the film turns about the interface normal, its first plane
    vector measured from the substrate's first plane vector."""
    film_directions: NDArray[np.float64]
    """(2, 3) [uvw] of the film supercell vectors in the axes of its file (halves and thirds occur
    in centred cells)."""
    substrate_directions: NDArray[np.float64]
    """(2, 3) the same for the substrate."""
    n_atoms_per_layer_pair: int
    """Atoms in one lattice-plane repeat of film and of substrate, in the coincidence cell."""
    folded: int = 0
    """How many further matches of the same pair were folded into this row as equivalent by
    symmetry or as multiples of it."""
    number: int = 0
    """Position among all matches of its pair of planes, by area then strain, from 1: the N of
    ``qdstruct build interface --match N``; 0 where unknown."""

    @property
    def max_strain(self) -> float:
        """Largest absolute principal strain (a fraction)."""
        return max(abs(self.principal_strains[0]), abs(self.principal_strains[1]))


@dataclass(frozen=True, kw_only=True)
class SiteOverlap(Record):
    """How well the facing atoms of a coincidence cell can sit on each other."""

    score: float
    """Shared disc area over the mean disc area of both faces: 1 when every site of both faces
    lies on a site of the other, 0 when none does."""
    film_termination: str
    """Atomic plane of the film at the interface, as its reduced formula."""
    substrate_termination: str
    """Atomic plane of the substrate at the interface."""
    shift: tuple[float, float]
    """Shift of the film that gives this overlap, in the substrate's plane frame, Å, with the
    origins of both crystals' cells on top of each other at zero and the named planes in the first
    repeat above them."""
    shift_fractions: tuple[float, float]
    """The same in fractions of the vectors of the coincidence cell, as shifts are given elsewhere.
    An interface as built has its own zero: the layers of the substrate need not lie straight above
    one another, so only differences of shifts compare."""
    radius: float
    """Radius of the disc that stands for a site, Å."""
