"""From somebody's own directories to results, figures and a page, without touching them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qdstruct import analysis, outputs, report
from qdstruct.errors import DestinationError, OutputError
from qdstruct.files import new_directory, refuse_existing, write_atomically
from qdstruct.model import CalculatedResults, DirectoryResults, SystemSummary
from qdstruct.outputs import CalculationSketch
from qdstruct.pipeline.analyse import FIGURES_FOLDER, GRID_FILE, RESULTS_FILE, library_versions
from qdstruct.pipeline.analysing import Settings, Workbench, calculate
from qdstruct.pipeline.analysing.chemical import check_potentials
from qdstruct.pipeline.analysing.foreign import (
    Choices,
    FoundSystem,
    directory_bench,
    found_systems,
)
from qdstruct.pipeline.prepare import TREE_FILE

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "Choices",
    "Settings",
    "analyse_directory",
    "is_study_tree",
    "results_folder",
    "write_directory",
]


def is_study_tree(root: Path) -> bool:
    """Whether a directory is a tree made by ``qdstruct prepare`` from a study."""
    return (root / "tree.json").is_file() and (root / "study.yaml").is_file()


def results_folder(root: Path) -> Path:
    """Return where the results of a directory go unless told otherwise: beside it."""
    root = root.resolve()
    return root.parent / f"{root.name}-analysis"


def write_directory(
    root: Path,
    output: Path | None = None,
    *,
    choices: Choices | None = None,
    force: bool = False,
    formats: Sequence[str] = report.FORMATS,
    on_step: Callable[[str], None] = lambda _: None,
) -> tuple[DirectoryResults, Path]:
    """Analyse finished calculations and write results, figures and page into a folder of their own.

    Parameters
    ----------
    root : Path
        A directory with calculations at any depth; nothing in it is written or changed.
    output : Path, optional
        The folder to make; beside `root`, with ``-analysis`` after its name, by default.
    choices : Choices, optional
        What the user says about the directories.
    force : bool
        Replace an existing folder.
    formats : sequence of str
        What figures are written as: any of pdf, png and svg.
    on_step : callable
        Told what is being done.

    Returns
    -------
    results, folder

    Raises
    ------
    InputError
        If there are no outputs, or the choices contradict them.
    DestinationError
        If the folder exists (without `force`) or cannot be written.
    """
    folder = output or results_folder(root)
    refuse_existing(folder, force=force)
    if (folder / TREE_FILE).exists():
        raise DestinationError(
            f"{folder}: is a tree of jobs, which the results would replace",
            hint="choose another name",
        )
    with new_directory(folder, marker=RESULTS_FILE, force=force) as beside:
        figures = beside / FIGURES_FOLDER
        figures.mkdir()
        results = analyse_directory(
            root, choices=choices, grid_file=figures / GRID_FILE, on_step=on_step
        )
        text = json.dumps(results.to_dict(), separators=(",", ":"), allow_nan=False)
        write_atomically(beside / RESULTS_FILE, text)
        on_step("figures and page")
        report.write_directory_page(
            results, beside / "report.html", figures_folder=figures, formats=formats
        )
    return results, folder


def analyse_directory(
    root: Path,
    *,
    choices: Choices | None = None,
    grid_file: Path | None = None,
    on_step: Callable[[str], None] = lambda _: None,
) -> DirectoryResults:
    """Find out what somebody calculated and compute everything it allows.

    Parameters
    ----------
    root, choices, on_step
        As for `write_directory`.
    grid_file : Path, optional
        Where Δρ is written as a CHGCAR for VESTA.
    """
    root = Path(root)
    on_step("looking for calculations")
    systems, others = found_systems(root)
    bench: Workbench | None = None
    roles: dict[str, FoundSystem] = {}
    calculated = CalculatedResults()
    if systems:
        choices = choices or Choices()
        bench, roles = directory_bench(root, systems, choices)
        if "interface" in roles:
            named = {**choices.settings.references, **choices.settings.chemical_potentials}
            check_potentials(named, roles["interface"].atoms)
        calculated = calculate(bench, grid_file=grid_file, on_step=on_step)
    notes = list(bench.notes) if bench is not None else []
    notes += _remarks(root, systems, others)
    engines, is_mock = _engines(systems)
    return DirectoryResults(
        directory=str(root),
        systems=tuple(_summary(root, system, roles) for system in systems),
        interface=_interface(bench, roles),
        calculated=calculated,
        notes=tuple(notes),
        sources=dict(bench.sources) if bench is not None else {},
        versions=library_versions(),
        engine=", ".join(engines) or "not stated",
        is_mock=is_mock,
    )


def _interface(bench: Workbench | None, roles: dict[str, FoundSystem]) -> Atoms | None:
    if bench is None or "interface" not in roles:
        return None
    atoms = roles["interface"].atoms.copy()
    regions = bench.systems["interface"].regions
    if len(regions) == len(atoms):
        atoms.set_array("region", np.array(regions))
    return atoms


def _remarks(
    root: Path, systems: Sequence[FoundSystem], others: Sequence[CalculationSketch]
) -> list[str]:
    """Say what was passed over and which files cannot be read."""
    remarks = []
    for sketch in others:
        why = "no structure can be read" if sketch.atoms is None else f"{sketch.kind}"
        remarks.append(f"{_label(root, sketch)}: not analysed here ({why}; {sketch.reason}).")
    for sketch in (*(s for system in systems for s in system.sketches), *others):
        remarks += [f"{_label(root, sketch)}: {problem}" for problem in sketch.problems]
    return remarks


def _label(root: Path, sketch: CalculationSketch) -> str:
    place = sketch.found.directory
    return place.relative_to(root).as_posix() if place.is_relative_to(root) else str(place)


def _summary(root: Path, system: FoundSystem, roles: dict[str, FoundSystem]) -> SystemSummary:
    names = tuple(_label(root, sketch) for sketch in system.sketches)
    held = [role for role, each in roles.items() if each is system]
    files = {name for place in system.places for name in place if name != "dos"}
    summary = SystemSummary(
        name=names[0],
        role=", ".join(held) or "other",
        formula=system.atoms.get_chemical_formula(mode="metal"),
        directories=names,
        files=tuple(sorted(files)),
    )
    bench_system = system.system("summary", 2)
    try:
        facts = bench_system.facts
        summary = replace(
            summary, converged=facts.converged, energy=facts.energy, fermi_level=facts.fermi_level
        )
        edges = analysis.total_band_edges(bench_system.total, len(facts.atoms), group="all")
    except OutputError:
        return summary
    return replace(summary, gap=max(edges.gap, 0.0), gap_uncertainty=edges.uncertainty)


def _engines(systems: Sequence[FoundSystem]) -> tuple[list[str], bool]:
    engines, is_mock = set(), False
    for system in systems:
        for place in system.places:
            if "vasprun.xml" not in place:
                continue
            try:
                facts = outputs.read_calculation(place["vasprun.xml"])
            except OutputError:
                continue
            engines.add(facts.engine)
            is_mock = is_mock or facts.is_mock
    return sorted(engines), is_mock
