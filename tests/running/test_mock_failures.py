"""Failures on request, as custodian sees them; and custodian's own VASP job on the mock."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from custodian.custodian import Custodian
from custodian.vasp.handlers import (
    FrozenJobErrorHandler,
    IncorrectSmearingHandler,
    LargeSigmaHandler,
    NonConvergingErrorHandler,
    PositiveEnergyErrorHandler,
    PotimErrorHandler,
    StdErrHandler,
    UnconvergedErrorHandler,
    VaspErrorHandler,
    WalltimeHandler,
)
from custodian.vasp.jobs import VaspJob
from custodian.vasp.validators import VaspFilesValidator, VasprunXMLValidator
from mock_jobs import RELAX, as_structure, crystal, run_job, write_job
from pymatgen.io.vasp.outputs import Chgcar, Incar, Vasprun

from qdstruct.errors import InputError
from qdstruct.running.mock.failures import MODES, requested_failure

pytestmark = [
    pytest.mark.filterwarnings("ignore:No POTCAR file:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*is an unconverged VASP run"),
]
COMMAND = [sys.executable, "-m", "qdstruct.running.mock"]
HANDLERS = (
    VaspErrorHandler, UnconvergedErrorHandler, NonConvergingErrorHandler, PotimErrorHandler,
    PositiveEnergyErrorHandler, FrozenJobErrorHandler, StdErrHandler, LargeSigmaHandler,
    IncorrectSmearingHandler,
)  # fmt: skip


def job(folder, **tags):
    """A relaxation of a few steps."""
    return write_job(
        folder, as_structure(crystal("CsPbBr3-Pnma")), mesh="1 1 1", **{**RELAX, **tags}
    )


def start(folder, monkeypatch, mode):
    """Run as custodian would, with output in vasp.out; returns the exit code."""
    if mode:
        monkeypatch.setenv("QDSTRUCT_MOCK_FAIL", mode)
    with (folder / "vasp.out").open("w") as out, (folder / "std_err.txt").open("w") as err:
        return subprocess.run(
            COMMAND, cwd=folder, stdout=out, stderr=err, timeout=60, check=False
        ).returncode


def errors_seen(folder):
    return {handler.__name__ for handler in HANDLERS if handler().check(str(folder))}


def test_nothing_is_seen_after_a_good_run(tmp_path, monkeypatch):
    assert start(job(tmp_path), monkeypatch, "") == 0
    assert errors_seen(tmp_path) == set()
    assert not VasprunXMLValidator().check(str(tmp_path))
    assert not VaspFilesValidator().check(str(tmp_path))


def test_unconverged_electrons(tmp_path, monkeypatch):
    assert start(job(tmp_path, NELM=25), monkeypatch, "scf") == 0
    assert "UnconvergedErrorHandler" in errors_seen(tmp_path)
    run = Vasprun(tmp_path / "vasprun.xml", parse_potcar_file=False)
    assert not run.converged_electronic
    assert len(run.ionic_steps[-1]["electronic_steps"]) == 25


def test_killed_half_way(tmp_path, monkeypatch):
    assert start(job(tmp_path), monkeypatch, "killed") == -signal.SIGKILL
    assert VasprunXMLValidator().check(str(tmp_path))
    assert (tmp_path / "OUTCAR").exists()
    assert "General timing" not in (tmp_path / "OUTCAR").read_text()


def test_truncated_density(tmp_path, monkeypatch):
    assert start(job(tmp_path), monkeypatch, "truncated-chgcar") == 0
    assert not VasprunXMLValidator().check(str(tmp_path))
    with pytest.raises(ValueError, match="Expected"):
        Chgcar.from_file(tmp_path / "CHGCAR")
    monkeypatch.delenv("QDSTRUCT_MOCK_FAIL")
    job(tmp_path, ICHARG=11, NSW=0)
    assert start(tmp_path, monkeypatch, "") == 2
    assert "truncated" in (tmp_path / "std_err.txt").read_text()


@pytest.mark.parametrize("mode", ["zbrent", "brmix"])
def test_messages_that_custodian_knows(tmp_path, monkeypatch, mode):
    assert start(job(tmp_path), monkeypatch, mode) == 1
    handler = VaspErrorHandler()
    assert handler.check(str(tmp_path))
    assert handler.errors == {mode}


def test_silent_death_leaves_half_a_file(tmp_path, monkeypatch):
    assert start(job(tmp_path), monkeypatch, "silent") == 0
    assert errors_seen(tmp_path) == set()
    assert VasprunXMLValidator().check(str(tmp_path))
    assert not VaspFilesValidator().check(str(tmp_path))


def test_no_output_at_all(tmp_path, monkeypatch):
    assert start(job(tmp_path), monkeypatch, "no-output") == 0
    assert not (tmp_path / "OUTCAR").exists()
    assert VaspFilesValidator().check(str(tmp_path))


def test_forces_that_are_no_numbers(tmp_path, monkeypatch):
    assert start(job(tmp_path), monkeypatch, "nan-forces") == 0
    run = Vasprun(tmp_path / "vasprun.xml", parse_potcar_file=False)
    assert np.isnan(run.ionic_steps[-1]["forces"]).all()
    assert np.isfinite(run.ionic_steps[0]["forces"]).all()


def test_hanging_until_terminated(tmp_path, monkeypatch):
    monkeypatch.setenv("QDSTRUCT_MOCK_FAIL", "zpotrf-hang")
    job(tmp_path)
    with (tmp_path / "vasp.out").open("w") as out:
        process = subprocess.Popen(COMMAND, cwd=tmp_path, stdout=out)
        deadline = time.monotonic() + 30
        while "ZPOTRF" not in (tmp_path / "vasp.out").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.3)
        assert process.poll() is None
        process.terminate()
        assert process.wait(timeout=10) != 0
    assert VaspErrorHandler().check(str(tmp_path))


def test_only_the_named_job_fails_and_only_so_often(tmp_path):
    request = {"QDSTRUCT_MOCK_FAIL": "scf:interface/relax:2"}
    named, other = tmp_path / "interface" / "relax", tmp_path / "bulk"
    named.mkdir(parents=True)
    other.mkdir()
    assert [requested_failure(named, request).mode for _ in range(3)] == ["scf", "scf", None]
    assert requested_failure(other, request).mode is None
    assert requested_failure(other, {"QDSTRUCT_MOCK_DELAY": "0.5"}).delay == 0.5
    assert requested_failure(other, {}).mode is None
    assert len(MODES) == len(set(MODES)) == 9


@pytest.mark.parametrize(
    "request_text", ["nonsense", "scf:x:often"], ids=["unknown mode", "attempts not a number"]
)
def test_a_wrong_request_is_refused(tmp_path, request_text):
    with pytest.raises(InputError, match="QDSTRUCT_MOCK_FAIL"):
        requested_failure(tmp_path, {"QDSTRUCT_MOCK_FAIL": request_text})


def test_delay_slows_every_step(tmp_path, monkeypatch):
    monkeypatch.setenv("QDSTRUCT_MOCK_DELAY", "0.2")
    begin = time.monotonic()
    run_job(job(tmp_path, NSW=3, EDIFFG=-1e-6))
    assert time.monotonic() - begin > 0.6


def test_stopcar_ends_the_run_softly(tmp_path):
    job(tmp_path, EDIFFG=-1e-6)
    (tmp_path / "STOPCAR").write_text("LSTOP = .TRUE.\n")
    run_job(tmp_path)
    assert len(Vasprun(tmp_path / "vasprun.xml", parse_potcar_file=False).ionic_steps) == 1
    assert "soft stop encountered!  aborting job" in (tmp_path / "OUTCAR").read_text()


def custodian_run(folder, monkeypatch, handlers, mode=""):
    monkeypatch.chdir(folder)
    if mode:
        monkeypatch.setenv("QDSTRUCT_MOCK_FAIL", mode)
    guard = Custodian(
        handlers,
        [VaspJob(COMMAND, auto_npar=False, auto_gamma=False)],
        validators=[VasprunXMLValidator(), VaspFilesValidator()],
        max_errors=3,
        polling_time_step=0.1,
        monitor_freq=1,
    )
    return guard.run()


def all_handlers():
    return [handler() for handler in HANDLERS] + [WalltimeHandler()]


def test_vaspjob_with_standard_handlers(tmp_path, monkeypatch):
    custodian_run(job(tmp_path), monkeypatch, all_handlers())
    assert Vasprun(tmp_path / "vasprun.xml", parse_potcar_file=False).converged
    assert (tmp_path / "vasp.out").read_text().startswith(" running")
    assert Path(shutil.which("qdstruct-mock-vasp") or sys.executable).exists()


@pytest.mark.parametrize(
    ("mode", "changed"), [("scf", "ALGO"), ("zbrent", "EDIFF"), ("zpotrf-hang", "POTIM")]
)
def test_custodian_corrects_and_the_second_attempt_succeeds(tmp_path, monkeypatch, mode, changed):
    job(tmp_path, NELM=25)
    before = Incar.from_file(tmp_path / "INCAR")
    log = custodian_run(tmp_path, monkeypatch, all_handlers(), f"{mode}::1")
    corrections = [entry for attempt in log for entry in attempt["corrections"]]
    assert len(corrections) == 1
    after = Incar.from_file(tmp_path / "INCAR")
    assert changed in {tag for tag in after if after.get(tag) != before.get(tag)}, (before, after)
    assert (tmp_path / ".mock-attempts").read_text() == "2\n"
    assert Vasprun(tmp_path / "vasprun.xml", parse_potcar_file=False).converged
