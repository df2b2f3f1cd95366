"""Bad input of the simulation commands, item by item: exit code 2, one message, one hint."""

from __future__ import annotations

import sys
from collections import namedtuple

import numpy as np
import pytest

from qdstruct.cli.app import app
from qdstruct.cli.outcome import run_command

Ran = namedtuple("Ran", "returncode stdout stderr")
PBS = ("xrd", "PbS-galena")
IMAGE = ("hrtem", "PbS-galena", "--zone", "0,0,1", "-o", "x.png")


def fringes():
    x = np.cos(2 * np.pi * 0.4 * np.arange(200) / 3)
    return x[None, :] + x[:, None]


def images(folder):
    good = fringes()
    hole = good.copy()
    hole[3, 4] = np.nan
    for name, values in {
        "good": good, "hole": hole, "flat": np.ones((200, 200)), "bright": np.minimum(good, 0.5),
        "small": good[:8, :8], "stack": np.ones((20, 20, 20)), "complex": good + 1j,
    }.items():  # fmt: skip
        np.save(folder / f"{name}.npy", values)
    (folder / "text.png").write_text("no image")


def patterns(folder):
    angle = np.linspace(10, 60, 500)
    counts = 100 + 50 * np.exp(-((angle - 30) ** 2))
    lost_count, lost_angle = counts.copy(), angle.copy()
    lost_count[5] = lost_angle[7] = np.nan
    for name, columns in {
        "nan-counts": (angle, lost_count), "nan-angle": (lost_angle, counts),
        "unsorted": (np.roll(angle, 50), counts), "falling": (angle[::-1], counts),
        "twice": (np.r_[angle[0], angle[:-1]], counts), "dark": (angle, 0 * counts),
        "short": (angle[:20], counts[:20]), "radians": (10 * angle, counts),
    }.items():  # fmt: skip
        np.savetxt(folder / f"{name}.xy", np.column_stack(columns))
    (folder / "one.xy").write_text("1\n2\n")
    (folder / "nan.csv").write_text("t,y\n0,1\n1,nan\n2,3\n")
    (folder / "unsorted.csv").write_text("t,y\n0,1\n2,0.5\n1,0.7\n3,0.4\n4,0.2\n")


def particles(folder):
    for name, line in {"unknown": "Qq 0 0 0", "lost": "Pb 0 0 nan", "heavy": "Fm 0 0 0"}.items():
        (folder / f"{name}.xyz").write_text(f"2\n\n{line}\nS 0 0 3\n")


@pytest.fixture
def qdstruct(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    images(tmp_path)
    patterns(tmp_path)
    particles(tmp_path)
    before = sorted(tmp_path.iterdir())

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["qdstruct", *words])
        code = run_command(app)
        assert sorted(tmp_path.iterdir()) == before or code == 0, "something was written"
        return Ran(code, *capsys.readouterr())

    return run


REFUSED = {
    "no pixel size": [
        (("fft", "good.npy"), "size of a pixel is not known"),
        (("index", "good.npy", "--phase", "PbS-galena"), "size of a pixel is not known"),
        (("gpa", "good.npy", "--reference", "9,9,40,40"), "size of a pixel is not known"),
    ],
    "pixel size that is none": [
        (("fft", "good.npy", "--pixel", "0A"), "not a size"),
        (("fft", "good.npy", "--pixel=-0.4A"), "not a size"),
        (("fft", "good.npy", "--pixel", "nan"), "not a size"),
        (("fft", "good.npy", "--pixel", "0.4A,0.4A,0.4A"), "3 pixel sizes"),
        ((*IMAGE, "--pixel=-0.2"), "pixels of -0.2 Å"),
    ],
    "empty or unusable image": [
        (("fft", "flat.npy", "--pixel", "0.4A"), "empty: all pixels are 1"),
        (("gpa", "flat.npy", "--pixel", "0.4A", "--reference", "9,9,40,40"), "empty"),
        (("fft", "hole.npy", "--pixel", "0.4A"), "row 196, column 4"),
        (("fft", "small.npy", "--pixel", "0.4A"), "at least 16 × 16"),
        (("fft", "stack.npy", "--pixel", "0.4A"), "(20, 20, 20)"),
        (("fft", "complex.npy", "--pixel", "0.4A"), "complex numbers"),
        (("fft", "text.png", "--pixel", "0.4A"), "not an image"),
        (("fft", "good.npy", "--pixel", "0.4A", "--max-g", "-1"), "max_g = -1"),
        (("fft", "good.npy", "--pixel", "0.4A", "--threshold", "0"), "threshold of 0"),
        (("hrtem", "PbS-galena", "--zone", "57,91,33", "-o", "x.png"), "shows nothing"),
    ],
    "strain that cannot be mapped": [
        (("gpa", "good.npy", "--pixel", "0.4A", "--reference", "0,0,0,0"), "smaller than"),
        (("gpa", "good.npy", "--pixel", "0.4A", "--reference", "0,0,300,300"), "leaves the image"),
        (
            ("gpa", "good.npy", "--pixel", "0.4A", "--reference", "9,9,40,40", "--resolution=-4"),
            "resolution of -4",
        ),
    ],
    "pattern with NaN or an unsorted axis": [
        ((*PBS, "--fit", "nan-counts.xy"), "the first is point 6"),
        ((*PBS, "--fit", "nan-angle.xy"), "the first is point 8"),
        ((*PBS, "--fit", "unsorted.xy"), "do not ascend at 60"),
        ((*PBS, "--fit", "falling.xy"), "do not ascend"),
        ((*PBS, "--fit", "twice.xy"), "do not ascend at 10"),
        ((*PBS, "--fit", "dark.xy"), "no counts"),
        ((*PBS, "--fit", "short.xy"), "20 points"),
        ((*PBS, "--fit", "radians.xy"), "are not 2θ"),
        ((*PBS, "--fit", "one.xy"), "line 1 has one column"),
        (("fit", "kinetics", "nan.csv"), "line 3, column y"),
        (("fit", "kinetics", "unsorted.csv"), "line 4, column t"),
    ],
    "q beyond the scattering factors": [
        ((*PBS, "--anode", "0.1", "--range", "10,170"), "q = 125.2 1/Å is beyond"),
        ((*PBS, "--anode", "0.1", "--range", "10,170", "--debye", "--size", "3nm"), "beyond"),
    ],
    "too large for the memory": [
        ((*PBS, "--debye", "--size", "500nm"), "does not fit into the memory"),
        ((*PBS, "--step", "1e-9"), "two million points"),
        ((*IMAGE, "--field", "1e6,1e6"), "do not fit into the memory"),
        ((*IMAGE, "--thickness", "1e9", "--method", "multislice"), "slices are too many"),
        (("saxs", "--size", "8nm", "--spacing", "11nm", "--cells", "900,900,900"), "particles"),
        (("saxs", "--size", "8000nm", "--range", "0.1,100", "--points", "9"), "directions"),
        (("saxs", "--size", "8nm", "--period", "8nm", "--layers", "1000000000"), "layers"),
        (("assembly", "--cubes", "10000000000"), "fit into the memory"),
    ],
    "negative or impossible sizes": [
        ((*PBS, "--size=-5nm"), "'-5nm' is not a size"),
        ((*PBS, "--debye", "--size", "0"), "'0' is not a size"),
        ((*PBS, "--microstrain=-1"), "microstrain"),
        ((*PBS, "--instrument", "0"), "instrumental width"),
        ((*PBS, "--step=-1"), "step of -1"),
        ((*PBS, "--min-intensity=-1"), "threshold of -1"),
        ((*PBS, "-b", "Pb=-3"), "not a displacement"),
        ((*PBS, "-b", "Pb=nan"), "not a displacement"),
        ((*PBS, "--texture", "0,0,1,-1"), "positive r"),
        (("saxs", "--size=-3nm"), "not a size"),
        (("saxs", "--size", "0nm"), "a length above zero: write for example 16nm"),
        (("saxs", "--size", "8nm", "--spacing", "11nm", "--cells", "0,1,1"), "of at least 1"),
        (("saxs", "--size", "8nm", "--shell=-1nm"), "not a size"),
        (("saxs", "--size", "8nm", "--spacing", "11nm", "--cells", "2.5,2,2"), "whole numbers"),
        (("saxs", "--size", "8nm", "--spacing", "11nm", "--vacancies", "2"), "vacancy"),
        (("saxs", "--size", "8nm", "--points", "1"), "not a range"),
        (("diffraction", "PbS-galena", "--zone", "0,0,1", "--size=-3nm"), "not a size"),
        (("diffraction", "PbS-galena", "--zone", "0,0,1", "--spread=-3"), "spread of -3"),
        (("diffraction", "PbS-galena", "--zone", "0,0,1", "--max-g", "0"), "max_g"),
        ((*IMAGE, "--thickness=-1"), "thickness of -1"),
        ((*IMAGE, "--voltage=-1"), "voltage of -1000"),
        ((*IMAGE, "--voltage", "200000"), "not that of a microscope"),
        (("index", "0.3,0;0,0.3", "--phase", "PbS-galena", "--crystals", "0"), "0 crystals"),
        (("index", "0.3,0;0,0.3", "--phase", "PbS-galena", "--tolerance=-1"), "tolerances"),
        (("assembly", "--cubes=-5"), "-5 cubes"),
    ],
    "unknown anode or element": [
        ((*PBS, "--anode", "CuKz"), "unknown anode 'CuKz'"),
        ((*PBS, "--anode=-1"), "not that of X-rays"),
        ((*PBS, "-b", "Qq=1"), "'Qq' is not an element"),
        (("xrd", "unknown.xyz", "--debye"), "'Qq' is not an element"),
        (("xrd", "heavy.xyz", "--debye"), "no X-ray scattering factor for 'Fm'"),
        (("xrd", "lost.xyz", "--debye"), "coordinates of atom 1 (Pb) are not numbers"),
        (("saxs", "--structure", "lost.xyz"), "coordinates of atom 1 (Pb) are not numbers"),
    ],
}


@pytest.mark.parametrize("item", list(REFUSED))
def test_it_is_refused_with_one_message_and_a_hint(qdstruct, item):
    for words, said in REFUSED[item]:
        ran = qdstruct(*words)
        assert ran.returncode == 2, words
        assert said in ran.stderr, words
        assert ran.stderr.count("qdstruct: error:") == 1, words
        assert "hint: " in ran.stderr, words
        assert ran.stdout == "", words


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fft", "bright.npy", "--pixel", "0.4A"), "saturated"),
        (("fft", "good.npy", "--pixel", "0.4A", "--max-g", "9"), "the pixels resolve 1/d up to"),
        ((*IMAGE, "--pixel", "5"), "resolve no lattice plane"),
        (("saxs", "--size", "3nm", "--range", "1,20", "--points", "20"), "beyond the small-angle"),
        (("saxs", "--size", "8nm", "--spacing", "5nm"), "overlap"),
    ],
)
def test_it_is_warned_of_in_one_line_on_stderr(qdstruct, words, said):
    ran = qdstruct(*words)
    assert ran.returncode == 0, ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1
    assert ran.stderr.startswith("qdstruct: warning: ")
    assert said in ran.stderr


def test_pixels_that_are_not_square_give_the_true_spacings(qdstruct, tmp_path):
    y, x = 0.25 * np.arange(240)[:, None], 0.4 * np.arange(150)[None, :]
    values = np.cos(2 * np.pi * x / 3) + np.cos(2 * np.pi * y / 3)
    np.save(tmp_path / "good.npy", values)
    ran = qdstruct("fft", "good.npy", "--pixel", "0.25A,0.4A")
    assert ran.returncode == 0, ran.stderr
    rows = [line.split() for line in ran.stdout.splitlines() if line.strip()[:1].isdigit()]
    assert [float(row[0]) for row in rows[:2]] == pytest.approx([3.0, 3.0], abs=0.02)


def test_each_example_in_the_help_has_its_own_line(qdstruct):
    ran = qdstruct("fit", "-h")
    assert ran.returncode == 0
    examples = [line for line in ran.stdout.splitlines() if line.strip().startswith("Example:")]
    assert len(examples) >= 2
    assert all(line.count("qdstruct") == 1 for line in examples)
    two_crystals = qdstruct("diffraction", "-h").stdout.splitlines()
    assert any(line.endswith("--align '220|2,-2,0'") for line in two_crystals)
