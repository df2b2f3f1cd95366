"""Figures of a charge difference in space: cross-sections and surfaces of gain and loss."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.model import ChargeField
from qdstruct.report.spheres import Raster, draw_spheres
from qdstruct.report.style import COLOURS, DOUBLE_COLUMN, element_colour, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from xarray import DataArray

__all__ = ["GAIN", "LOSS", "isosurface_figure", "origin_along_normal", "sections_figure"]

GAIN, LOSS = COLOURS[4], COLOURS[5]
"""Colours of electron gain and loss."""
LEAN = 1e-3
"""Share by which a plane through the normal may be longer than the cell is high."""
MARGIN = 3.0
"""Å drawn above and below the atoms."""
PIXELS = 760
"""Longer side of the picture of the surfaces, before smoothing."""
STEP = 0.12
"""Å between samples along a line of sight."""
TURN, TILT = 24.0, 9.0
"""Degrees by which the picture is turned about the normal and tilted towards the viewer."""
ATOM_SIZE = 0.32
"""Radius of a drawn atom over its covalent radius."""


def sections_figure(field: ChargeField) -> Figure:
    """Draw the planes of Δρ that the field holds, in their true shape.

    Parameters
    ----------
    field : ChargeField
        With ``sections``; the colour scale is common and symmetric.
    """
    sections = field.sections
    sizes = [_corners(field, s) for s in sections]
    spans = [np.ptp(corners, axis=0) for corners in sizes]
    tall = float(np.ptp(_heights(field))) + 2 * MARGIN
    spans = [np.array([span[0], min(span[1], tall)]) for span in spans]
    widths = [max(span[0], 0.25 * max(s[0] for s in spans)) for span in spans]
    height = min(150.0, 30 + 0.8 * DOUBLE_COLUMN * max(s[1] for s in spans) / sum(widths))
    figure = new_figure(DOUBLE_COLUMN, max(62.0, height))
    panels = figure.subplots(1, len(sections), squeeze=False, width_ratios=widths)[0]
    ceiling = max(float(np.percentile(np.abs(np.asarray(s)), 99.5)) for s in sections) or 1.0
    mesh = None
    for axes, section in zip(panels, sections, strict=True):
        x, y = _coordinates(field, section)
        upright = _holds_normal(field, section)
        stretch = float(y.max()) / field.height  # above 1 where the cell leans out of the plane
        bottom = origin_along_normal(field) * stretch
        y = y + bottom if upright else y
        values = np.asarray(section)
        mesh = axes.pcolormesh(
            x, y, 1e3 * values, cmap="PuOr_r", vmin=-1e3 * ceiling, vmax=1e3 * ceiling,
            shading="flat", rasterized=True,
        )  # fmt: skip
        axes.set_aspect("equal")
        if upright and field.height > np.ptp(_heights(field)):
            low, high = _trimmed(field)
            axes.set_ylim(bottom + low * stretch, bottom + high * stretch)
        axes.set_title(_section_title(section), loc="left")
        axis = int(section.attrs["axis"])
        right = "abc"[(axis + 2) % 3 if (axis + 1) % 3 == field.axis else (axis + 1) % 3]
        label = f"Å across {right}"
        if upright:
            label = "height z (Å)" if abs(stretch - 1) < LEAN else (
                f"{label}; height z = {1 / stretch:.3f} of it"
            )  # fmt: skip
        axes.set(xlabel=f"Å along {right}", ylabel=label)
    assert mesh is not None
    figure.colorbar(mesh, ax=list(panels), label="Δρ (10$^{-3}$ e/Å$^3$)", pad=0.01)
    return figure


def origin_along_normal(field: ChargeField) -> float:
    """Return the height at which the field begins in the coordinates of the calculation, Å."""
    inverse = np.linalg.inv(np.asarray(field.atoms.cell))
    return float((np.asarray(field.origin) @ inverse)[field.axis] * field.height)


def _holds_normal(field: ChargeField, section: DataArray) -> bool:
    return int(section.attrs["axis"]) != field.axis


def _heights(field: ChargeField) -> NDArray[np.float64]:
    fractions = field.atoms.get_scaled_positions(wrap=True)[:, field.axis]
    return np.asarray(fractions * field.height)


def _trimmed(field: ChargeField) -> tuple[float, float]:
    """Leave out the vacuum."""
    z = _heights(field)
    return max(0.0, float(z.min()) - MARGIN), min(field.height, float(z.max()) + MARGIN)


def _section_title(section: DataArray) -> str:
    name = "abc"[int(section.attrs["axis"])]
    return str(section.attrs.get("place", f"at {float(section.attrs['fraction']):.3f} of {name}"))


def _plane_axes(field: ChargeField, section: DataArray) -> tuple[NDArray[np.float64], bool]:
    """Return the two vectors of a plane in its own Cartesian axes, and whether they are swapped.

    The cell vector along the interface normal, where the plane holds it, points up.
    """
    axis = int(section.attrs["axis"])
    u, v = (np.asarray(field.atoms.cell)[(axis + k) % 3] for k in (1, 2))
    swap = (axis + 1) % 3 == field.axis
    first, second = (v, u) if swap else (u, v)
    right = first / np.linalg.norm(first)
    along = float(second @ right)
    up = float(np.sqrt(max(second @ second - along**2, 0.0)))
    return np.array([[np.linalg.norm(first), 0.0], [along, up]]), swap


def _coordinates(
    field: ChargeField, section: DataArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    vectors, swap = _plane_axes(field, section)
    n, m = section.shape
    i, j = np.meshgrid(np.arange(n + 1) / n, np.arange(m + 1) / m, indexing="ij")
    first, second = (j, i) if swap else (i, j)
    return first * vectors[0, 0] + second * vectors[1, 0], second * vectors[1, 1]


def _corners(field: ChargeField, section: DataArray) -> NDArray[np.float64]:
    x, y = _coordinates(field, section)
    return np.stack([x.ravel(), y.ravel()], axis=1)


def isosurface_figure(field: ChargeField) -> Figure:
    """Draw the surfaces of gain (orange) and loss (blue) at ± `field.level`, with the atoms.

    Each pixel is followed into the cell until Δρ first exceeds the level, so the surfaces hide
    each other as they would in space. Any cell is turned so that the interface normal points up.
    """
    raster = _cast(_standing(field))
    left, bottom = raster.left, raster.bottom
    height, width = raster.depth.shape
    right, top = left + width / raster.scale, bottom + height / raster.scale
    tall = min(150.0, max(70.0, 95.0 * (top - bottom) / (right - left)))
    figure = new_figure(min(DOUBLE_COLUMN, 12 + tall * (right - left) / (top - bottom)), tall + 12)
    axes = figure.subplots()
    axes.imshow(np.clip(raster.image, 0, 1), extent=(left, right, bottom, top),
                interpolation="bilinear")  # fmt: skip
    axes.set_axis_off()
    axes.set_title(
        f"± {1e3 * field.level:.2f}·10$^{{-3}}$ e/Å$^3$\nelectrons: orange gained, blue lost",
        fontsize=7,
    )
    return figure


def _standing(field: ChargeField) -> ChargeField:
    """Return the field in a cell whose third vector crosses the interface, normal along z."""
    order = [(field.axis + k) % 3 for k in (1, 2, 3)]
    cell = np.asarray(field.atoms.cell)[order]
    normal = np.cross(cell[0], cell[1])
    normal *= np.sign(normal @ cell[2]) / np.linalg.norm(normal)
    right = cell[0] / np.linalg.norm(cell[0])
    frame = np.array([right, np.cross(normal, right), normal])
    fractions = field.atoms.get_scaled_positions(wrap=True)[:, order]
    atoms = field.atoms.copy()
    atoms.set_cell(cell @ frame.T)
    atoms.set_scaled_positions(fractions)
    return replace(field, atoms=atoms, values=field.values.transpose(order), axis=2)


def _view() -> NDArray[np.float64]:
    """Return the rows right, up and towards the viewer, z up."""
    a, b = np.radians(TURN), np.radians(TILT)
    right = np.array([np.cos(a), np.sin(a), 0.0])
    towards = np.array([np.sin(a) * np.cos(b), -np.cos(a) * np.cos(b), np.sin(b)])
    return np.array([right, np.cross(towards, right), towards])


def _cast(field: ChargeField) -> Raster:
    from ase.data import covalent_radii

    view, cell = _view(), np.asarray(field.atoms.cell)
    positions = field.atoms.get_positions(wrap=True)
    z = positions[:, 2]
    corners = np.array([[i, j, 0.0] for i in (0, 1) for j in (0, 1)]) @ cell
    ends = (z.min() - MARGIN, z.max() + MARGIN)
    box = np.vstack([corners + end / cell[2, 2] * cell[2] for end in ends])
    frame = box @ view.T
    window = (frame[:, 0].min() - 1, frame[:, 0].max() + 1,
              frame[:, 1].min() - 1, frame[:, 1].max() + 1)  # fmt: skip
    raster = draw_spheres(
        positions @ view.T,
        ATOM_SIZE * covalent_radii[field.atoms.numbers],
        np.array([_rgb(element_colour(int(n))) for n in field.atoms.numbers]),
        window,
        PIXELS,
    )
    depth, colours = _surfaces(field, raster, view, frame[:, 2], ends)
    nearer = depth > raster.depth
    image = raster.image.copy()
    image[nearer] = colours[nearer]
    return Raster(image=image, depth=np.maximum(depth, raster.depth), left=raster.left,
                  bottom=raster.bottom, scale=raster.scale)  # fmt: skip


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _surfaces(
    field: ChargeField,
    raster: Raster,
    view: NDArray[np.float64],
    depths: NDArray[np.float64],
    band: tuple[float, float],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return depth and colour of the first surface under each pixel; −inf where there is none."""
    from scipy.ndimage import map_coordinates

    height, width = raster.depth.shape
    column, row = np.meshgrid(np.arange(width), np.arange(height))
    x = raster.left + (column.ravel() + 0.5) / raster.scale
    y = raster.bottom + (height - row.ravel() - 0.5) / raster.scale
    into = np.linalg.inv(np.asarray(field.atoms.cell))
    shape = np.array(field.values.shape, dtype=float)
    normal = np.cross(field.atoms.cell[0], field.atoms.cell[1])
    period = float(field.atoms.cell.volume / np.linalg.norm(normal))
    strong = np.flatnonzero(np.abs(field.values).max(axis=(0, 1)) > field.level)
    if not strong.size:
        return raster.depth - np.inf, raster.image
    low = max(band[0] / period, (strong[0] - 1) / shape[2])
    high = min(band[1] / period, (strong[-1] + 1) / shape[2])
    depth = np.full(x.size, -np.inf)
    sign = np.zeros(x.size)
    open_ = np.arange(x.size)
    for place in np.arange(depths.max(), depths.min(), -STEP):
        points = np.column_stack([x[open_], y[open_], np.full(open_.size, place)]) @ view
        fractions = points @ into
        inside = ((fractions[:, :2] >= 0) & (fractions[:, :2] <= 1)).all(axis=1)
        inside &= (fractions[:, 2] >= low) & (fractions[:, 2] <= high)
        values = np.zeros(open_.size)
        values[inside] = map_coordinates(
            field.values, (fractions[inside] * shape).T, order=1, mode="grid-wrap"
        )
        hit = np.abs(values) > field.level
        depth[open_[hit]] = place
        sign[open_[hit]] = np.sign(values[hit])
        open_ = open_[~hit]
        if not open_.size:
            break
    surface = depth.reshape(height, width)
    shade = _shade(surface, raster.scale)
    base = np.where(sign.reshape(height, width, 1) > 0, _rgb(GAIN), _rgb(LOSS))
    colours = np.concatenate([base * shade[..., None], np.ones((height, width, 1))], axis=2)
    return surface, colours


def _shade(depth: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """Light from the upper left on the smoothed surface."""
    from scipy.ndimage import gaussian_filter

    there = np.isfinite(depth)
    weight = np.maximum(gaussian_filter(there.astype(float), 1.5), 1e-6)
    smooth = gaussian_filter(np.where(there, depth, 0.0), 1.5) / weight * scale
    down, right = np.gradient(smooth)
    normal = np.stack([-right, down, np.ones_like(right)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    light = np.clip(normal @ np.array([-0.45, 0.55, 0.70]), 0, 1)
    return np.asarray(0.5 + 0.55 * light, dtype=np.float64)
