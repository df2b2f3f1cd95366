"""Commands: build and check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qdstruct.cli.build_composites import composites
from qdstruct.cli.build_interfaces import interfaces
from qdstruct.cli.build_options import ColourOption, ForceOption, MaxStrain, ViewOption
from qdstruct.cli.build_output import print_report
from qdstruct.cli.build_parsing import parse_regions
from qdstruct.cli.build_particles import particles
from qdstruct.cli.build_request import check_colour, page_beside
from qdstruct.cli.build_slabs import slabs
from qdstruct.cli.build_views import write_page
from qdstruct.cli.output import JsonOption

__all__ = ["commands"]

commands = typer.Typer()
build = typer.Typer(no_args_is_help=True, help="Build slabs, interfaces and particles.")
for part in (slabs, interfaces, particles, composites):
    build.add_typer(part)
commands.add_typer(build, name="build")


@commands.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="Structure file.")],
    formula: Annotated[
        str | None, typer.Option("--formula", help="Composition it should have.")
    ] = None,
    charge: Annotated[
        float | None, typer.Option("--charge", help="Net charge it should have, e.")
    ] = None,
    film: Annotated[
        str | None, typer.Option("--film", help="Phase or structure file to compare the film with.")
    ] = None,
    substrate: Annotated[
        str | None,
        typer.Option("--substrate", help="Phase or structure file to compare the substrate with."),
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option("--region", help="REGION=PHASE for another region: core=CsPbBr3-Pbnm."),
    ] = None,
    max_strain: MaxStrain = 0.05,
    ignore_note: Annotated[
        bool,
        typer.Option("--ignore-note", help="Leave aside what the file itself says it is."),
    ] = False,
    view: ViewOption = False,
    colour: ColourOption = "element",
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Measure a structure against what it should be, and say what is wrong.

    Clashes, charge, composition, whole molecules and coordination; of every region also strain,
    bonds, symmetry and handedness beside its bulk crystal. What is not asked is taken from the note
    that the build commands write into their files. Exit code 1 when there are problems.

    Example: qdstruct check interface.extxyz --film CdS-zincblende --substrate CsPbBr3-Pbnm
    """
    from qdstruct.files import refuse_existing
    from qdstruct.pipeline.checking import check_file

    check_colour(colour)
    if view:
        refuse_existing(page_beside(file), force=force)
    given = {"film": film, "substrate": substrate, **parse_regions(region or [])}
    atoms, report, remarks = check_file(
        file,
        formula=formula,
        charge=charge,
        crystals={label: name for label, name in given.items() if name is not None},
        max_strain=max_strain,
        as_stated=not ignore_note,
    )
    if view:
        write_page(atoms, file, report.problems, colour, force=force)
    for remark in remarks:
        typer.echo(f"note: {remark}", err=True)
    print_report(file, atoms, report, as_json)
    if report.problems:
        raise typer.Exit(1)
