"""How the energy of an interface depends on where the film sits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.model.match import Miller
from qdstruct.model.record import Record

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["RegistryScan"]


@dataclass(frozen=True, kw_only=True, eq=False)
class RegistryScan(Record):
    """Energies of one interface, both slabs rigid, over in-plane shifts and gaps."""

    method: str
    """What computed the energies, in words."""
    film: str
    """Phase of the film."""
    substrate: str
    """Phase of the substrate."""
    film_hkl: Miller
    """Face of the film."""
    substrate_hkl: Miller
    """Face of the substrate."""
    film_termination: str
    """The film's plane in contact."""
    substrate_termination: str
    """The substrate's plane in contact."""
    layers: tuple[int, int]
    """Repeats of the film's and the substrate's plane spacing; the meaning of a shift depends on
    the substrate's, since layers need not lie straight above each other."""
    cell: NDArray[np.float64]
    """(2, 2) vectors of the coincidence cell, Å."""
    registry_cell: NDArray[np.float64]
    """(2, 2) vectors of the irreducible cell of shifts, rows in fractions of `cell`."""
    energies: DataArray
    """Energy relative to the separated slabs in J/m², over ``i`` and ``j`` (fractions of the two
    vectors of `registry_cell`) and ``gap`` (Å); negative where the slabs attract."""
    film_energy: float
    """Energy of the film alone in the same cell, eV."""
    substrate_energy: float
    """Energy of the substrate alone in the same cell, eV."""
    best_shift: tuple[float, float]
    """Shift of the lowest energy computed, in fractions of `cell`."""
    best_gap: float
    """Gap of the lowest energy computed, Å."""
    best_energy: float
    """Lowest energy relative to the separated slabs, eV per coincidence cell."""
    relaxed_gap: float | None
    """Bottom of the parabola through the three lowest gaps at `best_shift`, Å; None when the
    lowest energy lies at an end of the gaps tried."""
    computed: int
    """Points computed in this run; the others were read from an earlier one."""
    distinct_shifts: int = 0
    """Shifts that were computed; the others are like one of them by symmetry."""
    warnings: tuple[str, ...] = ()
    """What a careful reader should know before trusting the result."""

    @property
    def bound(self) -> bool:
        """True when the slabs attract and the best gap lies inside the range of gaps tried."""
        return self.relaxed_gap is not None and self.best_energy < 0

    @property
    def area(self) -> float:
        """Area of the coincidence cell, Å²."""
        return abs(float(np.linalg.det(self.cell)))

    @property
    def best_energy_per_area(self) -> float:
        """Lowest energy relative to the separated slabs, J/m²."""
        return float(self.energies.min())

    @property
    def corrugation(self) -> float:
        """How much the best gap's energy changes between the best and the worst shift, J/m²."""
        lowest = self.energies.min("gap")
        return float(lowest.max() - lowest.min())
