"""A prepared tree as a chain of batch scripts, and running it as a profile says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from qdstruct import jobs, running
from qdstruct.errors import InputError
from qdstruct.model import ClusterProfile, Job, JobResources, JobStatus
from qdstruct.pipeline.prepare import load_tree
from qdstruct.pipeline.run import require_potcars, run

__all__ = ["read_profile", "resources_of_directory", "run_with_profile", "submit_plain"]


def read_profile(path: Path) -> ClusterProfile:
    """Read a cluster profile; its sections may name every kind of job there is.

    Raises
    ------
    InputError
        If something in it is wrong.
    """
    return running.load_profile(path, list(jobs.KINDS))


def resources_of_directory(root: Path, profile: ClusterProfile) -> Callable[[Path], JobResources]:
    """Return what tells the resources of a job from its directory."""

    def resources(directory: Path) -> JobResources:
        name = directory.resolve().relative_to(root.resolve()).as_posix()
        kind = json.loads((directory / "job.json").read_text(encoding="utf-8"))["kind"]
        return profile.for_job(name, kind)

    return resources


def run_with_profile(
    root: Path,
    profile: ClusterProfile,
    *,
    engine: str = "vasp",
    command: str | None = None,
    on_change: Callable[[tuple[JobStatus, ...]], None] | None = None,
) -> tuple[JobStatus, ...]:
    """Run a tree where and as a profile says.

    Parameters
    ----------
    root : Path
        A prepared tree.
    profile : ClusterProfile
        Executor ``slurm`` (a batch job for each job) or ``local`` (`workers` jobs at a time).
    engine, command, on_change
        As for `qdstruct.pipeline.run.run`; `command` replaces the profile's common one.

    Raises
    ------
    InputError
        As `qdstruct.pipeline.run.run`, or for an executor that only gets scripts.
    """
    kinds = {job.name: job.kind for job in load_tree(root).jobs}

    def own_command(name: str) -> str | None:
        return profile.for_job(name, kinds[name]).command

    common = command or profile.resources.command
    if profile.executor == "flux":
        raise InputError(
            "a profile for Flux gets scripts only",
            hint="qdstruct submit TREE --plain --profile FILE, or an executor of executorlib in "
            "a Python file (--executor)",
        )
    pool = None
    if profile.executor == "slurm":
        pool = running.SlurmExecutor(resources=resources_of_directory(root, profile))
    try:
        return run(
            root, engine=engine, command=common, n_workers=profile.workers, executor=pool,
            commands=None if command else own_command, on_change=on_change,
        )  # fmt: skip
    finally:
        if pool is not None:
            pool.shutdown(wait=False)


def submit_plain(
    root: Path, profile: ClusterProfile, *, engine: str = "vasp", command: str | None = None
) -> Path:
    """Write a batch script for every job and one that submits them all.

    Parameters
    ----------
    root : Path
        A prepared tree.
    profile : ClusterProfile
        Where and with what.
    engine : {"vasp", "mock"}
        Which program calculates.
    command : str, optional
        How it is started; otherwise the profile says so.

    Returns
    -------
    Path
        ``submit-all.sh``; run it where the batch system's commands work.

    Raises
    ------
    InputError
        If `root` is no tree, no command is known, or a POTCAR is missing.
    """
    tree = load_tree(root)
    common = command or profile.resources.command or _own_command(engine)
    if common is None:
        raise InputError(
            "no command for VASP is known",
            hint='write command = "srun vasp_std" into the profile, or give --command',
        )
    if engine == "vasp":
        require_potcars(root, tree)
    plans = []
    for job in tree.jobs:
        how = jobs.plain_structure(root, job)
        plans.append(
            running.PlainJob(
                job=job, structure=how.kind, repeat=how.repeat, parent_atoms=how.parent_atoms,
                species=how.species, counts=how.counts,
            )
        )  # fmt: skip

    def resources(job: Job) -> JobResources:
        return profile.for_job(job.name, job.kind)

    return running.write_plain_scripts(
        root, plans, executor=profile.executor, engine=engine, resources=resources,
        command=common,
    )  # fmt: skip


def _own_command(engine: str) -> str | None:
    if engine != "mock":
        return None
    import shlex

    return shlex.join(running.find_engine("mock").command)
