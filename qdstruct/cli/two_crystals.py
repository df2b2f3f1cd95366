"""What the commands about two crystals share: their arguments, index pairs and progress."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.output import parse_miller

if TYPE_CHECKING:
    from qdstruct.model import Miller, Phase

__all__ = [
    "AreaOption",
    "FilmArgument",
    "IndexOption",
    "StrainOption",
    "SubstrateArgument",
    "index_pair",
    "load_pair",
    "percent",
    "progress_bar",
]

FilmArgument = Annotated[str, typer.Argument(metavar="FILM", help="Phase name or structure file.")]
SubstrateArgument = Annotated[
    str, typer.Argument(metavar="SUBSTRATE", help="Phase name or structure file.")
]
AreaOption = Annotated[
    float, typer.Option(help="Largest coincidence cell, Å², on film and on substrate.")
]
StrainOption = Annotated[
    float, typer.Option(help="Largest |principal stretch − 1| of the film: 0.05 is 5 %.")
]
IndexOption = Annotated[int, typer.Option(help="Largest Miller index of either crystal.")]


def index_pair(text: str, what: str) -> tuple[Miller, Miller]:
    """Read a pair of indices, the film's and the substrate's, with a bar between them."""
    from qdstruct.errors import InputError

    halves = text.replace("‖", "|").replace("∥", "|").replace("||", "|").split("|")
    if len(halves) != 2:
        raise InputError(
            f"'{text}' is not a pair of {what}",
            hint="write the film's and the substrate's with a bar between them: '220|220'",
        )
    return parse_miller(halves[0]), parse_miller(halves[1])


def load_pair(film: str, substrate: str) -> tuple[Phase, Phase]:
    """Load the film and the substrate."""
    from qdstruct import phases

    return phases.load(film), phases.load(substrate)


def percent(value: float) -> str:
    """Return a fraction as a percentage with sign."""
    return f"{100 * value:+.2f}"


@contextlib.contextmanager
def progress_bar(what: str, total: int) -> Iterator[Any]:
    """Show a progress bar on stderr where that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)

        def advance(done: int | None = None) -> None:
            bar.update(task, advance=1 if done is None else None, completed=done)

        yield advance
