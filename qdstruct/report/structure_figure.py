"""The picture of a structure: spheres seen from the side, legend, cell outline and scale bar."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.errors import DestinationError
from qdstruct.files import write_atomically
from qdstruct.report.spheres import Raster, draw_spheres
from qdstruct.report.style import colour_of, element_colour, figure_style

if TYPE_CHECKING:
    from ase import Atoms
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["STRUCTURE_PICTURES", "shorter_vector", "structure_figure", "write_structure_figure"]

STRUCTURE_PICTURES = (".png", ".pdf", ".svg")

MARGIN = 3.0
"""Å of empty space around the atoms."""

RIGHT = 1.15
"""Inches beside the picture for the names of the regions."""

MOST_WITH_BONDS = 4000
"""More atoms are drawn without bonds."""

DOTS, FEWER_DOTS = 170, 118
"""Dots per inch of a PNG; many small spheres compress badly."""

OBLIQUE_DEPTH = 12.0
"""Å shown along a view that is no cell vector."""

EDGE = 0.2
"""Å: atoms this far outside a periodic view still belong to its edge."""

BOND_RADIUS = 0.11
"""Å."""

BEADS = 24
"""Small spheres that make half a bond."""

UNBONDED = (3, 11, 19, 37, 55)
"""Alkali metals, whose contacts are not drawn as bonds."""

Colouring = Literal["element", "region"]


def write_structure_figure(figure: Figure, path: Path, *, force: bool = True) -> None:
    """Write a picture as PNG (of few colours, hence small), PDF or SVG.

    Raises
    ------
    DestinationError
        For another suffix, or a file that exists (without `force`) or cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in STRUCTURE_PICTURES:
        raise DestinationError(
            f"{path}: no picture format has this name", hint="use .png, .pdf or .svg"
        )
    buffer = io.BytesIO()
    with figure_style():
        dates = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
        metadata: dict[str, None] = dates.get(suffix, {})
        figure.savefig(buffer, format=suffix[1:], dpi=figure.dpi, metadata=metadata)
    content = buffer.getvalue()
    write_atomically(path, _few_colours(content) if suffix == ".png" else content, force=force)


def _few_colours(png: bytes) -> bytes:
    """Return a PNG with a palette of 96 colours."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB")
    small = picture.quantize(96, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    small.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def shorter_vector(atoms: Atoms) -> int:
    """Return which in-plane cell vector, 0 or 1, is looked along."""
    lengths = atoms.cell.lengths()[:2]
    return int(lengths[1] <= lengths[0])


def structure_figure(
    atoms: Atoms,
    *,
    colour: Colouring = "element",
    title: str = "",
    labels: Mapping[str, str] | None = None,
    along: ArrayLike | None = None,
    caption: str = "",
) -> Figure:
    """Draw a structure as an orthographic viewer sees it from the side, the normal pointing up.

    Parameters
    ----------
    atoms : Atoms
        A periodic structure (slab, interface) is seen along the shorter in-plane cell vector and
        repeated until it fills the picture; a particle is seen obliquely.
    colour : {"element", "region"}
        What the colours say.
    title : str
        Heading.
    labels : mapping, optional
        What each region is called at the side of the picture.
    along : (2,) array, optional
        In-plane direction in which to look at a periodic structure instead; a cut of 12 Å depth is
        shown and the cell is not drawn.
    caption : str, optional
        Line at the bottom; says how the structure is seen when left out.

    Returns
    -------
    Figure
        Radii are 0.55 times the covalent radii (0.9 times for particles of many atoms).
    """
    from ase.data import covalent_radii

    view = _view(atoms, along)
    shown = _filled(atoms, view)
    points = shown.positions @ view.axes.T
    size = 0.55 if len(atoms) < 4000 or atoms.pbc.any() else 0.9
    radii = size * covalent_radii[shown.numbers]
    colours = _colours(shown, colour)
    window = _window(points)
    raster = draw_spheres(*_with_bonds(shown, points, radii, colours), window, 1400)
    with figure_style():
        figure, axes = _canvas(window)
        figure.set_dpi(DOTS if len(atoms) < MOST_WITH_BONDS else FEWER_DOTS)
        axes.imshow(
            raster.image, extent=window, interpolation="antialiased", zorder=2, aspect="equal"
        )
        axes.set(xlim=window[:2], ylim=window[2:])
        axes.axis("off")
        if view.vector is not None:
            _draw_cell(axes, np.asarray(atoms.cell) @ view.axes.T, raster)
        _name_regions(axes, shown, points, labels or {}, window)
        _draw_scale(axes, window)
        _draw_legend(axes, shown, colour, labels or {})
        if title:
            figure.suptitle(title, fontsize=8, x=0.02, ha="left")
        figure.text(0.02, 0.02, caption or _caption(view), fontsize=6.5, color="0.35")
    return figure


@dataclass(frozen=True, kw_only=True, eq=False)
class _View:
    """How a structure is looked at."""

    axes: NDArray[np.float64]
    """(3, 3) right, up and towards the viewer as rows."""
    width: float | None = None
    """Å of a periodic structure to show from left to right; None for a particle."""
    depth: float = 0.0
    """Å to show along the view."""
    vector: int | None = None
    """The in-plane cell vector looked along, where it is one."""


def _view(atoms: Atoms, along: ArrayLike | None) -> _View:
    up = np.array([0.0, 0.0, 1.0])
    if not atoms.pbc.any():
        turn, tilt = np.radians(28.0), np.radians(16.0)
        right = np.array([np.cos(turn), np.sin(turn), 0.0])
        flat = np.array([np.sin(turn), -np.cos(turn), 0.0])
        back = np.cos(tilt) * flat + np.sin(tilt) * up
        return _View(axes=np.array([right, np.cross(back, right), back]))
    cell = np.asarray(atoms.cell)
    high = float(np.ptp(atoms.positions[:, 2])) + 2 * MARGIN
    vector = None
    if along is None:
        vector = shorter_vector(atoms)
        back = np.array([*cell[vector, :2], 0.0])
        depth = float(np.linalg.norm(back))
        period = abs(float(np.linalg.det(cell[:2, :2]))) / depth
        width = period * float(np.clip(round(1.15 * high / period), 1, 8))
    else:
        back = np.array([*np.asarray(along, dtype=float)[:2], 0.0])
        depth, width = OBLIQUE_DEPTH, 1.3 * high
    back /= np.linalg.norm(back)
    right = np.cross(up, back)
    if vector is not None and right @ cell[1 - vector] < 0:
        right, back = -right, -back
    return _View(axes=np.array([right, up, back]), width=width, depth=depth, vector=vector)


def _filled(atoms: Atoms, view: _View) -> Atoms:
    """Return the atoms of a periodic structure that lie in the view, edges included."""
    if view.width is None:
        return atoms
    flat = view.axes[[0, 2], :2]
    corners = np.array([[x, y] for x in (0, view.width) for y in (0, view.depth)]) @ flat
    cells = corners @ np.linalg.inv(np.asarray(atoms.cell)[:2, :2])
    low, high = np.floor(cells.min(axis=0)).astype(int) - 1, np.ceil(cells.max(axis=0)).astype(int)
    shown = atoms[:0]
    anchors = _anchors(atoms)
    limits = np.array([view.width, view.depth]) + EDGE
    for i in range(low[0], high[0] + 1):
        for j in range(low[1], high[1] + 1):
            moved = i * np.asarray(atoms.cell)[0] + j * np.asarray(atoms.cell)[1]
            places = (anchors + moved)[:, :2] @ flat.T
            inside = ((places > -EDGE) & (places < limits)).all(axis=1)
            copy = atoms[inside]
            copy.positions += moved
            shown += copy
    return shown


def _anchors(atoms: Atoms) -> NDArray[np.float64]:
    """Return the position of each atom, or of the centre of its molecule, (N, 3) Å."""
    anchors = atoms.positions.copy()
    ids = np.asarray(atoms.arrays.get("molecule", np.full(len(atoms), -1)))
    inside = ids >= 0
    if inside.any():
        counts = np.maximum(np.bincount(ids[inside]), 1)
        for axis in range(3):
            sums = np.bincount(ids[inside], weights=atoms.positions[inside, axis])
            anchors[inside, axis] = (sums / counts)[ids[inside]]
    return np.asarray(anchors)


def _window(points: NDArray[np.float64]) -> tuple[float, float, float, float]:
    low, high = points.min(axis=0), points.max(axis=0)
    margin = max(MARGIN, 0.03 * float((high - low)[:2].max()))
    return (
        float(low[0] - margin),
        float(high[0] + margin),
        float(low[1] - margin),
        float(high[1] + margin),
    )


def _canvas(window: tuple[float, float, float, float]) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    ratio = (window[3] - window[2]) / (window[1] - window[0])
    width = min(4.0, 3.9 / ratio)
    height = width * ratio
    total = (max(width, 2.6) + RIGHT + 0.1, height + 0.95)
    figure = Figure(figsize=total)
    middle = (total[0] - RIGHT - width) / 2
    axes = figure.add_axes(
        (middle / total[0], 0.46 / total[1], width / total[0], height / total[1])
    )
    return figure, axes


def _colours(atoms: Atoms, colour: Colouring) -> NDArray[np.float64]:
    from matplotlib.colors import to_rgb

    if colour == "element":
        kinds, index = np.unique(atoms.numbers, return_inverse=True)
        table = [to_rgb(element_colour(int(number))) for number in kinds]
    else:
        names, index = np.unique(_regions(atoms), return_inverse=True)
        table = [to_rgb(colour_of(str(name), k)) for k, name in enumerate(names)]
    return np.asarray(table)[index]


def _with_bonds(
    atoms: Atoms,
    points: NDArray[np.float64],
    radii: NDArray[np.float64],
    colours: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Add each bond as a string of small spheres, half in the colour of either atom."""
    from ase.data import covalent_radii
    from ase.neighborlist import neighbor_list

    if len(atoms) > MOST_WITH_BONDS:
        return points, radii, colours
    loose = atoms.copy()
    loose.pbc = False
    reach = 1.2 * covalent_radii[loose.numbers]
    reach[np.isin(loose.numbers, UNBONDED)] = 0.0
    first, second = neighbor_list("ij", loose, reach)
    steps = np.linspace(0.0, 0.5, BEADS)[:, None, None]
    beads = points[first] * (1 - steps) + points[second] * steps
    return (
        np.concatenate([points, beads.reshape(-1, 3)]),
        np.concatenate([radii, np.full(BEADS * len(first), BOND_RADIUS)]),
        np.concatenate([colours, np.tile(colours[first], (BEADS, 1))]),
    )


def _regions(atoms: Atoms) -> NDArray[np.str_]:
    return np.asarray(atoms.arrays.get("region", np.full(len(atoms), "all")))


def _draw_cell(axes: Axes, cell: NDArray[np.float64], raster: Raster) -> None:
    """Draw the edges of the cell where no atom hides them; the vacuum is cut off."""
    corners = [np.array([i, j, k]) for i in (0, 1) for j in (0, 1) for k in (0, 1)]
    for index, one in enumerate(corners):
        for two in corners[index + 1 :]:
            if np.abs(one - two).sum() != 1:
                continue
            steps = np.linspace(0, 1, 400)[:, None]
            line = (one @ cell) * (1 - steps) + (two @ cell) * steps
            hidden = raster.depth_at(line[:, :2]) > line[:, 2]
            seen = np.where(hidden[:, None], np.nan, line[:, :2])
            axes.plot(seen[:, 0], seen[:, 1], color="0.15", linewidth=0.8, zorder=3)


def _name_regions(
    axes: Axes,
    atoms: Atoms,
    points: NDArray[np.float64],
    labels: Mapping[str, str],
    window: tuple[float, float, float, float],
) -> None:
    """Write the name of each region beside the height range it spans.

    A region inside the range of another (a core in its shell, a dot in its ligands) has its bar
    farther out, and the other is named at its upper end.
    """
    regions = _regions(atoms)
    names = [str(name) for name in np.unique(regions)]
    if len(names) < 2:
        return
    runs = np.asarray(atoms.arrays.get("segment", np.unique(regions, return_inverse=True)[1]))
    spans = [
        (str(regions[runs == run][0]), *np.percentile(points[runs == run, 1], [1, 99]))
        for run in np.unique(runs)
    ]
    step = 0.012 * (window[1] - window[0])
    spans.sort(key=lambda span: span[1] - span[2])
    for number, (name, low, high) in enumerate(spans):
        around = [other for other in spans[:number] if _inside((low, high), other[1:])]
        within = [other for other in spans[number + 1 :] if _inside(other[1:], (low, high))]
        column = window[1] + step * (1 + 1.5 * len(around))
        colour = colour_of(name, names.index(name))
        axes.plot([column, column], [low, high], color=colour, linewidth=2.2, clip_on=False)
        axes.text(
            column + step, high if within else (low + high) / 2, labels.get(name, name),
            color=colour, ha="left", va="top" if within else "center", fontsize=7, clip_on=False,
        )  # fmt: skip


def _inside(inner: tuple[float, float], outer: tuple[float, float]) -> bool:
    """Say whether at least half of one range lies in another."""
    shared = min(inner[1], outer[1]) - max(inner[0], outer[0])
    return bool(shared > 0.5 * (inner[1] - inner[0]))


def _draw_scale(axes: Axes, window: tuple[float, float, float, float]) -> None:
    """Draw a bar of a round length below the picture, in Å or from 2 nm on in nm."""
    wide = window[1] - window[0]
    decade = 10.0 ** np.floor(np.log10(wide / 4))
    length = decade * max(step for step in (1, 2, 5) if step * decade <= wide / 4)
    text = f"{length:g} Å" if length < 20 else f"{length / 10:g} nm"
    low = window[2] - 0.03 * (window[3] - window[2])
    ends = [window[0], window[0] + length]
    axes.plot(ends, [low, low], color="0.1", linewidth=2.2, clip_on=False, solid_capstyle="butt")
    axes.annotate(
        text, (ends[1], low), (4, 0), textcoords="offset points", va="center", fontsize=7,
        annotation_clip=False,
    )  # fmt: skip


def _draw_legend(axes: Axes, atoms: Atoms, colour: Colouring, labels: Mapping[str, str]) -> None:
    from ase.data import chemical_symbols, covalent_radii
    from matplotlib.lines import Line2D

    entries: list[tuple[str, str, float]] = []
    if colour == "element":
        for number in sorted(set(atoms.numbers.tolist()), reverse=True):
            size = 4 + 4.5 * float(covalent_radii[number]) / 2.44
            entries.append((chemical_symbols[number], element_colour(number), size))
    else:
        for index, name in enumerate(np.unique(_regions(atoms))):
            entries.append((labels.get(str(name), str(name)), colour_of(str(name), index), 7))
    handles = [
        Line2D([], [], linestyle="", marker="o", color=fill, markersize=size, label=text,
               markeredgecolor="0.25", markeredgewidth=0.4)
        for text, fill, size in entries
    ]  # fmt: skip
    axes.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=len(handles),
        handletextpad=0.0, columnspacing=0.7, borderaxespad=0.1, fontsize=7,
    )  # fmt: skip


def _caption(view: _View) -> str:
    if view.vector is None:
        return "seen obliquely" if view.width is None else "seen along a chosen direction"
    return f"seen along {'ab'[view.vector]}"
