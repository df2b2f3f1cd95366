"""From a fluctuating gap to its spectrum and dephasing, and from samples to a decay."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.analysis.dynamics import (
    HBAR,
    autocorrelation,
    dephasing_function,
    dephasing_time,
    fit_decay,
    spectral_density,
)
from qdstruct.errors import InputError
from qdstruct.model import Decay, GapDynamics, SpectralPeak

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = [
    "GapDynamics",
    "SpectralPeak",
    "bootstrap_decay",
    "dephasing_matrix",
    "gap_dynamics",
    "gaussian_dephasing",
    "spectral_peaks",
]

_STILL = 1e-16
"""eV²: what fluctuates less than 10⁻⁸ eV does not fluctuate but for rounding."""


def gap_dynamics(
    energies: ArrayLike,
    time_step: float,
    *,
    longest: float | None = None,
    window: str = "hann",
    padding: int = 1,
) -> GapDynamics:
    """Analyse a gap along a trajectory.

    Parameters
    ----------
    energies : (T,) array
        Gap of each step, eV.
    time_step : float
        fs.
    longest : float, optional
        Longest lag of the autocorrelation, fs; half the trajectory by default.
    window : {"hann", "none"}
        As `spectral_density`.
    padding : int
        As `spectral_density`. Without a window the lines are looked for without padding: between
        its points a sharp cut rings.

    Raises
    ------
    InputError
        If the trajectory is too short, constant, or an argument is impossible.
    """
    from xarray import DataArray

    values = np.asarray(energies, dtype=np.float64)
    correlation = autocorrelation(values, time_step, longest=longest)
    if not float(correlation[0]) > _STILL:
        raise InputError("this gap does not fluctuate", hint="are these the right bands?")
    density = spectral_density(correlation, window=window, padding=padding)
    shown = density if window == "hann" else spectral_density(correlation, window=window)
    dephasing = dephasing_function(correlation)
    try:
        until: float | None = dephasing_time(dephasing)
    except InputError:
        until = None
    time = ("time", np.arange(values.size) * time_step, {"unit": "fs"})
    return GapDynamics(
        gap=DataArray(
            values, dims=("time",), coords={"time": time}, attrs={"unit": "eV"}, name="gap"
        ),
        correlation=correlation,
        density=density,
        dephasing=dephasing,
        mean=float(values.mean()),
        deviation=float(values.std()),
        dephasing_time=until,
        gaussian=gaussian_dephasing(dephasing),
        peaks=spectral_peaks(shown),
    )


def gaussian_dephasing(dephasing: DataArray) -> Decay:
    """Fit D(t) = exp(−t²/2τ²), the form that decoherence-induced surface hopping assumes.

    (H. M. Jaeger, S. Fischer and O. V. Prezhdo, J. Chem. Phys. 137, 22A545 (2012).) At short times
    τ = ħ/√C(0).

    Raises
    ------
    InputError
        If no such curve fits.
    """
    from scipy.optimize import OptimizeWarning, curve_fit

    t, y = np.asarray(dephasing["time"]), np.asarray(dephasing)
    below = np.flatnonzero(y < np.exp(-0.5))
    start = float(t[below[0]]) if below.size else float(t[-1])

    def model(time: NDArray[np.float64], tau: float) -> NDArray[np.float64]:
        return np.asarray(np.exp(-(time**2) / (2 * tau**2)))

    try:
        with warnings.catch_warnings():
            # The uncertainty is infinite then, which says it.
            warnings.simplefilter("ignore", OptimizeWarning)
            best, covariance = curve_fit(model, t, y, p0=[max(start, t[1])], maxfev=5000)
    except RuntimeError as error:
        raise InputError(f"no Gaussian fits this dephasing: {error}") from error
    return Decay(
        time=float(abs(best[0])),
        uncertainty=float(np.sqrt(covariance[0, 0])),
        amplitude=1.0,
        offset=0.0,
        form="exp(−t²/2τ²)",
        residual=float(np.sqrt(np.mean((y - model(t, *best)) ** 2))),
    )


def dephasing_matrix(
    energies: ArrayLike, time_step: float, *, longest: float | None = None
) -> NDArray[np.float64]:
    """Return the Gaussian dephasing time of every pair of bands, fs, zero on the diagonal.

    Parameters
    ----------
    energies : (T, B) array
        Energies of B bands at T steps, eV.
    time_step : float
        fs.
    longest : float, optional
        Longest lag of the autocorrelations, fs.

    Raises
    ------
    InputError
        If there are not two bands, or two of them never differ in motion.
    """
    values = np.asarray(energies, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] < 2:
        raise InputError("dephasing needs at least two bands")
    count = values.shape[1]
    result = np.zeros((count, count))
    for i in range(count):
        for j in range(i):
            correlation = autocorrelation(values[:, i] - values[:, j], time_step, longest=longest)
            if not float(correlation[0]) > _STILL:
                raise InputError(f"bands {j + 1} and {i + 1} move alike: they never dephase")
            curve = dephasing_function(correlation)
            shortest = HBAR / float(np.sqrt(correlation[0]))
            slow = float(curve.min()) > np.exp(-0.5)
            result[i, j] = result[j, i] = shortest if slow else gaussian_dephasing(curve).time
    return result


def spectral_peaks(density: DataArray, *, count: int = 8) -> tuple[SpectralPeak, ...]:
    """Return the lines of a spectral density, strongest first.

    Parameters
    ----------
    density : DataArray
        What `spectral_density` returned.
    count : int
        How many at most.
    """
    from scipy.signal import find_peaks

    values, nu = np.asarray(density), np.asarray(density["wavenumber"])
    positive = np.clip(values, 0, None)
    whole = positive.sum()
    places, _ = find_peaks(positive, prominence=0.02 * positive.max())
    dips = [int(a + positive[a:b].argmin()) for a, b in pairwise(places)]
    edges = [0, *dips, len(nu)]
    peaks = [
        SpectralPeak(
            wavenumber=_vertex(nu, positive, int(place)),
            weight=float(positive[edges[i] : edges[i + 1]].sum() / whole),
        )
        for i, place in enumerate(places)
    ]
    return tuple(sorted(peaks, key=lambda peak: -peak.weight)[:count])


def _vertex(x: NDArray[np.float64], y: NDArray[np.float64], k: int) -> float:
    """Return where the parabola through three points is highest."""
    a, b, c = y[k - 1], y[k], y[k + 1]
    bend = a - 2 * b + c
    return float(x[k] + (0.5 * (a - c) / bend if bend else 0.0) * (x[1] - x[0]))


def bootstrap_decay(
    time: Sequence[float] | NDArray[np.float64],
    samples: NDArray[np.float64],
    *,
    kind: str = "population",
    resamples: int = 200,
    seed: int = 0,
) -> Decay:
    """Fit the mean of many trajectories; its uncertainty is that of choosing the trajectories.

    Successive times of one trajectory are not independent, so the covariance of a fit to the mean
    curve is far too optimistic. Here samples are drawn again with replacement (B. Efron, Ann.
    Statist. 7, 1 (1979)) and each draw is fitted.

    Parameters
    ----------
    time : (T,) array
        fs.
    samples : (S, T) array
        Population or energy along each of S trajectories.
    kind : {"population", "energy"}
        As `fit_decay`.
    resamples : int
        Draws.
    seed : int
        Of the random generator, so that a result can be repeated.

    Raises
    ------
    InputError
        If there is no sample, or the mean does not decay.
    """
    values = np.asarray(samples, dtype=np.float64)
    if values.ndim != 2 or not len(values):
        raise InputError("a decay of samples needs one row for each sample")
    whole = fit_decay(time, values.mean(axis=0), kind=kind)
    if len(values) < 3:
        return whole
    generator, times = np.random.default_rng(seed), []
    for _ in range(resamples):
        drawn = values[generator.integers(0, len(values), len(values))].mean(axis=0)
        try:
            times.append(fit_decay(time, drawn, kind=kind).time)
        except InputError:
            continue
    if len(times) < resamples / 2:
        raise InputError("most draws of these samples do not decay", hint="take more samples")
    return Decay(
        time=whole.time,
        uncertainty=float(np.std(times, ddof=1)),
        amplitude=whole.amplitude,
        offset=whole.offset,
        form=f"{whole.form}, ± from {resamples} draws of {len(values)} trajectories",
        residual=whole.residual,
    )
