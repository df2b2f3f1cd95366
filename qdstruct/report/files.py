"""Figures as files, with the numbers of each as csv beside it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qdstruct.files import write_atomically
from qdstruct.model import StudyResults
from qdstruct.report.page import study_figures
from qdstruct.report.style import figure_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["write_figures"]


def write_figures(results: StudyResults, folder: Path) -> tuple[Path, ...]:
    """Write every figure as PDF and PNG with its data as csv.

    Parameters
    ----------
    results : StudyResults
        What is drawn.
    folder : Path
        Existing directory.

    Returns
    -------
    tuple of Path
        The files written.
    """
    written = []
    for name, figure in study_figures(results).items():
        for suffix in ("pdf", "png"):
            path = folder / f"{name}.{suffix}"
            write_atomically(path, _rendered(figure, suffix))
            written.append(path)
    for name, (heading, rows) in _tables(results).items():
        path = folder / f"{name}.csv"
        write_atomically(path, _csv(heading, rows))
        written.append(path)
    return tuple(written)


def _rendered(figure: Figure, suffix: str) -> bytes:
    buffer = io.BytesIO()
    with figure_style():
        metadata: dict[str, Any] = {"CreationDate": None} if suffix == "pdf" else {}
        figure.savefig(buffer, format=suffix, metadata=metadata)
    return buffer.getvalue()


Table = tuple[Sequence[str], Iterable[Sequence[object]]]


def _tables(results: StudyResults) -> dict[str, Table]:
    tables: dict[str, Table] = {}
    for name in ("region", "element"):
        dos = results.dos_by_region if name == "region" else results.dos_by_element
        if dos is not None:
            groups = [f"{group} (states/eV)" for group in dos[dos.dims[0]].values]
            columns = np.column_stack([np.asarray(dos["energy"]), np.asarray(dos).T])
            tables[f"dos_{name}"] = (["energy - Fermi level (eV)", *groups], columns.tolist())
    difference = results.charge_difference
    if difference is not None:
        z = np.asarray(difference.profile["z"])
        columns = np.column_stack([z, difference.profile, difference.displaced])
        heading = ["z (A)", "density difference (e/A^3)", "electrons gained below z (e)"]
        tables["charge"] = (heading, columns.tolist())
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
