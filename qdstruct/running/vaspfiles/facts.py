"""What an engine says about a structure, before it is written in VASP's formats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qdstruct.running.vaspfiles.inputs import PoscarStructure

__all__ = ["DensityOfStates", "ElectronicStep", "Evaluation", "IonicStep", "Levels"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """An engine's answer for one geometry."""

    energy: float
    """eV."""
    forces: FloatArray
    """(N, 3), eV/Å."""
    strain_derivative: FloatArray
    """(3, 3), dE/dε in eV; divided by the volume it is the stress."""


@dataclass(frozen=True, kw_only=True, eq=False)
class IonicStep:
    """One geometry of a run and what the engine says about it."""

    structure: PoscarStructure
    """The geometry."""
    result: Evaluation
    """Energy, forces, strain derivative."""
    last: bool
    """True when the run ends here."""
    converged: bool
    """True when the ionic criterion is met (or nothing was to move)."""
    kinetic: float = 0.0
    """Kinetic energy of the ions, eV (molecular dynamics)."""


@dataclass(frozen=True, kw_only=True)
class ElectronicStep:
    """One line of OSZICAR."""

    number: int
    """Counted from 1."""
    energy: float
    """eV."""
    change: float
    """Change of the energy since the step before, eV."""
    residual: float
    """Norm of the residual."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Levels:
    """Eigenvalues and where they are filled up to."""

    fermi: float
    """Fermi level, eV."""
    eigenvalues: FloatArray
    """(spin, k-point, band), eV."""
    occupations: FloatArray
    """(spin, k-point, band), 0 to 1."""

    @property
    def moment(self) -> float:
        """Magnetic moment of the cell, Bohr magnetons."""
        filled = self.occupations.sum(axis=2).mean(axis=1)
        return float(filled[0] - filled[1]) if len(filled) == 2 else 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class DensityOfStates:
    """What VASP writes about the density of states."""

    fermi: float
    """Fermi level, eV."""
    energies: FloatArray
    """(E,), energy axis of the density of states, eV."""
    total: FloatArray
    """(spin, E), states/eV."""
    integrated: FloatArray
    """(spin, E), states below each energy."""
    projected: FloatArray
    """(atom, spin, orbital, E), states/eV; orbitals s, p, d."""
