"""The assembly command."""

from __future__ import annotations

import json
import sys
from collections import namedtuple

import pytest

from qdstruct.cli.app import app
from qdstruct.cli.outcome import run_command
from qdstruct.model.assembly import AssemblyRun

Ran = namedtuple("Ran", "returncode stdout stderr")
SMALL = ("assembly", "--cubes", "120", "--sweeps", "60", "--seeds", "2")


@pytest.fixture
def qdstruct(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["qdstruct", *words])
        code = run_command(app)
        return Ran(code, *capsys.readouterr())

    return run


def test_json_table_run_file_and_figure(qdstruct, tmp_path):
    first = qdstruct(*SMALL, "--well", "-1", "--json", "-o", "run.json", "--figure", "run.png")
    assert first.returncode == 0, first.stderr
    document = json.loads(first.stdout)
    run = AssemblyRun.from_dict(json.loads((tmp_path / "run.json").read_text()))
    assert document["localised"]["value"] == run.localised.value
    assert document["settings"]["cubes"] == run.settings.cubes == 121
    assert [series["overlapping"] for series in document["series"]] == [0, 0]
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")
    assert not list(tmp_path.glob("*.checkpoint.json"))
    table = qdstruct(*SMALL, "--beside", "run.json", "--figure", "both.svg")
    assert table.returncode == 0, table.stderr
    assert "a whole empty site" in table.stdout
    assert "well -1 kT" not in table.stdout
    assert (tmp_path / "both.svg").read_text().count("<path") > 10


def test_a_crystal_without_vacancies_has_nothing_to_localise(qdstruct):
    ran = qdstruct(*SMALL, "--vacancies", "0", "--json")
    assert ran.returncode == 0, ran.stderr
    document = json.loads(ran.stdout)
    assert document["localised"] is None
    assert document["energy_per_cube_kT"]["value"] == 0.0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--packing", "0.99"), "they overlap"),
        (("--seeds", "0"), "at least 1"),
        (("--figure", "run.doc"), "no figure format"),
        (("-o", "nowhere/run.json"), "folder does not exist"),
        (("--beside", "missing.json"), "not a finished assembly run"),
        (("--start", "molten"), "known are"),
    ],
)
def test_bad_input_is_refused_before_any_work(qdstruct, tmp_path, words, message):
    ran = qdstruct(*SMALL, *words)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert ran.stdout == ""
    assert not list(tmp_path.iterdir())


def test_an_existing_run_is_not_overwritten(qdstruct, tmp_path):
    (tmp_path / "run.json").write_text("mine")
    ran = qdstruct(*SMALL, "-o", "run.json")
    assert ran.returncode == 2
    assert "exists already" in ran.stderr
    assert (tmp_path / "run.json").read_text() == "mine"
