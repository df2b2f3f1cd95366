"""executorlib as executor, through the file that the documentation prints."""

from __future__ import annotations

from pathlib import Path

import pytest
from running_factories import DIAMOND, command_for, lines, make_tree

from qdstruct.pipeline.run import load_executor
from qdstruct.running import run_tree

pytest.importorskip("executorlib", reason="executorlib is not installed")

DOCS = Path(__file__).parents[2] / "docs/how-to/run.md"


def test_a_tree_runs_on_the_documented_executor(tmp_path: Path) -> None:
    text = DOCS.read_text(encoding="utf-8")
    block = next(b for b in text.split("```python\n")[1:] if "executorlib" in b).split("```")[0]
    (tmp_path / "cluster.py").write_text(block.replace("max_cores=16", "max_cores=2"))
    pool = load_executor(tmp_path / "cluster.py")
    tree = make_tree(tmp_path / "tree", DIAMOND)
    root = tmp_path / "tree"
    try:
        statuses = run_tree(root, tree, job_command=command_for(root), executor=pool)
    finally:
        pool.shutdown()
    assert {each.state for each in statuses} == {"done"}
    starts = lines(root / "starts.log")
    assert sorted(starts) == sorted(DIAMOND)
    assert starts.index("end") > max(starts.index("left"), starts.index("right"))
