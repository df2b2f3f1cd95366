"""The report: one self-contained HTML page that opens offline."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qdstruct.files import write_atomically
from qdstruct.model import CoincidenceMatch, JobStatus, StudyResults
from qdstruct.report import figures
from qdstruct.report.style import figure_style
from qdstruct.report.viewer import page_template, viewer_context
from qdstruct.resources import data_folder

if TYPE_CHECKING:
    from ase import Atoms
    from matplotlib.figure import Figure

__all__ = ["study_figures", "write_page"]

MATCH_ROWS = 40
MATCHES_WORTH_DRAWING = 4
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


def write_page(results: StudyResults, path: Path, *, force: bool = True) -> None:
    """Write the report of a study.

    Parameters
    ----------
    results : StudyResults
        Everything the page shows.
    path : Path
        The HTML file; written beside and renamed.
    force : bool
        False refuses to replace an existing file.

    Raises
    ------
    DestinationError
        If the file cannot be written.
    """
    write_atomically(path, render_page(results), force=force)


def render_page(results: StudyResults) -> str:
    """Return the page as a string."""
    from markupsafe import Markup

    folder = data_folder("templates") / "report"
    drawn = {name: Markup(_svg(figure, name)) for name, figure in study_figures(results).items()}
    return page_template("report.html").render(
        results=results,
        title=results.study,
        is_mock=results.is_mock,
        css=Markup((folder / "report.css").read_text(encoding="utf-8")),
        script=Markup((folder / "report.js").read_text(encoding="utf-8")),
        viewer=viewer_context(
            results.interface.atoms,
            description=f"Three-dimensional view of the interface: {len(results.interface.atoms)} "
            "atoms, substrate below, film above",
            elsewhere="The structure is in the files structures/interface.cif and "
            "structures/interface.vasp.",
        ),
        figures={name: drawn.get(name) for name in _FIGURES},
        cards=_cards(results),
        sections=_sections(results, set(drawn)),
        crystals=(("film", results.film), ("substrate", results.substrate)),
        match_rows=_match_rows(results),
        match_total=len(results.matches),
        powder_lines=POWDER_LINES,
        interface_rows=_interface_rows(results),
        edge_rows=_edge_rows(results),
        charge_rows=_charge_rows(results),
        job_rows=[_job_row(job) for job in results.jobs],
    )


_FIGURES = ("match", "dos_region", "dos_element", "charge", "powder", "spots")


def study_figures(results: StudyResults) -> dict[str, Figure]:
    """Draw every figure for which the study has data, by name."""
    drawn: dict[str, Figure] = {}
    with figure_style():
        if len(results.matches) >= MATCHES_WORTH_DRAWING:
            drawn["match"] = figures.match_figure(results.matches, results.chosen_match)
        if results.dos_by_region is not None:
            drawn["dos_region"] = figures.dos_figure(results.dos_by_region, results.band_edges)
        if results.dos_by_element is not None:
            drawn["dos_element"] = figures.dos_figure(results.dos_by_element)
        if results.charge_difference is not None:
            drawn["charge"] = figures.charge_difference_figure(results.charge_difference)
        if results.powder:
            drawn["powder"] = figures.powder_figure(results.powder)
        if results.spots:
            drawn["spots"] = figures.spot_figure(results.spots)
    return drawn


def _svg(figure: Figure, name: str) -> str:
    buffer = io.StringIO()
    with figure_style():
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # Several drawings share one page, so the identifiers of each must be its own.
    text = re.sub(r'id="', f'id="{name}-', text)
    text = re.sub(r'(xlink:href|href)="#', rf'\1="#{name}-', text)
    text = text.replace("url(#", f"url(#{name}-")
    return text.replace("<svg ", f'<svg role="img" aria-label="{name} figure" ', 1)


def _sections(results: StudyResults, drawn: set[str]) -> list[_Section]:
    present = [
        ("asked", "Asked", True),
        ("match", "Match", bool(results.matches)),
        ("interface", "Interface", True),
        ("dos", "Density of states", bool(drawn & {"dos_region", "dos_element"})),
        ("charge", "Charge difference", "charge" in drawn),
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
    for edge in results.band_edges:
        if edge.group in ("film", "substrate"):
            cards.append(_Card(f"Gap of the {edge.group}", f"{edge.gap:.2f} eV", "projected DOS"))
    if results.alignment:
        cards.append(_Card("Alignment", results.alignment.split(":")[0], "band edges by region"))
    if results.charge_difference is not None:
        moved = results.charge_difference.transferred
        cards.append(_Card("Charge into the film", f"{moved:+.3f} e", "per cell, from Δρ"))
    done = sum(job.state == "done" for job in results.jobs)
    if results.jobs:
        engine = "on the mock" if results.is_mock else results.engine
        cards.append(_Card("Jobs done", f"{done} of {len(results.jobs)}", engine))
    return cards


def _match_rows(results: StudyResults) -> list[dict[str, Any]]:
    return [
        {
            "chosen": index == results.chosen_match,
            "rank": index + 1,
            "area": f"{match.area:.1f}",
            "e1": _signed(100 * match.principal_strains[0], 2),
            "e2": _signed(100 * match.principal_strains[1], 2),
            "rotation": _signed(match.rotation, 2),
            "film": _directions(match, "film"),
            "substrate": _directions(match, "substrate"),
            "atoms": match.n_atoms_per_layer_pair,
        }
        for index, match in enumerate(results.matches[:MATCH_ROWS])
    ]


def _signed(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return "0." + "0" * digits if float(text) == 0 else text.replace("-", "−")


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
    return f"xx {_signed(xx, 2)} %, yy {_signed(yy, 2)} %, xy {_signed(xy, 2)} %"


def _region_counts(atoms: Atoms) -> dict[str, int]:
    names, counts = np.unique(atoms.get_array("region"), return_counts=True)
    return {str(name): int(count) for name, count in zip(names, counts, strict=True)}


def _edge_rows(results: StudyResults) -> list[tuple[str, ...]]:
    return [
        (edge.group, _signed(edge.valence_maximum, 2), _signed(edge.conduction_minimum, 2),
         _signed(edge.gap, 2), f"± {edge.uncertainty:.2f}")
        for edge in results.band_edges
    ]  # fmt: skip


def _charge_rows(results: StudyResults) -> list[tuple[str, str]]:
    difference = results.charge_difference
    if difference is None:
        return []
    whole, film, substrate = difference.n_electrons
    return [
        ("Electrons: interface, film, substrate", f"{whole:.4f}, {film:.4f}, {substrate:.4f}"),
        ("Integral of Δρ over the cell (must vanish)", f"{difference.integral:.2e} e"),
        ("Interface plane", f"z = {difference.interface_height:.2f} Å"),
        ("Charge gained by the film", f"{difference.transferred:+.4f} e per cell of "
                                      f"{difference.area:.1f} Å²"),
    ]  # fmt: skip


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
        "energy": "" if job.energy is None else _signed(job.energy, 4),
        "force": "" if job.max_force is None else f"{job.max_force:.3f}",
        "converged": {True: "yes", False: "no", None: ""}[job.converged],
        "seconds": "" if job.seconds is None else f"{job.seconds:.1f}",
        "remarks": "; ".join(remarks),
    }
