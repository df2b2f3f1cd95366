"""Checks of the kinds of jobs that stand on others: paths, orbitals, displacements, dynamics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qdstruct.jobs.findings import PreflightFinding, error, tag_value, warning
from qdstruct.jobs.paths import folding
from qdstruct.model import Job, JobTree

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["check_kind", "check_orbitals", "check_series"]

LONG_STEP = 1.0
"""fs: the longest step that resolves the stretching of bonds to hydrogen (period 10 fs)."""
MANY_DISPLACEMENTS = 100
"""Displacements of one structure above which one asks whether it is meant."""
MANY_SNAPSHOTS = 5000


def check_kind(job: Job, atoms: Atoms) -> Iterator[PreflightFinding]:
    """Look for what would go wrong in a job of this kind alone."""
    if job.kind == "bands" and job.kpath is not None:
        times = folding(atoms)
        if times > 1:
            yield warning(
                job,
                f"the cell holds {times} primitive cells, so its bands are folded",
                "take the primitive cell for a band structure that is to be compared",
            )
    if job.kind == "md" and "H" in atoms.get_chemical_symbols():
        step = float(tag_value(job, "POTIM", 0.5))
        if step > LONG_STEP:
            yield warning(
                job,
                f"a time step of {step:g} fs is long for bonds to hydrogen",
                "set dynamics.time_step to 1 fs or less",
            )
    if job.kind == "states" and tag_value(job, "ISPIN", 1) == 2:
        yield warning(
            job,
            "with spin polarisation the bands of both spins are counted from the paired filling",
            "look at the occupations of the static run and set calculation.states.bands",
        )


def check_orbitals(tree: JobTree) -> Iterator[PreflightFinding]:
    """Look for jobs that read orbitals which their parent does not write, or for other k-points."""
    for job in tree.jobs:
        if job.orbitals_from is None:
            continue
        parent = tree.job(job.orbitals_from)
        if not tag_value(parent, "LWAVE", False):
            yield error(
                job,
                f"reads the orbitals of {parent.name}, which does not write them",
                f"leave LWAVE out of calculation.tags, or set it for {parent.name}",
            )
        if job.kpoints != parent.kpoints:
            yield error(
                job,
                f"k-mesh {job.kpoints} is not that of {parent.name} {parent.kpoints}, whose "
                "orbitals it reads",
                "use one mesh for both",
            )


def check_series(tree: JobTree) -> Iterator[PreflightFinding]:
    """Look for series that are long, jobs of one kind in one folder."""
    limits = {"displacement": MANY_DISPLACEMENTS, "snapshot": MANY_SNAPSHOTS}
    counts: dict[tuple[str, str], list[Job]] = {}
    for job in tree.jobs:
        if job.kind in limits:
            counts.setdefault((job.name.rpartition("/")[0], job.kind), []).append(job)
    for (_, kind), members in counts.items():
        if len(members) > limits[kind]:
            yield warning(
                members[0],
                f"the first of {len(members)} jobs of the kind {kind}",
                "take fewer layers or a more symmetric cell"
                if kind == "displacement"
                else "set dynamics.snapshots",
            )
