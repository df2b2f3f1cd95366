"""How much time the batch system leaves to this process."""

from __future__ import annotations

import os
import subprocess
import time
from datetime import datetime

from qdstruct.errors import RunError

__all__ = ["WalltimeReachedError", "remaining_walltime"]


class WalltimeReachedError(RunError):
    """The engine was asked to end before the batch system would have ended it."""


def remaining_walltime() -> float | None:
    """Return the time until the batch job around this process is ended, s; None without a limit.

    Slurm says it in SLURM_JOB_END_TIME, or through ``squeue`` where that variable is not set.
    Elsewhere QDSTRUCT_END_TIME can say it (seconds since 1970, as ``date +%s`` prints them).
    """
    for variable in ("QDSTRUCT_END_TIME", "SLURM_JOB_END_TIME"):
        try:
            return float(os.environ[variable]) - time.time()
        except (KeyError, ValueError):
            continue
    job_id = os.environ.get("SLURM_JOB_ID")
    return None if job_id is None else _asked_of_slurm(job_id)


def _asked_of_slurm(job_id: str) -> float | None:
    command = ["squeue", "--noheader", "--jobs", job_id, "--format", "%e"]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=20, check=True
        ).stdout
        return datetime.fromisoformat(answer.strip()).timestamp() - time.time()
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
