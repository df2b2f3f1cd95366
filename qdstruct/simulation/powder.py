"""Powder X-ray diffraction of any periodic structure."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.geometry import SpaceGroup, reciprocal_cell
from qdstruct.model.patterns import PowderPattern, PowderPeak
from qdstruct.simulation.displacements import check_b_iso, without
from qdstruct.simulation.families import (
    crystal_symmetry,
    family_keys,
    keys_to_hkl,
    systematically_absent,
)
from qdstruct.simulation.profile import LineShape, draw_lines
from qdstruct.simulation.radiation import Radiation, radiation
from qdstruct.simulation.scattering_factors import anomalous_factor, check_reach, xray_factor
from qdstruct.simulation.structure_factor import (
    Reflections,
    check_periodic,
    element_sums,
    reflections,
)

if TYPE_CHECKING:
    from ase import Atoms
    from xarray import DataArray

__all__ = [
    "PowderSettings",
    "angle_grid",
    "lorentz_polarisation",
    "powder_pattern",
    "powder_profile",
]

Miller = tuple[int, int, int]
MERGE_ANGLE = 1e-4
"""Degrees 2θ: reflections closer than this are one line."""
_MARGIN = 1.0


@dataclass(frozen=True, kw_only=True)
class PowderSettings:
    """Optional physics of a powder pattern."""

    b_iso: Mapping[str, float] = field(default_factory=dict)
    """Isotropic displacement B = 8π²⟨u²⟩ in Å² by element, in place of tensors of these atoms;
    0 where not given."""
    preferred_orientation: tuple[Miller, float] | None = None
    """Plane (hkl) and March's r: r < 1 for plates lying on that plane, 1 for none."""
    monochromator: float | None = None
    """2θ of a monochromator crystal in degrees (graphite 002 and Cu Kα: 26.4); None for none."""
    anomalous: bool = True
    """Add f′ + i f″."""
    doublet: bool = False
    """Draw Kα1 and Kα2 apart. Peaks are listed at the weighted mean either way."""
    min_intensity: float = 1e-7
    """Lines below this percentage of the strongest are left out. The default only takes away
    rounding noise of reflections that vanish."""
    engine: str = "auto"
    """``auto``, ``dense`` or ``nufft``: see `element_sums`."""

    def __post_init__(self) -> None:
        """Refuse impossible displacements and thresholds."""
        check_b_iso(self.b_iso)
        if not (np.isfinite(self.min_intensity) and 0 <= self.min_intensity < 100):
            raise InputError(
                f"a threshold of {self.min_intensity:g} % is not between 0 and 100",
                hint="give the percentage of the strongest line below which lines are left out",
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Lines:
    """Reflections with their angle and intensity per multiplicity."""

    hkl: NDArray[np.int64]
    length: NDArray[np.float64]
    two_theta: NDArray[np.float64]
    intensity: NDArray[np.float64]


def powder_pattern(
    atoms: Atoms,
    *,
    name: str,
    anode: str | float = "CuKa",
    two_theta_range: tuple[float, float] = (10.0, 60.0),
    size_nm: float | None = None,
    step: float = 0.02,
    instrument_fwhm: float = 0.1,
    microstrain: float = 0.0,
    settings: PowderSettings | None = None,
) -> PowderPattern:
    """Return lines and profile of a powder of randomly oriented (or textured) crystals.

    Parameters
    ----------
    atoms : Atoms
        One periodic cell: a crystal, or a slab or interface (its vacuum then counts as part of the
        crystal, and the repeat along the normal shows). An array ``u_cartesian`` (N, 3, 3) holds
        displacement tensors U in Å² in the frame of the positions, NaN for atoms without.
    name : str
        What the pattern is called.
    anode : str or float
        Wavelength by name (``CuKa``, ``CuKa1``, ``MoKa``…) or in Å.
    two_theta_range : (float, float)
        Degrees, 0 < low < high < 180.
    size_nm : float, optional
        Crystallite size for Scherrer broadening, nm.
    step : float
        Grid of the profile in degrees.
    instrument_fwhm, microstrain : float
        See `LineShape`.
    settings : PowderSettings, optional
        Displacements, texture, polarisation, thresholds.

    Returns
    -------
    PowderPattern
        Peaks by angle, with one representative hkl per family; nothing is dropped but reflections
        whose structure factor vanishes. Strongest line 100; strongest point of the profile 100.

    Raises
    ------
    InputError
        Unknown anode, impossible range, no line in the range, no three-dimensional cell.

    Notes
    -----
    I = Σ |F|²·LP, F = Σ_j (f0 + f′ + i f″) T exp(2πi h·x), T = exp(−B s²) or exp(−2π² gᵀ U g)
    (Trueblood et al., Acta Cryst. A52, 770 (1996)), LP as in `lorentz_polarisation`
    (International Tables vol. C, 6.2). f0: Waasmaier and Kirfel (1995); f′, f″: Chantler (1995).
    Both members of a Friedel pair are computed, so crystals without a centre of symmetry are right
    with f″ too.
    """
    options = settings or PowderSettings()
    shape = LineShape(size_nm=size_nm, instrument_fwhm=instrument_fwhm, microstrain=microstrain)
    source = radiation(anode)
    grid = angle_grid(two_theta_range, step)
    check_reach(float(np.sin(np.radians(grid[-1]) / 2) / source.wavelength))
    check_periodic(atoms, name)
    atoms = without(atoms, options.b_iso)
    group = crystal_symmetry(atoms)
    lines = _lines(atoms, name, source, two_theta_range, options, group)
    inside = (lines.two_theta >= two_theta_range[0]) & (lines.two_theta <= two_theta_range[1])
    peaks = _peaks(lines, inside, group, options.min_intensity)
    profile = powder_profile(grid, lines.two_theta, lines.intensity, shape, source, options.doublet)
    return PowderPattern(
        phase=name,
        wavelength=source.wavelength,
        anode=source.name,
        peaks=peaks,
        pattern=_labelled(grid, profile, source, shape, options),
        cell=np.asarray(atoms.cell, dtype=float),
    )


def lorentz_polarisation(
    two_theta: NDArray[np.float64], monochromator: float | None = None
) -> NDArray[np.float64]:
    """Return LP = (1 + M cos²2θ)/(1 + M) / (sin²θ cosθ) of a powder diffractometer.

    Parameters
    ----------
    two_theta : array
        Degrees.
    monochromator : float, optional
        Its 2θ in degrees: M = cos²(2θ_M); M = 1 without.

    Notes
    -----
    Unpolarised tube; an ideally mosaic monochromator (International Tables vol. C, 6.2).
    """
    angle = np.radians(two_theta)
    mono = 1.0 if monochromator is None else float(np.cos(np.radians(monochromator)) ** 2)
    polarisation = (1 + mono * np.cos(angle) ** 2) / (1 + mono)
    return np.asarray(polarisation / (np.sin(angle / 2) ** 2 * np.cos(angle / 2)))


def powder_profile(
    grid: NDArray[np.float64],
    two_theta: NDArray[np.float64],
    intensity: NDArray[np.float64],
    shape: LineShape,
    source: Radiation,
    doublet: bool = False,
) -> NDArray[np.float64]:
    """Draw lines given at the source's mean wavelength, as one line each or as Kα1 and Kα2."""
    components = source.components if doublet else ((source.wavelength, 1.0),)
    total = np.zeros_like(grid)
    for wavelength, weight in components:
        sine = np.sin(np.radians(two_theta) / 2) * wavelength / source.wavelength
        seen = sine < 1
        shifted = 2 * np.degrees(np.arcsin(sine[seen]))
        total += draw_lines(grid, shifted, weight * intensity[seen], shape, wavelength)
    return total


def angle_grid(two_theta_range: tuple[float, float], step: float) -> NDArray[np.float64]:
    """Return evenly spaced angles 2θ in degrees, both limits included where the step fits.

    Raises
    ------
    InputError
        If the range is empty or impossible, or the step does not fit.
    """
    low, high = two_theta_range
    if not (np.isfinite([low, high]).all() and 0 < low < high < 180):
        raise InputError(
            f"the range of 2θ from {low:g} to {high:g}° is empty or impossible",
            hint="give two angles with 0 < low < high < 180, for example 10,60",
        )
    if not (np.isfinite(step) and 0 < step <= (high - low)):
        raise InputError(
            f"a step of {step:g}° does not fit into {low:g} to {high:g}°",
            hint="give a positive step in degrees, for example 0.02",
        )
    if (high - low) / step > 2_000_000:
        raise InputError(
            f"a step of {step:g}° gives more than two million points", hint="use a larger step"
        )
    return np.asarray(low + step * np.arange(int(np.floor((high - low) / step + 1e-9)) + 1))


def _lines(
    atoms: Atoms,
    name: str,
    source: Radiation,
    two_theta_range: tuple[float, float],
    options: PowderSettings,
    group: SpaceGroup | None,
) -> _Lines:
    low, high = two_theta_range
    limits = np.radians([max(low - _MARGIN, low / 2), min(high + _MARGIN, 179.9)]) / 2
    min_g, max_g = 2 * np.sin(limits) / source.wavelength
    found = reflections(np.asarray(atoms.cell), float(max_g), float(min_g))
    two_theta = np.degrees(2 * np.arcsin(np.minimum(found.length * source.wavelength / 2, 1.0)))
    if not ((two_theta >= low) & (two_theta <= high)).any():
        raise InputError(f"{name}: no reflection between {low:g} and {high:g}° 2θ")
    intensity = _pair_intensity(atoms, found, source, options)
    intensity *= lorentz_polarisation(two_theta, options.monochromator)
    if options.preferred_orientation is not None:
        intensity *= _march_dollase(atoms, found, options.preferred_orientation)
    intensity[systematically_absent(found.hkl, group)] = 0.0
    return _Lines(hkl=found.hkl, length=found.length, two_theta=two_theta, intensity=intensity)


def _pair_intensity(
    atoms: Atoms, found: Reflections, source: Radiation, options: PowderSettings
) -> NDArray[np.float64]:
    """Return |F(h)|² + |F(−h)|² of each pair; S_e(−h) is the conjugate of S_e(h)."""
    s = found.length / 2
    plus = np.zeros(len(found), dtype=complex)
    minus = np.zeros(len(found), dtype=complex)
    for symbol, sums in element_sums(atoms, found, engine=options.engine).items():
        damping = np.exp(-options.b_iso.get(symbol, 0.0) * s**2)
        factor = xray_factor(symbol, s) * damping
        if not options.anomalous:
            plus += factor * sums
            continue
        dispersive = factor + anomalous_factor(symbol, source.energy) * damping
        plus += dispersive * sums
        minus += dispersive * sums.conj()
    opposite = np.abs(minus) ** 2 if options.anomalous else np.abs(plus) ** 2
    return np.asarray(np.abs(plus) ** 2 + opposite)


def _march_dollase(
    atoms: Atoms, found: Reflections, orientation: tuple[Miller, float]
) -> NDArray[np.float64]:
    """Return W = (r² cos²α + sin²α / r)^(−3/2), Dollase, J. Appl. Cryst. 19, 267 (1986)."""
    plane, r = orientation
    axis = np.asarray(plane, dtype=float) @ reciprocal_cell(atoms.cell)
    if not np.linalg.norm(axis) > 0 or not (np.isfinite(r) and r > 0):
        raise InputError(
            f"preferred orientation {plane} with r = {r}: needs a plane and a positive r",
            hint="for example 0,0,1,0.5 for plates lying on (001)",
        )
    cosine = found.g @ axis / (found.length * np.linalg.norm(axis))
    return np.asarray((r**2 * cosine**2 + (1 - cosine**2) / r) ** -1.5)


def _peaks(
    lines: _Lines,
    inside: NDArray[np.bool_],
    group: SpaceGroup | None,
    min_intensity: float,
) -> tuple[PowderPeak, ...]:
    which = np.flatnonzero(inside & (lines.intensity > 1e-12 * lines.intensity.max()))
    which = which[np.argsort(lines.two_theta[which], kind="stable")]
    two_theta = lines.two_theta[which]
    starts = np.flatnonzero(np.diff(two_theta, prepend=-1.0) > MERGE_ANGLE)
    areas = np.add.reduceat(lines.intensity[which], starts)
    areas = 100 * areas / areas.max()
    counts = np.diff(starts, append=len(which))
    columns = [two_theta[starts], 1 / lines.length[which[starts]], 2 * counts, areas]
    with _without_collector():
        families = _families(family_keys(lines.hkl[which], group), starts)
        return tuple(
            PowderPeak(two_theta=angle, d=d, hkl=hkl, multiplicity=count, intensity=area)
            for angle, d, count, area, hkl in zip(
                *(column.tolist() for column in columns), families, strict=True
            )
            if area >= min_intensity
        )


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Pause the garbage collector while many small objects are made that all stay alive."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _families(keys: NDArray[np.int64], starts: NDArray[np.int64]) -> list[tuple[Miller, ...]]:
    """Return the representatives of every line's families, largest indices first."""
    line = np.zeros(len(keys), dtype=np.int64)
    line[starts[1:]] = 1
    bits = int(keys.max()).bit_length()
    largest = (1 << bits) - 1
    codes = np.sort((np.cumsum(line) << bits) | (largest - keys))
    codes = codes[np.diff(codes, prepend=-1) != 0]
    line = codes >> bits
    columns = keys_to_hkl(largest - (codes & largest)).T
    hkl: list[Miller] = list(zip(*(column.tolist() for column in columns), strict=True))
    bounds = np.searchsorted(line, np.arange(len(starts) + 1)).tolist()
    return [tuple(hkl[a:b]) for a, b in pairwise(bounds)]


def _labelled(
    grid: NDArray[np.float64],
    profile: NDArray[np.float64],
    source: Radiation,
    shape: LineShape,
    options: PowderSettings,
) -> DataArray:
    import xarray

    attributes: dict[str, str | float] = {
        "units": "strongest point 100",
        "wavelength_angstrom": source.wavelength,
        "instrument_fwhm_deg": shape.instrument_fwhm,
        "microstrain": shape.microstrain,
        "lines": "Kα1 and Kα2" if options.doublet else "one wavelength",
        "strongest_point": float(profile.max()),
        "strongest_point_units": "Σ |F|²·LP of one cell per degree, electrons²",
    }
    if shape.size_nm is not None:
        attributes["size_nm"] = shape.size_nm
    return xarray.DataArray(
        100 * profile / profile.max(),
        dims=("two_theta",),
        coords={"two_theta": ("two_theta", grid, {"units": "degree", "long_name": "2θ"})},
        name="intensity",
        attrs=attributes,
    )
