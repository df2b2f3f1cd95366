"""From a tree, finished or not, to everything that can be said about the study."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qdstruct import analysis, outputs, simulation
from qdstruct.errors import InputError, OutputError
from qdstruct.files import write_atomically
from qdstruct.model import (
    BandEdges,
    ChargeDifference,
    CoincidenceMatch,
    Job,
    JobStatus,
    Phase,
    PowderPattern,
    PublishedComparison,
    SpotPattern,
    StudyResults,
)
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
    from xarray import DataArray

__all__ = ["RESULTS_FILE", "analyse", "load_results"]

RESULTS_FILE = "results.json"
_REPORTED_VERSIONS = ("qdstruct", "ase", "pymatgen", "custodian", "numpy", "scipy", "spglib")


def analyse(root: Path) -> StudyResults:
    """Compute everything a tree has data for, and save it as ``results.json``.

    Parameters
    ----------
    root : Path
        A prepared tree; its jobs may be done, running, failed or not yet started.

    Returns
    -------
    StudyResults
        `notes` says what could not be computed and which job is missing.
    """
    folder = _Tree(root)
    electronic = _electronic_structure(folder)
    difference = _charge_difference(folder)
    film, substrate = load_phases(root)
    interface = load_interface(root)
    matches, chosen = _matches(root)
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
        relaxed=_relaxed(folder),
        settings_summary=_settings_summary(folder.study),
        jobs=folder.statuses,
        dos_by_region=electronic.by_region,
        dos_by_element=electronic.by_element,
        band_edges=electronic.edges,
        alignment=electronic.alignment,
        charge_difference=difference,
        powder=powder,
        spots=spots,
        published=_published(folder.study),
        notes=tuple(folder.notes),
        sources=dict(folder.sources),
        versions=_versions(),
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
    """A tree being analysed: what is done, and what is learned on the way."""

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
        for job in (each for each in self.statuses if each.state == "done"):
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

    def missing(self, names: Sequence[str], result: str) -> bool:
        """Note which of the named jobs is missing for `result`; False when all are done."""
        known = {each.name: each.state for each in self.statuses}
        lacking = [name for name in names if known.get(name) != "done"]
        if lacking:
            states = ", ".join(f"{name} ({known.get(name, 'not in the tree')})" for name in lacking)
            self.notes.append(f"{result}: not computed, waiting for {states}.")
        return bool(lacking)

    def job(self, name: str) -> Job:
        """Return the job as it stands in its directory, regions in POSCAR order."""
        path = self.root / name / "job.json"
        if path.is_file():
            return Job.from_dict(json.loads(path.read_text(encoding="utf-8")))
        return load_tree(self.root).job(name)


def _relaxed(tree: _Tree) -> Atoms | None:
    """Return the relaxed interface with its regions, or None with a note."""
    name = "interface/static"
    if tree.missing([name], "Relaxed interface"):
        return None
    try:
        atoms = outputs.read_calculation(tree.root / name).atoms
    except OutputError as error:
        tree.notes.append(f"Relaxed interface: {error.message}")
        return None
    atoms.set_array("region", np.array(tree.job(name).regions))
    tree.sources["relaxed interface"] = f"{name}/vasprun.xml"
    return atoms


@dataclass(frozen=True)
class _Electronic:
    by_region: DataArray | None = None
    by_element: DataArray | None = None
    edges: tuple[BandEdges, ...] = ()
    alignment: str | None = None


def _electronic_structure(tree: _Tree) -> _Electronic:
    name = "interface/dos"
    if tree.missing([name], "Projected densities of states"):
        return _Electronic()
    directory = tree.root / name
    try:
        projected = outputs.read_projected_dos(directory, tree.job(name).regions)
    except OutputError as error:
        tree.notes.append(f"Projected densities of states: {error.message}")
        return _Electronic()
    tree.sources["dos"] = f"{name}/vasprun.xml"
    edges = analysis.band_edges(projected)
    by_name = {edge.group: edge for edge in edges}
    alignment = None
    if "film" in by_name and "substrate" in by_name:
        kind, reason = analysis.alignment_type(by_name["film"], by_name["substrate"])
        alignment = f"{kind}: {reason}"
        tree.sources["alignment"] = f"{name}/vasprun.xml"
    return _Electronic(
        by_region=analysis.dos_by(projected, "region"),
        by_element=analysis.dos_by(projected, "element"),
        edges=edges,
        alignment=alignment,
    )


def _charge_difference(tree: _Tree) -> ChargeDifference | None:
    names = ("interface/static", "difference/film", "difference/substrate")
    if tree.missing(names, "Charge-density difference"):
        return None
    sources = (f"{names[0]}/CHGCAR", f"{names[1]}/CHGCAR", f"{names[2]}/CHGCAR")
    try:
        whole, film, substrate = (
            outputs.read_averaged_grid(tree.root / source, axis=2) for source in sources
        )
        height = analysis.interface_height(whole.atoms, tree.job(names[0]).regions)
        difference = analysis.charge_difference(
            whole, film, substrate, interface_height=height, sources=sources
        )
    except (OutputError, InputError) as error:
        tree.notes.append(f"Charge-density difference: {error.message}")
        return None
    tree.sources["charge difference"] = ", ".join(sources)
    return difference


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


def _versions() -> dict[str, str]:
    return {name: version(name) for name in _REPORTED_VERSIONS}
