"""What a browser needs to draw a figure of lines again: its data, read from the figure itself.

The page shows the static drawing first; ``plots.js`` draws the same curves so that they can be
read, hidden and enlarged. One description of each figure serves both. An artist belongs to the
series of its label; a label that begins with an underscore joins a series without an entry of its
own in the static legend.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qdstruct.report.plot_text import runs
from qdstruct.report.style import MOCK

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

__all__ = ["plot_data", "plot_json"]

STACKED = frozenset({"dos_layers"})
"""Figures whose vertical axis stacks curves, so that no number can be read off it."""
STEPS = 20_000
"""Parts of its range to which a coordinate is kept."""
UNLABELLED = ("_child", "_nolegend")
_OF_ONE_PANEL = re.compile(r" (\([^()]*Å\)|−?[\d.]+ eV)$")
"""What a label says of its panel alone: the series of all panels go by the words before it."""
Array = NDArray[np.float64]


@dataclass
class _Pool:
    """Coordinates as integers of a power of ten, each array once."""

    arrays: list[Any] = field(default_factory=list)
    places: dict[bytes, int] = field(default_factory=dict)

    def put(self, values: Any) -> int:
        array = np.asarray(values, dtype=float).ravel()
        key = array.tobytes()
        if key not in self.places:
            self.places[key] = len(self.arrays)
            self.arrays.append(_encoded(array))
        return self.places[key]


def _encoded(values: Array) -> dict[str, Any]:
    finite = values[np.isfinite(values)]
    if len(values) > 2 and len(finite) == len(values):
        even = np.linspace(values[0], values[-1], len(values))
        if np.abs(values - even).max() <= np.ptp(values) / (10 * STEPS * len(values)):
            return {"n": len(values), "from": float(values[0]), "to": float(values[-1])}
    reach = max(float(np.ptp(finite)) if finite.size else 0.0, 1e-9)
    decimals = math.ceil(math.log10(STEPS / reach))
    scaled = np.round(values * 10.0**decimals)
    return {"d": decimals, "v": [int(v) if np.isfinite(v) else None for v in scaled]}


def plot_json(name: str, figure: Figure) -> str:
    """Return the data of a figure as JSON that may stand in a page; empty where it stays static.

    Parameters
    ----------
    name : str
        What the figure is called.
    figure : Figure
        Drawn at least once, so that its layout is known.
    """
    data = None if name in STACKED else plot_data(figure)
    if data is None:
        return ""
    text = json.dumps({"name": name, **data}, separators=(",", ":"), allow_nan=False)
    return text.replace("</", "<\\/")


def plot_data(figure: Figure) -> dict[str, Any] | None:
    """Return panels, series and coordinates of a figure made of lines, fills, points and words.

    Returns
    -------
    dict or None
        ``arrays`` holds the coordinates, ``panels`` what is drawn with them. None for figures of
        pictures, maps, true shapes or logarithmic scales.
    """
    if not figure.axes or not all(_is_plain(axes) for axes in figure.axes):
        return None
    pool = _Pool()
    width, height = (25.4 * float(size) for size in figure.get_size_inches())
    panels = [_panel(axes, pool, height) for axes in figure.axes]
    common = figure.get_supylabel()
    for panel in panels:
        panel["y"]["label"] = panel["y"]["label"] or runs(common) or panels[0]["y"]["label"]
        column = [p for p in panels if p["column"] == panel["column"]]
        panel["x"]["label"] = panel["x"]["label"] or column[-1]["x"]["label"]
    note = MOCK if figure.get_supxlabel() == MOCK else ""
    return {"width": round(width), "note": note, "panels": panels, "arrays": pool.arrays}


def _is_plain(axes: Axes) -> bool:
    from matplotlib.collections import LineCollection, PathCollection, PolyCollection

    kinds = (LineCollection, PathCollection, PolyCollection)
    return (
        not axes.images
        and axes.axison
        and axes.get_aspect() == "auto"
        and {axes.get_xscale(), axes.get_yscale()} == {"linear"}
        and all(isinstance(each, kinds) for each in axes.collections)
    )


def _panel(axes: Axes, pool: _Pool, height: float) -> dict[str, Any]:
    place = axes.get_subplotspec()
    row, column = (0, 0) if place is None else (place.rowspan.start, place.colspan.start)
    title = axes.title if axes.get_title() else axes._left_title  # type: ignore[attr-defined]
    joined = axes.get_shared_x_axes().get_siblings(axes)
    marks = [mark for artist in _in_order(axes) for mark in _marks(artist, axes, pool)]
    return {
        "row": row,
        "column": column,
        "height": round(height * axes.get_position().height, 1),
        "shared": len(joined) > 1,
        "title": runs(title.get_text()),
        "colour": _colour(title.get_color())[0],
        "x": _axis(axes.xaxis, axes.get_xlim()),
        "y": _axis(axes.yaxis, axes.get_ylim()),
        "marks": marks,
    }


def _in_order(axes: Axes) -> list[Artist]:
    artists: list[Artist] = [*axes.collections, *axes.lines, *axes.texts]
    return sorted(artists, key=lambda artist: artist.get_zorder())


def _axis(axis: Axis, limits: tuple[float, float]) -> dict[str, Any]:
    from matplotlib.ticker import ScalarFormatter

    said = {"label": runs(axis.get_label_text()), "limits": [float(end) for end in limits]}
    if not isinstance(axis.get_major_formatter(), ScalarFormatter):
        words = [tick.get_text() for tick in axis.get_ticklabels()]
        said["names"] = [
            [float(place), word] for place, word in zip(axis.get_ticklocs(), words, strict=True)
        ]
    return said


def _series(artist: Artist) -> str | None:
    label = str(artist.get_label())
    return None if label.startswith(UNLABELLED) else _OF_ONE_PANEL.sub("", label.removeprefix("_"))


def _marks(artist: Artist, axes: Axes, pool: _Pool) -> Iterator[dict[str, Any]]:
    from matplotlib.collections import LineCollection, PathCollection, PolyCollection
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

    if not artist.get_visible():
        return
    base = {"series": _series(artist)}
    if isinstance(artist, Line2D):
        yield from _line(artist, axes, pool, base)
    elif isinstance(artist, LineCollection):
        yield from _segments(artist, pool, base)
    elif isinstance(artist, PathCollection):
        yield base | _points(artist, pool)
    elif isinstance(artist, PolyCollection):
        colour, alpha = _colour(artist.get_facecolor()[0])
        for path in artist.get_paths():
            yield (
                base
                | {"kind": "fill", "colour": colour, "alpha": alpha}
                | _outline(np.asarray(path.vertices, dtype=float), pool)
            )
    elif isinstance(artist, Text):
        yield from _words(artist, axes, base)


def _segments(lines: Any, pool: _Pool, base: dict[str, Any]) -> Iterator[dict[str, Any]]:
    ends = np.array([segment[[0, -1]] for segment in lines.get_segments()], dtype=float)
    if ends.size:
        dashed = {"dash": "4 3"} if lines.get_linestyle()[0][1] else {}
        look = base | _stroke(lines.get_edgecolor()[0], lines.get_linewidth()[0]) | dashed
        places = {"x": pool.put(ends[:, :, 0]), "y": pool.put(ends[:, :, 1])}
        yield look | {"kind": "segments"} | places


def _line(line: Any, axes: Axes, pool: _Pool, base: dict[str, Any]) -> Iterator[dict[str, Any]]:
    style, marker = line.get_linestyle(), line.get_marker()
    in_x, in_y = line.get_transform().contains_branch_seperately(axes.transData)
    x, y = (np.asarray(part, dtype=float) for part in line.get_data())
    look = base | _stroke(line.get_color(), line.get_linewidth())
    if style in ("--", "-.", ":"):
        look["dash"] = {"--": "5 3", "-.": "6 2 1 2", ":": "1.5 2.5"}[style]
    if not len(x):
        yield look | {"kind": "key"}
    elif in_x != in_y:
        yield look | {
            "kind": "rule",
            "axis": "x" if in_x else "y",
            "at": float((x if in_x else y)[0]),
        }
    elif style not in ("None", "", " "):
        yield look | {"kind": "line", "x": pool.put(x), "y": pool.put(y)}
    elif marker not in ("None", "_", "|"):
        yield look | {"kind": "points", "x": pool.put(x), "y": pool.put(y), "radius": 2.0}


def _points(artist: Any, pool: _Pool) -> dict[str, Any]:
    places = np.asarray(artist.get_offsets(), dtype=float)
    faces = artist.get_facecolor()
    ring = not len(faces) or faces[0][3] == 0
    colour, alpha = _colour(artist.get_edgecolor()[0] if ring else faces[0])
    radius = math.sqrt(float(np.mean(artist.get_sizes())) / math.pi) * 96 / 72
    return {
        "kind": "points", "x": pool.put(places[:, 0]), "y": pool.put(places[:, 1]),
        "radius": round(radius, 1), "ring": bool(ring), "colour": colour, "alpha": alpha,
    }  # fmt: skip


def _outline(corners: Array, pool: _Pool) -> dict[str, Any]:
    """Return curve and base of a region down to a level, else all of its corners.

    `fill_between` draws start, upper curve, end, lower curve backwards.
    """
    count = (len(corners) - 3) // 2
    upper, lower = corners[1 : count + 1], corners[count + 2 : 2 * count + 2]
    if len(corners) == 2 * count + 3 and count and np.ptp(lower[:, 1]) == 0:
        return {"x": pool.put(upper[:, 0]), "y": pool.put(upper[:, 1]), "base": float(lower[0, 1])}
    return {"x": pool.put(corners[:, 0]), "y": pool.put(corners[:, 1])}


def _words(text: Any, axes: Axes, base: dict[str, Any]) -> Iterator[dict[str, Any]]:
    from matplotlib.text import Annotation

    x, y = (float(part) for part in text.get_position())
    offset, modes = (0.0, 0.0), text.get_transform().contains_branch_seperately(axes.transData)
    if isinstance(text, Annotation):
        if text.arrow_patch is not None:
            colour, _ = _colour(text.arrow_patch.get_edgecolor())
            yield base | {"kind": "arrow", "colour": colour, "ends": [*text.xy, *text.xyann]}
        coords = text.xycoords if isinstance(text.xycoords, tuple) else 2 * (text.xycoords,)
        modes = tuple(each == "data" for each in coords)
        x, y = (float(part) for part in text.xy)
        if text.anncoords == "offset points":
            offset = text.xyann
    if text.get_text():
        colour, alpha = _colour(text.get_color())
        yield base | {
            "kind": "words", "text": runs(text.get_text()), "at": [x, y], "in": [*map(bool, modes)],
            "offset": [round(float(part) * 96 / 72, 1) for part in offset], "colour": colour,
            "alpha": alpha, "across": text.get_ha(), "up": text.get_va(),
            "turned": text.get_rotation() == 90,
        }  # fmt: skip


def _stroke(colour: Any, width: float) -> dict[str, Any]:
    name, alpha = _colour(colour)
    return {"colour": name, "alpha": alpha, "width": round(float(width) * 96 / 72, 2)}


def _colour(colour: Any) -> tuple[str, float]:
    """Return a colour and its opacity; greys become the page's ink, so that they show on dark."""
    from matplotlib.colors import to_hex, to_rgba

    red, green, blue, alpha = to_rgba(colour)
    if red == green == blue:
        return "currentColor", round(alpha * (1 - red), 2)
    return to_hex((red, green, blue)), round(alpha, 2)
