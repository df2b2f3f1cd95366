"""A tree on a real engine loses its driver, its job and its engine at once, and goes on."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
from ase.build import molecule
from running_factories import free, kill, wait_until

from qdstruct.jobs import write_structure_tree
from qdstruct.model import CalculationSettings
from qdstruct.pipeline.run import status
from qdstruct.running.locks import ENGINE_LOCK, JOB_LOCK, holder, is_held

pytest.importorskip("tblite", reason="tblite is not installed")
FIRST, SECOND = "water/relax", "water/static"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    atoms = molecule("H2O", cell=[8, 8, 8], pbc=True)
    atoms.center()
    made = write_structure_tree(
        tmp_path, study_name="water", subject="water", atoms=atoms,
        settings=CalculationSettings(preset="quick"),
    )  # fmt: skip
    two = dataclasses.replace(made, jobs=made.jobs[:2])
    (tmp_path / "tree.json").write_text(json.dumps(two.to_dict()))
    return tmp_path


def start(root: Path) -> subprocess.Popen[bytes]:
    with (root / "driver.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "qdstruct", "run", str(root), "--engine", "xtb"],
            stdout=log, stderr=log,
        )  # fmt: skip


def fingerprint(directory: Path) -> dict[str, tuple[int, bytes]]:
    files = ("run.json", "OUTCAR", "CONTCAR", "POSCAR")
    return {name: ((directory / name).stat().st_mtime_ns, (directory / name).read_bytes())
            for name in files}  # fmt: skip


@pytest.mark.slow
def test_a_killed_tree_repeats_nothing_that_was_finished(root: Path) -> None:
    driver = start(root)
    engine = root / SECOND / ENGINE_LOCK
    wait_until(lambda: is_held(engine) and holder(engine)[0] > 1, "the second job starts", 60)
    for pid in (driver.pid, holder(root / SECOND / JOB_LOCK)[0], holder(engine)[0]):
        kill(pid)
    driver.wait()
    wait_until(lambda: not is_held(engine) and free(root, [SECOND]), "all of them are gone")
    assert [each.state for each in status(root)] == ["done", "ready"]
    before = fingerprint(root / FIRST)
    assert start(root).wait(timeout=60) == 0, (root / "driver.log").read_text()
    found = status(root)
    assert [(each.state, each.attempts) for each in found] == [("done", 1), ("done", 2)]
    assert fingerprint(root / FIRST) == before
    # GFN1-xTB of water at its own geometry, the same in both jobs
    assert found[1].energy == pytest.approx(found[0].energy, abs=1e-3)
    assert (root / SECOND / "attempt-1").is_dir()
