"""The whole tree: every job once, parents first, side by side where they may."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from qdstruct.errors import QdstructError, RunError
from qdstruct.model import JobStatus, JobTree
from qdstruct.running.locks import JOB_LOCK, TREE_LOCK, LockHeldError, hold_lock, holder, is_held
from qdstruct.running.records import WALLTIME
from qdstruct.running.status import INTERRUPTED, tree_status
from qdstruct.running.walltime import remaining_walltime

__all__ = [
    "LOG_FILE",
    "MAX_RESTARTS",
    "THREAD_VARIABLES",
    "TIMED_OUT",
    "require_all_done",
    "run_command",
    "run_tree",
]

TIMED_OUT = 124
"""Exit code of a job that its batch system ended for want of time."""

LOG_FILE = "job.log"
"""In a job's directory: what its process printed."""

MAX_RESTARTS = 10
"""How often one call of `run_tree` restarts a job whose batch job was too short."""

_LOOK_SECONDS = 0.2
_LOOK_SHARE = 10
"""Seconds to wait for each second that a look takes: a tree of thousands of jobs must not keep a
processor busy with looking at it."""
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Set to 1 for every job unless the user has set them: jobs run side by side."""

OnChange = Callable[[tuple[JobStatus, ...]], None]


def run_tree(
    root: Path,
    tree: JobTree,
    *,
    job_command: Callable[[str], list[str]],
    executor: concurrent.futures.Executor | None = None,
    n_workers: int = 2,
    on_change: OnChange | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> tuple[JobStatus, ...]:
    """Run every job that can run, and return how all of them stand.

    Each job is a process of its own. What is done stays done, what was interrupted goes on, and
    what another living process still runs is awaited; only the descendants of a failed job are
    left waiting. Killing this process (or any other) at any moment loses nothing: call it again.

    Parameters
    ----------
    root : Path
        Directory of the tree.
    tree : JobTree
        Its jobs, parents before children.
    job_command : callable
        Job name → argument list of the process that runs this job (see `run_job`).
    executor : concurrent.futures.Executor, optional
        Where the processes are started; `n_workers` threads of this process when not given.
    n_workers : int
        Jobs side by side without an `executor`.
    on_change : callable, optional
        Called with all states, first at once, then whenever a job ends and about five times a
        second (less often where the tree is so large that a look takes long).
    should_stop : callable, optional
        Asked as often; True stops everything in an orderly way.

    Returns
    -------
    tuple of JobStatus
        States at the end. A job whose process ended without a record keeps its derived state and
        carries the reason in `error`.

    Raises
    ------
    LockHeldError
        When another run is at work on this tree; nothing was touched.
    KeyboardInterrupt
        After an interrupt or SIGTERM, when the jobs started here have been stopped.
    """
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(hold_lock(root / TREE_LOCK, doing=f"running {root}"))
            stack.enter_context(_sigterm_interrupts())
            own = concurrent.futures.ThreadPoolExecutor(max(1, n_workers))
            stack.callback(own.shutdown, wait=True, cancel_futures=True)
            run = _Run(root, tree, job_command, executor or own)
            return run.until_finished(on_change, should_stop)
    except LockHeldError as error:
        raise LockHeldError(
            error.message,
            hint="`qdstruct status` shows how it gets on; it will finish without you",
        ) from error


@dataclasses.dataclass
class _Run:
    """The jobs that one call of `run_tree` has started."""

    root: Path
    tree: JobTree
    job_command: Callable[[str], list[str]]
    executor: concurrent.futures.Executor
    started: dict[str, concurrent.futures.Future[int]] = dataclasses.field(default_factory=dict)
    restarts: dict[str, int] = dataclasses.field(default_factory=dict)

    def until_finished(
        self, on_change: OnChange | None, should_stop: Callable[[], bool] | None
    ) -> tuple[JobStatus, ...]:
        """Start what is ready until nothing moves any more."""
        try:
            while True:
                began = time.monotonic()
                ended = {future for future in self.started.values() if future.done()}
                statuses = tree_status(self.root, self.tree)
                if on_change is not None:
                    on_change(statuses)
                if should_stop is not None and should_stop():
                    self.stop()
                    return self.explained(tree_status(self.root, self.tree))
                self.start_ready(statuses)
                if self.is_over(statuses, ended):
                    return self.explained(statuses)
                self.wait(longest=max(_LOOK_SECONDS, _LOOK_SHARE * (time.monotonic() - began)))
        except BaseException:
            self.stop()
            raise

    def start_ready(self, statuses: tuple[JobStatus, ...]) -> None:
        """Submit every ready job that this call has not started, or that ran out of walltime."""
        for status in statuses:
            if status.state == "ready" and self.may_start(status):
                self.started[status.name] = self.submitted(status.name)

    def submitted(self, name: str) -> concurrent.futures.Future[int]:
        """Hand one job to the executor; a refusal is this job's alone."""
        command = self.job_command(name)
        try:
            return self.executor.submit(run_command, command, str(self.root / name))
        except QdstructError as error:
            refused: concurrent.futures.Future[int] = concurrent.futures.Future()
            refused.set_exception(error)
            return refused

    def may_start(self, status: JobStatus) -> bool:
        """Start each job once, and again in a new batch job when the last one was too short."""
        future = self.started.get(status.name)
        if future is None:
            return True
        if not future.done() or future.cancelled() or remaining_walltime() is not None:
            return False
        goes_on = status.kind in ("relax", "md") and self.ended_with(future, TIMED_OUT)
        if status.error != WALLTIME and not goes_on:
            return False
        self.restarts[status.name] = self.restarts.get(status.name, 0) + 1
        return self.restarts[status.name] <= MAX_RESTARTS

    @staticmethod
    def ended_with(future: concurrent.futures.Future[int], code: int) -> bool:
        """Tell whether a process has ended with this exit code."""
        return future.exception() is None and future.result() == code

    def is_over(
        self, statuses: tuple[JobStatus, ...], ended: set[concurrent.futures.Future[int]]
    ) -> bool:
        """Nothing in flight, nothing running elsewhere, and nothing that became ready."""
        return ended == set(self.started.values()) and all(s.state != "running" for s in statuses)

    def wait(self, longest: float) -> None:
        """Sleep until a job ends, but not long: others may be running on this tree's jobs."""
        pending = [future for future in self.started.values() if not future.done()]
        if pending:
            concurrent.futures.wait(
                pending, longest, return_when=concurrent.futures.FIRST_COMPLETED
            )
        else:
            threading.Event().wait(longest)

    def stop(self) -> None:
        """Cancel what has not begun and end the processes that have, engines included."""
        for future in self.started.values():
            future.cancel()
        pending = [future for future in self.started.values() if not future.done()]
        while pending:
            reachable = [self._terminate(n) for n, f in self.started.items() if not f.done()]
            if not any(reachable):
                return
            pending = list(concurrent.futures.wait(pending, _LOOK_SECONDS).not_done)

    def _terminate(self, name: str) -> bool:
        """Ask a job's process to end; False when it runs on another machine."""
        lock = self.root / name / JOB_LOCK
        pid, host = holder(lock)
        if not is_held(lock):
            return True  # not yet begun, or just ended: look again
        if host != socket.gethostname() or pid <= 1:
            return False
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGTERM)
        return True

    def explained(self, statuses: tuple[JobStatus, ...]) -> tuple[JobStatus, ...]:
        """Add why a job has no result although its process was started and has ended."""
        return tuple(
            dataclasses.replace(status, error=self._ending(status.name) or status.error)
            if status.state == "ready"
            and status.name in self.started
            and status.error in (None, INTERRUPTED)
            else status
            for status in statuses
        )

    def _ending(self, name: str) -> str | None:
        future = self.started[name]
        if future.cancelled() or not future.done():
            return None
        error = future.exception()
        if error is not None:
            return f"could not be started: {error}"
        code = future.result()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        said = _last_line(self.root / name / LOG_FILE)
        log = self.root / name / LOG_FILE
        return f"its process {how} without a result{f': {said}' if said else ''} (see {log})"


def run_command(command: list[str], directory: str) -> int:
    """Run one job's process to its end; stdout and stderr are appended to its ``job.log``.

    Runs wherever the executor puts it, so it takes and returns plain values only. The process
    leads its own session: an interrupt at the terminal reaches it through `run_tree` alone.

    Parameters
    ----------
    command : list of str
        Argument list.
    directory : str
        The job's directory.

    Returns
    -------
    int
        Exit code; negative for the signal that killed it.
    """
    environment = dict.fromkeys(THREAD_VARIABLES, "1") | dict(os.environ)
    with (Path(directory) / LOG_FILE).open("ab") as log:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
            check=False,
        ).returncode


def _last_line(path: Path) -> str:
    with contextlib.suppress(OSError):
        lines = path.read_text(errors="replace").splitlines()
        return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")
    return ""


@contextlib.contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """Treat SIGTERM like an interrupt at the keyboard, where this thread may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def require_all_done(statuses: tuple[JobStatus, ...]) -> None:
    """Raise `RunError` naming every job that is not done; return when all are."""
    open_jobs = [status for status in statuses if status.state != "done"]
    if not open_jobs:
        return
    failed = [status for status in open_jobs if status.state in ("failed", "lost")]
    lines = [f"{s.name}: {s.state}{f': {s.error}' if s.error else ''}" for s in open_jobs]
    raise RunError(
        f"{len(open_jobs)} of {len(statuses)} jobs are not done:\n  " + "\n  ".join(lines),
        hint="mend what is wrong, then `qdstruct retry` and `qdstruct run` again"
        if failed
        else "`qdstruct run` again continues",
    )
