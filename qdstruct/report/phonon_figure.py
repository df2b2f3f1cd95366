"""Density of vibrational modes by region or element, with published modes marked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qdstruct.files import write_atomically
from qdstruct.model import ModeComparison, Vibrations
from qdstruct.report.style import SINGLE_COLUMN, colour_of, figure_style, new_figure

__all__ = ["draw_phonons"]

PANEL_HEIGHT = 42.0
"""mm."""


def draw_phonons(
    found: Sequence[Vibrations], published: Sequence[ModeComparison], path: Path
) -> None:
    """Draw one panel for each structure into a file.

    Parameters
    ----------
    found : sequence of Vibrations
        At least one.
    published : sequence of ModeComparison
        Published modes, drawn as dashed lines in every panel.
    path : Path
        png, svg or pdf.
    """
    import io

    with figure_style():
        figure = new_figure(SINGLE_COLUMN, 16 + PANEL_HEIGHT * len(found))
        panels = figure.subplots(len(found), 1, sharex=True, squeeze=False)[:, 0]
        for panel, each in zip(panels, found, strict=True):
            lower = 0.0
            for index, (group, curve) in enumerate(zip(each.groups, each.dos, strict=True)):
                colour = colour_of(group, index)
                panel.fill_between(
                    each.dos_wavenumbers, lower, lower + curve, color=colour, alpha=0.75,
                    linewidth=0, label=group,
                )  # fmt: skip
                lower = lower + curve
            for row in published:
                panel.axvline(row.published, 0, 0.8, color="0.35", linestyle="--", linewidth=0.7)
            panel.set_ylim(0, 1.3 * float(each.dos.sum(axis=0).max()))
            panel.set_ylabel("modes per cm$^{-1}$")
            mock = " (MOCK)" if each.is_mock else ""
            panel.set_title(f"{each.subject}{mock}", loc="left")
            panel.legend(loc="upper right", ncols=4, columnspacing=1.0, handlelength=1.2)
        if published:
            panels[0].plot([], [], color="0.35", linestyle="--", linewidth=0.7, label="published")
            panels[0].legend(loc="upper right", ncols=4, columnspacing=1.0, handlelength=1.2)
        panels[-1].set_xlabel("wavenumber (cm$^{-1}$)")
        buffer = io.BytesIO()
        figure.savefig(buffer, format=path.suffix.lstrip(".") or "png")
    write_atomically(path, buffer.getvalue())
