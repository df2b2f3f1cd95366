"""Commands: build nanocrystal, janus, coreshell, segmented and superlattice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.build_output import (
    ColourOption,
    FigureOption,
    ForceOption,
    LigandSeed,
    LigandsOption,
    MaxArea,
    MaxStrain,
    OutputOption,
    StrainOn,
    Vacuum,
    ViewOption,
    Wanted,
    finish,
    parse_counts,
    parse_energies,
    parse_facets,
    parse_length_list,
    parse_lengths,
    parse_ligands,
    parse_places,
    parse_shift,
)
from qdstruct.cli.output import JsonOption, parse_miller

if TYPE_CHECKING:
    from ase import Atoms

    from qdstruct.model import Nanocrystal

__all__ = ["particles"]

particles = typer.Typer()


@particles.command("nanocrystal")
def build_nanocrystal(
    phase: Annotated[str, typer.Argument(help="Phase name or structure file.")],
    size: Annotated[
        str | None, typer.Option("--size", help="Edge or diameter: 16nm or 160 (Å), or three.")
    ] = None,
    cells: Annotated[
        str | None, typer.Option("--cells", help="Instead: repeats along each edge, 5 or 5,5,8.")
    ] = None,
    output: OutputOption = None,
    shape: Annotated[
        str, typer.Option("--shape", help="cuboid, sphere or wulff (a truncated cube is wulff).")
    ] = "cuboid",
    facets: Annotated[
        str | None,
        typer.Option("--facets", help="Faces of the cuboid, e.g. '1,1,0 1,-1,0 0,0,1'."),
    ] = None,
    energies: Annotated[
        str | None,
        typer.Option("--energies", help="Surface energies of the Wulff form: '100=1 111=1.2'."),
    ] = None,
    termination: Annotated[
        str | None, typer.Option("--termination", help="Plane on the faces, e.g. CsBr.")
    ] = None,
    keep_charge: Annotated[
        bool, typer.Option("--keep-charge", help="Do not take ions out to make it neutral.")
    ] = False,
    ligand: LigandsOption = None,
    ligand_seed: LigandSeed = 0,
    vacuum: Vacuum = 10.0,
    figure: FigureOption = None,
    view: ViewOption = False,
    colour: ColourOption = "element",
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Carve a nanocrystal.

    Example: qdstruct build nanocrystal CsPbBr3-Pbnm --size 5.5nm --termination CsBr
    --ligand oleate=0.3 --ligand oleylammonium=0.3 -o dot.extxyz
    """
    from qdstruct import building, phases

    wanted = Wanted(output, figure, view, colour, force, as_json)
    wanted.check()
    requests = parse_ligands(ligand)
    built = building.build_nanocrystal(
        phases.load(phase),
        shape=shape,  # type: ignore[arg-type]
        size=None if size is None else parse_lengths(size),
        cells=None if cells is None else parse_counts(cells),
        facets=None if facets is None else parse_facets(facets),
        energies=None if energies is None else parse_energies(energies),
        termination=termination,
        neutral=not keep_charge,
        vacuum=vacuum,
    )
    atoms, facts = _covered(built, requests, ligand_seed)
    finish(f"{shape} of {phase}", atoms, facts, wanted)


@particles.command("janus")
def build_janus(
    core: Annotated[str, typer.Argument(help="Phase of the cuboid core.")],
    cap: Annotated[str, typer.Argument(help="Phase that grows on one of its facets.")],
    core_size: Annotated[str, typer.Option("--core-size", help="Edge: 16nm or 160 (Å).")],
    core_facet: Annotated[str, typer.Option("--core-facet", help="Facet of the core.")],
    cap_facet: Annotated[str, typer.Option("--cap-facet", help="Plane of the cap in contact.")],
    output: OutputOption = None,
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
    match: Annotated[int, typer.Option("--match", min=1, help="Row of 'qdstruct match'.")] = 1,
    max_area: MaxArea = 200.0,
    max_strain: MaxStrain = 0.05,
    strain_on: StrainOn = "film",
    gap: Annotated[
        float | None, typer.Option("--gap", help="Gap in Å; from radii when left out.")
    ] = None,
    shift: Annotated[str, typer.Option("--shift", help="In-plane shift, fractions a,b.")] = "0,0",
    ligand: LigandsOption = None,
    ligand_seed: LigandSeed = 0,
    vacuum: Vacuum = 10.0,
    figure: FigureOption = None,
    view: ViewOption = False,
    colour: ColourOption = "element",
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Grow a second crystal on one facet of a cuboid nanocrystal.

    Example: qdstruct build janus CsPbBr3-Pbnm CdS-zincblende --core-size 5.5nm --core-facet 0,0,1
    --cap-facet 0,0,1 -o janus.extxyz
    """
    from qdstruct import building, phases
    from qdstruct.pipeline.build import chosen_match

    wanted = Wanted(output, figure, view, colour, force, as_json)
    wanted.check()
    requests = parse_ligands(ligand)
    inner, outer = phases.load(core), phases.load(cap)
    found = chosen_match(
        outer,
        inner,
        parse_miller(cap_facet),
        parse_miller(core_facet),
        number=match,
        max_area=max_area,
        max_strain=max_strain,
    )
    built = building.build_janus(
        inner,
        outer,
        found,
        core_size=parse_lengths(core_size),
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
    atoms, facts = _covered(built, requests, ligand_seed)
    finish(f"{cap} on {core}", atoms, {**facts, "gap": built.gap}, wanted)


@particles.command("coreshell")
def build_coreshell(
    core: Annotated[str, typer.Argument(help="Phase of the cuboid core.")],
    shell: Annotated[str, typer.Argument(help="Phase of the shell.")],
    core_size: Annotated[str, typer.Option("--core-size", help="Edge: 8nm or 80 (Å).")],
    shell_thickness: Annotated[str, typer.Option("--shell-thickness", help="1nm or 10 (Å).")],
    core_facet: Annotated[str, typer.Option("--core-facet", help="Facet that sets the match.")],
    shell_facet: Annotated[str, typer.Option("--shell-facet", help="Plane of the shell on it.")],
    output: OutputOption = None,
    core_termination: Annotated[
        str | None, typer.Option("--core-termination", help="The core's plane in contact.")
    ] = None,
    shell_termination: Annotated[
        str | None, typer.Option("--shell-termination", help="The shell's plane in contact.")
    ] = None,
    match: Annotated[int, typer.Option("--match", min=1, help="Row of 'qdstruct match'.")] = 1,
    max_area: MaxArea = 200.0,
    max_strain: MaxStrain = 0.05,
    strain_on: StrainOn = "film",
    shift: Annotated[str, typer.Option("--shift", help="In-plane shift, fractions a,b.")] = "0,0",
    ligand: LigandsOption = None,
    ligand_seed: LigandSeed = 0,
    vacuum: Vacuum = 10.0,
    figure: FigureOption = None,
    view: ViewOption = False,
    colour: ColourOption = "element",
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Grow a second crystal all around a cuboid nanocrystal.

    Example: qdstruct build coreshell CsPbBr3-cubic PbS-galena --core-size 4nm --shell-thickness 1nm
    --core-facet 1,0,0 --shell-facet 1,0,0 --shift 0.25,0.25 -o coreshell.extxyz
    """
    from qdstruct import building, phases
    from qdstruct.pipeline.build import chosen_match

    wanted = Wanted(output, figure, view, colour, force, as_json)
    wanted.check()
    requests = parse_ligands(ligand)
    inner, outer = phases.load(core), phases.load(shell)
    found = chosen_match(
        outer,
        inner,
        parse_miller(shell_facet),
        parse_miller(core_facet),
        number=match,
        max_area=max_area,
        max_strain=max_strain,
    )
    built = building.build_coreshell(
        inner,
        outer,
        found,
        core_size=parse_lengths(core_size),
        shell_thickness=parse_lengths(shell_thickness)[0],
        core_termination=core_termination,
        shell_termination=shell_termination,
        strain_on=strain_on,  # type: ignore[arg-type]
        shift=parse_shift(shift),
        vacuum=vacuum,
    )
    atoms, facts = _covered(built, requests, ligand_seed)
    finish(f"{shell} around {core}", atoms, {**facts, "gap": built.gap}, wanted)


@particles.command("segmented")
def build_segmented(
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
    output: OutputOption = None,
    first_termination: Annotated[
        str | None,
        typer.Option("--first-termination", help="Plane with which the first begins and ends."),
    ] = None,
    second_termination: Annotated[
        str | None,
        typer.Option("--second-termination", help="Plane with which the second begins and ends."),
    ] = None,
    match: Annotated[int, typer.Option("--match", min=1, help="Row of 'qdstruct match'.")] = 1,
    max_area: MaxArea = 200.0,
    max_strain: MaxStrain = 0.05,
    strain_on: StrainOn = "film",
    gap: Annotated[
        float | None, typer.Option("--gap", help="Gap in Å; from radii when left out.")
    ] = None,
    shift: Annotated[
        str, typer.Option("--shift", help="Shift of the second crystal, fractions a,b.")
    ] = "0,0",
    ligand: LigandsOption = None,
    ligand_seed: LigandSeed = 0,
    vacuum: Vacuum = 10.0,
    figure: FigureOption = None,
    view: ViewOption = False,
    colour: ColourOption = "element",
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Stack segments of two crystals on each other: a rod.

    Example: qdstruct build segmented CsPbBr3-cubic PbS-galena --lengths 3,2,3nm --width 4nm
    --first-facet 1,0,0 --second-facet 1,0,0 --first-termination CsBr --shift 0.25,0.25 -o rod.xyz
    """
    from qdstruct import building, phases
    from qdstruct.pipeline.build import chosen_match

    wanted = Wanted(output, figure, view, colour, force, as_json)
    wanted.check()
    requests = parse_ligands(ligand)
    lower, upper = phases.load(first), phases.load(second)
    found = chosen_match(
        upper,
        lower,
        parse_miller(second_facet),
        parse_miller(first_facet),
        number=match,
        max_area=max_area,
        max_strain=max_strain,
    )
    built = building.build_segmented(
        lower,
        upper,
        found,
        lengths=parse_length_list(lengths),
        width=parse_length_list(width),
        first_termination=first_termination,
        second_termination=second_termination,
        strain_on=strain_on,  # type: ignore[arg-type]
        gap=gap,
        shift=parse_shift(shift),
        vacuum=vacuum,
    )
    atoms, facts = _covered(built, requests, ligand_seed)
    finish(f"{first} and {second} in segments", atoms, {**facts, "gap": built.gap}, wanted)


@particles.command("superlattice")
def build_superlattice(
    phase: Annotated[str, typer.Argument(help="Phase of the particles (cuboids).")],
    size: Annotated[str, typer.Option("--size", help="Edge of a particle: 8nm.")],
    spacing: Annotated[str, typer.Option("--spacing", help="Period: 11.4nm, or three of them.")],
    cells: Annotated[str, typer.Option("--cells", help="Sites along x, y, z: 8,8,8.")],
    output: OutputOption = None,
    shape: Annotated[str, typer.Option("--shape", help="block or sphere.")] = "block",
    vacancies: Annotated[
        float, typer.Option("--vacancies", help="Fraction of empty sites inside.")
    ] = 0.0,
    surface_vacancies: Annotated[
        float | None, typer.Option("--surface-vacancies", help="Fraction on the surface.")
    ] = None,
    misorientation: Annotated[
        float, typer.Option("--misorientation", help="FWHM of the rotation about each axis, °.")
    ] = 0.0,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the random numbers.")] = 0,
    termination: Annotated[
        str | None, typer.Option("--termination", help="Plane on the faces of each particle.")
    ] = None,
    figure: FigureOption = None,
    view: ViewOption = False,
    colour: ColourOption = "element",
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Put copies of a nanocrystal on a superlattice; the file holds every atom.

    Example: qdstruct build superlattice CsPbBr3-cubic --size 8nm --spacing 11.4nm --cells 3,3,3
    --vacancies 0.033 --surface-vacancies 0.055 --misorientation 9.6 -o supraparticle.extxyz
    """
    from qdstruct import building, phases

    wanted = Wanted(output, figure, view, colour, force, as_json)
    wanted.check()
    particle = building.build_nanocrystal(
        phases.load(phase), size=parse_lengths(size), termination=termination
    )
    built = building.build_superlattice(
        particle,
        spacing=parse_lengths(spacing),
        cells=parse_counts(cells),
        shape=shape,  # type: ignore[arg-type]
        vacancies=vacancies,
        surface_vacancies=surface_vacancies,
        misorientation=misorientation,
        seed=seed,
    )
    facts: dict[str, Any] = {
        **_particle_facts(particle),
        "spacing": list(built.spacing),
        "cells": list(built.cells),
        "particles": len(built.positions),
        "vacancies": list(built.vacancies),
        "misorientation": built.misorientation,
        "seed": built.seed,
    }
    atoms = building.superlattice_atoms(built)
    finish(f"Superlattice of {phase}", atoms, facts, wanted)


def _covered(
    built: Nanocrystal, requests: list[tuple[str, float]], seed: int
) -> tuple[Atoms, dict[str, Any]]:
    """Return the particle with the ligands asked for, and its facts."""
    from qdstruct.pipeline.ligands import cover

    facts = _particle_facts(built)
    if not requests:
        return built.atoms, facts
    covers = cover(built.atoms, requests, seed=seed)
    placed = [
        {
            "ligand": one.ligand,
            "anchor": one.anchor,
            "placed": one.placed,
            "sites": one.sites,
            "bond_length": one.bond_length,
            "removed_ions": one.removed or "none",
        }
        for one in covers
    ]
    return covers[-1].atoms, {
        **facts, "ligands": placed, "ligand_seed": seed, "charge": covers[-1].charge
    }  # fmt: skip


def _particle_facts(built: Nanocrystal) -> dict[str, Any]:
    return {
        "kind": built.kind,
        "shape": built.shape,
        "phases": list(built.phase_names),
        "regions": list(dict.fromkeys(str(name) for name in built.atoms.arrays["region"])),
        "size": list(built.size),
        "removed_ions": built.removed,
        "charge": built.charge,
    }
