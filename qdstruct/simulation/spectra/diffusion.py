"""Diffusion constant, mobility and diffusion length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.model.fits import SpectrumFit
from qdstruct.simulation.spectra.fitting import Axis, Derived, Unknown, Values, fit_curve
from qdstruct.units import BOLTZMANN

__all__ = ["diffusion_length", "fit_diffusion", "mobility"]

Floats = NDArray[np.float64]


def mobility(diffusion: float, temperature: float = 298.15) -> float:
    """Return Einstein's μ = eD/kT (Einstein, Ann. Phys. 17, 549 (1905)).

    Parameters
    ----------
    diffusion : float
        D, cm²/s.
    temperature : float
        Kelvin.

    Returns
    -------
    float
        cm²/(V s).
    """
    return diffusion / (BOLTZMANN * temperature)


def diffusion_length(diffusion: float, lifetime: float) -> float:
    """Return L = √(Dτ), the distance at which a steady population has fallen to 1/e.

    Parameters
    ----------
    diffusion : float
        D, cm²/s.
    lifetime : float
        τ, ns.

    Returns
    -------
    float
        nm (Sze and Ng, Physics of Semiconductor Devices, 3rd ed., sec. 1.5).
    """
    return float(np.sqrt(diffusion * 1e14 * lifetime * 1e-9))


def fit_diffusion(
    time: Floats,
    msd: Floats,
    *,
    dimensions: int = 1,
    temperature: float = 298.15,
    lifetime: float | None = None,
    sigma: Floats | None = None,
) -> SpectrumFit:
    """Fit σ²(t) = σ²(0) + 2dDt, the spreading of a cloud of carriers.

    Parameters
    ----------
    time : (n,) array
        ns.
    msd : (n,) array
        Mean squared displacement, or the variance of the cloud summed over d directions, nm².
    dimensions : int
        d.
    temperature : float
        For the mobility, kelvin.
    lifetime : float, optional
        For the diffusion length, ns.
    sigma : (n,) array, optional
        Standard deviations of `msd`, nm².

    Returns
    -------
    SpectrumFit
        D in cm²/s, mobility and diffusion length. Method: Ginsberg and Tisdale, Annu. Rev. Phys.
        Chem. 71, 1 (2020); mobility by Einstein's relation.
    """
    if dimensions not in (1, 2, 3) or temperature <= 0 or (lifetime is not None and lifetime <= 0):
        raise InputError("dimensions must be 1, 2 or 3; temperature and lifetime positive")
    slope, origin = np.polyfit(time, msd, 1)
    unknowns = [
        Unknown(name="s0", start=float(origin), unit="nm²", meaning="variance at the start"),
        Unknown(
            name="D", start=float(slope) / (2 * dimensions) * 1e-5, unit="cm²/s",
            meaning="diffusion constant",
        ),
    ]  # fmt: skip

    def model(t: Floats, values: Values) -> Floats:
        return np.asarray(values["s0"] + 2 * dimensions * values["D"] * 1e5 * t)

    derived = [
        Derived(
            name="mobility", unit="cm²/(V s)", meaning=f"eD/kT at {temperature:g} K",
            value=lambda values: mobility(values["D"], temperature),
        )
    ]  # fmt: skip
    if lifetime is not None:
        derived.append(
            Derived(
                name="L_D", unit="nm", meaning=f"diffusion length √(Dτ) for τ = {lifetime:g} ns",
                value=lambda values: diffusion_length(max(values["D"], 0.0), lifetime),
            )
        )  # fmt: skip
    return fit_curve(
        model,
        unknowns,
        time,
        msd,
        sigma=sigma,
        kind="diffusion",
        formula="σ²(t) = σ²(0) + 2 d D t",
        source="Ginsberg and Tisdale, Annu. Rev. Phys. Chem. 71, 1 (2020)",
        axes=(Axis(name="time", unit="ns"), Axis(name="mean squared displacement", unit="nm²")),
        derived=derived,
    )
