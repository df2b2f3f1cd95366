"""Command: phonons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qdstruct.cli.output import JsonOption, print_json, print_table

if TYPE_CHECKING:
    from qdstruct.model import ModeComparison, Vibrations

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("phonons")
def phonons_command(
    directory: Annotated[Path, typer.Argument(help="A tree whose displacements have run.")],
    published: Annotated[
        list[str] | None,
        typer.Option(
            "--published", help="System whose published modes are printed beside [the study's]."
        ),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(help="Draw the density of modes into this file (png, svg, pdf).")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the figure.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Collect the forces of a tree: modes at Γ, who moves in them, and their density.

    Example: qdstruct phonons my-study --published CsPbBr3/CdS
    """
    from qdstruct.pipeline.phonons import compare_modes, phonons, studied_systems

    if figure is not None:
        from qdstruct.files import refuse_existing

        refuse_existing(figure, force=force)
    found = phonons(directory)
    rows = compare_modes(found, published or studied_systems(directory))
    if figure is not None:
        from qdstruct.report.phonon_figure import draw_phonons

        draw_phonons(found, rows, figure)
    if as_json:
        print_json(
            {
                "structures": [_summary(each) for each in found],
                "published": [row.to_dict() for row in rows],
            }
        )
        return
    for each in found:
        _print_modes(each)
    if rows:
        _print_published(rows)
    typer.echo(f"Written: {directory / 'vibrations.json'}" + (f", {figure}" if figure else ""))


def _summary(found: Vibrations) -> dict[str, object]:
    return {
        "subject": found.subject,
        "formula": found.atoms.get_chemical_formula(),
        "supercell": list(found.supercell),
        "displacements": found.n_displacements,
        "wavenumbers": [round(float(x), 4) for x in found.wavenumbers],
        "groups": list(found.groups),
        "participation": [[round(float(x), 4) for x in row] for row in found.participation],
        "participation_ratio": [round(float(x), 4) for x in found.spread],
        "acoustic_residual": found.acoustic_residual,
        "engine": found.engine,
        "is_mock": found.is_mock,
    }


def _print_modes(found: Vibrations) -> None:
    unstable = int((found.wavenumbers < -found.acoustic_residual - 1.0).sum())
    notes = [
        f"Translations before the sum rule: up to {found.acoustic_residual:.2f} 1/cm.",
        f"{unstable} unstable modes (negative)." if unstable else "No unstable mode.",
    ]
    if found.is_mock:
        notes.append("MOCK forces: plumbing, not physics.")
    times = "×".join(map(str, found.supercell))
    print_table(
        f"{found.subject}: {len(found.wavenumbers)} modes at Γ, {found.n_displacements} "
        f"displacements in a {times} cell, {found.engine}",
        ["Mode", "1/cm", *found.groups, "Spread"],
        [
            (
                str(number + 1),
                f"{found.wavenumbers[number]:.1f}",
                *(f"{share:.2f}" for share in found.participation[:, number]),
                f"{found.spread[number]:.2f}",
            )
            for number in range(len(found.wavenumbers))
        ],
        note=" ".join(notes),
    )


def _print_published(rows: tuple[ModeComparison, ...]) -> None:
    print_table(
        "Published modes and the nearest of ours (near is no assignment)",
        ["Published", "1/cm", "Ours", "Difference", "Structure", "Moves most"],
        [
            (
                row.quantity.removeprefix("phonon mode "),
                f"{row.published:g}",
                "" if row.nearest is None else f"{row.nearest:.1f}",
                "" if row.nearest is None else f"{row.nearest - row.published:+.1f}",
                row.subject,
                row.share,
            )
            for row in rows
        ],
        note=f"Published: {rows[0].source}",
    )
