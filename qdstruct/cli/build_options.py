"""Options that several build commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

OutputOption = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        help="File to write: POSCAR or .vasp, .cif, .extxyz, .lmp or .data (LAMMPS).",
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace an existing file.")]
FigureOption = Annotated[
    Path | None,
    typer.Option("--figure", help="Picture to draw, seen from the side: .png, .pdf or .svg."),
]
ViewOption = Annotated[
    bool,
    typer.Option("--view", help="Write an offline 3D page (.html) beside the structure file."),
]
ColourOption = Annotated[
    str, typer.Option("--colour", help="What picture and page show by colour: element or region.")
]
LigandsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--ligand",
        help="NAME=COVERAGE, e.g. oleate=0.3; may be repeated. Shares of the surface sites.",
    ),
]
LigandSeed = Annotated[
    int, typer.Option("--ligand-seed", min=0, help="The same seed gives the same atoms.")
]
FilmHkl = Annotated[str, typer.Option("--film-hkl", help="Face of the film, e.g. 0,0,1.")]
SubstrateHkl = Annotated[
    str, typer.Option("--substrate-hkl", help="Face of the substrate, e.g. 0,0,1.")
]
FilmName = Annotated[str, typer.Argument(help="Phase name or structure file of the film.")]
SubstrateName = Annotated[str, typer.Argument(help="Phase name or structure file below it.")]
FilmLayers = Annotated[
    int, typer.Option("--film-layers", min=1, help="Repeats of the film's plane spacing.")
]
SubstrateLayers = Annotated[
    int, typer.Option("--substrate-layers", min=1, help="Repeats of the substrate's spacing.")
]
StrainOn = Annotated[
    str, typer.Option("--strain-on", help="Who takes the misfit: film, substrate, both, elastic.")
]
Vacuum = Annotated[float, typer.Option("--vacuum", help="Empty height in Å.")]
MaxArea = Annotated[
    float, typer.Option("--max-area", min=0.0, help="Largest coincidence cell in Å².")
]
MaxStrain = Annotated[
    float, typer.Option("--max-strain", min=0.0, help="Largest strain (a fraction).")
]
ContactGap = Annotated[
    float | None, typer.Option("--gap", help="Gap in Å; from radii when left out.")
]
InPlaneShift = Annotated[str, typer.Option("--shift", help="In-plane shift, fractions a,b.")]
