"""Physical constants and the wavelengths that have names.

Lengths are Å, energies eV, angles degrees, temperatures kelvin throughout the package.
Constants are CODATA 2018 as shipped with `scipy.constants`; they are written out here so that
importing them costs nothing, and a test compares them with scipy.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "BOHR",
    "BOLTZMANN",
    "COULOMB",
    "DALTON",
    "HARTREE",
    "HBAR2_OVER_2M",
    "HC",
    "WAVELENGTHS",
]

DALTON: Final = 1.66053906660
"""Atomic mass constant in g/cm³ Å³ (10⁻²⁴ g)."""
HARTREE: Final = 27.211386245988
"""Hartree energy in eV."""
BOHR: Final = 0.529177210903
"""Bohr radius in Å."""
COULOMB: Final = HARTREE * BOHR
"""e²/(4πε₀) in eV Å."""
BOLTZMANN: Final = 8.617333262e-5
"""Boltzmann constant in eV/K."""
HC: Final = 12398.419843320026
"""h·c in eV Å."""
HBAR2_OVER_2M: Final = 3.809982111485962
"""ħ²/(2mₑ) in eV Å²."""

WAVELENGTHS: Final[dict[str, float]] = {
    "CuKa": 1.54184,
    "CuKa1": 1.54056,
    "CuKa2": 1.54439,
    "CuKb1": 1.39222,
    "MoKa": 0.71073,
    "MoKa1": 0.70930,
    "CoKa1": 1.78897,
    "AgKa1": 0.559421,
}
"""X-ray wavelengths in Å. ``CuKa`` and ``MoKa`` are the 2:1 weighted means of Kα1 and Kα2.

The values are those of the International Tables for Crystallography, vol. C (table 4.2.2.1),
rounded to the digits in common use with powder patterns.
"""
