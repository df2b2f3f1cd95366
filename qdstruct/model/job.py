"""Calculations: one job, the tree of them, and what happened when a job ran."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qdstruct.model.record import Record

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["JOB_STATES", "Displacement", "Job", "JobTree", "KPath", "RunRecord"]

JOB_STATES = ("waiting", "ready", "running", "done", "failed", "lost")
"""waiting: a parent is not done; ready: may start; running; done; failed; lost: it was done, and a
file that it must provide is gone since."""


Point = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class KPath(Record):
    """A path through the Brillouin zone, as straight lines between named points."""

    labels: tuple[tuple[str, str], ...]
    """Names of the two ends of each of the S lines, Γ written ``Γ``."""
    ends: tuple[tuple[Point, Point], ...]
    """Those two ends, in fractions of the reciprocal vectors of the job's own cell."""
    points: int
    """k-points on each line, both ends included."""


@dataclass(frozen=True, kw_only=True)
class Displacement(Record):
    """One finite displacement of a phonon calculation (phonopy's choice of them)."""

    supercell: tuple[int, int, int]
    """How often the parent's cell is repeated along its axes."""
    distance: float
    """Length of the displacement, Å."""
    number: int
    """Which of the `count` displacements, from 1."""
    count: int
    """How many the symmetry of the structure leaves."""
    atom: int
    """The atom of the supercell that is displaced, from 0."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Job(Record):
    """One calculation in one directory; written there as ``job.json``."""

    name: str
    """Path of the directory below the tree's root, for example ``interface/relax``."""
    kind: str
    """``relax``, ``static``, ``dos``, ``difference``, ``bands``, …; see `qdstruct.jobs.KINDS`."""
    subject: str
    """What is calculated, in words a chemist uses: "bulk CsPbBr3-cubic", "interface"."""
    parents: tuple[str, ...] = ()
    """Names of the jobs that must be done first."""
    structure_from: str | None = None
    """Parent whose relaxed structure replaces the POSCAR before the run; None keeps it."""
    keep_region: str | None = None
    """Only atoms of this region are taken from the parent's structure (difference parts)."""
    charge_from: str | None = None
    """Parent whose CHGCAR is copied in before the run (calculations at fixed density)."""
    orbitals_from: str | None = None
    """Parent whose WAVECAR is copied in before the run."""
    keep_velocities: bool = False
    """Whether velocities come along with the parent's structure (molecular dynamics)."""
    frame: int | None = None
    """Configuration of the parent's trajectory that becomes the structure, from 1."""
    displacement: Displacement | None = None
    """What makes this job's structure out of the parent's in a phonon calculation."""
    provides: tuple[str, ...] = ()
    """Files that must exist and be whole afterwards, for example ``CHGCAR``."""
    regions: tuple[str, ...] = ()
    """Region of each atom in POSCAR order; empty where there is only one."""
    settings: dict[str, Any] = field(default_factory=dict)
    """INCAR tags as written, with where each came from: tag → {"value", "reason", "from"}."""
    kpoints: tuple[int, int, int] | None = None
    """Γ-centred mesh as written in KPOINTS; None where there is a path."""
    kpath: KPath | None = None
    """Path through the Brillouin zone, as written in KPOINTS."""
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
    fermi_level: float | None
    """eV, on the engine's own scale; None where the engine has no electrons (a force field)."""
    converged: bool
    """Electronic and ionic convergence as the engine reports it."""
    n_ionic_steps: int
    """Ionic steps."""
    max_force: float
    """Largest force on an atom, eV/Å."""
    n_electrons: float | None
    """Valence electrons; None where the engine has none."""
    engine: str
    """Program and version as written in the output."""
    is_mock: bool
    """True when the output says that it was made by the mock calculator."""
