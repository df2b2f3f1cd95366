"""Command: submit."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from qdstruct.errors import InputError

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("submit")
def submit_command(
    directory: Annotated[Path, typer.Argument(help="A directory made by 'qdstruct prepare'.")],
    profile: Annotated[Path, typer.Option(help="Cluster profile (TOML).")],
    plain: Annotated[
        bool,
        typer.Option("--plain", help="Scripts of bash and awk: no Python where the jobs run."),
    ] = False,
    engine: Annotated[str, typer.Option(help="vasp, or mock to try the chain.")] = "vasp",
    command: Annotated[
        str | None, typer.Option(help="How VASP is started [the profile's command].")
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="Also run the script that submits.")] = False,
) -> None:
    """Write a chain of batch scripts, each job after those it needs, for clusters without Python.

    Example: qdstruct submit my-study --plain --profile mycluster.toml
    """
    from qdstruct.pipeline.submit import read_profile, submit_plain

    if not plain:
        raise InputError(
            "submit writes plain scripts: say --plain",
            hint=f"with Python on the compute nodes: qdstruct run {directory} --profile {profile}",
        )
    script = submit_plain(directory, read_profile(profile), engine=engine, command=command)
    if not now:
        typer.echo(f"Written. To submit: bash {shlex.quote(str(script))}")
        return
    import subprocess

    done = subprocess.run(["bash", str(script)], check=False)
    if done.returncode:
        raise typer.Exit(1)
