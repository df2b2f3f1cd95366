"""``--figure`` and ``--view``: files beside the structure, refused before any work."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from ase.io import read
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


READING = ["build", "interface", "CdS-zincblende", "CsPbBr3-cubic", "--film-hkl=-2,1,1",
           "--substrate-hkl", "1,1,0", "--max-area", "400", "--film-layers", "4"]  # fmt: skip


def test_directions_asked_to_be_parallel_are(tmp_path: Path) -> None:
    """The published [111] of CdS along [001] of CsPbBr3; the other way round there is no match."""
    path = tmp_path / "a.extxyz"
    words = ["--film-direction", "1,1,1", "--substrate-direction", "0,0,1"]
    result = runner.invoke(app, [*READING, *words, "-o", str(path), "--json"])
    built = json.loads(result.stdout)
    cell = read(path).cell[:2, :2]
    along = []
    for side, wanted in (("film", [1, 1, 1]), ("substrate", [0, 0, 1])):
        shares = np.linalg.lstsq(np.array(built[f"{side}_directions"]).T, wanted, rcond=None)[0]
        along.append(shares @ cell)
    cosine = along[0] @ along[1] / np.linalg.norm(along[0]) / np.linalg.norm(along[1])
    assert abs(cosine) > np.cos(np.radians(1.0))
    refused = runner.invoke(app, [*READING, *words[:3], "1,-1,0"])
    assert "directions parallel" in str(refused.exception)
    refused = runner.invoke(app, [*READING, *words[:2]])
    assert isinstance(refused.exception, InputError)


def test_any_region_is_checked_against_its_crystal(tmp_path: Path) -> None:
    path = tmp_path / "rod.extxyz"
    words = ["build", "nanocrystal", "CsPbBr3-cubic", "--size", "2.4nm", "-o", str(path)]
    assert runner.invoke(app, words).exit_code == 0
    right = runner.invoke(app, ["check", str(path), "--region", "core=CsPbBr3-cubic"])
    wrong = runner.invoke(app, ["check", str(path), "--region", "core=CsPbI3-cubic", "--json"])
    assert right.exit_code == 0
    assert wrong.exit_code != 0
    refused = runner.invoke(app, ["check", str(path), "--region", "core"])
    assert isinstance(refused.exception, InputError)


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
