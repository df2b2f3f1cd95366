"""Counting interatomic distances fast: the compiled kernels of the Debye sum.

Distances are collected as moments per bin, Σ dᵐ for m = 0…3 with d the distance from the bin's
left edge, and turned into weights on the bin edges that reproduce any cubic polynomial exactly
(four-point Lagrange). Summing sin(qr)/(qr) over edges then differs from the sum over pairs by at
most 0.0234 (q Δr)⁴ per pair; counting into bin centres would err by (q Δr)²/24.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

__all__ = ["edge_weights", "lattice_moments", "pair_moments"]

N_MOMENTS = 4


@njit(cache=True, fastmath=True)
def lattice_moments(counts, low, cell, shift, width, n_bins):  # type: ignore[no-untyped-def]
    """Collect the distances |n·cell + shift| with integer multiplicities.

    Parameters
    ----------
    counts : (n1, n2, n3) int64 array
        Multiplicity of each lattice displacement n = low + index.
    low : (3,) int64 array
        First displacement of each axis.
    cell, shift : (3, 3) and (3,) float arrays
        Lattice vectors (rows) and the displacement between the two sites, Å.
    width : float
        Bin width, Å.
    n_bins : int
        Number of bins.

    Returns
    -------
    (n_bins, 4) array
        Moments in units of the bin width.
    """
    moments = np.zeros((n_bins, 4))
    for i in range(counts.shape[0]):
        for j in range(counts.shape[1]):
            base = shift + (low[0] + i) * cell[0] + (low[1] + j) * cell[1]
            for k in range(counts.shape[2]):
                count = counts[i, j, k]
                if count == 0:
                    continue
                x = base[0] + (low[2] + k) * cell[2, 0]
                y = base[1] + (low[2] + k) * cell[2, 1]
                z = base[2] + (low[2] + k) * cell[2, 2]
                place = np.sqrt(x * x + y * y + z * z) / width
                b = int(place)
                d = place - b
                moments[b, 0] += count
                moments[b, 1] += count * d
                moments[b, 2] += count * d * d
                moments[b, 3] += count * d * d * d
    return moments


@njit(cache=True, fastmath=True, parallel=True)
def pair_moments(first, second, width, n_bins, same, n_threads):  # type: ignore[no-untyped-def]
    """Collect the distances between two lists of atoms.

    Parameters
    ----------
    first, second : (N, 3) and (M, 3) float arrays
        Positions, Å.
    width : float
        Bin width, Å.
    n_bins : int
        Number of bins.
    same : bool
        True: `second` is `first`; each pair i < j is counted once.
    n_threads : int
        Parts the work is shared into; each has its own moments.

    Returns
    -------
    (n_bins, 4) array
        Moments in units of the bin width.
    """
    partial = np.zeros((n_threads, n_bins * N_MOMENTS))
    n_second = second.shape[0]
    xs = np.ascontiguousarray(second[:, 0]) / width
    ys = np.ascontiguousarray(second[:, 1]) / width
    zs = np.ascontiguousarray(second[:, 2]) / width
    for part in prange(n_threads):
        moments = partial[part]
        place = np.empty(n_second)
        for i in range(part, first.shape[0], n_threads):
            x, y, z = first[i, 0] / width, first[i, 1] / width, first[i, 2] / width
            start = i + 1 if same else 0
            for j in range(start, n_second):
                dx, dy, dz = xs[j] - x, ys[j] - y, zs[j] - z
                place[j] = np.sqrt(dx * dx + dy * dy + dz * dz)
            for j in range(start, n_second):
                b = np.int32(place[j])
                d = place[j] - b
                b *= N_MOMENTS
                moments[b] += 1.0
                moments[b + 1] += d
                moments[b + 2] += d * d
                moments[b + 3] += d * d * d
    return partial.sum(axis=0).reshape(n_bins, N_MOMENTS)


def edge_weights(moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn moments per bin into weights on the bin edges.

    Parameters
    ----------
    moments : (B, 4) array
        Σ dᵐ, d from 0 to 1 within the bin.

    Returns
    -------
    (B + 3,) array
        Weights on the edges −1, 0, 1, …, B + 1 in units of the bin width.
    """
    m0, m1, m2, m3 = moments.T
    weights = np.zeros(len(moments) + 3)
    weights[:-3] += -m1 / 3 + m2 / 2 - m3 / 6
    weights[1:-2] += m0 - m1 / 2 - m2 + m3 / 2
    weights[2:-1] += m1 + m2 / 2 - m3 / 2
    weights[3:] += -m1 / 6 + m3 / 6
    return weights
