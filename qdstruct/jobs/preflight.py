"""What an expert would look at before submitting: clashes, vacuum, electrons, grids, cost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from qdstruct.errors import InputError, PreflightError
from qdstruct.jobs.checks import (
    check_dipole,
    check_lists,
    check_parts,
    check_potentials,
    check_releases,
    check_structure,
    check_tags,
)
from qdstruct.jobs.estimate import estimate
from qdstruct.jobs.findings import PreflightFinding, warning
from qdstruct.jobs.kind_checks import check_kind, check_orbitals, check_series
from qdstruct.jobs.poscar import read_poscar
from qdstruct.jobs.protected import check_protected
from qdstruct.model import Job, JobTree

__all__ = ["PreflightFinding", "preflight", "require_sound"]

CORE_HOURS = 20_000.0
"""Above this estimate for one job, ask whether it is meant."""


def preflight(
    root: Path, *, core_hours: float = CORE_HOURS, node_memory: float | None = None
) -> tuple[PreflightFinding, ...]:
    """Check every prepared job of a tree.

    Parameters
    ----------
    root : Path
        A tree as `write_tree` left it, or later.
    core_hours : float
        Warn of jobs that are estimated to cost more.
    node_memory : float, optional
        GB of one node; warn of jobs that need more.

    Returns
    -------
    tuple of PreflightFinding
        Errors first. Empty when an expert would submit it.

    Raises
    ------
    InputError
        If `root` is not a job tree.
    """
    path = root / "tree.json"
    try:
        tree = JobTree.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not a job tree: {error}") from None
    findings: list[PreflightFinding] = []
    for job in tree.jobs:
        atoms = read_poscar(root / job.name / "POSCAR")
        for check in (check_structure, check_tags, check_lists, check_dipole, check_kind):
            findings += check(job, atoms)
        findings += check_potentials(root, job)
        findings += _cost(root, job, core_hours, node_memory)
    findings += check_releases(root, tree)
    for check_all in (check_parts, check_orbitals, check_series, check_protected):
        findings += check_all(tree)
    return tuple(sorted(findings, key=lambda finding: finding.severity != "error"))


def require_sound(findings: Sequence[PreflightFinding]) -> None:
    """Raise when any finding is an error.

    Raises
    ------
    PreflightError
        Naming every job that would go wrong, and what to do.
    """
    errors = [finding for finding in findings if finding.severity == "error"]
    if not errors:
        return
    lines = "\n  ".join(f"{finding.job}: {finding.message}" for finding in errors)
    raise PreflightError(
        f"the jobs were not written, because some would go wrong:\n  {lines}",
        hint="; ".join(dict.fromkeys(finding.hint for finding in errors)),
    )


def _cost(
    root: Path, job: Job, core_hours: float, node_memory: float | None
) -> Iterator[PreflightFinding]:
    expected = estimate(root / job.name)
    smaller = "use a smaller coincidence cell, fewer layers or fewer k-points"
    if expected.core_hours > core_hours:
        yield warning(
            job, f"about {expected.core_hours:,.0f} core-hours ({expected.model})", smaller
        )
    if node_memory is not None and expected.memory > node_memory:
        yield warning(
            job, f"about {expected.memory:,.0f} GB, more than a node's {node_memory:g} GB", smaller
        )
