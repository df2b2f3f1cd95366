"""Vibrations of a structure at Γ and its density of modes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.model.record import Record

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["ModeComparison", "Vibrations"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Vibrations(Record):
    """Normal modes of one structure from finite displacements."""

    subject: str
    """What vibrates, in words."""
    atoms: Atoms
    """The relaxed cell, N atoms."""
    supercell: tuple[int, int, int]
    """In which the forces were calculated."""
    n_displacements: int
    """Displaced configurations."""
    wavenumbers: NDArray[np.float64]
    """(3N,) modes at Γ, ascending, 1/cm; an unstable mode is negative."""
    eigenvectors: NDArray[np.complex128]
    """(3N, N, 3), mass-weighted and of unit norm."""
    groups: tuple[str, ...]
    """Regions of the structure, or elements where it has one region only."""
    participation: NDArray[np.float64]
    """(G, 3N), share of each group in each mode; the columns sum to 1."""
    spread: NDArray[np.float64]
    """(3N,), participation ratio: 1 when all atoms move alike, 1/N when one does."""
    acoustic_residual: float
    """Largest wavenumber of the three translations before the sum rule was imposed, 1/cm."""
    dos_wavenumbers: NDArray[np.float64]
    """(M,) axis of the density of modes, 1/cm."""
    dos: NDArray[np.float64]
    """(G, M), modes per 1/cm and cell, by group; the sum integrates to 3N."""
    engine: str
    """Program that calculated the forces."""
    is_mock: bool
    """True when the mock did."""


@dataclass(frozen=True, kw_only=True)
class ModeComparison(Record):
    """A published mode beside the nearest one of ours."""

    quantity: str
    """What the source calls it."""
    published: float
    """1/cm."""
    nearest: float | None
    """Nearest mode at Γ that is not a translation, 1/cm; None where there is none."""
    subject: str
    """The structure it belongs to."""
    share: str
    """Group that moves most in it, with its share."""
    source: str
    """Publication."""
