"""Where vacancies are, and how far the cubes of their rows have moved in to fill them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["alignment_order", "lattice_origin", "occupied_sites", "row_gaps"]

Floats = NDArray[np.float64]


def lattice_origin(positions: Floats, spacing: float) -> Floats:
    """Return where the lattice lies, from the phase of the crystal's first Fourier component.

    Parameters
    ----------
    positions : (n, 3) array
        Centres.
    spacing : float
        Lattice constant, same unit.

    Returns
    -------
    (3,) array
        A lattice point, between 0 and `spacing` along each axis.
    """
    phases = np.exp(2j * np.pi * positions / spacing).sum(axis=0)
    return np.asarray(np.mod(np.angle(phases) / (2 * np.pi), 1.0) * spacing)


def occupied_sites(positions: Floats, spacing: float, sites: int) -> NDArray[np.int64]:
    """Give every cube a site of its own, with the smallest sum of squared displacements.

    Parameters
    ----------
    positions : (n, 3) array
        Centres in a periodic box of edge sites × spacing.
    spacing : float
        Lattice constant.
    sites : int
        Sites along each edge.

    Returns
    -------
    (n, 3) array
        Site of each cube; no two are the same (linear assignment, so exactly sites³ − n stay
        empty however far rows have slid).
    """
    place = (positions - lattice_origin(positions, spacing)) / spacing
    try:
        number = _near_assignment(place, sites)
    except ValueError:  # no complete assignment to sites so near
        number = _full_assignment(place, sites)
    return np.stack(np.unravel_index(number, (sites, sites, sites)), axis=1).astype(np.int64)


def _near_assignment(place: Floats, sites: int) -> NDArray[np.int64]:
    """Assign among the 27 sites around each cube; fails if some cube has to go further."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    steps = np.indices((3, 3, 3)).reshape(3, -1).T - 1
    near = np.rint(place)[:, None, :] + steps
    cost = 1.0 + ((near - place[:, None, :]) ** 2).sum(axis=2)
    columns = np.ravel_multi_index(
        tuple(np.moveaxis(near.astype(np.int64) % sites, 2, 0)), (sites, sites, sites)
    )
    rows = np.repeat(np.arange(len(place)), len(steps))
    graph = csr_array((cost.ravel(), (rows, columns.ravel())), shape=(len(place), sites**3))
    cubes, chosen = min_weight_full_bipartite_matching(graph)
    return np.asarray(chosen[np.argsort(cubes)], dtype=np.int64)


def _full_assignment(place: Floats, sites: int) -> NDArray[np.int64]:
    """Assign among all sites."""
    from scipy.optimize import linear_sum_assignment

    grid = np.indices((sites, sites, sites)).reshape(3, -1).T
    cost = np.zeros((len(place), len(grid)))
    for axis in range(3):
        away = place[:, axis, None] - np.arange(sites)[None, :]
        away -= sites * np.rint(away / sites)
        cost += (away**2)[:, grid[:, axis]]
    cubes, chosen = linear_sum_assignment(cost)
    return np.asarray(chosen[np.argsort(cubes)], dtype=np.int64)


def row_gaps(positions: Floats, spacing: float, sites: int) -> Floats:
    """Measure, at every empty site, how wide its row is open along each axis.

    The gap is the distance of the two cubes on either side of the vacancy in its row, in lattice
    constants, minus one, and divided by the number of adjacent empty sites between them. It is 1
    where the row has stayed in place and 1/(sites − 1) where its cubes are evenly spaced.

    Parameters
    ----------
    positions : (n, 3) array
        Centres in a periodic box of edge sites × spacing.
    spacing : float
        Lattice constant.
    sites : int
        Sites along each edge.

    Returns
    -------
    (sites³ − n, 3) array
        Gap along x, y and z, by vacancy; infinite for a row without any cube.
    """
    place = positions / spacing
    owner = np.full((sites, sites, sites), -1, dtype=np.int64)
    owner[tuple(occupied_sites(positions, spacing, sites).T)] = np.arange(len(positions))
    gaps = []
    for site in np.argwhere(owner < 0):
        i, j, k = site
        rows = (owner[:, j, k], owner[i, :, k], owner[i, j, :])
        gaps.append([_gap(np.roll(rows[axis], -site[axis]), place[:, axis]) for axis in range(3)])
    return np.array(gaps, dtype=np.float64).reshape(-1, 3)


def _gap(row: NDArray[np.int64], place: Floats) -> float:
    """Return the gap of a row whose first site is empty; −1 marks empty sites."""
    filled = np.flatnonzero(row >= 0)
    if not len(filled):
        return float("inf")
    steps = int(filled[0] + len(row) - filled[-1])
    away = place[row[filled[0]]] - place[row[filled[-1]]]
    away -= len(row) * np.rint((away - steps) / len(row))
    return float((away - 1.0) / (steps - 1))


def alignment_order(axes: Floats) -> float:
    """Return how well the cubes' edges follow the edges of the box.

    Parameters
    ----------
    axes : (n, 3, 3) array
        Edge directions of each cube, rows.

    Returns
    -------
    float
        Mean over all edges of (3 cos²θ − 1)/2 with θ the angle to the nearest edge of the box: 1
        when aligned, 0.551 for random orientations.
    """
    nearest = (axes**2).max(axis=2)
    return float((1.5 * nearest - 0.5).mean())
