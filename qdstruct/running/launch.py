"""Starts the engine in the place of this process, with the engine lock in its hands.

Run as a script, with the standard library alone: ``python launch.py PROGRAM [ARGUMENT …]`` in the
job's directory. The lock lives as long as the engine does, so that a job whose own process was
killed is never started a second time beside an engine that still writes into its directory.
"""

import fcntl
import os
import socket
import sys

__all__ = ["main"]

LOCK = ".engine.lock"
ALREADY_RUNNING = 75
NOT_FOUND = 127


def main(command: list[str]) -> int:
    """Take the lock and become `command`; returns an exit code only when that fails."""
    handle = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.stderr.write("an engine is running in this directory already\n")
        return ALREADY_RUNNING
    os.ftruncate(handle, 0)
    os.write(handle, f"{os.getpid()} {socket.gethostname()}\n".encode())
    os.set_inheritable(handle, True)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: cannot be started: {error.strerror}\n")
    return NOT_FOUND


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
