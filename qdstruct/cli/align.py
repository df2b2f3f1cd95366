"""Command: align."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qdstruct.cli.analysis import (
    AxisOption,
    FilmOption,
    PlaneOption,
    SubstrateOption,
    directory_choices,
)
from qdstruct.cli.output import JsonOption, print_json, print_table

if TYPE_CHECKING:
    from qdstruct.model import BandAlignment, LevelSet

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("align")
def align_command(
    tables: Annotated[
        list[str] | None,
        typer.Argument(help="Level tables (.yaml, .csv), or names of shipped ones."),
    ] = None,
    calculations: Annotated[
        Path | None,
        typer.Option("--calculations", "-c", help="A tree or a directory with VASP outputs."),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option("--figure", help="Level diagram: .pdf, .png or .svg.")
    ] = None,
    film: FilmOption = None,
    substrate: SubstrateOption = None,
    plane: PlaneOption = None,
    axis: AxisOption = None,
    uncertainty: Annotated[
        float | None,
        typer.Option(min=0, help="± eV of each edge of tables that give none."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing figure.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Align the bands of two materials: level tables, finished calculations, or both together.

    Example: qdstruct align pma2pbbr4-cspbbr3 --figure levels.png
    Example: qdstruct align measured.csv --calculations my-study --figure levels.pdf
    """
    from qdstruct.errors import InputError
    from qdstruct.files import refuse_existing
    from qdstruct.model import LevelSet
    from qdstruct.report.assembly_figures import figure_format, write_figure

    if not tables and calculations is None:
        raise InputError("nothing to align", hint="name a level table or --calculations DIRECTORY")
    if figure is not None:
        figure_format(figure)
        refuse_existing(figure, force=force)
    sets = [each for name in tables or [] for each in _table(name, uncertainty)]
    found: tuple[BandAlignment, ...] = ()
    notes = [f"{each.name}: {each.note}" for each in sets if each.note]
    if calculations is not None:
        from qdstruct.pipeline.aligning import align_calculations
        from qdstruct.pipeline.directory import Settings

        choices = directory_choices(film, substrate, plane, axis, Settings())
        found, said = align_calculations(calculations, choices)
        notes += said
    sets += [LevelSet.of(alignment) for alignment in found]
    if figure is not None and sets:
        from qdstruct.report.potential_figures import level_figure
        from qdstruct.report.style import figure_style

        with figure_style():
            drawn = level_figure(sets)
        write_figure(drawn, figure, force=force)
        typer.echo(f"wrote {figure}", err=True)
    if as_json:
        print_json({"sets": [_document(each) for each in sets],
                    "alignments": [each.to_dict() for each in found], "notes": notes})  # fmt: skip
        return
    _print(sets, notes)


def _table(name: str, uncertainty: float | None) -> list[LevelSet]:
    from dataclasses import replace

    from qdstruct.analysis import with_kind
    from qdstruct.pipeline.levels import find_levels, read_levels

    sets = list(read_levels(find_levels(name)))
    if uncertainty is None:
        return sets
    return [
        with_kind(
            replace(
                each,
                film=replace(each.film, uncertainty=each.film.uncertainty or uncertainty),
                substrate=replace(
                    each.substrate, uncertainty=each.substrate.uncertainty or uncertainty
                ),
            )
        )
        for each in sets
    ]


def _document(levels: LevelSet) -> dict[str, object]:
    return {
        **levels.to_dict(),
        "valence_offset": levels.valence_offset,
        "conduction_offset": levels.conduction_offset,
        "uncertainty": _uncertainty(levels),
    }


def _uncertainty(levels: LevelSet) -> float:
    return float((levels.film.uncertainty**2 + levels.substrate.uncertainty**2) ** 0.5)


def _print(sets: list[LevelSet], notes: list[str]) -> None:
    def number(value: float | None, sign: str = "+") -> str:
        return "not known" if value is None else f"{value:{sign}.2f}".replace("-", "−")

    print_table(
        "Film minus substrate, eV",
        ["Set", "Film: valence, conduction", "Substrate: valence, conduction", "ΔE valence",
         "ΔE conduction", "±", "Type", "Zero"],
        [
            (each.name,
             *(f"{side.material} {number(side.valence, '')}, {number(side.conduction, '')}"
               for side in (each.film, each.substrate)),
             number(each.valence_offset), number(each.conduction_offset),
             f"{_uncertainty(each):.2f}" if _uncertainty(each) else "not given",
             each.kind or "not told: an edge is missing", each.reference)
            for each in sets
        ],
        note="\n".join([*notes, *dict.fromkeys(e.source for e in sets if e.source)]) or None,
    )  # fmt: skip
