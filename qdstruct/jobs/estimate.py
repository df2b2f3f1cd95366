"""What a job will cost: electrons, bands, plane waves, memory and core-hours on a stated model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qdstruct.jobs.cells import fft_grid, irreducible_points
from qdstruct.jobs.explain import read_job
from qdstruct.jobs.physics import default_bands
from qdstruct.jobs.poscar import read_poscar
from qdstruct.jobs.potentials import count_electrons
from qdstruct.model.record import Record
from qdstruct.units import HBAR2_OVER_2M

__all__ = ["JobEstimate", "estimate"]

SUSTAINED_RATE = 4.0e9
"""Floating-point operations per second and core that VASP sustains on common CPUs (assumed)."""
ELECTRONIC_STEPS = 15
"""Self-consistency steps per ionic step (assumed)."""
IONIC_STEPS = 40
"""Ionic steps of a relaxation, at most NSW (assumed)."""
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
    subspace diagonalisation adds 25 N_b² (all times N_b bands).

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
    points = irreducible_points(atoms, job.kpoints or (1, 1, 1))
    grid = fft_grid(np.asarray(atoms.cell), cutoff, str(tags.get("PREC", "Normal")))
    coarse = math.prod(grid) / (1 if str(tags.get("PREC", "Normal")).startswith("S") else 8)
    transforms = APPLICATIONS * 2 * 5 * coarse * math.log2(coarse)
    per_step = bands * (transforms + 16 * waves * bands + 25 * bands**2)
    ionic = min(int(tags.get("NSW", 0)), IONIC_STEPS) if job.kind == "relax" else 1
    operations = per_step * points * spins * ELECTRONIC_STEPS * max(ionic, 1)
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
