"""Jobs that fork from a preloaded process are processes of their own all the same."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running_factories import DIAMOND, ENTRY_SCRIPT, behave, free, kill, lines, make_tree

from qdstruct.running import PreloadedExecutor, run_tree
from qdstruct.running.locks import ENGINE_LOCK, JOB_LOCK, holder, is_held
from qdstruct.running.tree import run_command

COUNTED = """
import sys

def preload():
    with open(__file__ + ".preloaded", "a") as file:
        file.write("x")

def main():
    sys.exit(7)
"""


@contextlib.contextmanager
def started(modules: Path) -> Iterator[PreloadedExecutor]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{modules}:{os.environ.get('PYTHONPATH', '')}")
        executor = PreloadedExecutor(2)
    yield executor
    executor.shutdown()


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("modules")
    (folder / "entry.py").write_text(ENTRY_SCRIPT)
    (folder / "broken.py").write_text("raise ImportError('half an installation')")
    (folder / "counted.py").write_text(COUNTED)
    return folder


@pytest.fixture(scope="module")
def pool(modules: Path) -> Iterator[PreloadedExecutor]:
    """One server for all tests but the one that kills it: each takes seconds to start."""
    with started(modules) as executor:
        yield executor


def module_command(root: Path, how: str = "custodian") -> Callable[[str], list[str]]:
    return lambda name: [sys.executable, "-m", "entry", how, str(root), name]


def test_a_tree_runs_as_usual(tmp_path: Path, pool: PreloadedExecutor) -> None:
    tree = make_tree(tmp_path, DIAMOND)
    behave(tmp_path, "left", "crash")
    statuses = run_tree(tmp_path, tree, job_command=module_command(tmp_path), executor=pool)
    assert {s.name: s.state for s in statuses} == {
        "top": "done", "left": "failed", "right": "done", "end": "waiting", "alone": "done",
    }  # fmt: skip
    starts = lines(tmp_path / "starts.log")
    assert sorted(starts) == ["alone", "left", "right", "top"]


def test_jobs_run_side_by_side_but_not_more_than_asked(
    tmp_path: Path, pool: PreloadedExecutor
) -> None:
    tree = make_tree(tmp_path, {"one": (), "two": (), "three": ()})
    for name in ("one", "two"):
        behave(tmp_path, name, "meet")
    most = 0

    def count(statuses) -> None:
        nonlocal most
        most = max(most, sum(s.state == "running" for s in statuses))

    statuses = run_tree(
        tmp_path, tree, job_command=module_command(tmp_path), executor=pool, on_change=count
    )
    assert {s.state for s in statuses} == {"done"}
    assert most <= 2


def test_a_killed_job_is_killed_alone(tmp_path: Path, pool: PreloadedExecutor) -> None:
    tree = make_tree(tmp_path, {"one": (), "two": ()})
    behave(tmp_path, "one", "hang")

    def strike(_) -> None:
        if "one" in lines(tmp_path / "starts.log") and is_held(tmp_path / "one" / ENGINE_LOCK):
            for lock in (JOB_LOCK, ENGINE_LOCK):
                if is_held(tmp_path / "one" / lock):
                    kill(holder(tmp_path / "one" / lock)[0])

    start = module_command(tmp_path)
    statuses = run_tree(tmp_path, tree, job_command=start, executor=pool, on_change=strike)
    assert [s.state for s in statuses] == ["ready", "done"]
    assert "killed by signal 9" in str(statuses[0].error)
    statuses = run_tree(tmp_path, tree, job_command=start, executor=pool)
    assert [(s.state, s.attempts) for s in statuses] == [("done", 2), ("done", 1)]


def test_jobs_outlive_the_server_and_are_awaited(tmp_path: Path, modules: Path) -> None:
    tree = make_tree(tmp_path, {"one": (), "two": ("one",)})
    behave(tmp_path, "one", "hang")
    struck = []
    with started(modules) as pool:

        def strike(_) -> None:
            if not struck and "one" in lines(tmp_path / "starts.log"):
                struck.append(kill(pool._server.pid))
            elif struck:
                (tmp_path / "go").touch()

        statuses = run_tree(
            tmp_path, tree, job_command=module_command(tmp_path), executor=pool, on_change=strike
        )
    assert [(s.state, s.attempts) for s in statuses] == [("done", 1), ("ready", 0)]
    assert "could not be started" in str(statuses[1].error)
    assert lines(tmp_path / "starts.log") == ["one"]


def test_stopping_ends_the_forks(tmp_path: Path, pool: PreloadedExecutor) -> None:
    tree = make_tree(tmp_path, {"one": (), "two": ("one",)})
    behave(tmp_path, "one", "hang")
    run_tree(
        tmp_path,
        tree,
        job_command=module_command(tmp_path),
        executor=pool,
        should_stop=lambda: bool(lines(tmp_path / "starts.log")),
    )
    assert free(tmp_path, ["one", "two"])
    assert not is_held(tmp_path / "one" / ENGINE_LOCK)


def test_a_broken_module_is_explained_in_the_log(tmp_path: Path, pool: PreloadedExecutor) -> None:
    future = pool.submit(run_command, [sys.executable, "-m", "broken"], str(tmp_path))
    assert future.result() == 1
    assert "half an installation" in (tmp_path / "job.log").read_text()
    with pytest.raises(TypeError, match="not a module of this Python"):
        pool.submit(run_command, ["vasp"], str(tmp_path))
    with pytest.raises(TypeError, match="only"):
        pool.submit(print, "x")


def test_what_a_module_preloads_is_loaded_once(
    tmp_path: Path, modules: Path, pool: PreloadedExecutor
) -> None:
    start = [sys.executable, "-m", "counted"]
    futures = [pool.submit(run_command, start, str(tmp_path)) for _ in range(3)]
    assert [future.result() for future in futures] == [7, 7, 7]
    assert (modules / "counted.py.preloaded").read_text() == "x"
