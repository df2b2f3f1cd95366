"""Figures as files, with the numbers of each as csv beside it."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qdstruct.files import write_atomically
from qdstruct.model import StudyResults
from qdstruct.report.calculated import Table, calculated_tables
from qdstruct.report.page import study_figures
from qdstruct.report.style import MOCK, figure_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["write_figure_files", "write_figures"]


def write_figures(
    results: StudyResults, folder: Path, figures: Mapping[str, Figure] | None = None
) -> tuple[Path, ...]:
    """Write every figure as PDF and PNG with its data as csv.

    Parameters
    ----------
    results : StudyResults
        What is drawn.
    folder : Path
        Existing directory.
    figures : mapping, optional
        What `study_figures` drew already.

    Returns
    -------
    tuple of Path
        The files written.
    """
    return write_figure_files(
        folder,
        study_figures(results) if figures is None else figures,
        _tables(results),
        mock=tuple(calculated_tables(results.calculated)) if results.is_mock else (),
    )


def write_figure_files(
    folder: Path,
    figures: Mapping[str, Figure],
    tables: Mapping[str, Table],
    *,
    mock: Collection[str] = (),
) -> tuple[Path, ...]:
    """Write figures as PDF and PNG, and tables as csv; return the files.

    Tables named in `mock` say in a first line, a comment, that their numbers are made up.
    """
    written = []
    for name, figure in figures.items():
        for suffix in ("pdf", "png"):
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
    with figure_style():
        metadata: dict[str, Any] = {"CreationDate": None} if suffix == "pdf" else {}
        figure.savefig(buffer, format=suffix, metadata=metadata)
        figure.set_layout_engine("none")  # laid out once; the next format takes over the places
    return buffer.getvalue()


def _tables(results: StudyResults) -> dict[str, Table]:
    tables = dict(calculated_tables(results.calculated))
    for pattern in results.powder:
        angle = np.asarray(pattern.pattern["two_theta"])
        columns = np.column_stack([angle, np.asarray(pattern.pattern)])
        tables[f"powder_{_file_name(pattern.phase)}"] = (
            ["two theta (deg)", "intensity"],
            columns.tolist(),
        )
    return tables


def _file_name(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name)


def _csv(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(heading)
    for row in rows:
        writer.writerow([f"{x:.8g}" if isinstance(x, float) else x for x in row])
    return buffer.getvalue()
