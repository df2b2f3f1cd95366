"""The page of an analysis of somebody's own directories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qdstruct.files import write_atomically
from qdstruct.model import DirectoryResults, SystemSummary
from qdstruct.report.calculated import (
    calculated_context,
    calculated_figures,
    signed,
)
from qdstruct.report.files import FORMATS, write_figure_files
from qdstruct.report.page import calculated_cards, calculated_sections
from qdstruct.report.page_figures import drawn_figures, page_scripts
from qdstruct.report.style import figure_style
from qdstruct.report.tables import calculated_tables
from qdstruct.report.viewer import page_template, viewer_context
from qdstruct.resources import data_folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["write_directory_page"]


def write_directory_page(
    results: DirectoryResults,
    path: Path,
    *,
    force: bool = True,
    figures_folder: Path | None = None,
    formats: Sequence[str] = FORMATS,
) -> tuple[Path, ...]:
    """Write the page, and where a folder is given each figure with its numbers beside it.

    Parameters
    ----------
    results : DirectoryResults
        What is shown.
    path : Path
        The HTML file.
    force : bool
        False refuses to replace an existing file.
    figures_folder : Path, optional
        Existing directory for figures and csv.
    formats : sequence of str
        Any of pdf, png and svg.

    Returns
    -------
    tuple of Path
        The files written.
    """
    with figure_style():
        drawn = calculated_figures(results.calculated, mock=results.is_mock)
    data_in = "" if figures_folder is None else figures_folder.name
    write_atomically(path, _page(results, drawn, data_in), force=force)
    if figures_folder is None:
        return (path,)
    tables = calculated_tables(results.calculated)
    mock = tuple(tables) if results.is_mock else ()
    return (path, *write_figure_files(figures_folder, drawn, tables, formats, mock=mock))


def _page(results: DirectoryResults, drawn: dict[str, Figure], data_in: str) -> str:
    from markupsafe import Markup

    folder = data_folder("templates") / "report"
    atoms = results.interface
    viewer = None
    if atoms is not None:
        field = results.calculated.charge_field
        shown = (atoms if field is None else field.atoms).copy()
        shown.wrap()
        viewer = viewer_context(
            shown,
            description=f"Three-dimensional view of the largest structure: {len(atoms)} atoms",
            elsewhere="The structure is in the files of its calculation.",
            field=None if field is None else replace(field, origin=(0.0, 0.0, 0.0)),
        )
    present = [
        ("found", "Found", True),
        ("shape", "Structure", viewer is not None),
        *calculated_sections(results.calculated, set(drawn)),
        ("provenance", "Provenance", True),
    ]
    return page_template("directory.html").render(
        results=results,
        title=Path(results.directory).name or results.directory,
        is_mock=results.is_mock,
        css=Markup((folder / "report.css").read_text(encoding="utf-8")),
        script=page_scripts("report.js", "plots.js", "plots_reading.js"),
        viewer=viewer,
        cards=calculated_cards(results.calculated),
        sections=[(anchor, name) for anchor, name, shown in present if shown],
        system_rows=[_system_row(system) for system in results.systems],
        figures=drawn_figures(drawn, data_in),
        calculated=results.calculated,
        surfaces_in_viewer=results.calculated.charge_field is not None,
        tables=calculated_context(results.calculated),
    )


def _system_row(system: SystemSummary) -> dict[str, Any]:
    gap = ""
    if system.gap is not None:
        gap = f"{system.gap:.2f} ± {system.gap_uncertainty or 0.0:.2f}" if system.gap else "none"
    return {
        "role": system.role,
        "formula": system.formula,
        "directories": ", ".join(system.directories),
        "files": ", ".join(system.files),
        "converged": {True: "yes", False: "NO", None: "not known"}[system.converged],
        "energy": "" if system.energy is None else signed(system.energy, 4),
        "fermi": "" if system.fermi_level is None else signed(system.fermi_level, 3),
        "gap": gap,
    }
