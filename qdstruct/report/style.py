"""How figures look: sizes of journal columns, colours that colour-blind readers can tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "colour_of", "figure_style", "new_figure"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's palette (https://jfly.uni-koeln.de/color/)."""

_REGION_COLOURS = {"film": COLOURS[1], "substrate": COLOURS[0], "ligand": COLOURS[2]}
_MILLIMETRE = 1 / 25.4
SINGLE_COLUMN, DOUBLE_COLUMN = 89.0, 183.0
"""Widths of a journal's single and double column, mm."""


def colour_of(group: str, index: int) -> str:
    """Return the colour of a region, or the palette's next one for any other group."""
    return _REGION_COLOURS.get(group, COLOURS[index % len(COLOURS)])


@contextmanager
def figure_style() -> Iterator[None]:
    """Apply the style inside the block only; the user's own matplotlib settings stay."""
    import matplotlib as mpl

    settings: dict[Any, Any] = {
        "font.family": "DejaVu Sans",
        "font.size": 8,
        "axes.titlesize": 8,
        "axes.labelsize": 8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.7,
        "xtick.labelsize": 7,
        "ytick.labelsize": 7,
        "legend.fontsize": 7,
        "legend.frameon": False,
        "lines.linewidth": 1.1,
        "svg.fonttype": "path",
        "svg.hashsalt": "qdstruct",
        "pdf.fonttype": 42,
        "figure.dpi": 110,
        "savefig.dpi": 300,
    }
    with mpl.rc_context(settings):
        yield


def new_figure(width: float = DOUBLE_COLUMN, height: float = 70.0) -> Figure:
    """Return an empty figure of the given size in mm, independent of any display."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width * _MILLIMETRE, height * _MILLIMETRE), layout="constrained")
