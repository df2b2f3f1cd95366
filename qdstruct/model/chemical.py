"""Energies of interfaces over the chemical potentials that growth can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qdstruct.model.record import Record

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["PotentialLine"]


@dataclass(frozen=True, kw_only=True, eq=False)
class PotentialLine(Record):
    """The energy of an interface over the chemical potential of one element it has in excess."""

    element: str
    """The element."""
    excess: float
    """Atoms of it in the cell beyond whole formula units (negative: missing)."""
    limits: tuple[float, float]
    """Δμ, poor and rich, in eV per atom from the element: between them both crystals are stable
    against all their elements."""
    references: dict[str, float]
    """Element → energy per atom of the element itself, eV: μ = reference + Δμ."""
    enthalpies: dict[str, float]
    """Crystal → formation enthalpy per formula unit from the elements at 0 K, eV."""
    energy: DataArray
    """eV/Å², dims (bound, mu): ``lowest`` and ``highest`` over what the other potentials may be;
    one and the same where the cell has no other element in excess. mu is Δμ in eV per atom."""
