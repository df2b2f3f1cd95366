"""Reading and writing what happened in a job directory (``run.json``, ``job.json``)."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from qdstruct.errors import OutputError
from qdstruct.files import write_atomically
from qdstruct.model import Job, RunRecord

__all__ = [
    "JOB_FILE",
    "RUN_FILE",
    "WALLTIME",
    "archive_directory",
    "archived_attempts",
    "now",
    "read_job",
    "read_record",
    "seconds_between",
    "write_record",
]

RUN_FILE = "run.json"
JOB_FILE = "job.json"
WALLTIME = "the walltime ran out; goes on with the next run"
"""Error text of a job that ended itself before its batch system would have."""


def now() -> str:
    """Return the present moment as ISO 8601 with zone."""
    return datetime.now(UTC).astimezone().isoformat(timespec="milliseconds")


def seconds_between(started: str, finished: str) -> float | None:
    """Return the time between two ISO 8601 moments in seconds; None when unreadable."""
    try:
        return (datetime.fromisoformat(finished) - datetime.fromisoformat(started)).total_seconds()
    except (ValueError, TypeError):
        return None


def read_record(directory: Path) -> RunRecord | None:
    """Return the ``run.json`` of a job directory; None when there is none.

    Raises
    ------
    OutputError
        When the file is there but cannot be read as one.
    """
    path = directory / RUN_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    try:
        record = RunRecord.from_dict(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _unreadable(path, error) from error
    if record.state not in ("running", "done", "failed"):
        raise _unreadable(path, ValueError(f"unknown state {record.state!r}"))
    return record


def _unreadable(path: Path, error: Exception) -> OutputError:
    return OutputError(
        f"{path}: not a run record: {error}",
        hint="`qdstruct retry` sets it aside and starts this job again",
    )


def write_record(directory: Path, record: RunRecord) -> None:
    """Write `record` as ``run.json`` so that a reader sees the old or the new one, whole."""
    text = json.dumps(record.to_dict(), indent=2, ensure_ascii=False)
    write_atomically(directory / RUN_FILE, text + "\n")


def read_job(root: Path, name: str) -> Job:
    """Return the ``job.json`` of job `name` below `root`.

    Raises
    ------
    OutputError
        When it is missing or cannot be read.
    """
    path = root / name / JOB_FILE
    try:
        return Job.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise OutputError(
            f"{path}: no such file: {name} is not a job of this tree",
            hint="`qdstruct status` lists the jobs; `qdstruct prepare` writes them",
        ) from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise OutputError(
            f"{path}: not a job description: {error}", hint="prepare the tree again"
        ) from error


def archive_directory(directory: Path, attempt: int) -> Path:
    """Return where the files of an earlier attempt are kept."""
    return directory / f"attempt-{attempt}"


def archived_attempts(directory: Path) -> int:
    """Return the number of the last attempt that was set aside (0 when none was)."""
    numbers = [
        int(found.group(1))
        for path in directory.glob("attempt-*")
        if (found := re.fullmatch(r"attempt-(\d+)", path.name))
    ]
    return max(numbers, default=0)
