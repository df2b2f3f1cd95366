"""Pictures and 3D pages of what was built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from qdstruct.cli.build_request import Wanted, page_beside

if TYPE_CHECKING:
    from ase import Atoms

    from qdstruct.model import Problem


def draw(
    title: str,
    atoms: Atoms,
    facts: dict[str, Any],
    rows: dict[str, str],
    problems: tuple[Problem, ...],
    wanted: Wanted,
) -> None:
    """Write the picture and the 3D page that were asked for."""
    if wanted.figure is not None:
        from qdstruct.report.structure_figure import structure_figure, write_structure_figure

        figure = structure_figure(
            atoms,
            colour=wanted.colour,  # type: ignore[arg-type]
            title=title,
            labels=_region_labels(facts),
            **_seen_along(atoms, facts),
        )
        write_structure_figure(figure, wanted.figure, force=wanted.force)
        typer.echo(f"wrote {wanted.figure}", err=True)
    if wanted.page is not None:
        from qdstruct.report.structure_page import write_structure_page

        write_structure_page(
            atoms,
            wanted.page,
            title=title,
            problems=problems,
            facts=rows,
            source="" if wanted.output is None else wanted.output.name,
            colour=wanted.colour,
            force=wanted.force,
        )
        typer.echo(f"wrote {wanted.page}", err=True)


def _region_labels(facts: dict[str, Any]) -> dict[str, str]:
    """Name the regions by their crystals, and faces where there are any."""
    labels: dict[str, str] = {}
    for region in ("film", "substrate"):
        if region in facts:
            face = "".join(str(index).replace("-", "−") for index in facts[f"{region}_hkl"])
            labels[region] = f"{facts[region]}\n({face})"
    for region, phase in zip(facts.get("regions", ()), facts.get("phases", ()), strict=False):
        labels[region] = phase
    return labels


def _seen_along(atoms: Atoms, facts: dict[str, Any]) -> dict[str, Any]:
    """Return how the picture of a matched interface is seen: direction and caption.

    Along the directions that were asked to be parallel, else along the shorter cell vector, named
    in the indices of both crystals.
    """
    import numpy as np

    from qdstruct.report.structure_figure import shorter_vector

    if "substrate_directions" not in facts:
        return {}
    if facts.get("parallel"):
        wanted = np.array(facts["parallel"][1], dtype=float)
        rows = np.array(facts["substrate_directions"])
        shares = np.linalg.lstsq(rows.T, wanted, rcond=None)[0]
        names = facts["parallel"][::-1]
        view: dict[str, Any] = {"along": shares @ np.asarray(atoms.cell)[:2, :2]}
    else:
        vector = shorter_vector(atoms)
        names = [facts[f"{side}_directions"][vector] for side in ("substrate", "film")]
        view = {}
    sign = -1 if next((x for x in names[0] if abs(x) > 1e-6), 1.0) < 0 else 1
    words = [
        f"{_direction([sign * x for x in name])} of {facts[side]}"
        for name, side in zip(names, ("substrate", "film"), strict=True)
    ]
    return {**view, "caption": "seen along " + " ∥ ".join(words)}


def _direction(indices: list[float]) -> str:
    """Write [uvw] with whole numbers where small ones do."""
    from math import gcd

    scaled = next(
        ([n * x for x in indices] for n in (1, 2, 3, 4)
         if all(abs(n * x - round(n * x)) < 1e-3 for x in indices)), None
    )  # fmt: skip
    if scaled is None:
        return "[" + " ".join(f"{x:.2f}" for x in indices) + "]"
    whole = [round(x) for x in scaled]
    divisor = gcd(*whole) or 1
    return "[" + " ".join(str(x // divisor).replace("-", "−") for x in whole) + "]"


def write_page(
    atoms: Atoms, file: Path, problems: tuple[Problem, ...], colour: str, *, force: bool
) -> None:
    """Write the 3D page of a checked file beside it."""
    from qdstruct.report.structure_page import write_structure_page

    page = page_beside(file)
    write_structure_page(
        atoms,
        page,
        title=file.name,
        problems=problems,
        source=file.name,
        colour=colour,
        force=force,
    )
    typer.echo(f"wrote {page}", err=True)
