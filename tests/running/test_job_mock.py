"""The mock under custodian: what each of its failures comes to."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from running_factories import make_tree

from qdstruct.errors import OutputError
from qdstruct.model import FinishedCalculation, Job, RunRecord
from qdstruct.outputs import completeness_problems, read_calculation
from qdstruct.running import find_engine, run_job
from qdstruct.running.records import WALLTIME

RELAX = """ENCUT = 200
ALGO = Fast
EDIFF = 1E-5
IBRION = 2
NSW = 60
ISIF = 2
EDIFFG = -0.03
ISMEAR = 0
SIGMA = 0.05
"""


def summary(directory: Path) -> FinishedCalculation | None:
    try:
        return read_calculation(directory)
    except OutputError:
        return None


def stage(root: Path, job: Job) -> None:
    pass


@pytest.fixture
def root(tmp_path: Path) -> Path:
    make_tree(tmp_path, {"relax": ()})
    (tmp_path / "relax/INCAR").write_text(RELAX)
    poscar = tmp_path / "relax/POSCAR"
    poscar.write_text(poscar.read_text().replace("0.5 0.5 0.5", "0.53 0.5 0.5"))
    return tmp_path


def run(root: Path) -> RunRecord:
    return run_job(
        root,
        "relax",
        engine=find_engine("mock"),
        stage=stage,
        problems=completeness_problems,
        read_summary=summary,
    )


def test_a_relaxation_is_summarised(root: Path) -> None:
    record = run(root)
    assert (record.state, record.engine, record.converged) == ("done", "mock", True)
    assert record.corrections == ()
    assert record.energy is not None
    assert record.energy < 0
    assert record.max_force is not None
    assert record.max_force <= 0.03
    assert record.n_ionic_steps is not None
    assert record.n_ionic_steps > 1


@pytest.mark.parametrize(
    ("mode", "found"),
    [("scf", "Unconverged"), ("zbrent", "zbrent"), ("brmix", "brmix"), ("zpotrf-hang", "zpotrf")],
)
def test_custodian_mends_what_happens_once(root: Path, monkeypatch, mode: str, found: str) -> None:
    monkeypatch.setenv("QDSTRUCT_MOCK_FAIL", f"{mode}:relax:1")
    record = run(root)
    assert (record.state, record.attempts, record.error) == ("done", 1, None)
    assert any(found.lower() in correction.lower() for correction in record.corrections)


@pytest.mark.parametrize("mode", ["scf", "brmix"])
def test_custodian_gives_up_in_the_end(root: Path, monkeypatch, mode: str) -> None:
    monkeypatch.setenv("QDSTRUCT_MOCK_FAIL", mode)
    record = run(root)
    assert record.state == "failed"
    assert record.corrections
    assert "given up after" in str(record.error) or "no remedy for" in str(record.error)


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("killed", "mock was killed by signal 9"),
        ("silent", "vasprun.xml is missing or cut off"),
        ("no-output", "vasprun.xml is missing or cut off"),
    ],
)
def test_half_a_result_is_a_failure(root: Path, monkeypatch, mode: str, said: str) -> None:
    monkeypatch.setenv("QDSTRUCT_MOCK_FAIL", mode)
    record = run(root)
    assert record.state == "failed"
    assert said in str(record.error)


@pytest.mark.parametrize(
    ("mode", "said"),
    [("truncated-chgcar", "CHGCAR"), ("nan-forces", "'nan' is not a finite number")],
)
def test_our_own_check_sees_what_custodian_does_not(
    root: Path, monkeypatch, mode: str, said: str
) -> None:
    monkeypatch.setenv("QDSTRUCT_MOCK_FAIL", mode)
    job = root / "relax/job.json"
    job.write_text(job.read_text().replace('"provides": []', '"provides": ["CHGCAR"]'))
    record = run(root)
    assert record.state == "failed"
    assert said in str(record.error)


def test_the_walltime_ends_it_in_good_order_and_it_goes_on(root: Path, monkeypatch) -> None:
    monkeypatch.setenv("QDSTRUCT_MOCK_DELAY", "1.0")
    monkeypatch.setenv("QDSTRUCT_END_TIME", str(time.time() + 1.0))
    record = run(root)
    assert (record.state, record.error) == ("running", WALLTIME)
    stopped = (root / "relax/CONTCAR").read_text()
    monkeypatch.delenv("QDSTRUCT_MOCK_DELAY")
    monkeypatch.delenv("QDSTRUCT_END_TIME")
    record = run(root)
    assert (record.state, record.attempts) == ("done", 2)
    assert (root / "relax/attempt-1/CONTCAR").read_text() == stopped
    assert (root / "relax/POSCAR").read_text() == stopped
