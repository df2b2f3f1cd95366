"""Dynamics that were cut short go on, and their trajectory is one."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from mock_jobs import as_structure, crystal, run_job, write_job

from qdstruct.errors import OutputError
from qdstruct.jobs.trajectory import configuration
from qdstruct.model import Job, RunRecord
from qdstruct.running.restart import keep_originals, restart_from_contcar, set_aside

TAGS = {"IBRION": 0, "POTIM": 1.0, "TEBEG": 300, "ISMEAR": 0, "SIGMA": 0.05, "LCHARG": ".FALSE."}
MD = Job(name="md", kind="md", subject="x")


def cut_short(folder: Path, attempt: int, steps: int) -> None:
    """Run so many steps of the dynamics, as if the walltime had ended them, and set them aside."""
    text = (folder / "INCAR").read_text()
    (folder / "INCAR").write_text(text.replace("NSW = 7", f"NSW = {steps}"))
    run_job(folder)
    (folder / "INCAR").write_text(text)
    record = RunRecord(
        state="running", engine="mock", attempts=attempt, host="h", pid=1,
        started="2026-01-01T00:00:00Z",
    )  # fmt: skip
    (folder / "run.json").write_text(json.dumps(record.to_dict()))
    set_aside(folder, attempt)


def test_dynamics_do_the_steps_that_are_left(tmp_path: Path) -> None:
    folder = write_job(tmp_path / "md", as_structure(crystal("PbS-galena")), NSW=7, **TAGS)
    keep_originals(folder)
    cut_short(folder, 1, 3)
    ends = (folder / "attempt-1/CONTCAR").read_text()
    assert restart_from_contcar(folder, MD)
    assert (folder / "POSCAR").read_text() == ends
    assert "NSW = 5" in (folder / "INCAR").read_text()
    assert "NSW = 7" in (folder / "INCAR.orig").read_text()
    run_job(folder)
    frames = [configuration(folder, number, 8) for number in range(1, 8)]
    assert all(not np.array_equal(one, other) for one, other in itertools.pairwise(frames))
    with pytest.raises(OutputError, match="has 7 configurations, number 8 is wanted"):
        configuration(folder, 8, 8)


def test_an_attempt_that_nobody_went_on_with_does_not_count(tmp_path: Path) -> None:
    folder = write_job(tmp_path / "md", as_structure(crystal("PbS-galena")), NSW=7, **TAGS)
    cut_short(folder, 1, 3)
    run_job(folder)
    with pytest.raises(OutputError, match="has 7 configurations"):
        configuration(folder, 8, 8)
