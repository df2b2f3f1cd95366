"""What the build commands share at the end: checking, writing and printing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from qdstruct.cli.build_request import Wanted
from qdstruct.cli.build_views import draw
from qdstruct.cli.output import print_json, print_table

if TYPE_CHECKING:
    from ase import Atoms

    from qdstruct.model import CrystalPart, Phase, Problem, StructureReport


UNSOUND = ("charge", "electrons", "clash", "box")
"""Findings that also go to stderr: whatever is computed of such a structure means little."""


def finish(
    title: str,
    atoms: Atoms,
    facts: dict[str, Any],
    wanted: Wanted,
    crystals: Mapping[str, Phase] | None = None,
) -> None:
    """Check, write, draw and report what was built.

    `crystals` are the bulk crystals of the regions, loaded by the names in `facts` if left out.
    """
    from importlib.metadata import version

    from qdstruct import building
    from qdstruct.pipeline.checking import check_built

    facts = {**facts, "n_atoms": len(atoms), "formula": atoms.get_chemical_formula()}
    report = check_built(atoms, facts, crystals)
    problems = report.problems
    if wanted.output is not None:
        provenance = {"made_by": f"qdstruct {version('qdstruct')}", **facts}
        building.write_structure(wanted.output, atoms, provenance=provenance, force=wanted.force)
        typer.echo(f"wrote {wanted.output}", err=True)
    if abs(facts.get("charge", 0.0)) > 1e-6:
        typer.echo(
            f"warning: the structure carries a net charge of {facts['charge']:+g} e", err=True
        )
    unsound = [problem.message for problem in problems if problem.kind in UNSOUND]
    for warning in [*facts.get("warnings", ()), *unsound]:
        typer.echo(f"warning: {warning}", err=True)
    rows = {key.replace("_", " "): words(value) for key, value in facts.items()}
    draw(title, atoms, facts, rows, problems, wanted)
    if wanted.as_json:
        named = {"file": wanted.output, "figure": wanted.figure, "page": wanted.page}
        files = {key: None if path is None else str(path) for key, path in named.items()}
        print_json({**facts, **files, "problems": problem_rows(problems)})
        return
    print_table(title, ["Property", "Value (Å, e)"], list(rows.items()), note=verdict(report))


def words(value: Any) -> str:
    """Write a value for a table: lengths and energies with four decimals."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {words(item)}" for key, item in value.items())
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, list):
        return "[" + ", ".join(words(item) for item in value) + "]"
    return str(value)


def problem_rows(problems: tuple[Problem, ...]) -> list[dict[str, str]]:
    """Return the problems as the rows of the JSON document."""
    return [{"kind": problem.kind, "message": problem.message} for problem in problems]


def verdict(report: StructureReport) -> str:
    """Say in words what the validator found and what it looked at."""
    if not report.problems:
        crystals = ", ".join(dict.fromkeys(part.region for part in report.parts))
        bulk = f"; strain, bonds and symmetry of {crystals}" if crystals else ""
        return f"No problems found (clashes, charge, molecules, coordination{bulk})."
    return "\n".join(f"{problem.kind}: {problem.message}" for problem in report.problems)


def part_rows(report: StructureReport) -> list[tuple[str, str, str]]:
    """Return what was measured of each part beside the bulk: part, quantity, value."""
    rows = []
    for part in report.parts:
        strain = 100 * part.strain
        plane = strain[0, 0], strain[1, 1], strain[0, 1]
        normal = "open" if part.flat else f"{strain[2, 2]:+.2f} %"
        first = f"{part.region} ({part.phase})"
        lines = [
            ("on sites / inside / atoms", f"{part.n_on_sites} / {part.n_inside} / {part.n_atoms}"),
            (
                "strain xx, yy, xy",
                f"{plane[0]:+.2f}, {plane[1]:+.2f}, {plane[2]:+.2f} %",
            ),
            ("strain along z", normal),
            ("scatter", f"{part.rms:.3f} Å"),
            ("space group (bulk)", f"{part.space_group or 'open'} ({part.bulk_space_group})"),
        ]
        for bond in part.bonds:
            here = "–" if bond.coordination is None else f"{bond.coordination:.2f}"
            lines.append(
                (
                    f"{bond.pair[0]}–{bond.pair[1]} (bulk)",
                    f"{bond.length:.3f} Å × {here} "
                    f"({bond.bulk_length:.3f} Å × {bond.bulk_coordination:.2f})",
                )
            )
        for number, (quantity, value) in enumerate(lines):
            rows.append(("" if number else first, quantity, value))
    return rows


def print_report(file: Path, atoms: Atoms, report: StructureReport, as_json: bool) -> None:
    """Print what ``check`` found and measured."""
    title = f"{file}: {len(atoms)} atoms, {atoms.get_chemical_formula()}"
    if as_json:
        print_json(
            {
                "ok": report.ok,
                "n_atoms": len(atoms),
                "problems": problem_rows(report.problems),
                "parts": [_part_document(part) for part in report.parts],
            }
        )
        return
    rows = part_rows(report)
    if rows:
        print_table("Beside the bulk crystals", ["Part", "Quantity", "Value"], rows)
    if report.problems:
        found = [(problem.kind, problem.message) for problem in report.problems]
        print_table(title, ["Problem", "What"], found)
    else:
        typer.echo(f"{title}: no problems found")


def _part_document(part: CrystalPart) -> dict[str, Any]:
    """Return one part as plain JSON."""
    return {
        "region": part.region,
        "phase": part.phase,
        "n_atoms": part.n_atoms,
        "n_on_sites": part.n_on_sites,
        "n_inside": part.n_inside,
        "strain": part.strain.tolist(),
        "flat": part.flat,
        "mirrored": part.mirrored,
        "rms": part.rms,
        "space_group": part.space_group,
        "bulk_space_group": part.bulk_space_group,
        "bonds": [bond.to_dict() for bond in part.bonds],
    }
