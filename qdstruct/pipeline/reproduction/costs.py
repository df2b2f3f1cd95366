"""What the calculations behind published numbers would cost."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qdstruct import building, jobs, phases
from qdstruct.model import CalculationSettings
from qdstruct.pipeline.ligands import cover
from qdstruct.pipeline.prepare import rehearse
from qdstruct.pipeline.reproduction.calculations import (
    CALCULATIONS,
    LIGAND_PRESET,
    Calculation,
    calculation_of,
)
from qdstruct.pipeline.reproduction.numbers import PublishedNumber, published_numbers

__all__ = ["CalculationCost", "calculation_costs"]

_Size = tuple[int, int, float, str]
"""Atoms, jobs, core-hours and the model of these."""


@dataclass(frozen=True, kw_only=True)
class CalculationCost:
    """Size of one calculation, and the published numbers that it stands behind."""

    calculation: Calculation
    """What is calculated."""
    numbers: tuple[PublishedNumber, ...]
    """What it would be compared with."""
    n_atoms: int
    """Atoms of the interface or slab."""
    n_jobs: int
    """Jobs of the tree."""
    core_hours: float
    """All of them together."""
    model: str
    """What the core-hours assume."""


def calculation_costs() -> tuple[CalculationCost, ...]:
    """Prepare each calculation in a temporary folder and add up what its jobs would cost."""
    return tuple(_costs())


def _costs() -> Iterator[CalculationCost]:
    sizes: dict[str, _Size] = {}
    for calculation in CALCULATIONS:
        study = calculation.study
        if study not in sizes:
            sizes[study] = _study_size(study) if study else _ligand_size()
        n_atoms, n_jobs, core_hours, model = sizes[study]
        yield CalculationCost(
            calculation=calculation,
            numbers=tuple(n for n in published_numbers() if calculation_of(n) is calculation),
            n_atoms=n_atoms,
            n_jobs=n_jobs,
            core_hours=core_hours,
            model=model,
        )


def _study_size(study: str) -> _Size:
    plan, tree, _, sizes = rehearse(study)
    hours = sum(size.core_hours for size in sizes)
    return len(plan.interface.atoms), len(tree.jobs), hours, sizes[0].model


def _ligand_size() -> _Size:
    slab = building.build_slab(
        phases.load("CsPbBr3-cubic"), (1, 0, 0), layers=4, top_termination="CsBr", vacuum=15.0
    )
    atoms = cover(slab.atoms, [("benzylammonium", 1.0)])[-1].atoms
    with tempfile.TemporaryDirectory(prefix="qdstruct-") as folder:
        root = Path(folder)
        tree = jobs.write_structure_tree(
            root, study_name="covered", subject="slab with a ligand", atoms=atoms,
            settings=CalculationSettings(preset=LIGAND_PRESET),
        )  # fmt: skip
        sizes = [jobs.estimate(root / job.name) for job in tree.jobs]
    hours = sum(size.core_hours for size in sizes)
    return len(atoms), len(tree.jobs), hours, sizes[0].model
