"""A shipped study on a real Slurm with the mock: killed half-way, with a job that fails once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from running_factories import kill, slurm_answers, wait_until

from qdstruct.pipeline.prepare import prepare
from qdstruct.pipeline.run import retry, status
from qdstruct.pipeline.submit import read_profile, run_with_profile

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not slurm_answers(), reason="no Slurm answers here; tests/slurm/start.sh starts one"
    ),
]

PROFILE = 'executor = "slurm"\n[resources]\ntasks = 1\nwalltime = "00:10:00"\n'


def engine_starts(root: Path) -> dict[str, int]:
    return {
        each.name: int((root / each.name / ".mock-attempts").read_text()) for each in status(root)
    }


def state(root: Path, name: str) -> str:
    return next(each.state for each in status(root) if each.name == name)


def test_the_study_survives_its_driver_and_a_job_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, profile = tmp_path / "tree", tmp_path / "cluster.toml"
    prepare("cspbbr3-cds", root, preset="quick")
    profile.write_text(PROFILE)
    failing = os.environ | {"QDSTRUCT_MOCK_FAIL": "silent:interface/static:1"}
    command = [sys.executable, "-m", "qdstruct", "run", str(root), "--engine", "mock"]
    driver = subprocess.Popen(
        [*command, "--profile", str(profile)], env=failing,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_until(lambda: state(root, "interface/relax") == "done", "interface/relax ends", 600)
    kill(driver.pid)
    driver.wait()

    monkeypatch.setenv("QDSTRUCT_MOCK_FAIL", failing["QDSTRUCT_MOCK_FAIL"])
    found = {s.name: s for s in run_with_profile(root, read_profile(profile), engine="mock")}
    assert found["interface/static"].state == "failed"
    assert found["interface/dos"].state == "waiting"
    others = set(found) - {"interface/static", "interface/dos"}
    assert {found[name].state for name in others} == {"done"}
    assert {found[name].attempts for name in others} == {1}

    assert retry(root) == ("interface/static",)
    found = {s.name: s for s in run_with_profile(root, read_profile(profile), engine="mock")}
    assert {each.state for each in found.values()} == {"done"}
    starts = engine_starts(root)
    assert starts.pop("interface/static") == 2
    assert set(starts.values()) == {1}
    batch = json.loads((root / "interface/dos/slurm.json").read_text())
    assert batch["batch_job"].isdigit()
