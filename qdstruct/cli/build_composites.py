"""Commands: build janus, coreshell and segmented."""

from __future__ import annotations

from typing import Annotated

import typer

from qdstruct.cli.build_ligands import LigandRequest, finish_covered
from qdstruct.cli.build_options import ContactGap, InPlaneShift, StrainOn, Vacuum
from qdstruct.cli.build_parsing import (
    parse_facets,
    parse_length_list,
    parse_lengths,
    parse_places,
    parse_shift,
)
from qdstruct.cli.build_particles import particle_facts
from qdstruct.cli.build_request import Wanted
from qdstruct.cli.option_groups import (
    MatchChoice,
    ligands,
    output_files,
    takes,
    which_match,
)
from qdstruct.cli.output import parse_miller

__all__ = ["composites"]

composites = typer.Typer()


@composites.command("janus")
@takes(wanted=output_files, cover=ligands, choice=which_match)
def build_janus(
    *,
    core: Annotated[str, typer.Argument(help="Phase of the cuboid core.")],
    cap: Annotated[str, typer.Argument(help="Phase that grows on one of its facets.")],
    core_size: Annotated[str, typer.Option("--core-size", help="Edge: 16nm or 160 (Å).")],
    core_facet: Annotated[str, typer.Option("--core-facet", help="Facet of the core.")],
    cap_facet: Annotated[str, typer.Option("--cap-facet", help="Plane of the cap in contact.")],
    cap_size: Annotated[
        str | None, typer.Option("--cap-size", help="Diameter of the cap; the core's edge.")
    ] = None,
    cap_shape: Annotated[
        str, typer.Option("--cap-shape", help="hemisphere, sphere or cuboid.")
    ] = "hemisphere",
    cap_height: Annotated[
        str | None, typer.Option("--cap-height", help="Height of a cuboid cap; half its edge.")
    ] = None,
    island: Annotated[
        list[str] | None,
        typer.Option(
            "--island", help="Centre of a cap from the facet's middle, 2,-2nm; may be repeated."
        ),
    ] = None,
    core_facets: Annotated[
        str | None, typer.Option("--core-facets", help="Three faces of the core.")
    ] = None,
    core_termination: Annotated[
        str | None, typer.Option("--core-termination", help="The core's plane in contact.")
    ] = None,
    cap_termination: Annotated[
        str | None, typer.Option("--cap-termination", help="The cap's plane in contact.")
    ] = None,
    strain_on: StrainOn = "film",
    gap: ContactGap = None,
    shift: InPlaneShift = "0,0",
    vacuum: Vacuum = 10.0,
    choice: MatchChoice,
    cover: LigandRequest,
    wanted: Wanted,
) -> None:
    """Grow a second crystal on one facet of a cuboid nanocrystal.

    Example: qdstruct build janus CsPbBr3-Pbnm CdS-zincblende --core-size 5.5nm --core-facet 0,0,1
    --cap-facet 0,0,1 -o janus.extxyz
    """
    from qdstruct import building, phases
    from qdstruct.pipeline.build import chosen_match

    asked = parse_lengths(core_size)
    inner, outer = phases.load(core), phases.load(cap)
    found = chosen_match(
        outer,
        inner,
        parse_miller(cap_facet),
        parse_miller(core_facet),
        number=choice.number,
        max_area=choice.max_area,
        max_strain=choice.max_strain,
    )
    built = building.build_janus(
        inner,
        outer,
        found,
        core_size=asked,
        cap_size=None if cap_size is None else parse_lengths(cap_size)[0],
        cap_shape=cap_shape,  # type: ignore[arg-type]
        cap_height=None if cap_height is None else parse_lengths(cap_height)[0],
        islands=parse_places(island) or [(0.0, 0.0)],
        core_facets=None if core_facets is None else parse_facets(core_facets),
        core_termination=core_termination,
        cap_termination=cap_termination,
        strain_on=strain_on,  # type: ignore[arg-type]
        gap=gap,
        shift=parse_shift(shift),
        vacuum=vacuum,
    )
    facts = {**particle_facts(built, asked), "gap": built.gap}
    finish_covered(f"{cap} on {core}", built.atoms, facts, cover, wanted)


@composites.command("coreshell")
@takes(wanted=output_files, cover=ligands, choice=which_match)
def build_coreshell(
    *,
    core: Annotated[str, typer.Argument(help="Phase of the cuboid core.")],
    shell: Annotated[str, typer.Argument(help="Phase of the shell.")],
    core_size: Annotated[str, typer.Option("--core-size", help="Edge: 8nm or 80 (Å).")],
    shell_thickness: Annotated[str, typer.Option("--shell-thickness", help="1nm or 10 (Å).")],
    core_facet: Annotated[str, typer.Option("--core-facet", help="Facet that sets the match.")],
    shell_facet: Annotated[str, typer.Option("--shell-facet", help="Plane of the shell on it.")],
    core_termination: Annotated[
        str | None, typer.Option("--core-termination", help="The core's plane in contact.")
    ] = None,
    shell_termination: Annotated[
        str | None, typer.Option("--shell-termination", help="The shell's plane in contact.")
    ] = None,
    strain_on: StrainOn = "film",
    shift: InPlaneShift = "0,0",
    vacuum: Vacuum = 10.0,
    choice: MatchChoice,
    cover: LigandRequest,
    wanted: Wanted,
) -> None:
    """Grow a second crystal all around a cuboid nanocrystal.

    Example: qdstruct build coreshell CsPbBr3-cubic PbS-galena --core-size 4nm --shell-thickness 1nm
    --core-facet 1,0,0 --shell-facet 1,0,0 --shift 0.25,0.25 -o coreshell.extxyz
    """
    from qdstruct import building, phases
    from qdstruct.pipeline.build import chosen_match

    asked = parse_lengths(core_size)
    inner, outer = phases.load(core), phases.load(shell)
    found = chosen_match(
        outer,
        inner,
        parse_miller(shell_facet),
        parse_miller(core_facet),
        number=choice.number,
        max_area=choice.max_area,
        max_strain=choice.max_strain,
    )
    built = building.build_coreshell(
        inner,
        outer,
        found,
        core_size=asked,
        shell_thickness=parse_lengths(shell_thickness)[0],
        core_termination=core_termination,
        shell_termination=shell_termination,
        strain_on=strain_on,  # type: ignore[arg-type]
        shift=parse_shift(shift),
        vacuum=vacuum,
    )
    facts = {**particle_facts(built, asked), "gap": built.gap}
    finish_covered(f"{shell} around {core}", built.atoms, facts, cover, wanted)


@composites.command("segmented")
@takes(wanted=output_files, cover=ligands, choice=which_match)
def build_segmented(
    *,
    first: Annotated[str, typer.Argument(help="Phase of the lowest segment.")],
    second: Annotated[str, typer.Argument(help="Phase of the segment on it; they alternate.")],
    lengths: Annotated[
        str, typer.Option("--lengths", help="Length of each segment from the lowest: 3,2,3nm.")
    ],
    width: Annotated[
        str, typer.Option("--width", help="Edge across the axis, or two: 4nm or 4,5nm.")
    ],
    first_facet: Annotated[
        str, typer.Option("--first-facet", help="Plane of the first crystal at the junctions.")
    ],
    second_facet: Annotated[
        str, typer.Option("--second-facet", help="Plane of the second crystal there.")
    ],
    first_termination: Annotated[
        str | None,
        typer.Option("--first-termination", help="Plane with which the first begins and ends."),
    ] = None,
    second_termination: Annotated[
        str | None,
        typer.Option("--second-termination", help="Plane with which the second begins and ends."),
    ] = None,
    strain_on: StrainOn = "film",
    gap: ContactGap = None,
    shift: Annotated[
        str, typer.Option("--shift", help="Shift of the second crystal, fractions a,b.")
    ] = "0,0",
    vacuum: Vacuum = 10.0,
    choice: MatchChoice,
    cover: LigandRequest,
    wanted: Wanted,
) -> None:
    """Stack segments of two crystals on each other: a rod.

    Example: qdstruct build segmented CsPbBr3-cubic PbS-galena --lengths 3,2,3nm --width 4nm
    --first-facet 1,0,0 --second-facet 1,0,0 --first-termination CsBr --shift 0.25,0.25 -o rod.xyz
    """
    from qdstruct import building, phases
    from qdstruct.pipeline.build import chosen_match

    spans, edges = parse_length_list(lengths), parse_length_list(width)
    lower, upper = phases.load(first), phases.load(second)
    found = chosen_match(
        upper,
        lower,
        parse_miller(second_facet),
        parse_miller(first_facet),
        number=choice.number,
        max_area=choice.max_area,
        max_strain=choice.max_strain,
    )
    built = building.build_segmented(
        lower,
        upper,
        found,
        lengths=spans,
        width=edges,
        first_termination=first_termination,
        second_termination=second_termination,
        strain_on=strain_on,  # type: ignore[arg-type]
        gap=gap,
        shift=parse_shift(shift),
        vacuum=vacuum,
    )
    asked = [edges[0], edges[-1], sum(spans)]
    facts = {**particle_facts(built, asked), "gap": built.gap}
    finish_covered(f"{first} and {second} in segments", built.atoms, facts, cover, wanted)
