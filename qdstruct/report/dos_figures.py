"""Figures of projected densities of states: by region and element, by layer, along the normal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.model import BandEdges
from qdstruct.report.style import COLOURS, SINGLE_COLUMN, colour_of, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from xarray import DataArray

__all__ = ["dos_map_figure", "layer_dos_figure", "region_element_figure"]

ENERGY_LABEL = "E − E$_F$ (eV)"
WINDOW = (-6.0, 6.0)
STYLES = ("-", "--", "-.", ":")
MOST_LAYERS = 24


def region_element_figure(
    by_region: DataArray,
    by_region_element: DataArray,
    edges: Sequence[BandEdges] = (),
    window: tuple[float, float] = WINDOW,
) -> Figure:
    """Draw one panel per region: its density of states, and its elements inside it.

    Parameters
    ----------
    by_region, by_region_element : DataArray
        States/eV, dims (group, energy), energy relative to the Fermi level in eV; groups of the
        second are "region element".
    edges : sequence of BandEdges
        The gap of each region is left white between two dashed lines.
    window : (float, float)
        Energy range, eV.
    """
    regions = [str(name) for name in by_region[by_region.dims[0]].values]
    ordered: list[str] = [r for r in ("substrate", "film") if r in regions]
    ordered += [r for r in regions if r not in ordered]
    figure = new_figure(height=22 + 34 * len(ordered))
    panels = figure.subplots(len(ordered), 1, sharex=True, squeeze=False)[:, 0]
    by_name = {edge.group: edge for edge in edges}
    elements = list(dict.fromkeys(g.split(" ", 1)[1] for g in _groups(by_region_element)))
    for axes, region in zip(panels, reversed(ordered), strict=True):
        _region_panel(axes, region, by_region, by_region_element, elements, window)
        if region in by_name and by_name[region].gap > 0:
            _mark_gap(axes, by_name[region])
    panels[-1].set(xlabel=ENERGY_LABEL, xlim=_within(by_region, window))
    figure.supylabel("density of states (states/eV)", fontsize=8)
    return figure


def _within(table: DataArray, window: tuple[float, float]) -> tuple[float, float]:
    """Return the part of a window of energies for which there are data."""
    energy = np.asarray(table["energy"])
    return max(window[0], float(energy[0])), min(window[1], float(energy[-1]))


def _groups(table: DataArray) -> list[str]:
    return [str(name) for name in table[table.dims[0]].values]


def _region_panel(
    axes: Axes,
    region: str,
    by_region: DataArray,
    by_region_element: DataArray,
    elements: list[str],
    window: tuple[float, float],
) -> None:
    energy = np.asarray(by_region["energy"])
    shown = (energy >= window[0]) & (energy <= window[1])
    total = np.asarray(by_region[_groups(by_region).index(region)])[shown]
    axes.fill_between(energy[shown], total, color="0.88", linewidth=0, label=f"{region}, all")
    for group, row in zip(_groups(by_region_element), by_region_element, strict=True):
        name, element = group.split(" ", 1)
        if name == region:
            index = elements.index(element)
            axes.plot(
                energy[shown], np.asarray(row)[shown], color=COLOURS[index % len(COLOURS)],
                linestyle=STYLES[index // len(COLOURS) % len(STYLES)], label=element,
            )  # fmt: skip
    axes.axvline(0, color="0.4", linewidth=0.7, linestyle=":")
    axes.set_ylim(0, 1.12 * float(total.max() or 1.0))
    axes.set_title(region, loc="left", color=colour_of(region, 0))
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.05))


def _mark_gap(axes: Axes, edge: BandEdges) -> None:
    for place in (edge.valence_maximum, edge.conduction_minimum):
        axes.axvline(place, color="0.2", linewidth=0.8, linestyle="--", label="_band edges")
    axes.annotate(
        f"{edge.gap:.2f} ± {edge.uncertainty:.2f} eV",
        ((edge.valence_maximum + edge.conduction_minimum) / 2, 0.9),
        xycoords=("data", "axes fraction"), ha="center", va="center", fontsize=7,
        label="_band edges", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
    )  # fmt: skip


def layer_dos_figure(
    by_layer: DataArray, window: tuple[float, float] = (-4.0, 4.0), edges: Sequence[BandEdges] = ()
) -> Figure:
    """Draw the density of states of every atomic plane, bottom plane lowest, coloured by region.

    Of more than `MOST_LAYERS` planes those nearest to the interface are drawn.

    Parameters
    ----------
    by_layer : DataArray
        States/eV, dims (layer, energy), with ``height`` (Å) and perhaps ``region`` of each layer.
    window : (float, float)
        Energy range, eV.
    edges : sequence of BandEdges
        Drawn as dashed lines over the layers of their region.
    """
    count = by_layer.sizes["layer"]
    names = [str(r) for r in by_layer["region"].values] if "region" in by_layer.coords else []
    facing = names.index("film") if {"film", "substrate"} <= set(names) else count // 2
    first = max(0, min(facing - MOST_LAYERS // 2, count - MOST_LAYERS))
    table = by_layer[first : first + MOST_LAYERS]
    energy = np.asarray(table["energy"])
    shown = (energy >= window[0]) & (energy <= window[1])
    values = np.asarray(table)[:, shown]
    scale = 0.9 / (float(np.percentile(values.max(axis=1), 80)) or 1.0)
    regions = [str(r) for r in table["region"].values] if "region" in table.coords else []
    figure = new_figure(SINGLE_COLUMN * 1.35, 24 + 7.5 * len(values))
    axes = figure.subplots()
    for index, row in reversed(list(enumerate(values))):
        colour = colour_of(regions[index], index) if regions else COLOURS[0]
        base = float(index)
        height = np.minimum(scale * row, 1.4)
        axes.fill_between(energy[shown], base, base + height, color=colour, alpha=0.35,
                          linewidth=0, zorder=len(values) - index)  # fmt: skip
        axes.plot(energy[shown], base + height, color=colour, linewidth=0.7,
                  zorder=len(values) - index)  # fmt: skip
    axes.axvline(0, color="0.3", linewidth=0.7, linestyle=":", zorder=99)
    for edge in edges:
        rows = [i for i, r in enumerate(regions) if r == edge.group]
        if rows and edge.gap > 0:
            axes.vlines((edge.valence_maximum, edge.conduction_minimum), rows[0], rows[-1] + 1,
                        color="0.1", linewidth=0.8, linestyles="--", zorder=100)  # fmt: skip
    heights = [f"{z:.1f}" for z in np.asarray(table["height"])]
    axes.set(xlim=_within(table, window), ylim=(-0.15, len(values) + 0.9), xlabel=ENERGY_LABEL,
             ylabel="height of the atomic plane (Å)")  # fmt: skip
    axes.set_yticks([i + 0.05 for i in range(len(values))], heights, fontsize=6)
    for name in dict.fromkeys(regions):
        axes.plot([], [], color=colour_of(name, 0), linewidth=3, alpha=0.5, label=name)
    if regions:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def dos_map_figure(
    table: DataArray,
    edges: Sequence[BandEdges] = (),
    extents: dict[str, tuple[float, float]] | None = None,
    interface_height: float | None = None,
) -> Figure:
    """Draw the local density of states along the normal as a map.

    Parameters
    ----------
    table : DataArray
        States/(eV Å), dims (z, energy), periodic over the attribute ``height``.
    edges : sequence of BandEdges
        Drawn over the stretch of their region.
    extents : dict, optional
        Region → lowest and highest atom, Å.
    interface_height : float, optional
        Å.
    """
    from matplotlib.colors import PowerNorm

    figure = new_figure(height=82)
    axes = figure.subplots()
    period = float(table.attrs["height"])
    z, energy = np.asarray(table["z"]), np.asarray(table["energy"])
    lows = {name: low for name, (low, _) in (extents or {}).items()}
    start = lows.get("substrate", min(lows.values(), default=0.0)) - 2.0
    start = (start + period / 2) % period - period / 2
    places = start + (z - start) % period
    order = np.argsort(places)
    ceiling = float(np.percentile(np.asarray(table), 99.5)) or 1.0
    mesh = axes.pcolormesh(
        places[order], energy, np.asarray(table)[order].T, cmap="cividis",
        norm=PowerNorm(0.5, 0, ceiling), shading="nearest", rasterized=True,
    )  # fmt: skip
    figure.colorbar(mesh, ax=axes, label="local DOS (states/(eV Å))", pad=0.01)
    axes.axhline(0, color="w", linewidth=0.8, linestyle=":")
    for edge in edges:
        if extents and edge.group in extents and edge.gap > 0:
            low, high = (start + (h - start) % period for h in extents[edge.group])
            axes.hlines((edge.valence_maximum, edge.conduction_minimum), low, high, color="w",
                        linewidth=1.0)  # fmt: skip
            axes.text((low + high) / 2, edge.conduction_minimum - 0.12, f"{edge.group}",
                      color="w", ha="center", va="top", fontsize=7)  # fmt: skip
    if interface_height is not None:
        axes.axvline(start + (interface_height - start) % period, color="w", linewidth=0.9,
                     linestyle="--")  # fmt: skip
    axes.set(xlabel="height z (Å)", ylabel=ENERGY_LABEL, ylim=_within(table, WINDOW))
    axes.set_xlim(start, _last_matter(extents, start, period))
    return figure


def _last_matter(
    extents: dict[str, tuple[float, float]] | None, start: float, period: float
) -> float:
    if not extents:
        return start + period
    return min(start + period, max(start + (h - start) % period for _, h in extents.values()) + 2.0)
