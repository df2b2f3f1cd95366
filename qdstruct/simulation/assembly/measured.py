"""Finished runs of the published crystal of cubes, kept because they take minutes."""

from __future__ import annotations

import json
from dataclasses import dataclass

from qdstruct.model.assembly import Mean
from qdstruct.resources import data_folder

__all__ = ["MeasuredAssembly", "measured_assemblies"]


@dataclass(frozen=True, kw_only=True)
class MeasuredAssembly:
    """What one run of ``qdstruct assembly`` gave."""

    well: float
    """Energy of a pair in the well, kT."""
    start: str
    """One of `qdstruct.simulation.assembly.STARTS`."""
    sweeps: int
    localised: Mean
    """Part of the vacancies that are a whole empty site."""
    smallest_row_gap: Mean
    """Lattice constants."""
    command: str
    """Repeats the run."""


def measured_assemblies() -> tuple[MeasuredAssembly, ...]:
    """Return the stored runs (970 cubes, φ = 0.8, 30 vacancies, three seeds), as they came out.

    Opposite starts bracket equilibrium: where they differ by more than their errors, it lies
    between.
    """
    path = data_folder("templates") / "assembly" / "measured.json"
    runs = json.loads(path.read_text(encoding="utf-8"))["runs"]
    return tuple(
        MeasuredAssembly(
            well=float(run["well"]),
            start=str(run["start"]),
            sweeps=int(run["sweeps"]),
            localised=Mean(**run["localised"]),
            smallest_row_gap=Mean(**run["smallest_row_gap"]),
            command=str(run["command"]),
        )
        for run in runs
    )
