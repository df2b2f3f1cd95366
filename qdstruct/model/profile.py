"""A cluster as a user describes it: where jobs go, with what resources, and how VASP is started."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field, fields, replace

from qdstruct.model.record import Record

__all__ = ["ClusterProfile", "JobResources"]


@dataclass(frozen=True, kw_only=True)
class JobResources(Record):
    """What one job gets; None leaves it to the cluster."""

    command: str | None = None
    """How VASP is started, as typed in a shell."""
    partition: str | None = None
    """Partition (Slurm) or queue (Flux)."""
    account: str | None = None
    """Account (Slurm) or bank (Flux)."""
    nodes: int | None = None
    """Nodes."""
    tasks: int | None = None
    """MPI processes."""
    memory: str | None = None
    """Per node, for example ``64G``."""
    walltime: str | None = None
    """``HH:MM:SS`` or ``D-HH:MM:SS``."""
    modules: tuple[str, ...] | None = None
    """Environment modules that are loaded first."""
    setup: tuple[str, ...] | None = None
    """Shell lines before the job, as typed."""
    options: dict[str, str | int | bool] = field(default_factory=dict)
    """Further long options of the batch system's submit command."""

    def overlaid(self, other: JobResources) -> JobResources:
        """Return these with what `other` says; options are merged."""
        said = {
            each.name: value
            for each in fields(other)
            if each.name != "options" and (value := getattr(other, each.name)) is not None
        }
        return replace(self, **said, options={**self.options, **other.options})

    @property
    def shell_lines(self) -> tuple[str, ...]:
        """Lines that prepare the shell: modules, then the user's own."""
        loads = tuple(f"module load {name}" for name in self.modules or ())
        return (*loads, *(self.setup or ()))


@dataclass(frozen=True, kw_only=True)
class ClusterProfile(Record):
    """A cluster, read from a TOML file."""

    executor: str
    """``slurm``, ``local`` or ``flux``."""
    workers: int = 1
    """Jobs at a time with the executor ``local``."""
    resources: JobResources = field(default_factory=JobResources)
    """What every job gets."""
    jobs: dict[str, JobResources] = field(default_factory=dict)
    """Kind of job, name, or pattern of names → what differs there."""

    def for_job(self, name: str, kind: str) -> JobResources:
        """Return what a job gets: the common part, its kind's, then matching patterns in order."""
        found = self.resources
        if kind in self.jobs:
            found = found.overlaid(self.jobs[kind])
        for pattern, own in self.jobs.items():
            if pattern != kind and fnmatch.fnmatchcase(name, pattern):
                found = found.overlaid(own)
        return found
