"""Files and directories that are not there, or are something else: said in words, exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from qdstruct.cli.app import app
from qdstruct.cli.outcome import run_command

TREE_COMMANDS = (
    ["run"], ["run", "--engine", "mock"], ["status"], ["retry"], ["cancel"], ["series"],
    ["phonons"], ["export", "-o", "out.json"], ["explain"],
    ["submit", "--plain", "--profile", "good.toml"],
)  # fmt: skip
PLACES = {
    "nowhere": "there is no such directory",
    "file": "it is a file",
    "empty": "it has no ",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("years of work")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "good.toml").write_text('executor = "local"\n')
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/tree.json").write_text('{"jobs": 3}')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(monkeypatch: pytest.MonkeyPatch, capsys, *words: str) -> str:
    """Return what a command says that must end as bad input and leave everything as it was."""
    before = sorted(str(path) for path in Path().rglob("*"))
    monkeypatch.setattr("sys.argv", ["qdstruct", *words])
    assert run_command(app) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert "Errno" not in captured.err
    assert "hint: " in captured.err
    assert sorted(str(path) for path in Path().rglob("*")) == before
    return captured.err


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("command", TREE_COMMANDS, ids=" ".join)
def test_no_tree(here, monkeypatch, capsys, command: list[str], place: str) -> None:
    said = refused(monkeypatch, capsys, command[0], place, *command[1:])
    assert f"{place}: not a job " in said
    assert PLACES[place] in said


@pytest.mark.parametrize("command", TREE_COMMANDS[:-2], ids=" ".join)
def test_a_damaged_tree(here, monkeypatch, capsys, command: list[str]) -> None:
    said = refused(monkeypatch, capsys, command[0], "broken", *command[1:])
    assert "broken/tree.json: not the list of a tree's jobs" in said


FILES = {
    "nowhere": "no such file",
    "empty": "is a directory",
    "bytes": "not a text file",
    "file/x": "no such file, for a part of this path is a file",
}


@pytest.mark.parametrize("place", FILES)
@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (["run", "tree", "--profile"], [], "a cluster profile (TOML)"),
        (["submit", "tree", "--plain", "--profile"], [], "a cluster profile (TOML)"),
        (["run", "tree", "--executor"], [], "a Python file"),
    ],
    ids=["run --profile", "submit --profile", "run --executor"],
)
def test_no_file(
    here, monkeypatch, capsys, before: list[str], after: list[str], expected: str, place: str
) -> None:
    said = refused(monkeypatch, capsys, *before, place, *after)
    assert f"{place}: {FILES[place]}; expected {expected}" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["prepare", "nowhere.yaml", "tree"], "no study file 'nowhere.yaml'"),
        (["prepare", "empty", "tree"], "empty: is a directory, a study file was expected"),
        (["prepare", "cspbbr3-pbs", "file"], "file: this file exists already"),
        (["prepare", "cspbbr3-pbs", "empty"], "empty: this directory exists already"),
        (["prepare", "cspbbr3-pbs", "file/tree"], "file/tree: cannot be written: a part of this"),
        (
            ["prepare", "cspbbr3-pbs", "tree", "--preset", "mine.yaml"],
            "mine.yaml: no such file; expected a preset (YAML)",
        ),
        (["inputs", "nowhere.cif", "tree"], "nowhere.cif: file not found"),
    ],
)
def test_prepare(here, monkeypatch, capsys, words: list[str], said: str) -> None:
    assert said in refused(monkeypatch, capsys, *words)
