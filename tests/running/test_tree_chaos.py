"""Drivers, jobs and engines are killed at random until a tree is done: each job ends once."""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_factories import DIAMOND, behave, lines, make_tree, start_driver

from qdstruct.running import retry, tree_status
from qdstruct.running.locks import ENGINE_LOCK, JOB_LOCK, holder, is_held

MOST_DRIVERS = 60


def victims(root: Path, luck: random.Random) -> Iterator[int]:
    for name in DIAMOND:
        for lock in (root / name / JOB_LOCK, root / name / ENGINE_LOCK):
            if luck.random() < 0.4 and is_held(lock) and holder(lock)[0] > 1:
                yield holder(lock)[0]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [4, 9, 12])
def test_every_job_ends_once_whatever_is_killed(tmp_path: Path, seed: int) -> None:
    luck = random.Random(seed)
    tree = make_tree(tmp_path, DIAMOND)
    for name in DIAMOND:
        behave(tmp_path, name, "pause")
    done: set[str] = set()
    for _ in range(MOST_DRIVERS):
        driver = start_driver(tmp_path)
        for _ in range(luck.randrange(4)):
            time.sleep(luck.uniform(0.0, 0.5))
            killed = [*victims(tmp_path, luck), *([driver.pid] if luck.random() < 0.5 else [])]
            for pid in killed:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, luck.choice([9, 9, 15]))
            now = {s.name for s in tree_status(tmp_path, tree) if s.state == "done"}
            assert done <= now  # what is done stays done
            done = now
        driver.wait()
        if len(done := {s.name for s in tree_status(tmp_path, tree) if s.state == "done"}) == 5:
            break
        retry(tmp_path, tree)  # an engine killed under its job's eyes counts as a failure
    assert done == set(DIAMOND)
    assert sorted(lines(tmp_path / "ends.log")) == sorted(DIAMOND)
