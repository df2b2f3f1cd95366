"""Small-angle scattering of superlattices and layered films of nanocrystals."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.model.patterns import CurveMaximum, SmallAngleCurve
from qdstruct.simulation.form_factors import ParticleShape, form_factor

__all__ = [
    "LayerStack",
    "SimpleCubicArray",
    "array_structure_factor",
    "small_angle_curve",
    "stack_structure_factor",
    "structure_maxima",
]

MAX_PARTICLES = 8_000_000
MAX_LAYERS = 100_000
FIRST_ORDER = 0.7
"""Of 2π over the repeat distance: maxima of S(q) below are ripples around q = 0, no order."""
SMOOTH_LIMIT = 1.0
"""1/Å: beyond it 2π/q is an interatomic distance, and a body of constant density no model."""


@dataclass(frozen=True, kw_only=True)
class SimpleCubicArray:
    """A finite simple-cubic superlattice (a supraparticle) in all orientations."""

    spacing: float
    """Centre-to-centre distance of neighbours, Å."""
    cells: tuple[int, int, int]
    """Particles along each axis."""
    disorder: float = 0.0
    """Root-mean-square displacement of a particle along each axis, Å, independent of others."""
    vacancies: float = 0.0
    """Fraction of sites that are empty, at random."""
    spherical: bool = False
    """Keep only the sites inside the sphere inscribed in the block."""

    def __post_init__(self) -> None:
        """Refuse arrays that do not exist."""
        if not (np.isfinite(self.spacing) and self.spacing > 0):
            raise InputError(
                f"a spacing of {self.spacing} Å is not positive", hint="for example 114 Å"
            )
        if min(self.cells) < 1:
            raise InputError(
                f"{self.cells} particles along the axes are no superlattice",
                hint="give counts of at least 1, for example 12, 12, 12",
            )
        if np.prod(self.cells, dtype=float) > MAX_PARTICLES:
            raise InputError(
                f"{self.cells} particles: between one and {MAX_PARTICLES} are possible",
                hint="their pairs are counted in the memory; beyond ten along an edge the maxima "
                "hardly move",
            )
        if not (np.isfinite(self.disorder) and self.disorder >= 0):
            raise InputError(f"a disorder of {self.disorder} Å is negative")
        if not 0 <= self.vacancies < 1:
            raise InputError(
                f"a vacancy fraction of {self.vacancies} is not between 0 and 1",
                hint="for example 0.03",
            )


@dataclass(frozen=True, kw_only=True)
class LayerStack:
    """A film of equal layers, seen along its normal."""

    period: float
    """Mean distance between neighbouring layers, Å."""
    layers: int
    """Number of layers."""
    disorder: float = 0.0
    """Standard deviation of each distance, Å; errors add up from layer to layer."""

    def __post_init__(self) -> None:
        """Refuse stacks that do not exist."""
        if not (np.isfinite(self.period) and self.period > 0):
            raise InputError(f"a period of {self.period} Å is not positive")
        if not 1 <= self.layers <= MAX_LAYERS:
            raise InputError(
                f"a film of {self.layers} layers", hint=f"between one and {MAX_LAYERS} are possible"
            )
        if not (np.isfinite(self.disorder) and self.disorder >= 0):
            raise InputError(f"a disorder of {self.disorder} Å is negative")


def array_structure_factor(q: NDArray[np.float64], array: SimpleCubicArray) -> NDArray[np.float64]:
    """Return the orientation-averaged S(q) of a finite superlattice.

    S(q) = (1/N) Σ_i Σ_j ⟨sin(q r_ij)/(q r_ij)⟩ over all ordered pairs of the N particles present.

    Parameters
    ----------
    q : (Q,) array
        1/Å.
    array : SimpleCubicArray
        The superlattice.

    Notes
    -----
    Pairs are counted exactly as in `debye_intensity`. Independent displacements damp pairs i ≠ j
    by exp(−q²σ²) (first kind); random vacancies leave a fraction p = 1 − v of the partners, so
    S = 1 + p exp(−q²σ²)(S₀ − 1), exact for the ensemble average.
    """
    from qdstruct.simulation.debye import lattice_interference
    from qdstruct.simulation.particles import LatticeDomain

    occupied = np.ones((1, *array.cells), dtype=bool)
    if array.spherical:
        centre = (np.array(array.cells) - 1) / 2
        offset = np.stack(np.meshgrid(*map(np.arange, array.cells), indexing="ij"), axis=-1)
        inside = ((offset - centre) ** 2).sum(axis=-1) <= (min(array.cells) / 2) ** 2
        occupied = inside[None]
    domain = LatticeDomain(
        cell=np.eye(3) * array.spacing,
        origin=np.zeros(3),
        basis=np.zeros((1, 3)),
        symbols=("X",),
        occupied=occupied,
    )
    values = np.asarray(q, dtype=float)
    perfect = lattice_interference(values, domain)
    damping = np.exp(-(values**2) * array.disorder**2)
    return np.asarray(1 + (1 - array.vacancies) * damping * (perfect - 1))


def stack_structure_factor(q: NDArray[np.float64], stack: LayerStack) -> NDArray[np.float64]:
    """Return S(q) of a finite one-dimensional paracrystal, q along its normal.

    S = 1 + (2/N) Σ_{m=1}^{N−1} (N − m) cos(m q D) exp(−m q²σ²/2)  (Hosemann and Bagchi 1962).

    Parameters
    ----------
    q : (Q,) array
        1/Å.
    stack : LayerStack
        The film.
    """
    values = np.asarray(q, dtype=float)
    step = np.exp(1j * values * stack.period - values**2 * stack.disorder**2 / 2)
    total = np.ones_like(values)
    power = np.ones_like(step)
    for m in range(1, stack.layers):
        power = power * step
        total += 2 * (1 - m / stack.layers) * power.real
    return total


def small_angle_curve(
    q: NDArray[np.float64],
    shape: ParticleShape,
    *,
    name: str,
    arrangement: SimpleCubicArray | LayerStack | None = None,
    polydispersity: float = 0.0,
) -> SmallAngleCurve:
    """Return I(q) of particles, alone or in a superlattice or a film.

    Parameters
    ----------
    q : (Q,) array
        1/Å, ascending and positive.
    shape : ParticleShape
        The particle.
    name : str
        What the curve is called.
    arrangement : SimpleCubicArray, LayerStack or None
        None: independent particles.
    polydispersity : float
        Relative standard deviation of the core size.

    Warns
    -----
    UserWarning
        If q goes beyond `SMOOTH_LIMIT`, or particles overlap at the distance given.

    Returns
    -------
    SmallAngleCurve
        I = ⟨F²⟩ (1 + β (S − 1)), normalised to one at the form factor's own q → 0. Its maxima
        are those from `FIRST_ORDER` on.

    Notes
    -----
    Decoupling approximation: orientation and size of a particle do not depend on its place
    (Kotlarchyk and Chen, J. Chem. Phys. 79, 2461 (1983)); β = ⟨F⟩²/⟨F²⟩.
    """
    import xarray

    values = np.asarray(q, dtype=float)
    if values.ndim != 1 or values.size < 3 or not (values > 0).all():
        raise InputError(
            "q must be at least three positive numbers in 1/Å", hint="leave out q = 0 and NaN"
        )
    if not (np.isfinite(values).all() and (np.diff(values) > 0).all()):
        raise InputError("q must be finite and ascend", hint="sort it")
    _warn_of_limits(values, shape, arrangement)
    averages = form_factor(values, shape, polydispersity=polydispersity)
    zero = float(form_factor(np.zeros(1), shape, polydispersity=polydispersity).mean_square[0])
    structure = _structure(values, arrangement)
    form = averages.mean_square / zero
    intensity = form * (1 + averages.beta * (structure - 1))
    curve = xarray.Dataset(
        {
            "intensity": ("q", intensity, {"units": "form factor at q = 0 is 1"}),
            "form_factor": ("q", form, {"units": "1 at q = 0"}),
            "structure_factor": ("q", structure, {"units": "1"}),
        },
        coords={"q": ("q", values, {"units": "1/Å", "long_name": "q = 4π sinθ/λ"})},
    )
    repeat = _repeat_distance(arrangement)
    maxima = structure_maxima(values, structure, longest=repeat / FIRST_ORDER)
    return SmallAngleCurve(name=name, curve=curve, maxima=maxima)


def _repeat_distance(arrangement: SimpleCubicArray | LayerStack | None) -> float:
    """Return the distance between neighbours in Å, infinite for particles on their own."""
    if isinstance(arrangement, SimpleCubicArray):
        return arrangement.spacing
    return float("inf") if arrangement is None else arrangement.period


def _warn_of_limits(
    q: NDArray[np.float64],
    shape: ParticleShape,
    arrangement: SimpleCubicArray | LayerStack | None,
) -> None:
    if q.max() > SMOOTH_LIMIT:
        warnings.warn(
            f"q = {q.max():.3g} 1/Å is beyond the small-angle method: at {SMOOTH_LIMIT:g} 1/Å "
            f"2π/q is {2 * np.pi / SMOOTH_LIMIT:.1f} Å and atoms show; use the Debye equation",
            stacklevel=3,
        )
    distance = _repeat_distance(arrangement)
    thinnest = min(shape.size) + 2 * shape.shell
    if distance < thinnest:
        warnings.warn(
            f"particles of {thinnest:g} Å overlap at a distance of {distance:g} Å", stacklevel=3
        )


def _structure(
    q: NDArray[np.float64], arrangement: SimpleCubicArray | LayerStack | None
) -> NDArray[np.float64]:
    if isinstance(arrangement, SimpleCubicArray):
        return array_structure_factor(q, arrangement)
    if isinstance(arrangement, LayerStack):
        return stack_structure_factor(q, arrangement)
    return np.ones_like(q)


def structure_maxima(
    q: NDArray[np.float64], structure: NDArray[np.float64], *, longest: float = float("inf")
) -> tuple[CurveMaximum, ...]:
    """Return the maxima of S(q) above one, refined by a parabola through three points.

    Parameters
    ----------
    q : (Q,) array
        1/Å, ascending.
    structure : (Q,) array
        S(q).
    longest : float
        Å: maxima with a longer 2π/q are left out. A finite array has side lobes of its peak at
        q = 0 there.
    """
    inner = structure[1:-1]
    top = 1 + np.flatnonzero(
        (inner > structure[:-2]) & (inner >= structure[2:]) & (inner > 1 + 1e-9)
    )
    found = []
    for i in top.tolist():
        a, b, _ = np.polyfit(q[i - 1 : i + 2] - q[i], structure[i - 1 : i + 2], 2)
        place = float(q[i] - b / (2 * a))
        height = float(structure[i] - b**2 / (4 * a))
        spacing = 2 * np.pi / place
        if spacing <= longest:
            found.append(CurveMaximum(q=place, spacing=spacing, height=height))
    return tuple(found)
