"""Trajectories whose gap swings with known frequencies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from band_factories import KPOINTS, WEIGHTS
from scipy import constants

STEPS = 700


def eigenval(energies: list[float], occupied: int = 2) -> str:
    """One k-point, one spin."""
    lengths = "".join(f"{x:16.7E}" for x in (9.0, 1e-10, 1e-10, 1e-10, 1e-15))
    head = f"    3    3    1    1\n{lengths}"
    text = f"{head}\n  1.0E-004\n  CAR \n title\n      4      1{len(energies):7d}\n\n"
    text += "".join(f"{x:15.7E}" for x in (*KPOINTS[0], 4 * WEIGHTS[0])) + "\n"
    for i, energy in enumerate(energies):
        text += f"{i + 1:5d}{energy:14.6f}{float(i < occupied):10.6f}\n"
    return text


def write_trajectory(root: Path, steps: int = STEPS) -> Path:
    """Four bands; the gap swings with 300 cm⁻¹ and 72 cm⁻¹."""
    rate = 2 * np.pi * constants.c * 100 * 1e-15
    for step in range(steps):
        gap = 2.3 + 0.06 * np.cos(300 * rate * step) + 0.04 * np.cos(72 * rate * step)
        folder = root / f"{step + 1:04d}"
        folder.mkdir()
        bands = [
            -3.0 + 0.01 * np.sin(0.05 * step),
            0.0,
            gap,
            gap + 0.5 + 0.02 * np.cos(0.04 * step),
        ]
        (folder / "EIGENVAL").write_text(eigenval(bands))
    return root
