"""The map of a registry scan: energy over shift, and over the gap."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.model import RegistryScan
from qdstruct.report.style import COLOURS, DOUBLE_COLUMN, figure_style, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["registry_figure", "registry_picture"]


def registry_picture(scan: RegistryScan, suffix: str) -> bytes:
    """Return the figure as a file's content, ``png``, ``pdf`` or ``svg``."""
    buffer = io.BytesIO()
    with figure_style():
        registry_figure(scan).savefig(buffer, format=suffix)
    return buffer.getvalue()


def registry_figure(scan: RegistryScan) -> Figure:
    """Draw the lowest energy at each shift, and energy against gap at the best and worst shift."""
    figure = new_figure(width=DOUBLE_COLUMN, height=78)
    shifts, gaps = figure.subplots(1, 2)
    _draw_map(figure, shifts, scan)
    _draw_gaps(gaps, scan)
    hkl = [" ".join(str(index) for index in one) for one in (scan.film_hkl, scan.substrate_hkl)]
    figure.suptitle(
        f"{scan.film} ({hkl[0]}) on {scan.substrate} ({hkl[1]}): {scan.method}", fontsize=8
    )
    return figure


def _draw_map(figure: Figure, axes: Axes, scan: RegistryScan) -> None:
    lowest = np.asarray(scan.energies.min("gap"))
    vectors = np.asarray(scan.registry_cell) @ np.asarray(scan.cell)
    x, y, energies = _tiled(lowest, vectors)
    mesh = axes.contourf(x, y, energies, levels=24, cmap="viridis")
    figure.colorbar(mesh, ax=axes, label="lowest energy over gaps (J/m²)", shrink=0.9)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) @ vectors
    axes.plot(*corners.T, color="white", linewidth=0.9, linestyle="--")
    best = np.asarray(scan.best_shift) @ np.asarray(scan.cell)
    inside = best @ np.linalg.inv(vectors)
    best = (inside - np.floor(inside + 1e-6)) @ vectors
    axes.plot(*best, marker="*", color=COLOURS[1], markersize=9, markeredgecolor="white",
              clip_on=False, label="best")  # fmt: skip
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0))
    axes.set(xlabel="shift along x (Å)", ylabel="shift along y (Å)", aspect="equal")


def _tiled(
    energies: NDArray[np.float64], vectors: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Two by two irreducible cells with their far edges, over x and y in Å."""
    n, m = energies.shape
    i, j = np.meshgrid(np.arange(2 * n + 1), np.arange(2 * m + 1), indexing="ij")
    x, y = np.moveaxis(np.stack([i / n, j / m], axis=-1) @ vectors, -1, 0)
    return x, y, energies[i % n, j % m]


def _draw_gaps(axes: Axes, scan: RegistryScan) -> None:
    lowest = np.asarray(scan.energies.min("gap"))
    gaps = np.asarray(scan.energies["gap"])
    chosen = {"best shift": np.argmin(lowest), "worst shift": np.argmax(lowest)}
    floor = float(lowest.min())
    for (label, index), colour in zip(chosen.items(), COLOURS, strict=False):
        i, j = np.unravel_index(int(index), lowest.shape)
        axes.plot(gaps, np.asarray(scan.energies[i, j]), "o-", markersize=3, color=colour,
                  label=label)  # fmt: skip
    axes.axhline(0, color="0.6", linewidth=0.7)
    span = max(abs(floor), 0.05)
    axes.set_ylim(floor - 0.3 * span, floor + 3.3 * span)
    axes.set(xlabel="gap (Å)", ylabel="energy relative to separated slabs (J/m²)")
    axes.legend(loc="upper right")
