"""Engines without custodian: their ends, their errors, the walltime; and which can be asked for."""

import os
import sys
import textwrap
import time

import pytest

from qdstruct.errors import InputError, RunError
from qdstruct.running import ENGINES, Engine, find_engine
from qdstruct.running.alone import run_alone
from qdstruct.running.engines.chgnet import chgnet_maker
from qdstruct.running.engines.tags import ignored_tags, refuse_impossible
from qdstruct.running.engines.worker import Worker
from qdstruct.running.vaspfiles.inputs import Incar
from qdstruct.running.walltime import WalltimeReachedError


def engine(script: str) -> Engine:
    return Engine(
        name="sample", command=(sys.executable, "-c", textwrap.dedent(script)),
        under_custodian=False, poll_seconds=0.05, monitor_seconds=0.2,
    )  # fmt: skip


def test_an_engine_that_ends_well_leaves_what_it_printed(tmp_path) -> None:
    run_alone(tmp_path, engine("print('all is well')"))
    assert (tmp_path / "engine.out").read_text() == "all is well\n"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            "import sys; sys.stderr.write('error: no such element\\n'); sys.exit(2)",
            "no such element",
        ),
        ("print('half way'); raise SystemExit(3)", "exit code 3; it said last: half way"),
        ("import os; os.kill(os.getpid(), 9)", "killed by signal 9"),
    ],
)
def test_an_engine_that_fails_says_why(tmp_path, script, said) -> None:
    with pytest.raises(RunError, match=said):
        run_alone(tmp_path, engine(script))


def test_the_walltime_asks_for_an_end_and_tells_it_from_success(tmp_path) -> None:
    patient = """
        import pathlib, time
        while not pathlib.Path("STOPCAR").exists():
            time.sleep(0.02)
        print("stopped:", pathlib.Path("STOPCAR").read_text())
    """
    with pytest.raises(WalltimeReachedError):
        run_alone(tmp_path, engine(patient), walltime=0.5)
    assert "LSTOP = .TRUE." in (tmp_path / "engine.out").read_text()
    assert not (tmp_path / "STOPCAR").exists()


def test_an_interrupt_takes_the_engine_along(tmp_path, monkeypatch) -> None:
    def interrupted(*_: object) -> bool:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.02)
        raise KeyboardInterrupt

    monkeypatch.setattr("qdstruct.running.alone._watch", interrupted)
    script = """
        import os, pathlib, time
        pathlib.Path("pid").write_text(str(os.getpid()))
        time.sleep(60)
    """
    with pytest.raises(KeyboardInterrupt):
        run_alone(tmp_path, engine(script))
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_every_engine_is_listed_with_how_to_install_it() -> None:
    with pytest.raises(InputError, match="unknown engine 'gauss'") as caught:
        find_engine("gauss")
    for name in ENGINES:
        assert f"\n  {name}: " in (caught.value.hint or "")
    assert "tests/gpaw/install.sh" in (caught.value.hint or "")


def test_gpaw_needs_to_be_told_of_its_python(monkeypatch) -> None:
    monkeypatch.delenv("QDSTRUCT_GPAW_PYTHON", raising=False)
    with pytest.raises(InputError, match="QDSTRUCT_GPAW_PYTHON is not set"):
        find_engine("gpaw")
    monkeypatch.setenv("QDSTRUCT_GPAW_PYTHON", "no-such-mpirun -n 2 python")
    with pytest.raises(InputError, match="'no-such-mpirun' is not a program"):
        find_engine("gpaw")
    monkeypatch.setenv("QDSTRUCT_GPAW_PYTHON", f"env -u X {sys.executable}")
    found = find_engine("gpaw")
    assert found.command[-3:] == ("-u", "X", sys.executable)
    assert not found.under_custodian
    assert not found.needs_potcar


WORKER = """
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    print("chatter")
    if request["do"] == "end":
        sys.exit(4)
    answer = {"error": "ValueError: no"} if request["do"] == "fail" else {"twice": 2 * request["x"]}
    print("@" + json.dumps(answer), flush=True)
"""


def test_a_worker_answers_fails_and_ends(tmp_path, capsys) -> None:
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    worker = Worker([sys.executable], script, tmp_path)
    assert worker.ask({"do": "double", "x": 2.5}) == {"twice": 5.0}
    assert "chatter" in capsys.readouterr().out
    with pytest.raises(RunError, match="ValueError: no"):
        worker.ask({"do": "fail"})
    with pytest.raises(RunError, match="ended with exit code 4 without an answer"):
        worker.ask({"do": "end"})
    worker.close()


def test_tags_of_physics_are_named_and_tags_of_numerics_are_not() -> None:
    incar = Incar(tags={"ENCUT": "500", "IVDW": "12", "LDIPOL": ".TRUE.", "ISMEAR": "0"})
    assert ignored_tags(incar, {"ISMEAR"}) == ("IVDW = 12", "LDIPOL = .TRUE.")


@pytest.mark.parametrize(
    ("tags", "what"),
    [
        ({"LHFCALC": ".TRUE."}, "hybrid functionals"),
        ({"NELECT": "231"}, "a number of electrons other than the atoms'"),
        ({"METAGGA": "SCAN"}, "meta-GGA"),
        ({"LDAU": "T"}, r"DFT\+U"),
        ({"IBRION": "0", "NSW": "10"}, "molecular dynamics"),
        ({"IBRION": "6", "NSW": "1"}, "vibrations"),
        ({"ISPIN": "2"}, "spin polarisation"),
        ({"ICORELEVEL": "1"}, "core levels"),
    ],
)
def test_another_calculation_than_asked_for_is_refused(tags, what) -> None:
    with pytest.raises(InputError, match=f"not possible with the engine xtb: {what}"):
        refuse_impossible(Incar(tags=tags), "xtb")


def test_a_force_field_refuses_electrons_before_it_is_loaded(tmp_path) -> None:
    from engine_jobs import STATIC, calculate, hydrogen_sulfide, write_inputs

    folder = write_inputs(tmp_path, hydrogen_sulfide(), **STATIC)
    with pytest.raises(InputError, match="a force field has no") as caught:
        calculate(folder, "chgnet", chgnet_maker(["no-such-python"]))
    assert "a charge density (LCHARG), a potential (LVHAR), densities of states" in str(
        caught.value
    )
