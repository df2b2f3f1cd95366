"""Command: assembly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.output import JsonOption

if TYPE_CHECKING:
    from pathlib import Path

    from qdstruct.model.assembly import AssemblyRun, AssemblySettings, Mean

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("assembly")
def assembly(
    cubes: Annotated[int, typer.Option(help="About how many cubes; the lattice has n³ sites.")] = (
        1000
    ),
    packing: Annotated[float, typer.Option(help="Packing fraction N σ³/V.")] = 0.8,
    well: Annotated[float, typer.Option(help="Energy of a pair in the well, kT.")] = 0.0,
    well_range: Annotated[
        float, typer.Option("--range", help="Centre-to-centre range of the well, σ.")
    ] = 1.14,
    vacancies: Annotated[float, typer.Option(help="Part of the sites that is empty.")] = 0.03,
    sweeps: Annotated[int, typer.Option(help="Sweeps per seed.")] = 3000,
    warm_up: Annotated[
        int | None, typer.Option("--warm-up", help="Sweeps left out of the means; default half.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Independent runs, for the error bars.")] = 3,
    start: Annotated[
        str,
        typer.Option(
            help="localised: empty sites; spread: rows along x that have closed up; spread-xyz: "
            "such rows along all three axes."
        ),
    ] = "localised",
    jobs: Annotated[int, typer.Option("--jobs", help="Seeds that run at the same time.")] = 1,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Write the run (.json).")
    ] = None,
    figure: Annotated[
        str | None, typer.Option("--figure", metavar="FILE", help="Draw it: .png, .pdf, .svg.")
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option("--beside", metavar="RUN.json", help="Finished runs to draw beside it."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output files.")] = False,
    json: JsonOption = False,
) -> None:
    """Monte Carlo of hard cubes with a square well: how localised the crystal's vacancies are.

    With -o an interrupted run is kept beside the output and continued by the same command.

    Example: qdstruct assembly --cubes 1000 --well -1.0 --vacancies 0.03 --sweeps 20000 -o run.json
    """
    from pathlib import Path

    from qdstruct.cli.output import print_json
    from qdstruct.errors import InputError
    from qdstruct.simulation.assembly import assembly_settings, simulate_assembly

    _check_outputs(output, figure, force=force)
    others = [_read_run(Path(name)) for name in beside or []]
    if seeds < 1 or jobs < 1:
        raise InputError("--seeds and --jobs must be at least 1")
    settings = assembly_settings(
        cubes=cubes, packing=packing, well=well, well_range=well_range, vacancies=vacancies,
        sweeps=sweeps, warm_up=warm_up, seeds=tuple(range(1, seeds + 1)), start=start,
    )  # fmt: skip
    checkpoint = None if output is None else Path(output).with_suffix(".checkpoint.json")
    with _progress(settings) as progress:
        run = simulate_assembly(settings, jobs=jobs, checkpoint=checkpoint, progress=progress)
    _write_outputs(run, others, output, figure, force=force)
    print_json(_document(run)) if json else _print_run(run)


def _check_outputs(output: str | None, figure: str | None, *, force: bool) -> None:
    """Refuse output files before hours of work, not after."""
    from pathlib import Path

    from qdstruct.errors import DestinationError
    from qdstruct.files import refuse_existing

    for name in (output, figure):
        if name is None:
            continue
        refuse_existing(Path(name), force=force)
        if not Path(name).parent.is_dir():
            raise DestinationError(
                f"{name}: its folder does not exist", hint="make the folder, or name another"
            )
    if figure is not None:
        from qdstruct.report.assembly_figures import figure_format

        figure_format(Path(figure))


def _write_outputs(
    run: AssemblyRun,
    others: list[AssemblyRun],
    output: str | None,
    figure: str | None,
    *,
    force: bool,
) -> None:
    import json
    from pathlib import Path

    from qdstruct.files import write_atomically

    if output is not None:
        write_atomically(Path(output), json.dumps(run.to_dict()), force=force)
        typer.echo(f"wrote {output}", err=True)
    if figure is not None:
        from qdstruct.report.assembly_figures import assembly_figure, write_figure

        write_figure(assembly_figure([*others, run]), Path(figure), force=force)
        typer.echo(f"wrote {figure}", err=True)


def _read_run(path: Path) -> AssemblyRun:
    import json

    from qdstruct.errors import InputError
    from qdstruct.model.assembly import AssemblyRun

    try:
        return AssemblyRun.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: is not a finished assembly run", hint="give a file that -o wrote"
        ) from error


def _progress(settings: AssemblySettings) -> Any:
    """Show sweeps and the present state of the vacancies on stderr."""
    import contextlib

    @contextlib.contextmanager
    def shown() -> Any:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as Remaining

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("sweeps", total=settings.sweeps * len(settings.seeds))

            def update(made: int, wanted: int, opening: float) -> None:
                words = f"sweeps, mean row gap {opening:.2f}"
                bar.update(task, completed=made, total=wanted, description=words)

            yield update

    return shown()


def _document(run: AssemblyRun) -> dict[str, Any]:
    settings = run.settings
    return {
        "settings": settings.to_dict()
        | {"cubes": settings.cubes, "box": settings.box, "lattice": settings.lattice_constant},
        "energy_per_cube_kT": run.energy.to_dict(),
        "smallest_row_gap": _numbers(run.opening) if settings.vacancies else None,
        "localised": _numbers(run.localised) if settings.vacancies else None,
        "alignment": run.alignment.to_dict(),
        "drift": _numbers(run.drift) if settings.vacancies else None,
        "equilibrated": run.equilibrated,
        "blocks": run.blocks.tolist() if settings.vacancies else None,
        "series": [
            {
                "seed": series.seed,
                "sweep": series.sweep.tolist(),
                "energy_per_cube_kT": series.energy.tolist(),
                "smallest_row_gap": series.opening.tolist() if settings.vacancies else None,
                "localised": series.localised.tolist() if settings.vacancies else None,
                "acceptance": list(series.acceptance),
                "steps": list(series.steps),
                "overlapping": series.overlapping,
            }
            for series in run.series
        ],
    }


def _numbers(mean: Mean) -> dict[str, float | None]:
    return {"value": mean.value, "error": mean.error}


def _print_run(run: AssemblyRun) -> None:
    from qdstruct.cli.output import print_table

    settings = run.settings
    rows = [
        [
            str(series.seed),
            " ".join(f"{block:.3f}" for block in blocks),
            f"{series.localised[series.sweep > settings.warm_up].mean():.3f}",
            f"{series.energy[series.sweep > settings.warm_up].mean():.4f}",
            " ".join(f"{100 * part:.0f}" for part in series.acceptance),
            f"{series.steps[0]:.4f} σ {series.steps[1]:.2f}°",
        ]
        for series, blocks in zip(run.series, run.blocks, strict=True)
    ]
    rows.append(["mean", *(_text(m) for m in (run.opening, run.localised, run.energy)), "", ""])
    print_table(
        f"{settings.cubes} cubes on {settings.sites}³ sites, {settings.vacancies} vacancies, "
        f"φ = {settings.packing:g}, well {settings.well:g} kT to {settings.well_range:g} σ, "
        f"{settings.sweeps} sweeps from {settings.start}",
        ["Seed", "Smallest row gap by block / a", "Localised", "Energy / kT",
         "Accepted / %", "Steps"],
        rows,
        note=_verdict(run),
    )  # fmt: skip


def _text(mean: Mean) -> str:
    return f"{mean.value:.3f}" if mean.error is None else f"{mean.value:.3f} ± {mean.error:.3f}"


def _verdict(run: AssemblyRun) -> str:
    if not run.settings.vacancies:
        return "No vacancies, nothing to localise."
    part = f"{100 * run.localised.value:.0f} % of the vacancies are a whole empty site"
    gaps = f"a gap of 1 is a whole site, {1 / (run.settings.sites - 1):.2f} a row evenly spread"
    if run.equilibrated is None:
        return f"{part} ({gaps}). One seed: no error bars, and no test of equilibration."
    drift = f"drift between halves {run.drift.value:+.3f} ± {run.drift.error or 0:.3f}"
    word = "within its 95 % interval" if run.equilibrated else "NOT equilibrated: run longer"
    return (
        f"{part} ({gaps}). {drift}: {word}.\nSlow drift hides within one run: compare with "
        f"--start {'spread-xyz' if run.settings.start == 'localised' else 'localised'}."
    )
