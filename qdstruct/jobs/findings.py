"""What preflight reports: one finding per thing that would go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qdstruct.model import Job
from qdstruct.model.record import Record

__all__ = ["PreflightFinding", "error", "tag_value", "warning"]


@dataclass(frozen=True, kw_only=True)
class PreflightFinding(Record):
    """One thing that would go wrong, or might."""

    severity: str
    """``error``: the job would fail or mean nothing; ``warning``: think about it."""
    job: str
    """Name of the job."""
    message: str
    """What is wrong."""
    hint: str
    """What to do about it."""


def tag_value(job: Job, tag: str, default: Any = None) -> Any:
    """Return the value of an INCAR tag of a job, or `default`."""
    entry = job.settings.get(tag)
    return default if entry is None else entry["value"]


def error(job: Job, message: str, hint: str) -> PreflightFinding:
    """Report that a job would fail or mean nothing."""
    return PreflightFinding(severity="error", job=job.name, message=message, hint=hint)


def warning(job: Job, message: str, hint: str) -> PreflightFinding:
    """Report something to think about."""
    return PreflightFinding(severity="warning", job=job.name, message=message, hint=hint)
