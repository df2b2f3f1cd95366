"""In-plane registry: which shifts of the film are different, and how they are tried."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.stack import plane_stack
from qdstruct.building.supercells import matched_transforms
from qdstruct.geometry import gauss_reduce
from qdstruct.model import CoincidenceMatch, Phase

__all__ = ["registry_cell", "shift_cell", "shift_grid"]


def registry_cell(film: Phase, substrate: Phase, match: CoincidenceMatch) -> NDArray[np.float64]:
    """Return the irreducible cell of in-plane shifts of an interface as `build_interface` makes it.

    Parameters
    ----------
    film, substrate : Phase
        The two crystals of the match.
    match : CoincidenceMatch
        Which supercells coincide.

    Returns
    -------
    (2, 2) array
        Reduced vectors, rows in fractions of the built interface's cell vectors (which may come in
        another order than those of the match). Shifts of the film that differ by a vector of their
        lattice give the same interface.

    Raises
    ------
    BuildError
        If the match does not belong to the crystals.

    Notes
    -----
    The lattice is the one that the in-plane lattices of both crystals span together (the
    displacement-shift-complete lattice of W. Bollmann, Crystal Defects and Crystalline Interfaces,
    Springer 1970); its cell is smaller than the coincidence cell by the product of the numbers of
    primitive cells of both crystals, when these have no common factor.
    """
    stacks = plane_stack(film, match.film_hkl), plane_stack(substrate, match.substrate_hkl)
    above, below = matched_transforms(*stacks, match)
    cell = below @ stacks[1].vectors
    reduced, _ = gauss_reduce(_common_lattice(above, below) @ cell)
    return np.asarray(reduced @ np.linalg.inv(cell))


def shift_cell(match: CoincidenceMatch) -> NDArray[np.float64]:
    """Return the irreducible cell of in-plane shifts.

    A shift by a lattice vector of either surface restores the interface, so different shifts lie
    in one cell of the lattice that both primitive surface lattices span together.

    Returns
    -------
    (2, 2) array
        Its vectors in fractions of the coincidence cell vectors (rows).
    """
    return _common_lattice(match.film_transform, match.substrate_transform)


def _common_lattice(film: ArrayLike, substrate: ArrayLike) -> NDArray[np.float64]:
    """Return a basis of what two sublattices of one supercell span together, in its fractions.

    Both primitive lattices are sublattices of (1/D) times the coincidence lattice, D the product of
    the two determinants; integer row reduction of their four vectors leaves the basis.
    """
    transforms = [np.asarray(transform) for transform in (film, substrate)]
    counts = [round(abs(float(np.linalg.det(transform)))) for transform in transforms]
    denominator = counts[0] * counts[1]
    inverses = np.vstack([np.linalg.inv(transform) for transform in transforms])
    rows = np.rint(inverses * denominator).astype(np.int64)
    return np.asarray(_row_basis(rows) / denominator, dtype=np.float64)


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
