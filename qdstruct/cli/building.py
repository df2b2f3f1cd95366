"""Commands: build and check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.build_output import (
    ColourOption,
    FigureOption,
    FilmHkl,
    FilmLayers,
    FilmName,
    ForceOption,
    MaxArea,
    MaxStrain,
    OutputOption,
    StrainOn,
    SubstrateHkl,
    SubstrateLayers,
    SubstrateName,
    Vacuum,
    ViewOption,
    Wanted,
    check_colour,
    finish,
    page_beside,
    parse_parallel,
    parse_regions,
    parse_shift,
    print_report,
    write_page,
)
from qdstruct.cli.build_particles import particles
from qdstruct.cli.output import JsonOption, parse_miller, print_json, print_table

if TYPE_CHECKING:
    from qdstruct.model import Interface

__all__ = ["commands"]

commands = typer.Typer()
build = typer.Typer(no_args_is_help=True, help="Build slabs, interfaces and particles.")
build.add_typer(particles)
commands.add_typer(build, name="build")


@build.command("terminations")
def show_terminations(
    phase: Annotated[str, typer.Argument(help="Phase name or structure file.")],
    hkl: Annotated[str, typer.Option("--hkl", help="Plane, e.g. 0,0,1.")],
    as_json: JsonOption = False,
) -> None:
    """List every distinct way to cut a crystal along a plane.

    Example: qdstruct build terminations CsPbBr3-Pbnm --hkl 0,0,1
    """
    from qdstruct import building, phases

    found = building.terminations(phases.load(phase), parse_miller(hkl))
    if as_json:
        print_json(
            {
                "phase": phase,
                "hkl": list(parse_miller(hkl)),
                "terminations": [termination.to_dict() for termination in found],
            }
        )
        return
    print_table(
        f"Terminations of {phase} ({hkl})",
        ["Plane", "Cut at", "Charge / e", "Tasker type", "Dipole / e Å", "Top cut / Å⁻²",
         "Bottom cut / Å⁻²"],
        [
            (
                one.name,
                f"{one.height:.3f}",
                f"{one.layer_charge:+g}",
                str(one.tasker_type),
                f"{one.dipole:+.2f}",
                f"{one.cut_above:.3f}",
                f"{one.cut_below:.3f}",
            )
            for one in found
        ],
        note="The cut lies above the plane, as a fraction of the repeat. Top and bottom cut: bond "
        "valence broken per area when the plane ends the crystal at the top or at the bottom.",
    )  # fmt: skip


@build.command("slab")
def build_slab(
    phase: Annotated[str, typer.Argument(help="Phase name or structure file.")],
    hkl: Annotated[str, typer.Option("--hkl", help="Face, e.g. 1,1,0.")],
    output: OutputOption = None,
    layers: Annotated[
        int | None, typer.Option("--layers", help="Repeats of the plane spacing (default 2).")
    ] = None,
    thickness: Annotated[
        float | None, typer.Option("--thickness", help="Least thickness in Å.")
    ] = None,
    termination: Annotated[
        str | None,
        typer.Option("--termination", help="Plane at the top face; see 'build terminations'."),
    ] = None,
    bottom_termination: Annotated[
        str | None, typer.Option("--bottom-termination", help="Plane at the bottom face.")
    ] = None,
    symmetric: Annotated[
        bool, typer.Option("--symmetric", help="The same termination on both faces.")
    ] = False,
    cell: Annotated[
        str, typer.Option("--cell", help="In-plane cell: primitive or orthogonal.")
    ] = "primitive",
    centre: Annotated[
        bool, typer.Option("--centre", help="Put the slab in the middle of the cell.")
    ] = False,
    vacuum: Vacuum = 15.0,
    figure: FigureOption = None,
    view: ViewOption = False,
    colour: ColourOption = "element",
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Cut a slab from a crystal.

    Example: qdstruct build slab CsPbBr3-Pbnm --hkl 0,0,1 --layers 2 --termination CsBr -o POSCAR
    """
    from qdstruct import building, phases
    from qdstruct.errors import BuildError

    wanted = Wanted(output, figure, view, colour, force, as_json)
    wanted.check()
    if symmetric and termination is None:
        raise BuildError(
            "--symmetric needs to know which termination", hint="add --termination NAME"
        )
    slab = building.build_slab(
        phases.load(phase),
        parse_miller(hkl),
        layers=layers,
        thickness=thickness,
        bottom_termination=termination if symmetric else bottom_termination,
        top_termination=termination,
        vacuum=vacuum,
        cell=cell,  # type: ignore[arg-type]
        centre=centre,
    )
    facts: dict[str, Any] = {
        "phase": slab.phase_name,
        "hkl": list(slab.hkl),
        "layers": slab.n_layers,
        "thickness": slab.thickness,
        "bottom_termination": slab.bottom_termination,
        "top_termination": slab.top_termination,
        "vacuum": slab.vacuum,
    }
    finish(f"Slab of {phase} ({hkl})", slab.atoms, facts, wanted)


@build.command("interface")
def build_interface(
    film: FilmName,
    substrate: SubstrateName,
    film_hkl: FilmHkl,
    substrate_hkl: SubstrateHkl,
    output: OutputOption = None,
    match: Annotated[
        int, typer.Option("--match", min=1, help="Row of 'qdstruct match' to build.")
    ] = 1,
    max_area: MaxArea = 200.0,
    max_strain: MaxStrain = 0.05,
    film_direction: Annotated[
        str | None,
        typer.Option("--film-direction", help="In-plane [uvw] of the film parallel to …"),
    ] = None,
    substrate_direction: Annotated[
        str | None,
        typer.Option("--substrate-direction", help="… this [uvw] of the substrate."),
    ] = None,
    tolerance: Annotated[
        float, typer.Option("--tolerance", help="By how many degrees the two may differ.")
    ] = 1.0,
    film_layers: FilmLayers = 2,
    substrate_layers: SubstrateLayers = 2,
    film_termination: Annotated[
        str | None,
        typer.Option("--film-termination", help="The film's plane in contact (its bottom)."),
    ] = None,
    substrate_termination: Annotated[
        str | None,
        typer.Option("--substrate-termination", help="The substrate's plane in contact (top)."),
    ] = None,
    strain_on: StrainOn = "film",
    gap: Annotated[
        float | None, typer.Option("--gap", help="Gap in Å; from radii when left out.")
    ] = None,
    shift: Annotated[
        str,
        typer.Option("--shift", help="In-plane shift of the film: fractions a,b, or 'closest'."),
    ] = "0,0",
    vacuum: Vacuum = 15.0,
    sandwich: Annotated[
        bool, typer.Option("--sandwich", help="Substrate below and above the film.")
    ] = False,
    fix_outer_layers: Annotated[
        int, typer.Option("--fix-outer-layers", help="Atomic planes held at each outer face.")
    ] = 0,
    figure: FigureOption = None,
    view: ViewOption = False,
    colour: ColourOption = "element",
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Put a film on a substrate in one of their coincidence cells.

    Example: qdstruct build interface CdS-zincblende CsPbBr3-Pbnm --film-hkl 0,0,1
    --substrate-hkl 0,0,1 --substrate-termination PbBr2 -o interface.vasp
    """
    from qdstruct.pipeline.build import build_matched_interface

    wanted = Wanted(output, figure, view, colour, force, as_json)
    wanted.check()
    parallel = parse_parallel(film_direction, substrate_direction)
    built = build_matched_interface(
        film,
        substrate,
        parse_miller(film_hkl),
        parse_miller(substrate_hkl),
        number=match,
        max_area=max_area,
        max_strain=max_strain,
        parallel=parallel,
        tolerance=tolerance,
        film_layers=film_layers,
        substrate_layers=substrate_layers,
        film_termination=film_termination,
        substrate_termination=substrate_termination,
        strain_on=strain_on,
        gap=gap,
        shift="closest" if shift == "closest" else parse_shift(shift),
        vacuum=vacuum,
        sandwich=sandwich,
        fix_outer_layers=fix_outer_layers,
    )
    facts = _interface_facts(built)
    if parallel is not None:
        facts["parallel"] = [list(direction) for direction in parallel]
    finish(f"{film} ({film_hkl}) on {substrate} ({substrate_hkl})", built.atoms, facts, wanted)


@build.command("lateral")
def build_lateral(
    film: FilmName,
    substrate: SubstrateName,
    film_hkl: FilmHkl,
    substrate_hkl: SubstrateHkl,
    output: OutputOption = None,
    film_direction: Annotated[
        str | None,
        typer.Option("--film-direction", help="In-plane [uvw] of the film along the stacking."),
    ] = None,
    substrate_direction: Annotated[
        str | None,
        typer.Option("--substrate-direction", help="Stacking axis [uvw] (default: longest axis)."),
    ] = None,
    max_area: MaxArea = 400.0,
    max_strain: MaxStrain = 0.05,
    film_layers: FilmLayers = 3,
    substrate_layers: SubstrateLayers = 2,
    film_termination: Annotated[
        str | None, typer.Option("--film-termination", help="The film's plane in contact.")
    ] = None,
    substrate_termination: Annotated[
        str | None,
        typer.Option("--substrate-termination", help="The substrate's plane in contact."),
    ] = None,
    strain_on: StrainOn = "film",
    gap: Annotated[
        float | None, typer.Option("--gap", help="Gap in Å; from radii when left out.")
    ] = None,
    shift: Annotated[
        str | None, typer.Option("--shift", help="In-plane shift a,b; the best when left out.")
    ] = None,
    vacuum: Vacuum = 15.0,
    figure: FigureOption = None,
    view: ViewOption = False,
    colour: ColourOption = "element",
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Join a layered crystal and another side by side, its layers running into the interface.

    Example: qdstruct build lateral CsPbBr3-cubic PMA2PbBr4 --film-hkl 0,0,1 --substrate-hkl 0,1,0
    --film-direction 1,1,0 -o lateral.extxyz
    """
    from qdstruct import building, phases

    wanted = Wanted(output, figure, view, colour, force, as_json)
    wanted.check()
    built = building.build_lateral(
        phases.load(film),
        phases.load(substrate),
        film_hkl=parse_miller(film_hkl),
        substrate_hkl=parse_miller(substrate_hkl),
        film_direction=None if film_direction is None else parse_miller(film_direction),
        substrate_direction=(
            None if substrate_direction is None else parse_miller(substrate_direction)
        ),
        film_layers=film_layers,
        substrate_layers=substrate_layers,
        film_termination=film_termination,
        substrate_termination=substrate_termination,
        max_area=max_area,
        max_strain=max_strain,
        strain_on=strain_on,  # type: ignore[arg-type]
        gap=gap,
        shift=None if shift is None else parse_shift(shift),
        vacuum=vacuum,
    )
    title = f"{film} ({film_hkl}) beside {substrate} ({substrate_hkl})"
    finish(title, built.atoms, _interface_facts(built), wanted)


def _interface_facts(built: Interface) -> dict[str, Any]:
    import numpy as np

    facts: dict[str, Any] = {
        "geometry": built.geometry,
        "film": built.film.phase_name,
        "film_hkl": list(built.film.hkl),
        "film_layers": built.film.n_layers,
        "film_termination": built.film.bottom_termination,
        "substrate": built.substrate.phase_name,
        "substrate_hkl": list(built.substrate.hkl),
        "substrate_layers": built.substrate.n_layers,
        "substrate_termination": built.substrate.top_termination,
        "area": built.area,
        "gap": built.gap,
        "shift": list(built.shift),
        "film_strain": built.film_strain.tolist(),
        "substrate_strain": built.substrate_strain.tolist(),
        "vacuum": built.vacuum,
        "interface_height": built.interface_height,
    }
    below = np.asarray(built.atoms.arrays["region"]) == "substrate"
    heights = built.atoms.positions[:, 2]
    if heights[below].max() < heights[~below].max():
        facts["substrate_formula"] = built.atoms[below].get_chemical_formula()
    else:
        facts["sandwich"] = True
    if built.match is not None:
        facts["film_directions"] = built.match.film_directions.tolist()
        facts["substrate_directions"] = built.match.substrate_directions.tolist()
    if built.junction is not None:
        facts["bridges"] = [
            f"{bridge.substrate_length:.2f} + {bridge.film_length:.2f} Å, {bridge.angle:.0f}°"
            for bridge in built.junction.bridges
        ]
        facts["broken_octahedra_film"] = len(built.junction.broken_film)
        facts["broken_octahedra_substrate"] = len(built.junction.broken_substrate)
        facts["removed_ions"] = built.junction.removed
    return facts


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
        str | None, typer.Option("--film", help="Phase to compare the film region with.")
    ] = None,
    substrate: Annotated[
        str | None, typer.Option("--substrate", help="Phase to compare the substrate with.")
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
    that the build commands write into their files. Exit code 1 when there are problems. Example:
    qdstruct check interface.extxyz --film CdS-zincblende --substrate CsPbBr3-Pbnm
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
