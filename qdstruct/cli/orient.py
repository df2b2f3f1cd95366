"""Command: orient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.output import JsonOption, print_json, print_table
from qdstruct.cli.two_crystals import (
    AreaOption,
    FilmArgument,
    IndexOption,
    StrainOption,
    SubstrateArgument,
    index_pair,
    load_pair,
    percent,
)

if TYPE_CHECKING:
    from qdstruct.model import OrientationRelation, Phase

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("orient")
def orient(
    film: FilmArgument,
    substrate: SubstrateArgument,
    planes: Annotated[
        str, typer.Option(metavar="HKL|HKL", help="Parallel planes, film | substrate.")
    ],
    directions: Annotated[
        str | None, typer.Option(metavar="UVW|UVW", help="Parallel directions, film | substrate.")
    ] = None,
    zones: Annotated[
        str | None,
        typer.Option(metavar="UVW|UVW", help="Instead: zone axes of two lattice transforms."),
    ] = None,
    interface: Annotated[
        str | None, typer.Option(metavar="HKL|HKL", help="Interface planes [default: --planes].")
    ] = None,
    max_index: IndexOption = 2,
    tolerance: Annotated[
        float, typer.Option(help="Largest angle between planes listed as parallel, degrees.")
    ] = 3.0,
    max_area: AreaOption = 400.0,
    max_strain: StrainOption = 0.05,
    max_twist: Annotated[
        float, typer.Option(help="Largest turn a coincidence cell may need, degrees.")
    ] = 3.0,
    as_json: JsonOption = False,
) -> None:
    """Work out an orientation relationship: planes ∥ planes and directions ∥ directions.

    Says whether both can hold at once, which planes then are parallel, and what the interface
    plane's coincidence cell and misfit are.

    Example: qdstruct orient CdS-zincblende CsPbBr3-cubic --planes '220|220' --directions '001|001'
    """
    from qdstruct import matching
    from qdstruct.errors import InputError

    if (directions is None) == (zones is None):
        raise InputError("give either --directions or --zones", hint="for example '001|111'")
    a, b = load_pair(film, substrate)
    options: dict[str, Any] = {
        "interface": index_pair(interface, "planes") if interface else None,
        "max_index": max_index,
        "tolerance": tolerance,
        "max_area": max_area,
        "max_strain": max_strain,
        "max_twist": max_twist,
    }
    parallel = index_pair(planes, "planes")
    if zones is not None:
        relation = matching.orientation_from_zones(
            a, b, zones=index_pair(zones, "zone axes"), planes=parallel, **options
        )
    else:
        relation = matching.orientation(
            a, b, planes=parallel, directions=index_pair(directions or "", "directions"), **options
        )
    if as_json:
        document = matching.orientation_document(relation)
        print_json({"film": a.name, "substrate": b.name} | document)
        return
    _print_relation(a, b, relation)


def _print_relation(film: Phase, substrate: Phase, relation: OrientationRelation) -> None:
    from qdstruct.matching import direction_label, orientation_summary, plane_label

    print_table(
        f"{film.name} {plane_label(relation.film_plane)} "
        f"{direction_label(relation.film_direction)} ∥ {substrate.name} "
        f"{plane_label(relation.substrate_plane)} {direction_label(relation.substrate_direction)}",
        ("quantity", "value"),
        orientation_summary(relation),
    )
    print_table(
        "Planes nearly parallel in this orientation (structure factor not zero)",
        ("film", "substrate", "angle °", "d film Å", "d substrate Å", "mismatch over film %"),
        (
            (
                plane_label(row.film_hkl),
                plane_label(row.substrate_hkl),
                f"{row.angle:.2f}",
                f"{row.film_spacing:.4f}",
                f"{row.substrate_spacing:.4f}",
                percent(row.mismatch),
            )
            for row in relation.parallel_planes[:20]
        ),
        note=f"{min(20, len(relation.parallel_planes))} of {len(relation.parallel_planes)} pairs",
    )
