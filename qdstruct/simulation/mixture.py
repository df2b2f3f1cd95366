"""Phase fractions of a mixture from a measured powder pattern."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.model.patterns import MixtureFit, PhaseFraction
from qdstruct.simulation.powder import PowderSettings, powder_pattern

if TYPE_CHECKING:
    from ase import Atoms
    from xarray import Dataset

__all__ = ["fit_mixture", "read_pattern"]

MIN_POINTS = 50


def read_pattern(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Read a measured pattern: two columns, 2θ in degrees and counts.

    Parameters
    ----------
    path : Path
        Text with spaces, tabs, commas or semicolons between the columns; lines that do not start
        with a number (headers, comments) are skipped, further columns ignored.

    Returns
    -------
    two_theta, intensity : (P,) arrays

    Raises
    ------
    InputError
        No such file, no two columns of numbers, and as `fit_mixture`.
    """
    if not path.is_file():
        raise InputError(f"{path}: file not found", hint="check the path and the spelling")
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n")):
        words = line.replace(",", " ").replace(";", " ").split()
        try:
            values = [float(word) for word in words[:2]]
        except ValueError:
            continue
        if len(values) == 1:
            raise InputError(
                f"{path}: line {number + 1} has one column, not two",
                hint="2θ in degrees and counts in each line",
            )
        if values:
            rows.append(values)
    if not rows:
        raise InputError(f"{path}: no two columns of numbers", hint="2θ in degrees and counts")
    table = np.array(rows)
    _check(table[:, 0], table[:, 1], str(path))
    return table[:, 0], table[:, 1]


def _check(two_theta: NDArray[np.float64], intensity: NDArray[np.float64], name: str) -> None:
    if len(two_theta) < MIN_POINTS:
        raise InputError(
            f"{name}: {len(two_theta)} points; at least {MIN_POINTS} are needed",
            hint="give the pattern as it was measured, two columns: 2θ and counts",
        )
    wrong = ~(np.isfinite(two_theta) & np.isfinite(intensity))
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"{name}: {int(wrong.sum())} points are not finite numbers, the first is point "
            f"{first + 1}: {two_theta[first]:g}°, {intensity[first]:g}",
            hint="leave these points out",
        )
    if not (np.diff(two_theta) > 0).all():
        place = int(np.flatnonzero(np.diff(two_theta) <= 0)[0])
        raise InputError(
            f"{name}: the angles do not ascend at {two_theta[place]:g}°", hint="sort the pattern"
        )
    if two_theta[0] <= 0 or two_theta[-1] >= 180:
        raise InputError(
            f"{name}: angles from {two_theta[0]:g} to {two_theta[-1]:g}° are not 2θ",
            hint="give 2θ in degrees, between 0 and 180, in the first column",
        )
    if not intensity.max() > 0:
        raise InputError(f"{name}: no counts", hint="give counts in the second column")


def fit_mixture(
    two_theta: NDArray[np.float64],
    intensity: NDArray[np.float64],
    phases: Sequence[tuple[str, Atoms]],
    *,
    anode: str | float = "CuKa",
    sizes_nm: Mapping[str, float] | None = None,
    instrument_fwhm: float = 0.1,
    background_degree: int = 4,
    settings: PowderSettings | None = None,
) -> MixtureFit:
    """Explain a measured pattern by non-negative amounts of phases on a smooth background.

    Parameters
    ----------
    two_theta, intensity : (P,) arrays
        Degrees, ascending; counts.
    phases : sequence of (name, Atoms)
        Crystals offered.
    anode, instrument_fwhm, settings
        As `powder_pattern`.
    sizes_nm : mapping, optional
        Crystallite size by phase name, nm.
    background_degree : int
        Degree of the polynomial background.

    Returns
    -------
    MixtureFit

    Raises
    ------
    InputError
        A pattern with NaN, unsorted or too few points; no phase; no phase seen.

    Notes
    -----
    Scales S ≥ 0 by weighted least squares (w = 1/counts) with bounds; weight fractions W_p ∝
    S_p M_p V_p, with M and V the mass and volume of the cell (Hill and Howard, J. Appl. Cryst. 20,
    467 (1987)). Cells, shapes and displacements are not refined and absorption contrast between
    phases is left out: a quick analysis, not a Rietveld refinement.
    """
    _check(np.asarray(two_theta, float), np.asarray(intensity, float), "the pattern")
    if not phases or len({name for name, _ in phases}) != len(phases):
        raise InputError("offer at least one phase, each name once")
    sizes = sizes_nm or {}
    profiles = [
        _on_grid(two_theta, name, atoms, anode, sizes.get(name), instrument_fwhm, settings)
        for name, atoms in phases
    ]
    computed = np.stack(profiles, axis=1)
    x = 2 * (two_theta - two_theta[0]) / (two_theta[-1] - two_theta[0]) - 1
    smooth = np.polynomial.chebyshev.chebvander(x, background_degree)
    weight = 1 / np.sqrt(np.maximum(intensity, max(1.0, 1e-3 * intensity.max())))
    scales, background, covariance = _solve(computed, smooth, intensity, weight)
    if not scales.max() > 0:
        raise InputError(
            "none of the phases is seen in the pattern", hint="check wavelength and phases"
        )
    masses = np.array([atoms.get_masses().sum() * atoms.get_volume() for _, atoms in phases])
    fractions, errors = _weight_fractions(scales, masses, covariance)
    calculated = computed @ scales + background
    residual = weight**2 * (intensity - calculated) ** 2
    return MixtureFit(
        fractions=tuple(
            PhaseFraction(
                phase=phases[i][0],
                scale=float(scales[i]),
                weight_fraction=float(fractions[i]),
                uncertainty=float(errors[i]),
            )
            for i in range(len(phases))
        ),
        curve=_labelled(two_theta, intensity, calculated, background, computed * scales, phases),
        r_wp=float(np.sqrt(residual.sum() / (weight**2 * intensity**2).sum())),
    )


def _on_grid(
    two_theta: NDArray[np.float64],
    name: str,
    atoms: Atoms,
    anode: str | float,
    size_nm: float | None,
    instrument_fwhm: float,
    settings: PowderSettings | None,
) -> NDArray[np.float64]:
    """Return the absolute profile of one phase at the measured angles."""
    step = min(0.02, instrument_fwhm / 4)
    pattern = powder_pattern(
        atoms,
        name=name,
        anode=anode,
        two_theta_range=(float(two_theta[0]) - step, float(two_theta[-1]) + 2 * step),
        size_nm=size_nm,
        step=step,
        instrument_fwhm=instrument_fwhm,
        settings=settings,
    ).pattern
    grid = pattern.coords["two_theta"].to_numpy()
    profile = pattern.to_numpy() * pattern.attrs["strongest_point"] / 100
    return np.asarray(np.interp(two_theta, grid, profile))


def _solve(
    computed: NDArray[np.float64],
    smooth: NDArray[np.float64],
    intensity: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    from scipy.optimize import lsq_linear

    size = computed.max(axis=0)
    columns = np.hstack([computed / size, smooth]) * weight[:, None]
    n_phases = computed.shape[1]
    lower = np.r_[np.zeros(n_phases), np.full(smooth.shape[1], -np.inf)]
    solution = lsq_linear(columns, intensity * weight, bounds=(lower, np.inf)).x
    scales = np.where(solution[:n_phases] > 1e-9 * intensity.max(), solution[:n_phases], 0.0)
    residual = columns @ solution - intensity * weight
    variance = float(residual @ residual) / max(1, len(intensity) - len(solution))
    covariance = variance * np.linalg.pinv(columns.T @ columns)[:n_phases, :n_phases]
    return (
        scales / size,
        np.asarray(smooth @ solution[n_phases:]),
        np.asarray(covariance / np.outer(size, size)),
    )


def _weight_fractions(
    scales: NDArray[np.float64], masses: NDArray[np.float64], covariance: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    amount = scales * masses
    fractions = amount / amount.sum()
    slope = (np.diag(masses) - np.outer(fractions, masses)) / amount.sum()
    return fractions, np.sqrt(np.maximum(np.diag(slope @ covariance @ slope.T), 0.0))


def _labelled(
    two_theta: NDArray[np.float64],
    intensity: NDArray[np.float64],
    calculated: NDArray[np.float64],
    background: NDArray[np.float64],
    parts: NDArray[np.float64],
    phases: Sequence[tuple[str, Atoms]],
) -> Dataset:
    import xarray

    curves = {"measured": intensity, "calculated": calculated, "background": background}
    curves |= {f"phase: {name}": parts[:, i] for i, (name, _) in enumerate(phases)}
    return xarray.Dataset(
        {name: ("two_theta", values, {"units": "counts"}) for name, values in curves.items()},
        coords={"two_theta": ("two_theta", two_theta, {"units": "degree", "long_name": "2θ"})},
    )
