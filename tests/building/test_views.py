"""``--figure`` and ``--view``: files beside the structure, refused before any work."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from qdstruct.cli import app
from qdstruct.errors import InputError

runner = CliRunner()

SLAB = ["build", "slab", "PbS-galena", "--hkl", "100", "--layers", "2"]


def test_a_slab_with_picture_and_page(tmp_path: Path) -> None:
    structure, picture = tmp_path / "s.vasp", tmp_path / "s.png"
    words = [*SLAB, "-o", str(structure), "--figure", str(picture), "--view", "--json"]
    result = runner.invoke(app, words)
    assert result.exit_code == 0, result.output
    built = json.loads(result.stdout)
    assert built["figure"] == str(picture)
    assert built["page"] == str(tmp_path / "s.html")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "Slab of PbS-galena" in (tmp_path / "s.html").read_text(encoding="utf-8")


def test_check_writes_a_page(tmp_path: Path) -> None:
    path = tmp_path / "POSCAR"
    assert runner.invoke(app, [*SLAB, "-o", str(path)]).exit_code == 0
    words = ["check", str(path), "--view", "--colour", "region"]
    assert runner.invoke(app, words).exit_code == 0
    assert "No problems found" in (tmp_path / "POSCAR.html").read_text(encoding="utf-8")
    again = runner.invoke(app, words)
    assert "exists" in str(again.exception)
    assert runner.invoke(app, [*words, "--force"]).exit_code == 0


def test_what_cannot_be_drawn_is_refused_before_work(tmp_path: Path) -> None:
    taken = tmp_path / "s.html"
    taken.write_text("mine")
    output = ["-o", str(tmp_path / "s.vasp")]
    for words, message in [
        (["--view"], "beside the structure"),
        (["--figure", str(tmp_path / "a.bmp")], "picture format"),
        ([*output, "--colour", "mood"], "colouring"),
        ([*output, "--view"], "exists"),
    ]:
        result = runner.invoke(app, [*SLAB, *words])
        assert isinstance(result.exception, InputError)
        assert result.exception.exit_code == 2
        assert message in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["s.html"]
    assert taken.read_text() == "mine"
