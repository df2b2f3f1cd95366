"""The numbers behind every figure as tables: one of the same name beside each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qdstruct.model import BandAlignment, CalculatedResults, ChargeField, StudyResults
from qdstruct.report import charge_figures
from qdstruct.report.further_tables import further_tables

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Table", "calculated_tables", "study_tables"]

Table = tuple[Sequence[str], Iterable[Sequence[object]]]
"""Heading, each column with its unit, and rows."""


def study_tables(results: StudyResults) -> dict[str, Table]:
    """Return the numbers behind every figure of a study: name → heading and rows."""
    tables = calculated_tables(results.calculated)
    if results.matches:
        tables["match"] = _match_table(results)
    if results.powder:
        tables["powder"] = (
            ["phase", "two theta (deg)", "intensity (strongest 100)"],
            [
                [pattern.phase, angle, value]
                for pattern in results.powder
                for angle, value in zip(
                    np.asarray(pattern.pattern["two_theta"]).tolist(),
                    np.asarray(pattern.pattern).tolist(), strict=True,
                )
            ],
        )  # fmt: skip
    if results.spots:
        tables["spots"] = (
            ["phase", "zone axis", "h", "k", "l", "g_x (1/A)", "g_y (1/A)",
             "intensity (strongest 100)", "forbidden"],
            [
                [pattern.phase, " ".join(map(str, pattern.zone)), *spot.hkl, *map(float, spot.g),
                 float(spot.intensity), "yes" if spot.forbidden else "no"]
                for pattern in results.spots
                for spot in pattern.spots
            ],
        )  # fmt: skip
    return tables


def _match_table(results: StudyResults) -> Table:
    heading = ["match", "built", "area (A^2)", "largest strain (%)", "strain e1 (%)",
               "strain e2 (%)", "rotation (deg)", "atoms per layer pair"]  # fmt: skip
    rows = [
        [index + 1, "yes" if index == results.chosen_match else "no", match.area,
         100 * match.max_strain, *(100 * part for part in match.principal_strains),
         match.rotation, match.n_atoms_per_layer_pair]
        for index, match in enumerate(results.matches)
    ]  # fmt: skip
    return heading, rows


def calculated_tables(results: CalculatedResults) -> dict[str, Table]:
    """Return the numbers behind every figure of calculated results: name → heading and rows."""
    return dict(_calculated(results))


def _calculated(results: CalculatedResults) -> Iterator[tuple[str, Table]]:
    yield from _densities_of_states(results)
    if results.potentials:
        heading = ["calculation", "height z (A)", "planar average of the potential energy (eV)",
                   "macroscopic average of the potential energy (eV)"]  # fmt: skip
        yield "potential", (heading, [
            [result.subject, *row]
            for result in results.potentials
            for row in np.column_stack([result.profile.profile["z"], result.profile.profile,
                                        result.profile.macroscopic]).tolist()
        ])  # fmt: skip
    difference, field = results.charge_difference, results.charge_field
    if difference is not None:
        z = np.asarray(difference.profile["z"])
        columns = np.column_stack([z, difference.profile, difference.displaced])
        heading = ["height z (A)", "planar average of the density difference (electrons/A^3)",
                   "electrons gained below z (electrons per cell)"]  # fmt: skip
        yield "charge", (heading, columns.tolist())
    if field is not None:
        yield "charge_sections", _section_table(field)
        yield "charge_surfaces", _surface_table(field)
    if results.alignments:
        yield "alignment", _alignment_table(results.alignments)
    if results.energies:
        yield "energies", (
            ["energy", "energy per area (eV/A^2)", "energy per area (J/m^2)",
             "area of one interface (A^2)", "interfaces in the cell", "term",
             "value of the term (eV)"],
            [
                [e.name, e.value, e.joule_per_square_metre, e.area, e.n_interfaces, term, value]
                for e in results.energies
                for term, value in e.terms.items()
            ],
        )  # fmt: skip
    if results.formation_line is not None:
        line = results.formation_line
        heading = [f"mu({line.attrs.get('element', '')}) (eV)", "formation energy (eV/A^2)"]
        yield "formation", (heading, np.column_stack([line["mu"], line]).tolist())
    yield from further_tables(results)
    if results.potential_lines:
        name = str(results.potential_lines[0].energy.attrs.get("quantity", "formation"))
        yield "chemical_potentials", (
            ["element", "mu - mu of the element (eV)", f"lowest {name} energy (eV/A^2)",
             f"highest {name} energy (eV/A^2)"],
            [
                [each.element, *row]
                for each in results.potential_lines
                for row in np.column_stack([each.energy["mu"], *np.asarray(each.energy)]).tolist()
            ],
        )  # fmt: skip


def _densities_of_states(results: CalculatedResults) -> Iterator[tuple[str, Table]]:
    for name, dos in (
        ("dos_region", results.dos_by_region),
        ("dos_element", results.dos_by_element),
        ("dos_region_element", results.dos_by_region_element),
        ("dos_layers", results.dos_by_layer),
    ):
        if dos is not None:
            groups = [f"{group} (states/eV)" for group in dos[dos.dims[0]].values]
            columns = np.column_stack([np.asarray(dos["energy"]), np.asarray(dos).T])
            yield name, (["energy - Fermi level (eV)", *groups], columns.tolist())
    if results.dos_map is not None:
        energies = [f"local DOS (states/(eV A)) at {energy:.4f} eV from the Fermi level"
                    for energy in np.asarray(results.dos_map["energy"])]  # fmt: skip
        rows = np.column_stack([results.dos_map["z"], results.dos_map]).tolist()
        yield "dos_map", (["height z (A)", *energies], rows)


def _section_table(field: ChargeField) -> Table:
    """Along the vector that crosses the interface begin where the other tables of heights do."""
    length = float(field.atoms.cell.lengths()[field.axis])
    bottom = charge_figures.origin_along_normal(field) * length / field.height
    rows: list[Sequence[object]] = []
    for number, section in enumerate(field.sections, 1):
        axis = int(section.attrs["axis"])
        first, second = ("abc"[(axis + k) % 3] for k in (1, 2))
        u, v = (
            np.asarray(section[name], dtype=float)
            + (bottom if (axis + k) % 3 == field.axis else 0.0)
            for name, k in (("u", 1), ("v", 2))
        )
        values = np.asarray(section, dtype=float)
        rows += [
            [number, first, float(u[i]), second, float(v[j]), float(values[i, j])]
            for i in range(len(u))
            for j in range(len(v))
        ]
    heading = [
        "section",
        "u along",
        "u (A)",
        "v along",
        "v (A)",
        "density difference (electrons/A^3)",
    ]
    return heading, rows


def _surface_table(field: ChargeField) -> Table:
    """Return the points at which the lines of the grid pierce the surfaces of gain and loss.

    Between neighbouring grid points the density is taken as linear.
    """
    values = np.asarray(field.values, dtype=float)
    sides = []
    for name, level in (("gain", field.level), ("loss", -field.level)):
        points = np.concatenate([_piercings(values - level, axis) for axis in range(3)])
        sides.append((name, points @ np.asarray(field.atoms.cell) + np.asarray(field.origin)))
    heading = ["surface", "x (A)", "y (A)", "z (A)"]
    return heading, [[name, *row] for name, points in sides for row in points.round(4).tolist()]


def _piercings(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Return in fractions where the grid lines along an axis cross zero, periodically."""
    beyond = np.roll(values, -1, axis=axis)
    where = np.argwhere(values * beyond < 0)
    here, there = values[tuple(where.T)], beyond[tuple(where.T)]
    places = where.astype(float)
    places[:, axis] += here / (here - there)
    return np.asarray(places / np.array(values.shape, dtype=float))


def _alignment_table(alignments: Sequence[BandAlignment]) -> Table:
    heading = ["method", "reference", "film valence (eV)", "film conduction (eV)",
               "substrate valence (eV)", "substrate conduction (eV)", "valence offset (eV)",
               "conduction offset (eV)", "uncertainty (eV)", "type"]  # fmt: skip
    rows: list[list[Any]] = [
        [a.label or a.method, a.reference, a.film.valence_maximum, a.film.conduction_minimum,
         a.substrate.valence_maximum, a.substrate.conduction_minimum, a.valence_offset,
         a.conduction_offset, a.uncertainty, a.kind]
        for a in alignments
    ]  # fmt: skip
    return heading, rows
