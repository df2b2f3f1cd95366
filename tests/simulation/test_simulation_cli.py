"""The xrd and diffraction commands: words in, table or JSON out, exit codes."""

from __future__ import annotations

import json
import sys
from collections import namedtuple

import pytest

from qdstruct.cli.app import app
from qdstruct.cli.outcome import run_command

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


def test_xrd_json_has_the_documented_form(qdstruct):
    ran = qdstruct("xrd", "CsPbBr3-cubic", "--anode", "CuKa1", "--range", "10,50", "--json")
    assert ran.returncode == 0, ran.stderr
    document = json.loads(ran.stdout)
    strongest = max(document["peaks"], key=lambda peak: peak["intensity"])
    assert strongest["hkl"] == [[2, 0, 0]]
    assert strongest["intensity"] == pytest.approx(100)
    assert strongest["two_theta"] == pytest.approx(30.41, abs=0.03)
    assert strongest["d"] == pytest.approx(2.937)
    pattern = document["pattern"]
    assert len(pattern["two_theta"]) == len(pattern["intensity"]) == 2001
    assert max(pattern["intensity"]) == pytest.approx(100)


def test_xrd_of_two_phases_prints_both_tables_and_writes_a_csv(qdstruct, tmp_path):
    words = ("xrd", "CsPbBr3-cubic", "PbS-galena", "--size", "16nm", "--csv", "x.csv")
    ran = qdstruct(*words)
    assert ran.returncode == 0, ran.stderr
    assert "(2 0 0)" in ran.stdout
    assert "PbS-galena" in ran.stdout
    lines = (tmp_path / "x.csv").read_text().splitlines()
    assert lines[0].startswith("two_theta_deg,")
    assert len(lines) == 2502
    again = qdstruct("xrd", "PbS-galena", "--csv", "x.csv")
    assert again.returncode == 2
    assert "exists already" in again.stderr


def test_diffraction_json_has_the_documented_form(qdstruct):
    words = ("diffraction", "CdS-zincblende", "--zone", "1,1,1", "--max-g", "0.6", "--json")
    ran = qdstruct(*words)
    assert ran.returncode == 0, ran.stderr
    document = json.loads(ran.stdout)
    assert document["zone"] == [1, 1, 1]
    assert document["phase"] == "CdS-zincblende"
    assert {"hkl", "g", "angle", "intensity", "forbidden"} <= set(document["spots"][0])
    allowed = [spot for spot in document["spots"] if not spot["forbidden"]]
    assert [spot["angle"] for spot in allowed[:6]] == pytest.approx([0, 60, 120, 180, 240, 300])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("xrd", "PbS-galena", "--anode", "CuQx"), "MoKa"),
        (("xrd", "PbS-galena", "--range", "60,10"), "2θ"),
        (("xrd", "PbS-galena", "--range", "ten,sixty"), "range"),
        (("xrd", "PbS-galena", "--size", "big"), "size"),
        (("xrd", "no-such-phase"), "no-such-phase"),
        (("xrd", "PbS-galena", "--debye"), "--size"),
        (("xrd", "PbS-galena", "--texture", "0,0,1"), "March"),
        (("xrd", "PbS-galena", "-b", "Pb"), "displacement"),
        (("xrd", "PbS-galena", "-b", "Xx=3"), "not an element"),
        (("xrd", "PbS-galena", "-b", "I=3"), "no I in the structure"),
        (("xrd", "PbS-galena", "--published", "CdTe"), "CsPbBr3 cubic"),
        (("xrd", "PbS-galena", "--fit", "missing.xy"), "missing.xy"),
        (("xrd", "PbS-galena", "--debye", "--size", "4nm", "--shape", "star"), "shape"),
        (("diffraction", "PbS-galena", "--zone", "0,0,0"), "zone"),
        (("saxs", "--size", "8nm", "--spacing", "11nm", "--period", "8nm"), "one of them"),
        (("saxs", "--size", "8nm", "--shape", "star"), "shape"),
        (("saxs", "--size", "8nm", "--range", "2,1"), "range"),
        (("saxs", "--size", "8nm,9nm"), "size"),
        (("saxs", "--size", "0nm"), "size"),
        (("diffraction", "PbS-galena", "--zone", "up"), "Miller"),
        (("diffraction", "PbS-galena"), "--zone"),
        (("diffraction", "PbS-galena", "--rings", "--zone", "0,0,1"), "all orientations"),
        (("diffraction", "PbS-galena", "--rings", "--figure", "x.gif"), "gif"),
        (("diffraction", "PbS-galena", "--zone", "0,0,1", "--with", "PbS-galena"), "together"),
        (("diffraction", "PbS-galena", "--zone", "1,0,0", "--max-g", "-1"), "max_g"),
    ],
)
def test_bad_input_ends_with_exit_code_2_and_one_message(qdstruct, words, said):
    ran = qdstruct(*words)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert ran.stdout == ""
    assert "Traceback" not in ran.stderr


def test_a_broken_structure_file_is_bad_input(qdstruct, tmp_path):
    (tmp_path / "broken.cif").write_text("data_nothing\n_cell_length_a 5.0\n")
    ran = qdstruct("xrd", str(tmp_path / "broken.cif"))
    assert ran.returncode == 2
    assert "broken.cif" in ran.stderr


def test_debye_of_a_cut_crystal_and_of_a_file_agree(qdstruct, tmp_path):
    from ase import Atoms
    from ase.io import write

    from qdstruct import phases
    from qdstruct.simulation import cut_particle

    words = ("--debye", "--range", "20,35", "--json")
    ran = qdstruct("xrd", "PbS-galena", *words, "--size", "2.4nm", "--shape", "sphere")
    assert ran.returncode == 0, ran.stderr
    crystal = json.loads(ran.stdout)
    assert crystal["peaks"] == []
    phase = phases.load("PbS-galena")
    parts = cut_particle(phase.atoms, name="x", size_nm=2.4, shape="sphere").positions()
    symbols = [symbol for symbol, points in parts.items() for _ in points]
    particle = Atoms(symbols, positions=[point for points in parts.values() for point in points])
    write(tmp_path / "dot.xyz", particle)
    ran = qdstruct("xrd", "dot.xyz", *words)
    assert ran.returncode == 0, ran.stderr
    assert "perfect domains" in ran.stderr
    file = json.loads(ran.stdout)
    assert file["pattern"]["intensity"] == pytest.approx(crystal["pattern"]["intensity"], rel=1e-5)
    refused = qdstruct("xrd", "dot.xyz")
    assert refused.returncode == 2
    assert "--debye" in refused.stderr


def test_vacuum_in_the_cell_is_warned_of_on_stderr_only(qdstruct, tmp_path):
    from ase.build import bulk
    from ase.io import write

    slab = bulk("PbS", "rocksalt", a=5.9315, cubic=True)
    slab.cell[2, 2] += 15
    write(tmp_path / "slab.vasp", slab)
    ran = qdstruct("xrd", "slab.vasp", "--json")
    assert ran.returncode == 0, ran.stderr
    assert "empty" in ran.stderr
    assert json.loads(ran.stdout)["peaks"]


def test_saxs_finds_the_published_supraparticle_maxima(qdstruct):
    words = ("saxs", "--size", "8nm", "--spacing", "11.4nm", "--disorder", "0.5nm")
    ran = qdstruct(*words, "--cells", "12,12,12", "--range", "0.3,1.4", "--json")
    assert ran.returncode == 0, ran.stderr
    document = json.loads(ran.stdout)
    found = [maximum["q"] for maximum in document["maxima"]]
    for published in (0.55, 0.78, 1.10, 1.23):
        assert min(abs(q - published) for q in found) < 0.006
    assert len(document["curve"]["q"]) == len(document["curve"]["intensity"]) == 500
    table = qdstruct(*words)
    assert table.returncode == 0
    assert "0.551" in table.stdout
    assert "55.5" not in table.stdout
    free = qdstruct("saxs", "--size", "8nm", "--shape", "sphere")
    assert free.returncode == 0
    assert "form factor" in free.stdout


def test_saxs_says_how_a_length_without_unit_is_read(qdstruct):
    words = ("--points", "20", "--json")
    bare = qdstruct("saxs", "--size", "8", "--shell", "12A", *words)
    assert bare.stderr.strip() == "note: '8' has no unit and is read as 8 nm"
    full = qdstruct("saxs", "--size", "8nm", "--shell", "12A", *words)
    assert full.stderr == ""
    assert json.loads(bare.stdout)["curve"] == json.loads(full.stdout)["curve"]


def test_published_lines_are_printed_with_the_reason(qdstruct):
    ran = qdstruct("xrd", "PbS-galena", "--published", "PbS", "--json")
    assert ran.returncode == 0, ran.stderr
    rows = json.loads(ran.stdout)["rows"]
    assert [row["verdict"] for row in rows] == ["differs"] * 3
    assert "one cell" in rows[0]["reason"]
    table = qdstruct("xrd", "CsPbBr3-cubic", "--published", "CsPbBr3 cubic")
    assert table.stdout.count("agrees") == 4


def test_texture_and_displacements_change_the_lines(qdstruct):
    words = ("xrd", "CdS-wurtzite", "--json")

    def line(*more):
        peaks = json.loads(qdstruct(*words, *more).stdout)["peaks"]
        return next(p["intensity"] for p in peaks if p["hkl"][0] == [0, 0, 2])

    assert line("--texture", "0,0,1,0.5") > line()
    assert line("-b", "Cd=3", "-b", "S=3") != line()


def test_fit_of_a_measured_mixture(qdstruct, tmp_path):
    ran = qdstruct("xrd", "CsPbBr3-cubic", "PbS-galena", "--size", "10nm", "--json")
    parts = [p["pattern"] for p in json.loads(ran.stdout)["patterns"]]
    rows = [
        f"{angle:.3f} {80 * a + 40 * b + 500:.2f}"
        for angle, a, b in zip(
            parts[0]["two_theta"], parts[0]["intensity"], parts[1]["intensity"], strict=True
        )
    ]
    (tmp_path / "measured.xy").write_text("\n".join(rows))
    words = ("xrd", "CsPbBr3-cubic", "PbS-galena", "--size", "10nm", "--fit", "measured.xy")
    fitted = qdstruct(*words, "--json", "--csv", "curves.csv")
    assert fitted.returncode == 0, fitted.stderr
    document = json.loads(fitted.stdout)
    assert document["r_wp"] < 0.01
    assert sum(part["weight_fraction"] for part in document["fractions"]) == pytest.approx(1)
    assert (tmp_path / "curves.csv").read_text().startswith("two_theta,")
    assert "PbS-galena" in qdstruct(*words).stdout


def test_published_orientation_relation_overlays_both_crystals(qdstruct):
    """CsPbBr3 [001] with CdS [111], {220} on {220}: spacings of 2.077 and 2.057 Å."""
    ran = qdstruct(
        *("diffraction", "CsPbBr3-cubic", "--zone", "0,0,1", "--with", "CdS-zincblende"),
        *("--with-zone", "1,1,1", "--align", "220|2,-2,0", "--max-g", "0.6", "--json"),
    )
    assert ran.returncode == 0, ran.stderr
    document = json.loads(ran.stdout)
    best = document["coincidences"][0]
    assert best["first"] == [2, 2, 0]
    assert best["second"] == [2, -2, 0]
    assert best["mismatch"] == pytest.approx(-0.0095, abs=5e-4)
    assert best["angle"] == pytest.approx(0, abs=1e-9)
    assert document["overlay"]["zone"] == [1, 1, 1]


def test_rings_are_listed_and_drawn(qdstruct, tmp_path):
    words = ("diffraction", "CsPbBr3-cubic", "--rings", "--max-g", "0.4", "--figure", "rings.png")
    ran = qdstruct(*words, "--json")
    assert ran.returncode == 0, ran.stderr
    rings = json.loads(ran.stdout)["rings"]
    assert rings[0]["d"] == pytest.approx(5.874)
    assert max(rings, key=lambda ring: ring["intensity"])["hkl"] == [[2, 0, 0]]
    assert (tmp_path / "rings.png").read_bytes()[:4] == b"\x89PNG"
    again = qdstruct(*words)
    assert again.returncode == 2
    assert "rings.png" in again.stderr


def test_a_mixture_is_fitted_with_a_size_for_each_phase_and_drawn(qdstruct, tmp_path):
    sizes = ("--size", "12nm,6nm")
    phases = ("CsPbBr3-cubic", "PbS-galena")
    made = qdstruct("xrd", *phases, *sizes, "--range", "10,60", "--step", "0.05", "--json")
    assert made.returncode == 0, made.stderr
    curves = [one["pattern"] for one in json.loads(made.stdout)["patterns"]]
    rows = zip(curves[0]["two_theta"], *(curve["intensity"] for curve in curves), strict=True)
    lines = [f"{angle:.3f} {20 * first + 12 * second + 150:.3f}" for angle, first, second in rows]
    (tmp_path / "measured.xy").write_text("\n".join(lines))
    residuals = []
    for size, name in (("12nm,6nm", "good.png"), ("12nm", "bad.png")):
        ran = qdstruct(
            *("xrd", *phases, "--fit", "measured.xy", "--size", size, "--figure", name, "--json")
        )
        assert ran.returncode == 0, ran.stderr
        residuals.append(json.loads(ran.stdout)["r_wp"])
        assert (tmp_path / name).read_bytes()[:4] == b"\x89PNG"
    assert residuals[0] < 0.01 < 0.04 < residuals[1]
    wrong = qdstruct("xrd", *phases, "--size", "1nm,2nm,3nm")
    assert wrong.returncode == 2
    assert "3 sizes for 2 structures" in wrong.stderr
