"""Figures and tables of calculated results, shared by the page of a study and of a directory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from qdstruct.model import (
    BandAlignment,
    CalculatedResults,
    EnergyPerArea,
    LevelSet,
    PotentialLine,
    PotentialResult,
)
from qdstruct.report import (
    charge_figures,
    dos_figures,
    figures,
    further_figures,
    potential_figures,
)
from qdstruct.report.dynamics_figure import gap_figure
from qdstruct.report.further_tables import further_context
from qdstruct.report.style import mark_mock

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["calculated_context", "calculated_figures", "signed"]


def calculated_figures(results: CalculatedResults, *, mock: bool = False) -> dict[str, Figure]:
    """Draw every figure for which there are data, by name; the style must be set around it.

    With `mock` each says below that its numbers are made up.
    """
    drawn: dict[str, Figure] = {}
    edges, difference, field = results.band_edges, results.charge_difference, results.charge_field
    if results.dos_by_region is not None:
        drawn["dos_region"] = figures.dos_figure(results.dos_by_region, edges)
        if results.dos_by_region_element is not None:
            drawn["dos_region_element"] = dos_figures.region_element_figure(
                results.dos_by_region, results.dos_by_region_element, edges
            )
    if results.dos_by_element is not None:
        drawn["dos_element"] = figures.dos_figure(results.dos_by_element)
    if results.dos_by_layer is not None:
        drawn["dos_layers"] = dos_figures.layer_dos_figure(results.dos_by_layer, edges=edges)
    if results.dos_map is not None:
        extents = next((p.extents for p in results.potentials if p.subject == "interface"), None)
        plane = None if difference is None else difference.interface_height
        drawn["dos_map"] = dos_figures.dos_map_figure(results.dos_map, edges, extents, plane)
    if results.alignments:
        sets = [LevelSet.of(alignment) for alignment in results.alignments]
        drawn["alignment"] = potential_figures.level_figure(sets)
    if results.potentials:
        drawn["potential"] = potential_figures.potential_figure(results.potentials)
    if difference is not None:
        drawn["charge"] = figures.charge_difference_figure(difference)
    if field is not None:
        drawn["charge_sections"] = charge_figures.sections_figure(field)
        drawn["charge_surfaces"] = charge_figures.isosurface_figure(field)
    if results.formation_line is not None:
        drawn["formation"] = potential_figures.formation_line_figure(results.formation_line)
    if results.potential_lines:
        drawn["chemical_potentials"] = potential_figures.potential_lines_figure(
            results.potential_lines
        )
    if results.bader is not None:
        drawn["bader"] = further_figures.bader_figure(results.bader)
    if results.layers:
        drawn["layers"] = further_figures.layers_figure(results.layers)
    if results.dynamics is not None:
        gap = results.dynamics
        drawn["dynamics"] = gap_figure(
            gap.gap, gap.correlation, gap.density, gap.dephasing, gaussian=gap.gaussian.time
        )
    if mock:
        for figure in drawn.values():
            mark_mock(figure)
    return drawn


def calculated_context(results: CalculatedResults) -> dict[str, Any]:
    """Return the rows of every table, as the template ``calculated.html`` prints them."""
    return {
        **further_context(results),
        "edge_rows": [
            (edge.group, signed(edge.valence_maximum, 2), signed(edge.conduction_minimum, 2),
             signed(edge.gap, 2), f"± {edge.uncertainty:.2f}", f"± {edge.threshold_spread:.2f}",
             f"{edge.threshold:g}")
            for edge in (*results.band_edges, *results.zone_edges)
        ],
        "alignment_rows": [_alignment_row(alignment) for alignment in results.alignments],
        "potential_rows": [row for each in results.potentials for row in _potential_rows(each)],
        "charge_rows": _charge_rows(results),
        "energy_rows": [_energy_row(energy) for energy in results.energies],
        "potential_limit_rows": [_limit_row(line) for line in results.potential_lines],
        "state_rows": [
            (state.name, f"{state.electrons:.4f}",
             ", ".join(f"{name} {100 * part:.1f} %" for name, part in state.fractions.items()))
            for state in results.states
        ],
        "overlap_rows": [(o.first, o.second, f"{o.value:.4f}") for o in results.overlaps],
        "check_rows": [
            (check.name, f"{check.found:.6g}", f"{check.expected:.6g}", check.unit,
             "holds" if check.holds else "FAILS", check.remark, check.source)
            for check in results.checks
        ],
    }  # fmt: skip


def signed(value: float, digits: int) -> str:
    """Return a number with a true minus sign, and no minus before zero."""
    text = f"{value:.{digits}f}"
    return "0." + "0" * digits if float(text) == 0 else text.replace("-", "−")


def _plus(value: float, digits: int) -> str:
    return signed(value, digits) if value <= 0 else f"+{value:.{digits}f}"


def _alignment_row(found: BandAlignment) -> dict[str, Any]:
    return {
        "method": found.label or found.method,
        "valence": _plus(found.valence_offset, 3),
        "conduction": _plus(found.conduction_offset, 3),
        "uncertainty": f"± {found.uncertainty:.3f}" if found.uncertainty else "not given",
        "kind": found.kind,
        "reason": found.reason,
        "reference": found.reference,
        "terms": [(name, signed(value, 4)) for name, value in found.terms.items()],
        "sources": ", ".join(found.sources),
    }


def _potential_rows(result: PotentialResult) -> list[tuple[str, str, str]]:
    profile, rows = result.profile, []
    for vacuum in profile.vacuum_levels:
        place = f"{vacuum.level:.3f} ± {vacuum.uncertainty:.3f} eV, averaged over "
        place += f"z = {vacuum.start:.1f} … {vacuum.end:.1f} Å"
        rows.append((f"vacuum level {vacuum.side}", place))
        work = profile.work_function(vacuum.side)
        if work is not None:
            rows.append((f"work function {vacuum.side}", f"{signed(work, 3)} eV"))
        if result.edges is not None:
            depth = vacuum.level - result.edges.valence_maximum
            rows.append((f"ionisation energy {vacuum.side}",
                         f"{signed(depth, 3)} ± {result.edges.uncertainty:.2f} eV"))  # fmt: skip
            depth = vacuum.level - result.edges.conduction_minimum
            rows.append((f"electron affinity {vacuum.side}",
                         f"{signed(depth, 3)} ± {result.edges.uncertainty:.2f} eV"))  # fmt: skip
    if profile.dipole_step is not None:
        rows.append(("dipole step (above minus below)", f"{signed(profile.dipole_step, 3)} eV"))
    if profile.fermi_level is not None:
        rows.append(("Fermi level", f"{signed(profile.fermi_level, 3)} eV"))
    for name, (level, spread) in result.plateaus.items():
        rows.append((f"average potential in the middle of the {name}",
                     f"{signed(level, 3)} ± {spread:.3f} eV"))  # fmt: skip
    if profile.periods:
        rows.append(("windows of the macroscopic average",
                     " and ".join(f"{width:.3f}" for width in profile.periods) + " Å"))  # fmt: skip
    return [(result.subject, label, value) for label, value in rows]


def _charge_rows(results: CalculatedResults) -> list[tuple[str, str]]:
    difference = results.charge_difference
    if difference is None:
        return []
    names = ("interface", "film", "substrate", "further part")
    counts = ", ".join(
        f"{names[min(i, 3)]} {count:.4f}" for i, count in enumerate(difference.n_electrons)
    )
    per_area = 1e3 * difference.transferred / difference.area
    rows = [
        ("Electrons", counts),
        ("Integral of Δρ over the cell (must vanish)", f"{difference.integral:.2e} e"),
        ("Interface plane", f"z = {difference.interface_height:.2f} Å, midway between the facing "
                            "atomic planes"),
        ("Electrons gained by the film",
         f"{_plus(difference.transferred, 4)} per cell of {difference.area:.1f} Å² "
         f"({_plus(per_area, 3)}·10⁻³ per Å²)"),
        ("Largest charge displaced through any plane",
         f"{float(np.abs(np.asarray(difference.displaced)).max()):.4f} e per cell"),
    ]  # fmt: skip
    field = results.charge_field
    if field is not None and field.file:
        rows.append(("Whole grid, for VESTA", f"figures/{field.file}"))
    return rows


def _energy_row(energy: EnergyPerArea) -> dict[str, Any]:
    return {
        "name": energy.name,
        "joule": _plus(energy.joule_per_square_metre, 4),
        "electronvolt": _plus(1e3 * energy.value, 2),
        "area": f"{energy.area:.2f}" + (f" × {energy.n_interfaces}" if energy.n_interfaces > 1
                                         else ""),
        "convention": energy.convention,
        "terms": [(name, signed(value, 4)) for name, value in energy.terms.items()],
    }  # fmt: skip


def _limit_row(line: PotentialLine) -> tuple[str, ...]:
    poor, rich = (1e3 * np.asarray(line.energy)[:, index] for index in (0, -1))

    def span(values: Iterable[float]) -> str:
        return " … ".join(dict.fromkeys(signed(float(value), 2) for value in values))

    return (
        line.element, f"{line.excess:+g}".replace("-", "−"), signed(line.limits[0], 3),
        signed(line.limits[1], 3), span(poor), span(rich),
        ", ".join(f"{name} {signed(value, 3)}" for name, value in line.enthalpies.items()),
    )  # fmt: skip
