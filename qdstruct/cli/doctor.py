"""Command: doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from qdstruct.cli.output import JsonOption, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qdstruct.model import HealthCheck

__all__ = ["commands"]

commands = typer.Typer()

_MARKS = {"fine": ("✓", "green"), "absent": ("–", "dim"), "broken": ("✗", "bold red")}


@commands.command("doctor")
def doctor_command(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WHAT]...",
            help="What you need: installation, vasp, slurm, mock, xtb, gpaw, chgnet, browser; "
            "all of them are looked at when none is named.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Look whether everything works that a study may need, and say how to mend what does not.

    Exit code 1 when something is broken, or when something that was named is not set up.

    Example: qdstruct doctor vasp slurm
    """
    from qdstruct.pipeline.doctor import examine, is_well

    asked = what or []
    checks = examine(asked)
    well = is_well(checks, asked)
    if as_json:
        print_json({"ok": well, "asked": asked, "checks": [check.to_dict() for check in checks]})
    else:
        _print(checks, well)
    if not well:
        raise typer.Exit(1)


def _print(checks: Sequence[HealthCheck], well: bool) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    group = ""
    for check in checks:
        if check.group != group:
            group = check.group
            console.print(Text(group, style="bold"))
        mark, style = _MARKS[check.state]
        console.print(Text(f"  {mark} {check.name}: {check.found}", style=style))
        if check.fix:
            console.print(Text(f"      {check.fix}"))
    broken = sum(check.state == "broken" for check in checks)
    absent = sum(check.state == "absent" for check in checks)
    ending = f"{broken} broken, {absent} not set up" if broken or not well else "all is well"
    console.print(Text(f"{len(checks)} checks: {ending}" + _later(absent, broken, well)))


def _later(absent: int, broken: int, well: bool) -> str:
    if broken or not well or not absent:
        return ""
    return f"; {absent} not set up, needed only if you want it"
