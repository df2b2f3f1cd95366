"""A tree runs once, in order, side by side where it may, and goes on where it was cut off."""

from __future__ import annotations

import json
import signal
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest
from running_factories import (
    CHAIN,
    DIAMOND,
    behave,
    command_for,
    free,
    kill,
    lines,
    make_tree,
    start_driver,
    wait_until,
)

from qdstruct.running import LockHeldError, cancel, retry, run_tree, tree_status
from qdstruct.running.locks import ENGINE_LOCK, JOB_LOCK, TREE_LOCK, hold_lock, holder, is_held


def states(statuses) -> dict[str, str]:
    return {status.name: status.state for status in statuses}


def test_runs_every_job_once_parents_first(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, DIAMOND)
    seen = []
    statuses = run_tree(
        tmp_path, tree, job_command=command_for(tmp_path), on_change=lambda s: seen.append(s)
    )
    assert set(states(statuses).values()) == {"done"}
    starts = lines(tmp_path / "starts.log")
    assert sorted(starts) == sorted(DIAMOND)
    assert starts.index("top") < min(starts.index("left"), starts.index("right"))
    assert starts.index("end") > max(starts.index("left"), starts.index("right"))
    assert states(seen[0]) == {
        "top": "ready", "left": "waiting", "right": "waiting", "end": "waiting", "alone": "ready",
    }  # fmt: skip
    assert all(s.energy == -8.1 and s.attempts == 1 and s.seconds > 0 for s in statuses)


def test_running_again_starts_nothing(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"one": ()})
    for _ in range(2):
        statuses = run_tree(tmp_path, tree, job_command=command_for(tmp_path))
    assert states(statuses) == {"one": "done"}
    assert lines(tmp_path / "starts.log") == ["one"]


def test_independent_jobs_run_side_by_side(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"one": (), "two": ()})
    for name in ("one", "two"):
        behave(tmp_path, name, "meet")  # each ends only after the other has begun
    statuses = run_tree(tmp_path, tree, job_command=command_for(tmp_path), n_workers=2)
    assert set(states(statuses).values()) == {"done"}


@pytest.mark.parametrize("kind", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_any_executor_serves(tmp_path: Path, kind) -> None:
    tree = make_tree(tmp_path, CHAIN)
    with kind(1) as executor:
        statuses = run_tree(tmp_path, tree, job_command=command_for(tmp_path), executor=executor)
        assert executor.submit(int, "3").result() == 3  # a borrowed executor is left open
    assert set(states(statuses).values()) == {"done"}


def test_a_failed_job_stops_its_branch_alone_and_retry_finishes_it(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, DIAMOND)
    behave(tmp_path, "left", "crash")
    statuses = run_tree(tmp_path, tree, job_command=command_for(tmp_path))
    assert states(statuses) == {
        "top": "done", "left": "failed", "right": "done", "end": "waiting", "alone": "done",
    }  # fmt: skip
    by_name = {s.name: s for s in statuses}
    assert by_name["end"].waits_for == ("left",)
    assert "exit code 3" in by_name["left"].error
    run_tree(tmp_path, tree, job_command=command_for(tmp_path))
    assert lines(tmp_path / "starts.log").count("left") == 1  # a failure waits for `retry`
    (tmp_path / "mended").touch()
    assert retry(tmp_path, tree) == ("left",)
    statuses = run_tree(tmp_path, tree, job_command=command_for(tmp_path))
    assert set(states(statuses).values()) == {"done"}
    assert {s.name: s.attempts for s in statuses} == {
        "top": 1, "left": 2, "right": 1, "end": 1, "alone": 1,
    }  # fmt: skip
    starts = lines(tmp_path / "starts.log")
    assert {name: starts.count(name) for name in DIAMOND} == {
        "top": 1, "left": 2, "right": 1, "end": 1, "alone": 1,
    }  # fmt: skip


def test_killed_driver_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, DIAMOND)
    behave(tmp_path, "left", "hang")
    driver = start_driver(tmp_path)
    wait_until(lambda: "left" in lines(tmp_path / "starts.log"), "left starts")
    kill(driver.pid)
    driver.wait()
    assert not is_held(tmp_path / TREE_LOCK)
    again = start_driver(tmp_path)  # waits for the orphan instead of starting it a second time
    wait_until(lambda: is_held(tmp_path / TREE_LOCK), "the second driver is at work")
    (tmp_path / "go").touch()
    assert again.wait() == 0
    assert sorted(lines(tmp_path / "starts.log")) == sorted(DIAMOND)
    assert all(s.attempts == 1 for s in tree_status(tmp_path, tree))


def test_killed_job_and_engine_start_again(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, CHAIN)
    behave(tmp_path, "a/static", "hang")
    driver = start_driver(tmp_path)
    wait_until(lambda: "a/static" in lines(tmp_path / "starts.log"), "static starts")
    wait_until(lambda: holder(tmp_path / "a/static" / ENGINE_LOCK)[0] > 0, "engine is known")
    kill(holder(tmp_path / "a/static" / JOB_LOCK)[0])
    kill(holder(tmp_path / "a/static" / ENGINE_LOCK)[0])
    assert driver.wait() == 1  # it does not guess: whoever killed the job may have had a reason
    assert states(tree_status(tmp_path, tree)) == {
        "a/relax": "done", "a/static": "ready", "a/dos": "waiting",
    }  # fmt: skip
    statuses = run_tree(tmp_path, tree, job_command=command_for(tmp_path))
    assert {s.name: (s.state, s.attempts) for s in statuses} == {
        "a/relax": ("done", 1), "a/static": ("done", 2), "a/dos": ("done", 1),
    }  # fmt: skip
    kept = json.loads((tmp_path / "a/static/attempt-1/run.json").read_text())
    assert kept["state"] == "running"


def test_everything_killed_at_once_goes_on(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, DIAMOND)
    behave(tmp_path, "left", "hang")
    behave(tmp_path, "right", "hang")
    driver = start_driver(tmp_path)
    wait_until(lambda: {"left", "right"} <= set(lines(tmp_path / "starts.log")), "both start")
    pids = [
        holder(tmp_path / name / lock)[0]
        for name in ("left", "right")
        for lock in (JOB_LOCK, ENGINE_LOCK)
    ]
    for pid in [driver.pid, *pids]:
        kill(pid)
    driver.wait()
    statuses = run_tree(tmp_path, tree, job_command=command_for(tmp_path))
    assert set(states(statuses).values()) == {"done"}
    starts = lines(tmp_path / "starts.log")
    assert {name: starts.count(name) for name in DIAMOND} == {
        "top": 1, "left": 2, "right": 2, "end": 1, "alone": 1,
    }  # fmt: skip
    assert sorted(lines(tmp_path / "ends.log")) == sorted(DIAMOND)


def test_an_interrupt_stops_jobs_and_engines(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"one": (), "two": ("one",)})
    behave(tmp_path, "one", "hang")
    driver = start_driver(tmp_path)
    wait_until(lambda: "one" in lines(tmp_path / "starts.log"), "one starts")
    driver.send_signal(signal.SIGINT)
    assert driver.wait() != 0
    assert "KeyboardInterrupt" in (tmp_path / "driver.log").read_text()
    assert free(tmp_path, ["one"])
    assert not is_held(tmp_path / "one" / ENGINE_LOCK)
    assert states(tree_status(tmp_path, tree)) == {"one": "ready", "two": "waiting"}
    statuses = run_tree(tmp_path, tree, job_command=command_for(tmp_path))
    assert [s.attempts for s in statuses] == [2, 1]
    assert set(states(statuses).values()) == {"done"}


def test_it_can_be_asked_to_stop(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, CHAIN)
    behave(tmp_path, "a/relax", "hang")
    statuses = run_tree(
        tmp_path,
        tree,
        job_command=command_for(tmp_path),
        should_stop=lambda: bool(lines(tmp_path / "starts.log")),
    )
    assert [s.state for s in statuses] == ["ready", "waiting", "waiting"]
    assert free(tmp_path, CHAIN)


def test_a_second_run_leaves_the_tree_alone(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, CHAIN)
    with hold_lock(tmp_path / TREE_LOCK, doing="a test"):
        driver = start_driver(tmp_path)
        assert driver.wait() == 1
        assert "is at it already" in (tmp_path / "driver.log").read_text()
        with pytest.raises(LockHeldError, match=r"process \d+ on .* is at it already"):
            run_tree(tmp_path, tree, job_command=command_for(tmp_path))
    assert not (tmp_path / "starts.log").exists()


@pytest.mark.parametrize(
    "name", ["with space", "Überprüfung-层", "a;touch pwned;$(touch pwned)'\"", "[x]*?{y}"]
)
def test_strange_paths(tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    tree = make_tree(root, {"one job": ()})
    statuses = run_tree(root, tree, job_command=command_for(root))
    assert states(statuses) == {"one job": "done"}
    assert not list(tmp_path.rglob("pwned"))


def test_a_process_that_dies_without_a_record_is_explained(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, CHAIN)
    statuses = run_tree(
        tmp_path, tree, job_command=lambda name: ["sh", "-c", "echo no such module; exit 4"]
    )
    assert statuses[0].state == "ready"
    assert "exit code 4" in statuses[0].error
    assert "no such module" in statuses[0].error
    statuses = run_tree(tmp_path, tree, job_command=lambda name: ["/no/such/program"])
    assert "could not be started" in statuses[0].error


def test_a_job_whose_batch_job_was_too_short_goes_on_in_another(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"relax": (), "next": ("relax",)})
    behave(tmp_path, "relax", "slow")
    stopped, plain = command_for(tmp_path, "custodian"), command_for(tmp_path)

    def command(name: str) -> list[str]:
        if name == "relax":
            return ["env", "QDSTRUCT_END_TIME=1", *stopped(name)]
        return plain(name)

    statuses = run_tree(tmp_path, tree, job_command=command)
    assert [(s.state, s.attempts) for s in statuses] == [("done", 2), ("done", 1)]


@pytest.mark.parametrize("driven", [True, False])
def test_cancel_stops_the_run_and_what_it_left_behind(tmp_path: Path, driven: bool) -> None:
    tree = make_tree(tmp_path, CHAIN)
    behave(tmp_path, "a/relax", "hang")
    driver = start_driver(tmp_path)
    wait_until(lambda: "a/relax" in lines(tmp_path / "starts.log"), "relax starts")
    if not driven:
        kill(driver.pid)
        driver.wait()
    assert cancel(tmp_path, tree) == ("a/relax",)
    driver.wait()
    assert free(tmp_path, CHAIN)
    assert not is_held(tmp_path / "a/relax" / ENGINE_LOCK)
    assert [s.state for s in tree_status(tmp_path, tree)] == ["ready", "waiting", "waiting"]
    assert cancel(tmp_path, tree) == ()
    statuses = run_tree(tmp_path, tree, job_command=command_for(tmp_path))
    assert [(s.state, s.attempts) for s in statuses] == [("done", 2), ("done", 1), ("done", 1)]
