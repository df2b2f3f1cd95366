"""The whole main job: ``cspbbr3-cds``, on the mock unless told otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qdstruct.errors import RunError
from qdstruct.model import JobStatus, StudyResults
from qdstruct.pipeline.analyse import analyse
from qdstruct.pipeline.prepare import prepare
from qdstruct.pipeline.reporting import write_everything
from qdstruct.pipeline.run import run

__all__ = ["DEMO_STUDY", "demo"]

DEMO_STUDY = "cspbbr3-cds"
DEMO_PRESET = "quick"
"""Coarse settings: the mock needs no plane waves, and the demo's files stay small."""


def demo(
    root: Path,
    *,
    engine: str = "mock",
    force: bool = False,
    n_workers: int = 2,
    on_step: Callable[[str], None] = lambda _: None,
    on_change: Callable[[tuple[JobStatus, ...]], None] | None = None,
) -> StudyResults:
    """Match, build, prepare, run, analyse and report.

    Parameters
    ----------
    root : Path
        Directory to make. One that a killed demo left behind is continued.
    engine : {"mock", "xtb", "gpaw", "vasp"}
        What calculates.
    force : bool
        Replace an existing directory instead.
    n_workers : int
        Jobs at a time.
    on_step, on_change : callable
        Told what happens, for display.

    Raises
    ------
    RunError
        If a job failed.
    """
    if force or not (root / "tree.json").is_file():
        on_step(f"match, build and prepare {DEMO_STUDY}")
        prepare(DEMO_STUDY, root, preset=DEMO_PRESET, force=force)
    on_step(f"run every job on the {engine} engine")
    statuses = run(root, engine=engine, n_workers=n_workers, on_change=on_change)
    failed = [status.name for status in statuses if status.state != "done"]
    if failed:
        raise RunError(
            f"not every job is done: {', '.join(failed)}",
            hint=f"see job.log in each of them, and qdstruct status {root}",
        )
    on_step("analyse and draw")
    results = analyse(root)
    write_everything(root, results)
    return results
