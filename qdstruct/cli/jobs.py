"""Commands: explain and inputs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qdstruct.cli.output import JsonOption, core_hours, print_json, print_table

if TYPE_CHECKING:
    from qdstruct.model import Job

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("explain")
def explain(
    directory: Annotated[
        Path, typer.Argument(help="A job directory, or a job tree for sizes and costs.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Say why each setting of a job has its value, or what each job of a tree costs.

    Example: qdstruct explain study/interface/static
    """
    if (directory / "tree.json").is_file():
        _explain_tree(directory, as_json)
        return
    from qdstruct.jobs import explain

    found = explain(directory)
    if as_json:
        print_json(found.to_dict())
        return
    from qdstruct.jobs.incar import format_value

    print_table(
        f"{found.job}: {found.subject}",
        ("tag", "value", "from", "why"),
        [
            (setting.tag, format_value(setting.value), setting.origin, setting.reason)
            for setting in found.settings
        ],
    )


def _explain_tree(root: Path, as_json: bool) -> None:
    from qdstruct.jobs import estimate
    from qdstruct.pipeline.prepare import load_tree

    tree = load_tree(root)
    sizes = [(job, estimate(root / job.name)) for job in tree.jobs]
    if as_json:
        jobs = [{"name": job.name, **size.to_dict()} for job, size in sizes]
        print_json({"study": tree.study, "jobs": jobs})
        return
    columns = (
        "job", "k-points", "distinct", "electrons", "bands", "plane waves", "FFT grid",
        "memory (GB)", "core-hours",
    )  # fmt: skip
    print_table(
        f"Study {tree.study}: {len(sizes)} jobs",
        columns,
        [
            (
                job.name,
                _k_points(job),
                str(size.kpoints),
                f"{size.electrons:g}",
                str(size.bands),
                f"{size.plane_waves:,}",
                "×".join(map(str, size.grid)),
                f"{size.memory:.2g}",
                core_hours(size.core_hours),
            )
            for job, size in sizes
        ],
        note=f"Core-hours assume {sizes[0][1].model}." if sizes else None,
    )


def _k_points(job: Job) -> str:
    if job.kpath is not None:
        return f"{len(job.kpath.labels)} lines of {job.kpath.points}"
    return "×".join(map(str, job.kpoints or ()))


FURTHER = ("bands", "bader", "core-levels", "states", "optics", "hybrid", "phonons")


def _further(names: list[str]) -> tuple[str, ...]:
    from qdstruct.errors import InputError

    for name in names:
        if name not in FURTHER:
            raise InputError(f"--with {name}: no such job", hint=f"one of: {', '.join(FURTHER)}")
    return tuple(dict.fromkeys(names))


@commands.command("inputs")
def inputs(
    structure: Annotated[
        str, typer.Argument(help="A named phase or a structure file: crystal, slab, molecule, dot.")
    ],
    directory: Annotated[Path, typer.Argument(help="Directory to make.")],
    preset: Annotated[str, typer.Option(help="Preset, or the path of your own.")] = "standard",
    spacing: Annotated[
        float | None, typer.Option(help="Largest distance between k-points in 1/Å, with 2π.")
    ] = None,
    more: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            help="A further job: bands, bader, core-levels, states, optics, hybrid or phonons. "
            "May be given several times.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the directory.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write relaxation, static run and density of states of one structure.

    Example: qdstruct inputs CsPbBr3-Pbnm bulk/ --preset standard --with bands --with phonons
    """
    from qdstruct.files import new_directory
    from qdstruct.jobs import preflight, require_sound, write_structure_tree
    from qdstruct.model import CalculationSettings
    from qdstruct.phases import load, read_atoms
    from qdstruct.pipeline.prepare import TREE_FILE, refuse_finished

    file = Path(structure)
    atoms = read_atoms(file) if file.is_file() else load(structure).atoms
    name = file.stem if file.is_file() else structure
    refuse_finished(directory)
    with new_directory(directory, marker=TREE_FILE, force=force) as beside:
        tree = write_structure_tree(
            beside,
            study_name=name,
            subject=f"{atoms.get_chemical_formula()} of {structure}",
            atoms=atoms,
            settings=CalculationSettings(
                preset=preset, kpoint_spacing=spacing, include=_further(more or [])
            ),
        )
        findings = preflight(beside)
        require_sound(findings)
    for finding in findings:
        typer.echo(f"warning: {finding.job}: {finding.message} ({finding.hint})", err=True)
    if as_json:
        print_json(tree.to_dict())
        return
    print_table(
        f"{name}: {len(atoms)} atoms, written to {directory}",
        ("job", "k-points"),
        [(job.name, _k_points(job)) for job in tree.jobs],
        note=f"Next: qdstruct run {directory}, or read {directory / 'README.txt'}",
    )
