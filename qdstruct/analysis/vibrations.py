"""Normal modes of a dynamical matrix, who moves in them, and their density."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CM_PER_ROOT",
    "broadened",
    "group_shares",
    "normal_modes",
    "participation_ratio",
    "translations",
]

FloatArray = NDArray[np.float64]

CM_PER_ROOT = math.sqrt(1.602176634e-19 / 1.66053906660e-27) / 1e-10 / (2 * math.pi * 2.99792458e10)
"""1/cm of √(1 eV/(Å² u)): ω/(2πc) with CODATA 2018 constants, 521.4709."""


def normal_modes(matrix: NDArray[np.complex128]) -> tuple[FloatArray, NDArray[np.complex128]]:
    """Diagonalise a dynamical matrix.

    Parameters
    ----------
    matrix : (3N, 3N) array
        D_{iα,jβ} = Φ_{iα,jβ}/√(m_i m_j), eV/(Å² u), Hermitian.

    Returns
    -------
    wavenumbers, eigenvectors
        (3N,) in 1/cm, ascending, negative where the square of the frequency is; (3N, N, 3), unit
        norm.
    """
    values, vectors = np.linalg.eigh(matrix)
    wavenumbers = np.sign(values) * np.sqrt(np.abs(values)) * CM_PER_ROOT
    return np.asarray(wavenumbers), np.asarray(vectors.T.reshape(len(values), -1, 3), complex)


def group_shares(
    eigenvectors: NDArray[np.complex128], groups: NDArray[np.str_]
) -> dict[str, FloatArray]:
    """Return for each group of atoms the share Σ_{i in group} |e_i|² of every mode.

    Parameters
    ----------
    eigenvectors : (M, N, 3) array
        Of unit norm.
    groups : (N,) array
        Name of the group of each atom.
    """
    per_atom = (np.abs(eigenvectors) ** 2).sum(axis=2)
    return {str(name): per_atom[:, groups == name].sum(axis=1) for name in dict.fromkeys(groups)}


def participation_ratio(eigenvectors: NDArray[np.complex128]) -> FloatArray:
    """Return (Σ|e_i|²)²/(N Σ|e_i|⁴) of every mode: 1 when spread out, 1/N when on one atom.

    Bell and Dean, Discuss. Faraday Soc. 50, 55 (1970).
    """
    per_atom = (np.abs(eigenvectors) ** 2).sum(axis=2)
    whole = per_atom.sum(axis=1) ** 2
    return np.asarray(whole / (per_atom.shape[1] * (per_atom**2).sum(axis=1)))


def translations(eigenvectors: NDArray[np.complex128], masses: FloatArray) -> NDArray[np.intp]:
    """Return the three modes that are most like translations of the whole cell, ascending."""
    uniform = np.sqrt(masses / masses.sum())
    overlap = np.abs(np.einsum("mia,i->ma", eigenvectors, uniform)) ** 2
    return np.asarray(np.sort(np.argsort(overlap.sum(axis=1))[-3:]))


def broadened(
    wavenumbers: FloatArray, weights: FloatArray, axis: FloatArray, width: float
) -> FloatArray:
    """Return Σ_m w_m g(ν − ν_m) with Gaussians of standard deviation `width`.

    Parameters
    ----------
    wavenumbers : (M,) array
        1/cm.
    weights : (G, M) array
        One row for each curve.
    axis : (K,) array
        1/cm.
    width : float
        1/cm.

    Returns
    -------
    (G, K) array
        Per 1/cm; each mode integrates to its weight.
    """
    away = (axis[None, :] - wavenumbers[:, None]) / width
    shape = np.exp(-0.5 * away**2) / (width * np.sqrt(2 * np.pi))
    return np.asarray(weights @ shape)
