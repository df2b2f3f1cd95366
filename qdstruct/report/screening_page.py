"""A screening as one page: a table that sorts and filters, with a picture of each common cell."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from qdstruct.files import write_atomically
from qdstruct.report.viewer import page_template
from qdstruct.resources import data_folder

__all__ = ["MOST_ROWS", "write_screening_page"]

MOST_ROWS = 3000
"""Rows of the table; a longer table would make the page slow. The smallest cells are kept."""
MOST_POINTS = 60
"""Lattice points drawn per crystal in one picture."""


def write_screening_page(
    rows: Sequence[Mapping[str, Any]], path: Path, *, title: str, force: bool = True
) -> None:
    """Write the table of a screening as a page that opens offline.

    Parameters
    ----------
    rows : sequence of mapping
        As `qdstruct.matching.read_table` returns them.
    path : Path
        The HTML file.
    title : str
        Heading.
    force : bool
        False refuses to replace an existing file.

    Raises
    ------
    DestinationError
        If the file exists (without `force`) or cannot be written.
    """
    from markupsafe import Markup

    folder = data_folder("templates") / "report"
    texts = {
        name: Markup((folder / file).read_text(encoding="utf-8"))
        for name, file in (
            ("css", "report.css"), ("sorting", "report.js"), ("script", "screening.js")
        )
    }  # fmt: skip
    ordered = sorted(rows, key=lambda row: (row["area"], row["max_strain"]))[:MOST_ROWS]
    pictures = [_cell_picture(row) for row in ordered]
    write_atomically(
        path,
        page_template("screening.html").render(
            title=title,
            cards=_cards(rows),
            left_out=len(rows) - len(ordered),
            rows=[_row(row) for row in ordered],
            bounds=_bounds(ordered),
            data=Markup(json.dumps(pictures, separators=(",", ":"))),
            version=version("qdstruct"),
            **texts,
        ),
        force=force,
    )


def _cards(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    pairs = {(row["film"], row["substrate"]) for row in rows}
    cards = [
        ("Matches", f"{len(rows):,}", "rows of the table"),
        ("Pairs that fit", f"{len(pairs):,}", "film on substrate"),
        ("Films", f"{len({film for film, _ in pairs}):,}", "with a match"),
        ("Substrates", f"{len({substrate for _, substrate in pairs}):,}", "with a match"),
    ]
    if rows:
        smallest = min(float(row["max_strain"]) for row in rows)
        cards.append(("Least strain", f"{100 * smallest:.2f} %", "largest principal strain"))
    return cards


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "film": row["film"],
        "substrate": row["substrate"],
        "planes": f"({row['film_hkl']}) on ({row['substrate_hkl']})".replace("-", "−"),
        "area": f"{float(row['area']):.1f}",
        "strain": f"{100 * float(row['max_strain']):.2f}",
        "rotation": f"{float(row['rotation']):.1f}".replace("-", "−"),
        "atoms": row["atoms"],
        "directions": f"{row['film_directions']} ∥ {row['substrate_directions']}",
        "number": row["number"],
    }


def _bounds(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the largest area and strain, rounded up to what the filters step by."""
    if not rows:
        return {"area": 0.0, "strain": 0.0}
    area, strain = (max(float(row[name]) for row in rows) for name in ("area", "max_strain"))
    return {"area": float(np.ceil(area)), "strain": float(np.ceil(1000 * strain) / 10)}


def _cell_picture(row: Mapping[str, Any]) -> list[list[list[float]]]:
    """Return corners of the common cell and the lattice points of film and substrate in it, Å.

    Empty for a table that was written without the edges of the cell.
    """
    if "cell_a" not in row:
        return []
    angle = np.radians(float(row["cell_gamma"]))
    a, b = float(row["cell_a"]), float(row["cell_b"])
    cell = np.array([[a, 0.0], [b * np.cos(angle), b * np.sin(angle)]])
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) @ cell
    points = [_lattice_points(str(row[f"{side}_transform"]), cell) for side in
              ("film", "substrate")]  # fmt: skip
    return [np.round(each, 2).tolist() for each in (corners, *points)]


def _lattice_points(transform: str, cell: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the points of a plane lattice in the common cell that its transform makes."""
    integers = np.array([int(word) for word in transform.split()]).reshape(2, 2)
    inverse = np.linalg.inv(integers)
    reach = int(np.abs(integers).sum()) + 1
    steps = np.stack(np.meshgrid(*2 * [np.arange(-reach, reach + 1)], indexing="ij"), axis=-1)
    fractions = steps.reshape(-1, 2) @ inverse
    inside = np.all((fractions > -1e-6) & (fractions < 1 + 1e-6), axis=1)
    return np.asarray((fractions[inside] @ cell)[:MOST_POINTS])
