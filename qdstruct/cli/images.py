"""Commands: hrtem and gpa."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.micrograph import PixelOption, read_micrograph
from qdstruct.cli.output import JsonOption

if TYPE_CHECKING:
    from qdstruct.model import Micrograph, StrainMap

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("hrtem")
def hrtem(
    structure: Annotated[
        str, typer.Argument(metavar="FILE_OR_PHASE", help="Phase name or structure file.")
    ],
    zone: Annotated[
        str, typer.Option(metavar="U,V,W", help="Zone axis in the axes of the file's cell.")
    ],
    output: Annotated[
        str, typer.Option("-o", "--output", help="Image to write: .png, .tif (32 bit) or .npy.")
    ],
    voltage: Annotated[float, typer.Option(help="Accelerating voltage in kV.")] = 200.0,
    cs: Annotated[float, typer.Option(help="Spherical aberration in mm.")] = 1.2,
    defocus: Annotated[
        float | None, typer.Option(help="Å, positive under focus; Scherzer's by default.")
    ] = None,
    thickness: Annotated[float, typer.Option(help="Å.")] = 30.0,
    field: Annotated[str, typer.Option(metavar="W,H", help="Width and height in Å.")] = "80,80",
    pixel: Annotated[float, typer.Option(help="Pixel size in Å.")] = 0.2,
    turn: Annotated[float, typer.Option(help="Turn the crystal, degrees.")] = 0.0,
    method: Annotated[
        str, typer.Option(help="phase-object, weak-phase, multislice, or abtem if installed.")
    ] = "phase-object",
    slices: Annotated[float, typer.Option(help="Longest slice of a multislice in Å.")] = 1.0,
    displacement: Annotated[
        list[str] | None,
        typer.Option("-b", "--b-iso", metavar="EL=B", help="Isotropic B in Å², as Cs=5.2; repeat."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the image.")] = False,
    json: JsonOption = False,
) -> None:
    """High-resolution image of a crystal: exit wave and contrast transfer.

    Phase objects hold for some ten Å; multislice propagates the wave through any thickness.

    Example: qdstruct hrtem CsPbBr3-cubic --zone 0,0,1 --thickness 10 -o image.png
    Example: qdstruct hrtem CsPbBr3-cubic --zone 0,0,1 --thickness 80 --method multislice -o a.png
    """
    from pathlib import Path

    from qdstruct.cli.output import parse_miller, print_json
    from qdstruct.cli.reading import displacements, numbers, read_structure
    from qdstruct.files import refuse_existing
    from qdstruct.simulation import Microscope, hrtem_image, write_image

    path = Path(output)
    refuse_existing(path, force=force)
    name, atoms = read_structure(structure, tensors=True)
    width, height = numbers(field, 2, "a width and a height")
    image = hrtem_image(
        atoms,
        name=name,
        zone=parse_miller(zone),
        thickness=thickness,
        field=(width, height),
        pixel_size=pixel,
        microscope=Microscope(voltage=1e3 * voltage, cs=1e7 * cs, defocus=defocus),
        turn=turn,
        method=method,
        slice_thickness=slices,
        b_iso=displacements(displacement or [], [atoms]),
    )
    write_image(image, path, force=force)
    document = {"phase": name, "image": str(path), "pixel_size": pixel, **image.image.attrs}
    print_json(document) if json else _print_settings(document)


def _print_settings(document: dict[str, Any]) -> None:
    from qdstruct.cli.output import print_table

    rows = [
        [key, f"{value:.5g}" if isinstance(value, float) else str(value)]
        for key, value in document.items()
    ]
    print_table("Simulated image", ["", ""], rows)


@commands.command("gpa")
def gpa(
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="PNG, TIFF, .npy, .dm3 or .dm4.")],
    reference: Annotated[
        str, typer.Option(metavar="X0,Y0,X1,Y1", help="Unstrained rectangle in Å, y upwards.")
    ],
    pixel: PixelOption = None,
    g1: Annotated[
        str | None, typer.Option(metavar="X,Y", help="First spot in 1/Å; else the strongest.")
    ] = None,
    g2: Annotated[str | None, typer.Option(metavar="X,Y", help="Second spot in 1/Å.")] = None,
    resolution: Annotated[float | None, typer.Option(help="Å; four periods by default.")] = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", help="Write the maps as .npz.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    json: JsonOption = False,
) -> None:
    """Strain and rotation maps by geometric phase analysis (Hÿtch 1998).

    Example: qdstruct gpa junction.tif --pixel 0.21A --reference 20,20,80,180 -o strain.npz
    """
    from pathlib import Path

    from qdstruct.cli.output import print_json
    from qdstruct.cli.reading import numbers
    from qdstruct.files import refuse_existing
    from qdstruct.simulation import strain_map

    if output is not None:
        refuse_existing(Path(output), force=force)
    micrograph = read_micrograph(image, pixel)
    x0, y0, x1, y1 = numbers(reference, 4, "a rectangle")
    first, second = _two_spots(micrograph, g1, g2)
    result = strain_map(
        micrograph, first, second, reference=(x0, y0, x1, y1), resolution=resolution
    )
    if output is not None:
        _write_maps(result, Path(output), force=force)
    document = _strain_document(result)
    print_json(document) if json else _print_strain(document)


def _two_spots(
    micrograph: Micrograph, g1: str | None, g2: str | None
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the spots asked for, or the strongest and the strongest across it."""
    from math import radians, sin

    from qdstruct.cli.reading import numbers
    from qdstruct.errors import InputError
    from qdstruct.simulation import find_spots

    if g1 is not None and g2 is not None:
        (x1, y1), (x2, y2) = numbers(g1, 2, "a spot"), numbers(g2, 2, "a spot")
        return (x1, y1), (x2, y2)
    if g1 is not None or g2 is not None:
        raise InputError("--g1 and --g2 go together: give both or neither")
    spots = find_spots(micrograph)
    across = [s for s in spots if abs(sin(radians(s.angle - spots[0].angle))) > sin(radians(30))]
    if not across:
        raise InputError(
            "the image shows lattice fringes in one direction only",
            hint="give two spots with --g1 and --g2",
        )
    return spots[0].g, across[0].g


def _write_maps(result: StrainMap, path: Any, *, force: bool) -> None:
    import io

    import numpy as np

    from qdstruct.files import write_atomically

    stream = io.BytesIO()
    maps = result.maps
    np.savez_compressed(
        stream,
        exx=maps["exx"].to_numpy(),
        eyy=maps["eyy"].to_numpy(),
        exy=maps["exy"].to_numpy(),
        rotation=maps["rotation"].to_numpy(),
        x=maps.coords["x"].to_numpy(),
        y=maps.coords["y"].to_numpy(),
    )
    write_atomically(path, stream.getvalue(), force=force)
    typer.echo(f"wrote {path}: exx, eyy, exy, rotation, x, y (Å, degrees)", err=True)


def _strain_document(result: StrainMap) -> dict[str, Any]:
    import numpy as np

    profile = result.maps.mean("y", skipna=True)
    blank = np.isnan(result.maps["exx"].to_numpy())
    x, y = (result.maps.coords[axis].to_numpy() for axis in ("x", "y"))
    across, along = (
        (values - values[0] >= result.resolution) & (values[-1] - values >= result.resolution)
        for values in (x, y)
    )
    return {
        "g1": list(result.g1),
        "g2": list(result.g2),
        "resolution": result.resolution,
        "reference": list(result.reference),
        "noise": result.noise,
        "blank_edge": float(1 - across.mean() * along.mean()),
        "blank_weak": float(blank[np.ix_(along, across)].sum() / blank.size),
        "mean_along_y": {
            "x": x[across].tolist(),
            **{
                str(name): [
                    float(value) if np.isfinite(value) else None
                    for value in profile[name].to_numpy()[across]
                ]
                for name in profile.data_vars
            },
        },
    }


def _print_strain(document: dict[str, Any]) -> None:
    from qdstruct.cli.output import print_table

    profile = document["mean_along_y"]
    step = max(1, len(profile["x"]) // 24)
    rows = [
        [f"{profile['x'][i]:.1f}"]
        + [_signed(profile[name][i], 100) for name in ("exx", "eyy", "exy")]
        + [_signed(profile["rotation"][i], 1)]
        for i in range(0, len(profile["x"]), step)
    ]
    print_table(
        f"Mean along y; resolution {document['resolution']:.3g} Å, "
        f"noise {100 * document['noise']:.2f} %",
        ["x / Å", "exx / %", "eyy / %", "exy / %", "rotation / °"],
        rows,
        note=_strain_note(document),
    )


def _signed(value: float | None, scale: float) -> str:
    return "–" if value is None else f"{scale * value:+.2f}"


def _strain_note(document: dict[str, Any]) -> str:
    note = (
        "Relative to the reference region; -o writes the maps.\n"
        f"Blank: {100 * document['blank_edge']:.1f} % of the field within one resolution of the "
        "edge"
    )
    if document["blank_weak"] > 0:
        note += (
            f",\n{100 * document['blank_weak']:.1f} % where a reflection has less than a tenth of "
            "its amplitude in the reference region\n(another lattice, or none: no strain to name)"
        )
    return note + "."
