"""A `concurrent.futures` executor that runs each job of a tree as a Slurm batch job.

Nothing but Slurm's own commands is needed, on a machine where they work. The batch jobs outlive
the driver: when it is killed, the next run finds those that are still queued or running by the
number in ``slurm.json`` of the job's directory and waits for them instead of submitting again.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, InvalidStateError
from pathlib import Path
from typing import Any

from qdstruct.errors import InputError, QdstructError, RunError
from qdstruct.files import write_atomically
from qdstruct.model import JobResources
from qdstruct.running.scripts import render_script
from qdstruct.running.tree import LOG_FILE, TIMED_OUT, run_command

__all__ = ["SLURM_FILE", "SlurmExecutor", "batch_script", "cancel_batch_job", "sbatch_options"]

SLURM_FILE = "slurm.json"
"""In a job's directory: number of its last batch job."""
SCRIPT_FILE = "slurm.sh"
"""In a job's directory: the batch script as submitted."""

_CLIENT_SECONDS = 30.0  # a dying slurmctld lets its clients hang
_FAILURES = {"TIMEOUT": TIMED_OUT}


class SlurmExecutor(Executor):
    """Submits jobs with ``sbatch`` and follows them with ``squeue``.

    Parameters
    ----------
    options : mapping of str to str, int or True, optional
        Long options of ``sbatch`` for every job, for example
        ``{"partition": "main", "ntasks": 16, "time": "12:00:00", "exclusive": True}``.
    setup : sequence of str, optional
        Shell lines before each job, for example ``["module load vasp/6.4"]``.
    resources : callable, optional
        Directory of a job → what that job gets, over the common `options` and `setup` (see
        `qdstruct.model.ClusterProfile`).
    poll_seconds : float
        Time between two looks at the queue, s.

    Raises
    ------
    InputError
        When ``sbatch`` is not on this machine, or an option is not one.
    """

    def __init__(
        self,
        *,
        options: Mapping[str, str | int | bool] | None = None,
        setup: Sequence[str] = (),
        resources: Callable[[Path], JobResources] | None = None,
        poll_seconds: float = 2.0,
    ) -> None:
        self._resources = resources or (lambda _directory: JobResources())
        self._options = [_option(name, value) for name, value in (options or {}).items()]
        self._setup = tuple(setup)
        self._poll_seconds = poll_seconds
        self._followed: dict[str, _BatchFuture] = {}
        self._closed = threading.Event()
        self._follower: threading.Thread | None = None
        _client("sbatch", "--version")

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit what `run_tree` submits: ``run_command(command, directory)``.

        Raises
        ------
        TypeError
            For any other function: a batch job runs a program, not Python code.
        RunError
            When Slurm refuses the job.
        """
        if fn is not run_command or kwargs or len(args) != 2:
            raise TypeError("a SlurmExecutor runs run_command(command, directory) only")
        if self._closed.is_set():
            raise RuntimeError("the executor is shut down")
        command, directory = list(args[0]), Path(args[1]).resolve()
        earlier = _queued_before(directory)
        batch_id = earlier or self._submitted(command, directory)
        future = _BatchFuture(batch_id)
        if earlier is not None:  # it may be on its way out already: then one of our own follows
            future.again = lambda: self._submitted(command, directory)
        self._followed[batch_id] = future
        if self._follower is None:
            self._follower = threading.Thread(target=self._follow, daemon=True)
            self._follower.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stop following the queue; batch jobs go on unless `cancel_futures` is given."""
        if cancel_futures:
            for future in list(self._followed.values()):
                future.cancel()
        if wait:
            for future in list(self._followed.values()):
                with contextlib.suppress(BaseException):
                    future.result()
        self._closed.set()

    def _submitted(self, command: list[str], directory: Path) -> str:
        script, own_share = directory / SCRIPT_FILE, self._resources(directory)
        setup = (*self._setup, *own_share.shell_lines)
        write_atomically(script, batch_script(command, directory, setup=setup))
        name = f"{directory.parent.name}/{directory.name}"
        own = [f"--job-name={name}", f"--chdir={directory}", "--output=/dev/null"]
        answer = _client(
            "sbatch", "--parsable", *own, *self._options, *sbatch_options(own_share), str(script)
        )
        batch_id = answer.strip().split(";")[0]
        if not batch_id.isdigit():
            raise RunError(f"{directory}: sbatch refused the job: {answer.strip()}")
        write_atomically(directory / SLURM_FILE, json.dumps({"batch_job": batch_id}) + "\n")
        return batch_id

    def _follow(self) -> None:
        while not self._closed.wait(self._poll_seconds):
            queued = _queue()
            if queued is None:
                continue
            for batch_id, future in list(self._followed.items()):
                code = None if batch_id in queued else _exit_code(batch_id)
                if future.done() or code is not None:
                    self._followed.pop(batch_id, None)
                if code is not None and (next_id := future.end(code)) is not None:
                    self._followed[next_id] = future


class _BatchFuture(Future[int]):
    """Pending until its batch job has ended; cancelling it cancels the batch job."""

    def __init__(self, batch_id: str) -> None:
        super().__init__()
        self._batch_id = batch_id
        self.again: Callable[[], str] | None = None

    def cancel(self) -> bool:
        """Cancel the batch job, queued or running."""
        if not self.done():
            with contextlib.suppress(RunError):
                _client("scancel", self._batch_id)
        return super().cancel()

    def end(self, code: int) -> str | None:
        """Give the exit code to whoever waits, or return the batch job that goes on instead."""
        if self.done():
            return None
        if code != 0 and self.again is not None:
            submit, self.again = self.again, None
            with contextlib.suppress(QdstructError):
                self._batch_id = submit()
                return self._batch_id
        with contextlib.suppress(InvalidStateError):  # cancelled at this very moment
            self.set_result(code)
        return None


def batch_script(command: Sequence[str], directory: Path, *, setup: Sequence[str] = ()) -> str:
    """Return the batch script that runs `command` in `directory`.

    Parameters
    ----------
    command : sequence of str
        Argument list; becomes the batch job's own process, so that signals reach it.
    directory : Path
        Working directory; ``job.log`` in it takes the output.
    setup : sequence of str
        Shell lines to run first, as the user typed them.
    """
    return render_script(
        "slurm/job.sh",
        directory=str(directory), setup=list(setup), command=list(command), log=LOG_FILE,
    )  # fmt: skip


def sbatch_options(resources: JobResources) -> list[str]:
    """Return the long options of ``sbatch`` that ask for these resources.

    Raises
    ------
    InputError
        When a further option is not one.
    """
    asked: dict[str, str | int | bool | None] = {
        "partition": resources.partition,
        "account": resources.account,
        "nodes": resources.nodes,
        "ntasks": resources.tasks,
        "mem": resources.memory,
        "time": resources.walltime,
        **resources.options,
    }
    return [_option(name, value) for name, value in asked.items() if value is not None]


def _option(name: str, value: str | int | bool) -> str:
    flag = f"--{name.strip().lstrip('-').replace('_', '-')}"
    if flag == "--" or value is False or "=" in flag:
        raise InputError(
            f"'{name}' = {value!r} is not an option of sbatch",
            hint='write long options without dashes, for example {"partition": "main"}',
        )
    return flag if value is True else f"{flag}={value}"


def _client(*command: str) -> str:
    """Run one of Slurm's commands and return what it printed."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_CLIENT_SECONDS, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise InputError(
            f"'{command[0]}' is not a program on this machine",
            hint="run on a machine where Slurm's commands work, or without this executor",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise RunError(f"{command[0]} did not answer within {_CLIENT_SECONDS:.0f} s") from error
    if done.returncode != 0:
        said = done.stderr.strip() or done.stdout.strip()
        raise RunError(f"{command[0]} failed: {said or f'exit code {done.returncode}'}")
    return done.stdout


def cancel_batch_job(directory: Path) -> None:
    """Cancel the batch job of a job's directory, if there is one that has not ended."""
    batch_id = _queued_before(directory)
    if batch_id is not None:
        _client("scancel", batch_id)


def _queued_before(directory: Path) -> str | None:
    """Return the batch job of an earlier run that is still queued or running."""
    try:
        batch_id = str(json.loads((directory / SLURM_FILE).read_text())["batch_job"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return batch_id if _exit_code(batch_id) is None else None


def _queue() -> set[str] | None:
    """Return this user's batch jobs that are queued or running; None when Slurm is silent."""
    with contextlib.suppress(RunError):
        return set(_client("squeue", "--noheader", "--me", "--format=%i").split())
    return None


def _exit_code(batch_id: str) -> int | None:
    """Return a batch job's exit code; None while it is queued or running, or Slurm is silent."""
    try:
        answer = _client("scontrol", "--oneliner", "show", "job", batch_id)
    except RunError as error:
        forgotten = "Invalid job id" in str(error)
        return 1 if forgotten else None
    fields = dict(word.split("=", 1) for word in answer.split() if "=" in word)
    state = fields.get("JobState", "")
    if state in ("PENDING", "RUNNING", "SUSPENDED", "COMPLETING", "CONFIGURING", "REQUEUED", ""):
        return None
    if state in _FAILURES:
        return _FAILURES[state]
    code, _, signal_number = fields.get("ExitCode", "1:0").partition(":")
    return -int(signal_number) if int(signal_number or 0) else int(code)
