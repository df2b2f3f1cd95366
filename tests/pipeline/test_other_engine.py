"""A tree belongs to the engine that began it."""

import json
from pathlib import Path

import pytest

from qdstruct.errors import InputError, OutputError
from qdstruct.model import RunRecord
from qdstruct.pipeline.prepare import load_tree
from qdstruct.pipeline.run import methods, retry, run, status


@pytest.fixture
def tree(tmp_path) -> Path:
    from qdstruct.jobs import write_structure_tree
    from qdstruct.model import CalculationSettings
    from qdstruct.phases import load

    write_structure_tree(
        tmp_path,
        study_name="PbS",
        subject="galena",
        atoms=load("PbS-galena").atoms,
        settings=CalculationSettings(preset="quick"),
    )
    return tmp_path


def record(root: Path, name: str, engine: str) -> None:
    made = RunRecord(
        state="done", engine=engine, attempts=1, host="here", pid=1, started="2026-01-01T00:00:00Z"
    )
    (root / name / "run.json").write_text(json.dumps(made.to_dict()))


def test_a_tree_of_another_engine_is_refused_with_the_ways_out(tree) -> None:
    first = load_tree(tree).jobs[0].name
    record(tree, first, "xtb")
    with pytest.raises(InputError, match="calculated with xtb, as 1 of 3 jobs are") as caught:
        run(tree, engine="mock")
    assert "--engine xtb" in caught.value.hint
    assert f"qdstruct retry {tree} {first}" in caught.value.hint


def test_the_way_out_by_retry_works(tree) -> None:
    first = load_tree(tree).jobs[0].name
    record(tree, first, "xtb")
    assert retry(tree, [first]) == (first,)
    assert {status.state for status in run(tree, engine="mock")} == {"done"}


def test_a_file_that_the_engine_never_makes_is_not_lost(tree) -> None:
    static = next(job for job in load_tree(tree).jobs if "LOCPOT" in job.provides)
    for name in set(static.provides) - {"LOCPOT"}:
        (tree / static.name / name).write_text("there")
    record(tree, static.name, "xtb")
    assert {s.name: s.state for s in status(tree)}[static.name] == "lost"
    document = {"not_calculated": {"LOCPOT": "no common zero"}}
    (tree / static.name / "qdstruct-engine.json").write_text(json.dumps(document))
    assert {s.name: s.state for s in status(tree)}[static.name] == "done"


def test_what_calculated_is_said_once_for_each_way(tree) -> None:
    document = {
        "program": "GPAW", "version": "26.7", "method": "LCAO dzp, PBE",
        "incar_tags_left_aside": ["IVDW = 12"],
    }  # fmt: skip
    for job in load_tree(tree).jobs:
        (tree / job.name / "qdstruct-engine.json").write_text(json.dumps(document))
    assert methods(tree) == ("GPAW 26.7: LCAO dzp, PBE; left aside: IVDW",)


def test_a_density_of_another_engine_is_not_copied_for_vasp(tree) -> None:
    from qdstruct.jobs import stage_job

    dos = next(job for job in load_tree(tree).jobs if job.charge_from)
    parent = tree / dos.charge_from
    (parent / "CONTCAR").write_text((parent / "POSCAR").read_text())
    (parent / "CHGCAR").write_text("a grid of the engine's own")
    with pytest.raises(OutputError, match="not a whole CHGCAR"):
        stage_job(tree, dos)
    (parent / "qdstruct-engine.json").write_text("{}")
    stage_job(tree, dos)
    assert not (tree / dos.name / "CHGCAR").exists()
