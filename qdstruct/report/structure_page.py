"""One structure as a self-contained HTML page with a 3D view that opens offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from qdstruct.files import write_atomically
from qdstruct.model import Problem
from qdstruct.report.viewer import page_template, viewer_context
from qdstruct.resources import data_folder

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["write_structure_page"]


def write_structure_page(
    atoms: Atoms,
    path: Path,
    *,
    title: str,
    problems: Sequence[Problem] = (),
    facts: Mapping[str, str] | None = None,
    source: str = "",
    colour: str = "element",
    force: bool = True,
) -> None:
    """Write a page with a 3D view of a structure and what is known about it.

    Parameters
    ----------
    atoms : Atoms
        The structure; of more than 20,000 atoms the surface is shown.
    path : Path
        The HTML file.
    title : str
        Heading.
    problems : sequence of Problem
        What the check found.
    facts : mapping, optional
        What to list below the view, already in words.
    source : str
        Name of the structure's file.
    colour : {"element", "region", "layer"}
        What the colours say at first.
    force : bool
        False refuses to replace an existing file.

    Raises
    ------
    DestinationError
        If the file exists (without `force`) or cannot be written.
    """
    from markupsafe import Markup

    css = (data_folder("templates") / "report" / "report.css").read_text(encoding="utf-8")
    text = page_template("structure.html").render(
        title=title,
        css=Markup(css),
        cards=_cards(atoms),
        problems=problems,
        facts=dict(facts or {}),
        version=version("qdstruct"),
        viewer=viewer_context(
            atoms,
            description=f"Three-dimensional view of {title}: {len(atoms)} atoms",
            elsewhere=f"The structure is in the file {source}." if source else "",
            start=colour,
        ),
    )
    write_atomically(path, text, force=force)


def _cards(atoms: Atoms) -> list[tuple[str, str, str]]:
    formula = atoms.get_chemical_formula(mode="metal")
    cards = [("Atoms", f"{len(atoms):,}", "in the file"), ("Composition", formula, "whole formula")]
    if atoms.cell.rank == 3:
        lengths = " × ".join(f"{length:.2f}" for length in atoms.cell.lengths())
        kind = "periodic cell" if atoms.pbc.any() else "open box"
        cards.append(("Cell lengths", f"{lengths} Å", kind))
    return cards
