"""Line profiles of powder patterns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError

__all__ = ["LineShape", "draw_lines", "pseudo_voigt", "thompson_cox_hastings"]

SCHERRER_CONSTANT = 0.94
"""K for cubes and spheres and the full width at half maximum (Scherrer 1918; Klug & Alexander)."""
_DIRECT_LIMIT = 1000
_REFINEMENT = 8
"""Points of the finer grid per step of the profile, for patterns of many lines."""


@dataclass(frozen=True, kw_only=True)
class LineShape:
    """What broadens a line."""

    size_nm: float | None = None
    """Volume-weighted crystallite size in nm; None for no size broadening."""
    microstrain: float = 0.0
    """Root-mean-square strain e (a number, not %)."""
    instrument_fwhm: float = 0.1
    """Gaussian instrumental full width in degrees 2θ."""
    scherrer_constant: float = SCHERRER_CONSTANT
    """K of Scherrer's equation."""

    def __post_init__(self) -> None:
        """Refuse widths that are not widths."""
        if self.size_nm is not None and not (np.isfinite(self.size_nm) and self.size_nm > 0):
            raise InputError(
                f"a crystallite size of {self.size_nm} nm is not positive", hint="for example 16"
            )
        if not (np.isfinite(self.instrument_fwhm) and self.instrument_fwhm > 0):
            raise InputError(
                f"an instrumental width of {self.instrument_fwhm}° is not positive",
                hint="give the full width of a line of a good standard, for example 0.1",
            )
        if not (np.isfinite(self.microstrain) and self.microstrain >= 0):
            raise InputError(
                f"a microstrain of {self.microstrain} is negative",
                hint="give the root mean square of Δd/d, zero or positive",
            )

    def widths(
        self, two_theta: NDArray[np.float64], wavelength: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the Gaussian and Lorentzian full widths in degrees 2θ.

        Size: Scherrer, β = Kλ/(L cos θ), Lorentzian. Strain: β = 4 √(2 ln 2)·e·tan θ, Gaussian
        (a normal distribution of spacings with relative standard deviation e gives 2 Δθ = 2 tan θ
        · e·2√(2 ln 2)). Gaussian parts add in quadrature.
        """
        theta = np.radians(two_theta) / 2
        strain = np.degrees(4 * np.sqrt(2 * np.log(2)) * self.microstrain * np.tan(theta))
        gauss = np.hypot(self.instrument_fwhm, strain)
        if self.size_nm is None:
            return gauss, np.zeros_like(gauss)
        size = self.scherrer_constant * wavelength / (10 * self.size_nm * np.cos(theta))
        return gauss, np.degrees(size)


def thompson_cox_hastings(
    gauss: NDArray[np.float64], lorentz: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return full width and Lorentzian fraction of the pseudo-Voigt nearest to a Voigt function.

    Thompson, Cox and Hastings, J. Appl. Cryst. 20, 79 (1987), equations 3 and 4.
    """
    fifth = (
        gauss**5
        + 2.69269 * gauss**4 * lorentz
        + 2.42843 * gauss**3 * lorentz**2
        + 4.47163 * gauss**2 * lorentz**3
        + 0.07842 * gauss * lorentz**4
        + lorentz**5
    )
    fwhm = fifth**0.2
    ratio = lorentz / fwhm
    return fwhm, 1.36603 * ratio - 0.47719 * ratio**2 + 0.11116 * ratio**3


def pseudo_voigt(x: NDArray[np.float64], fwhm: float, eta: float) -> NDArray[np.float64]:
    """Return a pseudo-Voigt of unit area at distances x from its centre (same unit as `fwhm`)."""
    half = fwhm / 2
    lorentz = half / np.pi / (x**2 + half**2)
    gauss = np.sqrt(np.log(2) / np.pi) / half * np.exp(-np.log(2) * (x / half) ** 2)
    return np.asarray(eta * lorentz + (1 - eta) * gauss)


def draw_lines(
    grid: NDArray[np.float64],
    two_theta: NDArray[np.float64],
    intensity: NDArray[np.float64],
    shape: LineShape,
    wavelength: float,
) -> NDArray[np.float64]:
    """Return the sum of all lines' profiles on a grid of angles.

    Parameters
    ----------
    grid : (P,) array
        Evenly spaced 2θ in degrees.
    two_theta, intensity : (M,) arrays
        Lines: positions in degrees and areas.
    shape : LineShape
        Broadening.
    wavelength : float
        Å, for Scherrer's equation.

    Notes
    -----
    Few lines are drawn one by one (Gaussian parts within six full widths, beyond which they are
    below 1e-40). Many lines are shared linearly between the two nearest points of a finer grid,
    which keeps area and centre of each, and convolved by FFT with profiles at a ladder of angles
    whose widths differ by 2 %; a line between two rungs is shared between their profiles.
    """
    if len(two_theta) <= _DIRECT_LIMIT:
        return _draw_each(grid, two_theta, intensity, shape, wavelength)
    return _draw_many(grid, two_theta, intensity, shape, wavelength)


def _draw_each(
    grid: NDArray[np.float64],
    two_theta: NDArray[np.float64],
    intensity: NDArray[np.float64],
    shape: LineShape,
    wavelength: float,
) -> NDArray[np.float64]:
    fwhm, eta = thompson_cox_hastings(*shape.widths(two_theta, wavelength))
    first = np.searchsorted(grid, two_theta - 6 * fwhm)
    last = np.searchsorted(grid, two_theta + 6 * fwhm)
    place = first[:, None] + np.arange(int((last - first).max(initial=0)))
    line, column = np.nonzero(place < last[:, None])
    place = place[line, column]
    half = fwhm / 2
    height = np.sqrt(np.log(2) / np.pi) / half * (1 - eta) * intensity
    near = (grid[place] - two_theta[line]) / half[line]
    gauss = height[line] * np.exp(-np.log(2) * near**2)
    total = np.bincount(place, gauss, minlength=len(grid))
    for i in np.flatnonzero(eta > 0).tolist():
        far = grid - two_theta[i]
        total += intensity[i] * eta[i] * half[i] / np.pi / (far**2 + half[i] ** 2)
    return np.asarray(total, dtype=float)


def _draw_many(
    grid: NDArray[np.float64],
    two_theta: NDArray[np.float64],
    intensity: NDArray[np.float64],
    shape: LineShape,
    wavelength: float,
) -> NDArray[np.float64]:
    from scipy.signal import fftconvolve

    step = (grid[1] - grid[0]) / _REFINEMENT
    start = min(float(two_theta.min()), float(grid[0]))
    stop = max(float(two_theta.max()), float(grid[-1]))
    below = int(np.ceil((grid[0] - start) / step))
    points = below + int(np.ceil((stop - grid[0]) / step)) + 2
    origin = grid[0] - below * step
    rungs = _rungs(start, stop, shape, wavelength)
    place = np.interp(two_theta, rungs, np.arange(len(rungs)))
    x = step * np.arange(-points, points + 1)
    total = np.zeros(points)
    for i, (fwhm, eta) in enumerate(
        zip(*thompson_cox_hastings(*shape.widths(rungs, wavelength)), strict=True)
    ):
        share = np.maximum(0.0, 1 - np.abs(place - i))
        bins = _shared_linearly((two_theta - origin) / step, share * intensity, points)
        total += fftconvolve(bins, pseudo_voigt(x, fwhm, eta), mode="same")[:points]
    return np.asarray(total[below::_REFINEMENT][: len(grid)])


def _rungs(start: float, stop: float, shape: LineShape, wavelength: float) -> NDArray[np.float64]:
    """Return angles between which the width grows by at most two percent."""
    angles = np.linspace(start, stop, 2001)
    fwhm, _ = thompson_cox_hastings(*shape.widths(angles, wavelength))
    climb = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(np.log(fwhm))))])
    count = int(np.ceil(climb[-1] / 0.02)) + 1
    if count < 2:
        return np.array([start, stop])
    return np.asarray(np.interp(np.linspace(0, climb[-1], count), climb, angles))


def _shared_linearly(
    place: NDArray[np.float64], area: NDArray[np.float64], points: int
) -> NDArray[np.float64]:
    left = np.floor(place).astype(int)
    right_share = place - left
    bins = np.bincount(left, area * (1 - right_share), points)
    return np.asarray((bins + np.bincount(left + 1, area * right_share, points))[:points])
