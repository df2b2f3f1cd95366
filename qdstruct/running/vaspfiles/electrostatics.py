"""Gaussian charges on a periodic grid, and the electrostatic potential of a charge."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from qdstruct.running.vaspfiles.inputs import PoscarStructure
from qdstruct.units import COULOMB

__all__ = ["gaussians", "hartree_potential"]

FloatArray = NDArray[np.float64]
_REACH = 6.0
"""Gaussians end at planes this many widths away."""


def gaussians(
    structure: PoscarStructure, grid: tuple[int, int, int], amounts: FloatArray, widths: FloatArray
) -> FloatArray:
    """Return the sum of one Gaussian per atom, each normalised by its own sum over the grid."""
    total = np.zeros(grid)
    spread = np.linalg.norm(np.linalg.inv(structure.cell), axis=0)
    volume_element = structure.volume / total.size
    for scaled, amount, width in zip(structure.scaled, amounts, widths, strict=True):
        ranges = [
            _points(x * n, _REACH * width * s * n)
            for x, s, n in zip(scaled, spread, grid, strict=True)
        ]
        away = [(r - x * n) / n for r, x, n in zip(ranges, scaled, grid, strict=True)]
        weight = _gaussian(away, structure.cell, width)
        weight *= amount / (weight.sum() * volume_element)
        for x, y, z in product(*(_pieces(r, n) for r, n in zip(ranges, grid, strict=True))):
            total[x[0], y[0], z[0]] += weight[x[1], y[1], z[1]]
    return total


def _points(centre: float, reach: float) -> NDArray[np.int64]:
    """Return the grid indices within `reach` of `centre`; at least the nearest one."""
    points = np.arange(int(np.ceil(centre - reach)), int(np.floor(centre + reach)) + 1)
    return points if len(points) else np.array([round(centre)])


def _gaussian(away: list[FloatArray], cell: FloatArray, width: float) -> FloatArray:
    """Return exp(−r²/2w²) on a block of points given by fractional distances along each axis.

    r² = Σ g_ij f_i f_j with the metric g: a product of one factor per axis, and one per pair of
    axes that are not perpendicular.
    """
    metric = cell @ cell.T / (2 * width**2)
    a, b, c = away[0][:, None, None], away[1][None, :, None], away[2][None, None, :]
    weight = np.exp(-metric[0, 0] * a * a) * np.exp(-metric[1, 1] * b * b)
    if abs(metric[0, 1]) > 1e-12:
        weight = weight * np.exp(-2 * metric[0, 1] * a * b)
    last = np.exp(-metric[2, 2] * c * c)
    if abs(metric[0, 2]) + abs(metric[1, 2]) > 1e-12:
        last = last * np.exp(-2 * metric[0, 2] * a * c) * np.exp(-2 * metric[1, 2] * b * c)
    return np.asarray(weight * last)


def _pieces(points: NDArray[np.int64], size: int) -> list[tuple[slice, slice]]:
    """Split consecutive points at cell borders: (where in the cell, where among the points)."""
    first, last = int(points[0]), int(points[-1])
    pieces = []
    for turn in range(first // size, last // size + 1):
        low, high = max(first, turn * size), min(last + 1, (turn + 1) * size)
        inside = slice(low - turn * size, high - turn * size)
        pieces.append((inside, slice(low - first, high - first)))
    return pieces


def hartree_potential(
    charge: FloatArray,
    structure: PoscarStructure,
    dipole_axis: int | None,
    dipole_centre: float | None = None,
) -> FloatArray:
    """Return the potential energy of an electron on the grid, eV, zero on average.

    `charge` is ρ − ρ⁺, electrons minus positive charge, e/Å³. Solves ∇²V = −4πk (ρ − ρ⁺) with the
    FFT. With `dipole_axis`, the linear potential of
    J. Neugebauer and M. Scheffler, Phys. Rev. B 46, 16067 (1992), is added, and the vacuum becomes
    flat on both sides. Its step lies half a cell from `dipole_centre` (a fraction), or in the
    middle of the widest empty layer.
    """
    grid = charge.shape
    indices = [np.fft.fftfreq(n, 1.0 / n) for n in grid[:2]] + [np.arange(grid[2] // 2 + 1)]
    reciprocal = 2 * np.pi * np.linalg.inv(structure.cell).T
    metric = reciprocal @ reciprocal.T
    a, b, c = (
        indices[0][:, None, None], indices[1][None, :, None], indices[2][None, None, :]
    )  # fmt: skip
    squared = metric[0, 0] * a * a + metric[1, 1] * b * b + metric[2, 2] * c * c
    squared = squared + 2 * (metric[0, 1] * a * b + metric[0, 2] * a * c + metric[1, 2] * b * c)
    squared[0, 0, 0] = np.inf
    transformed = np.fft.rfftn(charge) * (4 * np.pi * COULOMB) / squared
    potential_energy = np.fft.irfftn(transformed, s=grid, axes=(0, 1, 2))
    if dipole_axis is not None:
        centre = (
            dipole_centre if dipole_centre is not None else _slab_centre(structure, dipole_axis)
        )
        potential_energy = potential_energy + _ramp(charge, structure, dipole_axis, centre)
    return np.asarray(potential_energy, dtype=float)


def _slab_centre(structure: PoscarStructure, axis: int) -> float:
    """Return the fraction along `axis` that lies opposite the middle of the widest gap."""
    along = np.sort(np.mod(structure.scaled[:, axis], 1.0))
    gaps = np.diff(np.append(along, along[0] + 1.0))
    return float(along[np.argmax(gaps)] + gaps.max() / 2 + 0.5)


def _ramp(charge: FloatArray, structure: PoscarStructure, axis: int, centre: float) -> FloatArray:
    height = 1.0 / float(np.linalg.norm(np.linalg.inv(structure.cell)[:, axis]))
    n = charge.shape[axis]
    others = tuple(i for i in range(3) if i != axis)
    profile = charge.mean(axis=others)
    z = (np.mod(np.arange(n) / n - centre + 0.5, 1.0) - 0.5) * height
    moment = float((profile * z).mean() * height)
    ramp = 4 * np.pi * COULOMB * moment * z / height
    shape = [1, 1, 1]
    shape[axis] = n
    return np.asarray((ramp - ramp.mean()).reshape(shape))
