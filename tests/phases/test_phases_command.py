"""The command ``qdstruct phases``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qdstruct.cli import app

runner = CliRunner()


def test_table_lists_every_phase_with_its_group_and_source() -> None:
    result = runner.invoke(app, ["phases"])
    assert result.exit_code == 0
    row = next(line for line in result.stdout.splitlines() if "CsPbBr3-Pbnm" in line)
    for cell in ("62 Pbnm", "4.834", "Br–Pb 2.96", "not stated", "Rodova"):
        assert cell in row
    assert sum("PbS-galena" in line for line in result.stdout.splitlines()) == 2


def test_one_phase_with_caveats_and_distances() -> None:
    result = runner.invoke(app, ["phases", "cs4pbbr6"])
    assert result.exit_code == 0
    for words in ("167 R-3c", "implausibly short", "4.293 g/cm³", "2.738", "Moller"):
        assert words in result.stdout


def test_json_of_all_and_of_one() -> None:
    everything = json.loads(runner.invoke(app, ["phases", "--json"]).stdout)["phases"]
    one = json.loads(runner.invoke(app, ["phases", "galena", "--json"]).stdout)
    assert one in everything
    assert one["space_group_number"] == 225
    assert one["reported_density"] == 7.615
    assert one["cell"] == pytest.approx([5.9315] * 3 + [90] * 3)
    assert one["shortest_distances"][0] == {"pair": ["Pb", "S"], "distance": 5.9315 / 2}


def test_a_file_in_place_of_a_name(tmp_path: Path) -> None:
    from ase.io import write

    from qdstruct import phases

    write(tmp_path / "mine.vasp", phases.load("PbSe").atoms)
    result = runner.invoke(app, ["phases", str(tmp_path / "mine.vasp"), "--json"])
    assert json.loads(result.stdout)["space_group_symbol"] == "Fm-3m"


@pytest.mark.parametrize("name", ["CsPbBr3-Pmna", "CdS", "no/such/file.cif", "."])
def test_bad_input_ends_with_code_2_and_one_message(name: str) -> None:
    command = [sys.executable, "-c", "from qdstruct.cli import main; main()", "phases", name]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("qdstruct: error: ")
    assert result.stderr.count("error") == 1
    assert "Traceback" not in result.stderr


def test_a_primitive_cell_is_remarked_on_and_rewritten(tmp_path: Path) -> None:
    from ase.build import bulk

    bulk("GaAs", "zincblende", 5.653).write(tmp_path / "primitive.cif")
    program = [sys.executable, "-c", "from qdstruct.cli import main; main()", "phases"]
    words = ["primitive.cif", "--setting", "conventional", "-o", "cubic.vasp", "--json"]
    done = subprocess.run(
        [*program, *words], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "note" not in done.stderr
    read = subprocess.run(
        [*program, "primitive.cif"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert "note: primitive.cif: this is the primitive cell of a lattice of type F" in read.stderr
    assert json.loads(done.stdout)["cell"] == pytest.approx([5.653] * 3 + [90] * 3)
    again = runner.invoke(app, ["phases", str(tmp_path / "cubic.vasp"), "--json"])
    assert json.loads(again.stdout)["n_atoms"] == 8
    assert json.loads(again.stdout)["caveats"] == []


def test_another_setting_needs_a_crystal() -> None:
    result = runner.invoke(app, ["phases", "--setting", "Pnma"])
    assert "need a crystal" in str(result.exception)
