"""Commands: build nanocrystal and superlattice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.build_ligands import LigandRequest, finish_covered
from qdstruct.cli.build_options import Vacuum
from qdstruct.cli.build_output import finish
from qdstruct.cli.build_parsing import parse_counts, parse_energies, parse_facets, parse_lengths
from qdstruct.cli.build_request import Wanted
from qdstruct.cli.option_groups import ligands, output_files, takes

if TYPE_CHECKING:
    from qdstruct.model import Nanocrystal

__all__ = ["particle_facts", "particles"]

particles = typer.Typer()


@particles.command("nanocrystal")
@takes(wanted=output_files, cover=ligands)
def build_nanocrystal(
    *,
    phase: Annotated[str, typer.Argument(help="Phase name or structure file.")],
    size: Annotated[
        str | None, typer.Option("--size", help="Edge or diameter: 16nm or 160 (Å), or three.")
    ] = None,
    cells: Annotated[
        str | None, typer.Option("--cells", help="Instead: repeats along each edge, 5 or 5,5,8.")
    ] = None,
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
    vacuum: Vacuum = 10.0,
    cover: LigandRequest,
    wanted: Wanted,
) -> None:
    """Carve a nanocrystal.

    Example: qdstruct build nanocrystal CsPbBr3-Pbnm --size 5.5nm --termination CsBr
    --ligand oleate=0.3 --ligand oleylammonium=0.3 -o dot.extxyz
    """
    from qdstruct import building, phases

    asked = None if size is None else parse_lengths(size)
    built = building.build_nanocrystal(
        phases.load(phase),
        shape=shape,  # type: ignore[arg-type]
        size=asked,
        cells=None if cells is None else parse_counts(cells),
        facets=None if facets is None else parse_facets(facets),
        energies=None if energies is None else parse_energies(energies),
        termination=termination,
        neutral=not keep_charge,
        vacuum=vacuum,
    )
    facts = particle_facts(built, asked)
    finish_covered(f"{shape} of {phase}", built.atoms, facts, cover, wanted)


@particles.command("superlattice")
@takes(wanted=output_files)
def build_superlattice(
    *,
    phase: Annotated[str, typer.Argument(help="Phase of the particles (cuboids).")],
    size: Annotated[str, typer.Option("--size", help="Edge of a particle: 8nm.")],
    spacing: Annotated[str, typer.Option("--spacing", help="Period: 11.4nm, or three of them.")],
    cells: Annotated[str, typer.Option("--cells", help="Sites along x, y, z: 8,8,8.")],
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
    wanted: Wanted,
) -> None:
    """Put copies of a nanocrystal on a superlattice; the file holds every atom.

    Example: qdstruct build superlattice CsPbBr3-cubic --size 8nm --spacing 11.4nm --cells 3,3,3
    --vacancies 0.033 --surface-vacancies 0.055 --misorientation 9.6 -o supraparticle.extxyz
    """
    from qdstruct import building, phases

    asked = parse_lengths(size)
    particle = building.build_nanocrystal(phases.load(phase), size=asked, termination=termination)
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
        **particle_facts(particle, asked),
        "spacing": list(built.spacing),
        "cells": list(built.cells),
        "particles": len(built.positions),
        "vacancies": list(built.vacancies),
        "misorientation": built.misorientation,
        "seed": built.seed,
    }
    atoms = building.superlattice_atoms(built)
    finish(f"Superlattice of {phase}", atoms, facts, wanted)


def particle_facts(built: Nanocrystal, asked: Sequence[float] | None) -> dict[str, Any]:
    """Return what is printed of a particle and written into its file; `asked` is its size in Å."""
    said = {} if asked is None else {"size_asked": list(asked)}
    warned = {"warnings": list(built.warnings)} if built.warnings else {}
    return {
        "kind": built.kind,
        "shape": built.shape,
        "phases": list(built.phase_names),
        "regions": list(dict.fromkeys(str(name) for name in built.atoms.arrays["region"])),
        **said,
        "size": list(built.size),
        "removed_ions": built.removed,
        "charge": built.charge,
        **warned,
    }
