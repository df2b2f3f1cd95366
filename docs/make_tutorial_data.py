"""Make the image and the powder pattern of the chemist's tutorial: simulated, with counting noise.

``python docs/make_tutorial_data.py`` writes ``tutorial/data/``. Nothing is measured; the tutorial
says so. Left half CsPbBr₃ along [001], right half zinc-blende CdS along [111] with its (2−20)
planes parallel to (220) of the perovskite, as one reads the published Janus particles.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from qdstruct import phases, simulation

DATA = Path(__file__).parent / "tutorial" / "data"
PIXEL = 0.2
"""Å."""
DOSE = 60.0
"""Electrons per pixel of mean brightness."""


def turn_to_parallel(left: str, right: str) -> float:
    """Return the turn of the right crystal, degrees, that makes the chosen planes parallel."""
    first = simulation.zone_axis_pattern(phases.load(left).atoms, name=left, zone=(0, 0, 1))
    second = simulation.zone_axis_pattern(phases.load(right).atoms, name=right, zone=(1, 1, 1))
    a = next(spot for spot in first.spots if spot.hkl == (2, 2, 0))
    b = next(spot for spot in second.spots if spot.hkl == (2, -2, 0))
    return a.angle - b.angle


def image() -> None:
    """Write ``junction.png``: 80 × 80 Å, 8 bit."""
    left, right = "CsPbBr3-cubic", "CdS-zincblende"
    turn = turn_to_parallel(left, right)
    halves = [
        simulation.hrtem_image(
            phases.load(name).atoms, name=name, zone=zone, thickness=25, field=(40, 80),
            pixel_size=PIXEL, turn=angle,
        ).image.to_numpy()
        for name, zone, angle in ((left, (0, 0, 1), 0.0), (right, (1, 1, 1), turn))
    ]  # fmt: skip
    whole = np.hstack([half / half.mean() for half in halves])
    counts = np.random.default_rng(1).poisson(DOSE * whole)
    grey = np.clip(255 * counts / (3 * DOSE), 0, 255).astype(np.uint8)
    Image.fromarray(grey[::-1]).save(DATA / "junction.png", optimize=True)


def pattern() -> None:
    """Write ``film.xy``: 2θ and counts of particles of CsPbBr₃ (12 nm) and PbS (5 nm)."""
    parts = [
        simulation.powder_pattern(
            phases.load(name).atoms, name=name, size_nm=size, two_theta_range=(18, 50), step=0.04
        ).pattern
        for name, size in (("CsPbBr3-cubic", 12.0), ("PbS-galena", 5.0))
    ]
    angle = parts[0]["two_theta"].to_numpy()
    smooth = 250 + 18 * parts[0].to_numpy() + 9 * parts[1].to_numpy()
    counts = np.random.default_rng(2).poisson(smooth)
    lines = [f"{x:.2f} {y}" for x, y in zip(angle, counts, strict=True)]
    (DATA / "film.xy").write_text("# 2theta/deg counts\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    DATA.mkdir(parents=True, exist_ok=True)
    image()
    pattern()
