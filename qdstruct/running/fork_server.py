"""The process behind `PreloadedExecutor`: loads custodian once and forks itself for each job.

Run as a module. Requests come as JSON lines ``[number, module, arguments, directory]`` on stdin,
``[number, exit code]`` goes out on stdout for each, until stdin ends. It has one thread only, as a
process that forks must.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import sys
import traceback
from functools import cache
from pathlib import Path

from qdstruct.running.tree import LOG_FILE

__all__ = ["serve"]

_TICK_SECONDS = 0.05
_PRELOADED = "qdstruct.running.custodian_run"


def serve() -> None:
    """Fork for every request on stdin, and report every exit code on stdout."""
    importlib.import_module(_PRELOADED)
    children: dict[int, int] = {}
    received = bytearray()
    while True:
        if select.select([0], [], [], _TICK_SECONDS)[0]:
            chunk = os.read(0, 65536)
            if not chunk:
                os._exit(0)  # the driver has ended: jobs that run go on without us
            received += chunk
        while b"\n" in received:
            line, _, rest = received.partition(b"\n")
            received = bytearray(rest)
            number, module, arguments, directory = json.loads(line)
            _load(module)
            children[_fork(module, arguments, directory)] = number
        _report(children)


@cache
def _load(module: str) -> None:
    """Import a module and let it load what all its calls need (``preload()``, if it has one)."""
    with contextlib.suppress(Exception):  # the fork says what is wrong in its log
        getattr(importlib.import_module(module), "preload", bool)()


def _report(children: dict[int, int]) -> None:
    for pid in list(children):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            answer = json.dumps([children.pop(pid), os.waitstatus_to_exitcode(status)])
            os.write(1, answer.encode() + b"\n")


def _fork(module: str, arguments: list[str], directory: str) -> int:
    gc.freeze()  # so that collecting in the fork does not copy every page
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _redirect(Path(directory) / LOG_FILE)
        sys.argv = [module, *arguments]
        importlib.import_module(module).main()
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    return 0


def _redirect(log: Path) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(output)


if __name__ == "__main__":
    serve()
