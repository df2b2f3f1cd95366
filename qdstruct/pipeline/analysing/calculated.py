"""All results of one workbench, each by its own file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qdstruct.model import BandAlignment, CalculatedResults
from qdstruct.pipeline.analysing.alignments import alignments
from qdstruct.pipeline.analysing.charge import charge_checks, charge_results
from qdstruct.pipeline.analysing.chemical import limited_lines
from qdstruct.pipeline.analysing.energies import energy_results
from qdstruct.pipeline.analysing.further import (
    bader_result,
    dynamics_result,
    further_checks,
    layer_results,
)
from qdstruct.pipeline.analysing.potentials import potential_results
from qdstruct.pipeline.analysing.projected import dos_results
from qdstruct.pipeline.analysing.state_densities import state_densities
from qdstruct.pipeline.analysing.systems import Workbench

__all__ = ["calculate"]


def calculate(
    bench: Workbench,
    *,
    measured: tuple[BandAlignment, ...] = (),
    grid_file: Path | None = None,
    on_step: Callable[[str], None] = lambda _: None,
) -> CalculatedResults:
    """Compute everything the calculations on the bench allow.

    Parameters
    ----------
    bench : Workbench
        Where the outputs are; its notes say afterwards what could not be computed.
    measured : tuple of BandAlignment
        Measured offsets of the same two materials, drawn beside the calculated ones.
    grid_file : Path, optional
        Where Δρ is written as a CHGCAR for VESTA.
    on_step : callable
        Told what is being done.
    """
    on_step("densities of states")
    dos = dos_results(bench)
    on_step("potentials")
    potentials = potential_results(bench)
    on_step("Bader charges, layers and dynamics")
    bader, layers, motion = bader_result(bench), layer_results(bench), dynamics_result(bench)
    gap, pair = motion or (None, None)
    checks = (*dos.checks, *further_checks(bader, gap, bench.sources))
    if not bench.is_interface:
        return CalculatedResults(
            dos_by_element=dos.by_element,
            dos_by_layer=dos.by_layer if potentials else None,
            dos_map=dos.map if potentials else None,
            band_edges=dos.band_edges,
            zone_edges=dos.zone_edges,
            potentials=potentials,
            bader=bader,
            layers=layers,
            dynamics=gap,
            dynamics_bands=pair,
            checks=checks,
        )
    on_step("band alignment")
    found = alignments(bench, dos.band_edges, potentials)
    on_step("charge difference")
    difference, field = charge_results(bench, grid_file)
    on_step("energies")
    energies, line = energy_results(bench)
    on_step("densities of single states")
    states, overlaps = state_densities(bench)
    return CalculatedResults(
        dos_by_region=dos.by_region,
        dos_by_element=dos.by_element,
        dos_by_region_element=dos.by_region_element,
        dos_by_layer=dos.by_layer,
        dos_map=dos.map,
        band_edges=dos.band_edges,
        zone_edges=dos.zone_edges,
        alignments=(*found, *measured),
        potentials=potentials,
        charge_difference=difference,
        charge_field=field,
        energies=energies,
        formation_line=line,
        potential_lines=limited_lines(bench),
        states=states,
        overlaps=overlaps,
        bader=bader,
        layers=layers,
        dynamics=gap,
        dynamics_bands=pair,
        checks=(*checks, *charge_checks(bench, difference)),
    )
