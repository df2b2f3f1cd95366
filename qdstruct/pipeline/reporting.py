"""From saved results to the page and the figures."""

from __future__ import annotations

from pathlib import Path

from qdstruct import matching, report
from qdstruct.model import StudyResults
from qdstruct.pipeline.analyse import FIGURES_FOLDER, load_results

__all__ = ["write_everything", "write_figures", "write_report", "write_screening_report"]


def write_report(
    root: Path,
    output: Path | None = None,
    *,
    force: bool = True,
    results: StudyResults | None = None,
) -> Path:
    """Write the HTML report of an analysed tree and return its path.

    `results` spares reading what `qdstruct.pipeline.analyse.analyse` has just saved.
    """
    path = output or root / "report.html"
    report.write_page(load_results(root) if results is None else results, path, force=force)
    return path


def write_figures(root: Path, results: StudyResults | None = None) -> tuple[Path, ...]:
    """Write figures (PDF, PNG) and their data (csv) into ``figures/`` of an analysed tree."""
    folder = root / FIGURES_FOLDER
    folder.mkdir(exist_ok=True)
    return report.write_figures(load_results(root) if results is None else results, folder)


def write_everything(root: Path, results: StudyResults) -> tuple[Path, ...]:
    """Write figures and report of an analysed tree, drawing each figure once."""
    folder = root / FIGURES_FOLDER
    folder.mkdir(exist_ok=True)
    figures = report.study_figures(results)
    path = root / "report.html"
    report.write_page(results, path, figures=figures)
    return (*report.write_figures(results, folder, figures), path)


def write_screening_report(table: Path, output: Path | None = None, *, force: bool = True) -> Path:
    """Write the page of a screening's table and return its path.

    Raises
    ------
    InputError
        If the file is not such a table.
    DestinationError
        If the page exists (without `force`) or cannot be written.
    """
    path = output or table.with_suffix(".html")
    rows = matching.read_table(table)
    report.write_screening_page(rows, path, title=table.stem, force=force)
    return path
