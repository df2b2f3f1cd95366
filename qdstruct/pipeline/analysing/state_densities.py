"""Band-decomposed densities (PARCHG): where each state lies, and how far two overlap."""

from __future__ import annotations

from itertools import combinations

from qdstruct import analysis, outputs
from qdstruct.errors import QdstructError
from qdstruct.model import Grid, StateDensity, StateOverlap
from qdstruct.pipeline.analysing.systems import Workbench

__all__ = ["state_densities"]

MOST_STATES = 12
"""Densities held at once for their overlaps."""


def state_densities(
    bench: Workbench,
) -> tuple[tuple[StateDensity, ...], tuple[StateOverlap, ...]]:
    """Analyse every PARCHG of the interface."""
    system = bench.systems.get("interface")
    files = [
        (name, path)
        for place in (system.places if system else ())
        for name, path in sorted(place.items())
        if name.startswith("PARCHG")
    ]
    if system is None or not files:
        return (), ()
    result = "Densities of single states"
    if not system.regions:
        bench.notes.append(f"{result}: it is not known which atoms are film and which substrate.")
        return (), ()
    if len(files) > MOST_STATES:
        bench.notes.append(f"{result}: the first {MOST_STATES} of {len(files)} are analysed.")
    states, grids = [], []
    for name, path in files[:MOST_STATES]:
        try:
            grid = outputs.read_grid(path)
            fractions = analysis.region_fractions(grid, system.regions, axis=system.axis)
        except QdstructError as error:
            bench.guard(f"{result} ({name})", error)
            continue
        label = bench.label(path)
        several = len({n for n, _ in files}) < len(files)
        title = label if several else name
        states.append(
            StateDensity(name=title, electrons=grid.integral, fractions=fractions, source=label)
        )
        grids.append((title, grid))
    bench.cite("densities of single states", *(path for _, path in files[:MOST_STATES]))
    return tuple(states), _overlaps(bench, grids)


def _overlaps(bench: Workbench, grids: list[tuple[str, Grid]]) -> tuple[StateOverlap, ...]:
    found = []
    for (first, a), (second, b) in combinations(grids, 2):
        try:
            value = analysis.density_overlap(a, b)
        except QdstructError as error:
            bench.guard(f"Overlap of {first} and {second}", error)
        else:
            found.append(StateOverlap(first=first, second=second, value=value))
    return tuple(found)
