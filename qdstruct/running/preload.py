"""An executor that starts job processes from one that has loaded custodian already.

Loading custodian and pymatgen takes about two seconds of a processor. For jobs that last no longer
than that (the mock's) a server process loads them once and forks itself for each job. A job is
still a process of its own with a session of its own: it can be killed alone, and it goes on when
the driver or the server is killed.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from qdstruct.errors import RunError
from qdstruct.running.tree import THREAD_VARIABLES, run_command

__all__ = ["PreloadedExecutor"]


class PreloadedExecutor(Executor):
    """Runs ``python -m MODULE …`` commands by calling the module's ``main()`` in a fork.

    Parameters
    ----------
    n_workers : int
        Jobs side by side.
    """

    def __init__(self, n_workers: int) -> None:
        self._n_workers = max(1, n_workers)
        self._waiting: collections.deque[tuple[Future[int], str, list[str], str]] = (
            collections.deque()
        )
        self._running: dict[int, Future[int]] = {}
        self._lock = threading.RLock()
        self._count = 0
        self._server = subprocess.Popen(
            [sys.executable, "-m", "qdstruct.running.fork_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict.fromkeys(THREAD_VARIABLES, "1") | dict(os.environ),
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Queue what `run_tree` submits: ``run_command([python, "-m", module, …], directory)``.

        Raises
        ------
        TypeError
            For anything else.
        """
        if fn is not run_command or kwargs or len(args) != 2:
            raise TypeError("a PreloadedExecutor runs run_command(command, directory) only")
        command, directory = args
        if list(command[:2]) != [sys.executable, "-m"] or len(command) < 3:
            raise TypeError(f"not a module of this Python: {command}")
        future: Future[int] = Future()
        with self._lock:
            self._waiting.append((future, command[2], list(command[3:]), str(directory)))
            self._dispatch()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the server once the jobs have ended; those that have not begun can be cancelled."""
        with self._lock:
            if cancel_futures:
                for future, *_ in self._waiting:
                    future.cancel()
            pending = [*(future for future, *_ in self._waiting), *self._running.values()]
        if wait:
            for future in pending:
                with contextlib.suppress(BaseException):
                    future.result()
        if self._server.stdin is not None:
            with contextlib.suppress(OSError):
                self._server.stdin.close()
        self._server.wait()
        self._reader.join()
        if self._server.stdout is not None:
            self._server.stdout.close()

    def _dispatch(self) -> None:
        while self._waiting and len(self._running) < self._n_workers:
            future, module, arguments, directory = self._waiting.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            self._count += 1
            request = [self._count, module, arguments, directory]
            self._running[self._count] = future
            try:
                assert self._server.stdin is not None
                self._server.stdin.write(json.dumps(request) + "\n")
                self._server.stdin.flush()
            except (OSError, ValueError):
                del self._running[self._count]
                future.set_exception(RunError("the process that starts jobs is gone"))

    def _read(self) -> None:
        assert self._server.stdout is not None
        for line in self._server.stdout:
            number, code = json.loads(line)
            with self._lock:
                self._running.pop(number).set_result(code)
                self._dispatch()
        with self._lock:
            for future in self._running.values():
                future.set_exception(RunError("the process that starts jobs has ended"))
            self._running.clear()
            self._dispatch()
