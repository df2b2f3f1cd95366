"""Gap fluctuations along molecular dynamics: autocorrelation, spectrum, dephasing; and decays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.errors import InputError
from qdstruct.model import Decay

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = [
    "Decay",
    "autocorrelation",
    "dephasing_function",
    "dephasing_time",
    "fit_decay",
    "spectral_density",
]

HBAR: Final = 0.6582119569509066
"""ħ in eV fs (CODATA 2018)."""
WAVENUMBER: Final = 33356.40951981521
"""Wave numbers in cm⁻¹ per 1/fs: 10¹⁵/c with c in cm/s."""
WINDOWS: Final = {"hann": 2.00, "none": 1.21}
"""Window → full width at half maximum of a line it leaves, in points of the spectrum without zero
padding (F. J. Harris, Proc. IEEE 66, 51 (1978), Table I, 6 dB bandwidth)."""


def autocorrelation(
    energies: ArrayLike, time_step: float, *, longest: float | None = None
) -> DataArray:
    """Return the unnormalised autocorrelation ⟨δE(t) δE(0)⟩ of a fluctuating gap.

    Parameters
    ----------
    energies : (n,) array
        Gap of each step of a trajectory, eV.
    time_step : float
        fs.
    longest : float, optional
        Longest lag, fs; half the trajectory by default. Every lag is averaged over the origins it
        has (unbiased), so long lags are noisy.

    Returns
    -------
    DataArray
        eV², dims (time,) in fs.

    Raises
    ------
    InputError
        If there are fewer than ten finite values or the step is not positive.
    """
    from xarray import DataArray

    values = np.asarray(energies, dtype=np.float64)
    if values.ndim != 1 or values.size < 10 or not np.isfinite(values).all():
        raise InputError("a fluctuation needs at least ten finite energies of successive steps")
    if not time_step > 0:
        raise InputError(f"a time step of {time_step:g} fs is impossible")
    count = values.size
    lags = count // 2 if longest is None else min(count // 2, round(longest / time_step))
    lags += 1
    centred = values - values.mean()
    transform = np.fft.rfft(centred, 2 * count)
    sums = np.fft.irfft(np.abs(transform) ** 2)[:lags]
    result = sums / (count - np.arange(lags))
    time = np.arange(lags) * time_step
    return DataArray(
        result,
        dims=("time",),
        coords={"time": ("time", time, {"unit": "fs"})},
        attrs={"unit": "eV²", "mean": float(values.mean())},
        name="autocorrelation",
    )


def spectral_density(
    correlation: DataArray, *, window: str = "hann", padding: int = 1
) -> DataArray:
    """Return the cosine transform of an unnormalised autocorrelation, J(ω) = 2 ∫ C(t) cos ωt dt.

    Parameters
    ----------
    correlation : DataArray
        What `autocorrelation` returned.
    window : {"hann", "none"}
        ``hann`` multiplies C(t) by cos²(πt/2T), T the longest lag, which suppresses the side lobes
        of the cut at the price of a resolution of about 1/T.
    padding : int
        Zeros are put behind C(t) until it is so many times as long: the spectrum gets that many
        times as many points, between those it has without (which stay as they are); lines get
        smoother, not narrower. 1 puts none.

    Returns
    -------
    DataArray
        eV² fs, dims (wavenumber,) in cm⁻¹. Attributes: ``window``, ``padding``, and
        ``resolution``: the full width at half maximum in cm⁻¹ of a line that does not decay.

    Raises
    ------
    InputError
        If the window is unknown or the padding is not a positive integer.
    """
    from xarray import DataArray

    if window not in WINDOWS:
        raise InputError(f"there is no window '{window}'", hint=f"choose {' or '.join(WINDOWS)}")
    if padding < 1:
        raise InputError(
            f"zero padding to {padding} times the length is impossible", hint="1 pads nothing"
        )
    values, time = np.asarray(correlation), np.asarray(correlation["time"])
    step = float(time[1] - time[0])
    if window == "hann":
        values = values * np.cos(np.pi * time / (2 * time[-1])) ** 2
    half = values.size - 1
    even = np.zeros(2 * half * padding)
    even[: half + 1] = values
    even[even.size - half :] = values[:0:-1]
    if padding > 1:  # the last lag stands on both sides of the zeros
        even[[half, even.size - half]] /= 2
    density = np.fft.rfft(even).real * step
    wavenumber = np.fft.rfftfreq(even.size, step) * WAVENUMBER
    return DataArray(
        density,
        dims=("wavenumber",),
        coords={"wavenumber": ("wavenumber", wavenumber, {"unit": "1/cm"})},
        attrs={
            "unit": "eV² fs",
            "window": window,
            "padding": padding,
            "resolution": WINDOWS[window] * WAVENUMBER / (2 * float(time[-1])),
        },
        name="spectral_density",
    )


def dephasing_function(correlation: DataArray) -> DataArray:
    """Return D(t) = exp(−ħ⁻² ∫₀ᵗ dt′ ∫₀^t′ dt″ C(t″)), the second-order cumulant.

    (S. Mukamel, Principles of Nonlinear Optical Spectroscopy, Oxford 1995, ch. 8.)
    """
    from scipy.integrate import cumulative_simpson

    time = np.asarray(correlation["time"])
    inner = cumulative_simpson(np.asarray(correlation), x=time, initial=0)
    outer = cumulative_simpson(inner, x=time, initial=0)
    result = correlation.copy(data=np.exp(-outer / HBAR**2))
    result.attrs = {"unit": "1"}
    result.name = "dephasing"
    return result


def dephasing_time(dephasing: DataArray) -> float:
    """Return the time at which a dephasing function first falls to 1/e, fs.

    Raises
    ------
    InputError
        If it does not fall that far within its range.
    """
    values, time = np.asarray(dephasing), np.asarray(dephasing["time"])
    below = np.flatnonzero(values <= np.exp(-1))
    if not below.size:
        raise InputError(
            f"coherence is still {values[-1]:.2f} after {time[-1]:g} fs",
            hint="take a longer trajectory, or a longer range of the autocorrelation",
        )
    k = int(below[0])
    logs = np.log(values[k - 1 : k + 1])
    return float(time[k - 1] + (time[k] - time[k - 1]) * (-1 - logs[0]) / (logs[1] - logs[0]))


def fit_decay(time: ArrayLike, values: ArrayLike, *, kind: str = "population") -> Decay:
    """Fit an exponential to a surviving population or to an energy that relaxes.

    Parameters
    ----------
    time : (n,) array
        fs.
    values : (n,) array
        Population of the initial state (1 at time zero), or energy in eV.
    kind : {"population", "energy"}
        ``population``: P(t) = exp(−t/τ); ``energy``: E(t) = E₀ exp(−t/τ) + E∞.

    Returns
    -------
    Decay
        With the standard deviation of τ from the covariance of the fit.

    Raises
    ------
    InputError
        If there are too few points, the kind is unknown, or nothing decays.
    """
    import warnings

    from scipy.optimize import OptimizeWarning, curve_fit

    t, y = np.asarray(time, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if kind not in ("population", "energy"):
        raise InputError(f"there is no decay of a '{kind}'", hint="choose population or energy")
    if t.shape != y.shape or t.size < 4 or not np.isfinite([t, y]).all():
        raise InputError("a decay needs at least four finite points")
    span = float(np.ptp(t))
    if not y[0] > y[-1] or span <= 0:
        raise InputError("these values do not decay")
    start = [span / 2] if kind == "population" else [span / 2, y[0] - y[-1], y[-1]]
    model = _population if kind == "population" else _energy
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", OptimizeWarning)
            best, covariance = curve_fit(model, t, y, p0=start, maxfev=10_000)
    except (RuntimeError, OptimizeWarning) as error:
        raise InputError(f"no exponential fits these values: {error}") from error
    residual = float(np.sqrt(np.mean((y - model(t, *best)) ** 2)))
    return Decay(
        time=float(best[0]),
        uncertainty=float(np.sqrt(covariance[0, 0])),
        amplitude=1.0 if kind == "population" else float(best[1]),
        offset=0.0 if kind == "population" else float(best[2]),
        form="exp(−t/τ)" if kind == "population" else "E₀ exp(−t/τ) + E∞",
        residual=residual,
    )


def _population(t: NDArray[np.float64], tau: float) -> NDArray[np.float64]:
    return np.asarray(np.exp(-t / tau))


def _energy(
    t: NDArray[np.float64], tau: float, amplitude: float, offset: float
) -> NDArray[np.float64]:
    return np.asarray(amplitude * np.exp(-t / tau) + offset)
