"""From saved results to the page and the figures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from qdstruct import matching, report
from qdstruct.files import write_atomically
from qdstruct.model import StudyResults
from qdstruct.pipeline.analyse import FIGURES_FOLDER, load_results

__all__ = ["write_everything", "write_figures", "write_report", "write_screening_report"]

WRITTEN_FILE = "files.json"
"""In the folder of figures: what the last analysis wrote there."""


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


def write_figures(
    root: Path, results: StudyResults | None = None, formats: Sequence[str] = report.FORMATS
) -> tuple[Path, ...]:
    """Write figures (any of pdf, png, svg) and their numbers (csv) into ``figures/`` of a tree."""
    folder = root / FIGURES_FOLDER
    folder.mkdir(exist_ok=True)
    known = load_results(root) if results is None else results
    written = report.write_figures(known, folder, formats=formats)
    _remove_outdated(folder, written)
    return written


def write_everything(root: Path, results: StudyResults) -> tuple[Path, ...]:
    """Write figures and report of an analysed tree, drawing each figure once."""
    folder = root / FIGURES_FOLDER
    folder.mkdir(exist_ok=True)
    figures = report.study_figures(results)
    path = root / "report.html"
    report.write_page(results, path, figures=figures)
    written = report.write_figures(results, folder, figures)
    _remove_outdated(folder, written)
    return (*written, path)


def _remove_outdated(folder: Path, written: Sequence[Path]) -> None:
    """Remove what an earlier analysis wrote and this one does not: it belongs to other results.

    ``files.json`` keeps a digest of every file written, so that a file that somebody changed or
    put there stays.
    """
    record = folder / WRITTEN_FILE
    try:
        earlier = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        earlier = {}
    digests = {path.name: _digest(path) for path in written}
    for name, digest in earlier.items():
        path = folder / Path(name).name
        if name not in digests and path.is_file() and _digest(path) == digest:
            path.unlink()
    write_atomically(record, json.dumps(digests, indent=1) + "\n")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


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
