"""Bader charges, strain of the layers and dynamics, where they were calculated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qdstruct.analysis import layer_strain
from qdstruct.errors import QdstructError
from qdstruct.model import BaderCharges, ConservationCheck, GapDynamics, LayerStrain
from qdstruct.outputs import read_initial_and_final
from qdstruct.pipeline.analysing.systems import Workbench
from qdstruct.pipeline.bader import bader_charges
from qdstruct.pipeline.dynamics import gap_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "bader_result",
    "dynamics_result",
    "further_checks",
    "layer_results",
    "trajectory_below",
]

FEWEST_STEPS = 10
"""Numbered directories that are taken for steps of a trajectory."""
PADDING = 4
"""Zeros behind the autocorrelation, to so many times its length, for a spectrum to look at."""
PRINTED = 1e-4
"""Electrons per atom by which an ACF.dat may miss by its digits."""
SUM_RULE = 1e-6
"""Share by which the integral of a spectral density may miss the variance of the gap."""


def bader_result(bench: Workbench) -> BaderCharges | None:
    """Divide the density of the interface among its atoms, where core densities were written."""
    result = "Bader charges"
    if bench.bader_place is None:
        return None
    system = bench.systems.get("interface")
    try:
        found = bader_charges(bench.bader_place, regions=system.regions if system else ())
    except QdstructError as error:
        bench.guard(result, error)
        return None
    bench.notes += [f"{result}: {note}." for note in found.notes]
    bench.sources[result.lower()] = f"{bench.label(bench.bader_place)} ({found.method})"
    return found


def layer_results(bench: Workbench) -> tuple[LayerStrain, ...]:
    """Compare every layer of the relaxed interface with the structure the relaxation began from."""
    place = bench.relaxation
    if place is None:
        return ()
    system = bench.systems.get("interface")
    try:
        initial, final = read_initial_and_final(place)
        regions = system.regions if system and len(system.regions) == len(initial) else None
        layers = layer_strain(
            initial, final, regions=regions or None, axis=system.axis if system else 2
        )
    except QdstructError as error:
        bench.guard("Strain of the layers", error)
        return ()
    bench.sources["strain of the layers"] = bench.label(place)
    return layers


def dynamics_result(bench: Workbench) -> tuple[GapDynamics, tuple[int, int]] | None:
    """Follow the gap along the trajectory, where there is one with bands."""
    if bench.trajectory is None:
        return None
    try:
        _, pair, found = gap_of(bench.trajectory, padding=PADDING)
    except QdstructError as error:
        bench.guard("Dynamics of the gap", error)
        return None
    bench.sources["dynamics of the gap"] = bench.label(bench.trajectory)
    return found, pair


def further_checks(
    bader: BaderCharges | None, gap: GapDynamics | None, sources: dict[str, str]
) -> tuple[ConservationCheck, ...]:
    """Electrons of all atoms against those of the cell; the spectrum against the variance."""
    checks = []
    if bader is not None:
        checks.append(
            ConservationCheck(
                name="electrons of all atoms (Bader) against ∫ρ",
                found=bader.n_electrons + bader.remainder,
                expected=bader.n_electrons,
                unit="electrons",
                tolerance=PRINTED * len(bader.atoms) + 1e-5 * bader.n_electrons,
                source=sources.get("bader charges", ""),
            )
        )
    if gap is not None:
        variance = float(gap.correlation[0])
        checks.append(
            ConservationCheck(
                name="∫J dω/π of the gap against ⟨δE²⟩",
                found=_area(gap) * 1e6,
                expected=variance * 1e6,
                unit="meV²",
                tolerance=SUM_RULE * variance * 1e6,
                source=sources.get("dynamics of the gap", ""),
            )
        )
    return tuple(checks)


def _area(gap: GapDynamics) -> float:
    """Return ∫J dω/π over positive frequencies: the windowed autocorrelation at no lag."""
    values = np.asarray(gap.density, dtype=np.float64)
    step = float(gap.correlation["time"][1])
    weights = np.full(values.size, 2.0)
    weights[[0, -1]] = 1.0
    return float(weights @ values) / (step * 2 * (values.size - 1))


def trajectory_below(root: Path) -> Path | None:
    """Return the directory below `root` that holds most steps, named 0001, 0002, …; None of few."""
    counts = {
        place: sum(1 for each in place.iterdir() if each.is_dir() and each.name.isdigit())
        for place in (root, *(path for path in root.iterdir() if path.is_dir()))
    }
    best = max(counts, key=lambda place: counts[place])
    return best if counts[best] >= FEWEST_STEPS else None
