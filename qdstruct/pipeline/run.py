"""Running a prepared tree: every job in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from qdstruct import running
from qdstruct.model import JobStatus
from qdstruct.pipeline.prepare import load_tree

__all__ = ["run", "status"]


def run(
    root: Path,
    *,
    engine: str = "vasp",
    command: str | None = None,
    n_workers: int = 1,
    executor: Executor | None = None,
    on_change: Callable[[tuple[JobStatus, ...]], None] | None = None,
) -> tuple[JobStatus, ...]:
    """Run every job of a tree that is not done, in dependency order, and return their states.

    Parameters
    ----------
    root : Path
        A prepared directory.
    engine : {"vasp", "mock"}
        Which program calculates.
    command : str, optional
        How the program is started, as typed in a shell (``mpirun -n 4 vasp_std``); None takes
        the environment's or the mock's own.
    n_workers : int
        Jobs at a time, without an executor.
    executor : Executor, optional
        Any `concurrent.futures` executor; each job becomes one call.
    on_change : callable, optional
        Called with every job's state when one changes.

    Raises
    ------
    InputError
        If `root` is no job tree or the engine cannot be started.
    RunError
        If another run holds the tree.
    """
    tree = load_tree(root)
    running.find_engine(engine, command=command)
    arguments = ["--command", command] if command else []

    def job_command(name: str) -> list[str]:
        start = [sys.executable, "-m", "qdstruct.pipeline.job"]
        return [*start, str(root.resolve()), name, "--engine", engine, *arguments]

    return running.run_tree(
        root,
        tree,
        job_command=job_command,
        executor=executor,
        n_workers=n_workers,
        on_change=on_change,
    )


def status(root: Path) -> tuple[JobStatus, ...]:
    """Return the state of every job of a tree, derived from its files."""
    return running.tree_status(root, load_tree(root))
