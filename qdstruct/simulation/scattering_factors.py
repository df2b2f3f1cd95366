"""Scattering factors of free atoms for X-rays and electrons."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.errors import InputError

__all__ = ["anomalous_factor", "check_reach", "electron_factor", "xray_factor"]

POTENTIAL_OF_FACTOR = 47.877645145863056
"""h²/(2π m₀ e) in V Å²: potential Fourier coefficient = this · F/(cell volume)."""
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


def check_reach(s: float) -> None:
    """Refuse sinθ/λ beyond the range in which `xray_factor` was fitted.

    Raises
    ------
    InputError
        If s exceeds `MAX_S`; the message has it also as q.
    """
    if s > MAX_S:
        raise InputError(
            f"q = {4 * np.pi * s:.1f} 1/Å is beyond the scattering factors "
            f"(limit {4 * np.pi * MAX_S:.1f} 1/Å)",
            hint="lower the upper angle, or use a longer wavelength",
        )


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


@lru_cache(maxsize=1)
def _lobato() -> dict[str, NDArray[np.float64]]:
    import json

    from qdstruct.resources import data_folder

    path = data_folder("templates") / "scattering" / "lobato.json"
    table = json.loads(path.read_text(encoding="utf-8"))
    return {symbol: np.array(rows) for symbol, rows in table.items() if symbol != "source"}


def electron_factor(symbol: str, s: ArrayLike) -> NDArray[np.float64]:
    """Return the electron scattering factor f_e(s) in Å (first Born approximation, rest mass).

    Parameters
    ----------
    symbol : str
        Chemical symbol of a neutral atom, H to Lr.
    s : array
        sinθ/λ = 1/(2d) in 1/Å.

    Notes
    -----
    f_e = Σ a (2 + b g²)/(1 + b g²)² with g = 2s, Lobato and Van Dyck, Acta Cryst. A 70, 636 (2014),
    fitted to 12 1/Å. Finite at s = 0 and falling as Mott and Bethe ask, (Z − f_x)/s².
    """
    try:
        a, b = _lobato()[symbol]
    except KeyError:
        raise InputError(
            f"no electron scattering factor for '{symbol}'",
            hint="Lobato and Van Dyck tabulate H to Lr; replace dummy atoms",
        ) from None
    scaled = np.multiply.outer((2 * np.asarray(s, dtype=float)) ** 2, b)
    return np.asarray(((2 + scaled) / (1 + scaled) ** 2) @ a)
