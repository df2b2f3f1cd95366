"""Command: relax."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.build_options import ForceOption
from qdstruct.cli.build_output import problem_rows
from qdstruct.cli.output import JsonOption, print_json, print_table

if TYPE_CHECKING:
    from qdstruct.model import Relaxation

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("relax")
def relax(
    structure: Annotated[
        str, typer.Argument(metavar="FILE", help="Interface, slab or particle; any format.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="File to write: .extxyz, .vasp, .cif, .lmp.")
    ],
    calculator: Annotated[str, typer.Option(help="chgnet (extra), or ionic.")] = "chgnet",
    film: Annotated[
        str | None, typer.Option("--film", help="Crystal of the film, for the ionic model.")
    ] = None,
    substrate: Annotated[
        str | None, typer.Option("--substrate", help="Crystal below it, for the ionic model.")
    ] = None,
    fmax: Annotated[float, typer.Option(help="Largest force to stop at, eV/Å.")] = 0.1,
    steps: Annotated[int, typer.Option(help="Steps at most.")] = 200,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Let the atoms of a structure go; cell and fixed atoms stay.

    A start for a real calculation, not a replacement. Ctrl-C writes the best structure so far, and
    relaxing that file goes on from there. Exit code 1 when the forces did not get small enough.
    Example: qdstruct relax interface.extxyz --fmax 0.1 -o relaxed.extxyz
    """
    from importlib.metadata import version

    from qdstruct import building, phases
    from qdstruct.building.charges import formal_charges
    from qdstruct.building.export import check_destination

    check_destination(output, force=force)
    atoms = phases.read_atoms(structure)
    engine = building.interface_calculator(
        calculator, *(None if name is None else phases.load(name) for name in (film, substrate))
    )
    with _progress() as on_progress:
        done = building.relax_structure(
            atoms, engine, fmax=fmax, max_steps=steps, on_progress=on_progress
        )
    facts = _facts(done)
    provenance = {"made_by": f"qdstruct {version('qdstruct')}", "of": structure, **facts}
    building.write_structure(output, done.atoms, provenance=provenance, force=force)
    typer.echo(f"wrote {output}", err=True)
    charge = float(formal_charges(done.atoms).sum())
    problems = building.check_structure(done.atoms, charge=charge)
    if as_json:
        print_json({**facts, "file": str(output), "problems": problem_rows(problems)})
    else:
        rows = [(key.replace("_", " "), _words(value)) for key, value in facts.items()]
        lines = [f"{problem.kind}: {problem.message}" for problem in problems]
        if not done.converged:
            lines.append(f"not converged: the largest force is still {done.force:.3f} eV/Å")
        print_table(f"{structure} relaxed", ["Property", "Value (Å, eV)"], rows,
                    note="\n".join(lines) or None)  # fmt: skip
    if not done.converged:
        raise typer.Exit(1)


def _facts(done: Relaxation) -> dict[str, Any]:
    names = ("method", "energy_before", "energy", "force_before", "force", "steps", "converged",
             "farthest", "seconds")  # fmt: skip
    return {"n_atoms": len(done.atoms), **{name: getattr(done, name) for name in names}}


def _words(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, float, float], None]]:
    """Show the last step on stderr at a terminal, every tenth elsewhere."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:

        def line(step: int, energy: float, force: float) -> None:
            if step % 10 == 0:
                typer.echo(f"step {step}: {energy:.4f} eV, {force:.3f} eV/Å", err=True)

        yield line
        return
    with console.status("relaxing") as status:
        yield lambda step, energy, force: status.update(
            f"step {step}: {energy:.4f} eV, largest force {force:.3f} eV/Å"
        )
