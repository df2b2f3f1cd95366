"""Commands: fft and index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.micrograph import PixelOption, read_micrograph
from qdstruct.cli.output import JsonOption

if TYPE_CHECKING:
    from pathlib import Path

    from qdstruct.model import FoundSpot, SpotIndexing
    from qdstruct.model.patterns import ImagedRelation

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("fft")
def fft(
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="PNG, TIFF, .npy, .dm3 or .dm4.")],
    pixel: PixelOption = None,
    max_g: Annotated[float | None, typer.Option(help="Largest 1/d in 1/Å.")] = None,
    threshold: Annotated[
        float, typer.Option(help="Power of a spot over the median at its distance.")
    ] = 30.0,
    json: JsonOption = False,
) -> None:
    """Lattice spots in the Fourier transform of an image.

    Example: qdstruct fft image.tif --pixel 0.21A
    """
    from qdstruct.cli.output import print_json, print_table
    from qdstruct.simulation import find_spots

    spots = find_spots(read_micrograph(image, pixel), max_g=max_g, threshold=threshold)
    if json:
        print_json({"image": image, "spots": [_spot_entry(spot) for spot in spots]})
        return
    print_table(
        f"{image}: one of each pair ±g; angle from x, counter-clockwise",
        ["d / Å", "g / Å⁻¹", "angle / °", "power"],
        [
            [f"{1 / s.length:.4f}", f"{s.length:.4f}", f"{s.angle:.2f}", f"{s.height:.3g}"]
            for s in spots
        ],
    )


def _spot_entry(spot: FoundSpot) -> dict[str, Any]:
    return {
        "position": list(spot.g),
        "g": spot.length,
        "d": 1 / spot.length,
        "angle": spot.angle,
        "power": spot.height,
    }


@commands.command("index")
def index(
    source: Annotated[
        str,
        typer.Argument(metavar="IMAGE_OR_SPOTS", help="An image, or x,y;x,y;… in 1/Å."),
    ],
    phases: Annotated[
        list[str], typer.Option("--phase", help="Phase name or file to try; repeat it.")
    ],
    pixel: PixelOption = None,
    max_g: Annotated[float | None, typer.Option(help="Largest 1/d used, 1/Å.")] = None,
    tolerance: Annotated[float, typer.Option(help="Relative error of lengths.")] = 0.03,
    angle: Annotated[float, typer.Option(help="Error of angles in degrees.")] = 2.0,
    crystals: Annotated[
        int, typer.Option(help="2: explain the spots by two overlapping crystals.")
    ] = 1,
    study: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="With --crystals 2: write the interface as a study."),
    ] = None,
    interface: Annotated[
        int, typer.Option(help="Which pair of parallel planes the study's interface is.")
    ] = 1,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the study.")] = False,
    json: JsonOption = False,
) -> None:
    """Phase and zone axis of an image's spots, best first; of two crystals, how they lie.

    Example: qdstruct index image.tif --pixel 0.21A --phase CsPbBr3-cubic --phase CdS-zincblende
    Example: qdstruct index image.dm4 --phase CsPbBr3-cubic --phase CdS-zincblende --crystals 2
    --study interface.yaml
    """
    from pathlib import Path

    from qdstruct.cli.output import print_json
    from qdstruct.cli.reading import numbers, read_structure
    from qdstruct.errors import InputError
    from qdstruct.files import refuse_existing
    from qdstruct.simulation import find_spots, imaged_relation, index_overlapping, index_spots

    if crystals not in (1, 2):
        raise InputError(f"{crystals} crystals", hint="give 1, or 2 for overlapping ones")
    if study is not None:
        refuse_existing(Path(study), force=force)
    points: list[tuple[float, float]]
    if ";" in source:
        pairs = [numbers(word, 2, "a spot") for word in source.split(";") if word.strip()]
        points = [(x, y) for x, y in pairs]
    else:
        points = [spot.g for spot in find_spots(read_micrograph(source, pixel), max_g=max_g)]
    candidates = [read_structure(phase) for phase in phases]
    if crystals > 1:
        found = index_overlapping(
            points, candidates, crystals=crystals, tolerance=tolerance, angle_tolerance=angle
        )
    else:
        found = index_spots(points, candidates, tolerance=tolerance, angle_tolerance=angle)
    relation = None
    if crystals == 2 and len(found) == 2:
        atoms = dict(candidates)
        relation = imaged_relation(*((one, atoms[one.phase]) for one in found))
    if study is not None:
        _write_study(relation, interface, source, Path(study), force=force)
    if json:
        document = {"explanations": [explanation.to_dict() for explanation in found]}
        print_json(document | ({} if relation is None else {"relation": relation.to_dict()}))
        return
    _print_explanations(found, crystals)
    if relation is not None:
        _print_relation(relation)


def _write_study(
    relation: ImagedRelation | None, row: int, source: str, path: Path, *, force: bool
) -> None:
    from qdstruct.errors import InputError
    from qdstruct.files import write_atomically
    from qdstruct.pipeline.from_image import study_of_image

    if relation is None:
        raise InputError(
            "a study needs two crystals, and the spots were explained by one",
            hint="use --crystals 2, and offer both phases",
        )
    image = "a list of spots" if ";" in source else source
    write_atomically(path, study_of_image(relation, row, image=image), force=force)
    typer.echo(f"wrote {path}: qdstruct prepare {path} DIR", err=True)


def _print_relation(relation: ImagedRelation) -> None:
    from qdstruct.cli.output import print_table
    from qdstruct.cli.reading import indices

    first, second = relation.phases
    zones = [" ".join(map(str, zone)) for zone in relation.zones]
    print_table(
        f"{first} [{zones[0]}] ∥ {second} [{zones[1]}]: planes edge-on in the image and parallel",
        ["", first, second, "angle / °", "d mismatch / %", "misfit along / %"],
        [
            [
                str(row),
                indices(pair.first),
                indices(pair.second),
                f"{pair.angle:+.2f}",
                f"{100 * pair.mismatch:+.2f}",
                "-" if pair.misfit is None else f"{100 * pair.misfit:+.2f}",
            ]
            for row, pair in enumerate(relation.planes[:12], start=1)
        ],
        note="Misfit along: of the planes that cross these at right angles. Any pair may be the "
        "interface; --interface N --study FILE hands it on. Look at it first:\n"
        f"qdstruct orient {second} {first} --planes "
        f"'{_words(relation.planes[0].second)}|{_words(relation.planes[0].first)}' --directions "
        f"'{_words(relation.zones[1])}|{_words(relation.zones[0])}'",
    )


def _words(hkl: tuple[int, int, int]) -> str:
    return ",".join(map(str, hkl))


def _print_explanations(found: tuple[SpotIndexing, ...], crystals: int) -> None:
    from qdstruct.cli.output import print_table

    rows = [
        [
            e.phase,
            "[" + " ".join(map(str, e.zone)) + "]",
            f"{len(e.spots)}/{e.n_spots}",
            f"{100 * e.rms:.2f}",
            f"{100 * e.missing:.0f}",
            f"{e.turn:.2f}",
            f"{e.score:.3f}",
            " ".join("(" + " ".join(map(str, spot.hkl)) + ")" for spot in e.spots[:3]),
        ]
        for e in found
    ]
    print_table(
        "One row per crystal" if crystals > 1 else "Explanations, best first",
        ["phase", "zone", "spots", "rms / %", "missing / %", "turn / °", "score", "first spots"],
        rows,
        note="Zone and indices in the axes of the phase's cell; missing: strong spots not seen.",
    )
