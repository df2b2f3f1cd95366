"""Small-angle form factors of spheres, cubes and cuboids, plain or with a shell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError

__all__ = ["FormFactor", "ParticleShape", "form_factor", "sphere_amplitude"]

KINDS = ("sphere", "cube", "cuboid")
_CHUNK = 2_000_000


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
            raise InputError(f"a size of {self.size} Å is not positive")
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

    Notes
    -----
    Sphere: closed form. Cuboid: F = V sinc(q_x a/2) sinc(q_y b/2) sinc(q_z c/2) (Mittelbach and
    Porod, Acta Phys. Austriaca 14, 185 (1961)), averaged over one octant by Gauss–Legendre
    quadrature with enough nodes for the fastest oscillation. Sizes by 15-point Gauss–Hermite.
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
    longest = max(shape.size) + 2 * shape.shell
    direction, weights = _octant(16 + int(0.6 * q.max(initial=0.0) * longest))
    square, mean = np.empty_like(q), np.empty_like(q)
    rows = max(1, _CHUNK // len(weights))
    for start in range(0, len(q), rows):
        part = slice(start, start + rows)
        amplitude = np.zeros((len(q[part]), len(weights)))
        for contrast, edges in shape.parts():
            phases = [
                np.sinc(np.outer(q[part], direction[i]) * edges[i] / (2 * np.pi)) for i in range(3)
            ]
            amplitude += contrast * np.prod(edges) * phases[0] * phases[1] * phases[2]
        square[part] = amplitude**2 @ weights
        mean[part] = amplitude @ weights
    return FormFactor(mean_square=square, mean_amplitude=mean)


def _octant(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (3, K) unit vectors and weights that integrate over one octant of directions."""
    x, w = np.polynomial.legendre.leggauss(n)
    cosine, azimuth = (x + 1) / 2, np.pi / 4 * (x + 1)
    sine = np.sqrt(1 - cosine**2)
    along = np.stack(
        [
            np.outer(sine, np.cos(azimuth)).ravel(),
            np.outer(sine, np.sin(azimuth)).ravel(),
            np.outer(cosine, np.ones(n)).ravel(),
        ]
    )
    return along, np.outer(w / 2, w / 2).ravel()
