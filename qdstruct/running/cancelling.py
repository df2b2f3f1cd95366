"""Stopping a tree that runs: its driver, its jobs and their engines, so that a run can go on."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

from qdstruct.errors import RunError
from qdstruct.model import JobTree
from qdstruct.running.locks import JOB_LOCK, TREE_LOCK, holder, is_held
from qdstruct.running.slurm import cancel_batch_job

__all__ = ["cancel"]

_PATIENCE_SECONDS = 60.0


def cancel(root: Path, tree: JobTree) -> tuple[str, ...]:
    """Stop whatever runs in a tree, in good order; the next run continues from there.

    The driver is asked to end and stops the jobs that it started. Jobs that a killed driver left
    behind, batch jobs among them, are stopped one by one. Nothing is deleted.

    Parameters
    ----------
    root : Path
        Directory of the tree.
    tree : JobTree
        Its jobs.

    Returns
    -------
    tuple of str
        Jobs that were running and run no more.

    Raises
    ------
    RunError
        When something runs on another machine, or does not end within a minute.
    """
    running = _running(root, tree)
    _interrupt(root / TREE_LOCK, "the run")
    _await(lambda: not is_held(root / TREE_LOCK), f"the run of {root}")
    for job in tree.jobs:
        cancel_batch_job(root / job.name)
    for name in _running(root, tree):
        _interrupt(root / name / JOB_LOCK, name)
    _await(lambda: not _running(root, tree), f"the jobs of {root}")
    return running


def _running(root: Path, tree: JobTree) -> tuple[str, ...]:
    return tuple(job.name for job in tree.jobs if is_held(root / job.name / JOB_LOCK))


def _interrupt(lock: Path, what: str) -> None:
    if not is_held(lock):
        return
    pid, host = holder(lock)
    if host != socket.gethostname():
        raise RunError(f"{what}: process {pid} runs on {host}", hint=f"cancel it on {host}")
    if pid > 1:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def _await(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise RunError(f"{what} did not end within {_PATIENCE_SECONDS:.0f} s")
        time.sleep(0.05)
