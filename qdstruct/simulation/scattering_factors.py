"""Scattering factors of free atoms for X-rays and electrons."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.errors import InputError

__all__ = ["anomalous_factor", "electron_factor", "xray_factor"]

MOTT_BETHE = 0.023933662
"""m₀e²/(8πε₀h²) in 1/Å: f_e in Å from electrons and s in 1/Å."""
MAX_S = 6.0
"""Largest sinθ/λ in 1/Å to which the Waasmaier–Kirfel fit holds."""


@lru_cache(maxsize=256)
def _coefficients(symbol: str) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return (a, b, c) of f0(s) = Σ a exp(−b s²) + c, s = sinθ/λ."""
    import json

    import xraydb

    rows = [row for row in xraydb.get_xraydb().get_cache("Waasmaier") if row.ion == symbol]
    if not rows:
        raise InputError(
            f"no X-ray scattering factor for '{symbol}'",
            hint="Waasmaier and Kirfel tabulate H to Cf; replace dummy atoms",
        )
    row = rows[0]
    return np.array(json.loads(row.scale)), np.array(json.loads(row.exponents)), float(row.offset)


def xray_factor(symbol: str, s: ArrayLike) -> NDArray[np.float64]:
    """Return f0(s) of a free neutral atom, in electrons.

    Parameters
    ----------
    symbol : str
        Chemical symbol.
    s : array
        sinθ/λ = 1/(2d) in 1/Å, up to 6.

    Notes
    -----
    Waasmaier and Kirfel, Acta Cryst. A 51, 416 (1995), five Gaussians and a constant, as tabulated
    by xraydb.
    """
    a, b, c = _coefficients(symbol)
    squared = np.asarray(s, dtype=float) ** 2
    return np.asarray(np.exp(-np.multiply.outer(squared, b)) @ a + c)


@lru_cache(maxsize=256)
def anomalous_factor(symbol: str, energy: float) -> complex:
    """Return f′ + i f″ in electrons at a photon energy in eV.

    Notes
    -----
    Chantler, J. Phys. Chem. Ref. Data 24, 71 (1995) and 29, 597 (2000), through xraydb, whose
    ``f1_chantler`` is f′ and whose ``f2_chantler`` is f″. Elements above uranium have none (0).
    """
    import xraydb

    if xraydb.atomic_number(symbol) > 92:
        return 0j
    return complex(
        float(xraydb.f1_chantler(symbol, energy)), float(xraydb.f2_chantler(symbol, energy))
    )


def electron_factor(symbol: str, s: ArrayLike) -> NDArray[np.float64]:
    """Return the electron scattering factor f_e(s) in Å (first Born approximation, rest mass).

    Parameters
    ----------
    symbol : str
        Chemical symbol of a neutral atom.
    s : array
        sinθ/λ = 1/(2d) in 1/Å.

    Notes
    -----
    Mott–Bethe: f_e = m₀e²/(8πε₀h²) · (Z − f_x(s))/s² (International Tables vol. C, 4.3.1). Z is
    replaced by the fit's own f_x(0), which differs from Z by less than 0.02 electrons, so that f_e
    keeps a finite limit, Σ a b, at s = 0.
    """
    a, b, _ = _coefficients(symbol)
    squared = np.asarray(s, dtype=float) ** 2
    exponent = np.multiply.outer(squared, b)
    fraction = np.where(exponent > 0, -np.expm1(-exponent), 0.0)
    safe = np.where(squared > 0, squared, 1.0)[..., None]
    terms = np.where(exponent > 0, fraction / safe, b)
    return np.asarray(MOTT_BETHE * (terms @ a))
