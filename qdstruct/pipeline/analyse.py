"""From a tree, finished or not, to everything that can be said about the study."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qdstruct import outputs, simulation
from qdstruct.errors import InputError, OutputError
from qdstruct.files import write_atomically
from qdstruct.model import (
    CoincidenceMatch,
    Interface,
    Job,
    JobStatus,
    Phase,
    PowderPattern,
    PublishedComparison,
    SpotPattern,
    StudyResults,
)
from qdstruct.pipeline.analysing import Settings, Workbench, calculate
from qdstruct.pipeline.analysing.chemical import check_potentials
from qdstruct.pipeline.analysing.tree import tree_bench
from qdstruct.pipeline.levels import measured_alignments
from qdstruct.pipeline.prepare import (
    MATCHES_FILE,
    load_interface,
    load_phases,
    load_tree,
    tree_study,
)
from qdstruct.pipeline.requests import polar_faces, zone_phase
from qdstruct.pipeline.run import status
from qdstruct.study import Study

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "FIGURES_FOLDER",
    "GRID_FILE",
    "RESULTS_FILE",
    "analyse",
    "library_versions",
    "load_results",
    "study_bench",
]

RESULTS_FILE = "results.json"
FIGURES_FOLDER = "figures"
GRID_FILE = "charge-difference.vasp"
"""Δρ on the whole grid, for VESTA."""
_REPORTED_VERSIONS = ("qdstruct", "ase", "pymatgen", "custodian", "numpy", "scipy", "spglib")


def analyse(
    root: Path,
    *,
    settings: Settings | None = None,
    on_step: Callable[[str], None] = lambda _: None,
) -> StudyResults:
    """Compute everything a tree has data for, and save it as ``results.json``.

    Parameters
    ----------
    root : Path
        A prepared tree; its jobs may be done, running, failed or not yet started.
    settings : Settings, optional
        How the analysis is done.
    on_step : callable
        Told what is being done.

    Returns
    -------
    StudyResults
        `notes` says what could not be computed and which job is missing.
    """
    folder = _Tree(root)
    bench = _bench(folder, settings)
    film, substrate = load_phases(root)
    interface = load_interface(root)
    if settings is not None:
        check_potentials({**settings.references, **settings.chemical_potentials}, interface.atoms)
    matches, chosen = _matches(root)
    figures = root / FIGURES_FOLDER
    figures.mkdir(exist_ok=True)
    (figures / GRID_FILE).unlink(missing_ok=True)  # it belongs to the analysis before
    calculated = calculate(
        bench,
        measured=measured_alignments(film.name, substrate.name),
        grid_file=figures / GRID_FILE,
        on_step=on_step,
    )
    relaxed = _relaxed(folder, bench)
    strained = _strain_note(interface)
    by_reference = {"average potential", "core levels"}
    if strained and by_reference & {found.method for found in calculated.alignments}:
        bench.notes.append(strained)
    engines = sorted({engine for engine, _ in folder.engines})
    powder = _powder(folder, film, substrate, interface.atoms)
    spots = _spots(folder, film, substrate)
    folder.notes += [f"{words}." for words in polar_faces(folder.study, film, substrate)]
    results = StudyResults(
        study=folder.study.name,
        description=" ".join(folder.study.description.split()),
        film=film,
        substrate=substrate,
        matches=matches,
        chosen_match=chosen,
        interface=interface,
        relaxed=relaxed,
        settings_summary=_settings_summary(folder.study),
        jobs=folder.statuses,
        calculated=calculated,
        powder=powder,
        spots=spots,
        published=_published(folder.study),
        notes=(*folder.notes, *bench.notes),
        sources={**bench.sources, **folder.sources},
        versions=library_versions(),
        engine=", ".join(engines) or "none",
        is_mock=any(is_mock for _, is_mock in folder.engines),
    )
    text = json.dumps(results.to_dict(), separators=(",", ":"), allow_nan=False)
    write_atomically(root / RESULTS_FILE, text)
    return results


def load_results(root: Path) -> StudyResults:
    """Read what `analyse` saved.

    Raises
    ------
    InputError
        If the tree has not been analysed.
    """
    path = root / RESULTS_FILE
    try:
        return StudyResults.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise InputError(
            f"{root}: has no {RESULTS_FILE}", hint=f"make it with: qdstruct analyze {root}"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: cannot be read: {error}", hint=f"make it again with: qdstruct analyze {root}"
        ) from None


@dataclass
class _Tree:
    """A tree being analysed: its jobs, and what is learned on the way."""

    root: Path
    notes: list[str] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)

    @cached_property
    def study(self) -> Study:
        return tree_study(self.root)

    @cached_property
    def statuses(self) -> tuple[JobStatus, ...]:
        return status(self.root)

    @cached_property
    def engines(self) -> tuple[tuple[str, bool], ...]:
        found = []
        told = {job.name for job in self.jobs if "vasprun.xml" in job.provides}
        ended = [each for each in self.statuses if each.state in ("done", "lost")]
        for job in (each for each in ended if each.name in told):
            try:
                facts = outputs.read_calculation(self.root / job.name)
            except OutputError as error:
                self.notes.append(
                    f"{job.name}: done, but its outputs cannot be read: {error.message}. "
                    f"To run it again: qdstruct retry {self.root} {job.name}"
                )
            else:
                found.append((facts.engine, facts.is_mock))
        return tuple(found)

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        """Every job as it stands in its directory, regions in POSCAR order."""
        return tuple(self._current(job) for job in load_tree(self.root).jobs)

    def _current(self, job: Job) -> Job:
        path = self.root / job.name / "job.json"
        if path.is_file():
            return Job.from_dict(json.loads(path.read_text(encoding="utf-8")))
        return job


def study_bench(root: Path, settings: Settings | None = None) -> Workbench:
    """Lay out the finished jobs of a tree for one analysis."""
    return _bench(_Tree(root), settings)


def _bench(tree: _Tree, settings: Settings | None) -> Workbench:
    states = {each.name: each.state for each in tree.statuses}
    return tree_bench(tree.root, tree.jobs, states, settings=settings)


def _relaxed(tree: _Tree, bench: Workbench) -> Atoms | None:
    """Return the relaxed interface with its regions, or None with a note."""
    if bench.lacking("Relaxed interface", [("interface", "vasprun.xml")]):
        return None
    system = bench.systems["interface"]
    try:
        atoms = system.atoms
    except OutputError as error:
        tree.notes.append(f"Relaxed interface: {error.message}")
        return None
    bench.cite("relaxed interface", system.file("vasprun.xml"))
    return atoms


def _strain_note(interface: Interface) -> str | None:
    """Say what strain-free bulk references leave out."""
    largest = 100 * max(float(np.abs(interface.film_strain).max()),
                        float(np.abs(interface.substrate_strain).max()))  # fmt: skip
    if largest < 0.05:
        return None
    return (
        f"Alignment by average potentials and core levels: the bulk references are free of strain, "
        f"the interface carries up to {largest:.2f} %; how the strain moves the bulk edges is not "
        "in these offsets."
    )


def _powder(
    tree: _Tree, film: Phase, substrate: Phase, interface: Atoms
) -> tuple[PowderPattern, ...]:
    wanted = tree.study.patterns
    tree.sources["powder patterns"] = (
        "structures/film.json, structures/substrate.json, structures/interface.json"
    )
    patterns = []
    for name, atoms in (
        (film.name, film.atoms),
        (substrate.name, substrate.atoms),
        ("interface, as built", interface),
    ):
        try:
            pattern = simulation.powder_pattern(
                atoms,
                name=name,
                anode=wanted.anode,
                two_theta_range=wanted.two_theta,
                size_nm=wanted.size,
            )
        except InputError as error:
            tree.notes.append(f"Powder pattern of {name}: {error.message}")
        else:
            patterns.append(pattern)
    return tuple(patterns)


def _spots(tree: _Tree, film: Phase, substrate: Phase) -> tuple[SpotPattern, ...]:
    patterns = []
    for zone in tree.study.patterns.zones:
        try:
            phase = zone_phase(tree.study, zone.phase, film, substrate)
            pattern = simulation.zone_axis_pattern(
                phase.atoms, name=phase.name, zone=zone.zone, max_g=zone.max_g
            )
        except InputError as error:
            tree.notes.append(f"Spot pattern of {zone.phase}: {error.message}")
        else:
            patterns.append(pattern)
    return tuple(patterns)


def _published(study: Study) -> tuple[PublishedComparison, ...]:
    from qdstruct.pipeline.reproduction import compare_systems

    return compare_systems(study.published)


def _matches(root: Path) -> tuple[tuple[CoincidenceMatch, ...], int]:
    document = json.loads((root / MATCHES_FILE).read_text(encoding="utf-8"))
    matches = tuple(CoincidenceMatch.from_dict(match) for match in document["matches"])
    return matches, int(document["chosen"])


def _settings_summary(study: Study) -> dict[str, str]:
    build, match, calculation = study.build, study.match, study.calculation
    overlay = ", ".join(f"{tag} = {value}" for tag, value in calculation.tags.items())
    return {
        "Geometry": study.geometry,
        "Film and plane": f"{study.film}, {_plane(study.planes.film)}",
        "Substrate and plane": f"{study.substrate}, {_plane(study.planes.substrate)}",
        "Bounds of the match": f"{match.max_area:g} Å², {100 * match.max_strain:g} % strain",
        "Layers": f"film {build.film_layers}, substrate {build.substrate_layers}",
        "Strain carried by": build.strain_on,
        "Vacuum": f"{build.vacuum:g} Å",
        "Calculation preset": calculation.preset,
        "Own INCAR tags": overlay or "none",
    }


def _plane(hkl: tuple[int, int, int]) -> str:
    return "(" + " ".join(str(i).replace("-", "−") for i in hkl) + ")"


def library_versions() -> dict[str, str]:
    """Return the versions of qdstruct and of the libraries that matter."""
    return {name: version(name) for name in _REPORTED_VERSIONS}
