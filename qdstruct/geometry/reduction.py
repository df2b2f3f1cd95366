"""Reciprocal cells and the reduction of plane lattices."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["gauss_reduce", "reciprocal_cell", "row_basis"]


def reciprocal_cell(cell: ArrayLike) -> NDArray[np.float64]:
    """Return the reciprocal cell without the factor 2π.

    Parameters
    ----------
    cell : (3, 3) array
        Rows are lattice vectors, Å.

    Returns
    -------
    (3, 3) array
        Rows a*, b*, c* in 1/Å with ``cell @ reciprocal.T == identity``.
    """
    return np.asarray(np.linalg.inv(np.asarray(cell, dtype=float)).T)


def gauss_reduce(vectors: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Reduce two vectors to the shortest basis of the plane lattice they span.

    Lagrange–Gauss reduction: afterwards |a| ≤ |b| and |a·b| ≤ |a|²/2. The handedness of the
    basis (the sense of a × b) is kept, so the angle may be acute or obtuse.

    Parameters
    ----------
    vectors : (2, n) array
        Independent vectors, n = 2 or 3, Å.

    Returns
    -------
    reduced : (2, n) array
        The reduced vectors.
    transform : (2, 2) integer array
        ``reduced = transform @ vectors``, determinant +1.

    Raises
    ------
    ValueError
        If the vectors are parallel or not finite.
    """
    basis = np.array(vectors, dtype=float)
    transform = np.eye(2, dtype=np.int64)
    gram = basis @ basis.T
    determinant = float(np.linalg.det(gram))
    if not np.isfinite(determinant) or determinant <= 1e-12 * gram[0, 0] * gram[1, 1]:
        raise ValueError("the two vectors do not span a plane")
    for _ in range(10_000):
        if basis[0] @ basis[0] > (basis[1] @ basis[1]) * (1 + 1e-12):
            swap = np.array([[0, 1], [-1, 0]])
            basis, transform = swap @ basis, swap @ transform
        ratio = float(basis[0] @ basis[1] / (basis[0] @ basis[0]))
        if abs(ratio) <= 0.5 + 1e-10:
            break
        shear = np.array([[1, 0], [-round(ratio), 1]])
        basis, transform = shear @ basis, shear @ transform
    return transform @ np.asarray(vectors, dtype=float), transform


def row_basis(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return two vectors that span the same lattice as several integer vectors of rank 2.

    Parameters
    ----------
    rows : (n, 2) integer array
        The vectors.

    Returns
    -------
    (2, 2) integer array
        In Hermite form up to signs.
    """
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
