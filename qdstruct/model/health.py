"""What ``qdstruct doctor`` finds about one thing that a user may need."""

from __future__ import annotations

from dataclasses import dataclass

from qdstruct.model.record import Record

__all__ = ["HEALTH_STATES", "HealthCheck"]

HEALTH_STATES = ("fine", "absent", "broken")
"""Works; not set up, which matters only to those who want it; set up, but does not work."""


@dataclass(frozen=True, kw_only=True)
class HealthCheck(Record):
    """One thing that was looked at."""

    group: str
    """What it belongs to: ``installation``, ``vasp``, ``slurm``, an engine's name, ``browser``."""
    name: str
    """What was looked at, in words."""
    state: str
    """One of `HEALTH_STATES`."""
    found: str
    """What is there: a version, a path, a message."""
    fix: str = ""
    """What to do about it, as it is typed; empty when nothing has to be done."""
