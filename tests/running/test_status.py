"""States come from files and locks alone, and only failed jobs can be retried."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running_factories import CHAIN, DIAMOND, command_for, make_tree

from qdstruct.errors import InputError, RunError
from qdstruct.model import JOB_STATES, JobTree, RunRecord
from qdstruct.running import LockHeldError, require_all_done, retry, run_tree, tree_status
from qdstruct.running.locks import JOB_LOCK, hold_lock, is_held
from qdstruct.running.status import INTERRUPTED


def record(root: Path, name: str, state: str, **changes) -> None:
    fields = {"engine": "mock", "attempts": 1, "host": "h", "pid": 1}
    times = {"started": "2026-01-01T00:00:00+00:00", "finished": "2026-01-01T00:01:30+00:00"}
    written = RunRecord(**({"state": state} | fields | times | changes))
    (root / name / "run.json").write_text(json.dumps(written.to_dict()))


def test_a_fresh_tree_is_ready_at_its_roots(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, DIAMOND)
    statuses = tree_status(tmp_path, tree)
    assert [s.name for s in statuses] == list(DIAMOND)
    assert {s.name: s.state for s in statuses if s.state == "ready"} == {
        "top": "ready",
        "alone": "ready",
    }
    assert statuses[3].waits_for == ("left", "right")
    assert all(s.attempts == 0 and s.n_atoms == 2 for s in statuses)
    assert statuses[0].path == str(tmp_path / "top")


def test_what_the_record_says_is_shown(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, CHAIN)
    record(tmp_path, "a/relax", "done", energy=-9.5, converged=True, max_force=0.01)
    record(tmp_path, "a/static", "failed", error="no", corrections=("zbrent: x",), attempts=3)
    relax, static, dos = tree_status(tmp_path, tree)
    assert (relax.state, relax.energy, relax.seconds) == ("done", -9.5, 90.0)
    assert (relax.converged, relax.max_force) == (True, 0.01)
    assert (static.state, static.error, static.attempts) == ("failed", "no", 3)
    assert static.corrections == ("zbrent: x",)
    assert (dos.state, dos.waits_for) == ("waiting", ("a/static",))


def test_running_needs_a_living_process(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"one": ()})
    record(tmp_path, "one", "running", finished=None)
    (status,) = tree_status(tmp_path, tree)
    assert (status.state, status.error, status.seconds) == ("ready", INTERRUPTED, None)
    with hold_lock(tmp_path / "one" / JOB_LOCK, doing="a test"):
        (status,) = tree_status(tmp_path, tree)
        assert (status.state, status.error) == ("running", None)
        assert status.seconds is not None
        (tmp_path / "one/run.json").unlink()
        assert tree_status(tmp_path, tree)[0].state == "running"  # taken, about to stage
    assert tree_status(tmp_path, tree)[0].state == "ready"


@pytest.mark.parametrize("text", ["", "{", "null", '{"state": 3}', '{"colour": "red"}'])
def test_a_damaged_record_fails_its_job_alone(tmp_path: Path, text: str) -> None:
    tree = make_tree(tmp_path, {"one": (), "two": ("one",), "three": ()})
    (tmp_path / "one/run.json").write_text(text)
    one, two, three = tree_status(tmp_path, tree)
    assert [s.state for s in (one, two, three)] == ["failed", "waiting", "ready"]
    assert "one/run.json: not a run record" in str(one.error)
    assert retry(tmp_path, tree) == ("one",)
    assert tree_status(tmp_path, tree)[0].state == "ready"
    assert (tmp_path / "one/attempt-1/run.json").read_text() == text


def test_retry_touches_failed_jobs_only(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, DIAMOND)
    record(tmp_path, "top", "done")
    record(tmp_path, "left", "failed", attempts=2)
    record(tmp_path, "alone", "failed")
    for name in ("left", "alone", "right"):
        (tmp_path / name / "OUTCAR").write_text(name)
    assert retry(tmp_path, tree, ["left"]) == ("left",)
    states = {s.name: (s.state, s.attempts) for s in tree_status(tmp_path, tree)}
    assert states["left"] == ("ready", 2)
    assert states["alone"] == ("failed", 1)
    assert states["top"] == ("done", 1)
    assert (tmp_path / "left/attempt-2/OUTCAR").read_text() == "left"
    assert (tmp_path / "right/OUTCAR").read_text() == "right"
    assert retry(tmp_path, tree) == ("alone",)
    assert retry(tmp_path, tree) == ()


def test_retry_of_a_done_job_takes_along_what_used_it(tmp_path: Path) -> None:
    """A result that was lost after the job ended can be made again, and nothing stale remains."""
    tree = make_tree(tmp_path, DIAMOND)
    for name in ("top", "left", "right", "alone"):
        record(tmp_path, name, "done")
    assert retry(tmp_path, tree) == ()
    assert set(retry(tmp_path, tree, ["top"])) == {"top", "left", "right"}
    states = {s.name: s.state for s in tree_status(tmp_path, tree)}
    assert states["top"] == "ready"
    assert (states["left"], states["right"], states["alone"]) == ("waiting", "waiting", "done")


def promising(root: Path, jobs: dict[str, tuple[str, ...]], *files: str) -> JobTree:
    """A tree whose jobs must provide `files`, all of them done and whole."""
    tree = make_tree(root, jobs)
    made = tuple(dataclasses.replace(job, provides=files) for job in tree.jobs)
    for job in made:
        record(root, job.name, "done")
        for name in files:
            (root / job.name / name).write_text("whole")
    return dataclasses.replace(tree, jobs=made)


@pytest.mark.parametrize("damage", ["gone", "empty"])
def test_a_done_job_that_lost_a_file_is_not_called_done(tmp_path: Path, damage: str) -> None:
    tree = promising(tmp_path, CHAIN, "CHGCAR", "OUTCAR")
    assert {s.state for s in tree_status(tmp_path, tree)} == {"done"}
    path = tmp_path / "a/static/CHGCAR"
    path.unlink() if damage == "gone" else path.write_text("")
    states = {s.name: s for s in tree_status(tmp_path, tree)}
    assert [states[name].state for name in CHAIN] == ["done", "lost", "done"]
    assert states["a/static"].error == (
        "CHGCAR is gone since the job was done; put back what is gone, or make it again: "
        "qdstruct retry TREE a/static"
    )
    with pytest.raises(RunError, match="a/static: lost: CHGCAR is gone"):
        require_all_done(tuple(states.values()))


def test_a_compressed_file_is_not_lost(tmp_path: Path) -> None:
    tree = promising(tmp_path, {"one": ()}, "CHGCAR")
    (tmp_path / "one/CHGCAR").rename(tmp_path / "one/CHGCAR.gz")
    assert tree_status(tmp_path, tree)[0].state == "done"


def test_run_leaves_a_lost_job_and_what_waits_for_it(tmp_path: Path) -> None:
    tree = promising(tmp_path, CHAIN, "OUTCAR")
    (tmp_path / "a/relax/OUTCAR").unlink()
    (tmp_path / "a/static/run.json").unlink()
    statuses = run_tree(tmp_path, tree, job_command=command_for(tmp_path))
    assert [s.state for s in statuses] == ["lost", "waiting", "done"]
    assert not (tmp_path / "starts.log").exists()
    assert set(retry(tmp_path, tree, ["a/relax"])) == {"a/relax", "a/dos"}
    statuses = run_tree(tmp_path, tree, job_command=command_for(tmp_path))
    assert [s.state for s in statuses] == ["done", "done", "done"]


def test_retry_refuses_other_names(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, CHAIN)
    record(tmp_path, "a/relax", "failed")
    with pytest.raises(InputError, match="'a/rela' is not a job of this tree"):
        retry(tmp_path, tree, ["a/relax", "a/rela"])
    with pytest.raises(InputError, match="a/static has not failed: it is waiting") as caught:
        retry(tmp_path, tree, ["a/relax", "a/static"])
    assert "a/relax" in str(caught.value.hint)
    assert tree_status(tmp_path, tree)[0].state == "failed"  # refused as a whole


def test_status_needs_no_write_permission(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"one": ()})
    before = sorted(p.name for p in (tmp_path / "one").iterdir())
    tree_status(tmp_path, tree)
    assert sorted(p.name for p in (tmp_path / "one").iterdir()) == before


def test_a_lock_is_free_when_its_holder_is_gone(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    assert not is_held(lock)
    with hold_lock(lock, doing="a test"):
        assert is_held(lock)
        assert lock.read_text().split()[0] == str(os.getpid())
        with pytest.raises(LockHeldError, match=f"process {os.getpid()} on "):
            hold_lock(lock, doing="again").__enter__()
    assert not is_held(lock)


def test_open_jobs_are_named_with_their_reasons(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, CHAIN)
    record(tmp_path, "a/relax", "failed", error="out of wood")
    with pytest.raises(Exception, match="3 of 3 jobs are not done") as caught:
        require_all_done(tree_status(tmp_path, tree))
    assert "a/relax: failed: out of wood" in str(caught.value)
    assert "qdstruct retry" in str(caught.value)
    for name in CHAIN:
        record(tmp_path, name, "done")
    require_all_done(tree_status(tmp_path, tree))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_states_agree_with_the_records_of_any_tree(tmp_path_factory, data) -> None:
    names = [f"job{i}" for i in range(data.draw(st.integers(1, 6)))]
    jobs = {
        name: tuple(data.draw(st.lists(st.sampled_from(names[:i]), unique=True))) if i else ()
        for i, name in enumerate(names)
    }
    root = tmp_path_factory.mktemp("tree")
    tree = make_tree(root, jobs)
    recorded = {n: data.draw(st.sampled_from([None, "done", "failed", "running"])) for n in names}
    for name, state in recorded.items():
        if state is not None:
            record(root, name, state)
    for status in tree_status(root, tree):
        assert status.state in JOB_STATES
        assert (status.state in ("done", "failed")) == (recorded[status.name] in ("done", "failed"))
        if status.state in ("ready", "waiting"):
            undone = tuple(p for p in jobs[status.name] if recorded[p] != "done")
            assert status.waits_for == undone
            assert (status.state == "ready") == (not undone)
