"""Figures of gap fluctuations and of decays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qdstruct.report.style import COLOURS, DOUBLE_COLUMN, SINGLE_COLUMN, figure_style, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from xarray import DataArray

__all__ = ["decay_figure", "gap_figure"]

_SEEN = 0.01
"""Share of the strongest line below which a spectral density is not seen."""


def gap_figure(
    gap: DataArray,
    correlation: DataArray,
    density: DataArray,
    dephasing: DataArray,
    *,
    gaussian: float | None = None,
) -> Figure:
    """Draw the gap along the trajectory, its autocorrelation, spectrum and dephasing.

    Parameters
    ----------
    gap, correlation, density, dephasing : DataArray
        As in `qdstruct.analysis.GapDynamics`.
    gaussian : float, optional
        τ of the Gaussian dephasing, fs, drawn beside it.
    """
    with figure_style():
        figure = new_figure(DOUBLE_COLUMN, 96)
        (upper, right), (lower, last) = figure.subplots(2, 2)
        upper.plot(gap["time"], gap, color=COLOURS[0], linewidth=0.7)
        upper.axhline(float(gap.mean()), color="0.5", linewidth=0.6)
        upper.set(xlabel="time (fs)", ylabel="gap (eV)", xlim=(0, float(gap["time"][-1])))
        right.plot(correlation["time"], 1e6 * correlation, color=COLOURS[1], linewidth=0.8)
        right.axhline(0, color="0.5", linewidth=0.6)
        right.set(xlabel="lag (fs)", ylabel="⟨δE(t)δE(0)⟩ (meV²)",
                  xlim=(0, float(correlation["time"][-1])))  # fmt: skip
        nu = np.asarray(density["wavenumber"])
        lower.plot(nu, density, color=COLOURS[2])
        lower.set(xlabel="wave number (cm⁻¹)", ylabel="J (eV² fs)",
                  xlim=(0, _reach(nu, np.asarray(density))), ylim=(0, None))  # fmt: skip
        window = str(density.attrs.get("window", "none"))
        padding = int(density.attrs.get("padding", 1))
        words = f"window: {window}" + (f"\nzero-padded to {padding} ×" if padding > 1 else "")
        lower.text(0.98, 0.95, words, transform=lower.transAxes, ha="right",
                   va="top", fontsize=7)  # fmt: skip
        _dephasing(last, dephasing, gaussian)
    return figure


def _reach(nu: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Return the wave number beyond which nothing rises above the baseline."""
    seen = np.flatnonzero(values > _SEEN * values.max())
    return float(max(1.3 * nu[seen[-1]], 2 * nu[1]))


def _dephasing(axes: object, dephasing: DataArray, gaussian: float | None) -> None:
    from matplotlib.axes import Axes

    assert isinstance(axes, Axes)
    time, values = np.asarray(dephasing["time"]), np.asarray(dephasing)
    gone = np.flatnonzero(values < 0.01)
    end = float(time[gone[0]]) * 1.3 if gone.size else float(time[-1])
    axes.plot(time, values, color=COLOURS[0], label="D(t)")
    if gaussian is not None:
        fine = np.linspace(0, min(end, time[-1]), 300)
        axes.plot(fine, np.exp(-(fine**2) / (2 * gaussian**2)), "--", color=COLOURS[1],
                  label=f"Gaussian, τ = {gaussian:.1f} fs")  # fmt: skip
    axes.axhline(np.exp(-1), color="0.5", linewidth=0.6)
    axes.set(xlabel="time (fs)", ylabel="dephasing function", xlim=(0, end), ylim=(0, 1.03))
    axes.legend()


def decay_figure(
    time: NDArray[np.float64],
    population: NDArray[np.float64],
    energy: NDArray[np.float64],
    *,
    population_curve: NDArray[np.float64] | None = None,
    energy_curve: NDArray[np.float64] | None = None,
    labels: tuple[str, str] = ("", ""),
) -> Figure:
    """Draw P(t) and E(t) with their fits.

    Parameters
    ----------
    time : (T,) array
        fs.
    population, energy : (T,) arrays
        Means over the trajectories; energy in eV.
    population_curve, energy_curve : (T,) arrays, optional
        Fits.
    labels : (str, str)
        What the legends say of the two fits.
    """
    with figure_style():
        figure = new_figure(SINGLE_COLUMN, 100)
        upper, lower = figure.subplots(2, 1, sharex=True)
        for axes, values, curve, label, unit in (
            (upper, population, population_curve, labels[0], "population"),
            (lower, energy, energy_curve, labels[1], "energy (eV)"),
        ):
            axes.plot(time, values, color=COLOURS[0], linewidth=0.8, label="mean")
            if curve is not None:
                axes.plot(time, curve, "--", color=COLOURS[1], label=label)
            axes.set(ylabel=unit)
            axes.legend()
        upper.set(ylim=(0, None))
        lower.set(xlabel="time (fs)", xlim=(0, float(time[-1])))
    return figure
