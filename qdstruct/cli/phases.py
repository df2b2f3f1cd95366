"""Commands: phases."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.output import JsonOption, print_json, print_table

if TYPE_CHECKING:
    from qdstruct.model import Phase

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("phases")
def list_phases(
    name: Annotated[
        str | None,
        typer.Argument(help="Phase name, alias or structure file; all phases when left out."),
    ] = None,
    setting: Annotated[
        str | None,
        typer.Option(
            help="Show it in other axes: conventional, pseudocubic, or a symbol such as Pnma."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write the crystal: POSCAR or .vasp, .cif, .extxyz."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the known crystals, or show one with its source and caveats.

    For a file that holds the primitive cell of a centred lattice, --setting conventional -o FILE
    writes the conventional one. Example: qdstruct phases CsPbBr3-Pbnm
    """
    from qdstruct import phases
    from qdstruct.errors import InputError, PhaseWarning

    if name is None and (setting or output):
        raise InputError(
            "--setting and --output need a crystal", hint="name a phase or a structure file"
        )
    if name is not None:
        with warnings.catch_warnings():
            if setting:  # the axes of the file are being left
                warnings.simplefilter("ignore", PhaseWarning)
            phase = phases.load(name)
        if setting:
            phase = phases.in_setting(phase, setting)
        if output:
            _write(phase, output, force=force)
        if as_json:
            print_json(_document(phase))
        else:
            _print_phase(phase)
        return
    known = phases.catalogue()
    if as_json:
        print_json({"phases": [_document(phase) for phase in known]})
        return
    print_table(
        "Known phases",
        [
            "Name",
            "Formula",
            "Space group",
            "Z",
            "g/cm³",
            "Shortest / Å",
            "T / K",
            "Source",
            "Notes",
        ],
        [_row(phase) for phase in known],
        note="Notes counts caveats: 'qdstruct phases NAME' prints them. Any CIF, POSCAR or extxyz "
        "file works where a name does.",
    )


def _write(phase: Phase, output: Path, *, force: bool) -> None:
    from qdstruct.building.export import write_structure

    made_of = {"phase": phase.name, "setting": phase.setting, "source": phase.citation or ""}
    write_structure(output, phase.atoms, provenance=made_of, force=force)
    typer.echo(f"wrote {output}", err=True)


def _document(phase: Phase) -> dict[str, Any]:
    from qdstruct.phases import shortest_distances

    data = phase.to_dict()
    del data["atoms"]
    data["n_atoms"] = len(phase.atoms)
    data["cell"] = [float(value) for value in phase.atoms.cell.cellpar()]
    data["shortest_distances"] = [
        {"pair": list(pair), "distance": distance}
        for pair, distance in shortest_distances(phase.atoms).items()
    ]
    return data


def _row(phase: Phase) -> list[str]:
    from qdstruct.phases import shortest_distances

    (first, second), distance = next(iter(shortest_distances(phase.atoms).items()))
    return [
        phase.name,
        phase.formula,
        f"{phase.space_group_number} {phase.space_group_symbol}",
        str(phase.formula_units),
        f"{phase.density:.3f}",
        f"{first}–{second} {distance:.2f}",
        _temperature(phase),
        _brief(phase.citation or "–"),
        str(len(phase.caveats) or ""),
    ]


def _brief(citation: str) -> str:
    """Shorten a list of many authors to the first."""
    words = citation.split(", ")
    authors = next((i for i, word in enumerate(words) if " " in word), 0)
    short = citation if authors < 3 else f"{words[0]} et al., {', '.join(words[authors:])}"
    return short.split(", doi")[0]


def _temperature(phase: Phase) -> str:
    return "not stated" if phase.temperature is None else f"{phase.temperature:g}"


def _print_phase(phase: Phase) -> None:
    from qdstruct.phases import shortest_distances

    cell = phase.atoms.cell.cellpar()
    reported = "" if phase.reported_density is None else f" (source: {phase.reported_density:g})"
    rows = [
        ("Formula", phase.formula),
        ("Space group", f"{phase.space_group_number} {phase.space_group_symbol} (by spglib)"),
        ("Setting", phase.setting),
        ("Cell", "  ".join(f"{value:.5g}" for value in cell[:3]) + " Å"),
        ("Angles", "  ".join(f"{value:.6g}" for value in cell[3:]) + " °"),
        ("Formula units Z", f"{phase.formula_units} ({len(phase.atoms)} atoms)"),
        ("Density", f"{phase.density:.3f} g/cm³{reported}"),
        ("Temperature", _temperature(phase) + (" K" if phase.temperature is not None else "")),
        ("Source", phase.citation or "the file names none"),
        ("Found in", phase.provenance or phase.source_file),
        ("Aliases", ", ".join(phase.aliases) or "none"),
        *((f"Caveat {number}", words) for number, words in enumerate(phase.caveats, start=1)),
    ]
    print_table(phase.name, ["Property", "Value"], rows)
    print_table(
        "Between species",
        ["Pair", "Shortest distance / Å"],
        [
            (f"{first}–{second}", f"{distance:.3f}")
            for (first, second), distance in shortest_distances(phase.atoms).items()
        ],
    )
