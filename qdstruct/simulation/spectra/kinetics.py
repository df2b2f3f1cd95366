"""Multi-exponential decays, with or without instrument response, and their average lifetimes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.model.fits import SpectrumFit
from qdstruct.simulation.spectra.fitting import Axis, Derived, Unknown, Values, fit_curve

__all__ = ["MAX_COMPONENTS", "average_lifetimes", "decay", "fit_kinetics"]

Floats = NDArray[np.float64]

MAX_COMPONENTS = 3
_FWHM = 2.0 * np.sqrt(2.0 * np.log(2.0))
_REWEIGH = 3
"""Fits after the first, with weights from the curve before."""
_SOURCE = "Lakowicz, Principles of Fluorescence Spectroscopy, 3rd ed. (2006), ch. 4"


def average_lifetimes(
    amplitudes: Sequence[float], lifetimes: Sequence[float]
) -> tuple[float, float]:
    """Return the two average lifetimes of a multi-exponential decay Σ Aᵢ exp(−t/τᵢ).

    Parameters
    ----------
    amplitudes, lifetimes : sequences of float
        Aᵢ and τᵢ.

    Returns
    -------
    amplitude_weighted, intensity_weighted : float
        Σ Aτ / Σ A, proportional to the quantum yield, and Σ Aτ² / Σ Aτ, the mean time of emission
        (Lakowicz, Principles of Fluorescence Spectroscopy, 3rd ed., ch. 4).
    """
    a, t = np.asarray(amplitudes, dtype=float), np.asarray(lifetimes, dtype=float)
    return float((a * t).sum() / a.sum()), float((a * t**2).sum() / (a * t).sum())


def decay(t: Floats, lifetime: float, width: float = 0.0) -> Floats:
    """Return an exponential decay that begins at t = 0, seen through a Gaussian response.

    Parameters
    ----------
    t : (n,) array
        Times.
    lifetime : float
        τ, same unit.
    width : float
        Standard deviation σ of the response; 0 for none.

    Returns
    -------
    (n,) array
        θ(t) exp(−t/τ) convolved with the unit-area Gaussian:
        ½ exp(σ²/2τ² − t/τ) erfc((σ/τ − t/σ)/√2).
    """
    if width <= 0.0:
        return np.where(t >= 0.0, np.exp(-np.clip(t, 0.0, None) / lifetime), 0.0)
    from scipy.special import erfcx

    argument = (width / lifetime - t / width) / np.sqrt(2.0)
    early = argument > -5.0
    tail = np.exp(np.minimum(0.5 * (width / lifetime) ** 2 - t / lifetime, 700.0))
    gauss = np.exp(-0.5 * (t / width) ** 2)
    return np.where(early, 0.5 * gauss * erfcx(np.where(early, argument, 0.0)), tail)


def fit_kinetics(
    time: Floats,
    intensity: Floats,
    *,
    components: int = 1,
    response_fwhm: float | None = None,
    response: Floats | None = None,
    counts: bool = False,
    sigma: Floats | None = None,
    units: tuple[str, str] = ("ns", "counts"),
) -> SpectrumFit:
    """Fit I(t) = y₀ + Σ Aᵢ exp(−(t − t₀)/τᵢ), convolved with the instrument response if given.

    Parameters
    ----------
    time, intensity : (n,) arrays
        Rising times, evenly spaced if `response` is given.
    components : int
        1 to 3 exponentials.
    response_fwhm : float, optional
        Full width at half maximum of a Gaussian response, in the unit of time; t₀ is then fitted.
    response : (n,) array, optional
        Measured response at the same times; its shift against the decay is fitted.
    counts : bool
        Weigh by the square root of the fitted counts (Poisson), at least one; weights from the
        measured counts would favour points that fluctuate downwards.
    sigma : (n,) array, optional
        Standard deviations instead.
    units : (str, str)
        Of time and intensity.

    Returns
    -------
    SpectrumFit
        A1, tau1 … by falling lifetime, y0, and both average lifetimes. Without a response the fit
        begins at the maximum, which is t₀.
    """
    _check(time, components, response, response_fwhm)
    peak = int(np.argmax(intensity))
    kept = slice(peak, None) if response is None and response_fwhm is None else slice(None)
    t, y = time[kept], intensity[kept]
    if len(t) < 2:
        raise InputError(
            f"{len(t)} points from the maximum on cannot determine {2 * components + 1} parameters",
            hint="is the file a decay, and time its first column?",
        )
    error = np.sqrt(np.maximum(y, 1.0)) if counts else None if sigma is None else sigma[kept]
    shapes = _Shapes(time=t, response=response, width=(response_fwhm or 0.0) / _FWHM)
    t_unit, y_unit = units
    floating = response is not None or response_fwhm is not None
    unknowns = _unknowns(shapes, y, float(time[peak]), components, units, floating=floating)

    def fitted(start: Sequence[Unknown], errors: Floats | None) -> SpectrumFit:
        return fit_curve(
            lambda _, values: shapes.total(values, components),
            start,
            t,
            y,
            sigma=errors,
            kind="kinetics",
            formula="I(t) = y0 + Σ Ai exp(−(t − t0)/τi)" + (" ⊗ response" if floating else ""),
            source=_SOURCE,
            axes=(Axis(name="time", unit=t_unit), Axis(name="intensity", unit=y_unit)),
            derived=_averages(components, t_unit),
            weighting="Poisson: square root of the fitted counts" if counts else None,
        )

    fit = fitted(unknowns, error)
    for _ in range(_REWEIGH if counts else 0):
        smooth = np.sqrt(np.maximum(fit.curve["fitted"].to_numpy(), 1.0))
        fit = fitted([replace(u, start=fit[u.name].value) for u in unknowns], smooth)
    return fit


def _check(
    time: Floats, components: int, response: Floats | None, response_fwhm: float | None
) -> None:
    if not 1 <= components <= MAX_COMPONENTS:
        raise InputError(f"{components} components: give 1 to {MAX_COMPONENTS}")
    if response_fwhm is not None and response is not None:
        raise InputError("give the response as a width or as a column, not both")
    if response_fwhm is not None and response_fwhm <= 0:
        raise InputError("the width of the response must be positive")
    steps = np.diff(time)
    if response is not None and not np.allclose(steps, steps.mean(), rtol=1e-3):
        raise InputError(
            "a measured response needs evenly spaced times",
            hint="interpolate the decay, or give the width of a Gaussian response",
        )
    if response is not None and response.sum() <= 0:
        raise InputError("the response sums to nothing")


class _Shapes:
    """Unit-amplitude decays as the instrument shows them."""

    def __init__(self, *, time: Floats, response: Floats | None, width: float) -> None:
        self.time, self.response, self.width = time, response, width

    def one(self, lifetime: float, start: float) -> Floats:
        """Return one decay of amplitude 1 that begins at `start`."""
        t = self.time
        if self.response is None:
            return decay(t - start, lifetime, self.width)
        step = float(t[1] - t[0])
        ideal = np.exp(-(t - t[0]) / lifetime)
        seen = np.convolve(self.response / self.response.sum(), ideal)[: len(t)]
        return np.interp(t - start, t, seen, left=0.0) if abs(start) > 1e-9 * step else seen

    def total(self, values: Values, components: int) -> Floats:
        """Return the sum with its background."""
        curve = np.full(len(self.time), values["y0"])
        for n in range(1, components + 1):
            curve += values[f"A{n}"] * self.one(values[f"tau{n}"], values["t0"])
        return curve


def _unknowns(
    shapes: _Shapes,
    y: Floats,
    peak_time: float,
    components: int,
    units: tuple[str, str],
    *,
    floating: bool,
) -> list[Unknown]:
    """Guess lifetimes by non-negative least squares over a grid, best combination first."""
    from scipy.optimize import nnls

    t = shapes.time
    start = 0.0 if shapes.response is not None else peak_time - shapes.width
    step = float(np.median(np.diff(t)))
    grid = np.geomspace(2 * step, 1.5 * float(t[-1] - t[0]), 12)
    columns = [shapes.one(tau, start) for tau in grid]
    best, chosen, weights = np.inf, tuple(range(components)), np.ones(components + 1)
    for picked in combinations(range(len(grid)), components):
        basis = np.column_stack([*(columns[k] for k in picked), np.ones(len(t))])
        found, misfit = nnls(basis, y)
        if misfit < best:
            best, chosen, weights = misfit, picked, found
    order = np.argsort(-grid[list(chosen)])
    top = float(y.max())
    t_unit, y_unit = units
    unknowns = []
    for n, k in enumerate(order, start=1):
        amplitude = max(float(weights[k]), 1e-3 * top)
        tau = float(grid[chosen[k]])
        unknowns += [
            Unknown(name=f"A{n}", start=amplitude, unit=y_unit, meaning="amplitude", low=0.0),
            Unknown(name=f"tau{n}", start=tau, unit=t_unit, meaning="lifetime", low=1e-3 * step),
        ]
    unknowns.append(Unknown(name="y0", start=float(weights[-1]), unit=y_unit, meaning="background"))
    unknowns.append(
        Unknown(
            name="t0", start=start, unit=t_unit, meaning="beginning of the decay",
            fixed=not floating,
        )
    )  # fmt: skip
    return unknowns


def _averages(components: int, unit: str) -> tuple[Derived, ...]:
    def both(values: Values) -> tuple[float, float]:
        numbers = range(1, components + 1)
        return average_lifetimes(
            [values[f"A{n}"] for n in numbers], [values[f"tau{n}"] for n in numbers]
        )

    return (
        Derived(
            name="tau_amplitude", unit=unit, meaning="amplitude-weighted average lifetime ΣAτ/ΣA",
            value=lambda values: both(values)[0],
        ),
        Derived(
            name="tau_intensity", unit=unit, meaning="intensity-weighted average lifetime ΣAτ²/ΣAτ",
            value=lambda values: both(values)[1],
        ),
    )  # fmt: skip
