"""Lattice spots in the Fourier transform of an image."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.model.patterns import FoundSpot, Micrograph

__all__ = ["find_spots", "power_spectrum"]

MIN_CYCLES = 3.0
"""Spots nearer to the origin than this many periods per image are its slow shading."""


def power_spectrum(
    micrograph: Micrograph,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return g_y, g_x (1/Å, ascending) and the power |FT|² of an image.

    The mean is taken away and a Hann window put on, so that the edges make no cross; the origin is
    in the middle. Pixels need not be square.
    """
    values = micrograph.image.to_numpy()
    rows, columns = values.shape
    step_y, step_x = micrograph.pixel_size
    window = np.outer(np.hanning(rows), np.hanning(columns))
    mean = (values * window).sum() / window.sum()
    power = np.abs(np.fft.fftshift(np.fft.fft2((values - mean) * window))) ** 2
    g_y = np.fft.fftshift(np.fft.fftfreq(rows, step_y))
    g_x = np.fft.fftshift(np.fft.fftfreq(columns, step_x))
    return g_y, g_x, power


def find_spots(
    micrograph: Micrograph,
    *,
    max_g: float | None = None,
    threshold: float = 30.0,
    min_height: float = 0.2,
    limit: int = 40,
) -> tuple[FoundSpot, ...]:
    """Find the spots of the power spectrum, strongest first.

    Parameters
    ----------
    micrograph : Micrograph
        The image.
    max_g : float, optional
        Largest 1/d in 1/Å; the image's own limit (Nyquist) by default.
    threshold : float
        How many times a spot's power must exceed the median power at its own distance from the
        origin.
    min_height : float
        Leave out spots below this percentage of the strongest; the first side lobe of a spot
        under the Hann window has 0.07 %.
    limit : int
        Largest number of spots.

    Returns
    -------
    tuple of FoundSpot
        One of each pair ±g, refined below the pixel by a parabola through the logarithm of the
        power (exact for a Gaussian peak; better than 0.05 pixels with the Hann window).

    Raises
    ------
    InputError
        If nothing rises above the threshold, or `max_g` or `threshold` is not positive.

    Warns
    -----
    UserWarning
        If `max_g` is beyond what the pixels resolve.
    """
    if max_g is not None and not (np.isfinite(max_g) and max_g > 0):
        raise InputError(
            f"max_g = {max_g:g} 1/Å is not positive", hint="give the largest 1/d, for example 0.6"
        )
    if not (np.isfinite(threshold) and threshold > 0):
        raise InputError(
            f"a threshold of {threshold:g} is not positive",
            hint="give the power of a spot over the median at its distance, for example 30",
        )
    g_y, g_x, power = power_spectrum(micrograph)
    length = np.hypot(g_y[:, None], g_x[None, :])
    steps = (float(g_y[1] - g_y[0]), float(g_x[1] - g_x[0]))
    nyquist = float(min(-g_y[0], -g_x[0]))
    if max_g is not None and max_g > nyquist * (1 + 1e-9):
        warnings.warn(
            f"{micrograph.name}: the pixels resolve 1/d up to {nyquist:.3g} 1/Å, not {max_g:g}",
            stacklevel=2,
        )
    reach = nyquist if max_g is None else min(max_g, nyquist)
    peaks = _local_maxima(power)
    peaks &= (length > MIN_CYCLES * max(steps)) & (length <= reach - max(steps))
    peaks &= (g_y[:, None] > 0) | ((g_y[:, None] == 0) & (g_x[None, :] > 0))
    peaks &= power > threshold * _background(power, length, max(steps))
    peaks &= power >= min_height / 100 * power[peaks].max(initial=0.0)
    place = np.argwhere(peaks)
    if len(place) == 0:
        raise InputError(
            f"{micrograph.name}: no lattice spots rise above the noise up to {reach:.3g} 1/Å",
            hint="check the pixel size, or lower the threshold",
        )
    order = np.argsort(-power[tuple(place.T)], kind="stable")[:limit]
    strongest = power[tuple(place[order[0]])]
    return tuple(
        _spot(power, place[i], (g_y, g_x), steps, float(strongest)) for i in order.tolist()
    )


def _local_maxima(power: NDArray[np.float64]) -> NDArray[np.bool_]:
    from scipy.ndimage import maximum_filter

    return np.asarray(power == maximum_filter(power, size=5, mode="wrap"))


def _background(
    power: NDArray[np.float64], length: NDArray[np.float64], step: float
) -> NDArray[np.float64]:
    """Return the median power of the ring that each pixel belongs to."""
    ring = (length / (4 * step)).astype(int)
    order = np.argsort(ring, axis=None, kind="stable")
    bounds = np.searchsorted(ring.ravel()[order], np.arange(ring.max() + 2))
    flat = power.ravel()[order]
    medians = np.array(
        [np.median(flat[a:b]) if b > a else 0.0 for a, b in pairwise(bounds.tolist())]
    )
    return np.asarray(medians[ring])


def _spot(
    power: NDArray[np.float64],
    place: NDArray[np.int64],
    axes: tuple[NDArray[np.float64], NDArray[np.float64]],
    steps: tuple[float, float],
    strongest: float,
) -> FoundSpot:
    i, j = int(place[0]), int(place[1])
    tiny = 1e-300
    column = np.log(power[[i - 1, i, (i + 1) % power.shape[0]], j] + tiny)
    row = np.log(power[i, [j - 1, j, (j + 1) % power.shape[1]]] + tiny)
    y = float(axes[0][i]) + steps[0] * _vertex(column)
    x = float(axes[1][j]) + steps[1] * _vertex(row)
    if y < 0:
        x, y = -x, -y
    return FoundSpot(
        g=(x, y),
        length=float(np.hypot(x, y)),
        angle=float(np.degrees(np.arctan2(y, x)) % 180),
        height=float(100 * power[i, j] / strongest),
    )


def _vertex(three: NDArray[np.float64]) -> float:
    """Return the place of the top of the parabola through three points at −1, 0, 1."""
    curvature = float(three[0] - 2 * three[1] + three[2])
    return 0.0 if curvature >= 0 else float(0.5 * (three[0] - three[2]) / curvature)
