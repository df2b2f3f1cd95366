"""The fit command: every kind end to end, and input that cannot be used."""

from __future__ import annotations

import json
import sys
from collections import namedtuple

import numpy as np
import pytest

from qdstruct.cli.app import app
from qdstruct.cli.outcome import run_command
from qdstruct.simulation import spectra
from qdstruct.simulation.spectra.temperature import ENERGY_MODELS, linewidth

pytest.importorskip("lmfit")
Ran = namedtuple("Ran", "returncode stdout stderr")


@pytest.fixture
def qdstruct(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["qdstruct", *words])
        code = run_command(app)
        return Ran(code, *capsys.readouterr())

    return run


def save(path, *columns, heading=None, separator=","):
    rows = [separator.join(f"{v:.10g}" for v in row) for row in zip(*columns, strict=True)]
    path.write_text("\n".join(([heading] if heading else []) + rows) + "\n")


def value(document, name):
    found = [v for v in (*document["parameters"], *document["derived"]) if v["name"] == name]
    return found[0]["value"]


def case(kind):
    rng = np.random.default_rng(0)
    t, x = np.arange(0, 40, 0.1), np.linspace(0.5, 1.5, 8)
    kelvin, d = np.linspace(10, 300, 40), np.linspace(3, 12, 12)
    energy = np.linspace(2.0, 3.0, 120)
    words = {"E0": 2.33, "S": 2.0, "E_ph": 0.018}
    if kind == "kinetics":
        return (t, rng.poisson(5000 * np.exp(-t / 4) + 5)), ("--counts",), {"tau1": (4, 0.1)}
    if kind == "energy":
        return (
            (kelvin, ENERGY_MODELS["bose-einstein"].curve(kelvin, words)),
            (),
            {"E_ph": (0.018, 1e-5)},
        )
    if kind == "linewidth":
        truth = {"G0": 20.0, "g_ac": 0.0, "g_LO": 60.0, "E_LO": 18.0}
        return (kelvin, linewidth(kelvin, truth)), ("--model", "optical"), {"E_LO": (18, 1e-3)}
    if kind == "tunnelling":
        beta = spectra.decay_constant(0.5, 0.4)
        return (x, -30 * np.exp(-beta * x)), ("--mass", "0.4"), {"V": (0.5, 1e-4)}
    if kind == "tauc":
        wave = 1239.841984 / energy
        height = np.sqrt(np.clip(energy - 2.4, 0, None)) / energy
        return (wave, height), ("--wavelength",), {"E_g": (2.4, 0.01)}
    if kind == "brus":
        exact = spectra.brus_energy(d, gap=2.25, mass=0.126, permittivity=7.3)
        return (d, exact), ("--permittivity", "7.3", "--gap", "2.25"), {"mu": (0.126, 1e-4)}
    return (t, 100 + 2e5 * 0.03 * t), ("--lifetime", "9.2"), {"D": (0.03, 1e-5)}


@pytest.mark.parametrize(
    "kind", ["kinetics", "energy", "linewidth", "tunnelling", "tauc", "brus", "diffusion"]
)
def test_each_kind_from_csv_to_json_curve_and_figure(qdstruct, tmp_path, kind):
    columns, words, expected = case(kind)
    save(tmp_path / "data.csv", *columns, heading="x,y")
    ran = qdstruct(
        "fit", kind, "data.csv", *words, "--json", "-o", "curve.csv", "--figure", "fit.png"
    )
    assert ran.returncode == 0, ran.stderr
    document = json.loads(ran.stdout)
    for name, (truth, tolerance) in expected.items():
        assert value(document, name) == pytest.approx(truth, abs=tolerance)
    assert document["source"]
    assert len((tmp_path / "curve.csv").read_text().splitlines()) == len(document["curve"]["x"]) + 1
    assert (tmp_path / "fit.png").read_bytes().startswith(b"\x89PNG")
    table = qdstruct("fit", kind, "data.csv", *words)
    assert table.returncode == 0
    assert "reduced χ²" in table.stdout


def test_photoemission_and_a_band_diagram(qdstruct, tmp_path):
    energy = np.arange(-2, 18.5, 0.02)
    counts = 50 + 4000 * np.clip(energy - 1.4, 0, 1) * np.clip((16.66 - energy) / 0.3, 0, 1)
    counts += (
        9e4 * np.clip((energy - 9) / 7.5, 0, None) ** 3 * np.clip((16.66 - energy) / 0.3, 0, 1)
    )
    save(tmp_path / "ups.txt", energy, counts, separator="\t")
    words = ("fit", "ups", "ups.txt", "--gap", "2.37", "--json")
    document = json.loads(qdstruct(*words).stdout)
    assert value(document, "phi") == pytest.approx(21.218 - 16.66, abs=0.02)
    assert value(document, "E_F-E_VBM") == pytest.approx(1.4, abs=0.02)
    given = json.loads(
        qdstruct(*words, "--range", "1.5,2.2", "--cutoff-range", "16.42,16.62").stdout
    )
    assert value(given, "low1") >= 1.5
    assert value(given, "E_F-E_VBM") == pytest.approx(1.4, abs=1e-3)
    (tmp_path / "bands.csv").write_text(
        "material,work_function,edge,gap,gap_error\nCsPbBr3,4.56,1.40,2.37,0.02\n"
        "PMA2PbBr4,4.85,0.45,3.06,0.02\n"
    )
    bands = qdstruct("fit", "bands", "bands.csv", "--json", "--figure", "bands.svg")
    assert bands.returncode == 0, bands.stderr
    offsets = json.loads(bands.stdout)["offsets"]
    assert offsets[0]["valence"]["value"] == pytest.approx(0.66)
    assert offsets[0]["alignment"].startswith("II ")
    assert "<svg" in (tmp_path / "bands.svg").read_text()
    assert "staggered" in qdstruct("fit", "bands", "bands.csv").stdout


def test_sizes_from_energies_and_back(qdstruct, tmp_path):
    words = ("--gap", "2.25", "--mass", "0.126", "--permittivity", "7.3", "--json")
    save(tmp_path / "e.csv", [2.4, 2.5], heading="energy")
    sizes = json.loads(qdstruct("fit", "brus", "e.csv", *words).stdout)["diameter_nm"]
    save(tmp_path / "d.csv", sizes, heading="diameter")
    back = json.loads(qdstruct("fit", "brus", "d.csv", *words).stdout)["energy_eV"]
    assert back == pytest.approx([2.4, 2.5])
    assert qdstruct("fit", "brus", "e.csv", "--gap", "2.25").returncode == 2


def test_columns_by_name_errors_and_a_measured_response(qdstruct, tmp_path):
    t = np.arange(0, 20, 0.05)
    width = 0.8 / 2.3548
    irf = np.exp(-0.5 * ((t - 4) / width) ** 2)
    y = 3000 * spectra.decay(t - 4, 2.0, width) + 5
    save(tmp_path / "d.csv", irf, y, t, np.full(len(t), 2.0), heading="irf,pl,t,err", separator=";")
    ran = qdstruct(
        *("fit", "kinetics", "d.csv", "--x", "T", "--y", "pl", "--sigma", "err"),
        *("--response", "column=irf", "--json"),
    )
    assert ran.returncode == 0, ran.stderr
    document = json.loads(ran.stdout)
    assert document["weighting"] == "by the errors given"
    assert value(document, "tau1") == pytest.approx(2.0, abs=0.03)


def test_a_decimal_comma_and_comments_are_understood(tmp_path):
    (tmp_path / "d.csv").write_text("# made by hand\nx; y\n\n1,5; -2,25\n2; 1e3\n")
    table = spectra.read_table(tmp_path / "d.csv")
    assert table.headings == ("x", "y")
    assert table.column("X", 0).tolist() == [1.5, 2.0]
    assert table.column("2", 0).tolist() == [-2.25, 1000.0]
    assert table.lines == (4, 5)


GOOD = "".join(f"{i},{10 * 0.8**i:.4f}\n" for i in range(20))


@pytest.mark.parametrize(
    ("text", "words", "message"),
    [
        (GOOD + "20,nan\n", (), "data.csv: line 21, column 2: 'nan' is not finite"),
        (GOOD + "20,abc\n", (), "data.csv: line 21, column 2: 'abc' is not a number"),
        (GOOD + "5,1\n", (), "data.csv: line 21, column 1: 5 does not rise above 19"),
        (GOOD + "20,-3\n", (), "line 21, column 2: -3 is negative (1 such points)"),
        (GOOD + "20\n", (), "line 21 has 1 columns where 2 were expected"),
        (GOOD, ("--y", "signal"), "has no column signal"),
        (GOOD, ("--range", "50,60"), "no point between 50 and 60"),
        (GOOD, ("--range", "a,b"), "is not a range"),
        (GOOD, ("--components", "5"), "1 to 3"),
        (GOOD, ("--response", "-1"), "must be positive"),
        (GOOD, ("--figure", "fit.doc"), "no figure format"),
        ("1,2\n2,1\n", (), "2 points cannot determine 3 parameters"),
        ("", (), "no rows of numbers"),
        ("time,counts\n", (), "no rows of numbers"),
    ],
)
def test_unusable_input_names_file_line_and_column(qdstruct, tmp_path, text, words, message):
    (tmp_path / "data.csv").write_text(text)
    ran = qdstruct("fit", "kinetics", "data.csv", *words)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert ran.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


def test_other_unusable_requests(qdstruct, tmp_path):
    (tmp_path / "data.csv").write_text(GOOD)
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\xff\xfe")
    (tmp_path / "zero.csv").write_text("1,2,0\n2,3,1\n3,4,1\n4,4,1\n")
    for words, message in [
        (("colour", "data.csv"), "unknown kind of fit 'colour'"),
        (("kinetics", "missing.csv"), "file not found"),
        (("kinetics", "picture.csv"), "cannot be read as text"),
        (("kinetics", "zero.csv", "--sigma", "3"), "line 1: a standard deviation"),
        (("brus", "data.csv"), "needs the relative permittivity"),
        (("linewidth", "data.csv", "--model", "magic"), "known are full, optical"),
        (("bands", "data.csv"), "needs columns named material"),
        (("ups", "data.csv"), "where the cut-off lies"),
        (("diffusion", "data.csv", "--dimensions", "4"), "must be 1, 2 or 3"),
    ]:
        ran = qdstruct("fit", *words)
        assert ran.returncode == 2, words
        assert message in ran.stderr
