"""What the objective lens of an electron microscope does to the wave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.simulation.radiation import electron_wavelength

__all__ = ["Microscope", "aberration", "contrast_transfer", "envelope", "scherzer_defocus"]


@dataclass(frozen=True, kw_only=True)
class Microscope:
    """What the lens does to the wave. Defocus is positive for underfocus."""

    voltage: float = 200e3
    """V."""
    cs: float = 1.2e7
    """Spherical aberration, Å (1.2 mm)."""
    defocus: float | None = None
    """Å, positive under focus; None: Scherzer's."""
    focal_spread: float = 70.0
    """Standard deviation of the focus, Å."""
    convergence: float = 0.5
    """Half angle of illumination, mrad."""
    aperture: float | None = None
    """Objective aperture, 1/Å; None for none."""

    def __post_init__(self) -> None:
        """Refuse impossible lenses."""
        electron_wavelength(self.voltage)
        values = [self.cs, self.focal_spread, self.convergence, self.defocus or 0.0]
        if not np.isfinite(values).all() or min(self.focal_spread, self.convergence) < 0:
            raise InputError(
                "aberrations must be numbers, focal spread and convergence positive",
                hint="leave them out for Scherzer's defocus and a common microscope",
            )
        if self.aperture is not None and not self.aperture > 0:
            raise InputError(f"an aperture of {self.aperture} 1/Å is not positive")

    @property
    def wavelength(self) -> float:
        """Å."""
        return electron_wavelength(self.voltage)

    @property
    def focus(self) -> float:
        """Defocus in Å, Scherzer's where none was given."""
        if self.defocus is not None:
            return self.defocus
        return scherzer_defocus(self.cs, self.wavelength)


def scherzer_defocus(cs: float, wavelength: float) -> float:
    """Return √(4 Cs λ/3) in Å, positive under focus (Scherzer 1949, extended by Williams & Carter).

    Parameters
    ----------
    cs, wavelength : float
        Å.
    """
    return float(np.sign(cs) * np.sqrt(4 / 3 * abs(cs) * wavelength))


def contrast_transfer(k: NDArray[np.float64], microscope: Microscope) -> NDArray[np.float64]:
    """Return sin χ(k) with its envelopes: how a phase of spatial frequency k becomes contrast.

    Parameters
    ----------
    k : array
        Spatial frequency, 1/Å.
    microscope : Microscope
        The lens.

    Notes
    -----
    χ = πλk²(Cs λ²k²/2 − Δf), Kirkland equation 3.27. Focal spread (standard deviation δ):
    exp(−(πλδk²)²/2). Convergence (half angle α): exp(−(πα/λ)² (Cs λ³k³ − Δf λk)²), Frank, Optik 38,
    519 (1973).
    """
    frequency = np.asarray(k, dtype=float)
    return np.asarray(np.sin(aberration(frequency, microscope)) * envelope(frequency, microscope))


def aberration(k: NDArray[np.float64], microscope: Microscope) -> NDArray[np.float64]:
    """Return the phase χ(k) of `contrast_transfer` in radians."""
    wavelength, square = microscope.wavelength, k**2
    return np.asarray(
        np.pi
        * wavelength
        * square
        * (microscope.cs * wavelength**2 * square / 2 - microscope.focus)
    )


def envelope(k: NDArray[np.float64], microscope: Microscope) -> NDArray[np.float64]:
    """Return the envelopes of `contrast_transfer`, 0 beyond the aperture."""
    wavelength, focus, square = microscope.wavelength, microscope.focus, k**2
    temporal = np.exp(-((np.pi * wavelength * microscope.focal_spread * square) ** 2) / 2)
    slope = (microscope.cs * wavelength**3 * square - focus * wavelength) * k
    spatial = np.exp(-((np.pi * microscope.convergence * 1e-3 / wavelength * slope) ** 2))
    kept = 1.0 if microscope.aperture is None else (k <= microscope.aperture).astype(float)
    return np.asarray(temporal * spatial * kept)
