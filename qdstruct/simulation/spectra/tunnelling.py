"""Energy shift of coupled quantum-dot layers against their separation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.model.fits import SpectrumFit
from qdstruct.simulation.spectra.fitting import Axis, Derived, Unknown, Values, fit_curve
from qdstruct.units import HBAR2_OVER_2M

__all__ = ["barrier_height", "decay_constant", "fit_tunnelling"]

Floats = NDArray[np.float64]
_HBAR2_OVER_2M_NM = HBAR2_OVER_2M / 100.0
"""ħ²/2mₑ in eV nm²."""


def decay_constant(barrier: float, mass: float = 1.0) -> float:
    """Return β = 2√(2mV)/ħ, with which a tunnelling probability falls off as exp(−βΔx).

    Parameters
    ----------
    barrier : float
        V, eV.
    mass : float
        m in electron masses.

    Returns
    -------
    float
        1/nm. Resonant tunnelling between layers: Enomoto et al., Chem. Sci. 15, 13049 (2024),
        doi 10.1039/d4sc01769b.
    """
    return float(2.0 * np.sqrt(mass * barrier / _HBAR2_OVER_2M_NM))


def barrier_height(beta: float, mass: float = 1.0) -> float:
    """Return the barrier V = (ħβ)²/8m in eV of a decay constant in 1/nm; see `decay_constant`."""
    return float(beta**2 * _HBAR2_OVER_2M_NM / (4.0 * mass))


def fit_tunnelling(
    spacing: Floats, shift: Floats, *, mass: float = 1.0, sigma: Floats | None = None
) -> SpectrumFit:
    """Fit ΔE(Δx) = ΔE₀ exp(−2Δx√(2mV)/ħ).

    Parameters
    ----------
    spacing : (n,) array
        Barrier width Δx, nm; measured from any origin, which only changes ΔE₀.
    shift : (n,) array
        Energy shift of the layers against one layer, meV, all of the same sign.
    mass : float
        Mass in the barrier, electron masses.
    sigma : (n,) array, optional
        Standard deviations of the shifts, meV.

    Returns
    -------
    SpectrumFit
        dE0 and beta, and the barrier V. The form is that of Enomoto et al., Chem. Sci. 15, 13049
        (2024).
    """
    if mass <= 0:
        raise InputError("the mass must be positive")
    if not ((shift > 0).all() or (shift < 0).all()):
        raise InputError(
            "shifts of both signs, or zero, do not fall off exponentially",
            hint="give all shifts with one sign",
        )
    slope, origin = np.polyfit(spacing, np.log(np.abs(shift)), 1)
    unknowns = [
        Unknown(
            name="dE0", start=float(np.sign(shift[0]) * np.exp(origin)), unit="meV",
            meaning="shift at zero spacing",
        ),
        Unknown(name="beta", start=float(-slope), unit="1/nm", meaning="decay constant 2√(2mV)/ħ"),
    ]  # fmt: skip

    def model(x: Floats, values: Values) -> Floats:
        return np.asarray(values["dE0"] * np.exp(-values["beta"] * x))

    barrier = Derived(
        name="V", unit="eV", meaning=f"barrier height for a mass of {mass:g} mₑ",
        value=lambda values: barrier_height(values["beta"], mass),
    )  # fmt: skip
    return fit_curve(
        model,
        unknowns,
        spacing,
        shift,
        sigma=sigma,
        kind="tunnelling",
        formula="ΔE(Δx) = ΔE0 exp(−2Δx √(2mV)/ħ)",
        source="Enomoto et al., Chem. Sci. 15, 13049 (2024), doi 10.1039/d4sc01769b",
        axes=(Axis(name="spacing", unit="nm"), Axis(name="energy shift", unit="meV")),
        derived=(barrier,),
    )
