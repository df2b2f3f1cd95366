"""What is built without periodicity: nanocrystals, and their superlattices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.model.match import CoincidenceMatch
from qdstruct.model.record import Record

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["Nanocrystal", "Superlattice"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Nanocrystal(Record):
    """A particle of one crystal, or of two in a known orientation."""

    atoms: Atoms
    """N atoms in an open box with empty space around them, with per-atom ``region`` ("core",
    "cap", "shell", "first", "second" or "ligand"), ``molecule`` and ``formal_charge``."""
    kind: str
    """``nanocrystal``, ``janus``, ``coreshell`` or ``segmented``."""
    shape: str
    """In words, for example ``cuboid`` or ``cuboid with hemisphere``."""
    phase_names: tuple[str, ...]
    """Phases of core and cap or shell."""
    size: tuple[float, float, float]
    """Extent of the core along its three facet normals (edges), or its diameter three times, Å."""
    removed: str
    """Ions taken out to make the particle neutral and to leave no ion hanging, as a formula."""
    charge: float
    """Net formal charge that is left, e."""
    match: CoincidenceMatch | None = None
    """The coincidence that orients cap or shell on the core."""
    gap: float = 0.0
    """Distance between the facing outermost planes of core and cap, Å."""
    warnings: tuple[str, ...] = ()
    """What was built as asked but is worth a second look."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Superlattice(Record):
    """Copies of one particle on the sites of a lattice."""

    particle: Atoms
    """The particle, centred at the origin, not periodic."""
    positions: NDArray[np.float64]
    """(n, 3) centre of each copy, Å."""
    rotations: NDArray[np.float64]
    """(n, 3, 3) proper rotation of each copy, acting on column vectors."""
    surface: NDArray[np.bool_]
    """(n,) True for sites on the surface of the superlattice."""
    spacing: tuple[float, float, float]
    """Period along x, y and z, Å."""
    cells: tuple[int, int, int]
    """Sites along x, y and z before vacancies were made."""
    vacancies: tuple[float, float]
    """Fraction of sites left empty inside and on the surface, as asked."""
    misorientation: float
    """Full width at half maximum of the rotation about each axis, degrees, as asked."""
    seed: int
    """Seed of the random numbers."""
