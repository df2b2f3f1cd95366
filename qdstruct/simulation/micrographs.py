"""Reading and writing images with a scale."""

from __future__ import annotations

import io
import warnings
from importlib.util import find_spec
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
PIXEL_HINT = "give it, for example --pixel 0.21A, or --pixel 0.25A,0.24A along y and x"
SCALED = (".dm3", ".dm4")
UNITS = {"pm": 0.01, "A": 1.0, "Å": 1.0, "nm": 10.0, "um": 1e4, "µm": 1e4, "μm": 1e4}
"""Å per unit of length, as DigitalMicrograph writes it."""


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

    if np.iscomplexobj(values):
        raise InputError(
            f"{name}: the image is of complex numbers", hint="give its modulus or its square"
        )
    array = np.asarray(values, dtype=float)
    _check_image(array, name)
    steps = np.broadcast_to(np.asarray(pixel_size, dtype=float), (2,))
    if not (np.isfinite(steps).all() and (steps > 0).all()):
        raise InputError(f"{name}: a pixel size of {pixel_size} Å is not positive", hint=PIXEL_HINT)
    bright = float((array == array.max()).mean())
    if bright > SATURATED_FRACTION:
        warnings.warn(
            f"{name}: {100 * bright:.0f} % of the pixels have the brightest value: saturated; "
            "spots at multiples of true ones may come from the clipping",
            stacklevel=2,
        )
    coords = {
        "y": ("y", steps[0] * np.arange(array.shape[0]), {"units": "Å"}),
        "x": ("x", steps[1] * np.arange(array.shape[1]), {"units": "Å"}),
    }
    image = xarray.DataArray(array, dims=("y", "x"), coords=coords, name="intensity")
    return Micrograph(name=name, image=image)


def _check_image(array: NDArray[np.float64], name: str) -> None:
    if array.ndim != 2 or min(array.shape) < 16:
        raise InputError(
            f"{name}: an image of shape {array.shape}; at least 16 × 16 pixels are needed",
            hint="give one grey image; of a stack, take one frame",
        )
    wrong = ~np.isfinite(array)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise InputError(
            f"{name}: {int(wrong.sum())} pixels are not finite numbers, the first in row {row}, "
            f"column {column}",
            hint="replace dead pixels by the mean of their neighbours",
        )
    if np.ptp(array) <= 1e-12 * max(1.0, float(np.abs(array).max())):
        raise InputError(
            f"{name}: the image is empty: all pixels are {array.flat[0]:g}",
            hint="check the export; a shutter or the range of grey values may have cut it off",
        )


def read_image(path: Path, pixel_size: float | tuple[float, float] | None) -> Micrograph:
    """Read a grey image: PNG, TIFF, …; .npy as `write_image` makes them; .dm3 and .dm4.

    Parameters
    ----------
    path : Path
        File. Colour images are turned to grey.
    pixel_size : float, (float, float) or None
        Å. None takes the scale that DigitalMicrograph wrote into a .dm3 or .dm4 file; other files
        carry no trustworthy scale, so that None is refused for them.

    Raises
    ------
    InputError
        No file, not an image, no pixel size, and as `micrograph`.
    """
    scaled = path.suffix.lower() in SCALED
    if pixel_size is None and not scaled:
        raise InputError(f"{path}: the size of a pixel is not known", hint=PIXEL_HINT)
    if not path.is_file():
        raise InputError(f"{path}: file not found", hint="check the path and the spelling")
    if scaled:
        values, found = _read_digital_micrograph(path)
        pixel_size = found if pixel_size is None else pixel_size
    else:
        try:
            values = np.load(path) if path.suffix == ".npy" else _read_picture(path)
        except (OSError, ValueError) as error:
            raise InputError(
                f"{path}: not an image that can be read: {error}",
                hint="give PNG, TIFF, .npy, .dm3 or .dm4",
            ) from error
    if pixel_size is None:
        raise InputError(f"{path}: the file has no scale in real space", hint=PIXEL_HINT)
    return micrograph(values[::-1] if values.ndim == 2 else values, pixel_size, name=path.stem)


def _read_digital_micrograph(
    path: Path,
) -> tuple[NDArray[np.float64], tuple[float, float] | None]:
    """Return values and the pixel size (y, x) in Å, None if the axes are not lengths."""
    if find_spec("ncempy") is None:
        raise InputError(
            f"{path}: reading .dm3 and .dm4 needs ncempy, which is not installed",
            hint="pip install 'qdstruct[microscopy]', or export the image as TIFF",
        )
    from ncempy.io.dm import dmReader

    try:
        found = dmReader(str(path))
    except Exception as error:  # a broken file fails anywhere in the parser
        raise InputError(f"{path}: not a DigitalMicrograph file: {error}") from error
    values = np.asarray(found["data"], dtype=float)
    factors = [UNITS.get(str(unit).strip()) for unit in found["pixelUnit"]]
    if values.ndim != 2 or len(factors) != 2 or None in factors:
        return values, None
    y, x = (
        float(step) * float(factor or 1.0)
        for step, factor in zip(found["pixelSize"], factors, strict=True)
    )
    return values, (y, x)


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
        If the ending is none of these, or all pixels are equal.
    """
    from PIL import Image

    if path.suffix.lower() not in WRITERS:
        raise InputError(
            f"{path}: images are not written as '{path.suffix}'", hint=f"use {', '.join(WRITERS)}"
        )
    values = micrograph_.image.to_numpy()[::-1]
    if not np.ptp(values) > 0:
        raise InputError(
            f"{micrograph_.name}: the image shows nothing: all pixels are {values.flat[0]:g}",
            hint="no reflection passes; take a zone axis of smaller indices or smaller pixels",
        )
    stream = io.BytesIO()
    if path.suffix.lower() == ".npy":
        np.save(stream, values)
    elif path.suffix.lower() == ".png":
        scaled = np.rint(255 * (values - values.min()) / np.ptp(values)).astype(np.uint8)
        Image.fromarray(scaled).save(stream, format="PNG")
    else:
        Image.fromarray(values.astype(np.float32)).save(stream, format="TIFF")
    write_atomically(path, stream.getvalue(), force=force)
