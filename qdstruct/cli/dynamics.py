"""Command: dynamics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.output import JsonOption, print_json

if TYPE_CHECKING:
    from pathlib import Path

    from qdstruct.model import BandSeries

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
    window: Annotated[
        str, typer.Option(help="Put on the autocorrelation before its transform: hann or none.")
    ] = "hann",
    padding: Annotated[
        int,
        typer.Option(
            help="Zeros behind the autocorrelation, to so many times its length: "
            "smoother lines, not narrower ones."
        ),
    ] = 1,
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
        str | None,
        typer.Option(
            "--namd-bands",
            metavar="BMIN,BMAX,START",
            help="Lowest and highest band of Hefei-NAMD, and the one in which the carrier starts "
            "[the two bands of the gap].",
        ),
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

    from qdstruct.cli.dynamics_output import (
        decay_document,
        gap_document,
        print_decays,
        print_gap,
        write_decays,
        write_gap,
    )
    from qdstruct.pipeline.dynamics import decays_of, gap_of
    from qdstruct.pipeline.trajectories import check_gap_options, trajectory_place

    pair_wanted = _pair(bands)
    chosen = None if states is None else tuple(_integers(states))
    check_gap_options(
        bands=pair_wanted, time_step=time_step, longest=longest, window=window, padding=padding,
        kpoint=kpoint, spin=spin,
    )  # fmt: skip
    namd = _namd_target(write_namd, namd_bands, temperature, hole=hole, force=force)
    place = trajectory_place(Path(directory))
    target = _target(output, force=force)
    document: dict[str, Any] = {}
    has_decays = any(place.glob("SHPROP.*"))
    has_steps = any(place.glob("EIGTXT*")) or any(p.name.isdigit() for p in place.iterdir())
    if has_steps or not has_decays:
        series, pair, gap = gap_of(
            place, bands=pair_wanted, time_step=time_step, longest=longest, window=window,
            padding=padding, kpoint=kpoint, spin=spin, progress=None if as_json else _progress,
        )  # fmt: skip
        document["gap"] = gap_document(series, pair, gap)
        if not as_json:
            print_gap(series, pair, gap)
        if target is not None:
            write_gap(target, series, gap)
        if namd is not None:
            _write_namd(
                namd, _numbers(namd_bands), series, pair, time_step,
                temperature=temperature, hole=hole, force=force,
            )  # fmt: skip
    if has_decays:
        decays = decays_of(place, states=chosen)
        document["decays"] = decay_document(decays)
        if not as_json:
            print_decays(decays)
        if target is not None:
            write_decays(target, decays)
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


def _numbers(text: str | None) -> list[int] | None:
    from qdstruct.errors import InputError

    if text is None:
        return None
    numbers = _integers(text)
    if len(numbers) != 3:
        raise InputError(f"'{text}' is not BMIN,BMAX,START", hint="such as 325,335,329")
    low, high, start = numbers
    if not 1 <= low < high or not low <= start <= high:
        raise InputError(
            f"--namd-bands {text}: BMIN must lie below BMAX and START between them",
            hint="such as 325,335,329",
        )
    return numbers


def _namd_target(
    name: str | None, bands: str | None, temperature: float | None, *, hole: bool, force: bool
) -> Path | None:
    """Return where Hefei-NAMD's inputs go; refuse what no trajectory could make good."""
    from pathlib import Path

    from qdstruct.errors import DestinationError, InputError

    _numbers(bands)
    if temperature is not None and not 0 < temperature < float("inf"):
        raise InputError(f"a temperature of {temperature:g} K is impossible")
    if name is None:
        for option, given in (("--namd-bands", bands), ("--temperature", temperature),
                              ("--hole", hole or None)):  # fmt: skip
            if given is not None:
                raise InputError(f"{option} is for Hefei-NAMD", hint="add --write-namd DIR")
        return None
    target = Path(name)
    if target.exists() and not target.is_dir():
        raise DestinationError(f"{name}: this is a file", hint="name a directory")
    taken = [each for each in ("inp", "EIGTXT", "INICON", "DEPHTIME") if (target / each).exists()]
    if taken and not force:
        raise DestinationError(
            f"{target / taken[0]}: this file exists already",
            hint="choose another name, or overwrite it with --force",
        )
    return target


def _progress(done: int, whole: int) -> None:
    if whole >= 100 and done % max(1, whole // 10) == 0:
        typer.echo(f"read {done} of {whole} steps", err=True)


def _write_namd(
    target: Path,
    given: list[int] | None,
    series: BandSeries,
    pair: tuple[int, int],
    time_step: float | None,
    *,
    temperature: float | None,
    hole: bool,
    force: bool,
) -> None:
    from qdstruct.outputs import write_namd_inputs
    from qdstruct.pipeline.dynamics import namd_inputs_of

    numbers = given or [pair[0], pair[1], pair[0] if hole else pair[1]]
    inputs = namd_inputs_of(
        series, lowest=numbers[0], highest=numbers[1], start_band=numbers[2], time_step=time_step,
        temperature=temperature, hole=hole,
    )  # fmt: skip
    target.mkdir(parents=True, exist_ok=True)
    write_namd_inputs(target, inputs, force=force)
    typer.echo(
        f"wrote inp, EIGTXT, INICON and DEPHTIME to {target}; Hefei-NAMD makes the couplings from "
        "the WAVECARs in RUNDIR",
        err=True,
    )
