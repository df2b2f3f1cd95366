"""A tree as a jobflow Flow, for those who run everything else with jobflow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qdstruct.errors import InputError
from qdstruct.model import Job
from qdstruct.pipeline.prepare import load_tree

__all__ = ["run_in_flow", "to_flow"]


def to_flow(root: Path, *, engine: str = "vasp", command: str | None = None) -> Any:
    """Return a ``jobflow.Flow`` with one job for each job of a tree.

    Each calls `run_in_flow` where the flow runs; a job takes its parents' outputs, so that jobflow
    keeps the order. The calculations stay in the tree's directories, which must be visible there,
    and qdstruct must be installed. What jobflow stores of a job is its directory, energy and state.

    Parameters
    ----------
    root : Path
        A prepared tree.
    engine, command
        As for `qdstruct.pipeline.run.run`.

    Raises
    ------
    InputError
        If `root` is no tree, or jobflow is not installed.
    """
    try:
        from jobflow import Flow
        from jobflow import Job as FlowJob
    except ImportError:
        raise InputError(
            "jobflow is not installed", hint='pip install "qdstruct[jobflow]"'
        ) from None
    tree = load_tree(root)
    made: dict[str, Any] = {}
    for job in tree.jobs:
        parents = {name: made[name].output for name in job.parents}
        made[job.name] = FlowJob(
            run_in_flow,
            function_args=(str(root.resolve()), job.name, engine, command),
            function_kwargs={"parents": parents},
            name=job.name,
            metadata=_metadata(tree.study, job),
        )
    return Flow(list(made.values()), name=tree.study)


def _metadata(study: str, job: Job) -> dict[str, Any]:
    return {"study": study, "kind": job.kind, "subject": job.subject}


def run_in_flow(
    root: str, name: str, engine: str, command: str | None, parents: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Run one job of a tree to its end and say how it ended.

    Parameters
    ----------
    root, name, engine, command
        Tree, job and program.
    parents : dict, optional
        What the parents returned; only their presence matters.

    Returns
    -------
    dict
        ``directory``, ``state``, ``energy`` (eV) and ``converged``.

    Raises
    ------
    RunError
        When the job did not end well, so that jobflow starts none of its descendants.
    """
    from qdstruct.errors import RunError
    from qdstruct.pipeline.job import run_one
    from qdstruct.pipeline.run import status

    del parents
    code = run_one(Path(root), name, engine=engine, command=command)
    found = next(each for each in status(Path(root)) if each.name == name)
    if code != 0:
        raise RunError(f"{name}: {found.state}: {found.error or 'see job.log'}")
    return {
        "directory": str(Path(root) / name),
        "state": found.state,
        "energy": found.energy,
        "converged": found.converged,
    }
