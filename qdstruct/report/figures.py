"""The figures of a study: each takes a result and returns a matplotlib figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.model import (
    BandEdges,
    ChargeDifference,
    CoincidenceMatch,
    PowderPattern,
    SpotPattern,
)
from qdstruct.report.style import COLOURS, SINGLE_COLUMN, colour_of, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from xarray import DataArray

__all__ = [
    "charge_difference_figure",
    "dos_figure",
    "match_figure",
    "powder_figure",
    "spot_figure",
]


def dos_figure(
    dos: DataArray, edges: Sequence[BandEdges] = (), window: tuple[float, float] = (-6.0, 6.0)
) -> Figure:
    """Draw densities of states by group.

    Parameters
    ----------
    dos : DataArray
        States/eV, dims (group, energy), energy relative to the Fermi level in eV.
    edges : sequence of BandEdges
        Drawn as ticks on the zero line, in the colour of their group.
    window : (float, float)
        Energy range, eV.
    """
    figure = new_figure(height=68)
    axes = figure.subplots()
    groups = [str(name) for name in dos[dos.dims[0]].values]
    energy = np.asarray(dos["energy"])
    shown = (energy >= window[0]) & (energy <= window[1])
    for index, name in enumerate(groups):
        values = np.asarray(dos[index])
        colour = colour_of(name, index)
        axes.plot(energy[shown], values[shown], color=colour, label=name)
        axes.fill_between(energy[shown], values[shown], color=colour, alpha=0.15, linewidth=0,
                          label=f"_{name}")  # fmt: skip
    drawn_edges = [edge for edge in edges if edge.group in groups]
    peak = float(np.asarray(dos)[:, shown].max()) or 1.0
    top = peak * (1.08 + 0.09 * len(drawn_edges))
    axes.set(
        xlim=(energy[shown][0], energy[shown][-1]),
        ylim=(0, top),
        xlabel="E − E$_F$ (eV)",
        ylabel="states/eV",
    )
    axes.axvline(0, color="0.4", linewidth=0.7, linestyle=":")
    _mark_edges(axes, drawn_edges, groups, top)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _mark_edges(axes: Axes, edges: Sequence[BandEdges], groups: list[str], top: float) -> None:
    for position, edge in enumerate(edges):
        colour = colour_of(edge.group, groups.index(edge.group))
        height = top * (0.96 - 0.08 * position)
        ends = (edge.valence_maximum, edge.conduction_minimum)
        axes.annotate(
            "", (ends[0], height), (ends[1], height), label=f"_{edge.group}",
            arrowprops={"arrowstyle": "<->", "color": colour, "linewidth": 0.8, "shrinkA": 0,
                        "shrinkB": 0},
        )  # fmt: skip
        axes.text(
            ends[0] - 0.1, height, f"{edge.group} gap {edge.gap:.2f} eV",
            color=colour, ha="right", va="center", fontsize=7, label=f"_{edge.group}",
        )  # fmt: skip


def charge_difference_figure(difference: ChargeDifference) -> Figure:
    """Draw the planar average of Δρ and the charge displaced, against height."""
    figure = new_figure(height=68)
    left, right = figure.subplots(1, 2)
    z = np.asarray(difference.profile["z"])
    values = 1e3 * np.asarray(difference.profile)
    left.fill_between(z, values, where=values > 0, color=COLOURS[4], alpha=0.6, linewidth=0)
    left.fill_between(z, values, where=values < 0, color=COLOURS[5], alpha=0.6, linewidth=0)
    left.plot(z, values, color="0.2", linewidth=0.8, label="density difference")
    left.set(xlabel="height z (Å)", ylabel="planar average of Δρ (10$^{-3}$ e/Å$^3$)")
    left.set_title("gain above zero, loss below", loc="left")
    right.plot(z, np.asarray(difference.displaced), color=COLOURS[0], label="running integral")
    right.set(xlabel="height z (Å)", ylabel="electrons gained below z")
    gained = f"{difference.transferred:+.3f}".replace("-", "−")
    right.set_title(f"film (above dashes) gains {gained} electrons/cell", loc="left")
    for axes in (left, right):
        axes.axhline(0, color="0.4", linewidth=0.6)
        axes.axvline(difference.interface_height, color=COLOURS[1], linewidth=0.9, linestyle="--",
                     label="interface plane")  # fmt: skip
        axes.set_xlim(z[0], z[-1])
    return figure


def powder_figure(patterns: Sequence[PowderPattern], labels: int = 8) -> Figure:
    """Draw powder patterns above each other with their strongest lines indexed.

    Parameters
    ----------
    patterns : sequence of PowderPattern
        Same wavelength.
    labels : int
        How many lines of each pattern carry Miller indices.
    """
    figure = new_figure(height=34 + 30 * len(patterns))
    rows = figure.subplots(len(patterns), 1, sharex=True, squeeze=False)[:, 0]
    for index, (axes, pattern) in enumerate(zip(rows, patterns, strict=True)):
        colour = COLOURS[index % len(COLOURS)]
        angle = np.asarray(pattern.pattern["two_theta"])
        axes.plot(angle, np.asarray(pattern.pattern), color=colour, linewidth=0.9,
                  label=pattern.phase)  # fmt: skip
        axes.vlines([p.two_theta for p in pattern.peaks], -9, -2, color=colour, linewidth=0.6,
                    label=f"_{pattern.phase}")  # fmt: skip
        _label_lines(axes, pattern, labels)
        axes.set(ylim=(-12, 138), xlim=(angle[0], angle[-1]), yticks=[0, 50, 100])
        axes.set_title(pattern.phase, loc="left", color=colour)
        axes.set_ylabel("intensity")
    rows[-1].set_xlabel(f"2θ (°), {patterns[0].anode}, λ = {patterns[0].wavelength:.5f} Å")
    return figure


def _label_lines(axes: Axes, pattern: PowderPattern, labels: int) -> None:
    strongest = sorted(pattern.peaks, key=lambda peak: -peak.intensity)[: 3 * labels]
    span = np.ptp(np.asarray(pattern.pattern["two_theta"]))
    placed: list[float] = []
    for peak in strongest:
        crowded = any(abs(peak.two_theta - other) < 0.022 * span for other in placed)
        if crowded or len(placed) == labels or peak.intensity < 1 or not peak.hkl:
            continue
        placed.append(peak.two_theta)
        more = "…" if len(peak.hkl) > 1 else ""
        axes.text(
            peak.two_theta, peak.intensity + 4, _miller(peak.hkl[0]) + more,
            rotation=90, ha="center", va="bottom", fontsize=6, label=f"_{pattern.phase}",
        )  # fmt: skip


def _miller(hkl: tuple[int, int, int]) -> str:
    gap = r"\," if max(abs(i) for i in hkl) > 9 else ""
    return "$" + gap.join(rf"\bar{{{-i}}}" if i < 0 else str(i) for i in hkl) + "$"


def spot_figure(patterns: Sequence[SpotPattern]) -> Figure:
    """Draw zone-axis patterns side by side; forbidden reflections are open circles."""
    figure = new_figure(width=max(SINGLE_COLUMN, 91.0 * len(patterns)), height=95)
    for axes, pattern in zip(
        figure.subplots(1, len(patterns), squeeze=False)[0], patterns, strict=True
    ):
        _draw_spots(axes, pattern)
    return figure


def _draw_spots(axes: Axes, pattern: SpotPattern) -> None:
    allowed = [spot for spot in pattern.spots if not spot.forbidden]
    forbidden = [spot for spot in pattern.spots if spot.forbidden]
    sizes = [4 + 60 * np.sqrt(spot.intensity / 100) for spot in allowed]
    axes.scatter(*_positions(allowed), s=sizes, color=COLOURS[0], linewidths=0)
    axes.scatter(*_positions(forbidden), s=14, facecolors="none", edgecolors="0.55", linewidths=0.6)
    axes.scatter([0], [0], s=90, color="k", marker="o")
    axes.annotate("000", (0, 0), (0, -8), textcoords="offset points", ha="center", va="top",
                  fontsize=6)  # fmt: skip
    nearest = sorted(allowed, key=lambda spot: spot.length)[:16]
    for spot in nearest:
        axes.annotate(
            _miller(spot.hkl), spot.g, (0, -6), textcoords="offset points", ha="center", va="top",
            fontsize=6,
        )  # fmt: skip
    limit = 1.08 * pattern.max_g
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
    axes.set(xlabel="g$_x$ (1/Å)", ylabel="g$_y$ (1/Å)")
    zone = " ".join(str(i) for i in pattern.zone).replace("-", "−")
    axes.set_title(f"{pattern.phase}, zone axis [{zone}]", loc="left")


def _positions(spots: Sequence[object]) -> tuple[list[float], list[float]]:
    return [spot.g[0] for spot in spots], [spot.g[1] for spot in spots]  # type: ignore[attr-defined]


def match_figure(matches: Sequence[CoincidenceMatch], chosen: int) -> Figure:
    """Draw area against strain for every match; the one built is ringed."""
    figure = new_figure(width=SINGLE_COLUMN, height=62)
    axes = figure.subplots()
    areas = [match.area for match in matches]
    strains = [100 * match.max_strain for match in matches]
    axes.scatter(areas, strains, s=14, color=COLOURS[0], linewidths=0, label="_match")
    if 0 <= chosen < len(matches):
        axes.scatter(
            areas[chosen], strains[chosen], s=70, facecolors="none", edgecolors=COLOURS[1],
            linewidths=1.2, label="built",
        )  # fmt: skip
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0))
    axes.set(xlabel="coincidence cell area (Å$^2$)", ylabel="largest principal strain (%)")
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    return figure
