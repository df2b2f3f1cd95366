"""A picture of a diffraction pattern as a camera sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qdstruct.report.style import COLOURS, figure_style, new_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from qdstruct.model.patterns import DiffractionPlate, DiffractionRing, SpotPattern

__all__ = ["plate_figure", "ring_labels", "spot_labels"]

Label = tuple[float, float, str, str]
"""x and y in 1/Å, text, colour."""
LABEL_DIRECTIONS = (75, 255, 105, 285)
"""Directions of the labels of successive rings, degrees from x."""


def plate_figure(
    plate: DiffractionPlate, labels: Sequence[Label] = (), note: str = "", *, on_place: bool = False
) -> Figure:
    """Draw a plate in grey, dark where electrons arrive, with labels at places in 1/Å.

    Labels stand just above their places; with `on_place` centred on them, over a white ground, as
    a ring's must, since above it may run the next ring.
    """
    where: dict[str, Any] = {"xytext": (0, 4), "va": "bottom"}
    if on_place:
        ground = {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none"}
        where = {"xytext": (0, 0), "va": "center", "bbox": ground}
    with figure_style():
        figure = new_figure(width=110, height=112)
        axes = figure.subplots()
        x, y = (np.asarray(plate.image.coords[name]) for name in ("gx", "gy"))
        values = np.sqrt(np.asarray(plate.image))
        axes.imshow(
            values, cmap="gray_r", origin="lower", extent=(x[0], x[-1], y[0], y[-1]),
            interpolation="bilinear", vmax=0.75 * values.max(),
        )  # fmt: skip
        axes.plot(0, 0, "+", color="0.3", markersize=5)
        for place_x, place_y, text, colour in labels:
            axes.annotate(
                text, (place_x, place_y), textcoords="offset points", ha="center", fontsize=6,
                color=colour, **where,
            )  # fmt: skip
        axes.set(xlabel="g$_x$ (1/Å)", ylabel="g$_y$ (1/Å), grey: √intensity")
        axes.set_title(plate.name + (f"\n{note}" if note else ""), loc="left")
    return figure


def _miller(hkl: tuple[int, int, int]) -> str:
    return "$" + "".join(rf"\bar{{{-i}}}" if i < 0 else str(i) for i in hkl) + "$"


def ring_labels(rings: Sequence[DiffractionRing], limit: int = 8) -> list[Label]:
    """Return labels of the strongest rings, each on its ring.

    Rings that follow each other are labelled in different directions, so that labels of close
    rings do not meet; all near the vertical, where a label, wider than high, covers its ring only.
    """
    strongest = sorted(rings, key=lambda ring: -ring.intensity)[:limit]
    placed: list[Label] = []
    for ring in sorted(strongest, key=lambda ring: ring.g):
        angle = np.radians(LABEL_DIRECTIONS[len(placed) % len(LABEL_DIRECTIONS)])
        x, y = ring.g * float(np.cos(angle)), ring.g * float(np.sin(angle))
        placed.append((x, y, _miller(ring.hkl[0]), COLOURS[0]))
    return placed


def spot_labels(patterns: Sequence[SpotPattern], limit: int = 14) -> list[Label]:
    """Return labels of the innermost allowed spots of every pattern; forbidden ones are circles."""
    placed: list[Label] = []
    for pattern, colour in zip(patterns, COLOURS, strict=False):
        allowed = [spot for spot in pattern.spots if not spot.forbidden and spot.intensity > 0.5]
        placed += [(*spot.g, _miller(spot.hkl), colour) for spot in allowed[:limit]]
        double = [spot for spot in pattern.spots if spot.double_diffraction]
        placed += [(*spot.g, "○", colour) for spot in double]
    return placed
