"""How the misfit of a coincidence cell is shared between film and substrate."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import BuildError

__all__ = ["StrainOn", "left_strain", "right_stretch", "shared_cell"]

StrainOn = Literal["film", "substrate", "both"]


def shared_cell(
    film: NDArray[np.float64], substrate: NDArray[np.float64], strain_on: StrainOn
) -> NDArray[np.float64]:
    """Return the in-plane cell on which film and substrate meet.

    Parameters
    ----------
    film, substrate : (2, 2) arrays
        Coincidence cells, rows in Å, each turned so that its first vector lies along +x.
    strain_on : {"film", "substrate", "both"}
        Who is deformed. "both" gives film and substrate principal stretches that are each other's
        inverse: with film → substrate = R U, the cell is the film stretched by U^½.

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
    if strain_on == "film":
        return substrate.copy()
    if strain_on == "substrate":
        return film.copy()
    if strain_on != "both":
        raise BuildError(f"strain goes on 'film', 'substrate' or 'both', not '{strain_on}'")
    half = _root(_stretch(_deformation(film, substrate)))
    stretched: NDArray[np.float64] = film @ half
    x, y = stretched[0] / np.linalg.norm(stretched[0])
    turned = stretched @ np.array([[x, -y], [y, x]])
    turned[0, 1] = 0.0
    return np.asarray(turned)


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
