"""Commands: analyze and report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qdstruct.cli.output import JsonOption, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["commands"]

commands = typer.Typer()

TreeArgument = Annotated[Path, typer.Argument(help="A directory made by 'qdstruct prepare'.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace what exists already.")]
MuOption = Annotated[
    list[str] | None,
    typer.Option(
        "--mu",
        help="Chemical potential in eV per atom of an element that the cell holds beyond whole "
        "formula units: S=-4.1, or a range S=-5.2:-4.1.",
    ),
]


@commands.command("analyze")
def analyze_command(
    directory: TreeArgument, mu: MuOption = None, as_json: JsonOption = False
) -> None:
    """Compute everything the finished jobs allow; write results.json and figures/.

    Example: qdstruct analyze my-study
    """
    from qdstruct.cli.analysis_output import study_document, study_lines
    from qdstruct.pipeline.analyse import analyse
    from qdstruct.pipeline.reporting import write_figures

    results = analyse(directory, chemical_potentials=_potentials(mu or []), on_step=_say())
    files = write_figures(directory, results)
    if as_json:
        print_json(study_document(results))
        return
    note = "\n".join([*results.notes, f"Written: {directory}/results.json, {len(files)} files in "
                      f"{directory}/figures/"])  # fmt: skip
    print_table(results.study, ["Result", "Value"], study_lines(results), note=note)


def _say() -> Callable[[str], None]:
    return lambda step: typer.echo(f"→ {step}", err=True)


def _potentials(words: list[str]) -> dict[str, tuple[float, ...]]:
    """Read ``S=-4.1`` and ``S=-5.2:-4.1``."""
    from qdstruct.errors import InputError

    found: dict[str, tuple[float, ...]] = {}
    for word in words:
        symbol, equals, numbers = word.partition("=")
        try:
            values = tuple(float(number) for number in numbers.split(":"))
        except ValueError:
            values = ()
        if not equals or not symbol.strip() or len(values) not in (1, 2):
            raise InputError(
                f"--mu {word}: write ELEMENT=eV or ELEMENT=LOW:HIGH, for example S=-4.1"
            )
        found[symbol.strip()] = values
    return found


@commands.command("report")
def report_command(
    directory: TreeArgument,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="HTML file [DIRECTORY/report.html].")
    ] = None,
    force: ForceOption = False,
    mu: MuOption = None,
) -> None:
    """Analyse the tree as it stands and write the one-page HTML report.

    Example: qdstruct report my-study -o my-study.html
    """
    from qdstruct.files import refuse_existing
    from qdstruct.pipeline.analyse import analyse
    from qdstruct.pipeline.reporting import write_report

    if output is not None:
        refuse_existing(output, force=force)
    results = analyse(directory, chemical_potentials=_potentials(mu or []), on_step=_say())
    typer.echo(f"written: {write_report(directory, output, results=results)}")
