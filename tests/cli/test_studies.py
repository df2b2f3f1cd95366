"""The list of shipped studies, and their files to copy."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from qdstruct.cli.app import app
from qdstruct.errors import StudyError
from qdstruct.study import load_study, study_names


def test_every_shipped_study_is_listed() -> None:
    table = CliRunner().invoke(app, ["studies"])
    assert table.exit_code == 0
    assert all(name in table.stdout for name in study_names())
    listed = json.loads(CliRunner().invoke(app, ["studies", "--json"]).stdout)["studies"]
    assert [each["name"] for each in listed] == list(study_names())
    (namd,) = [each for each in listed if each["name"] == "recipe-namd"]
    assert namd["recipes"] == ["NAMD input"]


def test_a_printed_study_is_a_study(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(CliRunner().invoke(app, ["studies", "cspbbr3-cds"]).stdout)
    assert load_study(mine) == load_study("cspbbr3-cds")


def test_an_unknown_one_is_refused() -> None:
    result = CliRunner().invoke(app, ["studies", "nothing"])
    assert isinstance(result.exception, StudyError)
    assert "cspbbr3-cds" in str(result.exception)
