"""Semi-coherent interfaces: the misfit of near one-to-one planes and its dislocations."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from qdstruct.matching.strain import polar_decomposition
from qdstruct.matching.surfaces import Surface
from qdstruct.model import MisfitDislocations

__all__ = ["misfit_dislocations"]

SMALL_MULTIPLES = 3
"""Rows of film and substrate repeats are paired up to this many steps."""


def misfit_dislocations(
    film: Surface, substrate: Surface, twist: float
) -> tuple[MisfitDislocations, ...]:
    """Return the misfit along the two principal directions of the natural correspondence.

    Parameters
    ----------
    film, substrate : Surface
        The interface facets.
    twist : float
        Rotation of the film about the normal, degrees from the substrate's first plane vector.

    Returns
    -------
    tuple of MisfitDislocations
        Two rows, the larger misfit first.

    Notes
    -----
    The correspondence pairs two short vectors of the film, turned by `twist`, with the substrate
    vectors nearest to them; of all such pairs with supercells of at most a few primitive cells
    the least strained per area is kept. Coherency is lost where a step of the substrate lattice
    has accumulated: D = |b|/|ε|, with b the shortest substrate lattice vector within 30° of the
    principal direction (Frank and van der Merwe, Proc. R. Soc. A 198, 205 (1949); Bollmann's
    O-lattice in one dimension).
    """
    turn = np.radians(twist)
    R = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    film_vectors = _short_vectors(film.plane.planar) @ R.T
    substrate_vectors = _short_vectors(substrate.plane.planar)
    F = _natural_correspondence(film_vectors, substrate_vectors, film.plane.area)
    _, U = polar_decomposition(F)
    values, axes = np.linalg.eigh(U)
    rows = []
    for value, axis in zip(values, axes.T, strict=True):
        repeat = _repeat_along(F @ axis, substrate_vectors)
        strain = float(value - 1)
        angle = np.degrees(np.arctan2(axis[1], axis[0])) - twist
        rows.append(
            MisfitDislocations(
                strain=strain,
                angle=float((angle + 90) % 180 - 90),
                repeat=repeat,
                spacing=repeat / abs(strain) if abs(strain) > 1e-9 else None,
            )
        )
    return tuple(sorted(rows, key=lambda row: -abs(row.strain)))


def _short_vectors(basis: NDArray[np.float64]) -> NDArray[np.float64]:
    span = range(-SMALL_MULTIPLES, SMALL_MULTIPLES + 1)
    return np.array([c for c in product(span, span) if any(c)], dtype=float) @ basis


def _natural_correspondence(
    film: NDArray[np.float64], substrate: NDArray[np.float64], area: float
) -> NDArray[np.float64]:
    """Return F of the pair of film vectors that is least strained for its size."""
    gap = np.linalg.norm(film[:, None] - substrate[None], axis=2)
    nearest = gap.argmin(axis=1)
    quality = gap.min(axis=1)
    order = np.argsort(quality * np.sqrt(np.linalg.norm(film, axis=1)))[:16]
    best, lowest = np.eye(2), np.inf
    for i, j in product(order, order):
        f, s = film[[i, j]], substrate[nearest[[i, j]]]
        size = np.linalg.det(f)
        if size < 0.5 * area or np.linalg.det(s) < 0.25 * size:
            continue
        F = np.linalg.solve(f, s).T
        stretches = np.linalg.svd(F, compute_uv=False)
        score = float(np.abs(np.log(stretches)).max() * np.sqrt(size / area))
        if score < lowest - 1e-12:
            best, lowest = F, score
    return best


def _repeat_along(direction: NDArray[np.float64], vectors: NDArray[np.float64]) -> float:
    unit = direction / np.linalg.norm(direction)
    lengths = np.linalg.norm(vectors, axis=1)
    along = np.abs(vectors @ unit) / lengths
    return float(lengths[along >= np.cos(np.radians(30))].min())
