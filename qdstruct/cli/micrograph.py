"""The image argument that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from qdstruct.model import Micrograph

__all__ = ["PixelOption", "read_micrograph"]

PixelOption = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE[,SIZE]", help="Pixel size: 0.21A, or along y,x; .dm3 and .dm4 have their own."
    ),
]


def read_micrograph(name: str, pixel: str | None) -> Micrograph:
    """Read an image; warnings about it go to stderr as one line each."""
    import warnings
    from pathlib import Path

    from qdstruct.cli.reading import nanometres, warn
    from qdstruct.errors import InputError
    from qdstruct.simulation import read_image

    size: float | tuple[float, float] | None = None
    if pixel is not None:
        steps = [10 * nanometres(word, bare="A") for word in pixel.split(",")]
        if len(steps) > 2:
            raise InputError(
                f"'{pixel}' are {len(steps)} pixel sizes",
                hint="give one for square pixels, or two, along y and x",
            )
        size = steps[0] if len(steps) == 1 else (steps[0], steps[-1])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        micrograph = read_image(Path(name), size)
    for warning in said:
        warn(str(warning.message))
    return micrograph
