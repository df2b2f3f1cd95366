"""Command: diffraction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.output import JsonOption

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qdstruct.model import SpotCoincidence, SpotPattern
    from qdstruct.model.patterns import DiffractionRing

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("diffraction")
def diffraction(
    structure: Annotated[
        str, typer.Argument(metavar="FILE_OR_PHASE", help="Phase name or structure file.")
    ],
    zone: Annotated[
        str | None,
        typer.Option(metavar="U,V,W", help="Zone axis in the axes of the file's cell."),
    ] = None,
    rings: Annotated[
        bool, typer.Option("--rings", help="Rings of a polycrystal instead of a zone axis.")
    ] = False,
    max_g: Annotated[float, typer.Option(help="Largest 1/d in 1/Å.")] = 1.0,
    other: Annotated[
        str | None, typer.Option("--with", metavar="FILE_OR_PHASE", help="A second crystal.")
    ] = None,
    other_zone: Annotated[
        str | None, typer.Option("--with-zone", metavar="U,V,W", help="Its zone axis.")
    ] = None,
    align: Annotated[
        str | None, typer.Option(metavar="'HKL|HKL'", help="Parallel planes of the two crystals.")
    ] = None,
    figure: Annotated[
        str | None, typer.Option(metavar="FILE", help="Draw it: .png, .pdf, .svg.")
    ] = None,
    size: Annotated[str, typer.Option(help="Crystal size: width of spots in the figure.")] = "8nm",
    spread: Annotated[
        float,
        typer.Option(help="Full width of the crystals' orientations, degrees: arcs in the figure."),
    ] = 0.0,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the figure.")] = False,
    json: JsonOption = False,
) -> None:
    """Kinematic electron diffraction: indexed spots of a zone axis, or rings of a polycrystal.

    Example: qdstruct diffraction CdS-zincblende --zone 1,1,1 --max-g 0.8
    Example: qdstruct diffraction CsPbBr3-cubic --rings --max-g 0.6 --figure rings.png
    Example: qdstruct diffraction CsPbBr3-cubic --zone 0,0,1 --spread 9.6 --figure supraparticle.png
    Example: qdstruct diffraction CsPbBr3-cubic --zone 0,0,1 --with CdS-zincblende
    --with-zone 1,1,1 --align '220|2,-2,0'
    """
    from pathlib import Path

    from qdstruct.cli.output import parse_miller, print_json
    from qdstruct.cli.reading import nanometres, read_structure
    from qdstruct.errors import InputError
    from qdstruct.simulation import (
        align_patterns,
        polycrystal_rings,
        spot_coincidences,
        zone_axis_pattern,
    )

    if figure is not None:
        _refuse_figure(Path(figure), force=force)
    if not 0 <= spread < 180:
        raise InputError(
            f"a spread of {spread:g}° is not between 0 and 180", hint="for example 9.6"
        )
    nanometres(size)
    name, atoms = read_structure(structure, tensors=True)
    if rings:
        if zone or other:
            raise InputError("--rings is of crystals in all orientations: leave out the zone axes")
        found = polycrystal_rings(atoms, name=name, max_g=max_g)
        _draw(name, figure, size, spread, max_g, rings=found)
        print_json(_ring_document(name, found)) if json else _print_rings(name, found)
        return
    if zone is None:
        raise InputError("a pattern needs --zone U,V,W, or --rings")
    pattern = zone_axis_pattern(atoms, name=name, zone=parse_miller(zone), max_g=max_g)
    document = _spot_document(pattern)
    second = None
    pairs: tuple[SpotCoincidence, ...] = ()
    if other is not None or other_zone is not None or align is not None:
        if other is None or other_zone is None or align is None or align.count("|") != 1:
            raise InputError(
                "a second crystal needs --with, --with-zone and --align together",
                hint="for example --with CdS-zincblende --with-zone 1,1,1 --align '220|2,-2,0'",
            )
        planes = [parse_miller(words) for words in align.split("|")]
        name, atoms = read_structure(other, tensors=True)
        second = zone_axis_pattern(atoms, name=name, zone=parse_miller(other_zone), max_g=max_g)
        second = align_patterns(pattern, second, planes[0], planes[1])
        pairs = spot_coincidences(pattern, second)
        document["overlay"] = _spot_document(second)
        document["coincidences"] = [pair.to_dict() for pair in pairs]
    _draw(name, figure, size, spread, max_g, patterns=[pattern, *([second] if second else [])])
    if json:
        print_json(document)
        return
    _print_spots(pattern)
    if second is not None:
        _print_spots(second)
        _print_coincidences(pattern, second, pairs)


def _refuse_figure(path: Path, *, force: bool) -> None:
    from qdstruct.files import refuse_existing
    from qdstruct.report.assembly_figures import figure_format

    figure_format(path)
    refuse_existing(path, force=force)


def _draw(
    name: str,
    figure: str | None,
    size: str,
    spread: float,
    max_g: float,
    *,
    patterns: Sequence[SpotPattern] = (),
    rings: Sequence[DiffractionRing] = (),
) -> None:
    if figure is None:
        return
    from pathlib import Path

    from qdstruct.cli.reading import nanometres
    from qdstruct.report.assembly_figures import write_figure
    from qdstruct.report.plate_figure import plate_figure, ring_labels, spot_labels
    from qdstruct.simulation import diffraction_plate

    title = (
        "; ".join(f"{p.phase} [{' '.join(map(str, p.zone))}]" for p in patterns)
        or f"{name}, polycrystal"
    )
    plate = diffraction_plate(
        name=title, patterns=patterns, rings=rings, size_nm=nanometres(size), spread=spread,
        max_g=max_g,
    )  # fmt: skip
    note = f"crystals of {size}, spread {spread:g}°, indices in the file's cell"
    labels = ring_labels(rings) if rings else spot_labels(patterns)
    write_figure(plate_figure(plate, labels, note, on_place=bool(rings)), Path(figure))
    typer.echo(f"wrote {figure}", err=True)


def _ring_document(name: str, rings: Sequence[DiffractionRing]) -> dict[str, Any]:
    return {"phase": name, "rings": [{**ring.to_dict(), "d": 1 / ring.g} for ring in rings]}


def _print_rings(name: str, rings: Sequence[DiffractionRing]) -> None:
    from qdstruct.cli.output import print_table
    from qdstruct.cli.reading import indices

    print_table(
        f"{name}: rings of a polycrystal, kinematic; indices in the file's cell",
        ["g / Å⁻¹", "d / Å", "hkl", "multiplicity", "intensity"],
        [
            [
                f"{ring.g:.4f}",
                f"{1 / ring.g:.4f}",
                " ".join(indices(hkl) for hkl in ring.hkl[:3]),
                str(ring.multiplicity),
                f"{ring.intensity:.3g}",
            ]
            for ring in rings
        ],
    )


def _print_coincidences(
    first: SpotPattern, second: SpotPattern, pairs: tuple[SpotCoincidence, ...]
) -> None:
    from qdstruct.cli.output import print_table
    from qdstruct.cli.reading import indices

    print_table(
        f"Spots of {first.phase} and {second.phase} that nearly fall on each other",
        [first.phase, second.phase, "d mismatch / %", "angle / °"],
        [
            [indices(p.first), indices(p.second), f"{100 * p.mismatch:+.2f}", f"{p.angle:+.2f}"]
            for p in pairs
        ],
        note="Mismatch over the first crystal's spacing.",
    )


def _spot_document(pattern: SpotPattern) -> dict[str, Any]:
    return {
        "phase": pattern.phase,
        "zone": list(pattern.zone),
        "max_g": pattern.max_g,
        "spots": [
            {
                "hkl": list(spot.hkl),
                "g": spot.length,
                "position": list(spot.g),
                "angle": spot.angle,
                "intensity": spot.intensity,
                "forbidden": spot.forbidden,
                "double_diffraction": spot.double_diffraction,
            }
            for spot in pattern.spots
        ],
    }


def _print_spots(pattern: SpotPattern) -> None:
    from qdstruct.cli.output import print_table
    from qdstruct.cli.reading import indices

    rows = [
        [
            indices(spot.hkl),
            f"{spot.length:.4f}",
            f"{1 / spot.length:.4f}",
            f"{spot.angle:.2f}",
            f"{spot.intensity:.3g}",
            _forbidden_word(spot.forbidden, spot.double_diffraction),
        ]
        for spot in pattern.spots
    ]
    zone = " ".join(str(index) for index in pattern.zone)
    print_table(
        f"{pattern.phase} along [{zone}], axes of the file's cell; 1/d ≤ {pattern.max_g:g} 1/Å",
        ["hkl", "g / Å⁻¹", "d / Å", "angle / °", "intensity", ""],
        rows,
    )


def _forbidden_word(forbidden: bool, double: bool) -> str:
    if not forbidden:
        return ""
    return "forbidden (double diffraction)" if double else "forbidden"
