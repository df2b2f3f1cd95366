"""Densities of states of the interface: by region, element, layer and height, with their edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qdstruct import analysis
from qdstruct.errors import QdstructError
from qdstruct.model import BandEdges, ConservationCheck, ProjectedDos
from qdstruct.pipeline.analysing.systems import System, Workbench
from qdstruct.pipeline.analysing.thinning import short_table

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["DosResults", "dos_results"]

Groups = str | Mapping[str, Sequence[int]]

WINDOW = (-8.0, 8.0)
"""eV from the Fermi level within which layers and the map are kept."""
MAP_BROADENING = 0.05
"""eV."""
USUAL_REMAINDER = 0.4
"""Fraction of the states that may lie between the spheres of the projection."""
ELECTRON_TOLERANCE = 0.01
"""Fraction of the electrons by which the integrated DOS may miss NELECT."""
NOTED_TAIL = 0.1
"""eV of uncertainty from the neighbour's tail beyond which a note says so."""


@dataclass(frozen=True)
class DosResults:
    """What the projected DOS gives."""

    by_region: DataArray | None = None
    by_element: DataArray | None = None
    by_region_element: DataArray | None = None
    by_layer: DataArray | None = None
    map: DataArray | None = None
    band_edges: tuple[BandEdges, ...] = ()
    zone_edges: tuple[BandEdges, ...] = ()
    checks: tuple[ConservationCheck, ...] = ()


def dos_results(bench: Workbench) -> DosResults:
    """Compute every projection of the interface's (or the only system's) density of states."""
    result = "Projected densities of states"
    if bench.lacking(result, [("interface", "dos")]):
        return DosResults()
    system = bench.systems["interface"]
    try:
        projected = system.projected
    except QdstructError as error:
        bench.guard(result, error)
        return DosResults()
    label = bench.label(Path(projected.source))
    bench.sources["dos"] = label
    checks = (_remainder_check(projected, label), *_electron_check(system, projected, label))
    width, found = bench.settings.broadening, _Edges(bench, projected)
    by_element = analysis.dos_by(projected, "element", broadening=width)
    if "region" not in projected.atoms.arrays:
        everything = {"all atoms": range(len(projected.atoms))}
        return DosResults(
            by_element=by_element,
            by_layer=_layers(projected, system.axis),
            map=_map(projected, system.axis),
            band_edges=found.by(everything),
            zone_edges=found.spins(everything),
            checks=checks,
        )
    regions = [str(name) for name in projected.atoms.arrays["region"]]
    zones: tuple[BandEdges, ...] = ()
    if {"film", "substrate"} <= set(regions):
        groups = analysis.region_zones(projected.atoms, regions, axis=system.axis)
        zones = found.by({k: v.tolist() for k, v in groups.items()})
    edges = found.by("region")
    bench.notes += [
        f"Band edges of the {edge.group}: uncertain by {edge.tail_spread:.2f} eV, because few "
        "states lie in another region's bands, and the density of states alone does not tell a "
        "thin band from the tail of the neighbour's states."
        for edge in edges if edge.tail_spread > NOTED_TAIL
    ]  # fmt: skip
    return DosResults(
        by_region=analysis.dos_by(projected, "region", broadening=width),
        by_element=by_element,
        by_region_element=analysis.dos_by(projected, "region-element", broadening=width),
        by_layer=_layers(projected, system.axis),
        map=_map(projected, system.axis),
        band_edges=edges,
        zone_edges=(*zones, *found.spins("region")),
        checks=checks,
    )


@dataclass(frozen=True)
class _Edges:
    """Band edges with the threshold and the broadening of the analysis."""

    bench: Workbench
    projected: ProjectedDos

    def by(self, groups: Groups, spin: str | None = None) -> tuple[BandEdges, ...]:
        return analysis.band_edges(
            self.projected, groups, threshold=self.bench.settings.threshold,
            broadening=self.bench.settings.broadening, spin=spin,
        )  # fmt: skip

    def spins(self, groups: Groups) -> tuple[BandEdges, ...]:
        """Edges of each spin channel; none where the calculation has no two."""
        names = [str(name) for name in self.projected.projected["spin"].values]
        return tuple(
            replace(edges, group=f"{edges.group}, spin {spin}")
            for spin in names if spin in ("up", "down")
            for edges in self.by(groups, spin)
        )  # fmt: skip


def _layers(projected: ProjectedDos, axis: int) -> DataArray:
    table = analysis.dos_by(projected, "layer", broadening=MAP_BROADENING, axis=axis)
    energy = np.asarray(table["energy"])
    kept = short_table(table[:, (energy >= WINDOW[0]) & (energy <= WINDOW[1])])
    regions = projected.atoms.arrays.get("region")
    if regions is None:
        return kept
    planes = analysis.atomic_planes(projected.atoms, axis).values()
    names = [_most(regions[members].tolist()) for members in planes]
    return kept.assign_coords(region=("layer", names))


def _most(names: list[str]) -> str:
    return max(dict.fromkeys(names), key=names.count)


def _map(projected: ProjectedDos, axis: int) -> DataArray:
    step = max(0.25, float(projected.atoms.cell.lengths()[axis]) / 160)
    table = analysis.dos_map(
        projected, step=step, broadening=MAP_BROADENING, window=WINDOW, axis=axis
    )
    stride = max(1, table.sizes["energy"] // 320)
    return short_table(table[:, ::stride], 4)


def _remainder_check(projected: ProjectedDos, label: str) -> ConservationCheck:
    density = analysis.dos_by(projected, {"all": range(len(projected.atoms))})
    energy = np.asarray(density["energy"])
    step = float(energy[-1] - energy[0]) / (len(energy) - 1)
    whole = float(np.asarray(projected.total, dtype=np.float64).sum()) * step
    found = float(np.asarray(density).sum()) * step
    return ConservationCheck(
        name="states of all projections against the total density of states",
        found=found,
        expected=whole,
        unit="states",
        tolerance=USUAL_REMAINDER * whole,
        source=label,
        remark=f"{100 * (1 - found / whole) if whole else 0.0:.1f} % lie between the spheres",
    )


def _electron_check(
    system: System, projected: ProjectedDos, label: str
) -> tuple[ConservationCheck, ...]:
    """Occupied states of the total DOS against NELECT."""
    try:
        electrons = system.facts.n_electrons
    except QdstructError:
        return ()
    if electrons is None:
        return ()
    total = np.asarray(projected.total, dtype=np.float64).sum(axis=0)
    energy = np.asarray(projected.total["energy"]) - projected.fermi_level
    step = float(energy[-1] - energy[0]) / (len(energy) - 1)
    found = float(total[energy <= 0].sum()) * step
    return (
        ConservationCheck(
            name="occupied states of the total density of states against NELECT",
            found=found,
            expected=electrons,
            unit="electrons",
            tolerance=ELECTRON_TOLERANCE * electrons,
            source=label,
            remark="fewer where EMIN leaves out deep states",
        ),
    )
