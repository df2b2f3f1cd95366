"""Reading and writing images with a scale."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.files import write_atomically
from qdstruct.model.patterns import Micrograph

__all__ = ["micrograph", "read_image", "write_image"]

SATURATED_FRACTION = 0.01
"""Part of the pixels at the brightest value above which an image is called saturated."""
WRITERS = (".npy", ".tif", ".tiff", ".png")


def micrograph(
    values: NDArray[np.float64], pixel_size: float | tuple[float, float], *, name: str
) -> Micrograph:
    """Give an array its scale.

    Parameters
    ----------
    values : (rows, columns) array
        Row 0 is the lowest line of the image (y runs upwards).
    pixel_size : float or (float, float)
        Å; one number for square pixels, else the steps along y and x.
    name : str
        What is seen.

    Raises
    ------
    InputError
        Not a two-dimensional image of at least 16 × 16 pixels, values that are not finite, an empty
        (constant) image, or a pixel size that is not positive.

    Warns
    -----
    UserWarning
        If more than 1 % of the pixels have the brightest value (saturated detector).
    """
    import xarray

    array = np.asarray(values, dtype=float)
    if array.ndim != 2 or min(array.shape) < 16:
        raise InputError(f"{name}: an image of shape {array.shape}; at least 16 × 16 are needed")
    if not np.isfinite(array).all():
        raise InputError(
            f"{name}: {int((~np.isfinite(array)).sum())} pixels are not finite numbers"
        )
    if np.ptp(array) <= 1e-12 * max(1.0, float(np.abs(array).max())):
        raise InputError(f"{name}: the image is empty: all pixels are equal")
    steps = np.broadcast_to(np.asarray(pixel_size, dtype=float), (2,))
    if not (np.isfinite(steps).all() and (steps > 0).all()):
        raise InputError(f"{name}: a pixel size of {pixel_size} Å is not positive")
    bright = float((array == array.max()).mean())
    if bright > SATURATED_FRACTION:
        warnings.warn(
            f"{name}: {100 * bright:.0f} % of the pixels have the brightest value: saturated",
            stacklevel=2,
        )
    coords = {
        "y": ("y", steps[0] * np.arange(array.shape[0]), {"units": "Å"}),
        "x": ("x", steps[1] * np.arange(array.shape[1]), {"units": "Å"}),
    }
    image = xarray.DataArray(array, dims=("y", "x"), coords=coords, name="intensity")
    return Micrograph(name=name, image=image)


def read_image(path: Path, pixel_size: float | tuple[float, float] | None) -> Micrograph:
    """Read a grey image (PNG, TIFF, …; .npy arrays as `write_image` makes them).

    Parameters
    ----------
    path : Path
        File. Colour images are turned to grey.
    pixel_size : float, (float, float) or None
        Å. Image files carry no trustworthy scale, so None is refused.

    Raises
    ------
    InputError
        No file, not an image, no pixel size, and as `micrograph`.
    """
    if pixel_size is None:
        raise InputError(
            f"{path}: the size of a pixel is not known", hint="give it, for example --pixel 0.21A"
        )
    if not path.is_file():
        raise InputError(f"{path}: file not found", hint="check the path and the spelling")
    try:
        values = np.load(path) if path.suffix == ".npy" else _read_picture(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not an image that can be read: {error}") from error
    return micrograph(values[::-1] if values.ndim == 2 else values, pixel_size, name=path.stem)


def _read_picture(path: Path) -> NDArray[np.float64]:
    from PIL import Image

    with Image.open(path) as picture:
        grey = picture.convert("L") if picture.mode in ("RGB", "RGBA", "P", "LA", "1") else picture
        return np.asarray(grey, dtype=float)


def write_image(micrograph_: Micrograph, path: Path, *, force: bool = False) -> None:
    """Write an image: .npy and .tif keep the numbers (32 bit in TIFF), .png is scaled to 8 bit.

    The first row of the file is the top of the image.

    Raises
    ------
    InputError
        If the ending is none of these.
    """
    from PIL import Image

    if path.suffix.lower() not in WRITERS:
        raise InputError(
            f"{path}: images are not written as '{path.suffix}'", hint=f"use {', '.join(WRITERS)}"
        )
    values = micrograph_.image.to_numpy()[::-1]
    stream = io.BytesIO()
    if path.suffix.lower() == ".npy":
        np.save(stream, values)
    elif path.suffix.lower() == ".png":
        scaled = np.rint(255 * (values - values.min()) / np.ptp(values)).astype(np.uint8)
        Image.fromarray(scaled).save(stream, format="PNG")
    else:
        Image.fromarray(values.astype(np.float32)).save(stream, format="TIFF")
    write_atomically(path, stream.getvalue(), force=force)
