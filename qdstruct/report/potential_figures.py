"""Figures of potentials along the normal and of aligned levels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.model import LevelSet, MaterialLevels, PotentialLine, PotentialResult
from qdstruct.report.style import COLOURS, DOUBLE_COLUMN, SINGLE_COLUMN, colour_of, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from xarray import DataArray

__all__ = [
    "formation_line_figure",
    "level_figure",
    "potential_figure",
    "potential_lines_figure",
]

BAND_DEPTH = 0.55
"""eV of band drawn beyond each edge."""


def potential_figure(results: Sequence[PotentialResult]) -> Figure:
    """Draw planar and macroscopic averages with vacuum levels, Fermi level and plateaus.

    Parameters
    ----------
    results : sequence of PotentialResult
        One panel each.
    """
    figure = new_figure(height=18 + 52 * len(results))
    panels = figure.subplots(len(results), 1, squeeze=False)[:, 0]
    for axes, result in zip(panels, results, strict=True):
        _potential_panel(axes, result)
    panels[-1].set_xlabel("height z (Å)")
    figure.supylabel("potential energy of an electron (eV)", fontsize=8)
    return figure


def _potential_panel(axes: Axes, result: PotentialResult) -> None:
    profile = result.profile
    z = np.asarray(profile.profile["z"])
    period = float(profile.profile.attrs.get("height", z[-1] + z[1] - z[0]))
    start = _below_the_slab(result, period)
    order = np.argsort((z - start) % period)
    places = start + ((z - start) % period)[order]
    axes.plot(places, np.asarray(profile.profile)[order], color=COLOURS[5], linewidth=0.8,
              label="planar average")  # fmt: skip
    if profile.periods:
        windows = " and ".join(f"{width:.2f}" for width in profile.periods)
        axes.plot(places, np.asarray(profile.macroscopic)[order], color=COLOURS[0], linewidth=1.3,
                  label=f"macroscopic average ({windows} Å)")  # fmt: skip
    for vacuum in profile.vacuum_levels:
        low = start + (vacuum.start - start + 1e-6) % period
        left = low < start + period / 2
        axes.hlines(vacuum.level, low, low + vacuum.end - vacuum.start, color=COLOURS[1],
                    linewidth=2.2, label="_vacuum level")  # fmt: skip
        axes.annotate(
            f"vacuum {vacuum.side}\n{vacuum.level:.2f} eV",
            (low if left else low + vacuum.end - vacuum.start, vacuum.level), xytext=(0, 4),
            label="_vacuum level",
            textcoords="offset points", fontsize=6.5, color=COLOURS[1], va="bottom",
            ha="left" if left else "right",
        )  # fmt: skip
    if profile.fermi_level is not None:
        axes.axhline(profile.fermi_level, color="0.3", linewidth=0.8, linestyle=":",
                     label="_Fermi level")  # fmt: skip
        axes.text(start, profile.fermi_level, " $E_F$", fontsize=7, va="bottom", color="0.3",
                  label="_Fermi level")  # fmt: skip
    for name, (level, _) in result.plateaus.items():
        low, high = result.extents[name]
        low = start + (low - start) % period
        axes.hlines(level, low, low + high - result.extents[name][0], color=colour_of(name, 0),
                    linewidth=1.6, linestyle="--",
                    label=f"{name} {level:.2f} eV".replace("-", "−"))  # fmt: skip
    axes.set_xlim(start, start + period)
    top = max([*np.asarray(profile.profile), *(v.level for v in profile.vacuum_levels)])
    bottom = float(np.asarray(profile.profile).min())
    axes.set_ylim(bottom - 0.05 * (top - bottom), top + 0.22 * (top - bottom))
    axes.set_title(result.subject, loc="left")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _below_the_slab(result: PotentialResult, period: float) -> float:
    """Return the height at which the panel begins, in the middle of the vacuum or second interface.

    The jump of a dipole sheet lies between the two vacuum stretches.
    """
    levels = {v.side: v for v in result.profile.vacuum_levels}
    lowest = min((low for low, _ in result.extents.values()), default=0.0)
    start = float(levels["below"].start) if "below" in levels else lowest
    return (start + period / 2) % period - period / 2


def level_figure(sets: Sequence[LevelSet]) -> Figure:
    """Draw the band edges of film and substrate by every method side by side.

    The zero is the vacuum level where every set has it, else the valence maximum of the
    substrate, else (where a valence edge is not known) its conduction minimum.

    Parameters
    ----------
    sets : sequence of LevelSet
        One pair of columns each.
    """
    zero, label = _common_zero(sets)
    figure = new_figure(max(SINGLE_COLUMN, 20 + 44.0 * len(sets)), 88)
    axes = figure.subplots()
    known: list[float] = []
    for index, levels in enumerate(sets):
        shift = zero(levels)
        for side, (material, colour) in enumerate(
            ((levels.substrate, colour_of("substrate", 0)), (levels.film, colour_of("film", 1)))
        ):
            known += _column(axes, index + 0.08 + 0.43 * side, 0.41, material, shift, colour)
        axes.text(index + 0.5, 1.01, _headline(levels), transform=axes.get_xaxis_transform(),
                  ha="center", va="bottom", fontsize=6.5)  # fmt: skip
        if index:
            axes.axvline(index, color="0.85", linewidth=0.8)
    low, high = min(known), max(known)
    axes.set(xlim=(0, len(sets)), ylim=(low - BAND_DEPTH - 0.35, high + BAND_DEPTH + 0.35),
             ylabel=label)  # fmt: skip
    axes.set_xticks([i + 0.5 for i in range(len(sets))], [_broken(s.name) for s in sets])
    axes.tick_params(axis="x", length=0)
    return figure


def _common_zero(sets: Sequence[LevelSet]) -> tuple[Callable[[LevelSet], float], str]:
    if all(each.reference.startswith("vacuum") for each in sets):
        return (lambda _: 0.0), "energy relative to the vacuum level (eV)"
    if all(each.substrate.valence is not None for each in sets):
        label = "energy relative to the valence\nmaximum of the substrate (eV)"
        return (lambda each: each.substrate.valence or 0.0), label
    label = "energy relative to the conduction\nminimum of the substrate (eV)"
    return (lambda each: each.substrate.conduction or 0.0), label


def _broken(name: str, width: int = 22) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(name, width))


def _headline(levels: LevelSet) -> str:
    uncertainty = float(np.hypot(levels.film.uncertainty, levels.substrate.uncertainty))
    error = f" ± {uncertainty:.2f}" if uncertainty else ""
    lines = []
    for word, offset in (("c", levels.conduction_offset), ("v", levels.valence_offset)):
        value = "not known" if offset is None else f"{offset:+.2f}{error} eV".replace("-", "−")
        lines.append(f"Δ$E_{word}$ {value}")
    return "\n".join([*([levels.kind] if levels.kind else []), *lines])


def _column(
    axes: Axes, left: float, width: float, material: MaterialLevels, shift: float, colour: str
) -> list[float]:
    drawn, series = [], "_" + material.material
    for level, sign, word in ((material.conduction, 1, "bottom"), (material.valence, -1, "top")):
        if level is None:
            continue
        place = level - shift
        drawn.append(place)
        axes.fill_between([left, left + width], place, place + sign * BAND_DEPTH, color=colour,
                          alpha=0.22, linewidth=0, label=series)  # fmt: skip
        axes.hlines(place, left, left + width, color=colour, linewidth=1.8, label=series)
        if material.uncertainty:
            bar = axes.errorbar(left + width - 0.04, place, yerr=material.uncertainty, color=colour,
                                linewidth=0.8, capsize=1.5)  # fmt: skip
            for part in bar.get_children():
                part.set_label(series)
        axes.annotate(
            f"{place:.2f}".replace("-", "−"), (left + width / 2, place), xytext=(0, 2 * sign),
            textcoords="offset points", ha="center", va=word, fontsize=6.5,
            label=series,
        )  # fmt: skip
    edges = [place for place in (material.conduction, material.valence) if place is not None]
    middle = sum(edges) / len(edges) - shift
    if len(edges) == 1:
        middle += -BAND_DEPTH if material.valence is None else BAND_DEPTH
    axes.text(left + width / 2, middle, _broken(material.material, 11), ha="center", va="center",
              fontsize=6.5, color=colour, label=series)  # fmt: skip
    return drawn


def formation_line_figure(line: DataArray) -> Figure:
    """Draw the formation energy of an interface against a chemical potential.

    Parameters
    ----------
    line : DataArray
        eV/Å² against ``mu`` in eV.
    """
    figure = new_figure(SINGLE_COLUMN, 62)
    axes = figure.subplots()
    mu = np.asarray(line["mu"])
    axes.plot(mu, 1e3 * np.asarray(line), color=COLOURS[0], label="formation energy")
    axes.axhline(0, color="0.5", linewidth=0.6)
    element = line.attrs.get("element", "")
    axes.set(xlabel=f"μ({element}) (eV), poor to rich", ylabel="formation energy (meV/Å$^2$)",
             xlim=(mu[0], mu[-1]))  # fmt: skip
    return figure


def potential_lines_figure(lines: Sequence[PotentialLine]) -> Figure:
    """Draw the energy of an interface between the limits of each element it has in excess.

    Parameters
    ----------
    lines : sequence of PotentialLine
        One panel each.
    """
    figure = new_figure(SINGLE_COLUMN if len(lines) == 1 else DOUBLE_COLUMN, 66)
    panels = figure.subplots(1, len(lines), squeeze=False, sharey=True)[0]
    for index, (axes, line) in enumerate(zip(panels, lines, strict=True)):
        mu, (low, high) = np.asarray(line.energy["mu"]), 1e3 * np.asarray(line.energy)
        series = f"_{line.element}"
        axes.plot(mu, low, color=COLOURS[index], label=series)
        if (high > low).any():
            axes.plot(mu, high, color=COLOURS[index], label=series)
            axes.fill_between(mu, low, high, color=COLOURS[index], alpha=0.2, linewidth=0,
                              label=series)  # fmt: skip
        axes.axhline(0, color="0.5", linewidth=0.6)
        for place in line.limits:
            axes.axvline(place, color="0.5", linewidth=0.8, linestyle=":")
        margin = 0.06 * max(line.limits[1] - line.limits[0], 1e-3)
        axes.set(xlim=(line.limits[0] - margin, line.limits[1] + margin),
                 xlabel=f"Δμ({line.element}) (eV), poor to rich")  # fmt: skip
        axes.set_title(f"{line.excess:+g} {line.element} per cell".replace("-", "−"), loc="left")
    quantity = str(lines[0].energy.attrs.get("quantity", "formation"))
    panels[0].set_ylabel(f"{quantity}\nenergy (meV/Å$^2$)")
    return figure
