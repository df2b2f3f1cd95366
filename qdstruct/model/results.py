"""Everything a study found, in one record that the report draws (``results.json``)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qdstruct.model.calculated import CalculatedResults
from qdstruct.model.match import CoincidenceMatch
from qdstruct.model.patterns import PowderPattern, SpotPattern
from qdstruct.model.phase import Phase
from qdstruct.model.record import Record
from qdstruct.model.structures import Interface

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["JobStatus", "PublishedComparison", "StudyResults"]


@dataclass(frozen=True, kw_only=True)
class JobStatus(Record):
    """State of one job of a tree, derived from its files."""

    name: str
    """Job name, the path below the tree's root."""
    kind: str
    """``relax``, ``static``, ``dos``, ``difference``, …"""
    subject: str
    """What is calculated, in words."""
    state: str
    """One of `qdstruct.model.JOB_STATES`."""
    attempts: int
    """How often it was started."""
    path: str
    """Directory."""
    waits_for: tuple[str, ...] = ()
    """Parents that are not done."""
    n_atoms: int | None = None
    """Atoms in the POSCAR."""
    energy: float | None = None
    """Total energy, eV."""
    converged: bool | None = None
    """Electronic and ionic convergence as the engine reports it."""
    max_force: float | None = None
    """eV/Å."""
    seconds: float | None = None
    """Wall time of the last attempt."""
    corrections: tuple[str, ...] = ()
    """What custodian corrected."""
    error: str | None = None
    """Why it failed."""


@dataclass(frozen=True, kw_only=True)
class PublishedComparison(Record):
    """One published number beside ours."""

    system: str
    """Material or interface."""
    quantity: str
    """What was measured or computed."""
    published: str
    """As printed."""
    ours: str | None
    """Ours, formatted; None where it cannot be computed here."""
    unit: str
    """Unit of both."""
    verdict: str
    """``agrees``, ``differs`` or ``not computable here``."""
    reason: str
    """Cell, wavelength and definition used; why the two disagree."""
    source: str
    """Publication and place in it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyResults(Record):
    """What was asked and what was found."""

    study: str
    """Name of the study."""
    description: str
    """What was asked, in the words of the study file."""
    film: Phase
    """The upper crystal."""
    substrate: Phase
    """The lower crystal."""
    matches: tuple[CoincidenceMatch, ...]
    """Coincidence cells of the chosen planes within the study's bounds, best first."""
    chosen_match: int
    """Index into `matches` of the one that was built; −1 where the geometry needs none."""
    interface: Interface
    """As built, before relaxation."""
    relaxed: Atoms | None = None
    """The interface after relaxation, with ``region``, in the order of its calculation; None until
    the relaxation is done."""
    settings_summary: dict[str, str] = field(default_factory=dict)
    """What was asked, as label → value with unit, for display."""
    jobs: tuple[JobStatus, ...] = ()
    """Every job of the tree."""
    calculated: CalculatedResults = field(default_factory=CalculatedResults)
    """What the finished calculations say."""
    powder: tuple[PowderPattern, ...] = ()
    """Simulated powder patterns of the phases and the interface."""
    spots: tuple[SpotPattern, ...] = ()
    """Simulated zone-axis patterns."""
    published: tuple[PublishedComparison, ...] = ()
    """Published values of this system beside ours."""
    notes: tuple[str, ...] = ()
    """What could not be computed and why; checks that were made and their outcome."""
    sources: dict[str, str] = field(default_factory=dict)
    """Result → the file or job it came from."""
    versions: dict[str, str] = field(default_factory=dict)
    """Versions of qdstruct and the libraries that matter."""
    engine: str = "none"
    """``mock``, ``vasp``, … or ``none`` when nothing has run."""
    is_mock: bool = False
    """True when any number comes from the mock calculator."""
