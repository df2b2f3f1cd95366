"""The report: one self-contained HTML page that opens offline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qdstruct.files import refuse_existing, write_atomically
from qdstruct.model import CalculatedResults, ChargeField, CoincidenceMatch, JobStatus, StudyResults
from qdstruct.report.calculated import calculated_context, signed
from qdstruct.report.page_figures import drawn_figures, page_scripts, study_figures
from qdstruct.report.viewer import page_template, viewer_context
from qdstruct.resources import data_folder

if TYPE_CHECKING:
    from ase import Atoms
    from matplotlib.figure import Figure

__all__ = ["calculated_cards", "calculated_sections", "write_page"]

SAME_CELL = 0.01
"""Å by which the cell of a charge difference may differ from the one shown."""
FIGURES_FOLDER = "figures"
"""Beside the page: where an analysis puts the numbers of every figure."""
MATCH_ROWS = 40
REFRESH_SECONDS = 30
"""s after which the page of a tree whose jobs run is loaded again."""
CONTACT_REACH = 5.0
"""Å up to which pairs across the interface are listed."""
CONTACT_KINDS = 4
POWDER_LINES = 60
"""Strongest lines that are listed per powder pattern."""


@dataclass(frozen=True)
class _Card:
    label: str
    value: str
    origin: str


@dataclass(frozen=True)
class _Section:
    anchor: str
    title: str


def write_page(
    results: StudyResults,
    path: Path,
    *,
    force: bool = True,
    figures: dict[str, Figure] | None = None,
) -> None:
    """Write the report of a study.

    Parameters
    ----------
    results : StudyResults
        Everything the page shows.
    path : Path
        The HTML file; written beside and renamed.
    force : bool
        False refuses to replace an existing file.
    figures : dict, optional
        What `study_figures` drew already.

    Raises
    ------
    DestinationError
        If the file cannot be written.
    """
    refuse_existing(path, force=force)
    write_atomically(path, render_page(results, figures), force=force)


def render_page(results: StudyResults, figures: dict[str, Figure] | None = None) -> str:
    """Return the page as a string."""
    from markupsafe import Markup

    folder = data_folder("templates") / "report"
    drawn = drawn_figures(study_figures(results) if figures is None else figures, FIGURES_FOLDER)
    return page_template("report.html").render(
        results=results,
        title=results.study,
        is_mock=results.is_mock,
        unfinished=any(job.state == "running" for job in results.jobs),
        refresh_seconds=REFRESH_SECONDS,
        css=Markup((folder / "report.css").read_text(encoding="utf-8")),
        script=page_scripts("report.js", "plots.js", "plots_reading.js"),
        viewer=viewer_context(
            results.interface.atoms,
            description=f"Three-dimensional view of the interface: {len(results.interface.atoms)} "
            "atoms, substrate below, film above",
            elsewhere="The structure is in the files structures/interface.cif and "
            "structures/interface.vasp.",
            field=_field_of(results),
        ),
        figures=drawn,
        calculated=results.calculated,
        surfaces_in_viewer=_field_of(results) is not None,
        tables=calculated_context(results.calculated),
        cards=_cards(results),
        sections=_sections(results, set(drawn)),
        crystals=(("film", results.film), ("substrate", results.substrate)),
        match_rows=_match_rows(results),
        match_total=len(results.matches),
        powder_lines=POWDER_LINES,
        interface_rows=_interface_rows(results),
        job_rows=[_job_row(job) for job in results.jobs],
    )


def _field_of(results: StudyResults) -> ChargeField | None:
    """Return the charge difference where it lies in the cell that the view shows."""
    field = results.calculated.charge_field
    if field is None:
        return None
    apart = np.abs(np.asarray(field.atoms.cell) - np.asarray(results.interface.atoms.cell)).max()
    return field if apart < SAME_CELL else None


def calculated_sections(results: CalculatedResults, drawn: set[str]) -> list[tuple[str, str, bool]]:
    """Return anchor, title and presence of every section of ``calculated.html``."""
    return [
        ("dos", "Density of states", bool(drawn & {"dos_region", "dos_element"})),
        ("alignment", "Alignment", "alignment" in drawn),
        ("potential", "Potential", "potential" in drawn),
        ("charge", "Charge difference", "charge" in drawn),
        ("states", "States", bool(results.states)),
        ("energies", "Energies", bool(results.energies or results.potential_lines)),
        ("bader", "Bader charges", results.bader is not None),
        ("layers", "Layers", bool(results.layers)),
        ("dynamics", "Dynamics", results.dynamics is not None),
        ("checks", "Checks", bool(results.checks)),
    ]


def _sections(results: StudyResults, drawn: set[str]) -> list[_Section]:
    present = [
        ("asked", "Asked", True),
        ("match", "Match", bool(results.matches)),
        ("interface", "Interface", True),
        *calculated_sections(results.calculated, drawn),
        ("patterns", "Patterns", bool(drawn & {"powder", "spots"})),
        ("published", "Published", bool(results.published)),
        ("jobs", "Calculations", bool(results.jobs)),
        ("provenance", "Provenance", True),
    ]
    return [_Section(anchor, title) for anchor, title, shown in present if shown]


def _cards(results: StudyResults) -> list[_Card]:
    interface = results.interface
    cards = [
        _Card("Atoms", f"{len(interface.atoms)}", "interface cell"),
        _Card("Interface area", f"{interface.area:.1f} Å²", "as built"),
    ]
    if interface.match is not None:
        strain = 100 * interface.match.max_strain
        cards.append(_Card("Largest strain", f"{strain:.2f} %", "coincidence cell"))
    cards += calculated_cards(results.calculated)
    done = sum(job.state == "done" for job in results.jobs)
    if results.jobs:
        engine = "on the mock" if results.is_mock else results.engine
        cards.append(_Card("Jobs done", f"{done} of {len(results.jobs)}", engine))
    return cards


def calculated_cards(results: CalculatedResults) -> list[_Card]:
    """Return the headline numbers of calculated results."""
    cards = []
    for edge in results.band_edges:
        if edge.group in ("film", "substrate", "all atoms"):
            cards.append(_Card(f"Gap of the {edge.group}".replace("the all", "all"),
                               f"{edge.gap:.2f} eV", "projected DOS"))  # fmt: skip
    if results.alignment:
        cards.append(_Card("Alignment", results.alignment.split(":")[0], "band edges by region"))
    if results.charge_difference is not None:
        moved = results.charge_difference.transferred
        cards.append(_Card("Charge into the film", f"{moved:+.3f} e", "per cell, from Δρ"))
    for energy in results.energies[:1]:
        cards.append(_Card(energy.name.capitalize(), f"{energy.joule_per_square_metre:.3f} J/m²",
                           f"on {energy.area:.1f} Å²"))  # fmt: skip
    return cards


def _match_rows(results: StudyResults) -> list[dict[str, Any]]:
    return [
        {
            "chosen": index == results.chosen_match,
            "rank": index + 1,
            "area": f"{match.area:.1f}",
            "e1": signed(100 * match.principal_strains[0], 2),
            "e2": signed(100 * match.principal_strains[1], 2),
            "rotation": signed(match.rotation, 2),
            "film": _directions(match, "film"),
            "substrate": _directions(match, "substrate"),
            "atoms": match.n_atoms_per_layer_pair,
        }
        for index, match in enumerate(results.matches[:MATCH_ROWS])
    ]


def _directions(match: CoincidenceMatch, side: str) -> str:
    vectors = match.film_directions if side == "film" else match.substrate_directions
    return ", ".join("[" + " ".join(_index(i) for i in vector) + "]" for vector in vectors)


def _index(value: float) -> str:
    text = f"{round(float(value), 3):g}"
    return "0" if text == "-0" else text.replace("-", "−")


def _interface_rows(results: StudyResults) -> list[tuple[str, str]]:
    interface = results.interface
    cell = np.asarray(interface.atoms.cell)
    lengths = np.linalg.norm(cell, axis=1)
    counts = _region_counts(interface.atoms)
    return [
        ("Geometry", interface.geometry),
        ("Composition", interface.atoms.get_chemical_formula(mode="metal")),
        ("Atoms", ", ".join(f"{name} {count}" for name, count in counts.items())),
        ("Cell lengths", " × ".join(f"{length:.3f}" for length in lengths) + " Å"),
        ("Film faces", f"{interface.film.bottom_termination} (touching) to "
                       f"{interface.film.top_termination}"),
        ("Substrate faces", f"{interface.substrate.bottom_termination} to "
                            f"{interface.substrate.top_termination} (touching)"),
        ("Gap, highest to lowest atom", f"{interface.gap:.2f} Å"),
        ("In-plane shift of the film", ", ".join(f"{part:.3f}" for part in interface.shift)
                                       + " of the cell vectors"),
        ("Nearest pairs across the interface", _nearest_pairs(interface.atoms)),
        *_relaxed_rows(results),
        ("Strain on the film", _tensor(interface.film_strain)),
        ("Strain on the substrate", _tensor(interface.substrate_strain)),
        ("Vacuum", f"{interface.vacuum:.1f} Å"),
    ]  # fmt: skip


def _nearest_pairs(atoms: Atoms) -> str:
    """Return the shortest distance of the closest kinds of pairs, film atom first."""
    from ase.neighborlist import neighbor_list

    first, second, distances = neighbor_list("ijd", atoms, CONTACT_REACH)
    regions, symbols = atoms.get_array("region"), atoms.get_chemical_symbols()
    shortest: dict[str, float] = {}
    for i, j, distance in sorted(zip(first, second, distances, strict=True), key=lambda p: p[2]):
        if regions[i] == "film" and regions[j] == "substrate":
            shortest.setdefault(f"{symbols[i]}–{symbols[j]}", float(distance))
    if not shortest:
        return f"none within {CONTACT_REACH:g} Å"
    kinds = list(shortest.items())[:CONTACT_KINDS]
    return ", ".join(f"{pair} {distance:.2f} Å" for pair, distance in kinds)


def _relaxed_rows(results: StudyResults) -> list[tuple[str, str]]:
    if results.relaxed is None:
        return []
    who = " (mock)" if results.is_mock else ""
    return [(f"Nearest pairs after relaxation{who}", _nearest_pairs(results.relaxed))]


def _tensor(strain: np.ndarray[Any, np.dtype[np.float64]]) -> str:
    xx, yy, xy = 100 * strain[0, 0], 100 * strain[1, 1], 100 * strain[0, 1]
    return f"xx {signed(xx, 2)} %, yy {signed(yy, 2)} %, xy {signed(xy, 2)} %"


def _region_counts(atoms: Atoms) -> dict[str, int]:
    names, counts = np.unique(atoms.get_array("region"), return_counts=True)
    return {str(name): int(count) for name, count in zip(names, counts, strict=True)}


def _job_row(job: JobStatus) -> dict[str, Any]:
    remarks = [*job.corrections, *([job.error] if job.error else [])]
    if job.waits_for:
        remarks.append("waits for " + ", ".join(job.waits_for))
    return {
        "name": job.name,
        "subject": job.subject,
        "state": job.state,
        "attempts": job.attempts,
        "atoms": "" if job.n_atoms is None else job.n_atoms,
        "energy": "" if job.energy is None else signed(job.energy, 4),
        "force": "" if job.max_force is None else f"{job.max_force:.3f}",
        "converged": {True: "yes", False: "no", None: ""}[job.converged],
        "seconds": "" if job.seconds is None else f"{job.seconds:.1f}",
        "remarks": "; ".join(remarks),
    }
