"""How the misfit of a coincidence cell is shared between film and substrate."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import BuildError
from qdstruct.model import CoincidenceMatch, StrainPartition

__all__ = ["StrainOn", "film_share", "left_strain", "right_stretch", "shared_cell"]

StrainOn = Literal["film", "substrate", "both"]


def shared_cell(
    film: NDArray[np.float64],
    substrate: NDArray[np.float64],
    strain_on: StrainOn | NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the in-plane cell on which film and substrate meet.

    Parameters
    ----------
    film, substrate : (2, 2) arrays
        Coincidence cells, rows in Å, each turned so that its first vector lies along +x.
    strain_on : {"film", "substrate", "both"} or (2, 2) array
        Who is deformed, or the strain U − 1 of the film in the frame of its cell. "both" gives
        film and substrate principal stretches that are each other's inverse: with film →
        substrate = R U, the cell is the film stretched by U^½.

    Returns
    -------
    (2, 2) array
        Rows; the first along +x.

    Raises
    ------
    BuildError
        For an unknown `strain_on`, or a film cell that is the mirror image of the substrate's.
    """
    if np.linalg.det(film) * np.linalg.det(substrate) <= 0:
        raise BuildError(
            "film and substrate coincide only as mirror images, which would turn a chiral crystal "
            "into its enantiomer",
            hint="use a match whose two transforms have determinants of the same sign",
        )
    if not isinstance(strain_on, str):
        return _upright(film @ (np.eye(2) + strain_on))
    if strain_on == "film":
        return substrate.copy()
    if strain_on == "substrate":
        return film.copy()
    if strain_on != "both":
        raise BuildError(f"strain goes on 'film', 'substrate' or 'both', not '{strain_on}'")
    half = _root(_stretch(_deformation(film, substrate)))
    return _upright(film @ half)


def _upright(cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn a cell so that its first vector lies along +x."""
    x, y = cell[0] / np.linalg.norm(cell[0])
    turned = cell @ np.array([[x, -y], [y, x]])
    turned[0, 1] = 0.0
    return np.asarray(turned)


def film_share(partition: StrainPartition, match: CoincidenceMatch) -> NDArray[np.float64]:
    """Return the film's strain of a partition in the frame of the film's coincidence cell.

    A partition is given in the film's plane frame, x along its first primitive plane vector; a
    slab has x along the first vector of its coincidence cell (the second of a left-handed match,
    whose vectors are exchanged).
    """
    first, second = np.asarray(match.film_plane_vectors, dtype=float)
    length = float(np.linalg.norm(first))
    along = float(first @ second) / length
    plane = np.array([[length, 0.0], [along, np.sqrt(float(second @ second) - along**2)]])
    cell = np.asarray(match.film_transform) @ plane
    if np.linalg.det(cell) < 0:
        cell = cell[::-1]
    x, y = cell[0] / np.linalg.norm(cell[0])
    turn = np.array([[x, -y], [y, x]])
    return np.asarray(turn.T @ np.asarray(partition.film_strain) @ turn)


def _deformation(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """D with ``after = before @ D``."""
    return np.asarray(np.linalg.inv(before) @ after, dtype=np.float64)


def _stretch(deformation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Right stretch U of a deformation acting on row vectors (x' = x D, D = U R)."""
    return _root(deformation @ deformation.T)


def _root(symmetric: NDArray[np.float64]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(symmetric)
    return np.asarray((vectors * np.sqrt(values)) @ vectors.T)


def right_stretch(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return U − 1 of the deformation that carries the cell `before` into `after`.

    Both are (2, 2) with rows in Å; the result is the (2, 2) symmetric strain in the frame of
    `before`, U = (FᵀF)^½ with F acting on column vectors.
    """
    return _stretch(_deformation(before, after)) - np.eye(2)


def left_strain(stated: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return V − 1 of a stated U − 1, both (2, 2), for cells whose first vector stays along +x.

    U is `right_stretch` + 1, in the frame of the undeformed slab. A deformation x' = x D that keeps
    the first vector along +x has D lower triangular, so D is the Cholesky factor of U² = D Dᵀ, and
    the left stretch, in the frame of the deformed slab, is V = (DᵀD)^½.
    """
    stretch = np.asarray(stated, dtype=float) + np.eye(2)
    deformation = np.linalg.cholesky(stretch @ stretch)
    return np.asarray(_root(deformation.T @ deformation) - np.eye(2))
