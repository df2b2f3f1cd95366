"""Talks to an engine that runs under an interpreter of its own, one JSON line at a time."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qdstruct.errors import RunError

__all__ = ["Worker"]

_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux' prctl."""


class Worker:
    """One running worker script.

    Parameters
    ----------
    command : sequence of str
        How its interpreter is started.
    script : Path
        The script, one of ``workers/``.
    directory : Path
        Working directory.

    Raises
    ------
    RunError
        When it cannot be started.
    """

    def __init__(self, command: Sequence[str], script: Path, directory: Path) -> None:
        environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
        try:
            self._process = subprocess.Popen(
                [*command, str(script)],
                cwd=directory,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )
        except OSError as error:
            raise RunError(f"{command[0]}: cannot be started: {error.strerror}") from error

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request and return its answer; what is said in between is passed on.

        Raises
        ------
        RunError
            When the worker reports an error or ends.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._ended() from None
        for line in self._process.stdout:
            if line.startswith("@"):
                answer: dict[str, Any] = json.loads(line[1:])
                if "error" in answer:
                    raise RunError(str(answer["error"]))
                return answer
            sys.stdout.write(line)
        raise self._ended()

    def close(self) -> None:
        """End the worker; it is killed when it does not end by itself."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.close()
            self._process.wait(timeout=10)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _ended(self) -> RunError:
        code = self._process.wait()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return RunError(f"the worker {how} without an answer")


def _end_with_parent() -> None:
    """Ask Linux to end this process with the one that started it, however that ends."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM)
