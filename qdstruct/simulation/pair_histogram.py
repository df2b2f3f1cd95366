"""All distances within a particle, collected on a grid by pairs of elements."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, combinations_with_replacement, product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.simulation.particles import LatticeDomain
from qdstruct.simulation.shared_rows import kinds_of_rows, shared_direction

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["Histogram", "all_pairs"]

Histogram = dict[tuple[str, str], NDArray[np.float64]]
ROWS_SAVE = 0.5
"""Rows are counted where that takes less than this part of the steps of counting atoms."""
_SLAB = 2_000_000
"""Numbers that the counting of rows holds at a time, per thread."""


def all_pairs(parts: Sequence[LatticeDomain | Atoms], width: float) -> Histogram:
    """Return, for every pair of elements, weights of unordered pairs on the edges of the bins.

    Parameters
    ----------
    parts : sequence of LatticeDomain or Atoms
        Pieces of one particle in one Cartesian frame.
    width : float
        Width of the bins of distance, Å. Edge k of the result lies at (k − 1)·width.
    """
    corners = np.concatenate([p for part in parts for p in _positions(part).values()])
    longest = float(np.linalg.norm(np.ptp(corners, axis=0)))
    n_bins = int(longest / width) + 8
    moments: Histogram = {}
    for part in parts:
        if isinstance(part, LatticeDomain):
            _add_domain(moments, part, width, n_bins)
        else:
            _add_atoms(moments, _positions(part), width, n_bins)
    for one, two in combinations(parts, 2):
        if not _add_rows(moments, one, two, width, n_bins):
            _add_cross(moments, _positions(one), _positions(two), width, n_bins)
    from qdstruct.simulation.pair_counting import edge_weights

    return {pair: edge_weights(m) for pair, m in moments.items()}


def _add(moments: Histogram, one: str, two: str, more: NDArray[np.float64]) -> None:
    key = (one, two) if one <= two else (two, one)
    moments[key] = moments[key] + more if key in moments else more


def _threads() -> int:
    import numba

    return int(numba.get_num_threads())


def _add_atoms(
    moments: Histogram, positions: dict[str, NDArray[np.float64]], width: float, n_bins: int
) -> None:
    from qdstruct.simulation.pair_counting import pair_moments

    for one, two in combinations_with_replacement(sorted(positions), 2):
        same = one == two
        counted = pair_moments(positions[one], positions[two], width, n_bins, same, _threads())
        _add(moments, one, two, counted)


def _add_cross(
    moments: Histogram,
    first: dict[str, NDArray[np.float64]],
    second: dict[str, NDArray[np.float64]],
    width: float,
    n_bins: int,
) -> None:
    from qdstruct.simulation.pair_counting import pair_moments

    for one, here in first.items():
        for two, there in second.items():
            _add(moments, one, two, pair_moments(here, there, width, n_bins, False, _threads()))


def _add_rows(
    moments: Histogram,
    one: LatticeDomain | Atoms,
    two: LatticeDomain | Atoms,
    width: float,
    n_bins: int,
) -> bool:
    """Count the pairs between two lattices row by row; False where that saves nothing."""
    if not (isinstance(one, LatticeDomain) and isinstance(two, LatticeDomain)):
        return False
    shared = shared_direction(one, two)
    if shared is None:
        return False
    axis = shared[0] @ one.cell
    frame = _frame_along(axis / np.linalg.norm(axis))
    here, there = (kinds_of_rows(d, u, frame) for d, u in zip((one, two), shared, strict=True))
    work = sum(
        n_bins * a.offsets.size * b.offsets.size + 4.0 * len(a.across) * len(b.across)
        for a in here
        for b in there
    )
    if work > ROWS_SAVE * len(one) * len(two):
        return False
    from qdstruct.simulation.pair_counting import row_moments

    for a, b in product(here, there):
        points = (a.offsets.size + 1) * (b.offsets.size + 1)
        slab = max(1, min(-(-n_bins // _threads()), _SLAB // points))
        counted = row_moments(
            a.across, a.stretch, a.offsets, b.across, b.stretch, b.offsets, width, n_bins, slab
        )
        _add(moments, a.symbol, b.symbol, counted)
    return True


def _frame_along(axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a right-handed orthonormal frame whose last row is the axis."""
    side = np.cross(axis, np.eye(3)[int(np.abs(axis).argmin())])
    side /= np.linalg.norm(side)
    return np.array([side, np.cross(axis, side), axis])


def _add_domain(moments: Histogram, domain: LatticeDomain, width: float, n_bins: int) -> None:
    from scipy import fft

    from qdstruct.simulation.pair_counting import lattice_moments

    sizes = np.array(domain.occupied.shape[1:])
    padded = tuple(fft.next_fast_len(int(2 * n - 1), real=True) for n in sizes)
    spectra = [fft.rfftn(site.astype(float), padded, workers=-1) for site in domain.occupied]
    for i, j in combinations_with_replacement(range(len(spectra)), 2):
        counts = fft.irfftn(spectra[i].conj() * spectra[j], padded, workers=-1)
        for axis, n in enumerate(sizes.tolist()):
            wrapped = np.arange(-(n - 1), n) % padded[axis]
            counts = np.take(counts, wrapped, axis=axis)
        whole = np.rint(counts).astype(np.int64)
        if i == j:
            whole = _upper_half(whole)
        shift = domain.basis[j] - domain.basis[i]
        found = lattice_moments(whole, 1 - sizes, domain.cell, shift, width, n_bins)
        _add(moments, domain.symbols[i], domain.symbols[j], found)


def _upper_half(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Keep one of each pair of opposite displacements of an autocorrelation, and drop zero."""
    flat = counts.reshape(-1).copy()
    flat[: flat.size // 2 + 1] = 0
    return flat.reshape(counts.shape)


def _positions(part: LatticeDomain | Atoms) -> dict[str, NDArray[np.float64]]:
    if isinstance(part, LatticeDomain):
        return part.positions()
    symbols = np.asarray(part.get_chemical_symbols())
    return {str(e): part.positions[symbols == e] for e in np.unique(symbols)}
