"""X-ray wavelengths by name, Kα doublets and electron wavelengths."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, pi, sqrt

from qdstruct.errors import InputError
from qdstruct.units import HC, WAVELENGTHS

__all__ = ["Radiation", "electron_wavelength", "interaction_constant", "known_anodes", "radiation"]

_MORE_WAVELENGTHS = {
    "CrKa1": 2.28970,
    "CrKa2": 2.29361,
    "FeKa1": 1.93604,
    "FeKa2": 1.93998,
    "CoKa2": 1.79285,
    "MoKa2": 0.71359,
    "AgKa2": 0.563813,
}
_DOUBLET_WEIGHTS = (2.0 / 3.0, 1.0 / 3.0)
MAX_VOLTAGE = 5e6
"""V: beyond the largest microscopes, 3 MV; a volt taken for a kilovolt is beyond it."""
ELECTRON_REST_ENERGY = 510998.95
"""m₀c² in eV (CODATA 2018)."""


@dataclass(frozen=True, kw_only=True)
class Radiation:
    """One X-ray line, or the Kα doublet it stands for."""

    name: str
    """``CuKa``, ``CuKa1``, … or the wavelength as typed."""
    wavelength: float
    """Å; for ``…Ka`` the 2:1 weighted mean of Kα1 and Kα2."""
    components: tuple[tuple[float, float], ...]
    """(wavelength in Å, weight) of what the tube really sends out; the weights sum to one."""

    @property
    def energy(self) -> float:
        """Photon energy in eV."""
        return HC / self.wavelength


def _table() -> dict[str, float]:
    table = _MORE_WAVELENGTHS | WAVELENGTHS
    for metal in ("Cr", "Fe", "Co", "Cu", "Mo", "Ag"):
        mean = (2 * table[f"{metal}Ka1"] + table[f"{metal}Ka2"]) / 3
        table.setdefault(f"{metal}Ka", mean)
    return table


def known_anodes() -> tuple[str, ...]:
    """Return the names that `radiation` knows, sorted."""
    return tuple(sorted(_table()))


def radiation(anode: str | float) -> Radiation:
    """Look up an anode line by name, or take a wavelength in Å as it is.

    Parameters
    ----------
    anode : str or float
        ``CuKa``, ``CuKa1``, ``MoKa`` … (case does not matter), or a number: the wavelength in Å.

    Raises
    ------
    InputError
        If the name is unknown (the known ones are listed) or the wavelength is not positive.

    Notes
    -----
    Wavelengths: International Tables for Crystallography, vol. C, table 4.2.2.1.
    """
    table = _table()
    names = {name.lower(): name for name in table}
    key = names.get(str(anode).strip().lower())
    if key is None:
        return _numeric(anode)
    wavelength = table[key]
    if not key.endswith("Ka"):
        return Radiation(name=key, wavelength=wavelength, components=((wavelength, 1.0),))
    lines = (table[key + "1"], table[key + "2"])
    components = tuple(zip(lines, _DOUBLET_WEIGHTS, strict=True))
    return Radiation(name=key, wavelength=wavelength, components=components)


def _numeric(anode: str | float) -> Radiation:
    try:
        wavelength = float(anode)
    except ValueError:
        raise InputError(
            f"unknown anode '{anode}'",
            hint=f"known are {', '.join(known_anodes())}; or give a wavelength in Å",
        ) from None
    if not (isfinite(wavelength) and 0.01 <= wavelength <= 10):
        raise InputError(
            f"a wavelength of {anode} Å is not that of X-rays (0.01 to 10 Å)",
            hint="give a name such as CuKa1, or a wavelength in Å",
        )
    return Radiation(name=str(anode), wavelength=wavelength, components=((wavelength, 1.0),))


def electron_wavelength(voltage: float) -> float:
    """Return the relativistic de Broglie wavelength in Å.

    Parameters
    ----------
    voltage : float
        Accelerating voltage in volts, for example 200e3.

    Notes
    -----
    λ = hc / √(eV (2 m₀c² + eV)); 200 kV gives 0.025079 Å.
    """
    if not (isfinite(voltage) and voltage > 0):
        raise InputError(
            f"an accelerating voltage of {voltage} V is not positive",
            hint="give volts here, or kV on the command line, for example --voltage 200",
        )
    if voltage > MAX_VOLTAGE:
        raise InputError(
            f"an accelerating voltage of {voltage:g} V is not that of a microscope "
            f"(up to {MAX_VOLTAGE:g} V)",
            hint="--voltage is in kV, for example 200",
        )
    return HC / sqrt(voltage * (2 * ELECTRON_REST_ENERGY + voltage))


def interaction_constant(voltage: float) -> float:
    """Return σ = 2π m e λ/h² in rad/(V Å): phase per volt and Å; 200 kV gives 7.288e-4.

    Notes
    -----
    σ = 2π/(λ V) · (m₀c² + eV)/(2 m₀c² + eV) (Kirkland, Advanced Computing in Electron Microscopy,
    equation 5.6).
    """
    energy = ELECTRON_REST_ENERGY
    ratio = (energy + voltage) / (2 * energy + voltage)
    return 2 * pi / (electron_wavelength(voltage) * voltage) * ratio
