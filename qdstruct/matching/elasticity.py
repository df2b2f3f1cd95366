"""Elastic stiffness of a plane: rotation of the tensor and the plane-stress condition."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.errors import MatchError

__all__ = ["cubic_stiffness", "plane_stress_stiffness", "rotate_stiffness"]

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


def cubic_stiffness(c11: float, c12: float, c44: float) -> NDArray[np.float64]:
    """Return the (6, 6) stiffness of a cubic crystal in its cubic axes, in the unit given.

    Raises
    ------
    MatchError
        Unless c11 > |c12|, c11 + 2 c12 > 0 and c44 > 0 (Born's stability conditions).
    """
    if not (c11 > abs(c12) and c11 + 2 * c12 > 0 and c44 > 0):
        raise MatchError(f"C11 = {c11}, C12 = {c12}, C44 = {c44} describe no stable cubic crystal")
    stiffness = np.diag([c11] * 3 + [c44] * 3).astype(float)
    stiffness[:3, :3] += c12 * (1 - np.eye(3))
    return stiffness


def rotate_stiffness(stiffness: ArrayLike, rotation: ArrayLike) -> NDArray[np.float64]:
    """Rotate a (6, 6) stiffness: C'_ijkl = R_ia R_jb R_kc R_ld C_abcd."""
    C = np.asarray(stiffness, dtype=float)
    R = np.asarray(rotation, dtype=float)
    if C.shape != (6, 6) or not np.isfinite(C).all() or not np.allclose(C, C.T, rtol=1e-3):
        raise MatchError("an elastic stiffness is a symmetric 6 x 6 matrix of finite numbers")
    if np.linalg.eigvalsh((C + C.T) / 2).min() <= 0:
        raise MatchError(
            "a stiffness that is not positive definite describes no stable crystal",
            hint="check the order xx yy zz yz xz xy and that all 36 numbers are in GPa",
        )
    full = np.empty((3, 3, 3, 3))
    for m, (i, j) in enumerate(VOIGT):
        for n, (k, l) in enumerate(VOIGT):  # noqa: E741 - tensor index
            full[i, j, k, l] = full[j, i, k, l] = full[i, j, l, k] = full[j, i, l, k] = C[m, n]
    turned = np.einsum("ia,jb,kc,ld,abcd->ijkl", R, R, R, R, full, optimize=True)
    return np.array([[turned[first + second] for second in VOIGT] for first in VOIGT])


def plane_stress_stiffness(stiffness: ArrayLike, frame: ArrayLike) -> NDArray[np.float64]:
    """Return the (3, 3) in-plane stiffness (xx, yy, xy) of a layer whose faces are free.

    Parameters
    ----------
    stiffness : (6, 6) array
        Voigt stiffness in the crystal's Cartesian frame.
    frame : (3, 3) array
        Rotation into the plane's frame, rows x, y, z with z the normal.

    Notes
    -----
    The out-of-plane stresses σ_zz, σ_yz, σ_xz vanish, so those strains are condensed out:
    C_pp − C_po C_oo⁻¹ C_op (Nye, Physical Properties of Crystals, 1957, for the notation).
    """
    C = rotate_stiffness(stiffness, frame)
    p, o = [0, 1, 5], [2, 3, 4]
    return np.asarray(
        C[np.ix_(p, p)] - C[np.ix_(p, o)] @ np.linalg.solve(C[np.ix_(o, o)], C[np.ix_(o, p)])
    )
