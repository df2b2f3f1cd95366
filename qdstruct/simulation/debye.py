"""Powder scattering of finite particles by the Debye equation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.model.patterns import PowderPattern
from qdstruct.simulation.displacements import check_b_iso
from qdstruct.simulation.pair_histogram import Histogram, all_pairs
from qdstruct.simulation.particles import LatticeDomain
from qdstruct.simulation.powder import angle_grid
from qdstruct.simulation.radiation import radiation
from qdstruct.simulation.scattering_factors import anomalous_factor, check_reach, xray_factor

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["debye_intensity", "debye_pattern", "lattice_interference"]

RESOLUTION = 0.1
"""q_max·Δr of the distance bins: an error below 2.4e-6 per pair at q_max, less at smaller q."""
MAX_DIRECT_PAIRS = 2e11
"""Pairs counted one by one above which a calculation is refused (minutes on one core)."""
_CHUNK = 2_000_000


def debye_pattern(
    parts: Sequence[LatticeDomain | Atoms],
    *,
    name: str,
    anode: str | float = "CuKa",
    two_theta_range: tuple[float, float] = (10.0, 60.0),
    step: float = 0.05,
    b_iso: Mapping[str, float] | None = None,
    anomalous: bool = True,
) -> PowderPattern:
    """Return the pattern of a powder of finite particles as a diffractometer measures it.

    Parameters
    ----------
    parts : sequence of LatticeDomain or Atoms
        The pieces of one particle, in one frame.
    name : str
        What the pattern is called.
    anode, two_theta_range
        As in `powder_pattern`.
    step : float
        Degrees.
    b_iso : mapping, optional
        B = 8π²⟨u²⟩ in Å² by element.
    anomalous : bool
        Add f′ + i f″.

    Returns
    -------
    PowderPattern
        Without indexed peaks: a finite particle has no lines, only the profile. The Debye intensity
        times the polarisation factor (1 + cos²2θ)/2; the Lorentz factor is already in the
        orientational average. No instrumental broadening.

    Raises
    ------
    InputError
        As `debye_intensity` and `powder_pattern`.
    """
    import xarray

    source = radiation(anode)
    grid = angle_grid(two_theta_range, step)
    q = 4 * np.pi * np.sin(np.radians(grid) / 2) / source.wavelength
    intensity = debye_intensity(q, parts, b_iso=b_iso, energy=source.energy if anomalous else None)
    intensity *= (1 + np.cos(np.radians(grid)) ** 2) / 2
    n_atoms = sum(len(part) for part in parts)
    pattern = xarray.DataArray(
        100 * intensity / intensity.max(),
        dims=("two_theta",),
        coords={"two_theta": ("two_theta", grid, {"units": "degree", "long_name": "2θ"})},
        name="intensity",
        attrs={
            "units": "strongest point 100",
            "method": "Debye sum over all ordered pairs, times polarisation",
            "n_atoms": n_atoms,
            "wavelength_angstrom": source.wavelength,
            "strongest_point": float(intensity.max()),
            "strongest_point_units": "electrons² of one particle, times polarisation",
        },
    )
    return PowderPattern(
        phase=name, wavelength=source.wavelength, anode=source.name, peaks=(), pattern=pattern
    )


def debye_intensity(
    q: NDArray[np.float64],
    parts: Sequence[LatticeDomain | Atoms],
    *,
    b_iso: Mapping[str, float] | None = None,
    energy: float | None = None,
) -> NDArray[np.float64]:
    """Return I(q) = Σ_i Σ_j f_i f_j* D_ij sin(q r_ij)/(q r_ij) in electrons².

    The sum runs over all ordered pairs: each i ≠ j twice, and i = j once with sin(x)/x = 1.

    Parameters
    ----------
    q : (Q,) array
        4π sinθ/λ in 1/Å, not negative.
    parts : sequence of LatticeDomain or Atoms
        Pieces of one particle in one Cartesian frame. Pairs within a domain are counted exactly by
        FFT of its occupation numbers, pairs between two domains row by row where their lattices
        share a direction, all others one by one.
    b_iso : mapping, optional
        B = 8π²⟨u²⟩ in Å² by element: pairs i ≠ j are damped by D = exp(−(B_i + B_j) s²), s = q/4π,
        as uncorrelated displacements do; i = j is not damped.
    energy : float, optional
        Photon energy in eV: adds f′ + i f″. None: f0 alone.

    Returns
    -------
    (Q,) array

    Raises
    ------
    InputError
        No atoms, q negative or beyond the scattering factors, or too many pairs to count.

    Notes
    -----
    P. Debye, Ann. Phys. 351, 809 (1915). FFT of the occupation numbers: the autocorrelation of a
    set of lattice points gives the multiplicity of each displacement, an integer, so rounding makes
    it exact. Distances are then shared onto a grid that keeps three moments (`pair_counting`).
    """
    values = np.asarray(q, dtype=float)
    _check(values, parts)
    check_b_iso(b_iso)
    elements = sorted({symbol for part in parts for symbol in _counts(part)})
    width = RESOLUTION / max(float(values.max()), 1e-3)
    histogram = all_pairs(parts, width)
    s = values / (4 * np.pi)
    factors = {e: xray_factor(e, s).astype(complex) for e in elements}
    if energy is not None:
        factors = {e: f + anomalous_factor(e, energy) for e, f in factors.items()}
    damping = {e: np.exp(-(b_iso or {}).get(e, 0.0) * s**2) for e in elements}
    total = np.zeros_like(values)
    for element in elements:
        count = sum(_counts(part).get(element, 0) for part in parts)
        total += count * np.abs(factors[element]) ** 2
    sines = _sine_sums(values, width, histogram)
    for (one, two), sine in sines.items():
        product = (factors[one] * factors[two].conj()).real
        total += 2 * product * damping[one] * damping[two] * sine
    return total


def lattice_interference(q: NDArray[np.float64], domain: LatticeDomain) -> NDArray[np.float64]:
    """Return (1/N) Σ_i Σ_j sin(q r_ij)/(q r_ij) of N equal point scatterers on a lattice."""
    values = np.asarray(q, dtype=float)
    width = RESOLUTION / max(float(values.max()), 1e-6)
    pairs = _sine_sums(values, width, all_pairs([domain], width))
    total = np.full_like(values, float(len(domain)))
    for sine in pairs.values():
        total += 2 * sine
    return total / len(domain)


def _counts(part: LatticeDomain | Atoms) -> dict[str, int]:
    if isinstance(part, LatticeDomain):
        return {symbol: len(points) for symbol, points in part.positions().items()}
    symbols, counts = np.unique(part.get_chemical_symbols(), return_counts=True)
    return dict(zip(symbols.tolist(), counts.tolist(), strict=True))


def _check(q: NDArray[np.float64], parts: Sequence[LatticeDomain | Atoms]) -> None:
    if q.ndim != 1 or q.size == 0 or not np.isfinite(q).all() or q.min() < 0:
        raise InputError("q must be a list of numbers that are not negative, in 1/Å")
    check_reach(float(q.max()) / (4 * np.pi))
    sizes = [len(part) for part in parts]
    if sum(sizes) == 0:
        raise InputError("the particle has no atoms")
    direct = sum(a * b for a, b in combinations(sizes, 2))
    direct += sum(
        n * n // 2
        for n, part in zip(sizes, parts, strict=True)
        if not isinstance(part, LatticeDomain)
    )
    if direct > MAX_DIRECT_PAIRS:
        raise InputError(
            f"{direct:.2g} pairs of atoms would have to be counted one by one "
            f"(limit {MAX_DIRECT_PAIRS:.2g})",
            hint="give crystalline parts as lattice domains: their pairs are counted by FFT",
        )


def _sine_sums(q: NDArray[np.float64], width: float, histogram: Histogram) -> Histogram:
    """Return Σ_k w_k sin(q r_k)/(q r_k) for every pair of elements."""
    if not histogram:
        return {}
    pairs = list(histogram)
    weights = np.stack([histogram[pair] for pair in pairs], axis=1)
    filled = np.flatnonzero(np.any(weights != 0, axis=1))
    weights, r = weights[filled], width * (filled - 1.0)
    sums = np.empty((len(q), len(pairs)))
    rows = max(1, _CHUNK // max(len(r), 1))
    for start in range(0, len(q), rows):
        part = q[start : start + rows]
        sums[start : start + rows] = _sine_over(np.outer(part, r)) @ weights
    return {pair: sums[:, i] for i, pair in enumerate(pairs)}


def _sine_over(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sin(x)/x, in place where x is not zero."""
    zero = x == 0
    x[zero] = 1.0
    sine = np.sin(x)
    sine /= x
    sine[zero] = 1.0
    return sine
