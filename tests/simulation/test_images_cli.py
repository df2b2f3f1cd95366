"""The hrtem, fft, index and gpa commands."""

from __future__ import annotations

import json
import sys
from collections import namedtuple

import numpy as np
import pytest

from qdstruct.cli.app import app
from qdstruct.cli.outcome import run_command
from qdstruct.phases import load
from qdstruct.simulation import hrtem_image, micrograph, write_image, zone_axis_pattern
from qdstruct.study import load_study

Ran = namedtuple("Ran", "returncode stdout stderr")


@pytest.fixture
def qdstruct(monkeypatch, capsys, tmp_path):
    """Run one command in an empty folder, as the installed program does."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["qdstruct", *words])
        code = run_command(app)
        return Ran(code, *capsys.readouterr())

    return run


@pytest.fixture
def junction(tmp_path):
    """Fringes of 3 Å whose period along x is 2 % longer beyond x = 80 Å."""
    y, x = 0.4 * np.arange(400)[:, None], 0.4 * np.arange(400)[None, :]
    u = np.where(x > 80, 0.02 / 1.02 * (x - 80), 0.0)
    values = np.cos(2 * np.pi * (x - u) / 3) + 0.8 * np.cos(2 * np.pi * y / 3)
    path = tmp_path / "junction.tif"
    write_image(micrograph(values, 0.4, name="junction"), path)
    return path


def test_image_to_spots_to_phase_and_zone(qdstruct):
    words = ("--zone", "1,1,1", "--thickness", "10", "--field", "120,110", "--turn", "12")
    made = qdstruct("hrtem", "CdS-zincblende", *words, "-o", "cds.tif", "--json")
    assert made.returncode == 0, made.stderr
    settings = json.loads(made.stdout)
    assert settings["voltage_V"] == 200e3
    assert settings["max_phase_rad"] > 0
    found = qdstruct("fft", "cds.tif", "--pixel", "0.2A", "--json", "--max-g", "0.55")
    assert found.returncode == 0, found.stderr
    spots = json.loads(found.stdout)["spots"]
    assert [spot["d"] for spot in spots[:3]] == pytest.approx([2.06] * 3, abs=0.02)
    indexed = qdstruct(
        *("index", "cds.tif", "--pixel", "0.2A", "--max-g", "0.55", "--json"),
        *("--phase", "CsPbBr3-cubic", "--phase", "CdS-zincblende"),
    )
    assert indexed.returncode == 0, indexed.stderr
    best = json.loads(indexed.stdout)["explanations"][0]
    assert best["phase"] == "CdS-zincblende"
    assert sorted(map(abs, best["zone"])) == [1, 1, 1]
    table = qdstruct("index", "0.17,0;0,0.17;0.17,0.17", "--phase", "CsPbBr3-cubic")
    assert table.returncode == 0, table.stderr
    assert "3/3" in table.stdout


@pytest.fixture
def heterojunction(tmp_path):
    """CsPbBr3 along [001] beside CdS along [111], (2 2 0) parallel to (2 -2 0), turned by 11°."""
    turn, images = 11.0, []
    for name, zone, plane in [
        ("CsPbBr3-cubic", (0, 0, 1), (2, 2, 0)),
        ("CdS-zincblende", (1, 1, 1), (2, -2, 0)),
    ]:
        atoms = load(name).atoms
        pattern = zone_axis_pattern(atoms, name=name, zone=zone)
        angle = next(spot.angle for spot in pattern.spots if spot.hkl == plane)
        turn = turn if not images else turn - angle
        image = hrtem_image(
            atoms, name=name, zone=zone, thickness=20.0, field=(160.0, 160.0), pixel_size=0.4,
            turn=turn,
        ).image.to_numpy()  # fmt: skip
        turn += angle
        images.append(image / image.std())
    share = 1 / (1 + np.exp((np.arange(400) - 200.0) / 4))
    values = images[0] * share + images[1] * (1 - share)
    values += np.random.default_rng(0).normal(0, 0.3, values.shape)
    path = tmp_path / "heterojunction.tif"
    write_image(micrograph(values, 0.4, name="heterojunction"), path)
    return path


def test_from_a_micrograph_of_two_crystals_to_the_study_of_their_interface(
    qdstruct, heterojunction, tmp_path
):
    words = ("--pixel", "0.4A", "--max-g", "0.6", "--crystals", "2", "--study", "study.yaml")
    phases = ("--phase", "CsPbBr3-cubic", "--phase", "CdS-zincblende")
    ran = qdstruct("index", heterojunction.name, *words, *phases, "--json")
    assert ran.returncode == 0, ran.stderr
    document = json.loads(ran.stdout)
    assert [found["phase"] for found in document["explanations"]] == [
        "CsPbBr3-cubic",
        "CdS-zincblende",
    ]
    relation = document["relation"]
    assert [sorted(map(abs, zone)) for zone in relation["zones"]] == [[0, 0, 1], [1, 1, 1]]
    fit = min(relation["planes"], key=lambda pair: abs(pair["mismatch"]))
    assert sorted(map(abs, fit["first"])) == sorted(map(abs, fit["second"])) == [0, 2, 2]
    assert fit["mismatch"] == pytest.approx(5.818 / 5.874 - 1, abs=2e-3)
    assert abs(fit["angle"]) < 0.5
    best = relation["planes"][0]
    assert best["misfit"] == pytest.approx(fit["mismatch"])
    study = load_study(tmp_path / "study.yaml")
    assert (study.film, study.substrate) == ("CdS-zincblende", "CsPbBr3-cubic")
    assert sorted(map(abs, study.planes.film)) == [1, 1, 2]
    assert study.directions is not None
    assert np.dot(study.directions.film, study.planes.film) == 0
    assert np.dot(study.directions.substrate, study.planes.substrate) == 0
    planes = "|".join(
        ",".join(map(str, hkl)) for hkl in (study.planes.film, study.planes.substrate)
    )
    directions = "|".join(
        ",".join(map(str, uvw)) for uvw in (study.directions.film, study.directions.substrate)
    )
    oriented = qdstruct(
        "orient", study.film, study.substrate, "--planes", planes, "--directions", directions
    )
    assert oriented.returncode == 0, oriented.stderr
    assert "both parallels hold at once" in oriented.stdout
    again = qdstruct("index", heterojunction.name, *words, *phases)
    assert again.returncode == 2
    assert "study.yaml" in again.stderr


def test_one_crystal_makes_no_study(qdstruct, tmp_path):
    ran = qdstruct(
        *("index", "0.17,0;0,0.17;0.17,0.17", "--phase", "CsPbBr3-cubic", "--study", "s.yaml")
    )
    assert ran.returncode == 2
    assert "two crystals" in ran.stderr
    assert not (tmp_path / "s.yaml").exists()


def test_gpa_measures_the_step_and_writes_the_maps(qdstruct, junction):
    words = ("gpa", str(junction), "--pixel", "0.4A", "--reference", "20,20,65,140")
    ran = qdstruct(*words, "--json", "-o", "strain.npz")
    assert ran.returncode == 0, ran.stderr
    document = json.loads(ran.stdout)
    profile = document["mean_along_y"]
    x, exx = np.array(profile["x"]), np.array(profile["exx"])
    assert exx[(x > 100) & (x < 140)].mean() == pytest.approx(0.02, abs=1e-3)
    with np.load(junction.parent / "strain.npz") as maps:
        assert maps["exx"].shape == (400, 400)
    table = qdstruct(*words)
    assert table.returncode == 0
    assert "+2.0" in table.stdout


def test_gpa_leaves_blank_what_has_another_lattice_and_says_how_much(qdstruct, tmp_path):
    y, x = 0.4 * np.arange(400)[:, None], 0.4 * np.arange(400)[None, :]
    left = np.cos(2 * np.pi * x / 3) + np.cos(2 * np.pi * y / 3)
    right = np.cos(2 * np.pi * (x + y) / 6) + np.cos(2 * np.pi * (x - y) / 6)
    write_image(
        micrograph(np.where(x > 80, right, left), 0.4, name="halves"), tmp_path / "halves.tif"
    )
    words = ("gpa", "halves.tif", "--pixel", "0.4A", "--reference", "20,20,65,140")
    words += ("--g1", "0.3333,0", "--g2", "0,0.3333")
    document = json.loads(qdstruct(*words, "--json").stdout)
    profile = document["mean_along_y"]
    beyond = [exx for x, exx in zip(profile["x"], profile["exx"], strict=True) if x > 105]
    assert set(beyond) == {None}
    assert 0.25 < document["blank_weak"] < 0.5
    table = qdstruct(*words)
    assert table.returncode == 0, table.stderr
    assert "–" in table.stdout
    assert f"{100 * document['blank_weak']:.1f} % where a reflection" in table.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fft", "junction.tif"), "pixel"),
        (("fft", "missing.tif", "--pixel", "0.2A"), "not found"),
        (("fft", "junction.tif", "--pixel", "small"), "size"),
        (("gpa", "junction.tif", "--pixel", "0.4A", "--reference", "0,0,1"), "rectangle"),
        (
            ("gpa", "junction.tif", "--pixel", "0.4A", "--reference", "0,0,90,90", "--g1", "1,0"),
            "both",
        ),
        (("index", "0.3,0;0.6,0", "--phase", "PbS-galena"), "one line"),
        (("index", "0.3,0;0,0.3", "--phase", "nothing-known"), "nothing-known"),
        (("hrtem", "PbS-galena", "--zone", "0,0,1", "-o", "x.gif"), "gif"),
        (("hrtem", "PbS-galena", "--zone", "0,0,1", "-o", "x.png", "-b", "I=3"), "no I in the"),
        (("hrtem", "PbS-galena", "--zone", "0,0,1", "-o", "junction.tif"), "exists"),
    ],
)
def test_bad_input_ends_with_exit_code_2_and_one_message(qdstruct, junction, words, said):
    ran = qdstruct(*words)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert ran.stdout == ""


def test_a_saturated_image_is_warned_of_on_stderr(qdstruct, tmp_path):
    x = 0.4 * np.arange(200)[None, :] + np.zeros((200, 1))
    values = np.minimum(np.cos(2 * np.pi * x / 3), 0.6)
    np.save(tmp_path / "bright.npy", values)
    ran = qdstruct("fft", "bright.npy", "--pixel", "0.4A", "--json")
    assert ran.returncode == 0
    assert "saturated" in ran.stderr
    assert json.loads(ran.stdout)["spots"]
