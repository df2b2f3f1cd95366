"""What a job will cost: electrons, bands, plane waves, memory and core-hours on a stated model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qdstruct.jobs.cells import fft_grid, irreducible_points
from qdstruct.jobs.explain import read_job
from qdstruct.jobs.physics import default_bands
from qdstruct.jobs.poscar import read_poscar
from qdstruct.jobs.potentials import count_electrons
from qdstruct.model import Job
from qdstruct.model.record import Record
from qdstruct.units import HBAR2_OVER_2M

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["JobEstimate", "estimate"]

SUSTAINED_RATE = 4.0e9
"""Floating-point operations per second and core that VASP sustains on common CPUs (assumed)."""
ELECTRONIC_STEPS = 15
"""Self-consistency steps per ionic step (assumed)."""
MIXED_STEPS = 7
"""Self-consistency steps per step of molecular dynamics, whose mixer goes on (assumed)."""
IONIC_STEPS = 40
"""Ionic steps of a relaxation, at most NSW (assumed)."""
PATH_STEPS = 25
"""Steps of a run at fixed density, whose highest bands converge slowly (assumed)."""
APPLICATIONS = 4
"""Applications of H per band and electronic step (blocked Davidson, assumed)."""
MODEL = (
    f"{SUSTAINED_RATE / 1e9:g} GFLOP/s per core, {ELECTRONIC_STEPS} electronic and up to "
    f"{IONIC_STEPS} ionic steps; an order of magnitude, not a promise"
)


@dataclass(frozen=True, kw_only=True)
class JobEstimate(Record):
    """Size and cost of one job."""

    electrons: float
    """Valence electrons."""
    bands: int
    """NBANDS as VASP chooses it without noncollinear spins."""
    plane_waves: int
    """Coefficients per orbital and k-point (two components with spin–orbit coupling)."""
    kpoints: int
    """Irreducible k-points."""
    grid: tuple[int, int, int]
    """Fine FFT grid."""
    memory: float
    """GB for orbitals, projections excluded, and grids, all processes together."""
    core_hours: float
    """On the model below."""
    model: str
    """What the core-hours assume."""


def estimate(directory: Path) -> JobEstimate:
    """Estimate the cost of a prepared job.

    Plane waves: N = Ω k³/(6π²) with ħ²k²/2m = ENCUT. Bands: max(N_e/2 + N_ions/2, 0.6 N_e)
    (VASP wiki, NBANDS). Operations per band, k-point and electronic step: two FFTs of
    5 N_g log₂ N_g for each application of H; orthogonalisation and subspace rotation 16 N N_b; the
    subspace diagonalisation adds 25 N_b² (all times N_b bands). A hybrid adds two FFTs for every
    pair of a band and a filled band at every pair of k-points. Molecular dynamics costs its NSW
    steps; densities of single states count as one electronic step.

    Parameters
    ----------
    directory : Path
        A job directory with job.json and POSCAR.

    Raises
    ------
    InputError
        If it is not one.
    """
    job = read_job(directory)
    atoms = read_poscar(directory / "POSCAR")
    tags = {tag: entry["value"] for tag, entry in job.settings.items()}
    cutoff = float(tags["ENCUT"])
    spins = int(tags.get("ISPIN", 1))
    electrons = count_electrons(atoms)
    bands = int(tags.get("NBANDS", default_bands(electrons, len(atoms))))
    waves = int(atoms.cell.volume * (cutoff / HBAR2_OVER_2M) ** 1.5 / (6 * math.pi**2))
    waves *= 2 if tags.get("LSORBIT") else 1
    points = _points(job, atoms)
    grid = _grid(tags, np.asarray(atoms.cell), cutoff)
    coarse = math.prod(fft_grid(np.asarray(atoms.cell), cutoff, str(tags.get("PREC", "Normal"))))
    coarse //= 1 if str(tags.get("PREC", "Normal")).startswith("S") else 8
    transform = 2 * 5 * coarse * math.log2(coarse)
    per_step = bands * (APPLICATIONS * transform + 16 * waves * bands + 25 * bands**2)
    if tags.get("LHFCALC"):
        mesh = math.prod(job.kpoints or (1, 1, 1))
        per_step += bands * (electrons / 2) * mesh * transform
    operations = per_step * points * spins * _steps(job, tags)
    memory = 16 * bands * waves * points * spins + 8 * 6 * math.prod(grid) * spins
    return JobEstimate(
        electrons=electrons,
        bands=bands,
        plane_waves=waves,
        kpoints=points,
        grid=grid,
        memory=memory / 1e9,
        core_hours=operations / SUSTAINED_RATE / 3600,
        model=MODEL,
    )


def _points(job: Job, atoms: Atoms) -> int:
    """Count the k-points that are calculated."""
    if job.kpath is not None:
        return len(job.kpath.labels) * job.kpath.points
    return irreducible_points(atoms, job.kpoints or (1, 1, 1))


def _grid(tags: dict[str, Any], cell: NDArray[np.float64], cutoff: float) -> tuple[int, int, int]:
    """Return the fine grid: as pinned, or as VASP would choose it."""
    chosen = fft_grid(cell, cutoff, str(tags.get("PREC", "Normal")))
    first, second, third = (
        int(tags.get(tag, size)) for tag, size in zip(("NGXF", "NGYF", "NGZF"), chosen, strict=True)
    )
    return (first, second, third)


def _steps(job: Job, tags: dict[str, Any]) -> int:
    """Electronic steps of the whole job."""
    if job.kind == "states":
        return 1
    if job.kind in ("bands", "optics"):
        return PATH_STEPS
    steps = int(tags.get("NSW", 0))
    if job.kind == "relax":
        return ELECTRONIC_STEPS * max(1, min(steps, IONIC_STEPS))
    if job.kind == "md":
        return MIXED_STEPS * max(1, steps)
    return ELECTRONIC_STEPS
