"""Gap fluctuations and decays of a directory, and the way on to Hefei-NAMD."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qdstruct import outputs
from qdstruct.analysis import (
    Decay,
    GapDynamics,
    bootstrap_decay,
    dephasing_matrix,
    gap_dynamics,
)
from qdstruct.errors import InputError, OutputError
from qdstruct.model import BandSeries, NamdInputs, SurfaceHopping
from qdstruct.pipeline.trajectories import check_gap_options, trajectory_place

__all__ = [
    "Decays",
    "decays_of",
    "gap_of",
    "made_by_mock",
    "namd_inputs_of",
]


@dataclass(frozen=True, kw_only=True, eq=False)
class Decays:
    """Population and energy of the carrier, averaged over the samples, with their fits."""

    hopping: SurfaceHopping
    """What was read."""
    population: NDArray[np.float64]
    """(T,) mean population of the states that the carriers start in."""
    energy: NDArray[np.float64]
    """(T,) mean energy, eV."""
    states: tuple[int, ...]
    """Those states, as columns from 1."""
    population_fit: Decay | None
    """P(t) = exp(−t/τ); None where it does not decay."""
    energy_fit: Decay | None
    """E(t) = E₀ exp(−t/τ) + E∞; None where it does not decay."""
    notes: tuple[str, ...]
    """Why a fit is missing."""


def gap_of(
    directory: Path,
    *,
    bands: tuple[int, int] | None = None,
    time_step: float | None = None,
    longest: float | None = None,
    window: str = "hann",
    padding: int = 1,
    kpoint: int = 1,
    spin: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[BandSeries, tuple[int, int], GapDynamics]:
    """Read a trajectory and analyse the gap between two of its bands.

    Parameters
    ----------
    directory : Path
        As `qdstruct.outputs.read_band_series`, or a job tree with the part ``dynamics``.
    bands : (int, int), optional
        Lower and upper band as VASP numbers them; valence and conduction edge by default, where the
        files state occupations.
    time_step : float, optional
        fs; from ``inp`` or the MD's INCAR by default.
    longest, window, padding
        As `qdstruct.analysis.gap_dynamics`.
    kpoint, spin, progress
        As `qdstruct.outputs.read_band_series`.

    Returns
    -------
    series, bands, gap
        What was read, the bands used, the result.

    Raises
    ------
    InputError
        If bands or time step cannot be told from the files, or a band is not there.
    OutputError
        If a step is missing or damaged.
    """
    check_gap_options(
        bands=bands, time_step=time_step, longest=longest, window=window, padding=padding,
        kpoint=kpoint, spin=spin,
    )  # fmt: skip
    series = outputs.read_band_series(
        trajectory_place(directory), kpoint=kpoint, spin=spin, progress=progress
    )
    chosen = _bands(series, bands)
    step = _step(series, time_step)
    low, high = (band - series.first_band for band in chosen)
    gap = series.energies[:, high] - series.energies[:, low]
    return series, chosen, gap_dynamics(gap, step, longest=longest, window=window, padding=padding)


def namd_inputs_of(
    series: BandSeries,
    *,
    lowest: int,
    highest: int,
    start_band: int,
    time_step: float | None = None,
    samples: int = 100,
    length: int | None = None,
    temperature: float | None = None,
    run_directory: str = "../run/",
    n_bands: int | None = None,
    hole: bool = False,
    seed: int = 0,
) -> NamdInputs:
    """Prepare the inputs of Hefei-NAMD for a window of bands.

    Couplings are left to Hefei-NAMD, which makes them from the WAVECARs.

    Parameters
    ----------
    series : BandSeries
        Energies of every step.
    lowest, highest : int
        BMIN and BMAX.
    start_band : int
        Band in which every carrier starts.
    time_step : float, optional
        fs; that of `series` by default.
    samples : int
        Initial steps, drawn without repetition where there are enough.
    length : int, optional
        NAMDTIME in steps; half the trajectory by default.
    temperature : float, optional
        Kelvin; that of `series` by default.
    run_directory : str
        RUNDIR, where the numbered directories with WAVECARs lie.
    n_bands : int, optional
        NBANDS of the WAVECARs; the bands of `series` by default.
    hole : bool
        LHOLE: a hole hops, not an electron.
    seed : int
        Of the choice of initial steps.

    Raises
    ------
    InputError
        If the window, the start or the length does not fit the trajectory, an electron would start
        in an occupied band, or no temperature is known.
    """
    steps, count = series.energies.shape
    last = series.first_band + count - 1
    if not series.first_band <= lowest < highest <= last:
        raise InputError(
            f"bands {lowest}…{highest} are not all there", hint=f"read {series.first_band}…{last}"
        )
    if not lowest <= start_band <= highest:
        raise InputError(f"the start band {start_band} lies outside {lowest}…{highest}")
    if not hole and series.n_occupied is not None and start_band <= series.n_occupied:
        raise InputError(
            f"an electron cannot start in band {start_band}: bands up to {series.n_occupied} are "
            "occupied",
            hint=f"start in {series.n_occupied + 1} or above, or follow a hole: --hole",
        )
    span = steps // 2 if length is None else length
    if not 1 < span < steps:
        raise InputError(f"{span} steps of dynamics do not fit a trajectory of {steps}")
    step = _step(series, time_step)
    window = series.energies[:, lowest - series.first_band : highest - series.first_band + 1]
    generator = np.random.default_rng(seed)
    possible = np.arange(1, steps - span + 1)
    first = generator.choice(possible, size=samples, replace=samples > len(possible))
    return NamdInputs(
        tags={
            "BMIN": lowest, "BMAX": highest, "NBANDS": n_bands or last, "NSW": steps,
            "POTIM": step, "TEMP": _warmth(series, temperature),
            "NSAMPLE": samples, "NAMDTIME": span, "NELM": 1000, "NTRAJ": 20000, "LHOLE": hole,
            "LCPEXT": False, "RUNDIR": run_directory,
        },
        energies=window,
        couplings=None,
        initial=np.column_stack([np.sort(first), np.full(samples, start_band)]),
        dephasing=dephasing_matrix(window, step),
    )  # fmt: skip


def decays_of(directory: Path, *, states: tuple[int, ...] | None = None) -> Decays:
    """Read SHPROP.* of a finished Hefei-NAMD run and fit population and energy.

    Parameters
    ----------
    directory : Path
        With SHPROP.*.
    states : tuple of int, optional
        Columns (from 1) whose population is followed; the one that is most populated at the start
        by default.

    Raises
    ------
    OutputError
        If files are missing or damaged.
    InputError
        If a state is not there.
    """
    hopping = outputs.read_surface_hopping(directory)
    count = hopping.populations.shape[2]
    first = (int(hopping.populations[:, 0].mean(axis=0).argmax()) + 1,)
    chosen = first if states is None else states
    if any(not 1 <= state <= count for state in chosen):
        raise InputError(f"there are {count} states, not {max(chosen)}")
    population = hopping.populations[:, :, [state - 1 for state in chosen]].sum(axis=2)
    notes: list[str] = []
    return Decays(
        hopping=hopping,
        population=population.mean(axis=0),
        energy=hopping.energies.mean(axis=0),
        states=chosen,
        population_fit=_fit(hopping.time, population, "population", notes),
        energy_fit=_fit(hopping.time, hopping.energies, "energy", notes),
        notes=tuple(notes),
    )


def made_by_mock(series: BandSeries) -> bool:
    """Whether the mock made the bands of the first step."""
    place = Path(series.sources[0])
    return outputs.directory_is_mock(place if place.is_dir() else place.parent)


def _fit(
    time: NDArray[np.float64], samples: NDArray[np.float64], kind: str, notes: list[str]
) -> Decay | None:
    try:
        return bootstrap_decay(time, samples, kind=kind)
    except InputError as error:
        notes.append(f"{kind}: {error.message}")
        return None


def _bands(series: BandSeries, bands: tuple[int, int] | None) -> tuple[int, int]:
    last = series.first_band + series.energies.shape[1] - 1
    if bands is None:
        if series.n_occupied is None or not 0 < series.n_occupied < series.energies.shape[1]:
            raise InputError(
                "the files do not tell which bands are occupied in every step",
                hint=f"name the two bands, numbers {series.first_band}…{last}: --bands 329,330",
            )
        bands = (series.n_occupied, series.n_occupied + 1)
    if not all(series.first_band <= band <= last for band in bands) or bands[0] == bands[1]:
        raise InputError(
            f"bands {bands[0]} and {bands[1]} are not two of {series.first_band}…{last}"
        )
    return bands


def _warmth(series: BandSeries, given: float | None) -> float:
    temperature = series.temperature if given is None else given
    if temperature is None:
        raise InputError(
            "the files do not state the temperature of the dynamics",
            hint="give it in kelvin: --temperature 300",
        )
    if not temperature > 0:
        raise InputError(f"a temperature of {temperature:g} K is impossible")
    return temperature


def _step(series: BandSeries, given: float | None) -> float:
    step = series.time_step if given is None else given
    if step is None:
        raise InputError(
            "the files do not state the time between steps", hint="give it in fs: --time-step 1"
        )
    if not step > 0:
        raise InputError(f"a time step of {step:g} fs is impossible")
    if series.energies.shape[0] < 10:
        raise OutputError(f"{series.sources[0]}: {series.energies.shape[0]} steps are too few")
    return step
