"""Size and energy of quantum dots in the effective-mass approximation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.model.fits import SpectrumFit
from qdstruct.simulation.spectra.fitting import Axis, Unknown, Values, fit_curve
from qdstruct.units import COULOMB, HBAR2_OVER_2M

__all__ = ["brus_energy", "brus_size", "fit_brus"]

Floats = NDArray[np.float64]
_KINETIC = HBAR2_OVER_2M / 100.0 * np.pi**2
_COULOMB_NM = COULOMB / 10.0
_SOURCE = "Brus, J. Chem. Phys. 80, 4403 (1984); Kayanuma, Phys. Rev. B 38, 9797 (1988)"


def brus_energy(diameter: Floats, *, gap: float, mass: float, permittivity: float) -> Floats:
    """Return the lowest exciton energy of a sphere with infinite walls.

    E = E_g + ħ²π²/(2μR²) − 1.786 e²/(4πε₀ε R) (Brus, J. Chem. Phys. 80, 4403 (1984), who writes
    1.8; 1.786 from Kayanuma, Phys. Rev. B 38, 9797 (1988)), without the small terms of solvation
    and correlation.

    Parameters
    ----------
    diameter : (n,) array
        2R, nm.
    gap : float
        Bulk gap E_g, eV.
    mass : float
        Reduced mass μ, electron masses.
    permittivity : float
        Relative permittivity ε of the dot.

    Returns
    -------
    (n,) array
        eV.
    """
    radius = np.asarray(diameter, dtype=float) / 2.0
    return np.asarray(
        gap + _KINETIC / (mass * radius**2) - 1.786 * _COULOMB_NM / (permittivity * radius)
    )


def brus_size(energy: Floats, *, gap: float, mass: float, permittivity: float) -> Floats:
    """Return the diameter in nm at which `brus_energy` takes a value: its smaller, confined root.

    Raises
    ------
    InputError
        If no size gives this energy (below the minimum that the Coulomb term makes).
    """
    attraction = 1.786 * _COULOMB_NM / permittivity
    above = np.asarray(energy, dtype=float) - gap
    root = attraction**2 + 4.0 * above * _KINETIC / mass
    if (root < 0).any():
        lowest = gap - attraction**2 * mass / (4.0 * _KINETIC)
        raise InputError(
            f"no sphere has an energy of {float(np.min(energy)):g} eV: the lowest is {lowest:.4g}",
            hint="check gap, reduced mass and permittivity",
        )
    inverse = (attraction + np.sqrt(root)) / (2.0 * _KINETIC / mass)
    return np.asarray(2.0 / inverse)


def fit_brus(
    diameter: Floats,
    energy: Floats,
    *,
    permittivity: float,
    gap: float | None = None,
    mass: float | None = None,
    sigma: Floats | None = None,
) -> SpectrumFit:
    """Fit bulk gap and reduced mass to energies of dots of known size; see `brus_energy`.

    Parameters
    ----------
    diameter, energy : (n,) arrays
        nm and eV.
    permittivity : float
        Relative permittivity, not fitted.
    gap, mass : float, optional
        Known values, not fitted.
    sigma : (n,) array, optional
        Standard deviations of the energies, eV.
    """
    if (diameter <= 0).any():
        raise InputError(f"a diameter of {diameter.min():g} nm is not a size")
    unknowns = [
        Unknown(
            name="E_g", start=float(energy.min()) - 0.05 if gap is None else gap, unit="eV",
            meaning="bulk gap", fixed=gap is not None,
        ),
        Unknown(
            name="mu", start=0.12 if mass is None else mass, unit="m_e", meaning="reduced mass",
            low=1e-3, high=10.0, fixed=mass is not None,
        ),
    ]  # fmt: skip

    def model(x: Floats, values: Values) -> Floats:
        return brus_energy(x, gap=values["E_g"], mass=values["mu"], permittivity=permittivity)

    return fit_curve(
        model,
        unknowns,
        diameter,
        energy,
        sigma=sigma,
        kind="brus",
        formula="E = E_g + ħ²π²/(2μR²) − 1.786 e²/(4πε0 ε R)",
        source=_SOURCE,
        axes=(Axis(name="diameter", unit="nm"), Axis(name="energy", unit="eV")),
    )
