"""Densities of states from levels and what they are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import erfc, expit

from qdstruct.running.vaspfiles.facts import DensityOfStates
from qdstruct.running.vaspfiles.settings import Settings

__all__ = ["density_of_states", "fermi_level", "lowdin_weights"]

FloatArray = NDArray[np.float64]
_MARGIN = 1.0
"""eV beyond the outermost levels, where EMIN and EMAX are not given."""
_EMPTY = 15.0
"""eV above the Fermi level that are shown at most, where EMAX is not given: a basis of atomic
functions has levels hundreds of eV up that mean nothing."""


def fermi_level(energies: FloatArray, n_electrons: float, width: float) -> float:
    """Return the level at which doubly filled, Fermi–Dirac smeared levels hold `n_electrons`.

    Parameters
    ----------
    energies : (N,) array
        Levels, eV.
    n_electrons : float
        Electrons in them.
    width : float
        kT, eV.
    """

    def excess(level: float) -> float:
        return float(2 * expit((level - energies) / width).sum() - n_electrons)

    ordered = np.sort(energies)
    below = int(n_electrons / 2 + 1e-9)
    if abs(n_electrons - 2 * below) < 1e-9 and 0 < below < len(ordered):
        middle = float(ordered[below - 1] + ordered[below]) / 2
        if abs(excess(middle)) < 1e-9:  # a gap: every level inside it would do
            return middle
    low, high = ordered[0] - 50 * width, ordered[-1] + 50 * width
    return float(brentq(excess, low, high, xtol=1e-10))


def lowdin_weights(
    overlap: FloatArray,
    coefficients: FloatArray,
    atoms: NDArray[np.intp],
    momenta: NDArray[np.intp],
) -> FloatArray:
    """Return (atom, s p d, state) shares of every state, summing to one.

    P.-O. Löwdin, J. Chem. Phys. 18, 365 (1950): squares of the coefficients in the symmetrically
    orthogonalised basis S^(1/2) C.

    Parameters
    ----------
    overlap : (B, B) array
        S.
    coefficients : (B, N) array
        C, a state in each column, normalised by S.
    atoms, momenta : (B,) arrays
        Atom and angular momentum of each function.
    """
    values, vectors = np.linalg.eigh(overlap)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    shares = (root @ coefficients) ** 2
    weights = np.zeros((int(atoms.max()) + 1, 3, coefficients.shape[1]))
    np.add.at(weights, (atoms, momenta), shares)
    return weights


def density_of_states(
    energies: FloatArray, weights: FloatArray, *, fermi: float, width: float, settings: Settings
) -> DensityOfStates:
    """Smear doubly degenerate levels with Gaussians on the axis of EMIN, EMAX and NEDOS.

    Every value is the mean over its interval of the axis, as in VASP.

    Parameters
    ----------
    energies : (N,) array
        Levels, eV.
    weights : (atom, s p d, N) array
        Share of each atom and momentum in each level; their sum is what the level counts.
    fermi : float
        Fermi level, eV.
    width : float
        SIGMA, eV: exp(−(E/SIGMA)²), as VASP smears.
    settings : Settings
        For the axis.
    """
    low = energies.min() - _MARGIN if settings.emin is None else settings.emin
    highest = min(energies.max() + _MARGIN, fermi + _EMPTY)
    high = highest if settings.emax is None else settings.emax
    axis = np.linspace(low, high, settings.nedos)
    half = (axis[1] - axis[0]) / 2
    below = erfc(-(np.append(axis - half, axis[-1] + half)[None, :] - energies[:, None]) / width)
    smeared = np.diff(below, axis=1) / (2 * half)  # bin by bin, so that a coarse axis loses nothing
    count = weights.sum(axis=(0, 1))
    return DensityOfStates(
        fermi=fermi,
        energies=axis,
        total=(count @ smeared)[None],
        integrated=(count @ erfc(-(axis[None, :] - energies[:, None]) / width))[None],
        projected=(weights @ smeared)[:, None],
    )
