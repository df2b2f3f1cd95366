"""Structures for the series of single points: shifts of the film, thicknesses and vacua."""

from __future__ import annotations

import numpy as np

from qdstruct import building, jobs
from qdstruct.errors import BuildError, StudyError
from qdstruct.model import Phase
from qdstruct.pipeline.planning import Plan, build_plan
from qdstruct.study import Study

__all__ = ["series_points"]


def series_points(plan: Plan, parts: tuple[str, ...]) -> tuple[jobs.SeriesPoint, ...]:
    """Build the structures that the parts ``registry`` and ``convergence`` ask for.

    Parameters
    ----------
    plan : Plan
        The study and what was built for it.
    parts : tuple of str
        Parts of the tree that are written.

    Raises
    ------
    StudyError
        When one of them cannot be built.
    """
    points: list[jobs.SeriesPoint] = []
    if "registry" in parts:
        points += _shifts(plan)
    if "convergence" in parts:
        points += _slabs(plan)
    return tuple(points)


def _shifts(plan: Plan) -> list[jobs.SeriesPoint]:
    """Build rigid interfaces on a grid over the shifts that differ, each at its contact distance.

    Shifts that differ by a lattice vector of either face give the same interface, so the grid
    covers the irreducible cell of shifts only.
    """
    if plan.interface.geometry != "vertical":
        raise StudyError(
            "calculation.include: 'registry' shifts a film over a substrate",
            hint="leave it out for a lateral junction",
        )
    n = plan.study.calculation.registry.grid
    cell = building.registry_cell(plan.film, plan.substrate, plan.matches[plan.chosen])
    points = []
    for first in range(n):
        for second in range(n):
            along, across = (np.array([first, second]) / n @ cell) % 1.0
            shift = (float(along), float(across))
            build = plan.study.build.model_copy(update={"shift": shift})
            study = plan.study.model_copy(update={"build": build})
            interface = build_plan(study, plan)
            points.append(
                jobs.SeriesPoint(
                    name=f"registry/{shift[0]:.3f}-{shift[1]:.3f}",
                    subject=f"film shifted by {shift[0]:.3f}, {shift[1]:.3f} of the cell, "
                    f"{interface.gap:.2f} Å above the substrate",
                    cell="interface",
                    atoms=interface.atoms,
                )
            )
    return points


def _slabs(plan: Plan) -> list[jobs.SeriesPoint]:
    chosen = plan.study.calculation.convergence
    points: list[jobs.SeriesPoint] = []
    for side in ("film", "substrate"):
        phase: Phase = getattr(plan, side)
        for layers in chosen.layers:
            points.append(_slab(plan.study, side, phase, "layers", layers, plan.study.build.vacuum))
        own = getattr(plan.study.build, f"{side}_layers")
        for vacuum in chosen.vacua:
            points.append(_slab(plan.study, side, phase, "vacuum", own, vacuum))
    return points


def _slab(
    study: Study, side: str, phase: Phase, what: str, layers: int, vacuum: float
) -> jobs.SeriesPoint:
    hkl = getattr(study.planes, side)
    value = f"{layers}" if what == "layers" else f"{vacuum:g}"
    try:
        slab = building.build_slab(phase, hkl, layers=layers, vacuum=vacuum, centre=True)
    except BuildError as error:
        raise StudyError(
            f"calculation.convergence, {what} {value} of {phase.name}: {error.message}",
            hint=error.hint,
        ) from error
    atoms = slab.atoms.copy()
    atoms.set_array("region", None)
    return jobs.SeriesPoint(
        name=f"convergence/{side}-{what}-{value}",
        subject=f"{phase.name} {hkl}, {layers} layers, {vacuum:g} Å of vacuum",
        cell="slab",
        atoms=atoms,
    )
