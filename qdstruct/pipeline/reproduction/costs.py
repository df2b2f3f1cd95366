"""What the published calculations would cost: the trees that make them, and their core-hours."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from qdstruct import jobs
from qdstruct.pipeline.prepare import prepare

__all__ = ["StudyCost", "study_costs"]

STUDIES = ("cspbbr3-cds", "pma2pbbr4-cspbbr3-vertical", "pma2pbbr4-cspbbr3-lateral")
"""Shipped studies whose results published numbers can be compared with."""


@dataclass(frozen=True, kw_only=True)
class StudyCost:
    """Size of one study."""

    study: str
    """Name of the shipped study."""
    n_atoms: int
    """Atoms of the interface."""
    n_jobs: int
    """Calculations of the tree."""
    core_hours: float
    """All of them together, on the model of `qdstruct.jobs.estimate`."""

    @property
    def command(self) -> str:
        """What is typed to get the numbers."""
        return f"qdstruct prepare {self.study} DIR && qdstruct run DIR"


def study_costs() -> tuple[StudyCost, ...]:
    """Prepare each study in a temporary folder and add up what its jobs would cost."""
    return tuple(_cost(study) for study in STUDIES)


def _cost(study: str) -> StudyCost:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "tree"
        plan, tree, _ = prepare(study, root)
        hours = sum(jobs.estimate(root / job.name).core_hours for job in tree.jobs)
    return StudyCost(
        study=study,
        n_atoms=len(plan.interface.atoms),
        n_jobs=len(tree.jobs),
        core_hours=hours,
    )
