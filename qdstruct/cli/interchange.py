"""Commands: export and fetch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["commands"]

commands = typer.Typer()

ForceOption = Annotated[bool, typer.Option("--force", help="Replace what exists already.")]


@commands.command("export")
def export_command(
    directory: Annotated[Path, typer.Argument(help="A directory made by 'qdstruct prepare'.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="JSON file to write; for quacc a directory.")
    ],
    form: Annotated[
        str,
        typer.Option(
            "--as", help="provenance (files with hashes), jobflow (a Flow) or quacc (a script)."
        ),
    ] = "provenance",
    engine: Annotated[str, typer.Option(help="Program of the Flow.")] = "vasp",
    command: Annotated[str | None, typer.Option(help="How it is started.")] = None,
    force: ForceOption = False,
) -> None:
    """Write a tree for other programs: provenance with hashes, a jobflow Flow, a quacc workflow.

    Example: qdstruct export my-study --as jobflow -o flow.json
    """
    from qdstruct.errors import InputError
    from qdstruct.files import refuse_existing, write_atomically
    from qdstruct.pipeline.interchange import provenance, to_flow

    refuse_existing(output, force=force)
    if form == "quacc":
        _export_quacc(directory, output, force)
        return
    if form == "provenance":
        text = json.dumps(provenance(directory), indent=1, ensure_ascii=False)
    elif form == "jobflow":
        text = to_flow(directory, engine=engine, command=command).to_json()
    else:
        raise InputError(f"--as {form}: unknown form", hint="provenance, jobflow or quacc")
    write_atomically(output, text)
    typer.echo(f"written: {output}")


def _export_quacc(directory: Path, output: Path, force: bool) -> None:
    from qdstruct.pipeline.interchange import write_quacc

    for name, reason in write_quacc(directory, output, force=force).items():
        typer.echo(f"left out: {name}: {reason}", err=True)
    typer.echo(f"written: {output}/flow.py; with quacc: python {output}/flow.py")


@commands.command("fetch")
def fetch_command(
    number: Annotated[str, typer.Argument(help="Number of the structure, e.g. mp-600089.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Structure file (cif, vasp, …).")],
    provider: Annotated[
        str, typer.Option(help="mp, cod, oqmd, alexandria, or the address of a service.")
    ] = "mp",
    force: ForceOption = False,
) -> None:
    """Fetch a structure by its number from a database that speaks OPTIMADE (needs a network).

    Example: qdstruct fetch mp-600089 -o CsPbBr3.cif
    """
    from ase.io import write

    from qdstruct.files import refuse_existing
    from qdstruct.pipeline.interchange import fetch_structure

    refuse_existing(output, force=force)
    atoms = fetch_structure(number, provider=provider)
    write(output, atoms)
    typer.echo(f"{atoms.get_chemical_formula()} from {atoms.info['source']}, written: {output}")
