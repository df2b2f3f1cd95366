"""The 3D view that the report and the page of one structure share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qdstruct.model import ChargeField
from qdstruct.report.style import COLOURS, colour_of, element_colour
from qdstruct.report.viewer_field import field_data
from qdstruct.resources import data_folder

if TYPE_CHECKING:
    from ase import Atoms
    from jinja2 import Template

__all__ = ["MOST_SHOWN", "page_template", "shown_atoms", "viewer_context"]

MOST_SHOWN = 20_000
"""Atoms a browser can still turn smoothly; of larger structures the surface is shown."""

SKIN = 4.0
"""Å: edge of the boxes that tell the surface of a structure from its inside."""


def page_template(name: str) -> Template:
    """Return one of the report's page templates; what it misses is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = data_folder("templates") / "report"
    environment = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template(name)


def viewer_context(
    atoms: Atoms,
    *,
    description: str,
    elsewhere: str,
    start: str = "element",
    field: ChargeField | None = None,
) -> dict[str, Any]:
    """Return what the viewer's templates need as their ``viewer``.

    Parameters
    ----------
    atoms : Atoms
        The structure; of more than `MOST_SHOWN` atoms only the surface is shown.
    description : str
        What the view shows, for those who cannot see it.
    elsewhere : str
        Where the structure is, for browsers that cannot draw it.
    start : {"element", "region", "layer"}
        What the colours say at first.
    field : ChargeField, optional
        A charge difference in the same coordinates, shown on demand.
    """
    from markupsafe import Markup

    folder = data_folder("templates") / "report"
    chosen, share = shown_atoms(atoms)
    shown = atoms if len(chosen) == len(atoms) else atoms[chosen]
    note = ""
    if len(chosen) < len(atoms):
        note = (
            f"{len(chosen):,} of the {len(atoms):,} atoms are shown: those near the surface"
            f"{f', one in {1 / share:.1f} drawn larger' if share < 1 else ''}. The file holds all."
        )
    library = (folder / "3Dmol-min.js").read_text(encoding="utf-8")
    content = _viewer_data(shown, start, share)
    if field is not None:
        content["field"] = field_data(field)
    data = json.dumps(content, separators=(",", ":"))
    return {
        "description": description,
        "elsewhere": elsewhere,
        "note": note,
        "periodic": bool(atoms.pbc[:2].any()),
        "has_field": field is not None,
        "json": Markup(data.replace("</", "<\\/")),
        "library": Markup(library.replace("</script", "<\\/script")),
        "script": Markup((folder / "viewer.js").read_text(encoding="utf-8")),
    }


def shown_atoms(atoms: Atoms) -> tuple[NDArray[np.intp], float]:
    """Return the indices of the atoms that the viewer shows, and which share of the surface.

    All of them up to `MOST_SHOWN`; else those in boxes of 4 Å that have an empty box beside them,
    evenly thinned when they are still too many (the share is below 1 only then).
    """
    from scipy.ndimage import binary_erosion

    if len(atoms) <= MOST_SHOWN:
        return np.arange(len(atoms)), 1.0
    boxes = np.floor(atoms.positions / SKIN).astype(int)
    boxes -= boxes.min(axis=0) - 1
    filled = np.zeros(boxes.max(axis=0) + 2, dtype=bool)
    filled[tuple(boxes.T)] = True
    inner = binary_erosion(filled, np.ones((3, 3, 3), dtype=bool))
    outside = np.flatnonzero(~inner[tuple(boxes.T)])
    if len(outside) <= MOST_SHOWN:
        return np.asarray(outside), 1.0
    kept = np.linspace(0, len(outside) - 1, MOST_SHOWN).astype(int)
    return np.asarray(outside[kept]), len(kept) / len(outside)


def _viewer_data(atoms: Atoms, start: str, share: float) -> dict[str, Any]:
    from ase.data import covalent_radii

    symbols = atoms.get_chemical_symbols()
    numbers = dict(zip(symbols, atoms.numbers.tolist(), strict=True))
    kinds = sorted(numbers)
    layers = atoms.arrays.get("layer", np.zeros(len(atoms), dtype=int))
    regions = [str(name) for name in atoms.arrays.get("region", ["all"] * len(atoms))]
    cell = np.asarray(atoms.cell)
    size = 0.55 if len(atoms) < MOST_SHOWN / 4 else 0.9 * min(4.0, share**-0.5)
    return {
        "atoms": [
            {"e": s, "p": p, "r": r, "l": int(layer)}
            for s, p, r, layer in zip(
                symbols, atoms.positions.round(3).tolist(), regions, layers, strict=True
            )
        ],
        "cell": cell.round(4).tolist(),
        "start": start,
        "repeat": str(_repeats(atoms)),
        "edges": _cell_edges(cell) if atoms.cell.rank == 3 else [],
        "radii": {s: round(size * float(covalent_radii[numbers[s]]), 3) for s in kinds},
        "colours": {
            "element": {s: element_colour(numbers[s]) for s in kinds},
            "region": {r: colour_of(r, i) for i, r in enumerate(sorted(set(regions)))},
            "layer": [COLOURS[0], COLOURS[4], COLOURS[2], COLOURS[3]],
        },
    }


def _repeats(atoms: Atoms) -> int:
    """Return how many cells are shown along a and b, so that narrow cells fill the view."""
    height = float(np.ptp(atoms.positions[:, 2]))
    width = float(np.linalg.norm(np.asarray(atoms.cell)[:2], axis=1).min())
    if not atoms.pbc[:2].any() or width < 1e-6:
        return 1
    return max(1, min(3, round(1.3 * height / width), int((4000 / len(atoms)) ** 0.5)))


def _cell_edges(cell: NDArray[np.float64]) -> list[list[list[float]]]:
    corners = [np.array([i, j, k]) for i in (0, 1) for j in (0, 1) for k in (0, 1)]
    return [
        [(one @ cell).round(3).tolist(), (two @ cell).round(3).tolist()]
        for index, one in enumerate(corners)
        for two in corners[index + 1 :]
        if np.abs(one - two).sum() == 1
    ]
