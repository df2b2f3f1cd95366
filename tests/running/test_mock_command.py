"""The program itself: exit codes, messages, start-up, repeatability."""

import subprocess
import sys

import pytest
from mock_jobs import RELAX, as_structure, crystal, write_job

COMMAND = [sys.executable, "-m", "qdstruct.running.mock"]


def call(folder, *arguments):
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def job(folder, **tags):
    return write_job(folder, as_structure(crystal("CdS-wurtzite")), **{**RELAX, **tags})


@pytest.mark.parametrize("missing", ["INCAR", "POSCAR"])
def test_missing_input_is_named_and_nothing_is_written(tmp_path, missing):
    job(tmp_path)
    (tmp_path / missing).unlink()
    before = sorted(p.name for p in tmp_path.iterdir())
    result = call(tmp_path)
    assert result.returncode == 2
    assert missing in result.stderr
    assert "hint" in result.stderr
    assert "Traceback" not in result.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_empty_poscar(tmp_path):
    job(tmp_path)
    (tmp_path / "POSCAR").write_text("")
    result = call(tmp_path)
    assert result.returncode == 2
    assert "POSCAR is empty" in result.stderr


def test_density_asked_for_but_absent(tmp_path):
    result = call(job(tmp_path, ICHARG=11))
    assert result.returncode == 2
    assert "CHGCAR" in result.stderr


def test_density_of_another_grid(tmp_path):
    job(tmp_path, NSW=0)
    assert call(tmp_path).returncode == 0
    job(tmp_path, NSW=0, ICHARG=11, NGXF=30)
    result = call(tmp_path)
    assert result.returncode == 2
    assert "dimensions on CHGCAR file are different" in result.stderr


def test_help(tmp_path):
    result = call(tmp_path, "-h")
    assert result.returncode == 0
    assert "no quantum calculation" in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_two_runs_are_the_same_to_the_last_bit(tmp_path):
    folders = [
        job(tmp_path / name, LORBIT=11, LVHAR=".TRUE.", NEDOS=101) for name in ("one", "two")
    ]
    outputs = [call(folder).stdout for folder in folders]
    assert outputs[0] == outputs[1]
    for path in folders[0].iterdir():
        assert path.read_bytes() == (folders[1] / path.name).read_bytes(), path.name
    assert len(list(folders[0].iterdir())) >= 13


def test_a_run_imports_nothing_heavy(tmp_path):
    job(tmp_path, LORBIT=11, LVHAR=".TRUE.")
    code = (
        "import sys\nfrom qdstruct.running.mock.__main__ import main\nassert main() == 0\n"
        "heavy = {'pymatgen', 'scipy', 'pandas', 'matplotlib', 'custodian', 'numba', 'xarray'}\n"
        "found = heavy & set(sys.modules)\nassert not found, found\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
