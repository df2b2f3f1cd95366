"""Figures of Bader charges and of the strain of layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.model import BaderCharges, LayerStrain
from qdstruct.report.style import DOUBLE_COLUMN, colour_of, element_colour, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["bader_figure", "layers_figure"]


def bader_figure(found: BaderCharges) -> Figure:
    """Draw the charge of each atom against its height, elements in colour.

    Parameters
    ----------
    found : BaderCharges
        Net charges where the valences are known, electrons otherwise.
    """
    figure = new_figure(DOUBLE_COLUMN, 66)
    axes = figure.subplots()
    values = found.electrons if found.charges is None else found.charges
    heights = _unbroken_heights(found)
    symbols = np.array(found.atoms.get_chemical_symbols())
    for symbol in dict.fromkeys(symbols.tolist()):
        mine = symbols == symbol
        axes.plot(
            heights[mine], values[mine], "o", markersize=4, markeredgewidth=0.4,
            markeredgecolor="0.25", label=symbol,
            color=element_colour(int(found.atoms.numbers[mine][0])),
        )  # fmt: skip
    if found.charges is not None:
        axes.axhline(0, color="0.5", linewidth=0.6)
    _mark_regions(axes, found, heights)
    axes.set(
        xlabel="height z (Å)",
        ylabel="electrons per atom" if found.charges is None else "net charge per atom (e)",
    )
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _unbroken_heights(found: BaderCharges) -> NDArray[np.float64]:
    """Return heights that do not jump where the structure passes the edge of its cell."""
    cell = np.asarray(found.atoms.cell)
    period = float(found.atoms.cell.volume / np.linalg.norm(np.cross(cell[0], cell[1])))
    heights = np.asarray(found.atoms.get_scaled_positions()[:, 2] * period)
    ordered = np.sort(heights)
    gaps = np.diff(ordered, append=ordered[0] + period)
    widest = int(gaps.argmax())
    if widest < len(ordered) - 1:
        heights[heights > ordered[widest] + gaps[widest] / 2] -= period
    return heights


def _mark_regions(axes: Axes, found: BaderCharges, heights: NDArray[np.float64]) -> None:
    regions = found.atoms.arrays.get("region")
    if regions is None:
        return
    sums = found.by_group("region") if found.charges is not None else {}
    for index, name in enumerate(dict.fromkeys(regions.tolist())):
        mine = regions == name
        low, high = float(heights[mine].min()) - 0.6, float(heights[mine].max()) + 0.6
        colour = colour_of(str(name), index)
        axes.axvspan(low, high, color=colour, alpha=0.08, linewidth=0)
        told = f" {sums[str(name)]:+.3f} e".replace("-", "−") if str(name) in sums else ""
        axes.annotate(
            f"{name}{told}", ((low + high) / 2, 1), xycoords=("data", "axes fraction"),
            xytext=(0, 2), textcoords="offset points", ha="center", va="bottom", fontsize=6.5,
            color=colour,
        )  # fmt: skip


def layers_figure(layers: Sequence[LayerStrain]) -> Figure:
    """Draw strain, change of spacing and rumpling of every layer against its height.

    Parameters
    ----------
    layers : sequence of LayerStrain
        Region by region.
    """
    figure = new_figure(DOUBLE_COLUMN, 66)
    panels = figure.subplots(1, 3)
    titles = ("strain along the normal (%)", "strain in the plane (%)", "rumpling (Å)")
    for index, region in enumerate(dict.fromkeys(layer.region for layer in layers)):
        mine = [layer for layer in layers if layer.region == region]
        z, colour = [layer.height for layer in mine], colour_of(region, index)
        style = {"color": colour, "markersize": 3.5, "linewidth": 0.8}
        panels[0].plot(z, [_percent(layer.normal) for layer in mine], "o-", label=region, **style)
        for number, mark in ((0, "o-"), (1, "s:")):
            panels[1].plot(
                z,
                [_percent(None if la.in_plane is None else la.in_plane[number, number])
                 for la in mine],
                mark, label=f"{region}, ε{'₁₂'[number]}", **style,
            )  # fmt: skip
        panels[2].plot(z, [layer.rumpling for layer in mine], "o-", label=region, **style)
    for axes, title in zip(panels, titles, strict=True):
        axes.axhline(0, color="0.5", linewidth=0.6)
        axes.set(xlabel="height z (Å)", ylabel=title)
        axes.margins(y=0.15)
    panels[0].legend(loc="best")
    panels[1].legend(loc="best")
    return figure


def _percent(value: float | None) -> float:
    return float("nan") if value is None else 100 * value
