"""The doctor sees what is missing or broken, and only what matters makes it say so."""

from __future__ import annotations

import json
import sys

import pytest

from qdstruct.cli.app import app
from qdstruct.cli.outcome import run_command
from qdstruct.errors import InputError
from qdstruct.pipeline.doctor import GROUPS, examine, is_well, vasp


def program(folder, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def by_name(group: str) -> dict[str, object]:
    return {check.name: check for check in examine([group])}


def test_everything_is_looked_at_and_this_installation_is_well() -> None:
    checks = examine()
    assert {check.group for check in checks} == set(GROUPS)
    ours = [check for check in checks if check.group in ("installation", "mock", "browser")]
    assert is_well(ours), [check for check in ours if check.state == "broken"]
    for check in checks:
        assert (check.fix == "") == (check.state == "fine"), check


def test_what_is_asked_for_must_be_there(monkeypatch) -> None:
    for variable in ("QDSTRUCT_VASP_COMMAND", "VASP_COMMAND"):
        monkeypatch.delenv(variable, raising=False)
    checks = examine(["vasp"])
    assert checks[0].state == "absent"
    assert is_well(checks)
    assert not is_well(checks, ["vasp"])
    monkeypatch.setenv("QDSTRUCT_VASP_COMMAND", "no-such-launcher vasp_std")
    checks = examine(["vasp"])
    assert checks[0].state == "broken"
    assert "no-such-launcher" in checks[0].found
    assert not is_well(checks)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(InputError, match="vaps"):
        examine(["vaps"])


@pytest.mark.parametrize(
    ("settings", "state", "words"),
    [
        ({}, "absent", "POTCAR.spec"),
        ({"PMG_VASP_PSP_DIR": "/no/such/folder"}, "broken", "/no/such/folder"),
    ],
)
def test_the_library_of_potentials(monkeypatch, settings, state, words) -> None:
    monkeypatch.setattr("pymatgen.core.SETTINGS", settings)
    check = by_name("vasp")["POTCAR library"]
    assert check.state == state
    assert words in check.found


def test_a_library_of_another_release_names_the_one_that_is_there(monkeypatch, tmp_path) -> None:
    (tmp_path / "POT_GGA_PAW_PBE_52").mkdir()
    settings = {"PMG_VASP_PSP_DIR": str(tmp_path), "PMG_DEFAULT_FUNCTIONAL": "PBE_54"}
    monkeypatch.setattr("pymatgen.core.SETTINGS", settings)
    check = by_name("vasp")["POTCAR release PBE_54"]
    assert check.state == "broken"
    assert check.fix.endswith("PMG_DEFAULT_FUNCTIONAL PBE_52")


def test_a_library_that_lacks_one_potential_names_it(monkeypatch, tmp_path) -> None:
    folder = tmp_path / "POT_GGA_PAW_PBE_54"
    folder.mkdir()
    monkeypatch.setattr("pymatgen.core.SETTINGS", {"PMG_VASP_PSP_DIR": str(tmp_path)})
    monkeypatch.setattr("qdstruct.jobs.library._readable", lambda label, _release: label != "Pb_d")
    check = by_name("vasp")["POTCAR files of the shipped crystals"]
    assert check.state == "broken"
    assert check.found == "missing: Pb_d"


def test_the_elements_asked_about_are_those_of_the_shipped_crystals() -> None:
    from qdstruct import phases

    shipped = {symbol for phase in phases.catalogue() for symbol in phase.atoms.symbols}
    assert shipped <= set(vasp.ELEMENTS)


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        ("echo main up 4; echo old down 2", "fine", "main (4 nodes)"),
        ("echo main down 4", "broken", "no partition is up"),
        ("echo cannot contact slurm controller >&2; exit 1", "broken", "cannot contact"),
    ],
)
def test_slurm(monkeypatch, tmp_path, answer, state, words) -> None:
    program(tmp_path, "sbatch", "echo slurm 22.05.8")
    program(tmp_path, "sinfo", answer)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    checks = by_name("slurm")
    assert checks["sbatch"].found == "slurm 22.05.8"
    assert checks["partitions"].state == state
    assert words in checks["partitions"].found


def test_a_queue_that_hangs_is_not_waited_for(monkeypatch, tmp_path) -> None:
    program(tmp_path, "sbatch", "echo slurm 22.05.8")
    program(tmp_path, "sinfo", "exec sleep 60")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("qdstruct.pipeline.doctor.engines.PATIENCE", 0.3)
    check = by_name("slurm")["partitions"]
    assert check.state == "broken"
    assert "does not answer" in check.found


def test_gpaw_is_looked_for_in_its_own_python(monkeypatch, tmp_path) -> None:
    program(tmp_path, "python", "echo 26.7.0")
    monkeypatch.setenv("QDSTRUCT_GPAW_PYTHON", str(tmp_path / "python"))
    assert by_name("gpaw")["GPAW"].found.startswith("26.7.0")
    monkeypatch.setenv("QDSTRUCT_GPAW_PYTHON", str(tmp_path / "nowhere"))
    assert by_name("gpaw")["GPAW"].state == "broken"


def test_a_missing_package_is_reported_not_raised(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "qdstruct.pipeline.doctor.vasp", None)
    (check,) = examine(["vasp"])
    assert check.state == "broken"
    assert "pip install" in check.fix


def test_the_command(monkeypatch, capsys) -> None:
    monkeypatch.delenv("QDSTRUCT_VASP_COMMAND", raising=False)
    monkeypatch.delenv("VASP_COMMAND", raising=False)
    for words, code in (
        (["mock", "--json"], 0),
        (["vasp", "--json"], 1),
        (["doctor"], 2),
    ):
        monkeypatch.setattr("sys.argv", ["qdstruct", "doctor", *words])
        assert run_command(app) == code
        out = capsys.readouterr().out
        if code < 2:
            document = json.loads(out)
            assert document["ok"] == (code == 0)
            assert document["checks"]
