"""What the build commands share: options, parsing, checking and writing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.output import parse_miller, print_json, print_table

if TYPE_CHECKING:
    from ase import Atoms

    from qdstruct.model import Problem

OutputOption = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        help="File to write: POSCAR or .vasp, .cif, .extxyz, .lmp or .data (LAMMPS).",
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace an existing file.")]
FilmHkl = Annotated[str, typer.Option("--film-hkl", help="Face of the film, e.g. 0,0,1.")]
SubstrateHkl = Annotated[
    str, typer.Option("--substrate-hkl", help="Face of the substrate, e.g. 0,0,1.")
]
FilmName = Annotated[str, typer.Argument(help="Phase name or structure file of the film.")]
SubstrateName = Annotated[str, typer.Argument(help="Phase name or structure file below it.")]
FilmLayers = Annotated[
    int, typer.Option("--film-layers", min=1, help="Repeats of the film's plane spacing.")
]
SubstrateLayers = Annotated[
    int, typer.Option("--substrate-layers", min=1, help="Repeats of the substrate's spacing.")
]
StrainOn = Annotated[
    str, typer.Option("--strain-on", help="Who takes the misfit: film, substrate or both.")
]
Vacuum = Annotated[float, typer.Option("--vacuum", help="Empty height in Å.")]
MaxArea = Annotated[
    float, typer.Option("--max-area", min=0.0, help="Largest coincidence cell in Å².")
]
MaxStrain = Annotated[
    float, typer.Option("--max-strain", min=0.0, help="Largest strain (a fraction).")
]


def parse_numbers(text: str, example: str) -> list[float]:
    """Read one number or three (``8,8,8`` or ``8x8x8``); three come back."""
    from qdstruct.errors import InputError

    words = text.replace(",", " ").replace("x", " ").split()
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 3):
        raise InputError(f"'{text}' is not one number or three", hint=f"write {example}")
    return numbers * (3 if len(numbers) == 1 else 1)


def parse_lengths(text: str) -> list[float]:
    """Read ``16nm``, ``160``, ``160A`` or three of them; Å come back."""
    plain = text.replace("Å", "").replace("A", "").strip()
    factor = 10.0 if "nm" in plain else 1.0
    numbers = parse_numbers(plain.replace("nm", ""), "16nm, 160 or 5.5,5.5,8nm")
    return [factor * number for number in numbers]


def parse_facets(text: str) -> list[tuple[int, int, int]]:
    """Read three facets separated by spaces."""
    from qdstruct.errors import InputError

    facets = [parse_miller(word) for word in text.split()]
    if len(facets) != 3:
        raise InputError(f"'{text}' does not name three facets", hint="'1,1,0 1,-1,0 0,0,1'")
    return facets


def parse_energies(text: str) -> dict[tuple[int, int, int], float]:
    """Read ``100=1 111=1.2``: facets and their surface energies."""
    from qdstruct.errors import InputError

    energies = {}
    for word in text.split():
        facet, _, value = word.partition("=")
        try:
            energies[parse_miller(facet)] = float(value)
        except ValueError:
            raise InputError(f"'{word}' is not FACET=ENERGY", hint="'100=1 111=1.2'") from None
    return energies


def parse_shift(text: str) -> tuple[float, float]:
    """Read two fractions."""
    from qdstruct.errors import InputError

    try:
        first, second = (float(word) for word in text.replace(",", " ").split())
    except ValueError:
        raise InputError(f"'{text}' is not a shift", hint="write two fractions: 0.5,0") from None
    return first, second


def finish(
    title: str,
    atoms: Atoms,
    facts: dict[str, Any],
    output: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Check, write and report what was built."""
    from importlib.metadata import version

    from qdstruct import building

    facts = {**facts, "n_atoms": len(atoms), "formula": atoms.get_chemical_formula()}
    problems = building.check_structure(atoms)
    if output is not None:
        provenance = {"made_by": f"qdstruct {version('qdstruct')}", **facts}
        building.write_structure(output, atoms, provenance=provenance, force=force)
        typer.echo(f"wrote {output}", err=True)
    if as_json:
        file = None if output is None else str(output)
        print_json({**facts, "file": file, "problems": problem_rows(problems)})
        return
    rows = [(key.replace("_", " "), _words(value)) for key, value in facts.items()]
    print_table(title, ["Property", "Value (Å, e)"], rows, note=_verdict(problems))


def _words(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, list):
        return "[" + ", ".join(_words(item) for item in value) + "]"
    return str(value)


def problem_rows(problems: tuple[Problem, ...]) -> list[dict[str, str]]:
    """Return the problems as the rows of the JSON document."""
    return [{"kind": problem.kind, "message": problem.message} for problem in problems]


def _verdict(problems: tuple[Problem, ...]) -> str:
    if not problems:
        return "No problems found (clashes, charge, molecules, coordination)."
    return "\n".join(f"{problem.kind}: {problem.message}" for problem in problems)
