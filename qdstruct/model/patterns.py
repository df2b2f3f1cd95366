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
    "DiffractionPlate",
    "DiffractionRing",
    "FoundSpot",
    "ImagedRelation",
    "IndexedSpot",
    "Micrograph",
    "MixtureFit",
    "ParallelPlanes",
    "PhaseFraction",
    "PowderPattern",
    "PowderPeak",
    "SmallAngleCurve",
    "Spot",
    "SpotCoincidence",
    "SpotIndexing",
    "SpotPattern",
    "StrainMap",
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
    """Maxima of the structure factor above one, by q; finite arrays also ripple between them. Of
    ideal arrays those below 0.7 · 2π over the repeat distance are left out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Micrograph(Record):
    """An image with a scale, measured or simulated."""

    name: str
    """What is seen."""
    image: DataArray
    """Intensity, dims (y, x), coordinates in Å: x to the right, y upwards. Settings of a simulation
    (voltage, defocus …) are in attrs."""

    @property
    def pixel_size(self) -> tuple[float, float]:
        """Steps along y and x in Å."""
        y, x = self.image.coords["y"].to_numpy(), self.image.coords["x"].to_numpy()
        return (float(y[1] - y[0]), float(x[1] - x[0]))


@dataclass(frozen=True, kw_only=True)
class FoundSpot(Record):
    """One spot found in the Fourier transform of an image, or measured by hand."""

    g: tuple[float, float]
    """Position, 1/Å, x to the right and y upwards; one of each pair ±g."""
    length: float
    """1/d in 1/Å."""
    angle: float
    """Degrees from x, counter-clockwise, 0 ≤ angle < 180."""
    height: float
    """Power, strongest spot 100; 100 for spots given by hand."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StrainMap(Record):
    """In-plane strain and rotation by geometric phase analysis."""

    maps: Dataset
    """``exx``, ``eyy``, ``exy`` (not %) and ``rotation`` (degrees, counter-clockwise), dims
    (y, x) in Å; NaN within one resolution of the image's edge and where a reflection is absent."""
    g1: tuple[float, float]
    """First reciprocal vector of the reference lattice, refined, 1/Å."""
    g2: tuple[float, float]
    """Second reciprocal vector of the reference lattice, refined, 1/Å."""
    resolution: float
    """Full width at half maximum of the averaging in real space, Å."""
    reference: tuple[float, float, float, float]
    """Region of zero strain: x and y of one corner, x and y of the opposite one, Å."""
    noise: float
    """Largest standard deviation of exx, eyy and exy within the reference region."""


@dataclass(frozen=True, kw_only=True)
class IndexedSpot(Record):
    """One measured spot and the reflection it was taken for."""

    hkl: Miller
    """Miller indices in the phase's cell."""
    measured: tuple[float, float]
    """Position in the image's axes, 1/Å."""
    predicted: tuple[float, float]
    """Position of the reflection after turning the pattern, 1/Å."""


@dataclass(frozen=True, kw_only=True)
class SpotIndexing(Record):
    """One explanation of a set of spots: a phase seen along a zone axis."""

    phase: str
    """Phase name."""
    zone: Miller
    """Zone axis towards the observer, in the axes of the phase's cell."""
    turn: float
    """Degrees by which `zone_axis_pattern` must be turned counter-clockwise to lie on the image."""
    spots: tuple[IndexedSpot, ...]
    """Spots that were explained."""
    n_spots: int
    """Spots that were to be explained."""
    rms: float
    """Root-mean-square distance of measured and predicted positions, relative to their length."""
    missing: float
    """Part of the predicted strong spots (|F|² above 5 % of the zone's strongest) not measured."""
    score: float
    """Spots explained / all − 0.25·rms/tolerance − 0.25·missing; 1 is best."""


@dataclass(frozen=True, kw_only=True)
class PhaseFraction(Record):
    """One phase of a mixture, from its part of a powder pattern."""

    phase: str
    """Phase name."""
    scale: float
    """Measured counts per computed Σ |F|²·LP of one cell and degree."""
    weight_fraction: float
    """Part of the crystalline mass that the offered phases make up; they add up to one."""
    uncertainty: float
    """Standard deviation of the weight fraction from the residuals, without systematic errors."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MixtureFit(Record):
    """A measured powder pattern as a sum of computed ones."""

    fractions: tuple[PhaseFraction, ...]
    """In the order the phases were offered."""
    curve: Dataset
    """``measured``, ``calculated``, ``background`` and one variable per phase, dim two_theta."""
    r_wp: float
    """Weighted profile residual √(Σ w (y − y_c)² / Σ w y²), w = 1/y."""


@dataclass(frozen=True, kw_only=True)
class SpotCoincidence(Record):
    """Two spots of different crystals that nearly fall on each other."""

    first: Miller
    """Indices in the first crystal's cell."""
    second: Miller
    """Indices in the second crystal's cell."""
    mismatch: float
    """(d_second − d_first)/d_first, a number."""
    angle: float
    """Degrees from the first spot to the second, counter-clockwise."""
    distance: float
    """Distance of the two spots, 1/Å."""


@dataclass(frozen=True, kw_only=True)
class ParallelPlanes(Record):
    """Planes of two crystals that are parallel and edge-on in one image."""

    first: Miller
    """Indices in the first crystal's cell."""
    second: Miller
    """Indices in the second crystal's cell."""
    angle: float
    """Degrees from the first normal to the second, counter-clockwise."""
    mismatch: float
    """(d_second − d_first)/d_first, a number."""
    misfit: float | None
    """The same of the best pair that crosses these planes at right angles: how the fringes of two
    crystals that meet along these planes fit. None if no such pair is parallel."""


@dataclass(frozen=True, kw_only=True)
class ImagedRelation(Record):
    """The orientation relationship of two crystals, read from one image."""

    phases: tuple[str, str]
    """First and second crystal."""
    zones: tuple[Miller, Miller]
    """Their zone axes towards the observer: parallel directions."""
    planes: tuple[ParallelPlanes, ...]
    """Pairs of parallel planes, smallest misfit along them first."""


@dataclass(frozen=True, kw_only=True)
class DiffractionRing(Record):
    """One Debye–Scherrer ring of a polycrystal."""

    g: float
    """Radius 1/d, 1/Å."""
    hkl: tuple[Miller, ...]
    """One representative per family of planes that share the ring."""
    multiplicity: int
    """Planes that contribute, Friedel pairs counted twice."""
    intensity: float
    """Of the whole ring, strongest 100."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DiffractionPlate(Record):
    """A diffraction pattern as a camera sees it."""

    name: str
    """What is seen."""
    image: DataArray
    """Intensity, brightest point 100, dims (gy, gx) in 1/Å, y upwards; settings in attrs."""
