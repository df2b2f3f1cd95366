"""Printing results: a readable table for people, one JSON document for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer

__all__ = ["MOCK", "JsonOption", "core_hours", "parse_miller", "print_json", "print_table"]

MOCK = "MOCK, not physics"
"""Said of everything that comes from the mock engine."""
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else there.")
]


def print_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, note: str | None = None
) -> None:
    """Print a table on stdout, wide enough not to cut words when piped.

    Parameters
    ----------
    title : str
        Line above the table.
    columns : sequence of str
        Headings, with units.
    rows : iterable of sequences of str
        Cells, already formatted.
    note : str, optional
        Line below the table.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    table = Table(title=Text(title), box=box.SIMPLE_HEAD, title_justify="left")
    for column in columns:
        table.add_column(Text(column))
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
    if note:
        console.print(Text(note))


def core_hours(value: float) -> str:
    """Write core-hours with two digits, and whole from a hundred."""
    return f"{value:.2g}" if value < 99.5 else f"{value:,.0f}"


def parse_miller(text: str) -> tuple[int, int, int]:
    """Read Miller indices as a user types them: ``1,-1,0``, ``1 -1 0``, ``1-10`` or ``(110)``.

    Raises
    ------
    InputError
        With what was expected.
    """
    import re

    from qdstruct.errors import InputError

    words = text.strip().strip("()[]{}")
    parts = re.split(r"[\s,]+", words) if re.search(r"[\s,]", words) else re.findall(r"-?\d", words)
    if len(parts) == 3 and all(re.fullmatch(r"[+-]?\d+", part) for part in parts):
        h, k, l = (int(part) for part in parts)  # noqa: E741 - the crystallographer's letters
        return (h, k, l)
    raise InputError(
        f"'{text}' is not a set of Miller indices",
        hint="write three integers such as 1,-1,0 or 110",
    )
