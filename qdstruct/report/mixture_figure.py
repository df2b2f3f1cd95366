"""A measured powder pattern with the computed one drawn over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qdstruct.report.style import COLOURS, figure_style, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from qdstruct.model.patterns import MixtureFit

__all__ = ["mixture_figure"]


def mixture_figure(fit: MixtureFit, wavelength: str) -> Figure:
    """Draw counts, the calculated pattern, each phase on the background, and the difference.

    Parameters
    ----------
    fit : MixtureFit
        From `fit_mixture`.
    wavelength : str
        Anode or wavelength, for the axis.
    """
    with figure_style():
        figure = new_figure(height=88)
        axes = figure.subplots()
        curve = fit.curve
        angle = np.asarray(curve["two_theta"])
        measured, calculated, background = (
            np.asarray(curve[name]) for name in ("measured", "calculated", "background")
        )
        axes.plot(angle, measured, ".", color="0.55", markersize=2, label="measured")
        for index, part in enumerate(fit.fractions):
            phase = np.asarray(curve[f"phase: {part.phase}"]) + background
            words = f"{part.phase}, {100 * part.weight_fraction:.1f} % by weight"
            axes.plot(angle, phase, color=COLOURS[1 + index % 5], linewidth=0.8, label=words)
        axes.plot(angle, calculated, color=COLOURS[0], linewidth=1.0, label="calculated")
        shift = min(0.0, float(measured.min())) - 0.12 * float(np.ptp(measured))
        axes.plot(angle, measured - calculated + shift, color="0.3", linewidth=0.6,
                  label="difference")  # fmt: skip
        axes.axhline(shift, color="0.8", linewidth=0.5, zorder=0)
        axes.set(xlim=(angle[0], angle[-1]), xlabel=f"2θ (°), {wavelength}", ylabel="counts")
        axes.legend(frameon=False, fontsize=6, title=f"R$_{{wp}}$ = {100 * fit.r_wp:.1f} %",
                    title_fontsize=6)  # fmt: skip
    return figure
