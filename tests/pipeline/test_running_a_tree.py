"""What a user is told when a tree cannot run to its end."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qdstruct.cli.study import commands
from qdstruct.errors import DestinationError, InputError
from qdstruct.model import RunRecord
from qdstruct.pipeline.prepare import load_tree, prepare
from qdstruct.pipeline.run import run
from qdstruct.running.records import now, write_record


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("trees") / "prepared"
    prepare("cspbbr3-pbs", root, preset="quick")
    return root


@pytest.fixture
def tree(prepared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared, tmp_path / "tree"))


def test_vasp_without_potcar_is_refused_before_anything_starts(tree: Path) -> None:
    with pytest.raises(InputError, match="POTCAR: missing, as in 13 of 13 jobs") as caught:
        run(tree, engine="vasp", command="true")
    assert "POTCAR.spec" in str(caught.value)
    assert not list(tree.rglob("run.json"))


def test_only_jobs_still_to_run_need_one(tree: Path) -> None:
    names = [job.name for job in load_tree(tree).jobs]
    for name in names[1:]:
        (tree / name / "POTCAR").write_text("x")
    with pytest.raises(InputError, match=f"{names[0]}/POTCAR: missing, as in 1 of 13 jobs"):
        run(tree, engine="vasp", command="true")


@pytest.mark.parametrize(("engine", "kept"), [("vasp", True), ("mock", False)])
def test_force_does_not_throw_finished_calculations_away(tree: Path, engine, kept) -> None:
    name = load_tree(tree).jobs[0].name
    record = RunRecord(state="done", engine=engine, attempts=1, host="h", pid=1, started=now())
    write_record(tree / name, record)
    if kept:
        with pytest.raises(DestinationError, match="results of 1 finished jobs"):
            prepare("cspbbr3-pbs", tree, preset="quick", force=True)
    else:
        prepare("cspbbr3-pbs", tree, preset="quick", force=True)
    assert (tree / name / "run.json").exists() == kept


def test_a_job_that_could_not_start_is_named(tree: Path, tmp_path: Path) -> None:
    """An executor that starts nothing: the command says so and fails."""
    executor = tmp_path / "refusing.py"
    executor.write_text(
        "import concurrent.futures\n"
        "class Refusing(concurrent.futures.Executor):\n"
        "    def submit(self, function, *arguments, **more):\n"
        "        future = concurrent.futures.Future()\n"
        "        future.set_exception(OSError('no such partition'))\n"
        "        return future\n"
        "def executor():\n"
        "    return Refusing()\n"
    )
    result = CliRunner().invoke(
        commands, ["run", str(tree), "--engine", "mock", "--executor", str(executor)]
    )
    assert result.exit_code == 1
    assert "ready: bulk-film/relax: could not be started: no such partition" in result.stderr
    assert "0 of 13 jobs done" in result.stderr
