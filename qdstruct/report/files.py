"""Figures as files, with the numbers of each as csv beside it."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qdstruct.errors import InputError
from qdstruct.files import write_atomically
from qdstruct.model import StudyResults
from qdstruct.report.page_figures import study_figures
from qdstruct.report.style import MOCK, figure_style
from qdstruct.report.tables import Table, calculated_tables, study_tables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FORMATS", "checked_formats", "write_figure_files", "write_figures"]

FORMATS = ("pdf", "png")
"""What figures are written as unless told otherwise."""
POSSIBLE = ("pdf", "png", "svg")


def checked_formats(words: str) -> tuple[str, ...]:
    """Return the formats that a comma-separated list names.

    Raises
    ------
    InputError
        If one of them is not pdf, png or svg.
    """
    formats = tuple(dict.fromkeys(w.strip().lower() for w in words.split(",") if w.strip()))
    wrong = [name for name in formats if name not in POSSIBLE]
    if wrong or not formats:
        raise InputError(
            f"figures cannot be written as '{wrong[0] if wrong else words}'",
            hint=f"give one or more of {', '.join(POSSIBLE)}, separated by commas",
        )
    return formats


def write_figures(
    results: StudyResults,
    folder: Path,
    figures: Mapping[str, Figure] | None = None,
    formats: Sequence[str] = FORMATS,
) -> tuple[Path, ...]:
    """Write every figure with its numbers as csv of the same name.

    Parameters
    ----------
    results : StudyResults
        What is drawn.
    folder : Path
        Existing directory.
    figures : mapping, optional
        What `study_figures` drew already.
    formats : sequence of str
        Any of pdf, png and svg.

    Returns
    -------
    tuple of Path
        The files written.
    """
    drawn = study_figures(results) if figures is None else figures
    mock = tuple(calculated_tables(results.calculated)) if results.is_mock else ()
    return write_figure_files(folder, drawn, study_tables(results), formats, mock=mock)


def write_figure_files(
    folder: Path,
    figures: Mapping[str, Figure],
    tables: Mapping[str, Table],
    formats: Sequence[str] = FORMATS,
    *,
    mock: Collection[str] = (),
) -> tuple[Path, ...]:
    """Write figures in some formats, and tables as csv; return the files.

    Tables named in `mock` say in a first line, a comment, that their numbers are made up.
    """
    written = []
    for name, figure in figures.items():
        for suffix in formats:
            path = folder / f"{name}.{suffix}"
            write_atomically(path, _rendered(figure, suffix))
            written.append(path)
    for name, (heading, rows) in tables.items():
        path = folder / f"{name}.csv"
        comment = f"# {MOCK}\n" if name in mock else ""
        write_atomically(path, comment + _csv(heading, rows))
        written.append(path)
    return tuple(written)


def _rendered(figure: Figure, suffix: str) -> bytes:
    buffer = io.BytesIO()
    dates = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
    with figure_style():
        metadata: dict[str, Any] = dates.get(suffix, {})
        figure.savefig(buffer, format=suffix, metadata=metadata)
        figure.set_layout_engine("none")  # laid out once; the next format takes over the places
    return buffer.getvalue()


def _csv(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(heading)
    for row in rows:
        writer.writerow([f"{x:.8g}" if isinstance(x, float) else x for x in row])
    return buffer.getvalue()
