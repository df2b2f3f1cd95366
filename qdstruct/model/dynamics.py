"""A fluctuating gap, its spectrum and dephasing, and decays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.model.record import Record

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["Decay", "GapDynamics", "SpectralPeak"]


@dataclass(frozen=True, kw_only=True)
class Decay(Record):
    """An exponential fitted to a population or an energy."""

    time: float
    """Time constant τ, fs."""
    uncertainty: float
    """± fs, one standard deviation of the fit."""
    amplitude: float
    """Value at time zero (1 for a population)."""
    offset: float
    """Value at infinite time (0 where it was not fitted)."""
    form: str
    """Formula that was fitted."""
    residual: float
    """Root mean square of data minus fit, in the unit of the data."""

    def curve(self, time: ArrayLike) -> NDArray[np.float64]:
        """Return the fitted curve at times in fs."""
        t = np.asarray(time, dtype=np.float64)
        if self.form.startswith("exp(−t²"):
            return np.asarray(np.exp(-(t**2) / (2 * self.time**2)))
        return np.asarray(self.amplitude * np.exp(-t / self.time) + self.offset)


@dataclass(frozen=True, kw_only=True)
class SpectralPeak(Record):
    """A line of a spectral density."""

    wavenumber: float
    """cm⁻¹."""
    weight: float
    """Share of the whole integral that lies between the minima on both sides."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GapDynamics(Record):
    """Everything that follows from one gap along a trajectory."""

    gap: DataArray
    """eV, dims (time,) in fs."""
    correlation: DataArray
    """Unnormalised autocorrelation ⟨δE(t) δE(0)⟩, eV²."""
    density: DataArray
    """Its cosine transform 2∫C(t) cos ωt dt, eV² fs against cm⁻¹; attributes ``window``,
    ``padding`` and ``resolution``."""
    dephasing: DataArray
    """Second-order cumulant D(t)."""
    mean: float
    """Mean gap, eV."""
    deviation: float
    """Standard deviation of the gap, eV."""
    dephasing_time: float | None
    """fs until D falls to 1/e; None where it does not within the range."""
    gaussian: Decay
    """D(t) fitted by exp(−t²/2τ²)."""
    peaks: tuple[SpectralPeak, ...]
    """Lines of the spectral density, strongest first."""
