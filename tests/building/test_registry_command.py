"""``qdstruct registry``: files, JSON, continuing, and the copy of a study."""

from __future__ import annotations

import json

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from qdstruct.errors import DestinationError, InputError, StudyError
from qdstruct.pipeline.registry import study_with_registry
from qdstruct.study import load_study

STUDY = """\
name: mine
description: PbS on the lead bromide face.
film: PbS-galena
substrate: CsPbBr3-cubic
planes:
  film: [1, 0, 0]
  substrate: [1, 0, 0]
build:
  substrate_termination: PbBr2  # lead meets sulphur
  substrate_layers: 1
  vacuum: 15
"""
WORDS = ["registry", "PbS-galena", "CsPbBr3-cubic", "--film-hkl", "1,0,0", "--substrate-hkl",
         "1,0,0", "--grid", "2x2", "--gaps", "2.8,3.6,0.4"]  # fmt: skip


def call(*more, expect=0):
    from qdstruct.cli.app import app

    result = CliRunner().invoke(app, [*WORDS, *map(str, more)])
    assert result.exit_code == expect, (result.output, result.exception)
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("registry")
    (place / "mine.yaml").write_text(STUDY)
    result = call("-o", place / "map.json", "--figure", place / "map.png", "--study",
                  place / "mine.yaml", "--json")  # fmt: skip
    (place / "stdout.json").write_text(result.stdout)
    return place


def test_json_names_method_and_best_point(folder) -> None:
    document = json.loads((folder / "stdout.json").read_text())
    assert "ionic model" in document["method"]
    assert document["substrate_termination"] == "PbBr2"
    assert document["best_shift"] == [0.5, 0.0]
    assert document["best_energy_J_per_m2"] < -0.2
    assert document["relaxed_gap"] == pytest.approx(3.23, abs=0.1)
    assert (folder / "map.png").read_bytes().startswith(b"\x89PNG")
    assert len((folder / "map.csv").read_text().splitlines()) == 2 + 12


def test_the_copy_of_the_study_holds_the_registry(folder) -> None:
    copy = folder / "mine-map.yaml"
    assert "# lead meets sulphur" in copy.read_text()
    build = load_study(copy).build
    assert build.shift == (0.5, 0.0)
    assert build.gap == pytest.approx(3.23, abs=0.1)
    assert build.substrate_layers == 1
    assert build.film_termination == "PbS"
    assert (folder / "mine.yaml").read_text() == STUDY


def test_a_finished_scan_is_not_computed_again(folder) -> None:
    again = call("-o", folder / "map.json", "--study", folder / "mine.yaml", "--force", "--json")
    assert json.loads(again.stdout)["computed_now"] == 0


def test_a_study_of_something_else_is_refused(folder, tmp_path) -> None:
    from qdstruct.model import RegistryScan

    scan = RegistryScan.from_dict(json.loads((folder / "map.json").read_text()))
    other = tmp_path / "other.yaml"
    other.write_text(STUDY.replace("PbBr2", "CsBr"))
    with pytest.raises(StudyError, match="substrate_termination is CsBr, but"):
        study_with_registry(other, scan)
    other.write_text(STUDY.replace("film: PbS-galena", "film: PbSe"))
    with pytest.raises(StudyError, match="film is PbSe, but"):
        study_with_registry(other, scan)


def test_no_minimum_no_study(tmp_path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(STUDY)
    result = call("-o", tmp_path / "r.json", "--study", file, "--gaps", "2.0,2.4,0.2", expect=1)
    assert "no bound registry was found" in result.stderr
    assert "lies at an end of the gaps" in result.stdout
    assert "No bound registry was found: at no point do the slabs attract" in result.stdout
    assert "build:" not in result.stdout
    assert not (tmp_path / "mine-r.yaml").exists()


def test_lines_to_paste_are_yaml(tmp_path) -> None:
    out = call("-o", tmp_path / "r.json", "--substrate-termination", "PbBr2").stdout
    lines = YAML(typ="safe").load(out[out.index("build:") :])
    assert lines["build"]["shift"] == [0.5, 0.0]


@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        (["--grid", "6"], InputError, "not a grid"),
        (["--grid", "0x3"], InputError, "not a grid"),
        (["--gaps", "2,3"], InputError, "not a range of gaps"),
        (["--gaps", "2,3,0"], InputError, "not a range of gaps"),
        (["--calculator", "magic"], InputError, "'magic' is unknown"),
        (["-o", "map.txt"], DestinationError, "is a .json file"),
        (["-o", "/nowhere/map.json"], DestinationError, "does not exist"),
        (["--figure", "map.doc"], DestinationError, "no picture format"),
    ],
)
def test_bad_input(more, error, words, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = call(*more, expect=1)
    assert isinstance(result.exception, error)
    assert words in str(result.exception)


def test_existing_files_are_kept(folder) -> None:
    result = call("-o", folder / "map.json", expect=1)
    assert isinstance(result.exception, DestinationError)
