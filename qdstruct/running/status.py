"""How every job of a tree stands, derived from its files and locks alone."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from qdstruct.errors import InputError, OutputError
from qdstruct.model import Job, JobStatus, JobTree, RunRecord
from qdstruct.running.locks import JOB_LOCK, hold_lock, is_held
from qdstruct.running.records import (
    archived_attempts,
    now,
    read_record,
    seconds_between,
)
from qdstruct.running.restart import ENGINE_FILE, set_aside

__all__ = ["INTERRUPTED", "retry", "tree_engines", "tree_methods", "tree_status"]

ENDED = ("done", "failed", "lost")
"""States of a job that has run to an end."""
COMPRESSED = (".gz", ".xz", ".bz2")
INTERRUPTED = "interrupted; starts again with the next run"
"""Error text of a job whose record says running while nobody runs it."""


def tree_status(root: Path, tree: JobTree) -> tuple[JobStatus, ...]:
    """Return the state of every job, in the tree's order.

    Parameters
    ----------
    root : Path
        Directory of the tree; reading permission is enough.
    tree : JobTree
        Its jobs.

    Returns
    -------
    tuple of JobStatus
        ``done`` and ``failed`` as recorded, but ``lost`` where a file that a done job must provide
        is gone or empty (plain or compressed; its content is not looked at); ``running`` while a
        living process holds the job's lock; else ``ready`` when all parents are done, and
        ``waiting`` when not. A ``run.json`` that cannot be read makes its job ``failed``, with the
        reason.
    """
    found: dict[str, JobStatus] = {}
    for job in tree.jobs:
        waits_for = tuple(p for p in job.parents if p not in found or found[p].state != "done")
        found[job.name] = _job_status(root / job.name, job, waits_for)
    return tuple(found.values())


def tree_engines(root: Path, tree: JobTree) -> dict[str, str]:
    """Return which engine each job that was ever started was calculated with, by name of job."""
    records = {job.name: _record_of(root / job.name)[0] for job in tree.jobs}
    return {name: record.engine for name, record in records.items() if record is not None}


def tree_methods(root: Path, tree: JobTree) -> tuple[str, ...]:
    """Return what calculated the jobs of a tree, in the words of ``qdstruct-engine.json``.

    One line for each way of calculating: program, version, method, INCAR tags left aside. None for
    VASP, which obeys INCAR; the mock says that its numbers are made up.
    """
    lines: dict[str, None] = {}
    if "mock" in tree_engines(root, tree).values():
        lines["mock engine: these numbers are made up, they are no physics"] = None
    for job in tree.jobs:
        with contextlib.suppress(KeyError, TypeError):
            found = _engine_document(root / job.name)
            tags = (str(tag).split(" = ")[0] for tag in found["incar_tags_left_aside"])
            aside = ", ".join(tags)
            line = f"{found['program']} {found['version']}: {found['method']}"
            lines[line + (f"; left aside: {aside}" if aside else "")] = None
    return tuple(lines)


def _job_status(directory: Path, job: Job, waits_for: tuple[str, ...]) -> JobStatus:
    record, error = _record_of(directory)
    held = is_held(directory / JOB_LOCK)
    if record is not None and record.state == "running" and not held:
        record, error = _record_of(directory)  # it may have ended between the two looks
    if error is not None:
        state = "failed"
    elif record is not None and record.state != "running":
        state = record.state
        gone = [name for name in job.provides if not _is_there(directory, name)]
        if state == "done" and gone:
            never = _engine_document(directory).get("not_calculated", {})
            gone = [name for name in gone if name not in never]
        if state == "done" and gone:
            state, record = "lost", dataclasses.replace(record, error=_lost(job, gone))
    elif held:
        state = "running"
    else:
        state = "waiting" if waits_for else "ready"
    return _filled(directory, job, record, state, error, () if state in ENDED else waits_for)


def _engine_document(directory: Path) -> dict[str, Any]:
    """Return what an engine other than VASP wrote about its run; empty where there is nothing."""
    try:
        document = json.loads((directory / ENGINE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _is_there(directory: Path, name: str) -> bool:
    for suffix in ("", *COMPRESSED):
        with contextlib.suppress(OSError):
            if (directory / f"{name}{suffix}").stat().st_size > 0:
                return True
    return False


def _lost(job: Job, names: Sequence[str]) -> str:
    verb = "is" if len(names) == 1 else "are"
    return (
        f"{', '.join(names)} {verb} gone since the job was done; put back what is gone, or make it "
        f"again: qdstruct retry TREE {job.name}"
    )


def _record_of(directory: Path) -> tuple[RunRecord | None, str | None]:
    try:
        return read_record(directory), None
    except OutputError as error:
        return None, str(error)


def _filled(
    directory: Path,
    job: Job,
    record: RunRecord | None,
    state: str,
    error: str | None,
    waits_for: tuple[str, ...],
) -> JobStatus:
    bare = JobStatus(
        name=job.name,
        kind=job.kind,
        subject=job.subject,
        state=state,
        attempts=archived_attempts(directory),
        path=str(directory),
        waits_for=waits_for,
        n_atoms=len(job.regions) or _atoms_in(directory / "POSCAR"),
        error=error,
    )
    if record is None:
        return bare
    interrupted = record.state == "running" and state != "running"
    end = record.finished or (now() if state == "running" else None)
    return dataclasses.replace(
        bare,
        attempts=record.attempts,
        energy=record.energy,
        converged=record.converged,
        max_force=record.max_force,
        seconds=None if end is None else seconds_between(record.started, end),
        corrections=record.corrections,
        error=record.error or (INTERRUPTED if interrupted else None),
    )


def _atoms_in(poscar: Path) -> int | None:
    try:
        with poscar.open(encoding="utf-8", errors="replace") as lines:
            head = [next(lines) for _ in range(7)]
        return sum(int(word) for word in head[6].split()) or None
    except (OSError, ValueError, StopIteration):
        return None


def retry(root: Path, tree: JobTree, names: Collection[str] | None = None) -> tuple[str, ...]:
    """Set jobs aside, so that the next run starts them again, and with them all that used them.

    Parameters
    ----------
    root : Path
        Directory of the tree.
    tree : JobTree
        Its jobs.
    names : collection of str, optional
        Which failed, done or lost jobs; every failed one when not given. A job that is done is
        named when its results were lost or are not believed.

    Returns
    -------
    tuple of str
        The jobs that will start again. What they left is kept in ``attempt-N``.

    Raises
    ------
    InputError
        When a name is not a job of the tree, or that job has not ended.
    LockHeldError
        When a process is still at work in one of them.
    """
    statuses = {status.name: status for status in tree_status(root, tree)}
    failed = tuple(name for name, status in statuses.items() if status.state == "failed")
    ended = tuple(name for name, status in statuses.items() if status.state in ENDED)
    asked = failed if names is None else tuple(dict.fromkeys(names))
    for name in asked:
        if name not in statuses:
            raise InputError(f"'{name}' is not a job of this tree", hint=_listing(statuses))
        if name not in ended:
            raise InputError(
                f"{name} has not failed: it is {statuses[name].state}",
                hint=f"failed jobs: {', '.join(failed) or 'none'}",
            )
    stale = _with_descendants(tree, asked)
    chosen = tuple(name for name in ended if name in stale)
    for name in chosen:
        directory = root / name
        with hold_lock(directory / JOB_LOCK, doing=f"retry {name}"):
            number = max(statuses[name].attempts, archived_attempts(directory) + 1)
            set_aside(directory, number)
    return chosen


def _with_descendants(tree: JobTree, names: Collection[str]) -> frozenset[str]:
    """Return jobs and all that follow from them; a tree lists parents before children."""
    found = set(names)
    for job in tree.jobs:
        if found.intersection(job.parents):
            found.add(job.name)
    return frozenset(found)


def _listing(names: Collection[str]) -> str:
    return f"its jobs are: {', '.join(names)}"
