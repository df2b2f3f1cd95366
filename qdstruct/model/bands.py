"""Band energies and what each band is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.model.record import Record

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["BandEnergies", "BandProjections"]


@dataclass(frozen=True, kw_only=True, eq=False)
class BandEnergies(Record):
    """Eigenvalues at every k-point."""

    energies: DataArray
    """eV on the engine's own scale, dims (spin, kpoint, band)."""
    occupations: DataArray | None
    """Electrons of each state, 2 at most where it holds both spins, same dims; None where the file
    is silent."""
    kpoints: NDArray[np.float64]
    """(K, 3) in fractions of the reciprocal cell vectors."""
    weights: NDArray[np.float64]
    """(K,) weights as written; they add up to 1, or to 0 in a band structure."""
    source: str
    """File the numbers were read from."""

    @property
    def n_electrons(self) -> float | None:
        """Weighted sum of the occupations: NELECT, when every spin is there; None without them."""
        if self.occupations is None or not self.weights.sum() > 0:
            return None
        weights = self.weights / self.weights.sum()
        return float((np.asarray(self.occupations).sum(axis=(0, 2)) * weights).sum())

    @property
    def _holds_both_spins(self) -> bool:
        """Whether a state of an unpolarised calculation takes two electrons."""
        if self.occupations is None:
            return not self.energies.attrs.get("noncollinear")
        return float(self.occupations.max()) > 1.01

    def edges(self, n_electrons: float) -> tuple[float, float]:
        """Return the highest occupied and the lowest empty energy for a number of electrons, eV.

        The states of each spin and k-point are counted from below, as in an insulator. A state
        takes two electrons where the occupations say so (without spin polarisation, and without
        spin–orbit coupling); both spins of a polarised calculation are filled alike.

        Raises
        ------
        ValueError
            If the electrons do not fill whole bands, or there are too few bands.
        """
        spins, _, n_bands = self.energies.shape
        filled = n_electrons / (2.0 if spins == 2 or self._holds_both_spins else 1.0)
        count = round(filled)
        if abs(filled - count) > 1e-3 or not 0 < count < n_bands:
            raise ValueError(
                f"{n_electrons:g} electrons do not fill whole bands of {n_bands} ({filled:g} each)"
            )
        values = np.sort(np.asarray(self.energies, dtype=np.float64), axis=2)
        return float(values[:, :, count - 1].max()), float(values[:, :, count].min())


@dataclass(frozen=True, kw_only=True, eq=False)
class BandProjections(Record):
    """How much of each band lies on each atom and orbital."""

    projections: DataArray
    """Dimensionless, dims (spin, kpoint, band, atom, orbital), or group in place of atom where sums
    over atoms were asked for. ``spin`` is total; up and down; or total, x, y, z."""
    phases: NDArray[np.complex64] | None
    """Complex amplitudes, (spin channels, kpoint, band, atom, orbital); None where not read."""
    bands: BandEnergies
    """Energies, occupations and k-points."""
    source: str
    """File the numbers were read from."""
