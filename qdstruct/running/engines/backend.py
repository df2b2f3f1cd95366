"""What an engine has to offer: energies and forces, and for most of them electrons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qdstruct.running.vaspfiles.facts import DensityOfStates, Evaluation, Levels
from qdstruct.running.vaspfiles.inputs import Incar, KpointMesh, PoscarStructure
from qdstruct.running.vaspfiles.settings import Settings

__all__ = ["Backend", "Electrons", "Method", "Task"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """What the input files of a job directory ask for."""

    incar: Incar
    """Tags as written."""
    settings: Settings
    """Tags with VASP's defaults filled in."""
    kpoints: KpointMesh
    """Mesh of KPOINTS."""
    structure: PoscarStructure
    """POSCAR."""

    @property
    def wants_states(self) -> bool:
        """Projected densities of states."""
        return self.settings.lorbit >= 10

    @property
    def wants_density(self) -> bool:
        """CHGCAR."""
        return self.settings.lcharg and self.settings.icharg < 10

    @property
    def wants_potential(self) -> bool:
        """LOCPOT."""
        return self.settings.writes_locpot


@dataclass(frozen=True, kw_only=True)
class Method:
    """What is calculated, in words that go into every file."""

    program: str
    """Name of the program."""
    version: str
    """Its version."""
    summary: str
    """Method and numerical settings in one line: "LCAO dzp, PBE, h = 0.20 Å"."""
    platform: str
    """Library or interpreter that runs it."""
    lacks: dict[str, str] = field(default_factory=dict)
    """File that VASP would write here → why this engine does not."""
    details: dict[str, Any] = field(default_factory=dict)
    """Everything else worth knowing, for ``qdstruct-engine.json``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Electrons:
    """The electronic structure of the last geometry."""

    levels: Levels
    """Eigenvalues and occupations."""
    kpoints: KpointMesh
    """Points that the eigenvalues belong to."""
    copies: int = 1
    """Unit cells in the supercell that the eigenvalues belong to; they are written for one only."""
    dos: DensityOfStates
    """Total, and projected on atoms."""
    density: FloatArray | None = None
    """(nx, ny, nz), electrons/Å³."""
    potential: FloatArray | None = None
    """(nx, ny, nz), potential energy of an electron, eV."""
    charges: FloatArray | None = None
    """(N,), charge of each atom, e, where the method has one."""
    notes: dict[str, Any] = field(default_factory=dict)
    """Checks and definitions, for ``qdstruct-engine.json``."""


class Backend(Protocol):
    """An engine at work on one structure; see `ForceModel` for what moves the atoms."""

    method: Method
    """Who calculates, and how."""
    labels: dict[str, tuple[float, str]]
    """Element → electrons treated explicitly per atom, and name of potential or parameters."""
    honoured: frozenset[str]
    """INCAR tags that changed the calculation as in VASP, beside those that every engine obeys."""

    def evaluate(self, positions: FloatArray, cell: FloatArray) -> Evaluation:
        """Energy, forces and strain derivative of a geometry."""
        ...

    def spring_network(self) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
        """Bonded atoms, a guess for the relaxation."""
        ...

    def electrons(self, structure: PoscarStructure) -> Electrons | None:
        """Electronic structure of the geometry evaluated last; None where there are none."""
        ...

    def close(self) -> None:
        """End what was started."""
        ...
