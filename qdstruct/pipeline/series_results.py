"""What the series of single points say: convergence, and the best registry."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from qdstruct import jobs, outputs
from qdstruct.errors import InputError
from qdstruct.model import EnergySeries, Job
from qdstruct.pipeline.prepare import load_tree
from qdstruct.pipeline.run import status

__all__ = ["energy_series"]

UNITS = {"cutoff": "eV", "spacing": "1/Å", "vacuum": "Å", "layers": "", "registry": ""}
FINEST_IS_LOWEST = frozenset({"spacing"})
MEANINGS = {
    "layers": "energy of each added layer, eV",
    "registry": "above the lowest, meV/Å²",
}
USUAL_MEANING = "against the finest, meV per atom"


def energy_series(root: Path) -> tuple[EnergySeries, ...]:
    """Collect the series of a tree, finest point last.

    Parameters
    ----------
    root : Path
        A prepared tree with the parts ``convergence`` or ``registry``; jobs may be missing.

    Raises
    ------
    InputError
        If the tree has no series.
    """
    groups: dict[str, list[tuple[str, Job]]] = {}
    for job in load_tree(root).jobs:
        if job.kind == "energy":
            name, point = _parted(job.name)
            groups.setdefault(name, []).append((point, job))
    if not groups:
        raise InputError(
            f"{root}: has no series of single points",
            hint="include convergence or registry in the study (calculation.include)",
        )
    done = {each.name for each in status(root) if each.state == "done"}
    return tuple(_series(root, name, members, done) for name, members in groups.items())


def _parted(name: str) -> tuple[str, str]:
    folder, _, last = name.partition("/")
    if folder == "registry":
        return "registry", last
    series, _, point = last.rpartition("-")
    return series, point


def _series(root: Path, name: str, members: list[tuple[str, Job]], done: set[str]) -> EnergySeries:
    what = name.rpartition("-")[2]
    if what != "registry":
        members = sorted(members, key=lambda member: float(member[0]),
                         reverse=what in FINEST_IS_LOWEST)  # fmt: skip
    energies: list[float | None] = []
    n_atoms, areas, mock = [], [], False
    for _, job in members:
        atoms = jobs.read_poscar(root / job.name / "POSCAR")
        n_atoms.append(len(atoms))
        cell = np.asarray(atoms.cell)
        areas.append(float(np.linalg.norm(np.cross(cell[0], cell[1]))))
        if job.name not in done:
            energies.append(None)
            continue
        found = outputs.read_calculation(root / job.name)
        energies.append(found.energy)
        mock = mock or found.is_mock
    points = tuple(point for point, _ in members)
    return EnergySeries(
        name=name,
        unit=UNITS.get(what, ""),
        points=points,
        energies=tuple(energies),
        n_atoms=tuple(n_atoms),
        changes=_changes(what, points, energies, n_atoms, areas),
        meaning=MEANINGS.get(what, USUAL_MEANING),
        is_mock=mock,
    )


def _changes(
    what: str,
    points: Sequence[str],
    energies: Sequence[float | None],
    n_atoms: Sequence[int],
    areas: Sequence[float],
) -> tuple[float | None, ...]:
    if what == "registry":
        known = [energy for energy in energies if energy is not None]
        lowest = min(known, default=0.0)
        return tuple(
            None if energy is None else 1000 * (energy - lowest) / area
            for energy, area in zip(energies, areas, strict=True)
        )
    if what == "layers":
        found: list[float | None] = [None]
        for index in range(1, len(points)):
            before, after = energies[index - 1], energies[index]
            step = float(points[index]) - float(points[index - 1])
            if before is None or after is None or step <= 0:
                found.append(None)
            else:
                found.append((after - before) / step)
        return tuple(found)
    finest = energies[-1]
    return tuple(
        None if energy is None or finest is None else 1000 * (energy - finest) / count
        for energy, count in zip(energies, n_atoms, strict=True)
    )
