"""Running a prepared tree: every job in a process of its own."""

from __future__ import annotations

import contextlib
import runpy
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from pathlib import Path

from qdstruct import running
from qdstruct.errors import InputError
from qdstruct.files import read_text
from qdstruct.model import JobStatus, JobTree
from qdstruct.pipeline.prepare import load_tree

__all__ = ["cancel", "load_executor", "methods", "require_potcars", "retry", "run", "status"]


def run(
    root: Path,
    *,
    engine: str = "vasp",
    command: str | None = None,
    n_workers: int = 1,
    executor: Executor | None = None,
    commands: Callable[[str], str | None] | None = None,
    on_change: Callable[[tuple[JobStatus, ...]], None] | None = None,
) -> tuple[JobStatus, ...]:
    """Run every job of a tree that is not done, in dependency order, and return their states.

    Parameters
    ----------
    root : Path
        A prepared directory.
    engine : {"vasp", "gpaw", "xtb", "chgnet", "mock"}
        Which program calculates.
    command : str, optional
        How VASP is started, as typed in a shell (``mpirun -n 4 vasp_std``), or the Python that
        has GPAW or CHGNet; None takes the environment's.
    n_workers : int
        Jobs at a time, without an executor.
    executor : Executor, optional
        Any `concurrent.futures` executor; each job becomes one call.
    commands : callable, optional
        Name of a job → how the program is started for it; None takes `command`.
    on_change : callable, optional
        Called with every job's state when one changes.

    Raises
    ------
    InputError
        If `root` is no job tree, the engine cannot be started, it needs a POTCAR that is
        missing, or another engine has calculated in this tree.
    RunError
        If another run holds the tree.
    """
    tree = load_tree(root)
    needs_potcar = running.find_engine(engine, command=command).needs_potcar
    _refuse_other_engine(root, tree, engine)
    if needs_potcar:
        require_potcars(root, tree)

    def job_command(name: str) -> list[str]:
        own = (commands(name) if commands else None) or command
        arguments = ["--command", own] if own else []
        start = [sys.executable, "-m", "qdstruct.pipeline.job"]
        return [*start, str(root.resolve()), name, "--engine", engine, *arguments]

    with _executor(executor, engine, n_workers) as pool:
        return running.run_tree(
            root,
            tree,
            job_command=job_command,
            executor=pool,
            n_workers=n_workers,
            on_change=on_change,
        )


def _refuse_other_engine(root: Path, tree: JobTree, engine: str) -> None:
    """Refuse a tree that another engine has begun: its numbers must not be mixed with ours."""
    others = {name: other for name, other in running.tree_engines(root, tree).items()
              if other != engine}  # fmt: skip
    if others:
        name, other = next(iter(others.items()))
        raise InputError(
            f"{root / name}: calculated with {other}, as {len(others)} of {len(tree.jobs)} jobs "
            f"are; numbers of {other} and {engine} do not belong together",
            hint=f"go on with --engine {other}; or prepare another directory for {engine}; or "
            f"throw the results of {other} away with: qdstruct retry {root} {' '.join(others)}",
        )


def require_potcars(root: Path, tree: JobTree) -> None:
    """Refuse to start a tree in which jobs that are still to run have no POTCAR.

    Raises
    ------
    InputError
        Naming the first job that lacks one.
    """
    ended = ("done", "lost")
    done = {each.name for each in running.tree_status(root, tree) if each.state in ended}
    lacking = [
        job.name
        for job in tree.jobs
        if job.name not in done and not (root / job.name / "POTCAR").is_file()
    ]
    if lacking:
        raise InputError(
            f"{root / lacking[0] / 'POTCAR'}: missing, as in {len(lacking)} of {len(tree.jobs)} "
            "jobs; VASP cannot run without it",
            hint=f"POTCAR.spec beside it names the potentials, {root / 'README.txt'} says how to "
            "make POTCAR; --engine mock tries the chain without",
        )


def _executor(
    given: Executor | None, engine: str, n_workers: int
) -> AbstractContextManager[Executor | None]:
    """Return the user's executor, left open, or one of our own for the length of the run."""
    if given is None and engine == "mock":
        # The mock's jobs are shorter than loading custodian, so it is loaded once for all of them.
        return running.PreloadedExecutor(n_workers)
    return contextlib.nullcontext(given)


def status(root: Path) -> tuple[JobStatus, ...]:
    """Return the state of every job of a tree, derived from its files."""
    return running.tree_status(root, load_tree(root))


def methods(root: Path) -> tuple[str, ...]:
    """Return what calculated the jobs of a tree, where that is not VASP or the mock."""
    return running.tree_methods(root, load_tree(root))


def retry(root: Path, names: Sequence[str] | None = None) -> tuple[str, ...]:
    """Clear jobs and what used their results, for the next run to start again; return the names."""
    return running.retry(root, load_tree(root), names)


def cancel(root: Path) -> tuple[str, ...]:
    """Stop whatever runs in a tree, in good order; return the names of the jobs stopped."""
    return running.cancel(root, load_tree(root))


def load_executor(path: Path) -> Executor:
    """Return what the function ``executor()`` of a user's Python file returns.

    Raises
    ------
    InputError
        If the file cannot be run, has no such function, or it returns something else.
    """
    hint = "give a Python file with def executor(): return …"
    read_text(path, "a Python file", hint=hint)
    try:
        make = runpy.run_path(str(path)).get("executor")
    except Exception as error:
        raise InputError(f"{path}: cannot be run: {type(error).__name__}: {error}") from error
    pool = make() if callable(make) else None
    if not isinstance(pool, Executor) and not hasattr(pool, "submit"):
        raise InputError(
            f"{path}: its function executor() must return a concurrent.futures executor",
            hint="def executor(): return concurrent.futures.ThreadPoolExecutor(4)",
        )
    return pool  # type: ignore[return-value]
