"""Spheres drawn into a raster with a depth buffer: any number of atoms, correctly hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Raster", "draw_spheres"]

LIGHT = np.array([-0.45, 0.55, 0.70]) / np.linalg.norm([-0.45, 0.55, 0.70])
"""Direction of the light in the frame (right, up, towards the viewer)."""

FOG = 0.38
"""How far the farthest sphere fades towards white."""

STAMPS = 2_000_000
"""Pixels stamped at once, so that memory stays small."""


Portion = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Raster:
    """A shaded picture of spheres with the depth of every pixel."""

    image: NDArray[np.float64]
    """(height, width, 4) red, green, blue and opacity, 0 to 1; first row on top."""
    depth: NDArray[np.float64]
    """(height, width) distance towards the viewer, Å; −inf where nothing is."""
    left: float
    """Position of the left edge, Å."""
    bottom: float
    """Position of the lower edge, Å."""
    scale: float
    """Pixels per Å."""

    def depth_at(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the depth of the pixels under (n, 2) points in Å; −inf outside the picture."""
        height, width = self.depth.shape
        column = np.floor((points[:, 0] - self.left) * self.scale).astype(int)
        row = height - 1 - np.floor((points[:, 1] - self.bottom) * self.scale).astype(int)
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        found = np.full(len(points), -np.inf)
        found[inside] = self.depth[row[inside], column[inside]]
        return found


def draw_spheres(
    points: NDArray[np.float64],
    radii: NDArray[np.float64],
    colours: NDArray[np.float64],
    window: tuple[float, float, float, float],
    pixels: int,
) -> Raster:
    """Draw spheres as an orthographic viewer sees them.

    Parameters
    ----------
    points : (n, 3) array
        Centres as right, up and towards the viewer, Å.
    radii : (n,) array
        Å.
    colours : (n, 3) array
        Red, green and blue, 0 to 1.
    window : four floats
        Left, right, bottom and top of the picture, Å.
    pixels : int
        Length of its longer side before it is smoothed by a factor of two.
    """
    left, right, bottom, top = window
    scale = pixels / max(right - left, top - bottom)
    width, height = (2 * round(span * scale / 2) for span in (right - left, top - bottom))
    depth = np.full(width * height, -np.inf)
    owner = np.full(width * height, -1)
    stamps = [
        _stamps(points, radius, np.flatnonzero(radii == radius), window, scale, (width, height))
        for radius in np.unique(radii)
    ]
    for group in stamps:
        for pixel, here, _ in group():
            np.maximum.at(depth, pixel, here)
    for group in stamps:
        for pixel, here, index in group():
            seen = here >= depth[pixel]
            owner[pixel[seen]] = index[seen]
    surface = depth.reshape(height, width)
    owners = owner.reshape(height, width)
    image = _shaded(points, radii, colours, surface, owners, window, scale)
    smooth = image.reshape(height // 2, 2, width // 2, 2, 4).mean(axis=(1, 3))
    opacity = np.maximum(smooth[..., 3:], 1e-9)
    smooth[..., :3] /= opacity
    return Raster(
        image=np.clip(smooth, 0, 1),
        depth=np.asarray(surface[::2, ::2]),
        left=left,
        bottom=bottom,
        scale=scale / 2,
    )


def _stamps(
    points: NDArray[np.float64],
    radius: float,
    members: NDArray[np.intp],
    window: tuple[float, float, float, float],
    scale: float,
    shape: tuple[int, int],
) -> Callable[[], Iterator[Portion]]:
    """Return an iterator over (pixel, depth, sphere) of all spheres of one radius, in portions."""
    width, height = shape
    reach = max(1, int(np.ceil(radius * scale)))
    across = np.arange(-reach, reach + 1)
    right, up = (axis.ravel() for axis in np.meshgrid(across, across))
    rise2 = (radius * scale) ** 2 - right**2 - up**2
    kept = rise2 > 0 if radius * scale > 1 else (np.abs(right) + np.abs(up)) == 0
    right, up = right[kept], up[kept]
    rise = np.sqrt(np.maximum(rise2[kept], 0.0)) / scale
    column = np.floor((points[members, 0] - window[0]) * scale).astype(int)
    row = height - 1 - np.floor((points[members, 1] - window[2]) * scale).astype(int)
    step = max(1, STAMPS // len(rise))

    def portions() -> Iterator[Portion]:
        for start in range(0, len(members), step):
            part = slice(start, start + step)
            x = column[part, None] + right
            y = row[part, None] - up
            z = points[members[part], 2, None] + rise
            inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
            index = np.broadcast_to(members[part, None], inside.shape)
            yield (y * width + x)[inside], z[inside], index[inside]

    return portions


def _shaded(
    points: NDArray[np.float64],
    radii: NDArray[np.float64],
    colours: NDArray[np.float64],
    depth: NDArray[np.float64],
    owner: NDArray[np.int64],
    window: tuple[float, float, float, float],
    scale: float,
) -> NDArray[np.float64]:
    """Colour every pixel by its sphere, the light on it, its rim and its distance."""
    height, width = owner.shape
    image = np.zeros((height, width, 4))
    rows, columns = np.nonzero(owner >= 0)
    who = owner[rows, columns]
    x = (columns + 0.5) / scale + window[0]
    y = (height - 1 - rows + 0.5) / scale + window[2]
    normal = np.stack([x - points[who, 0], y - points[who, 1]], axis=1) / radii[who, None]
    normal = np.column_stack([normal, np.sqrt(np.maximum(1 - (normal**2).sum(axis=1), 0.0))])
    blend = np.clip(radii[who] * scale / 4 - 0.5, 0, 1)[:, None]
    small = np.flatnonzero(blend[:, 0] < 1)
    if len(small):
        shared = _surface_normals(depth, scale, rows[small], columns[small])
        normal[small] = blend[small] * normal[small] + (1 - blend[small]) * shared
    light = np.clip(normal @ LIGHT, 0, 1)
    shade = (0.5 + 0.6 * light)[:, None] * colours[who]
    shade += (0.35 * blend[:, 0] * light**24)[:, None]
    rim = np.where(blend[:, 0] > 0.5, np.clip(normal[:, 2] / 0.38, 0.25, 1), 1.0)
    shade *= rim[:, None]
    nearest, farthest = depth[rows, columns].max(), points[:, 2].min()
    away = (nearest - depth[rows, columns]) / max(nearest - farthest, 30.0)
    shade += (FOG * np.clip(away, 0, 1))[:, None] * (1 - shade)
    image[rows, columns, :3] = shade
    image[rows, columns, 3] = 1
    return image


def _surface_normals(
    depth: NDArray[np.float64],
    scale: float,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return the normals of the smoothed surface at some pixels: what small spheres show together.

    It is smoothed over 2.5 Å, on blocks of pixels a quarter as wide.
    """
    from scipy.ndimage import gaussian_filter, map_coordinates

    width = max(2.0, 2.5 * scale)
    step = max(1, int(width / 4))
    there = np.isfinite(depth)
    weight, filled = (
        gaussian_filter(_block_means(values, step), width / step)
        for values in (there.astype(float), np.where(there, depth, 0.0))
    )
    height = filled / np.maximum(weight, 1e-6) * scale / step
    down, right = np.gradient(height)
    places = np.array([(rows + 0.5) / step - 0.5, (columns + 0.5) / step - 0.5])
    slopes = [
        np.asarray(map_coordinates(np.asarray(slope), places, order=1, mode="nearest"))
        for slope in (right, down)
    ]
    normal = np.stack([-slopes[0], slopes[1], np.ones(len(rows))], axis=-1)
    return np.asarray(normal / np.linalg.norm(normal, axis=-1, keepdims=True))


def _block_means(values: NDArray[np.float64], step: int) -> NDArray[np.float64]:
    """Return the means of square blocks, the picture continued at its edges where they end."""
    rows, columns = (-(-size // step) for size in values.shape)
    margins = [(0, rows * step - values.shape[0]), (0, columns * step - values.shape[1])]
    whole = np.pad(values, margins, mode="edge")
    return np.asarray(whole.reshape(rows, step, columns, step).mean(axis=(1, 3)))
