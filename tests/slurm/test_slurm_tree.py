"""A tree on a real Slurm: order, failures, kills, cancellations and walltimes.

``tests/slurm/start.sh`` starts one on this machine; without a Slurm these tests are skipped.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from running_factories import (
    CHAIN,
    DIAMOND,
    behave,
    command_for,
    kill,
    lines,
    make_tree,
    slurm_answers,
    wait_until,
)

from qdstruct.running import SlurmExecutor, cancel, retry, run_tree, tree_status
from qdstruct.running.slurm import SLURM_FILE
from qdstruct.running.tree import run_command

pytestmark = pytest.mark.skipif(
    not slurm_answers(), reason="no Slurm answers here; tests/slurm/start.sh starts one"
)

DRIVER = r"""
import json, sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
from running_factories import command_for
from qdstruct.model import JobTree
from qdstruct.running import SlurmExecutor, run_tree

root = Path(sys.argv[2])
tree = JobTree.from_dict(json.loads((root / "tree.json").read_text()))
executor = SlurmExecutor(options={"time": 5, "ntasks": 1}, poll_seconds=0.2)
run_tree(root, tree, job_command=command_for(root), executor=executor)
"""


def executor(**options) -> SlurmExecutor:
    return SlurmExecutor(options={"time": 5, "ntasks": 1} | options, poll_seconds=0.2)


def run(root: Path, tree, how: str = "plain", **options) -> dict[str, tuple[str, int]]:
    statuses = run_tree(
        root, tree, job_command=command_for(root, how), executor=executor(**options)
    )
    return {status.name: (status.state, status.attempts) for status in statuses}


def batch_job(root: Path, name: str) -> str:
    return json.loads((root / name / SLURM_FILE).read_text())["batch_job"]


@pytest.mark.parametrize("name", ["plain", "with space; $(touch pwned) 'ü'"])
def test_a_tree_runs_in_order(tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    tree = make_tree(root, DIAMOND)
    assert run(root, tree) == dict.fromkeys(DIAMOND, ("done", 1))
    starts = lines(root / "starts.log")
    assert sorted(starts) == sorted(DIAMOND)
    assert starts.index("end") > max(starts.index("left"), starts.index("right"))
    assert not list(tmp_path.rglob("pwned"))


def test_a_killed_driver_leaves_its_batch_jobs_to_the_next(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, DIAMOND)
    behave(tmp_path, "top", "hang")
    script = tmp_path / "slurm_driver.py"
    script.write_text(DRIVER)
    driver = subprocess.Popen(
        [sys.executable, str(script), str(Path(__file__).parents[1]), str(tmp_path)]
    )
    wait_until(lambda: "top" in lines(tmp_path / "starts.log"), "top starts")
    before = batch_job(tmp_path, "top")
    kill(driver.pid)
    driver.wait()
    (tmp_path / "go").touch()
    assert run(tmp_path, tree) == dict.fromkeys(DIAMOND, ("done", 1))
    assert batch_job(tmp_path, "top") == before
    assert sorted(lines(tmp_path / "starts.log")) == sorted(DIAMOND)


def test_cancel_reaches_the_batch_jobs_of_a_killed_driver(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"one": ()})
    behave(tmp_path, "one", "hang")
    pool = executor()
    pool.submit(run_command, command_for(tmp_path)("one"), str(tmp_path / "one"))
    wait_until(lambda: lines(tmp_path / "starts.log") == ["one"], "one starts")
    assert cancel(tmp_path, tree) == ("one",)
    assert tree_status(tmp_path, tree)[0].state == "ready"
    pool.shutdown(wait=False)


def test_a_queued_batch_job_is_not_submitted_twice(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"one": ()})
    pool = executor(begin="now+60")
    first = pool.submit(run_command, command_for(tmp_path)("one"), str(tmp_path / "one"))
    before = batch_job(tmp_path, "one")
    second = executor().submit(run_command, command_for(tmp_path)("one"), str(tmp_path / "one"))
    assert batch_job(tmp_path, "one") == before
    assert second.cancel()  # cancels the batch job that both follow
    wait_until(first.done, "the first one learns that its batch job is gone")
    assert run(tmp_path, tree) == {"one": ("done", 1)}
    assert batch_job(tmp_path, "one") != before


def test_a_failed_job_keeps_only_its_descendants_back(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, DIAMOND)
    behave(tmp_path, "left", "crash")
    states = run(tmp_path, tree)
    assert states == {
        "top": ("done", 1), "left": ("failed", 1), "right": ("done", 1), "end": ("waiting", 0),
        "alone": ("done", 1),
    }  # fmt: skip
    (tmp_path / "mended").touch()
    assert retry(tmp_path, tree) == ("left",)
    states = run(tmp_path, tree)
    assert {name: state for name, (state, _) in states.items()} == dict.fromkeys(DIAMOND, "done")
    starts = lines(tmp_path / "starts.log")
    assert [starts.count(name) for name in DIAMOND] == [1, 2, 1, 1, 1]


def test_a_cancelled_batch_job_starts_again_with_the_next_run(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, CHAIN)
    behave(tmp_path, "a/relax", "hang")

    def cancel(_) -> None:
        if lines(tmp_path / "starts.log") == ["a/relax"]:
            subprocess.run(["scancel", batch_job(tmp_path, "a/relax")], timeout=20, check=True)

    statuses = run_tree(
        tmp_path, tree, job_command=command_for(tmp_path), executor=executor(), on_change=cancel
    )
    assert [s.state for s in statuses] == ["ready", "waiting", "waiting"]
    assert run(tmp_path, tree) == {
        "a/relax": ("done", 2), "a/static": ("done", 1), "a/dos": ("done", 1),
    }  # fmt: skip


def test_stopping_the_driver_cancels_its_batch_jobs(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"one": ()})
    behave(tmp_path, "one", "hang")
    run_tree(
        tmp_path,
        tree,
        job_command=command_for(tmp_path),
        executor=executor(),
        should_stop=lambda: bool(lines(tmp_path / "starts.log")),
    )
    wait_until(lambda: tree_status(tmp_path, tree)[0].state == "ready", "the batch job ends")
    assert run(tmp_path, tree) == {"one": ("done", 2)}


def test_a_job_that_slurm_refuses_is_explained(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"one": ()})
    statuses = run_tree(
        tmp_path,
        tree,
        job_command=command_for(tmp_path),
        executor=executor(partition="no-such-partition"),
    )
    assert "invalid partition" in str(statuses[0].error)


@pytest.mark.slow
def test_a_walltime_too_short_restarts_from_the_last_structure(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"relax": ()})
    behave(tmp_path, "relax", "slow")
    assert run(tmp_path, tree, "custodian", time=1) == {"relax": ("done", 2)}
    assert "0.51 0.5 0.5" in (tmp_path / "relax/seen.POSCAR").read_text()
