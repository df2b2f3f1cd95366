"""Figures and tables of calculated results, shared by the page of a study and of a directory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qdstruct.model import (
    BandAlignment,
    CalculatedResults,
    ChargeField,
    EnergyPerArea,
    LevelSet,
    PotentialResult,
)
from qdstruct.report import charge_figures, dos_figures, figures, potential_figures
from qdstruct.report.style import mark_mock

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from xarray import DataArray

__all__ = ["Table", "calculated_context", "calculated_figures", "calculated_tables", "signed"]

Table = tuple[Sequence[str], Iterable[Sequence[object]]]


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
    if mock:
        for figure in drawn.values():
            mark_mock(figure)
    return drawn


def calculated_context(results: CalculatedResults) -> dict[str, Any]:
    """Return the rows of every table, as the template ``calculated.html`` prints them."""
    return {
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


def calculated_tables(results: CalculatedResults) -> dict[str, Table]:
    """Return the numbers behind every figure: name → heading and rows."""
    tables: dict[str, Table] = {}
    for name, dos in (
        ("dos_region", results.dos_by_region),
        ("dos_element", results.dos_by_element),
        ("dos_region_element", results.dos_by_region_element),
        ("dos_layers", results.dos_by_layer),
    ):
        if dos is not None:
            groups = [f"{group} (states/eV)" for group in dos[dos.dims[0]].values]
            columns = np.column_stack([np.asarray(dos["energy"]), np.asarray(dos).T])
            tables[name] = (["energy - Fermi level (eV)", *groups], columns.tolist())
    if results.dos_map is not None:
        energies = [f"local DOS (states/(eV A)) at {e:.4f} eV from the Fermi level"
                    for e in np.asarray(results.dos_map["energy"])]  # fmt: skip
        rows = np.column_stack([results.dos_map["z"], results.dos_map]).tolist()
        tables["dos_map"] = (["height z (A)", *energies], rows)
    for result in results.potentials:
        heading = ["height z (A)", "planar average of the potential energy (eV)",
                   "macroscopic average of the potential energy (eV)"]  # fmt: skip
        profile = result.profile
        columns = np.column_stack([profile.profile["z"], profile.profile, profile.macroscopic])
        tables[f"potential_{result.subject.replace(' ', '_')}"] = (heading, columns.tolist())
    difference = results.charge_difference
    if difference is not None:
        z = np.asarray(difference.profile["z"])
        columns = np.column_stack([z, difference.profile, difference.displaced])
        heading = ["height z (A)", "planar average of the density difference (electrons/A^3)",
                   "electrons gained below z (electrons per cell)"]  # fmt: skip
        tables["charge"] = (heading, columns.tolist())
    if results.charge_field is not None:
        for number, section in enumerate(results.charge_field.sections, 1):
            tables[f"charge_section_{number}"] = _section_table(section, results.charge_field)
    if results.alignments:
        tables["alignment"] = _alignment_table(results.alignments)
    if results.energies:
        tables["energies"] = (
            [
                "energy",
                "energy per area (eV/A^2)",
                "energy per area (J/m^2)",
                "area of one interface (A^2)",
                "interfaces in the cell",
                "term",
                "value of the term (eV)",
            ],
            [
                [e.name, e.value, e.joule_per_square_metre, e.area, e.n_interfaces, term, value]
                for e in results.energies
                for term, value in e.terms.items()
            ],
        )
    if results.formation_line is not None:
        line = results.formation_line
        rows = np.column_stack([line["mu"], line]).tolist()
        tables["formation"] = (["mu (eV)", "formation energy (eV/A^2)"], rows)
    return tables


def _section_table(section: DataArray, field: ChargeField) -> Table:
    """Along the vector that crosses the interface begin where the other tables of heights do."""
    axis = int(section.attrs["axis"])
    length = float(field.atoms.cell.lengths()[field.axis])
    bottom = charge_figures.origin_along_normal(field) * length / field.height
    u, v = (
        np.asarray(section[name]) + (bottom if (axis + k) % 3 == field.axis else 0.0)
        for name, k in (("u", 1), ("v", 2))
    )
    heading = [
        f"distance along {'abc'[(axis + 1) % 3]} (A)",
        *(f"density difference (electrons/A^3) at {place:.4f} A along {'abc'[(axis + 2) % 3]}"
          for place in v),
    ]  # fmt: skip
    return heading, np.column_stack([u, section]).tolist()


def _alignment_table(alignments: Sequence[BandAlignment]) -> Table:
    heading = ["method", "reference", "film valence (eV)", "film conduction (eV)",
               "substrate valence (eV)", "substrate conduction (eV)", "valence offset (eV)",
               "conduction offset (eV)", "uncertainty (eV)", "type"]  # fmt: skip
    rows = [
        [a.label or a.method, a.reference, a.film.valence_maximum, a.film.conduction_minimum,
         a.substrate.valence_maximum, a.substrate.conduction_minimum, a.valence_offset,
         a.conduction_offset, a.uncertainty, a.kind]
        for a in alignments
    ]  # fmt: skip
    return heading, rows
