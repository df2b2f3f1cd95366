"""Command: dynamics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.output import JsonOption, print_json, print_table

if TYPE_CHECKING:
    from pathlib import Path

    from qdstruct.analysis import Decay, GapDynamics
    from qdstruct.model import BandSeries
    from qdstruct.pipeline.dynamics import Decays

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("dynamics")
def dynamics_command(
    directory: Annotated[
        str, typer.Argument(metavar="DIR", help="A tree; or 0001, 0002, …; EIGTXT; SHPROP.*.")
    ],
    bands: Annotated[
        str | None, typer.Option("--bands", metavar="LOW,HIGH", help="The two bands of the gap.")
    ] = None,
    time_step: Annotated[float | None, typer.Option("--time-step", help="fs.")] = None,
    longest: Annotated[
        float | None, typer.Option("--longest", help="Longest lag, fs; half the trajectory.")
    ] = None,
    window: Annotated[str, typer.Option(help="hann or none.")] = "hann",
    kpoint: Annotated[int, typer.Option(help="From 1.")] = 1,
    spin: Annotated[str | None, typer.Option(help="up or down.")] = None,
    states: Annotated[
        str | None, typer.Option("--states", metavar="N,…", help="SHPROP: states to follow.")
    ] = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="DIR", help="For csv and figures.")
    ] = None,
    write_namd: Annotated[
        str | None,
        typer.Option("--write-namd", metavar="DIR", help="Write Hefei-NAMD's inputs there."),
    ] = None,
    namd_bands: Annotated[
        str | None, typer.Option("--namd-bands", metavar="BMIN,BMAX,START")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option("--temperature", help="Of Hefei-NAMD, K; TEBEG of the MD.")
    ] = None,
    hole: Annotated[
        bool, typer.Option("--hole", help="Hefei-NAMD follows a hole, not an electron.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Gap fluctuations along a trajectory, dephasing, and decays of surface hopping.

    Example: qdstruct dynamics run --time-step 1 -o dynamics
    Example: qdstruct dynamics namd --states 5
    """
    from pathlib import Path

    from qdstruct.errors import InputError
    from qdstruct.pipeline.dynamics import decays_of, gap_of, trajectory_place

    place = trajectory_place(Path(directory))
    if not place.is_dir():
        raise InputError(f"{directory}: this directory does not exist")
    target = _target(output, force=force)
    document: dict[str, Any] = {}
    has_decays = any(place.glob("SHPROP.*"))
    has_steps = any(place.glob("EIGTXT*")) or any(p.name.isdigit() for p in place.iterdir())
    if has_steps or not has_decays:
        series, pair, gap = gap_of(
            place, bands=_pair(bands), time_step=time_step, longest=longest, window=window,
            kpoint=kpoint, spin=spin, progress=None if as_json else _progress,
        )  # fmt: skip
        document["gap"] = _gap_document(series, pair, gap)
        if not as_json:
            _print_gap(series, pair, gap)
        if target is not None:
            _write_gap(target, gap)
        if write_namd is not None:
            _write_namd(
                write_namd, namd_bands, series, pair, time_step,
                temperature=temperature, hole=hole, force=force,
            )  # fmt: skip
    if has_decays:
        chosen = None if states is None else tuple(_integers(states))
        decays = decays_of(place, states=chosen)
        document["decays"] = _decay_document(decays)
        if not as_json:
            _print_decays(decays)
        if target is not None:
            _write_decays(target, decays)
    if as_json:
        print_json(document)


def _target(output: str | None, *, force: bool) -> Path | None:
    from pathlib import Path

    from qdstruct.errors import DestinationError

    if output is None:
        return None
    target = Path(output)
    if target.exists() and (not target.is_dir() or (any(target.iterdir()) and not force)):
        raise DestinationError(
            f"{output}: exists and is not empty", hint="choose another name, or add --force"
        )
    target.mkdir(parents=True, exist_ok=True)
    return target


def _integers(text: str) -> list[int]:
    from qdstruct.errors import InputError

    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise InputError(f"'{text}' is not a list of integers", hint="such as 329,330") from None


def _pair(text: str | None) -> tuple[int, int] | None:
    from qdstruct.errors import InputError

    if text is None:
        return None
    numbers = _integers(text)
    if len(numbers) != 2:
        raise InputError(f"'{text}' does not name two bands", hint="such as 329,330")
    return numbers[0], numbers[1]


def _progress(done: int, whole: int) -> None:
    if whole >= 100 and done % max(1, whole // 10) == 0:
        typer.echo(f"read {done} of {whole} steps", err=True)


def _gap_document(series: BandSeries, pair: tuple[int, int], gap: GapDynamics) -> dict[str, Any]:
    return {
        "bands": list(pair),
        "n_steps": len(series.energies),
        "time_step": float(gap.gap["time"][1]),
        "mean": gap.mean,
        "deviation": gap.deviation,
        "dephasing_time": gap.dephasing_time,
        "gaussian_dephasing": {"time": gap.gaussian.time, "uncertainty": gap.gaussian.uncertainty},
        "window": gap.density.attrs["window"],
        "peaks": [peak.to_dict() for peak in gap.peaks],
    }


def _print_gap(series: BandSeries, pair: tuple[int, int], gap: GapDynamics) -> None:
    reached = "not within the range" if gap.dephasing_time is None else f"{gap.dephasing_time:.2f}"
    print_table(
        f"Gap between bands {pair[0]} and {pair[1]}, {len(series.energies)} steps of "
        f"{float(gap.gap['time'][1]):g} fs",
        ["Quantity", "Value", "Unit"],
        [
            ("mean gap", f"{gap.mean:.4f}", "eV"),
            ("standard deviation", f"{1000 * gap.deviation:.1f}", "meV"),
            ("dephasing time, D = 1/e", reached, "fs"),
            ("Gaussian dephasing, τ", f"{gap.gaussian.time:.2f} ± {gap.gaussian.uncertainty:.2g}",
             "fs"),
        ],
    )  # fmt: skip
    print_table(
        f"Spectral density, window {gap.density.attrs['window']}, a point every "
        f"{float(gap.density['wavenumber'][1]):.1f} cm⁻¹",
        ["Wave number (cm⁻¹)", "Share"],
        [(f"{peak.wavenumber:.1f}", f"{peak.weight:.3f}") for peak in gap.peaks],
    )


def _decay_document(decays: Decays) -> dict[str, Any]:
    def fitted(decay: Decay | None) -> dict[str, Any] | None:
        return None if decay is None else decay.to_dict()

    return {
        "states": list(decays.states),
        "n_samples": len(decays.hopping.sources),
        "population": fitted(decays.population_fit),
        "energy": fitted(decays.energy_fit),
        "notes": list(decays.notes),
    }


def _print_decays(decays: Decays) -> None:
    rows = [
        (name, f"{fit.time:.1f}", f"± {fit.uncertainty:.2g}", fit.form)
        for name, fit in (("population", decays.population_fit), ("energy", decays.energy_fit))
        if fit is not None
    ]
    print_table(
        f"Decay of state{'s' if len(decays.states) > 1 else ''} "
        f"{', '.join(map(str, decays.states))}, {len(decays.hopping.sources)} trajectories",
        ["", "τ (fs)", "Error (1σ)", "Form"],
        rows,
        note="\n".join(decays.notes) or None,
    )


def _write_gap(target: Path, gap: GapDynamics) -> None:
    from qdstruct.report.assembly_figures import write_figure
    from qdstruct.report.dynamics_figure import gap_figure

    for name, array, column in (
        ("gap", gap.gap, "gap (eV)"),
        ("autocorrelation", gap.correlation, "autocorrelation (eV^2)"),
        ("spectral_density", gap.density, "spectral density (eV^2 fs)"),
        ("dephasing", gap.dephasing, "dephasing function"),
    ):
        axis = str(array.dims[0])
        unit = str(array[axis].attrs["unit"])
        heading = [f"{'wave number' if axis == 'wavenumber' else axis} ({unit})", column]
        _csv(target / f"{name}.csv", heading, [array[axis].to_numpy(), array.to_numpy()])
    figure = gap_figure(
        gap.gap, gap.correlation, gap.density, gap.dephasing, gaussian=gap.gaussian.time
    )
    write_figure(figure, target / "gap.png", force=True)
    typer.echo(f"wrote csv files and gap.png to {target}", err=True)


def _write_decays(target: Path, decays: Decays) -> None:
    from qdstruct.report.assembly_figures import write_figure
    from qdstruct.report.dynamics_figure import decay_figure

    time = decays.hopping.time
    curves, labels = [], []
    for fit in (decays.population_fit, decays.energy_fit):
        curves.append(None if fit is None else fit.curve(time))
        labels.append("" if fit is None else f"τ = {fit.time:.0f} ± {fit.uncertainty:.0f} fs")
    _csv(
        target / "decays.csv",
        ["time (fs)", "population", "energy (eV)"],
        [time, decays.population, decays.energy],
    )
    figure = decay_figure(
        time, decays.population, decays.energy, population_curve=curves[0],
        energy_curve=curves[1], labels=(labels[0], labels[1]),
    )  # fmt: skip
    write_figure(figure, target / "decays.png", force=True)
    typer.echo(f"wrote decays.csv and decays.png to {target}", err=True)


def _csv(path: Path, heading: list[str], columns: list[Any]) -> None:
    from qdstruct.files import write_atomically

    rows = [",".join(f"{value:.8g}" for value in row) for row in zip(*columns, strict=True)]
    write_atomically(path, "\n".join([",".join(heading), *rows]) + "\n")


def _write_namd(
    name: str,
    window: str | None,
    series: BandSeries,
    pair: tuple[int, int],
    time_step: float | None,
    *,
    temperature: float | None,
    hole: bool,
    force: bool,
) -> None:
    from pathlib import Path

    from qdstruct.errors import InputError
    from qdstruct.outputs import write_namd_inputs
    from qdstruct.pipeline.dynamics import namd_inputs_of

    numbers = (
        [pair[0], pair[1], pair[0] if hole else pair[1]] if window is None else _integers(window)
    )
    if len(numbers) != 3:
        raise InputError(f"'{window}' is not BMIN,BMAX,START", hint="such as 325,335,329")
    inputs = namd_inputs_of(
        series, lowest=numbers[0], highest=numbers[1], start_band=numbers[2], time_step=time_step,
        temperature=temperature, hole=hole,
    )  # fmt: skip
    Path(name).mkdir(parents=True, exist_ok=True)
    write_namd_inputs(Path(name), inputs, force=force)
    typer.echo(
        f"wrote inp, EIGTXT, INICON and DEPHTIME to {name}; Hefei-NAMD makes the couplings from "
        "the WAVECARs in RUNDIR",
        err=True,
    )
