"""Command: screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.output import JsonOption, print_json, print_table
from qdstruct.cli.two_crystals import (
    AreaOption,
    IndexOption,
    StrainOption,
    progress_bar,
)

if TYPE_CHECKING:
    pass

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("screen")
def screen(
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Table: .csv, .json, .parquet.")
    ],
    films: Annotated[
        list[str], typer.Option("--film", metavar="PHASE", help="A film; repeat for more.")
    ],
    substrates: Annotated[
        list[str], typer.Option("--substrate", metavar="PHASE", help="A substrate; repeat.")
    ],
    max_index: IndexOption = 1,
    max_area: AreaOption = 400.0,
    max_strain: StrainOption = 0.05,
    per_facet: Annotated[
        bool, typer.Option("--per-facet", help="Keep the best of every facet pair.")
    ] = False,
    jobs: Annotated[int, typer.Option(help="Processes; 0 takes every core.")] = 0,
    top: Annotated[int, typer.Option(help="Rows printed.")] = 20,
    report: Annotated[
        str | None,
        typer.Option("--report", metavar="PAGE.html", help="Also write a page of it."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing table.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Match every film on every substrate over all facets, in parallel, into one table.

    Interrupted, run the same command again: finished pairs are kept.

    Example: qdstruct screen --film PbS-galena --film CdS-zincblende --substrate CsPbBr3-cubic
    -o table.csv --report table.html
    """
    from pathlib import Path

    from qdstruct import matching, phases
    from qdstruct.errors import InputError

    if jobs < 0:
        raise InputError(f"--jobs must not be negative, not {jobs}")
    if report is not None:
        from qdstruct.files import refuse_existing

        refuse_existing(Path(report), force=force)
    film_phases = [phases.load(name) for name in films]
    substrate_phases = [phases.load(name) for name in substrates]
    with progress_bar("screening", len(films) * len(substrates)) as advance:
        results = matching.screen(
            film_phases,
            substrate_phases,
            Path(output),
            settings=matching.ScreenSettings(
                max_index=max_index, max_area=max_area, max_strain=max_strain, per_facet=per_facet
            ),
            n_workers=jobs or None,
            force=force,
            on_progress=lambda done, _total: advance(done),
        )
    if report is not None:
        from qdstruct.pipeline.reporting import write_screening_report

        write_screening_report(Path(output), Path(report), force=force)
    rows = sorted(
        (row for result in results for row in result.rows),
        key=lambda row: (row["area"], row["max_strain"]),
    )
    failed = [result for result in results if result.error]
    if as_json:
        print_json(
            {
                "output": output,
                "pairs": len(results),
                "failed": [
                    {"film": r.film, "substrate": r.substrate, "error": r.error} for r in failed
                ],
                "rows": rows,
            }
        )
    else:
        _print_screening(rows[:top], len(rows), len(results), output)
    for result in failed:
        typer.echo(f"failed: {result.film} on {result.substrate}: {result.error}", err=True)
    if failed:
        raise typer.Exit(1)


def _print_screening(rows: list[dict[str, Any]], n_rows: int, n_pairs: int, output: str) -> None:
    print_table(
        f"{n_pairs} pairs of phases, {n_rows} rows in {output}",
        ("film", "substrate", "film hkl", "substrate hkl", "area Å²", "strain %", "rotation °"),
        (
            (
                row["film"],
                row["substrate"],
                row["film_hkl"],
                row["substrate_hkl"],
                f"{row['area']:.1f}",
                f"{100 * row['max_strain']:.2f}",
                f"{row['rotation']:.2f}",
            )
            for row in rows
        ),
        note="Smallest area first." if rows else "Nothing fits within the bounds.",
    )
