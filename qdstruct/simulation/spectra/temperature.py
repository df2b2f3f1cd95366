"""Energies and widths of emission against temperature, with electron–phonon terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.model.fits import SpectrumFit
from qdstruct.simulation.spectra.fitting import Axis, Unknown, Values, fit_curve
from qdstruct.units import BOLTZMANN

__all__ = ["ENERGY_MODELS", "fit_energy", "fit_linewidth", "linewidth", "occupation"]

Floats = NDArray[np.float64]
Guess = Callable[[Floats, Floats], list[Unknown]]


def occupation(energy: float, temperature: Floats) -> Floats:
    """Return the Bose–Einstein occupation 1/(exp(E/kT) − 1).

    Parameters
    ----------
    energy : float
        Phonon energy, eV.
    temperature : (n,) array
        Kelvin; 0 gives 0.
    """
    with np.errstate(divide="ignore", over="ignore"):
        return np.asarray(1.0 / np.expm1(energy / (BOLTZMANN * temperature)))


@dataclass(frozen=True, kw_only=True)
class EnergyModel:
    """How a transition energy depends on temperature."""

    formula: str
    """Equation."""
    source: str
    """Paper."""
    curve: Callable[[Floats, Values], Floats]
    """Energy, eV, for temperatures and parameters."""
    guess: Guess
    """First guesses from the data."""


def _varshni(t: Floats, v: Values) -> Floats:
    return v["E0"] - v["alpha"] * t**2 / (t + v["beta"])


def _oscillator(t: Floats, v: Values) -> Floats:
    return v["E0"] - 2.0 * v["S"] * v["E_ph"] * occupation(v["E_ph"], t)


def _expansion(t: Floats, v: Values) -> Floats:
    return v["E0"] + v["A_te"] * t + v["A_ep"] * (2.0 * occupation(v["E_ph"], t) + 1.0)


def _two_oscillators(t: Floats, v: Values) -> Floats:
    first = v["A1"] * (2.0 * occupation(v["E1"], t) + 1.0)
    return v["E0"] + first + v["A2"] * (2.0 * occupation(v["E2"], t) + 1.0)


def _slope(t: Floats, y: Floats) -> float:
    return float(np.polyfit(t, y, 1)[0])


def _cold(t: Floats, y: Floats) -> Unknown:
    at_zero = float(y[np.argmin(t)])
    return Unknown(name="E0", start=at_zero, unit="eV", meaning="energy without phonons")


def _phonon(name: str, start: float) -> Unknown:
    return Unknown(
        name=name, start=start, unit="eV", meaning="mean phonon energy", low=1e-4, high=0.3
    )


def _guess_varshni(t: Floats, y: Floats) -> list[Unknown]:
    return [
        _cold(t, y),
        Unknown(name="alpha", start=-_slope(t, y), unit="eV/K", meaning="slope at high T"),
        Unknown(name="beta", start=150.0, unit="K", meaning="of the order of θ_D", low=0.0),
    ]


def _guess_oscillator(t: Floats, y: Floats) -> list[Unknown]:
    coupling = -_slope(t, y) / (2 * BOLTZMANN)
    return [
        _cold(t, y),
        Unknown(name="S", start=coupling, unit="", meaning="coupling"),
        _phonon("E_ph", 0.015),
    ]


def _guess_expansion(t: Floats, y: Floats) -> list[Unknown]:
    slope = _slope(t, y)
    return [
        _cold(t, y),
        Unknown(name="A_te", start=slope, unit="eV/K", meaning="thermal expansion"),
        Unknown(name="A_ep", start=-0.2 * slope * 100, unit="eV", meaning="electron–phonon"),
        _phonon("E_ph", 0.03),
    ]


def _guess_two(t: Floats, y: Floats) -> list[Unknown]:
    slope = _slope(t, y)
    return [
        _cold(t, y),
        Unknown(name="A1", start=slope * 25, unit="eV", meaning="coupling to the softer mode"),
        _phonon("E1", 0.005),
        Unknown(name="A2", start=-slope * 25, unit="eV", meaning="coupling to the harder mode"),
        _phonon("E2", 0.03),
    ]


ENERGY_MODELS: dict[str, EnergyModel] = {
    "varshni": EnergyModel(
        formula="E(T) = E0 − α T²/(T + β)",
        source="Varshni, Physica 34, 149 (1967)",
        curve=_varshni,
        guess=_guess_varshni,
    ),
    "bose-einstein": EnergyModel(
        formula="E(T) = E0 − S E_ph [coth(E_ph/2kT) − 1]",
        source="O'Donnell and Chen, Appl. Phys. Lett. 58, 2924 (1991)",
        curve=_oscillator,
        guess=_guess_oscillator,
    ),
    "expansion": EnergyModel(
        formula="E(T) = E0 + A_te T + A_ep [2/(exp(E_ph/kT) − 1) + 1]",
        source="Yu et al., J. Appl. Phys. 110, 063526 (2011)",
        curve=_expansion,
        guess=_guess_expansion,
    ),
    "two-oscillator": EnergyModel(
        formula="E(T) = E0 + A1 [2n(E1) + 1] + A2 [2n(E2) + 1]",
        source="Göbel et al., Phys. Rev. B 57, 15183 (1998)",
        curve=_two_oscillators,
        guess=_guess_two,
    ),
}
"""By the name a user types. n(E) is the Bose–Einstein occupation of `occupation`."""


def fit_energy(
    temperature: Floats,
    energy: Floats,
    *,
    model: str = "bose-einstein",
    sigma: Floats | None = None,
) -> SpectrumFit:
    """Fit a gap or emission energy against temperature.

    Parameters
    ----------
    temperature, energy : (n,) arrays
        Kelvin and eV.
    model : str
        One of `ENERGY_MODELS`, which hold the equations and their papers.
    sigma : (n,) array, optional
        Standard deviations of the energies, eV.
    """
    if model not in ENERGY_MODELS:
        raise InputError(
            f"unknown model '{model}' of E(T)", hint=f"known are {', '.join(ENERGY_MODELS)}"
        )
    _check_temperatures(temperature)
    chosen = ENERGY_MODELS[model]
    return fit_curve(
        chosen.curve,
        chosen.guess(temperature, energy),
        temperature,
        energy,
        sigma=sigma,
        kind=f"energy ({model})",
        formula=chosen.formula,
        source=chosen.source,
        axes=(Axis(name="temperature", unit="K"), Axis(name="energy", unit="eV")),
    )


def linewidth(temperature: Floats, values: Values) -> Floats:
    """Return Γ(T) = Γ0 + γ_ac T + γ_LO n(E_LO) (Rudin, Reinecke and Segall, PRB 42, 11218, 1990).

    Parameters
    ----------
    temperature : (n,) array
        Kelvin.
    values : mapping
        ``G0``, ``g_LO``, ``E_LO`` in meV and ``g_ac`` in meV/K.

    Returns
    -------
    (n,) array
        meV.
    """
    phonons = values["g_LO"] * occupation(1e-3 * values["E_LO"], temperature)
    return np.asarray(values["G0"] + values["g_ac"] * temperature + phonons)


def fit_linewidth(
    temperature: Floats,
    width: Floats,
    *,
    acoustic: bool = True,
    phonon: float | None = None,
    sigma: Floats | None = None,
) -> SpectrumFit:
    """Fit a full width at half maximum against temperature.

    Γ(T) = Γ0 + γ_ac T + γ_LO/(exp(E_LO/kT) − 1): Rudin, Reinecke and Segall, Phys. Rev. B 42,
    11218 (1990); for lead halide perovskites Wright et al., Nat. Commun. 7, 11755 (2016).

    Parameters
    ----------
    temperature, width : (n,) arrays
        Kelvin and meV.
    acoustic : bool
        False leaves out γ_ac, which data above 100 K hardly determine beside γ_LO.
    phonon : float, optional
        Known E_LO in meV, not fitted.
    sigma : (n,) array, optional
        Standard deviations of the widths, meV.
    """
    _check_temperatures(temperature)
    start = 15.0 if phonon is None else phonon
    low, rise = float(width.min()), float(np.ptp(width))
    hot = float(occupation(1e-3 * start, np.array([temperature.max()]))[0])
    unknowns = [
        Unknown(name="G0", start=low, unit="meV", meaning="inhomogeneous width"),
        Unknown(
            name="g_ac", start=0.0, unit="meV/K", meaning="acoustic phonons",
            fixed=not acoustic,
        ),
        Unknown(
            name="g_LO", start=rise / max(hot, 1e-6), unit="meV",
            meaning="longitudinal optical phonons (Fröhlich)",
        ),
        Unknown(
            name="E_LO", start=start, unit="meV", meaning="optical phonon energy", low=0.5,
            high=200.0, fixed=phonon is not None,
        ),
    ]  # fmt: skip
    return fit_curve(
        linewidth,
        unknowns,
        temperature,
        width,
        sigma=sigma,
        kind="linewidth",
        formula="Γ(T) = Γ0 + γ_ac T + γ_LO/(exp(E_LO/kT) − 1)",
        source="Rudin, Reinecke and Segall, Phys. Rev. B 42, 11218 (1990)",
        axes=(Axis(name="temperature", unit="K"), Axis(name="full width at half max.", unit="meV")),
    )


def _check_temperatures(temperature: Floats) -> None:
    if (temperature < 0).any():
        raise InputError(
            f"a temperature of {temperature.min():g} K is below zero",
            hint="temperatures are in kelvin",
        )
