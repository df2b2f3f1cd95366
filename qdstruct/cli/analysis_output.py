"""Analyses as rows of a table and as JSON documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qdstruct.cli.output import MOCK

if TYPE_CHECKING:
    from qdstruct.model import CalculatedResults, DirectoryResults, StudyResults

__all__ = ["calculated_document", "directory_document", "study_document", "study_lines"]


def study_lines(results: StudyResults | DirectoryResults) -> list[tuple[str, str]]:
    """Return label and value of the headline results."""
    engine = results.engine + (f" ({MOCK})" if results.is_mock else "")
    return [*_calculated_lines(results.calculated), ("Engine", engine)]


def _calculated_lines(found: CalculatedResults) -> list[tuple[str, str]]:
    lines = [
        (f"Band edges, {edge.group}",
         f"{edge.valence_maximum:+.2f} and {edge.conduction_minimum:+.2f} eV from the Fermi "
         f"level, gap {edge.gap:.2f} ± {edge.uncertainty:.2f} eV")
        for edge in found.band_edges
    ]  # fmt: skip
    lines += [
        (f"Alignment by {each.label or each.method}", f"{each.kind}: {each.reason}")
        for each in found.alignments
    ]
    for each in found.potentials:
        profile, words = each.profile, []
        for vacuum in profile.vacuum_levels:
            work = profile.work_function(vacuum.side)
            told = "" if work is None else f" (work function {work:.2f})"
            words.append(f"vacuum {vacuum.side} {vacuum.level:.2f} eV{told}")
        if profile.dipole_step is not None:
            words.append(f"dipole step {profile.dipole_step:+.3f} eV")
        words += [f"{name} plateau {level:.2f} ± {spread:.2f} eV"
                  for name, (level, spread) in each.plateaus.items()]  # fmt: skip
        lines.append((f"Potential, {each.subject}", ", ".join(words)))
    difference = found.charge_difference
    if difference is not None:
        lines.append(("Electrons gained by the film",
                      f"{difference.transferred:+.4f} per cell, ".replace("-", "−") +
                      f"plane at z = {difference.interface_height:.2f} Å"))  # fmt: skip
        lines.append(("∫Δρ over the cell", f"{difference.integral:.1e} e"))
    lines += [
        (each.name.capitalize(), f"{each.joule_per_square_metre:+.4f} J/m² = "
         f"{1e3 * each.value:+.2f} meV/Å² on {each.area:.2f} Å² ({each.convention})")
        for each in found.energies
    ]  # fmt: skip
    lines += [
        (f"Formation energy over μ({each.element})",
         f"Δμ from {each.limits[0]:+.3f} (poor) to {each.limits[1]:+.3f} eV (rich): "
         f"{1e3 * float(each.energy[0, 0]):+.2f} to {1e3 * float(each.energy[0, -1]):+.2f} meV/Å²")
        for each in found.potential_lines
    ]  # fmt: skip
    lines += [
        (f"State {each.name}",
         ", ".join(f"{name} {100 * part:.1f} %" for name, part in each.fractions.items()))
        for each in found.states
    ]  # fmt: skip
    lines += [(f"Overlap {each.first}, {each.second}", f"{each.value:.4f}")
              for each in found.overlaps]  # fmt: skip
    lines += _further_lines(found)
    failed = [check for check in found.checks if not check.holds]
    if found.checks:
        lines.append(("Conservation checks", f"{len(found.checks) - len(failed)} of "
                      f"{len(found.checks)} hold"))  # fmt: skip
    lines += [
        ("FAILED", f"{check.name}: {check.found:.6g} {check.unit}, expected {check.expected:.6g}")
        for check in failed
    ]
    return lines


def _further_lines(found: CalculatedResults) -> list[tuple[str, str]]:
    lines = []
    bader, gap = found.bader, found.dynamics
    if bader is not None and bader.charges is not None:
        kind = "region" if "region" in bader.atoms.arrays else "element"
        sums = bader.by_group(kind)
        words = ", ".join(f"{name} {value:+.4f} e" for name, value in sums.items())
        lines.append((f"Bader charge by {kind}", words))
    normal: dict[str, list[float]] = {each.region: [] for each in found.layers}
    for each in found.layers:
        normal[each.region] += [] if each.normal is None else [100 * each.normal]
    lines += [
        (f"Strain of the layers along the normal, {region}",
         f"{min(values):+.2f} to {max(values):+.2f} %")
        for region, values in normal.items() if values
    ]  # fmt: skip
    if gap is not None:
        until = gap.dephasing_time
        lines.append(
            ("Gap along the trajectory", f"{gap.mean:.3f} ± {gap.deviation:.3f} eV (standard "
             "deviation), dephasing "
             + ("not within the range" if until is None else f"{until:.1f} fs"))
        )  # fmt: skip
    return lines


def study_document(results: StudyResults) -> dict[str, Any]:
    """Return the analysis of a tree as one JSON document."""
    return {
        "study": results.study,
        "engine": results.engine,
        "is_mock": results.is_mock,
        **calculated_document(results.calculated),
        "jobs": {status.name: status.state for status in results.jobs},
        "published": [row.to_dict() for row in results.published],
        "notes": list(results.notes),
    }


def directory_document(results: DirectoryResults) -> dict[str, Any]:
    """Return the analysis of somebody's directories as one JSON document."""
    return {
        "directory": results.directory,
        "engine": results.engine,
        "is_mock": results.is_mock,
        "systems": [system.to_dict() for system in results.systems],
        **calculated_document(results.calculated),
        "notes": list(results.notes),
    }


def calculated_document(found: CalculatedResults) -> dict[str, Any]:
    """Return the numbers, without the curves (these are in results.json and the csv files)."""
    difference = found.charge_difference
    return {
        "alignment": found.alignment,
        "alignments": [each.to_dict() for each in found.alignments],
        "band_edges": [edge.to_dict() for edge in found.band_edges],
        "zone_edges": [edge.to_dict() for edge in found.zone_edges],
        "potentials": [
            {
                "subject": each.subject,
                "periods": list(each.profile.periods),
                "vacuum_levels": [vacuum.to_dict() for vacuum in each.profile.vacuum_levels],
                "work_functions": {vacuum.side: each.profile.work_function(vacuum.side)
                                   for vacuum in each.profile.vacuum_levels},
                "dipole_step": each.profile.dipole_step,
                "fermi_level": each.profile.fermi_level,
                "plateaus": {name: list(pair) for name, pair in each.plateaus.items()},
            }
            for each in found.potentials
        ],
        "charge_transferred": None if difference is None else difference.transferred,
        "charge_integral": None if difference is None else difference.integral,
        "interface_height": None if difference is None else difference.interface_height,
        "energies": [each.to_dict() for each in found.energies],
        "potential_lines": [each.to_dict() for each in found.potential_lines],
        "states": [each.to_dict() for each in found.states],
        "overlaps": [each.to_dict() for each in found.overlaps],
        "bader": None if found.bader is None else {
            "method": found.bader.method,
            "charge_by": {
                kind: found.bader.by_group(kind)
                for kind in ("region", "element")
                if found.bader.charges is not None
                and (kind == "element" or kind in found.bader.atoms.arrays)
            },
        },
        "layers": [each.to_dict() for each in found.layers],
        "dynamics": None if found.dynamics is None else {
            "bands": list(found.dynamics_bands or ()),
            "mean": found.dynamics.mean,
            "deviation": found.dynamics.deviation,
            "dephasing_time": found.dynamics.dephasing_time,
            "peaks": [peak.to_dict() for peak in found.dynamics.peaks],
        },
        "checks": [{**each.to_dict(), "holds": each.holds} for each in found.checks],
    }  # fmt: skip
