"""Powders of particles that are not all of one size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.simulation.debye import debye_pattern
from qdstruct.simulation.particles import cut_particle

if TYPE_CHECKING:
    from ase import Atoms

    from qdstruct.model.patterns import PowderPattern

__all__ = ["ensemble_pattern", "size_distribution"]

REACH = 3.0
"""Standard deviations of ln D on either side that are summed."""
MAX_SIZES = 61


def size_distribution(
    mean_nm: float, spread: float, step_nm: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return sizes and number fractions of a log-normal distribution.

    Parameters
    ----------
    mean_nm : float
        Number-weighted mean size D, nm.
    spread : float
        Standard deviation of D over its mean, for example 0.08.
    step_nm : float
        Largest step between two sizes, nm; below the growth by one lattice plane no particle is
        left out.

    Returns
    -------
    sizes, fractions : (S,) arrays
        nm, evenly spaced within three standard deviations; fractions add up to one.

    Notes
    -----
    ln D is normal with variance ln(1 + spread²) and mean ln(mean) − variance/2.
    """
    if not (np.isfinite(mean_nm) and mean_nm > 0 and np.isfinite(spread) and 0 <= spread < 1):
        raise InputError(
            f"a size of {mean_nm:g} nm with a spread of {spread:g}",
            hint="a positive size, and a relative spread of 0 or more and below 1",
        )
    if spread == 0:
        return np.array([mean_nm]), np.array([1.0])
    variance = np.log1p(spread**2)
    middle = np.log(mean_nm) - variance / 2
    low, high = np.exp(middle + np.array([-REACH, REACH]) * np.sqrt(variance))
    count = int(np.clip(np.ceil((high - low) / step_nm) + 1, 7, MAX_SIZES))
    sizes = np.linspace(low, high, count)
    density = np.exp(-((np.log(sizes) - middle) ** 2) / (2 * variance)) / sizes
    return sizes, np.asarray(density / density.sum())


def ensemble_pattern(
    atoms: Atoms,
    *,
    name: str,
    size_nm: float,
    spread: float,
    shape: str = "cube",
    anode: str | float = "CuKa",
    two_theta_range: tuple[float, float] = (10.0, 60.0),
    step: float = 0.05,
    b_iso: dict[str, float] | None = None,
) -> PowderPattern:
    """Return the Debye pattern of a powder of particles with a log-normal distribution of sizes.

    Parameters
    ----------
    atoms : Atoms
        The crystal that the particles are cut from.
    name : str
        What the pattern is called.
    size_nm, spread
        Number-weighted mean size (nm) and relative standard deviation: see `size_distribution`.
    shape
        As `cut_particle`.
    anode, two_theta_range, step, b_iso
        As `debye_pattern`.

    Returns
    -------
    PowderPattern
        Intensities of all sizes added by number, each with its own N² near q = 0: large particles
        weigh more, as they do in a measurement. Attributes ``size_nm``, ``spread``, ``n_sizes``.

    Raises
    ------
    InputError
        As `size_distribution`, `cut_particle` and `debye_pattern`.
    """
    shortest = float(np.linalg.norm(np.asarray(atoms.cell), axis=1).min()) / 10
    sizes, fractions = size_distribution(size_nm, spread, shortest / 2)
    total, mean_atoms, pattern = 0.0, 0.0, None
    for size, fraction in zip(sizes.tolist(), fractions.tolist(), strict=True):
        particle = cut_particle(atoms, name=name, size_nm=size, shape=shape)
        pattern = debye_pattern(
            [particle], name=name, anode=anode, two_theta_range=two_theta_range, step=step,
            b_iso=b_iso,
        )  # fmt: skip
        scale = pattern.pattern.attrs["strongest_point"] / 100
        total = total + fraction * scale * pattern.pattern.to_numpy()
        mean_atoms += fraction * len(particle)
    assert pattern is not None
    curve = np.asarray(total)
    pattern.pattern.values[:] = 100 * curve / curve.max()
    pattern.pattern.attrs.update(
        strongest_point=float(curve.max()), n_atoms=round(mean_atoms), size_nm=float(size_nm),
        spread=float(spread), n_sizes=len(sizes),
    )  # fmt: skip
    return pattern
