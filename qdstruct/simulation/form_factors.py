"""Small-angle form factors of spheres, cubes and cuboids, plain or with a shell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError

__all__ = ["FormFactor", "ParticleShape", "form_factor", "sphere_amplitude"]

KINDS = ("sphere", "cube", "cuboid")
_CHUNK = 30_000
"""Directions × q at once: what the processor's cache holds."""
_STEP = 3
"""Orders are multiples of this, so that many q share their directions."""
MAX_ORDER = 2000
MAX_DIRECTIONS = 5e9
"""Directions × q above which a form factor is refused: minutes."""


@dataclass(frozen=True, kw_only=True)
class ParticleShape:
    """A particle of one or two homogeneous parts, surrounded by a homogeneous medium."""

    kind: str
    """``sphere``, ``cube`` or ``cuboid``."""
    size: tuple[float, float, float]
    """Edges of the core in Å; the diameter, three times, for a sphere."""
    shell: float = 0.0
    """Thickness of a shell of equal thickness on all faces, Å; 0 for none."""
    core_contrast: float = 1.0
    """Scattering length density of the core minus the medium's, any unit."""
    shell_contrast: float = 0.0
    """Scattering length density of the shell minus the medium's, same unit."""

    def __post_init__(self) -> None:
        """Refuse shapes that do not exist."""
        if self.kind not in KINDS:
            raise InputError(f"unknown shape '{self.kind}'", hint=f"known are {', '.join(KINDS)}")
        if not (np.isfinite(self.size).all() and min(self.size) > 0):
            raise InputError(
                f"a size of {self.size} Å is not positive", hint="for example 80 Å, --size 8nm"
            )
        if not (np.isfinite(self.shell) and self.shell >= 0):
            raise InputError(f"a shell of {self.shell} Å is negative")
        if self.kind != "cuboid" and len(set(self.size)) != 1:
            raise InputError(f"a {self.kind} has one size, not {self.size} Å")

    def scaled(self, factor: float) -> ParticleShape:
        """Return the shape with its core scaled and its shell kept."""
        a, b, c = (factor * length for length in self.size)
        return ParticleShape(
            kind=self.kind,
            size=(a, b, c),
            shell=self.shell,
            core_contrast=self.core_contrast,
            shell_contrast=self.shell_contrast,
        )

    def parts(self) -> list[tuple[float, NDArray[np.float64]]]:
        """Return (contrast step, edges) of the homogeneous bodies whose amplitudes add up."""
        core = np.asarray(self.size, dtype=float)
        if self.shell == 0:
            return [(self.core_contrast, core)]
        step = self.core_contrast - self.shell_contrast
        return [(step, core), (self.shell_contrast, core + 2 * self.shell)]


@dataclass(frozen=True, kw_only=True, eq=False)
class FormFactor:
    """Averages of the amplitude over orientations and sizes."""

    mean_square: NDArray[np.float64]
    """(Q,) ⟨F²⟩ in (contrast·Å³)²."""
    mean_amplitude: NDArray[np.float64]
    """(Q,) ⟨F⟩ in contrast·Å³."""

    @property
    def beta(self) -> NDArray[np.float64]:
        """(Q,) ⟨F⟩²/⟨F²⟩: how much of the scattering can interfere between particles."""
        return np.asarray(self.mean_amplitude**2 / self.mean_square)


def sphere_amplitude(q: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    """Return F(q) = V·3 (sin x − x cos x)/x³, x = qR, of unit contrast (Rayleigh 1911).

    Parameters
    ----------
    q : array
        1/Å.
    radius : float
        Å.
    """
    x = np.asarray(q, dtype=float) * radius
    safe = np.where(x > 1e-2, x, 1.0)
    full = 3 * (np.sin(safe) - safe * np.cos(safe)) / safe**3
    series = 1 - x**2 / 10 + x**4 / 280
    return np.asarray(4 / 3 * np.pi * radius**3 * np.where(x > 1e-2, full, series))


def form_factor(
    q: NDArray[np.float64], shape: ParticleShape, *, polydispersity: float = 0.0
) -> FormFactor:
    """Return ⟨F²⟩ and ⟨F⟩ of a particle in all orientations.

    Parameters
    ----------
    q : (Q,) array
        1/Å.
    shape : ParticleShape
        The particle.
    polydispersity : float
        Relative standard deviation of the core's size (normal, edges scaled together).

    Raises
    ------
    InputError
        Impossible q or polydispersity, or more directions than a few minutes allow.

    Notes
    -----
    Sphere: closed form. Cuboid: F = V sinc(q_x a/2) sinc(q_y b/2) sinc(q_z c/2) (Mittelbach and
    Porod, Acta Phys. Austriaca 14, 185 (1961)), averaged over one octant by Gauss–Legendre
    quadrature whose orders grow with q times the edges: errors are below 1e-7 of q → 0. Sizes by
    15-point Gauss–Hermite.
    """
    values = np.asarray(q, dtype=float)
    if values.ndim != 1 or not np.isfinite(values).all() or (values < 0).any():
        raise InputError("q must be a list of numbers that are not negative, in 1/Å")
    if not 0 <= polydispersity < 0.25:
        raise InputError(
            f"a polydispersity of {polydispersity} is outside 0 to 0.25",
            hint="give the relative standard deviation, for example 0.07",
        )
    if polydispersity == 0:
        return _oriented(values, shape)
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    kept = 1 + polydispersity * nodes > 0.02
    nodes, weights = nodes[kept], weights[kept] / weights[kept].sum()
    square, amplitude = np.zeros_like(values), np.zeros_like(values)
    for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
        one = _oriented(values, shape.scaled(1 + polydispersity * node))
        square += weight * one.mean_square
        amplitude += weight * one.mean_amplitude
    return FormFactor(mean_square=square, mean_amplitude=amplitude)


def _oriented(q: NDArray[np.float64], shape: ParticleShape) -> FormFactor:
    if shape.kind == "sphere":
        amplitude = np.zeros_like(q)
        for contrast, edges in shape.parts():
            amplitude += contrast * sphere_amplitude(q, float(edges[0]) / 2)
        return FormFactor(mean_square=amplitude**2, mean_amplitude=amplitude)
    bodies = [(contrast, np.sort(edges)) for contrast, edges in shape.parts()]
    square, mean = np.empty_like(q), np.empty_like(q)
    for chosen, n_height, n_azimuth in _orders(q, bodies[-1][1]):
        directions = _octant(n_height, n_azimuth, half=bool(bodies[-1][1][0] == bodies[-1][1][1]))
        rows = max(1, _CHUNK // (n_height * n_azimuth))
        for start in range(0, len(chosen), rows):
            part = chosen[start : start + rows]
            square[part], mean[part] = _averages(q[part], bodies, directions)
    return FormFactor(mean_square=square, mean_amplitude=mean)


def _orders(
    q: NDArray[np.float64], edges: NDArray[np.float64]
) -> list[tuple[NDArray[np.int64], int, int]]:
    """Return groups of q with the orders of quadrature over heights and azimuths that they need.

    An order grows with the phase that runs through the body along its diagonal, and across its
    longest edge; with these slopes ⟨F²⟩ and ⟨F⟩ are within 1e-7 of dense quadrature, relative to
    their value or to a thousandth of q → 0.
    """
    across = 1.0 if edges[0] != edges[1] else 0.5
    reach = q * float(np.linalg.norm(edges))
    wide = across * q * float(np.hypot(edges[0], edges[1]))
    heights = _STEP * np.ceil((5 + 0.38 * reach) / _STEP).astype(np.int64)
    azimuths = _STEP * np.ceil((6 + 0.48 * wide) / _STEP).astype(np.int64)
    if heights.max(initial=0) > MAX_ORDER or float((heights * azimuths).sum()) > MAX_DIRECTIONS:
        raise InputError(
            f"{len(q)} q up to {q.max():.3g} 1/Å of a body with edges of "
            f"{', '.join(f'{edge:g}' for edge in edges)} Å need {(heights * azimuths).sum():.2g} "
            f"directions (limit {MAX_DIRECTIONS:.2g}, and {MAX_ORDER} along one angle)",
            hint="lower the largest q, the number of points or the size",
        )
    keys, group = np.unique(np.stack([heights, azimuths]), axis=1, return_inverse=True)
    return [
        (np.flatnonzero(group.ravel() == i), int(keys[0, i]), int(keys[1, i]))
        for i in range(keys.shape[1])
    ]


@lru_cache(maxsize=64)
def _nodes(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Gauss–Legendre nodes and weights on 0 to 1."""
    x, w = np.polynomial.legendre.leggauss(n)
    return (x + 1) / 2, w / 2


def _octant(
    n_height: int, n_azimuth: int, *, half: bool
) -> tuple[tuple[NDArray[np.float64], ...], NDArray[np.float64], NDArray[np.float64]]:
    """Return (x, y, z) of unit vectors in one octant and the weights of heights and azimuths.

    z depends on the height alone. With `half`, x and y are equivalent and y ≤ x is enough.
    """
    height, height_weight = _nodes(n_height)
    turn, azimuth_weight = _nodes(n_azimuth)
    angle = turn * (np.pi / 4 if half else np.pi / 2)
    flat = np.sqrt(1 - height**2)
    x, y = np.outer(flat, np.cos(angle)), np.outer(flat, np.sin(angle))
    return (x, y, height), height_weight, azimuth_weight


def _averages(
    q: NDArray[np.float64],
    bodies: list[tuple[float, NDArray[np.float64]]],
    directions: tuple[tuple[NDArray[np.float64], ...], NDArray[np.float64], NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return ⟨F²⟩ and ⟨F⟩ over the directions."""
    along, heights, azimuths = directions
    total: NDArray[np.float64] | None = None
    for contrast, edges in bodies:
        x, y, z = (
            _sine_over(np.multiply.outer(q * (edge / 2), step))
            for edge, step in zip(edges.tolist(), along, strict=True)
        )
        x *= y
        x *= (contrast * np.prod(edges) * z)[:, :, None]
        total = x if total is None else total + x
    assert total is not None
    mean = (total @ azimuths) @ heights
    total *= total
    return (total @ azimuths) @ heights, mean


def _sine_over(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sin(x)/x of numbers that are not negative; 1 at 0."""
    x += 1e-30
    return np.asarray(np.sin(x) / x)
