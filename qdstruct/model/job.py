"""Calculations: one job, the tree of them, and what happened when a job ran."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qdstruct.model.record import Record

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["JOB_STATES", "Job", "JobTree", "RunRecord"]

JOB_STATES = ("waiting", "ready", "running", "done", "failed")
"""waiting: a parent is not done; ready: may start; running; done; failed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Job(Record):
    """One calculation in one directory; written there as ``job.json``."""

    name: str
    """Path of the directory below the tree's root, for example ``interface/relax``."""
    kind: str
    """``relax``, ``static``, ``dos`` or ``difference``."""
    subject: str
    """What is calculated, in words a chemist uses: "bulk CsPbBr3-cubic", "interface"."""
    parents: tuple[str, ...] = ()
    """Names of the jobs that must be done first."""
    structure_from: str | None = None
    """Parent whose relaxed structure replaces the POSCAR before the run; None keeps it."""
    keep_region: str | None = None
    """Only atoms of this region are taken from the parent's structure (difference parts)."""
    charge_from: str | None = None
    """Parent whose CHGCAR is copied in before the run (non-self-consistent DOS)."""
    provides: tuple[str, ...] = ()
    """Files that must exist and be whole afterwards, for example ``CHGCAR``."""
    regions: tuple[str, ...] = ()
    """Region of each atom in POSCAR order; empty where there is only one."""
    settings: dict[str, Any] = field(default_factory=dict)
    """INCAR tags as written, with where each came from: tag → {"value", "reason", "from"}."""
    kpoints: tuple[int, int, int] | None = None
    """Γ-centred mesh as written in KPOINTS."""
    kpoints_reason: str = ""
    """Where the mesh came from."""
    potentials: tuple[str, ...] = ()
    """PAW potential of each species in POSCAR order, for example ``Cs_sv``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class JobTree(Record):
    """Every job of a study, in an order in which each follows its parents (``tree.json``)."""

    study: str
    """Name of the study."""
    jobs: tuple[Job, ...]
    """Parents before children."""
    versions: dict[str, str]
    """Versions of qdstruct and of the libraries that made the inputs."""
    structure_hashes: dict[str, str]
    """SHA-256 of each job's POSCAR as prepared."""

    def job(self, name: str) -> Job:
        """Return the job called `name`; KeyError if there is none."""
        for job in self.jobs:
            if job.name == name:
                return job
        raise KeyError(name)


@dataclass(frozen=True, kw_only=True)
class RunRecord(Record):
    """What happened in a job directory; written there as ``run.json``, atomically."""

    state: str
    """``running``, ``done`` or ``failed`` (waiting and ready are derived, never stored)."""
    engine: str
    """``mock``, ``vasp``, …"""
    attempts: int
    """How often the job was started."""
    host: str
    """Machine it ran on."""
    pid: int
    """Process that ran it."""
    started: str
    """ISO 8601 with zone."""
    finished: str | None = None
    """ISO 8601 with zone; None while running."""
    energy: float | None = None
    """Total energy of the last ionic step, eV, extrapolated to zero smearing."""
    converged: bool | None = None
    """Electronic and ionic convergence as the engine reports it."""
    n_ionic_steps: int | None = None
    """Ionic steps of the last attempt."""
    max_force: float | None = None
    """Largest force on an atom in the last ionic step, eV/Å."""
    corrections: tuple[str, ...] = ()
    """What custodian corrected on the way."""
    error: str | None = None
    """Why it failed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FinishedCalculation(Record):
    """The facts of a finished calculation that every analysis starts from."""

    atoms: Atoms
    """Final structure, N atoms in POSCAR order."""
    energy: float
    """Total energy extrapolated to zero smearing, eV."""
    fermi_level: float
    """eV, on the engine's own scale."""
    converged: bool
    """Electronic and ionic convergence as the engine reports it."""
    n_ionic_steps: int
    """Ionic steps."""
    max_force: float
    """Largest force on an atom, eV/Å."""
    n_electrons: float
    """Valence electrons."""
    engine: str
    """Program and version as written in the output."""
    is_mock: bool
    """True when the output says that it was made by the mock calculator."""
