"""Command: series."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qdstruct.cli.output import JsonOption, print_json, print_table

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("series")
def series_command(
    directory: Annotated[Path, typer.Argument(help="A tree with single points in series.")],
    as_json: JsonOption = False,
) -> None:
    """Print the convergence series of a tree and the energies over its grid of shifts.

    Example: qdstruct series my-study
    """
    from qdstruct.pipeline.series_results import energy_series

    found = energy_series(directory)
    if as_json:
        print_json({"series": [each.to_dict() for each in found]})
        return
    for each in found:
        unit = f" ({each.unit})" if each.unit else ""
        rows = [
            (
                point,
                str(atoms),
                "not done" if energy is None else f"{energy:.5f}",
                "" if change is None else f"{change:+.3f}",
            )
            for point, atoms, energy, change in zip(
                each.points, each.n_atoms, each.energies, each.changes, strict=True
            )
        ]
        print_table(
            each.name,
            [f"Point{unit}", "Atoms", "Energy (eV)", each.meaning],
            rows,
            note="MOCK energies: plumbing, not physics." if each.is_mock else None,
        )
