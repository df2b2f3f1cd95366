"""One job in its directory, from its inputs to a record of what happened."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from qdstruct.errors import QdstructError, RunError
from qdstruct.model import FinishedCalculation, Job, RunRecord
from qdstruct.running.alone import run_alone
from qdstruct.running.corrections import read_corrections
from qdstruct.running.engine import Engine
from qdstruct.running.locks import JOB_LOCK, hold_lock
from qdstruct.running.records import (
    WALLTIME,
    archived_attempts,
    now,
    read_job,
    read_record,
    write_record,
)
from qdstruct.running.restart import (
    await_orphan,
    keep_foreign,
    keep_originals,
    restart_from_contcar,
    set_aside,
)
from qdstruct.running.walltime import WalltimeReachedError, remaining_walltime

__all__ = ["Problems", "ReadSummary", "Stage", "run_job"]

Stage = Callable[[Path, Job], None]
"""Makes a job's geometry-dependent inputs: (tree root, job)."""
Problems = Callable[[Path, Job], list[str]]
"""Says what is missing in a finished job directory: (directory, job) → problems, none if whole."""
ReadSummary = Callable[[Path], FinishedCalculation | None]
"""Reads energy and convergence of a finished job directory."""

_log = logging.getLogger(__name__)


def run_job(
    root: Path,
    name: str,
    *,
    engine: Engine,
    stage: Stage,
    problems: Problems,
    read_summary: ReadSummary,
) -> RunRecord:
    """Run one job of a tree to its end; return at once when it has ended before.

    The job's lock is held meanwhile, so that a job runs once however many processes ask for it. A
    job that was interrupted is started again: a relaxation from its last whole CONTCAR, with the
    files of the interrupted attempt kept in ``attempt-N``. When the engine outlived its job's
    process it is awaited, and a whole result counts.

    Parameters
    ----------
    root : Path
        Directory of the tree.
    name : str
        Job name, the path of its directory below `root`.
    engine : Engine
        What calculates.
    stage, problems, read_summary : callable
        See `Stage`, `Problems` and `ReadSummary`.

    Returns
    -------
    RunRecord
        State ``done`` or ``failed``; the same stands in ``run.json``. State ``running`` only when
        the walltime of a batch job ran out: the next call goes on from there.

    Raises
    ------
    LockHeldError
        When another process runs this job.
    RunError
        When a parent is not done, or the job cannot be started here at all.
    OutputError
        When ``job.json`` or ``run.json`` cannot be read.
    DestinationError
        When the directory cannot be written (full disk, no permission).
    """
    job = read_job(root, name)
    directory = root / name
    with hold_lock(directory / JOB_LOCK, doing=f"running {name}"), _terminable():
        before = read_record(directory)
        if before is not None and before.state != "running":
            return before
        await_orphan(directory, patience=engine.patience_seconds)
        if before is not None and not _problems_of(problems, directory, job):
            _log.info("%s: the interrupted attempt left whole results", name)
            return _finish(directory, job, before, None, problems, read_summary)
        _require_parents(root, job, engine)
        _require_potcar(directory, engine)
        return _attempt(root, job, engine, before, stage, problems, read_summary)


def _attempt(
    root: Path,
    job: Job,
    engine: Engine,
    before: RunRecord | None,
    stage: Stage,
    problems: Problems,
    read_summary: ReadSummary,
) -> RunRecord:
    directory = root / job.name
    if before is None:
        keep_foreign(directory)
    else:
        set_aside(directory, before.attempts, keep_orbitals=before.error == WALLTIME)
    record = RunRecord(
        state="running",
        engine=engine.name,
        attempts=archived_attempts(directory) + 1,
        host=socket.gethostname(),
        pid=os.getpid(),
        started=now(),
    )
    write_record(directory, record)
    error = None
    try:
        stage(root, job)
        keep_originals(directory)
        if restart_from_contcar(directory, job):
            _log.info("%s: continues from the CONTCAR of attempt %d", job.name, record.attempts - 1)
        if _run_engine(directory, engine) and _problems_of(problems, directory, job):
            return _cut_short(directory, record)
    except QdstructError as raised:
        error = str(raised)
    except Exception as raised:
        _log.exception("%s: unexpected error", job.name)
        error = f"{type(raised).__name__}: {raised}"
    return _finish(directory, job, record, error, problems, read_summary)


def _cut_short(directory: Path, record: RunRecord) -> RunRecord:
    """Leave the job interrupted, so that it goes on in the next batch job."""
    cut = dataclasses.replace(
        record, error=WALLTIME, finished=now(), corrections=read_corrections(directory)
    )
    write_record(directory, cut)
    return cut


def _run_engine(directory: Path, engine: Engine) -> bool:
    """Run the engine to its end; True when the walltime cut it short."""
    try:
        if engine.under_custodian:
            from qdstruct.running.custodian_run import run_under_custodian

            run_under_custodian(directory, engine, walltime=remaining_walltime())
        else:
            run_alone(directory, engine, walltime=remaining_walltime())
    except WalltimeReachedError:
        return True
    return False


def _finish(
    directory: Path,
    job: Job,
    record: RunRecord,
    error: str | None,
    problems: Problems,
    read_summary: ReadSummary,
) -> RunRecord:
    """Decide done or failed, and write it down."""
    if error is None:
        found = _problems_of(problems, directory, job)
        error = "; ".join(found) or None
    summary: dict[str, Any] = {}
    with contextlib.suppress(Exception):  # a failed job's outputs may be unreadable: no summary
        finished = read_summary(directory)
        if finished is not None:
            summary = {
                "energy": finished.energy,
                "converged": finished.converged,
                "n_ionic_steps": finished.n_ionic_steps,
                "max_force": finished.max_force,
            }
    ended = dataclasses.replace(
        record,
        state="done" if error is None else "failed",
        finished=now(),
        corrections=read_corrections(directory),
        error=error,
        **summary,
    )
    write_record(directory, ended)
    return ended


def _problems_of(problems: Problems, directory: Path, job: Job) -> list[str]:
    try:
        return list(problems(directory, job))
    except QdstructError as error:
        return [str(error)]
    except Exception as error:
        _log.exception("%s: the outputs cannot be checked", job.name)
        return [f"the outputs cannot be checked: {type(error).__name__}: {error}"]


def _require_parents(root: Path, job: Job, engine: Engine) -> None:
    for parent in job.parents:
        record = read_record(root / parent)
        if record is None or record.state != "done":
            raise RunError(
                f"{job.name} cannot start: {parent} is not done",
                hint=f"run {parent} first; `qdstruct run` keeps the order by itself",
            )
        if record.engine != engine.name:
            raise RunError(
                f"{job.name} cannot start with {engine.name}: {parent} was calculated with "
                f"{record.engine}",
                hint="numbers of two engines do not belong together; prepare a tree for each",
            )


def _require_potcar(directory: Path, engine: Engine) -> None:
    if engine.needs_potcar and not (directory / "POTCAR").is_file():
        raise RunError(
            f"{directory / 'POTCAR'}: missing; VASP cannot run without it",
            hint="POTCAR.spec beside it names the potentials, and README.txt in the tree says "
            "how to make POTCAR from your licensed files",
        )


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM unwind the stack, so that the engine is stopped with its job."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def unwind(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)  # a second one must not cut the unwinding short
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, unwind)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
