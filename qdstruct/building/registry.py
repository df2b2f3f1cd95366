"""In-plane registry: which shifts of the film are different, and how they are tried."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qdstruct.geometry import gauss_reduce
from qdstruct.model import CoincidenceMatch

__all__ = ["shift_cell", "shift_grid"]


def shift_cell(match: CoincidenceMatch) -> NDArray[np.float64]:
    """Return the irreducible cell of in-plane shifts.

    A shift by a lattice vector of either surface restores the interface, so different shifts lie
    in one cell of the lattice that both primitive surface lattices span together.

    Returns
    -------
    (2, 2) array
        Its vectors in fractions of the coincidence cell vectors (rows).

    Notes
    -----
    Both surface lattices are sublattices of (1/D) times the coincidence lattice, D the product of
    the two determinants; integer row reduction of their four vectors leaves the basis.
    """
    film, substrate = (np.asarray(t) for t in (match.film_transform, match.substrate_transform))
    counts = [round(abs(float(np.linalg.det(t)))) for t in (film, substrate)]
    denominator = counts[0] * counts[1]
    rows = np.rint(np.vstack([np.linalg.inv(film), np.linalg.inv(substrate)]) * denominator).astype(
        np.int64
    )
    basis = _row_basis(rows) / denominator
    return np.asarray(basis, dtype=np.float64)


def _row_basis(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Two vectors that span the same lattice as several integer vectors of rank 2."""
    rows = rows.copy()
    for column in range(2):
        while np.count_nonzero(rows[column:, column]) > 1:
            active = column + np.flatnonzero(rows[column:, column])
            pivot = active[np.argmin(np.abs(rows[active, column]))]
            rows[[column, pivot]] = rows[[pivot, column]]
            factors = rows[column + 1 :, column] // rows[column, column]
            rows[column + 1 :] -= factors[:, None] * rows[column]
        first = column + int(np.flatnonzero(rows[column:, column])[0])
        rows[[column, first]] = rows[[first, column]]
    return rows[:2]


def shift_grid(
    match: CoincidenceMatch, cell: NDArray[np.float64], step: float
) -> NDArray[np.float64]:
    """Return a grid over the irreducible shift cell.

    Parameters
    ----------
    match : CoincidenceMatch
        The coincidence.
    cell : (2, 2) array
        Coincidence cell vectors, Å.
    step : float
        Grid spacing in Å, at most.

    Returns
    -------
    (n, 2) array
        Shifts in fractions of the coincidence cell vectors; the first is (0, 0).
    """
    small, _ = gauss_reduce(shift_cell(match) @ cell)
    counts = [max(1, int(np.ceil(np.linalg.norm(row) / step - 1e-9))) for row in small]
    a, b = (np.arange(count) / count for count in counts)
    grid = np.stack(np.meshgrid(a, b, indexing="ij"), axis=-1).reshape(-1, 2)
    return np.asarray((grid @ small @ np.linalg.inv(cell)) % 1.0)
