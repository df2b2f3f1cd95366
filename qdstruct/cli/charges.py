"""Command: bader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.output import MOCK, JsonOption, print_json, print_table

if TYPE_CHECKING:
    from qdstruct.model import BaderCharges

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("bader")
def bader_command(
    directory: Annotated[
        str, typer.Argument(metavar="DIR", help="With CHGCAR, AECCAR0 and AECCAR2.")
    ],
    method: Annotated[
        str, typer.Option(help="auto, existing (an ACF.dat), program or pybader.")
    ] = "auto",
    program: Annotated[str, typer.Option(help="Henkelman's program.")] = "bader",
    inputs: Annotated[
        str | None,
        typer.Option("--write-inputs", metavar="DIR", help="Only write CHGCAR and CHGCAR_sum."),
    ] = None,
    valence_only: Annotated[
        bool, typer.Option("--valence-only", help="Do without AECCAR files.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite written inputs.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Bader charges of each atom and region, with the count of electrons checked.

    Example: qdstruct bader interface/static
    """
    from pathlib import Path

    from qdstruct.pipeline.bader import bader_charges, write_bader_inputs

    if inputs is not None:
        paths = write_bader_inputs(Path(directory), Path(inputs), force=force)
        typer.echo(f"in {inputs} run: bader {paths[0].name} -ref {paths[1].name}", err=True)
        return
    result = bader_charges(
        Path(directory), method=method, program=program, valence_only=valence_only
    )
    for note in result.notes:
        typer.echo(f"qdstruct: note: {note}", err=True)
    print_json(_document(result)) if as_json else _print(result)


def _groups(result: BaderCharges) -> dict[str, dict[str, float]]:
    kinds = ["element", *(["region"] if "region" in result.atoms.arrays else [])]
    return {kind: result.by_group(kind) for kind in kinds} if result.charges is not None else {}


def _document(result: BaderCharges) -> dict[str, Any]:
    charges = result.charges
    return {
        "atoms": [
            {
                "symbol": symbol,
                "electrons": float(result.electrons[i]),
                "charge": None if charges is None else float(charges[i]),
                "volume": float(result.volumes[i]),
            }
            for i, symbol in enumerate(result.atoms.get_chemical_symbols())
        ],
        "charge_by": _groups(result),
        "n_electrons": result.n_electrons,
        "vacuum_electrons": result.vacuum_electrons,
        "remainder": result.remainder,
        "method": result.method,
        "is_mock": result.is_mock,
        "sources": list(result.sources),
        "notes": list(result.notes),
    }


def _print(result: BaderCharges) -> None:
    charges = result.charges
    regions = result.atoms.arrays.get("region")
    print_table(
        f"Bader charges, {result.method}" + (f" ({MOCK})" if result.is_mock else ""),
        ["Atom", "", "Region", "z (Å)", "Electrons", "Charge (e)", "Volume (Å³)"],
        [
            (
                str(i + 1), symbol, "" if regions is None else str(regions[i]),
                f"{result.atoms.positions[i, 2]:.3f}", f"{result.electrons[i]:.4f}",
                "" if charges is None else f"{charges[i]:+.4f}", f"{result.volumes[i]:.2f}",
            )
            for i, symbol in enumerate(result.atoms.get_chemical_symbols())
        ],
        note=f"{result.n_electrons:.4f} electrons in the cell; atoms and vacuum differ from that "
        f"by {result.remainder:+.4f}",
    )  # fmt: skip
    for kind, sums in _groups(result).items():
        print_table(
            f"Net charge by {kind}", [kind.capitalize(), "Charge (e)"],
            [(name, f"{value:+.4f}") for name, value in sums.items()],
        )  # fmt: skip
