"""What instruments see: powder patterns and diffraction spots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.model.record import Record

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

__all__ = [
    "CurveMaximum",
    "PowderPattern",
    "PowderPeak",
    "SmallAngleCurve",
    "Spot",
    "SpotPattern",
]

Miller = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class PowderPeak(Record):
    """One line of a powder pattern: all reflections of the same spacing."""

    two_theta: float
    """Degrees."""
    d: float
    """Lattice plane spacing, Å."""
    hkl: tuple[Miller, ...]
    """One representative per family of symmetry-equivalent planes that share the line."""
    multiplicity: int
    """Planes that contribute, Friedel pairs counted twice."""
    intensity: float
    """Integrated intensity, strongest line of the pattern 100."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PowderPattern(Record):
    """Lines and profile of a powder sample."""

    phase: str
    """Phase or structure name."""
    wavelength: float
    """Å."""
    anode: str
    """Name of the wavelength, for example ``CuKa``."""
    peaks: tuple[PowderPeak, ...]
    """By angle."""
    pattern: DataArray
    """Intensity (strongest point 100) against two_theta in degrees (dim two_theta)."""
    cell: NDArray[np.float64] | None = None
    """(3, 3) cell to which the Miller indices refer, rows in Å; None for finite particles."""


@dataclass(frozen=True, kw_only=True)
class Spot(Record):
    """One diffraction spot in a zone-axis pattern."""

    hkl: Miller
    """Miller indices."""
    g: tuple[float, float]
    """Position in the pattern, 1/Å; x along the first reference reflection."""
    length: float
    """1/d in 1/Å."""
    angle: float
    """Degrees from x, counter-clockwise."""
    intensity: float
    """Kinematic intensity, strongest spot (direct beam excluded) 100."""
    forbidden: bool
    """True when the structure factor vanishes by symmetry."""
    double_diffraction: bool = False
    """True for a forbidden spot that is the sum of two allowed ones of the same zone."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SpotPattern(Record):
    """A kinematic zone-axis diffraction pattern."""

    phase: str
    """Phase or structure name."""
    zone: Miller
    """Zone axis [uvw] in the axes of the phase's file."""
    spots: tuple[Spot, ...]
    """By length, direct beam excluded."""
    max_g: float
    """Largest 1/d included, 1/Å."""


@dataclass(frozen=True, kw_only=True)
class CurveMaximum(Record):
    """One maximum of a structure factor."""

    q: float
    """Position, 1/Å."""
    spacing: float
    """2π/q, Å."""
    height: float
    """S(q) there."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SmallAngleCurve(Record):
    """Small-angle scattering of particles and their arrangement."""

    name: str
    """What scatters, in words."""
    curve: Dataset
    """``intensity``, ``form_factor`` and ``structure_factor`` against q in 1/Å (dim q)."""
    maxima: tuple[CurveMaximum, ...]
    """Maxima of the structure factor above one, by q; finite arrays also ripple between them."""
