"""Command: reproduce."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.output import JsonOption, print_json, print_table

if TYPE_CHECKING:
    from qdstruct.model import PublishedComparison

__all__ = ["commands"]

commands = typer.Typer()


def _document(row: PublishedComparison) -> dict[str, Any]:
    """Return the row with numbers as numbers, lists of numbers as lists."""
    numbers = {"published": _numbers(row.published), "ours": _numbers(row.ours)}
    return row.to_dict() | numbers


def _numbers(text: str | None) -> Any:
    if text is None:
        return None
    try:
        values = [float(word) for word in text.split(",")]
    except ValueError:
        return text
    return values[0] if len(values) == 1 else values


_FORMATS = ("table", "csv", "md")


def _text(form: str, rows: tuple[PublishedComparison, ...], asked: str) -> str:
    from qdstruct.pipeline.reproduction.costs import calculation_costs
    from qdstruct.pipeline.reproduction.documents import csv_table, markdown_page

    if form == "csv":
        return csv_table(rows)
    return markdown_page(rows, calculation_costs(), asked=asked)


@commands.command("reproduce")
def reproduce_command(
    name: Annotated[str, typer.Argument(help="Part of a system's name, or all.")] = "all",
    every: Annotated[
        bool, typer.Option("--every", help="Also list what cannot be computed here.")
    ] = False,
    form: Annotated[
        str, typer.Option("--format", help="table, csv, or md for a page with estimates of cost.")
    ] = "table",
    as_json: JsonOption = False,
) -> None:
    """Put published numbers beside ours, with the reason where they differ.

    Example: qdstruct reproduce CdS
    """
    from qdstruct.errors import InputError
    from qdstruct.pipeline.reproduction import NOT_COMPUTABLE, reproduce

    if form not in _FORMATS:
        raise InputError(f"--format {form} is unknown", hint=f"choose: {', '.join(_FORMATS)}")
    rows = reproduce(name)
    if form != "table" and not as_json:
        typer.echo(_text(form, rows, name), nl=False)
        return
    if as_json:
        print_json({"rows": [_document(row) for row in rows]})
        return
    counts = Counter(row.verdict for row in rows)
    print_table(
        f"Published against ours: {name}",
        ["System", "Quantity", "Published", "Ours", "Unit", "Verdict", "Why"],
        [
            (row.system, row.quantity, row.published, row.ours or "–", row.unit, row.verdict,
             row.reason)
            for row in rows
            if every or row.verdict != NOT_COMPUTABLE
        ],
        note=", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())),
    )  # fmt: skip
