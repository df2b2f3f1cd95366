"""The command from directories of steps to a spectrum, and on to Hefei-NAMD and back."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from trajectory_factories import STEPS, write_trajectory
from typer.testing import CliRunner

from qdstruct.cli.app import app
from qdstruct.errors import InputError
from qdstruct.outputs import read_namd_inputs


@pytest.fixture(scope="module")
def trajectory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_trajectory(tmp_path_factory.mktemp("run"))


def run(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.output + str(result.exception)
    return result.output


def test_the_gap_of_a_trajectory(trajectory: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    text = run("dynamics", str(trajectory), "--time-step", "1", "-o", str(target), "--json")
    found = json.loads(text[text.index("{") : text.rindex("}") + 1])["gap"]
    assert (found["bands"], found["n_steps"], found["window"]) == ([2, 3], STEPS, "hann")
    assert found["mean"] == pytest.approx(2.3, abs=0.01)
    lines = sorted(peak["wavenumber"] for peak in found["peaks"][:2])
    assert lines == pytest.approx([72, 300], abs=12)
    text = (target / "spectral_density.csv").read_text()
    assert next(csv.reader(text.splitlines())) == [
        "wave number (1/cm)",
        "spectral density (eV^2 fs)",
    ]
    assert (target / "gap.png").read_bytes().startswith(b"\x89PNG")


def test_padding_and_the_mock_are_stated(trajectory: Path, tmp_path: Path) -> None:
    words = ["dynamics", str(trajectory), "--time-step", "1"]
    text = run(*words, "--padding", "4")
    assert "window hann, zero-padded to 4 times its length; a point every 11.9 cm⁻¹" in text
    assert "lines at least 95.3 cm⁻¹ wide" in text
    outcar = trajectory / "0001" / "OUTCAR"
    outcar.write_text(" vasp.6.4.2 qdstruct-mock (NOT a quantum calculation)\n")
    try:
        text = run(*words, "-o", str(tmp_path / "out"))
    finally:
        outcar.unlink()
    assert "MOCK" in text
    assert (tmp_path / "out" / "gap.csv").read_text().startswith("# MOCK")


def test_a_trajectory_is_not_read_before_its_options(trajectory: Path, monkeypatch) -> None:
    monkeypatch.setattr("qdstruct.outputs.read_band_series", lambda *_, **__: pytest.fail("read"))
    for option, value in (("--window", "flat"), ("--spin", "left"), ("--kpoint", "0"),
                          ("--namd-bands", "3,2,2"), ("--states", "one")):  # fmt: skip
        refused = CliRunner().invoke(app, ["dynamics", str(trajectory), option, value])
        assert isinstance(refused.exception, InputError)


def test_inputs_for_hefei_namd_go_together(trajectory: Path, tmp_path: Path) -> None:
    target = tmp_path / "namd"
    run("dynamics", str(trajectory), "--time-step", "1", "--write-namd", str(target),
        "--namd-bands", "2,4,4", "--temperature", "350")  # fmt: skip
    found = read_namd_inputs(target)
    assert (found.tags["TEMP"], found.tags["LHOLE"]) == (350, False)
    assert (found.tags["BMIN"], found.tags["BMAX"], found.tags["NSW"]) == (2, 4, STEPS)
    assert found.energies.shape == (STEPS, 3)
    assert (found.initial[:, 1] == 4).all()
    assert found.dephasing is not None
    assert (found.dephasing[~np.eye(3, dtype=bool)] > 0).all()
    again = run("dynamics", str(target), "--bands", "2,3")
    assert "bands 2 and 3" in again
    assert "window hann" in again


def test_temperature_and_carrier_of_hefei_namd(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    write_trajectory(root, 30)
    (root / "0001" / "INCAR").write_text("IBRION = 0\nNSW = 30\nPOTIM = 1.0\nTEBEG = 250\n")
    words = ["dynamics", str(root), "--write-namd"]
    run(*words, str(tmp_path / "electron"))
    found = read_namd_inputs(tmp_path / "electron")
    assert (found.tags["TEMP"], found.tags["LHOLE"]) == (250, False)
    assert (found.initial[:, 1] == 3).all()
    run(*words, str(tmp_path / "hole"), "--hole")
    found = read_namd_inputs(tmp_path / "hole")
    assert found.tags["LHOLE"] is True
    assert (found.initial[:, 1] == 2).all()
    refused = CliRunner().invoke(app, [*words, str(tmp_path / "no"), "--namd-bands", "1,3,2"])
    assert "an electron cannot start in band 2" in str(refused.exception)
    (root / "0001" / "INCAR").unlink()
    words += [str(tmp_path / "no"), "--time-step", "1"]
    for more, says in (([], "do not state the temperature"), (["--temperature", "0"], "of 0 K")):
        refused = CliRunner().invoke(app, [*words, *more])
        assert says in str(refused.exception)
    assert not (tmp_path / "no").exists()


def test_decays_of_surface_hopping(tmp_path: Path) -> None:
    time = np.arange(1, 401.0)
    generator = np.random.default_rng(2)
    for sample, tau in enumerate(generator.normal(150, 20, 12)):
        upper = np.exp(-time / tau)
        table = np.column_stack([time, 0.1 + 0.4 * upper, 1 - upper, upper])
        np.savetxt(tmp_path / f"SHPROP.{sample + 1}", table, fmt="%.6f")
    text = run("dynamics", str(tmp_path), "-o", str(tmp_path / "out"), "--json")
    found = json.loads(text[text.index("{") : text.rindex("}") + 1])["decays"]
    assert (found["states"], found["n_samples"]) == ([2], 12)
    assert found["population"]["time"] == pytest.approx(150, abs=20)
    assert 1 < found["population"]["uncertainty"] < 15
    assert found["energy"]["offset"] == pytest.approx(0.1, abs=0.02)
    assert (tmp_path / "out" / "decays.png").is_file()
    grown = json.loads(run("dynamics", str(tmp_path), "--states", "1", "--json"))["decays"]
    assert grown["population"] is None
    assert "do not decay" in grown["notes"][0]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--bands", "2,9", "--time-step", "1"], "bands 2 and 9 are not two of 1…4"),
        ([], "do not state the time between steps"),
        (["--time-step", "0"], "time step of 0 fs is impossible"),
        (["--bands", "two,3"], "not a list of integers"),
        (["--time-step", "1", "--window", "flat"], "no window 'flat'"),
    ],
)
def test_bad_requests_are_refused(tmp_path: Path, words: list[str], says: str) -> None:
    result = CliRunner().invoke(app, ["dynamics", str(write_trajectory(tmp_path, 12)), *words])
    assert says in str(result.exception)
