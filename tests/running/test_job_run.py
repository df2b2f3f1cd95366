"""One job under custodian: done only when whole, corrected, restarted, never twice at once."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from running_factories import (
    CHAIN,
    POSCAR,
    behave,
    command_for,
    free,
    kill,
    lines,
    make_tree,
    wait_until,
)

from qdstruct.errors import DestinationError, InputError, OutputError, RunError
from qdstruct.model import Job, RunRecord
from qdstruct.running import Engine, LockHeldError, find_engine, retry, run_job, tree_status
from qdstruct.running.locks import ENGINE_LOCK, JOB_LOCK, hold_lock, holder, is_held
from qdstruct.running.records import WALLTIME
from qdstruct.running.restart import whole_contcar
from qdstruct.running.walltime import remaining_walltime


def engine_of(root: Path, **changes) -> Engine:
    settings = {"poll_seconds": 0.05, "monitor_seconds": 0.1, "patience_seconds": 0.5} | changes
    command = (sys.executable, "-I", "-S", str(root / "engine.py"), str(root))
    return Engine(name="stub", **({"command": command} | settings))


def no_staging(root: Path, job: Job) -> None:
    pass


def whole(directory: Path, job: Job) -> list[str]:
    try:
        text = (directory / "OUTCAR").read_text()
    except OSError:
        return ["OUTCAR is missing"]
    return [] if "General timing" in text else ["OUTCAR ends before its end"]


def run(root: Path, name: str = "one", **changes) -> RunRecord:
    how = {"engine": engine_of(root), "stage": no_staging, "problems": whole}
    return run_job(root, name, read_summary=lambda directory: None, **(how | changes))


def test_a_whole_run_is_done_and_is_not_done_twice(tmp_path: Path) -> None:
    make_tree(tmp_path, {"one": ()})
    record = run(tmp_path)
    assert (record.state, record.attempts, record.error) == ("done", 1, None)
    assert record.corrections == ()
    assert json.loads((tmp_path / "one/run.json").read_text()) == record.to_dict()
    assert run(tmp_path) == record
    assert lines(tmp_path / "starts.log") == ["one"]
    assert (tmp_path / "one/INCAR.orig").read_text() == (tmp_path / "one/INCAR").read_text()


def test_custodian_corrects_and_says_so(tmp_path: Path) -> None:
    make_tree(tmp_path, {"one": ()})
    behave(tmp_path, "one", "brmix")
    record = run(tmp_path)
    assert record.state == "done"
    assert len(record.corrections) == 1
    assert record.corrections[0].startswith("brmix: INCAR ")
    assert record.corrections[0].endswith("(VaspErrorHandler)")
    assert lines(tmp_path / "starts.log") == ["one", "one"]
    assert (tmp_path / "one/INCAR.orig").read_text() != (tmp_path / "one/INCAR").read_text()
    assert (tmp_path / "one/error.1.tar.gz").is_file()


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ("silent", "OUTCAR ends before its end"),
        ("half", "vasprun.xml is missing or cut off; stub ended with exit code 0"),
        ("crash", "stub ended with exit code 3; it said last: the machine is on fire"),
    ],
)
def test_silence_is_not_success(tmp_path: Path, behaviour: str, said: str) -> None:
    make_tree(tmp_path, {"one": ()})
    behave(tmp_path, "one", behaviour)
    record = run(tmp_path)
    assert record.state == "failed"
    assert said in str(record.error)


def test_an_engine_that_is_not_there_fails_the_job(tmp_path: Path) -> None:
    make_tree(tmp_path, {"one": ()})
    record = run(tmp_path, engine=engine_of(tmp_path, command=("/no/such/vasp",)))
    assert record.state == "failed"
    assert "/no/such/vasp: cannot be started" in str(record.error)


def test_an_engine_killed_from_outside_fails_the_job(tmp_path: Path) -> None:
    make_tree(tmp_path, {"one": ()})
    (tmp_path / "engine.py").write_text("import os; os.kill(os.getpid(), 9)")
    record = run(tmp_path)
    assert record.state == "failed"
    assert "stub was killed by signal 9" in str(record.error)


def test_errors_around_the_engine_are_recorded(tmp_path: Path) -> None:
    make_tree(tmp_path, {"one": (), "two": ()})

    def broken(root: Path, job: Job) -> None:
        raise OutputError("CHGCAR of the parent is cut off", hint="run the parent again")

    def bug(directory: Path, job: Job) -> list[str]:
        raise ZeroDivisionError("no atoms")

    record = run(tmp_path, stage=broken)
    assert record.state == "failed"
    assert "CHGCAR of the parent is cut off" in str(record.error)
    assert not (tmp_path / "starts.log").exists()
    record = run(tmp_path, "two", problems=bug)
    assert record.state == "failed"
    assert "the outputs cannot be checked: ZeroDivisionError: no atoms" in str(record.error)


def test_a_failed_job_is_left_as_it_is(tmp_path: Path) -> None:
    make_tree(tmp_path, {"one": ()})
    behave(tmp_path, "one", "crash")
    record = run(tmp_path)
    (tmp_path / "mended").touch()
    assert run(tmp_path) == record
    assert lines(tmp_path / "starts.log") == ["one"]


def test_refuses_what_cannot_run(tmp_path: Path) -> None:
    make_tree(tmp_path, CHAIN)
    with pytest.raises(RunError, match="a/relax is not done"):
        run(tmp_path, "a/static")
    with pytest.raises(RunError, match=r"POTCAR: missing") as caught:
        run(tmp_path, "a/relax", engine=engine_of(tmp_path, needs_potcar=True))
    assert "README.txt" in str(caught.value.hint)
    with pytest.raises(OutputError, match="b/relax is not a job of this tree"):
        run(tmp_path, "b/relax")
    with hold_lock(tmp_path / "a/relax" / JOB_LOCK, doing="a test"), pytest.raises(LockHeldError):
        run(tmp_path, "a/relax")
    assert not (tmp_path / "starts.log").exists()
    assert not (tmp_path / "a/relax/run.json").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "done"}', '{"state": "eaten"}'])
def test_a_damaged_record_is_named_and_not_overwritten(tmp_path: Path, text: str) -> None:
    make_tree(tmp_path, {"one": ()})
    (tmp_path / "one/run.json").write_text(text)
    with pytest.raises(OutputError, match=r"one/run\.json: not a run record"):
        run(tmp_path)
    assert (tmp_path / "one/run.json").read_text() == text


def test_a_damaged_job_description_is_named(tmp_path: Path) -> None:
    make_tree(tmp_path, {"one": ()})
    (tmp_path / "one/job.json").write_text('{"name": 1')
    with pytest.raises(OutputError, match=r"one/job\.json: not a job description"):
        run(tmp_path)


def test_full_disk_starts_nothing(tmp_path: Path, monkeypatch) -> None:
    make_tree(tmp_path, {"one": ()})

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DestinationError, match="the disk is full"):
            run(tmp_path)
    assert not (tmp_path / "starts.log").exists()
    assert not list((tmp_path / "one").glob("*.part"))
    assert run(tmp_path).state == "done"


def interrupted(root: Path, name: str, **changes) -> None:
    """Leave the record of an attempt whose process is gone."""
    record = RunRecord(
        state="running", engine="stub", attempts=1, host="h", pid=1, started="2026-01-01T00:00:00Z"
    )
    (root / name / "run.json").write_text(json.dumps(record.to_dict() | changes))


def test_a_relaxation_goes_on_from_a_whole_contcar(tmp_path: Path) -> None:
    make_tree(tmp_path, {"relax": ()})
    moved = POSCAR.replace("0.5 0.5 0.5", "0.52 0.5 0.5")
    interrupted(tmp_path, "relax")
    (tmp_path / "relax/CONTCAR").write_text(moved)
    (tmp_path / "relax/OUTCAR").write_text("half")
    (tmp_path / "relax/CHGCAR").write_text("half")
    (tmp_path / "relax/WAVECAR").write_text("half")
    record = run(tmp_path, "relax")
    assert (record.state, record.attempts) == ("done", 2)
    assert (tmp_path / "relax/seen.POSCAR").read_text() == moved
    assert (tmp_path / "relax/POSCAR.orig").read_text() == POSCAR
    assert (tmp_path / "relax/attempt-1/OUTCAR").read_text() == "half"
    assert not (tmp_path / "relax/CHGCAR").exists()
    assert not (tmp_path / "relax/WAVECAR").exists()


@pytest.mark.parametrize(
    ("name", "contcar"),
    [
        ("relax", POSCAR[:-20]),
        ("relax", POSCAR.replace("0.5 0.5 0.5", "0.5 nan 0.5")),
        ("relax", POSCAR.replace("Pb S", "Cd S")),
        ("relax", ""),
        ("static", POSCAR.replace("0.5 0.5 0.5", "0.52 0.5 0.5")),
    ],
)
def test_anything_else_starts_from_its_own_inputs(tmp_path: Path, name: str, contcar: str) -> None:
    make_tree(tmp_path, {name: ()})
    interrupted(tmp_path, name)
    (tmp_path / name / "CONTCAR").write_text(contcar)
    assert run(tmp_path, name).attempts == 2
    assert (tmp_path / name / "seen.POSCAR").read_text() == POSCAR


def test_whole_contcar_reads_selective_dynamics(tmp_path: Path) -> None:
    head, rows = POSCAR.split("Direct\n")
    fixed = "\n".join(f"{row} T T F" for row in rows.splitlines())
    (tmp_path / "POSCAR").write_text(POSCAR)
    (tmp_path / "CONTCAR").write_text(
        f"{head}Selective dynamics\nDirect\n{fixed}\n\n0 0 0\n0 0 0\n"
    )
    assert whole_contcar(tmp_path / "CONTCAR", tmp_path / "POSCAR")
    assert not whole_contcar(tmp_path / "none", tmp_path / "POSCAR")


def test_a_retried_relaxation_starts_from_its_own_inputs(tmp_path: Path) -> None:
    tree = make_tree(tmp_path, {"relax": ()})
    interrupted(tmp_path, "relax", state="failed")
    (tmp_path / "relax/CONTCAR").write_text(POSCAR.replace("0.5 0.5 0.5", "0.9 0.5 0.5"))
    retry(tmp_path, tree)
    assert run(tmp_path, "relax").attempts == 2
    assert (tmp_path / "relax/seen.POSCAR").read_text() == POSCAR


def test_a_walltime_too_short_leaves_the_job_to_the_next_run(tmp_path: Path, monkeypatch) -> None:
    tree = make_tree(tmp_path, {"relax": (), "next": ("relax",)})
    behave(tmp_path, "relax", "slow")
    monkeypatch.setenv("QDSTRUCT_END_TIME", str(time.time() + 0.1))
    record = run(tmp_path, "relax")
    assert (record.state, record.error) == ("running", WALLTIME)
    assert record.corrections == ("Walltime reached: no remedy known (WalltimeHandler)",)
    states = [(s.state, s.error) for s in tree_status(tmp_path, tree)]
    assert states == [("ready", WALLTIME), ("waiting", None)]
    monkeypatch.delenv("QDSTRUCT_END_TIME")
    record = run(tmp_path, "relax")
    assert (record.state, record.attempts, record.error) == ("done", 2, None)
    assert "0.51 0.5 0.5" in (tmp_path / "relax/seen.POSCAR").read_text()
    assert not (tmp_path / "relax/STOPCAR").exists()
    assert (tmp_path / "relax/WAVECAR").read_text() == "orbitals"


def test_the_end_of_a_batch_job_is_found(monkeypatch) -> None:
    for variable in ("QDSTRUCT_END_TIME", "SLURM_JOB_END_TIME", "SLURM_JOB_ID"):
        monkeypatch.delenv(variable, raising=False)
    assert remaining_walltime() is None
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(int(time.time()) + 100))
    assert 98 <= remaining_walltime() <= 100
    monkeypatch.setenv("QDSTRUCT_END_TIME", str(time.time() + 50))
    assert 48 <= remaining_walltime() <= 50


def test_a_whole_result_of_an_interrupted_attempt_counts(tmp_path: Path) -> None:
    make_tree(tmp_path, {"one": ()})
    interrupted(tmp_path, "one")
    (tmp_path / "one/OUTCAR").write_text("General timing")
    record = run(tmp_path)
    assert (record.state, record.attempts) == ("done", 1)
    assert not (tmp_path / "starts.log").exists()


def test_results_made_by_hand_are_kept(tmp_path: Path) -> None:
    make_tree(tmp_path, {"one": ()})
    for name in ("OUTCAR", "CHGCAR", "WAVECAR"):
        (tmp_path / "one" / name).write_text(f"{name} by hand")
    assert run(tmp_path).attempts == 1
    kept = tmp_path / "one/by-hand-1"
    assert (kept / "CHGCAR").read_text() == "CHGCAR by hand"
    assert (kept / "OUTCAR").read_text() == "OUTCAR by hand"
    assert (kept / "POSCAR").read_text() == POSCAR
    assert not (tmp_path / "one/WAVECAR").exists()


def start_job(root: Path, how: str) -> subprocess.Popen[bytes]:
    with (root / "one/job.log").open("ab") as log:
        return subprocess.Popen(command_for(root, how)("one"), stdout=log, stderr=log)


def engine_known(root: Path) -> bool:
    return bool(lines(root / "starts.log")) and holder(root / "one" / ENGINE_LOCK)[0] > 0


def test_an_engine_that_outlives_its_job_is_awaited(tmp_path: Path) -> None:
    make_tree(tmp_path, {"one": ()})
    behave(tmp_path, "one", "hang")
    job = start_job(tmp_path, "plain")
    wait_until(lambda: engine_known(tmp_path), "engine starts")
    kill(job.pid)
    job.wait()
    assert is_held(tmp_path / "one" / ENGINE_LOCK)
    (tmp_path / "go").touch()
    record = run(tmp_path, engine=engine_of(tmp_path, patience_seconds=60.0))
    assert (record.state, record.attempts) == ("done", 1)
    assert lines(tmp_path / "starts.log") == ["one"]


def test_an_engine_that_hangs_without_its_job_is_stopped(tmp_path: Path) -> None:
    make_tree(tmp_path, {"one": ()})
    behave(tmp_path, "one", "hang")  # for ever, but only at its first start
    job = start_job(tmp_path, "plain")
    wait_until(lambda: engine_known(tmp_path), "engine starts")
    kill(job.pid)
    job.wait()
    record = run(tmp_path)
    assert (record.state, record.attempts) == ("done", 2)
    assert lines(tmp_path / "starts.log") == ["one", "one"]


def test_sigterm_stops_custodian_and_its_engine(tmp_path: Path) -> None:
    make_tree(tmp_path, {"one": ()})
    behave(tmp_path, "one", "hang")
    job = start_job(tmp_path, "custodian")
    wait_until(lambda: engine_known(tmp_path), "engine starts")
    job.send_signal(signal.SIGTERM)
    assert job.wait() == 128 + signal.SIGTERM
    assert free(tmp_path, ["one"])
    assert not is_held(tmp_path / "one" / ENGINE_LOCK)
    assert json.loads((tmp_path / "one/run.json").read_text())["state"] == "running"
    assert run(tmp_path).attempts == 2


@pytest.mark.parametrize(
    ("name", "command", "said"),
    [
        ("gpow", None, "unknown engine 'gpow'"),
        ("vasp", None, "no command for VASP is known"),
        ("vasp", "  ", "the command is empty"),
        ("vasp", "no-such-vasp -x", "'no-such-vasp' is not a program on this machine"),
        ("vasp", "mpirun 'x", "cannot be read"),
    ],
)
def test_engines_that_cannot_be_started(monkeypatch, name, command, said) -> None:
    for variable in ("QDSTRUCT_VASP_COMMAND", "VASP_COMMAND"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(InputError, match=said) as caught:
        find_engine(name, command=command)
    assert name != "vasp" or "--command" in caught.value.hint
    assert "--vasp-command" not in str(caught.value)


def test_the_vasp_command_comes_from_option_or_environment(monkeypatch) -> None:
    monkeypatch.setenv("VASP_COMMAND", "false")
    assert Path(find_engine("vasp").command[0]).name == "false"
    monkeypatch.setenv("QDSTRUCT_VASP_COMMAND", "true 'a b'")
    assert find_engine("vasp").command[1:] == ("a b",)
    assert find_engine("vasp", command="env -i x").command[1:] == ("-i", "x")
    assert find_engine("vasp").needs_potcar
    assert not find_engine("mock").needs_potcar
