"""A plain chain of batch scripts on a real Slurm, with the mock as engine."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import jobs_factories as make
import pytest
from running_factories import slurm_answers

from qdstruct.jobs import write_structure_tree
from qdstruct.model import CalculationSettings
from qdstruct.pipeline.run import status
from qdstruct.pipeline.submit import read_profile, submit_plain

pytestmark = pytest.mark.skipif(
    not slurm_answers(), reason="no Slurm answers here; tests/slurm/start.sh starts one"
)

PROFILE = """\
executor = "slurm"
[resources]
tasks = 1
walltime = "00:05:00"
"""


def chain(folder: Path) -> tuple[Path, Path]:
    root = folder / "tree with space; $(touch pwned) 'ü'"
    root.mkdir()
    write_structure_tree(
        root, study_name="galena", subject="galena", atoms=make.film_phase().atoms,
        settings=CalculationSettings(preset="quick", kpoint_spacing=2.0),
    )  # fmt: skip
    profile = folder / "cluster.toml"
    profile.write_text(PROFILE)
    return root, submit_plain(root, read_profile(profile), engine="mock")


def states(root: Path) -> dict[str, str]:
    return {each.name: each.state for each in status(root)}


def submit(script: Path) -> list[str]:
    done = subprocess.run(["bash", str(script)], capture_output=True, text=True, check=True)
    return [line.split("\t")[1] for line in done.stdout.splitlines()]


def wait_for_the_queue(seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        queue = subprocess.run(
            ["squeue", "--noheader", "--me"], capture_output=True, text=True, timeout=20, check=True
        )
        if not queue.stdout.strip():
            return
        time.sleep(0.5)
    raise AssertionError("the queue never emptied")


def test_a_chain_runs_in_order_and_is_not_submitted_twice(tmp_path: Path) -> None:
    root, script = chain(tmp_path)
    names = ["galena/relax", "galena/static", "galena/dos"]
    assert submit(script) == names
    assert submit(script) == []  # what is queued already is left alone
    wait_for_the_queue()
    assert states(root) == dict.fromkeys(names, "done")
    assert submit(script) == []
    assert not list(tmp_path.rglob("pwned"))


def test_a_failed_job_takes_its_descendants_out_of_the_queue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QDSTRUCT_MOCK_FAIL", "silent:galena/static")
    root, script = chain(tmp_path)
    submit(script)
    wait_for_the_queue()  # ends, since --kill-on-invalid-dep removes what can never start
    found = {each.name: (each.state, each.error) for each in status(root)}
    assert found["galena/relax"][0] == "done"
    assert found["galena/static"] == ("failed", "CONTCAR is missing")
    assert found["galena/dos"][0] == "waiting"
    monkeypatch.delenv("QDSTRUCT_MOCK_FAIL")
    assert submit(script) == ["galena/static", "galena/dos"]
    wait_for_the_queue()
    assert set(states(root).values()) == {"done"}
