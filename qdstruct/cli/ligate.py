"""Command: ligate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.build_options import ForceOption
from qdstruct.cli.build_output import problem_rows, words
from qdstruct.cli.output import JsonOption, print_json, print_table

if TYPE_CHECKING:
    from qdstruct.model import LigandCover, Problem

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("ligate")
def ligate(
    structure: Annotated[
        str, typer.Argument(metavar="FILE", help="Slab with vacuum, or particle.")
    ],
    ligand: Annotated[
        str,
        typer.Option(
            "--ligand", help="Name, molecule file, or smiles:… (RDKit). Unknown names list all."
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="File to write: .extxyz, .vasp, .cif, .lmp.")
    ],
    coverage: Annotated[float, typer.Option(help="Share of the sites, above 0 up to 1.")] = 0.5,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same atoms.")] = 0,
    anchor: Annotated[
        str, typer.Option(help="auto, zwitterion, ammonium, carboxylate, thiolate.")
    ] = "auto",
    compensate: Annotated[
        bool,
        typer.Option(
            "--compensate/--charged", help="Take out anions for anionic ligands, or state a charge."
        ),
    ] = True,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Bind ligands to the top face of a slab or to every face of a particle.

    Example: qdstruct ligate dot.extxyz --ligand benzylammonium --coverage 0.5 -o covered.extxyz
    """
    from importlib.metadata import version

    from qdstruct import building
    from qdstruct.files import refuse_existing
    from qdstruct.pipeline.ligands import cover_file

    refuse_existing(output, force=force)
    cover = cover_file(
        structure, ligand, coverage=coverage, seed=seed, anchor=anchor, compensate=compensate
    )
    facts = _cover_facts(cover)
    problems = building.check_structure(cover.atoms, charge=cover.charge)
    provenance = {"made_by": f"qdstruct {version('qdstruct')}", "of": structure, **facts}
    building.write_structure(output, cover.atoms, provenance=provenance, force=force)
    typer.echo(f"wrote {output}", err=True)
    body = cover.atoms[cover.atoms.arrays["region"] != "ligand"]
    title = f"{cover.placed} {cover.ligand} on {body.get_chemical_formula()}"
    _print_cover(title, facts, problems, output, as_json)


def _cover_facts(cover: LigandCover) -> dict[str, Any]:
    return {
        "ligand": cover.ligand,
        "anchor": cover.anchor,
        "sites": cover.sites,
        "placed": cover.placed,
        "bond_length": cover.bond_length,
        "removed_ions": cover.removed or "none",
        "hydrogens_removed_per_ligand": cover.hydrogens_removed,
        "charge_before": cover.charge_before,
        "charge": cover.charge,
        "seed": cover.seed,
        "n_atoms": len(cover.atoms),
        "formula": cover.atoms.get_chemical_formula(),
    }


def _print_cover(
    title: str,
    facts: dict[str, Any],
    problems: tuple[Problem, ...],
    output: Path,
    as_json: bool,
) -> None:
    if as_json:
        print_json({**facts, "file": str(output), "problems": problem_rows(problems)})
        return
    lines = [f"{problem.kind}: {problem.message}" for problem in problems]
    if facts["charge"]:
        lines.append(f"warning: the structure carries {facts['charge']:+g} e")
    rows = [(key.replace("_", " "), words(value)) for key, value in facts.items()]
    note = "\n".join(lines) or "No problems found (clashes, charge, molecules, coordination)."
    print_table(title, ["Property", "Value (Å, e)"], rows, note=note)
