"""Commands: prepare, run, status and demo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qdstruct.cli.analysis_output import study_lines
from qdstruct.cli.output import JsonOption, print_json, print_table

if TYPE_CHECKING:
    from qdstruct.model import JobStatus, JobTree

__all__ = ["commands"]

commands = typer.Typer()

TreeArgument = Annotated[Path, typer.Argument(help="A directory made by 'qdstruct prepare'.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace what exists already.")]


@commands.command("prepare")
def prepare_command(
    study: Annotated[str, typer.Argument(help="A study file, or the name of a shipped study.")],
    directory: Annotated[
        Path | None, typer.Argument(help="The job tree to make; not needed with --dry-run.")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="Preset that replaces the study's: quick, standard, …")
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", help="INCAR tag that overlays the study's, e.g. ENCUT=450."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check, count and cost everything; write nothing.")
    ] = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write the tree of VASP job directories of a study, checked before it takes its place.

    Example: qdstruct prepare cspbbr3-cds my-study --tag ENCUT=450 --tag NCORE=4
    """
    from qdstruct.errors import InputError
    from qdstruct.pipeline.prepare import prepare

    if dry_run:
        from qdstruct.cli.rehearsal import show_rehearsal

        show_rehearsal(study, preset, _tags(tag or []), as_json)
        return
    if directory is None:
        raise InputError("say which directory to make", hint="or --dry-run, to make none")
    plan, tree, findings = prepare(
        study, directory, preset=preset, tags=_tags(tag or []), force=force
    )
    for finding in findings:
        typer.echo(f"{finding.severity}: {finding.job}: {finding.message}", err=True)
    interface = plan.interface
    if as_json:
        print_json(
            {
                "directory": str(directory),
                "study": tree.study,
                "n_atoms": len(interface.atoms),
                "area": interface.area,
                "jobs": [{"name": job.name, "kind": job.kind, "parents": list(job.parents)}
                         for job in tree.jobs],
                "warnings": [finding.message for finding in findings],
            }
        )  # fmt: skip
        return
    print_table(
        f"{tree.study}: {interface.atoms.get_chemical_formula(mode='metal')}, "
        f"{len(interface.atoms)} atoms, {interface.area:.1f} Å²",
        ["Job", "Kind", "Subject", "After"],
        [(job.name, job.kind, job.subject, ", ".join(job.parents)) for job in tree.jobs],
        note=f"Written to {directory}/. Next: qdstruct run {directory} "
        f"(or read {directory}/README.txt to submit by hand)"
        + _cell_note(tree, plan.study.calculation.bulk_cell),
    )


def _cell_note(tree: JobTree, bulk_cell: str) -> str:
    """Say that interface and crystals do not keep the same cell, where that is so."""
    names = {job.name for job in tree.jobs}
    both = {"bulk-substrate/relax", "interface/relax"} <= names
    if not both or bulk_cell != "relaxed":
        return ""
    return (
        "\nThe interface keeps the measured lattice of its substrate; the crystals relax theirs. "
        "calculation.bulk_cell: experimental keeps both."
    )


def _tags(words: list[str]) -> dict[str, str | int | float | bool]:
    from qdstruct.errors import InputError

    tags: dict[str, str | int | float | bool] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise InputError(f"--tag {word}: write TAG=VALUE, for example ENCUT=450")
        tags[name.strip().upper()] = _value(value.strip())
    return tags


def _value(text: str) -> str | int | float | bool:
    if text.upper().strip(".") in ("TRUE", "T", "FALSE", "F"):
        return text.upper().strip(".").startswith("T")
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


@commands.command("run")
def run_command(
    directory: TreeArgument,
    engine: Annotated[
        str, typer.Option(help="vasp, gpaw, xtb, chgnet; or mock to try the chain.")
    ] = "vasp",
    command: Annotated[
        str | None,
        typer.Option(
            help="How VASP is started, e.g. 'mpirun -n 4 vasp_std'; for gpaw and chgnet the Python "
            "that has them."
        ),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Jobs at a time.")] = 1,
    executor: Annotated[
        Path | None,
        typer.Option(
            help="Python file whose function executor() returns a concurrent.futures "
            "executor (a cluster, say)."
        ),
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option(help="Cluster profile (TOML): executor, partition, resources, command."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run every job that is not done, in order, under custodian; run again to continue.

    Example: qdstruct run my-study --command 'mpirun -n 16 vasp_std' --jobs 2
    """  # fmt: skip
    from qdstruct.cli.progress import live_status_table
    from qdstruct.pipeline.run import load_executor, run

    if profile is not None:
        _run_with_profile(directory, profile, engine, command, executor, as_json)
        return
    pool = load_executor(executor) if executor else None
    with live_status_table() as show:
        statuses = run(
            directory, engine=engine, command=command, n_workers=jobs, executor=pool,
            on_change=show,
        )  # fmt: skip
    _finish(statuses, as_json)


def _run_with_profile(
    directory: Path,
    profile: Path,
    engine: str,
    command: str | None,
    executor: Path | None,
    as_json: bool,
) -> None:
    from qdstruct.cli.progress import live_status_table
    from qdstruct.errors import InputError
    from qdstruct.pipeline.submit import read_profile, run_with_profile

    if executor is not None:
        raise InputError("--profile and --executor: give one of them")
    cluster = read_profile(profile)
    with live_status_table() as show:
        statuses = run_with_profile(
            directory, cluster, engine=engine, command=command, on_change=show
        )
    _finish(statuses, as_json)


def _finish(statuses: tuple[JobStatus, ...], as_json: bool) -> None:
    if as_json:
        print_json({"jobs": [status.to_dict() for status in statuses]})
    for status in statuses:
        if status.error and status.state != "done":
            typer.echo(f"{status.state}: {status.name}: {status.error}", err=True)
    done = sum(status.state == "done" for status in statuses)
    typer.echo(f"{done} of {len(statuses)} jobs done", err=True)
    if done < len(statuses):
        raise typer.Exit(1)


@commands.command("status")
def status_command(
    directory: TreeArgument,
    watch: Annotated[
        float | None,
        typer.Option("--watch", min=0.2, help="Look again every so many seconds until all rests."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print every job's state, attempts, energy and what it waits for.

    Example: qdstruct status my-study --watch 5
    """
    from qdstruct.pipeline.run import methods, status

    if watch is not None:
        _watch(directory, watch)
    statuses, ways = status(directory), methods(directory)
    if as_json:
        jobs = [each.to_dict() for each in statuses]
        print_json({"jobs": jobs, "methods": list(ways)})
        return
    print_table(
        str(directory),
        ["Job", "State", "Attempts", "Energy (eV)", "Converged", "Waits for or error"],
        [
            (
                each.name,
                each.state,
                str(each.attempts),
                "" if each.energy is None else f"{each.energy:.4f}",
                {True: "yes", False: "no", None: ""}[each.converged],
                each.error or ", ".join(each.waits_for),
            )
            for each in statuses
        ],
        note="\n".join(ways) or None,
    )


def _watch(directory: Path, interval: float) -> None:
    """Show the states until no job runs."""
    import time

    from qdstruct.cli.progress import live_status_table
    from qdstruct.pipeline.run import status

    with live_status_table() as show:
        while True:
            statuses = status(directory)
            show(statuses)
            if not any(each.state == "running" for each in statuses):
                return
            time.sleep(interval)


@commands.command("cancel")
def cancel_command(directory: TreeArgument) -> None:
    """Stop whatever runs in a tree, in good order; the next run continues from there.

    Example: qdstruct cancel my-study
    """
    from qdstruct.pipeline.run import cancel

    stopped = cancel(directory)
    typer.echo(f"stopped: {', '.join(stopped) or 'nothing was running'}")


@commands.command("retry")
def retry_command(
    directory: TreeArgument,
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Failed or done jobs; every failed one if none is named."),
    ] = None,
) -> None:
    """Clear failed jobs, so that the next run starts them again.

    A done job can be named too, when its results were lost. Jobs that used the results of a
    cleared job are cleared with it; what they left stays in attempt-N.

    Example: qdstruct retry my-study interface/relax
    """
    from qdstruct.pipeline.run import retry

    cleared = retry(directory, names or None)
    typer.echo(f"cleared: {', '.join(cleared) or 'nothing had failed'}")


@commands.command("demo")
def demo_command(
    directory: Annotated[Path, typer.Argument(help="Directory to make.")] = Path("qdstruct-demo"),
    engine: Annotated[
        str, typer.Option(help="mock, made up but quick; or xtb, a real calculation.")
    ] = "mock",
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Jobs at a time.")] = 2,
    force: ForceOption = False,
) -> None:
    """Do the whole main job for CsPbBr3/CdS, in about a minute on the embedded mock engine.

    Example: qdstruct demo --engine xtb
    """
    from qdstruct.cli.progress import live_status_table
    from qdstruct.pipeline.demo import demo

    def say(step: str) -> None:
        typer.echo(f"→ {step}", err=True)

    with live_status_table() as show:
        results = demo(
            directory, engine=engine, force=force, n_workers=jobs, on_step=say, on_change=show
        )
    print_table(f"{results.study} ({engine} engine)", ["Result", "Value"], study_lines(results))
    typer.echo(f"Open {directory / 'report.html'} in a browser.")
