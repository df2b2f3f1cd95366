"""Recipes and limits of a study file, from the text to the jobs."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from qdstruct.cli.app import app
from qdstruct.errors import PreflightError, StudyError
from qdstruct.pipeline.prepare import rehearse

STUDY = """\
name: small
description: PbS on CsPbBr3
film: PbS-galena
substrate: CsPbBr3-cubic
planes: {film: [1, 0, 0], substrate: [1, 0, 0]}
match: {max_area: 60, max_strain: 0.03}
build: {film_layers: 1, substrate_layers: 1, shift: [0.5, 0]}
RECIPES
calculation:
  preset: quick
  registry: {grid: 1}
  MORE
"""


def write(folder: Path, recipes: str, more: str = "") -> Path:
    path = folder / "study.yaml"
    path.write_text(STUDY.replace("RECIPES", recipes).replace("MORE", more))
    return path


def test_recipes_make_the_jobs_and_include_adds_to_them(tmp_path: Path) -> None:
    study = write(tmp_path, "recipes: [adhesion and registry]", "include: [bands]")
    _, tree, _, sizes = rehearse(study)
    assert [job.name for job in tree.jobs] == [
        "slab-film/static", "slab-substrate/static",
        "interface/relax", "interface/static", "interface/dos", "interface/bands",
        "adhesion/film", "adhesion/substrate", "registry/0.000-0.000",
    ]  # fmt: skip
    assert len(sizes) == len(tree.jobs)
    assert not list(tmp_path.glob("*/tree.json"))


def test_the_stated_node_and_budget_are_minded(tmp_path: Path) -> None:
    study = write(tmp_path, "", "include: [slab]\n  node_memory: 0.0001\n  core_hours: 0.0001")
    _, _, findings, _ = rehearse(study)
    messages = " ".join(finding.message for finding in findings)
    assert "more than a node's 0.0001 GB" in messages
    assert "core-hours" in messages


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("shift: [0.5, 0]", "shift: [0.5, 0], gap: 0.6", "atoms Cs7 and S8 overlap: 0.60 Å"),
        ("preset: quick", "preset: quick\n  tags: {ENCUT: 150}", "ENCUT 150 eV is below"),
        (
            "preset: quick",
            "preset: quick\n  tags: {IDIPOL: 1}",
            "a dipole correction along a, where",
        ),
    ],
)
def test_prepare_refuses_what_would_go_wrong(tmp_path: Path, old: str, new: str, said: str) -> None:
    study = write(tmp_path, "", "include: [interface]")
    study.write_text(study.read_text().replace(old, new))
    result = CliRunner().invoke(app, ["prepare", str(study), str(tmp_path / "tree")])
    assert isinstance(result.exception, PreflightError)
    assert f"interface/relax: {said}" in str(result.exception)
    assert result.exception.hint
    assert [path.name for path in tmp_path.iterdir()] == ["study.yaml"]


def test_prepare_warns_of_what_may_be_meant(tmp_path: Path) -> None:
    study = write(tmp_path, "", "include: [interface]")
    study.write_text(study.read_text().replace("shift: [0.5, 0]", "shift: [0.5, 0], vacuum: 7"))
    result = CliRunner().invoke(app, ["prepare", str(study), str(tmp_path / "tree")])
    assert result.exit_code == 0
    assert "warning: interface/relax: only 7.0 Å of vacuum along c" in result.stderr
    assert (tmp_path / "tree/tree.json").is_file()


def test_mistakes_in_recipes_name_the_line(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"study\.yaml:8: recipes\.0"):
        rehearse(write(tmp_path, "recipes: [phonon]"))
    with pytest.raises(StudyError, match="'states' needs 'interface'"):
        rehearse(write(tmp_path, "", "include: [bulk, states]"))


def test_a_dry_run_prints_costs_and_writes_nothing(tmp_path: Path) -> None:
    study = write(tmp_path, "", "include: [slab]")
    before = sorted(tmp_path.iterdir())
    done = CliRunner().invoke(app, ["prepare", str(study), "--dry-run"])
    assert done.exit_code == 0, done.output
    assert "2 jobs; nothing was written" in " ".join(done.output.split())
    assert sorted(tmp_path.iterdir()) == before
