"""Who works where: advisory locks that the kernel releases when their holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from qdstruct.errors import RunError
from qdstruct.files import destination_error

__all__ = [
    "ENGINE_LOCK",
    "JOB_LOCK",
    "TREE_LOCK",
    "LockHeldError",
    "hold_lock",
    "holder",
    "is_held",
]

TREE_LOCK = ".qdstruct.lock"
"""In the tree's root; held by the one run that starts its jobs."""
JOB_LOCK = ".lock"
"""In a job's directory; held by the process that looks after the job."""
ENGINE_LOCK = ".engine.lock"
"""In a job's directory; held by the engine itself, which can outlive its job's process."""

_PROBE_SECONDS = 1.0  # a status probe holds a lock for microseconds; longer means a real holder


class LockHeldError(RunError):
    """Another living process holds the lock."""


@contextlib.contextmanager
def hold_lock(path: Path, *, doing: str) -> Iterator[None]:
    """Hold the lock file `path` for the length of the block; death releases it too.

    Parameters
    ----------
    path : Path
        Lock file; made when missing, never removed (removing it would let two in).
    doing : str
        What the holder does, for the message that a second process gets.

    Raises
    ------
    LockHeldError
        When another process holds it.
    DestinationError
        When the file cannot be written.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise destination_error(path, error) from error
    try:
        if not _acquire(handle, path):
            pid, host = holder(path)
            raise LockHeldError(
                f"{doing}: process {pid} on {host} is at it already ({path} is held)"
            )
        with contextlib.suppress(OSError):  # a full disk: the lock itself is what counts
            os.ftruncate(handle, 0)
            os.write(handle, f"{os.getpid()} {socket.gethostname()}\n".encode())
        yield
    finally:
        os.close(handle)


def _acquire(handle: int, path: Path) -> bool:
    deadline = time.monotonic() + _PROBE_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        except OSError as error:
            raise RunError(
                f"{path}: this file system does not support locks ({error.strerror})",
                hint="run in a directory on a local disk, or mount Lustre with -o flock",
            ) from error
        else:
            return True


def is_held(path: Path) -> bool:
    """Tell whether a living process holds the lock file `path`; needs no write permission."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
    return False


def holder(path: Path) -> tuple[int, str]:
    """Return process id and host that last took the lock (0 and "?" when unknown)."""
    try:
        pid, host = path.read_text().split()
        return int(pid), host
    except (OSError, ValueError):
        return 0, "?"
