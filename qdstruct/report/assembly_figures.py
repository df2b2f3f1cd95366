"""Figures of assembly simulations: equilibration by seed, and how open vacancies are."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qdstruct.errors import InputError
from qdstruct.files import write_atomically
from qdstruct.model.assembly import AssemblyRun, AssemblySettings
from qdstruct.report.style import COLOURS, DOUBLE_COLUMN, figure_style, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FIGURE_SUFFIXES", "assembly_figure", "figure_format", "write_figure"]

FIGURE_SUFFIXES = ("pdf", "png", "svg")


def figure_format(path: Path) -> str:
    """Return the format that a figure's file name asks for; refuse others before any work."""
    suffix = path.suffix.lower().lstrip(".")
    if suffix not in FIGURE_SUFFIXES:
        raise InputError(
            f"{path}: no figure format has this ending",
            hint=f"end the name in .{', .'.join(FIGURE_SUFFIXES)}",
        )
    return suffix


def write_figure(figure: Figure, path: Path, *, force: bool = True) -> None:
    """Write one figure in the format of its file name, whole or not at all."""
    suffix = figure_format(path)
    buffer = io.BytesIO()
    metadata: dict[str, Any] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(
        suffix, {}
    )
    with figure_style():
        figure.savefig(buffer, format=suffix, metadata=metadata)
    write_atomically(path, buffer.getvalue(), force=force)


def assembly_figure(runs: Sequence[AssemblyRun]) -> Figure:
    """Draw smallest row gaps of vacancies: against sweeps for every seed, and their distribution.

    Parameters
    ----------
    runs : sequence of AssemblyRun
        One colour each, with the settings in which they differ in the legend.
    """
    with figure_style():
        figure = new_figure(DOUBLE_COLUMN, 72)
        left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
        edges = np.linspace(-0.2, 1.6, 37)
        for index, run in enumerate(runs):
            colour = COLOURS[index % len(COLOURS)]
            for number, series in enumerate(run.series):
                left.plot(
                    series.sweep, series.opening, color=colour, linewidth=0.8, alpha=0.85,
                    label=_label(run.settings, runs) if number == 0 else None,
                )  # fmt: skip
            left.axvline(run.settings.warm_up, color="0.5", linewidth=0.7, linestyle=":")
            values = np.concatenate([series.openings.ravel() for series in run.series])
            right.hist(values, edges, density=True, histtype="step", color=colour, linewidth=1.2)
        settings = runs[0].settings
        left.set(
            xlabel="sweeps", ylabel="mean smallest row gap of a vacancy ($a$)",
            ylim=(0, 1.36), xlim=(0, max(run.settings.sweeps for run in runs)),
        )  # fmt: skip
        for level, words in (
            (1.0, "a whole site"),
            (1 / (settings.sites - 1), "row evenly spread"),
        ):
            left.axhline(level, color="0.6", linewidth=0.6, linestyle="--")
            left.annotate(
                words, (0.99, level), xycoords=("axes fraction", "data"), xytext=(0, -2),
                textcoords="offset points", ha="right", va="top", fontsize=6.5, color="0.35",
            )  # fmt: skip
        left.legend(loc="upper right", ncols=2)
        right.axvline(0.5, color="0.5", linewidth=0.7, linestyle=":")
        right.set(xlabel="smallest row gap (lattice constants $a$)", ylabel="probability density")
        right.set_title("after the warm-up; localised above 0.5", loc="left")
        left.set_title(
            f"{settings.cubes} cubes, φ = {settings.packing:g}, {settings.vacancies} vacancies",
            loc="left",
        )
    return figure


def _label(settings: AssemblySettings, runs: Sequence[AssemblyRun]) -> str:
    words = [f"well {settings.well:g} kT"]
    if len({run.settings.start for run in runs}) > 1:
        words.append(f"from {settings.start}")
    return ", ".join(words)
