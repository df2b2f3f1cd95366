"""Geometric phase analysis: strain and rotation from a lattice image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.model.patterns import Micrograph, StrainMap

__all__ = ["strain_map"]

DEFAULT_PERIODS = 4.0
"""Resolution in lattice periods of the longer-period spot, when none is asked for."""
LEAST_AMPLITUDE = 0.1
"""Share of a reflection's amplitude in the reference region below which it counts as absent."""
FWHM_OF_SIGMA = 2 * np.sqrt(2 * np.log(2))


def strain_map(
    micrograph: Micrograph,
    g1: tuple[float, float],
    g2: tuple[float, float],
    *,
    reference: tuple[float, float, float, float],
    resolution: float | None = None,
) -> StrainMap:
    """Map in-plane strain and rotation relative to a reference region.

    Parameters
    ----------
    micrograph : Micrograph
        Lattice image.
    g1, g2 : (float, float)
        Two spots that are not parallel, 1/Å (x to the right, y upwards), as `find_spots` gives
        them; they are refined on the reference region.
    reference : (x0, y0, x1, y1)
        Rectangle of unstrained crystal, Å.
    resolution : float, optional
        Full width at half maximum of the averaging in real space, Å; four lattice periods by
        default. The mask in Fourier space is a Gaussian of standard deviation 0.375/resolution.

    Returns
    -------
    StrainMap
        exx, eyy, exy, rotation on the image's pixels; NaN within one resolution of the edge and
        where the amplitude of either reflection is below a tenth of its mean in the reference
        region: without fringes there is no phase, hence no strain.

    Raises
    ------
    InputError
        Parallel or unresolved spots, a reference region outside the image or smaller than the
        resolution, or an image too small for it.

    Notes
    -----
    Hÿtch, Snoeck and Kilaas, Ultramicroscopy 74, 131 (1998). The image filtered around g is H =
    A exp(iP); its local reciprocal vector is ∇P/2π = Im(H*∇H)/(2π|H|²), with ∇ taken in Fourier
    space, so that no phase needs unwrapping. With G = [g₁ g₂] (columns), a deformation F turns G
    into F⁻ᵀG, hence F = (G(r) G_ref⁻¹)⁻ᵀ, exact for large strains (their equation 13 is its first
    order). Then e = (F + Fᵀ)/2 − 1 and rotation = (F_yx − F_xy)/2.
    """
    import xarray

    values = micrograph.image.to_numpy().astype(float)
    steps = micrograph.pixel_size
    _check_spots(g1, g2, steps)
    lengths = [float(np.hypot(*g)) for g in (g1, g2)]
    if resolution is not None and not (np.isfinite(resolution) and resolution > 0):
        raise InputError(
            f"a resolution of {resolution:g} Å is not positive",
            hint=f"leave it out for four lattice periods, {DEFAULT_PERIODS / min(lengths):.3g} Å",
        )
    width = resolution or DEFAULT_PERIODS / min(lengths)
    region = _region(micrograph, reference, width)
    margin = [int(np.ceil(width / step)) for step in steps]
    if 2 * max(margin[0] / values.shape[0], margin[1] / values.shape[1]) > 0.9:
        raise InputError(
            f"a resolution of {width:.3g} Å leaves nothing of the image",
            hint="ask for a finer one, or take a larger image",
        )
    vectors, amplitudes = zip(
        *(_local_vector(values, steps, g, width, lengths) for g in (g1, g2)), strict=True
    )
    local = np.stack(vectors, axis=-1)
    reference_lattice = local[region].mean(axis=(0, 1))
    deformation = _deformation(local, reference_lattice)
    fields = _fields(deformation)
    noise = max(float(fields[name][region].std()) for name in ("exx", "eyy", "exy"))
    weak = np.any([a < LEAST_AMPLITUDE * a[region].mean() for a in amplitudes], axis=0)
    for field in fields.values():
        field[weak] = np.nan
        field[: margin[0]] = field[-margin[0] :] = np.nan
        field[:, : margin[1]] = field[:, -margin[1] :] = np.nan
    data = {
        name: (("y", "x"), field, {"units": "degree" if name == "rotation" else "1"})
        for name, field in fields.items()
    }
    maps = xarray.Dataset(data, coords=micrograph.image.coords)
    return StrainMap(
        maps=maps,
        g1=(float(reference_lattice[0, 0]), float(reference_lattice[1, 0])),
        g2=(float(reference_lattice[0, 1]), float(reference_lattice[1, 1])),
        resolution=float(width),
        reference=reference,
        noise=noise,
    )


def _check_spots(
    g1: tuple[float, float], g2: tuple[float, float], steps: tuple[float, float]
) -> None:
    for g in (g1, g2):
        if not (np.isfinite(g).all() and np.hypot(*g) > 0):
            raise InputError(f"{g} is not a spot: two numbers in 1/Å, not both zero")
        if abs(g[0]) > 0.5 / steps[1] or abs(g[1]) > 0.5 / steps[0]:
            raise InputError(
                f"the spot {g} 1/Å is beyond what the pixels resolve",
                hint=f"they resolve {0.5 / max(steps):.3g} 1/Å; check the pixel size",
            )
    sine = abs(g1[0] * g2[1] - g1[1] * g2[0]) / (np.hypot(*g1) * np.hypot(*g2))
    if sine < np.sin(np.radians(5)):
        raise InputError(f"the spots {g1} and {g2} are parallel", hint="choose two directions")


def _region(
    micrograph: Micrograph, reference: tuple[float, float, float, float], width: float
) -> tuple[slice, slice]:
    x0, x1 = sorted((reference[0], reference[2]))
    y0, y1 = sorted((reference[1], reference[3]))
    y, x = micrograph.image.coords["y"].to_numpy(), micrograph.image.coords["x"].to_numpy()
    inside = x0 >= x[0] - 1e-6 and y0 >= y[0] - 1e-6 and x1 <= x[-1] + 1e-6 and y1 <= y[-1] + 1e-6
    if not inside:
        raise InputError(
            f"the reference region {reference} Å leaves the image "
            f"(0 to {x[-1]:.4g} and 0 to {y[-1]:.4g} Å)",
            hint="give X0,Y0,X1,Y1 in Å from the lower left corner",
        )
    if min(x1 - x0, y1 - y0) < width:
        raise InputError(
            f"the reference region {reference} Å is smaller than the resolution, {width:.3g} Å",
            hint="choose a larger unstrained rectangle, or a finer --resolution",
        )
    rows = slice(int(np.searchsorted(y, y0)), int(np.searchsorted(y, y1)))
    return rows, slice(int(np.searchsorted(x, x0)), int(np.searchsorted(x, x1)))


def _local_vector(
    values: NDArray[np.float64],
    steps: tuple[float, float],
    g: tuple[float, float],
    width: float,
    lengths: list[float],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (rows, columns, 2) local reciprocal vector (x, y) and amplitude of one spot."""
    sigma = FWHM_OF_SIGMA / (2 * np.pi * width)
    if sigma > 0.35 * min(lengths):
        raise InputError(
            f"a resolution of {width:.3g} Å lets neighbouring spots into the mask",
            hint=f"ask for {1.08 / min(lengths):.3g} Å or more",
        )
    k_y = np.fft.fftfreq(values.shape[0], steps[0])[:, None]
    k_x = np.fft.fftfreq(values.shape[1], steps[1])[None, :]
    mask = np.exp(-((k_x - g[0]) ** 2 + (k_y - g[1]) ** 2) / (2 * sigma**2))
    filtered = np.fft.fft2(values - values.mean()) * mask
    wave = np.fft.ifft2(filtered)
    slopes = [np.fft.ifft2(2j * np.pi * k * filtered) for k in (k_x, k_y)]
    amplitude = np.abs(wave)
    if not amplitude.max() > 0:
        raise InputError(f"the image has no fringes at {g} 1/Å")
    floor = np.maximum(amplitude, 1e-6 * amplitude.max()) ** 2
    vector = np.stack([(wave.conj() * s).imag / floor / (2 * np.pi) for s in slopes], axis=-1)
    return vector, amplitude


def _deformation(local: NDArray[np.float64], reference: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the (rows, columns, 2, 2) deformation gradient F = (G G_ref⁻¹)⁻ᵀ."""
    change = local @ np.linalg.inv(reference)
    a, b, c, d = change[..., 0, 0], change[..., 0, 1], change[..., 1, 0], change[..., 1, 1]
    determinant = a * d - b * c
    safe = np.where(np.abs(determinant) > 1e-6, determinant, np.nan)
    inverse_transposed = np.stack([np.stack([d, -c], -1), np.stack([-b, a], -1)], axis=-2)
    return np.asarray(inverse_transposed / safe[..., None, None])


def _fields(deformation: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    xx, xy = deformation[..., 0, 0], deformation[..., 0, 1]
    yx, yy = deformation[..., 1, 0], deformation[..., 1, 1]
    return {
        "exx": xx - 1,
        "eyy": yy - 1,
        "exy": (xy + yx) / 2,
        "rotation": np.degrees((yx - xy) / 2),
    }
