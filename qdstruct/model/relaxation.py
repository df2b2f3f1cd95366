"""A structure before and after its atoms were let go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qdstruct.model.record import Record

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["Relaxation"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Relaxation(Record):
    """Atoms moved downhill in energy, cell kept."""

    atoms: Atoms
    """The moved atoms, with all arrays, cell and fixed atoms of the given ones."""
    method: str
    """What computed energies and forces."""
    energy_before: float
    """eV."""
    energy: float
    """eV."""
    force_before: float
    """Largest force on a free atom at the start, eV/Å."""
    force: float
    """Largest force on a free atom at the end, eV/Å."""
    steps: int
    """Steps taken."""
    converged: bool
    """Whether the largest force came below what was asked for."""
    farthest: float
    """Longest way an atom moved, Å."""
    seconds: float
    """Wall-clock time."""
