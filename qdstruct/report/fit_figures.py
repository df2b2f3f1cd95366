"""Figures of fits and of band diagrams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.model.fits import BandLevels, SpectrumFit
from qdstruct.report.style import COLOURS, SINGLE_COLUMN, figure_style, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["band_diagram_figure", "fit_figure"]

_LOGARITHMIC = ("kinetics", "tunnelling")


def fit_figure(fit: SpectrumFit) -> Figure:
    """Draw points, fitted curve and residuals; decays on a logarithmic scale.

    Parameters
    ----------
    fit : SpectrumFit
        Any fit of `qdstruct.simulation.spectra`.
    """
    x = np.asarray(fit.curve["x"])
    measured, fitted = np.asarray(fit.curve["measured"]), np.asarray(fit.curve["fitted"])
    scale = -1.0 if fit.kind in _LOGARITHMIC and measured.max() <= 0 else 1.0
    with figure_style():
        figure = new_figure(SINGLE_COLUMN, 78)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.5, 1))
        upper.plot(x, scale * measured, ".", color=COLOURS[0], markersize=2.5, label="measured")
        upper.plot(x, scale * fitted, color=COLOURS[1], label="fit")
        sign = "−" if scale < 0 else ""
        units = fit.curve["measured"].attrs
        upper.set_ylabel(f"{sign}{units['long_name']} ({units['units']})")
        if fit.kind in _LOGARITHMIC and (scale * measured > 0).any():
            floor = 0.5 * np.min(scale * measured[scale * measured > 0])
            upper.set(yscale="log", ylim=(floor, None))
        elif not np.isfinite(fitted).all():
            upper.set_ylim(min(0.0, measured.min()), 1.05 * measured.max())
        upper.set_title(_headline(fit), loc="left")
        upper.legend()
        lower.axhline(0, color="0.5", linewidth=0.6)
        lower.plot(x, np.asarray(fit.curve["residual"]), color=COLOURS[0], linewidth=0.7)
        units = fit.curve["x"].attrs
        lower.set(xlabel=f"{units['long_name']} ({units['units']})", ylabel="residual")
        if not np.isfinite(fitted).all():
            on = np.isfinite(fitted) & (x >= x[0])
            size = 1.2 * np.abs((measured - fitted)[on]).max() if on.any() else 1.0
            lower.set_ylim(-size, size)
    return figure


def _headline(fit: SpectrumFit) -> str:
    """Return the numbers a reader looks for: what is derived, or the first fitted values."""
    values = fit.derived or tuple(p for p in fit.parameters if not p.fixed)
    words = []
    for value in values[:2]:
        error = "" if value.error is None else f" ± {value.error:.2g}"
        words.append(f"{value.name} = {value.value:.4g}{error} {value.unit}".rstrip())
    return "\n".join(words)


def band_diagram_figure(materials: Sequence[BandLevels]) -> Figure:
    """Draw conduction and valence edges and Fermi levels against the vacuum level.

    Parameters
    ----------
    materials : sequence of BandLevels
        Side by side, before contact.
    """
    with figure_style():
        figure = new_figure(max(SINGLE_COLUMN, 38.0 * len(materials)), 78)
        axes = figure.subplots()
        for index, levels in enumerate(materials):
            colour = COLOURS[index % len(COLOURS)]
            low, high = -levels.ionisation_energy.value, -levels.electron_affinity.value
            left, right = index + 0.12, index + 0.88
            axes.fill_between([left, right], low, high, color=colour, alpha=0.12, linewidth=0)
            for level, word, side, up in ((high, "CBM", "bottom", 2), (low, "VBM", "top", -2)):
                axes.hlines(level, left, right, color=colour, linewidth=1.8)
                axes.annotate(
                    f"{word} {level:.2f}", (index + 0.5, level), xytext=(0, up),
                    textcoords="offset points", ha="center", va=side, fontsize=7,
                )  # fmt: skip
            fermi = -levels.work_function.value
            axes.hlines(fermi, left, right, color="0.3", linewidth=0.9, linestyle="--")
            axes.text(index + 0.14, fermi, f"$E_F$ {fermi:.2f}", va="bottom", fontsize=7)
        edges = [-m.ionisation_energy.value for m in materials]
        tops = [-m.electron_affinity.value for m in materials]
        margin = 0.14 * (max(tops) - min(edges)) + 0.1
        axes.set(
            xlim=(0, len(materials)), ylim=(min(edges) - margin, max(tops) + margin),
            ylabel="energy relative to the vacuum level (eV)",
            xticks=[i + 0.5 for i in range(len(materials))],
        )  # fmt: skip
        axes.set_xticklabels([m.material for m in materials])
        axes.tick_params(axis="x", length=0)
    return figure
