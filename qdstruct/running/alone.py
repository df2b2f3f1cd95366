"""One engine run without custodian, whose handlers know the errors of VASP alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from qdstruct.errors import RunError
from qdstruct.files import write_atomically
from qdstruct.running import launch
from qdstruct.running.engine import Engine
from qdstruct.running.walltime import WalltimeReachedError

__all__ = ["ENGINE_OUTPUT", "run_alone"]

ENGINE_OUTPUT = "engine.out"
"""In a job's directory: what the engine printed."""
_TERMINATE_SECONDS = 10.0


def run_alone(directory: Path, engine: Engine, *, walltime: float | None = None) -> None:
    """Run `engine` once in `directory` to its end.

    Parameters
    ----------
    directory : Path
        Holds INCAR, KPOINTS, POSCAR.
    engine : Engine
        What to start.
    walltime : float, optional
        Time left, s. Shortly before it is over (two looks at the engine, and at most a tenth of
        it) the engine is asked to end after the present ionic step (STOPCAR).

    Raises
    ------
    WalltimeReachedError
        When the engine was asked to end because of `walltime`.
    RunError
        When it ended with an error; the message says what it said last. Any other exception (an
        interrupt among them) passes through after the engine was stopped.
    """
    command = [sys.executable, "-I", "-S", str(Path(launch.__file__).resolve()), *engine.command]
    deadline = None
    if walltime is not None:
        reserve = min(2 * engine.monitor_seconds, 0.1 * walltime)
        deadline = time.monotonic() + walltime - reserve
    stop = directory / "STOPCAR"
    stop.unlink(missing_ok=True)
    with (directory / ENGINE_OUTPUT).open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            asked = _watch(process, engine, deadline, stop)
        finally:
            _stop(process)
            stop.unlink(missing_ok=True)
    if process.returncode != 0:
        raise RunError(_ending(directory, engine, process.returncode))
    if asked:
        raise WalltimeReachedError("the walltime ran out")


def _watch(
    process: subprocess.Popen[bytes], engine: Engine, deadline: float | None, stop: Path
) -> bool:
    """Wait for the engine's end; True when it was asked for."""
    asked = False
    while True:
        try:
            process.wait(timeout=engine.poll_seconds)
        except subprocess.TimeoutExpired:
            if deadline is not None and not asked and time.monotonic() > deadline:
                write_atomically(stop, "LSTOP = .TRUE.\n")
                asked = True
        else:
            return asked


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the engine and what it started, if it still runs."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, sent)
        try:
            process.wait(timeout=_TERMINATE_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def _ending(directory: Path, engine: Engine, code: int) -> str:
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    text = (directory / ENGINE_OUTPUT).read_text(errors="replace")
    errors = [line for line in text.splitlines() if line.startswith("error: ")]
    if errors:
        return f"{engine.name}: {errors[-1].removeprefix('error: ')}"
    last = next((line.strip()[:200] for line in reversed(text.splitlines()) if line.strip()), "")
    return f"{engine.name} {how}" + (f"; it said last: {last}" if last else "")
