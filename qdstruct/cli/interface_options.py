"""Options of the commands that build or scan an interface."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "AlongStacking",
    "CalculatorName",
    "FilmDirection",
    "FilmStiffness",
    "FilmTermination",
    "FixOuterLayers",
    "GapOption",
    "GapRange",
    "LateralGap",
    "LateralShift",
    "MapFigure",
    "MatchNumber",
    "RegistryOutput",
    "Sandwich",
    "ShiftGrid",
    "ShiftOption",
    "StackingAxis",
    "StudyCopy",
    "StudyFilmLayers",
    "StudyStrainOn",
    "StudySubstrateLayers",
    "SubstrateDirection",
    "SubstrateStiffness",
    "SubstrateTermination",
    "Tolerance",
]

MatchNumber = Annotated[
    int, typer.Option("--match", min=1, help="Row of 'qdstruct match' to build.")
]
FilmDirection = Annotated[
    str | None,
    typer.Option("--film-direction", help="In-plane [uvw] of the film parallel to …"),
]
SubstrateDirection = Annotated[
    str | None,
    typer.Option("--substrate-direction", help="… this [uvw] of the substrate."),
]
Tolerance = Annotated[
    float, typer.Option("--tolerance", help="By how many degrees the two may differ.")
]
FilmTermination = Annotated[
    str | None,
    typer.Option("--film-termination", help="The film's plane in contact (its bottom)."),
]
SubstrateTermination = Annotated[
    str | None,
    typer.Option("--substrate-termination", help="The substrate's plane in contact (top)."),
]
FilmStiffness = Annotated[
    str | None,
    typer.Option("--film-stiffness", help="For elastic: C11,C12,C44 in GPa, or a 6 x 6 file."),
]
SubstrateStiffness = Annotated[
    str | None, typer.Option("--substrate-stiffness", help="The same of the substrate.")
]
GapOption = Annotated[
    str | None,
    typer.Option("--gap", help="Gap in Å, or 'ionic'; from radii when left out."),
]
ShiftOption = Annotated[
    str,
    typer.Option(
        "--shift", help="Shift of the film: fractions a,b; or closest, ionic or geometric."
    ),
]
Sandwich = Annotated[bool, typer.Option("--sandwich", help="Substrate below and above the film.")]
FixOuterLayers = Annotated[
    int, typer.Option("--fix-outer-layers", help="Atomic planes held at each outer face.")
]
AlongStacking = Annotated[
    str | None,
    typer.Option("--film-direction", help="In-plane [uvw] of the film along the stacking."),
]
StackingAxis = Annotated[
    str | None,
    typer.Option("--substrate-direction", help="Stacking axis [uvw] (default: longest axis)."),
]
LateralGap = Annotated[
    float | None, typer.Option("--gap", help="Gap in Å; from radii when left out.")
]
LateralShift = Annotated[
    str | None, typer.Option("--shift", help="In-plane shift a,b; the best when left out.")
]
RegistryOutput = Annotated[
    Path, typer.Option("-o", "--output", help="Result to write, .json; .csv goes beside it.")
]
ShiftGrid = Annotated[str, typer.Option(help="Shifts along both vectors of the shift cell.")]
GapRange = Annotated[str, typer.Option(help="First, last and step of the gap in Å.")]
CalculatorName = Annotated[str, typer.Option(help="ionic, or chgnet (extra).")]
StudyFilmLayers = Annotated[
    int | None, typer.Option("--film-layers", min=1, help="Default: the study's, or 2.")
]
StudySubstrateLayers = Annotated[
    int | None, typer.Option("--substrate-layers", min=1, help="Default: the study's, or 2.")
]
StudyStrainOn = Annotated[
    str | None, typer.Option("--strain-on", help="film (default), substrate or both.")
]
MapFigure = Annotated[
    Path | None, typer.Option("--figure", help="Map to draw: .png, .pdf or .svg.")
]
StudyCopy = Annotated[
    str | None,
    typer.Option(
        "--study",
        help="Study file or name: a copy with the best registry is written beside the output.",
    ),
]
