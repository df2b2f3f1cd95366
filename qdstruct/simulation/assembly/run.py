"""Running all seeds of an assembly side by side, with checkpoints, and averaging over them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.files import write_atomically
from qdstruct.model.assembly import AssemblyRun, AssemblySeries, AssemblySettings, Mean
from qdstruct.simulation.assembly.walker import Walker

__all__ = ["simulate_assembly", "summarise"]

N_BLOCKS = 5
CHECKPOINT_EVERY = 20.0
"""Seconds."""

Progress = Callable[[int, int, float], None]


def simulate_assembly(
    settings: AssemblySettings,
    *,
    jobs: int = 1,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> AssemblyRun:
    """Simulate hard cubes with vacancies at constant volume, several seeds.

    Parameters
    ----------
    settings : AssemblySettings
        From `assembly_settings`.
    jobs : int
        Seeds that run at the same time, in threads. Results do not depend on it.
    checkpoint : Path, optional
        File to continue from if it exists; written every 20 s and when interrupted, removed at
        the end. The outcome is the same as without the interruption, bit for bit.
    progress : callable, optional
        Called with sweeps made and wanted, over all seeds, and the mean opening so far.

    Returns
    -------
    AssemblyRun
        Series of every seed, and means with standard errors over the seeds.

    Raises
    ------
    InputError
        If the checkpoint belongs to other settings, or cannot be read.
    """
    walkers = _begin(settings, checkpoint)
    saved = time.monotonic()
    try:
        with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
            while not all(walker.done for walker in walkers):
                list(pool.map(Walker.advance, [w for w in walkers if not w.done]))
                if progress is not None:
                    progress(*_progress_of(walkers))
                if checkpoint is not None and time.monotonic() - saved > CHECKPOINT_EVERY:
                    _save(settings, walkers, checkpoint)
                    saved = time.monotonic()
    except KeyboardInterrupt:
        if checkpoint is not None:  # the pool has waited: every walker is between two samples
            _save(settings, walkers, checkpoint)
        raise
    run = summarise(settings, tuple(walker.series() for walker in walkers))
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return run


def _progress_of(walkers: list[Walker]) -> tuple[int, int, float]:
    openings = [np.mean(np.min(w.samples[-1].gaps, axis=1)) for w in walkers if w.samples[-1].gaps]
    made = sum(walker.sweep for walker in walkers)
    wanted = sum(walker.settings.sweeps for walker in walkers)
    return made, wanted, float(np.mean(openings)) if openings else float("nan")


def _save(settings: AssemblySettings, walkers: list[Walker], path: Path) -> None:
    document = {"settings": settings.to_dict(), "walkers": [w.to_dict() for w in walkers]}
    write_atomically(path, json.dumps(document))


def _begin(settings: AssemblySettings, checkpoint: Path | None) -> list[Walker]:
    if checkpoint is None or not checkpoint.exists():
        return [Walker.start(settings, seed) for seed in settings.seeds]
    document = _read_checkpoint(checkpoint)
    if document["settings"] != settings.to_dict():
        theirs = document["settings"]
        changed = [key for key, value in settings.to_dict().items() if theirs.get(key) != value]
        raise InputError(
            f"{checkpoint}: belongs to a run with other settings ({', '.join(changed)})",
            hint="give the settings of that run to continue it, or remove the file to start anew",
        )
    return [Walker.from_dict(settings, data) for data in document["walkers"]]


def _read_checkpoint(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        assert isinstance(document, dict)
        assert {"settings", "walkers"} <= set(document)
    except (OSError, ValueError, AssertionError) as error:
        raise InputError(
            f"{path}: is not a checkpoint of an assembly run",
            hint="remove it to start anew, or name another output file",
        ) from error
    return document


def summarise(settings: AssemblySettings, series: tuple[AssemblySeries, ...]) -> AssemblyRun:
    """Average over seeds and tell whether the second half still differs from the first.

    Parameters
    ----------
    settings : AssemblySettings
        What was simulated.
    series : tuple of AssemblySeries
        One per seed.

    Returns
    -------
    AssemblyRun
        Means over the samples after the warm-up; errors are standard errors over seeds, which are
        independent, so that correlation within a run does not enter.
    """
    from scipy.stats import t

    kept = series[0].sweep > settings.warm_up
    openings = np.array([s.opening[kept] for s in series])
    n_blocks = min(N_BLOCKS, openings.shape[1])
    blocks = np.array([[b.mean() for b in np.array_split(row, n_blocks)] for row in openings])
    half = openings.shape[1] // 2
    later = openings[:, half:].mean(axis=1)
    drift = mean_over_seeds(later - openings[:, :half].mean(axis=1) if half else 0.0 * later)
    steady = None
    if drift.error is not None and half:
        steady = bool(abs(drift.value) <= t.ppf(0.975, len(series) - 1) * drift.error)
    return AssemblyRun(
        settings=settings,
        series=series,
        energy=mean_over_seeds(np.array([s.energy[kept].mean() for s in series])),
        opening=mean_over_seeds(openings.mean(axis=1)),
        localised=mean_over_seeds(np.array([s.localised[kept].mean() for s in series])),
        alignment=mean_over_seeds(np.array([s.alignment[kept].mean() for s in series])),
        blocks=blocks,
        drift=drift,
        equilibrated=None if not settings.vacancies else steady,
    )


def mean_over_seeds(values: NDArray[np.float64]) -> Mean:
    """Return mean and standard error of one value per seed."""
    error = None if len(values) < 2 else float(np.std(values, ddof=1) / np.sqrt(len(values)))
    return Mean(value=float(np.mean(values)), error=error)
