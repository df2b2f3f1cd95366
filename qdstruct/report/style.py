"""How figures look: sizes of journal columns, colours that colour-blind readers can tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qdstruct.resources import data_folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "COLOURS",
    "MOCK",
    "colour_of",
    "element_colour",
    "figure_style",
    "mark_mock",
    "new_figure",
]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's palette (https://jfly.uni-koeln.de/color/)."""

MOCK = "MOCK calculations, not physics"
"""Said of every figure and table that comes from the mock engine."""
_REGION_COLOURS = {
    "film": COLOURS[1],
    "substrate": COLOURS[0],
    "ligand": COLOURS[2],
    "core": COLOURS[0],
    "cap": COLOURS[1],
    "shell": COLOURS[1],
    "first": COLOURS[0],
    "second": COLOURS[1],
}
_ELEMENT_COLOURS = {55: "#2f9e8f", 82: "#5b6068"}
"""Caesium would look like iodine and lead like carbon in Jmol's colours."""
_MILLIMETRE = 1 / 25.4
SINGLE_COLUMN, DOUBLE_COLUMN = 89.0, 183.0
"""Widths of a journal's single and double column, mm."""


def colour_of(group: str, index: int) -> str:
    """Return the colour of a region, or the palette's next one for any other group."""
    return _REGION_COLOURS.get(group, COLOURS[index % len(COLOURS)])


def element_colour(number: int) -> str:
    """Return the colour of an element: Jmol's, except for caesium and lead."""
    from ase.data.colors import jmol_colors

    if number in _ELEMENT_COLOURS:
        return _ELEMENT_COLOURS[number]
    red, green, blue = (round(255 * float(channel)) for channel in jmol_colors[number])
    return f"#{red:02x}{green:02x}{blue:02x}"


@contextmanager
def figure_style() -> Iterator[None]:
    """Apply the style inside the block only; the user's own matplotlib settings stay."""
    from matplotlib import style

    with style.context(data_folder("templates") / "report" / "qdstruct.mplstyle"):
        yield


def new_figure(width: float = DOUBLE_COLUMN, height: float = 70.0) -> Figure:
    """Return an empty figure of the given size in mm, independent of any display."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width * _MILLIMETRE, height * _MILLIMETRE), layout="constrained")


def mark_mock(figure: Figure) -> None:
    """Write below a figure that the mock made its numbers."""
    figure.supxlabel(MOCK, x=0.995, ha="right", fontsize=6.5, color="#a61c1c")
