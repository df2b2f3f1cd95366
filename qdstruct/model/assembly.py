"""Monte Carlo simulation of a crystal of cubes with vacancies: settings, series, outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qdstruct.model.record import Record

__all__ = ["AssemblyRun", "AssemblySeries", "AssemblySettings", "Mean"]


@dataclass(frozen=True, kw_only=True)
class Mean(Record):
    """A mean with its statistical error."""

    value: float
    """The mean."""
    error: float | None
    """Standard error of the mean; None when it cannot be estimated."""


@dataclass(frozen=True, kw_only=True)
class AssemblySettings(Record):
    """What is simulated: N freely rotating hard cubes in a periodic box at constant volume."""

    sites: int
    """Lattice sites along each edge of the box; sites³ in all."""
    vacancies: int
    """Empty sites; cubes = sites³ − vacancies."""
    packing: float
    """Packing fraction φ = N σ³ / V."""
    well: float
    """Energy of a pair within the well, kT; negative attracts."""
    well_range: float
    """Centre-to-centre range of the well, σ."""
    sweeps: int
    """Sweeps per seed; a sweep is one attempted move per cube on average."""
    warm_up: int
    """First sweeps, left out of all means; steps are adapted in the first half of them."""
    sample_every: int
    """Sweeps between two samples."""
    seeds: tuple[int, ...]
    """One independent run each."""
    start: str = "localised"
    """``localised``: empty sites of a perfect lattice; ``spread``: rows along x evenly spaced."""

    @property
    def cubes(self) -> int:
        """Number of cubes."""
        return self.sites**3 - self.vacancies

    @property
    def box(self) -> float:
        """Edge of the periodic box, σ."""
        return float((self.cubes / self.packing) ** (1 / 3))

    @property
    def lattice_constant(self) -> float:
        """Distance of neighbouring lattice sites, σ."""
        return self.box / self.sites


@dataclass(frozen=True, kw_only=True, eq=False)
class AssemblySeries(Record):
    """What one seed did, sample by sample."""

    seed: int
    """Of the random numbers."""
    sweep: NDArray[np.int64]
    """(samples,) sweeps made before each sample; the first sample is the start."""
    energy: NDArray[np.float64]
    """(samples,) energy per cube, kT."""
    opening: NDArray[np.float64]
    """(samples,) mean over vacancies of the smallest row gap of the three axes, lattice constants:
    1 for a whole empty site, near 0 where a row has closed up."""
    localised: NDArray[np.float64]
    """(samples,) part of the vacancies whose smallest row gap is above one half."""
    alignment: NDArray[np.float64]
    """(samples,) orientational order along the box: 1 aligned, 0.55 at random."""
    openings: NDArray[np.float64]
    """(kept samples, vacancies) smallest row gap of every vacancy after the warm-up."""
    widest: NDArray[np.float64]
    """(kept samples, vacancies) largest row gap of the three axes, for comparison."""
    acceptance: tuple[float, float, float]
    """Accepted part of displacements, rotations and slides after the warm-up."""
    steps: tuple[float, float]
    """Largest displacement, σ, and rotation, degrees, after the warm-up."""
    overlapping: int
    """Cubes that overlap at the end, counted afresh; always 0 unless the program is wrong."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AssemblyRun(Record):
    """Outcome over all seeds. Errors are standard errors over the seeds' means."""

    settings: AssemblySettings
    """What was simulated."""
    series: tuple[AssemblySeries, ...]
    """One per seed."""
    energy: Mean
    """Per cube, kT."""
    opening: Mean
    """Mean smallest row gap of a vacancy, lattice constants."""
    localised: Mean
    """Part of the vacancies that are localised: smallest row gap above one half."""
    alignment: Mean
    """Orientational order along the box."""
    blocks: NDArray[np.float64]
    """(seeds, blocks) mean opening of consecutive parts of equal length after the warm-up."""
    drift: Mean
    """Opening in the second half after the warm-up minus that in the first half."""
    equilibrated: bool | None
    """False if the 95 % interval of the drift excludes zero; None when one seed gives none."""
