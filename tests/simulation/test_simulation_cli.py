"""The xrd and diffraction commands: words in, table or JSON out, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def qdstruct(*words, cwd=None):
    return subprocess.run(
        [sys.executable, "-c", "from qdstruct.cli import main; main()", *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


def test_xrd_json_has_the_documented_form():
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


def test_xrd_of_two_phases_prints_both_tables_and_writes_a_csv(tmp_path):
    words = ("xrd", "CsPbBr3-cubic", "PbS-galena", "--size", "16nm", "--csv", "x.csv")
    ran = qdstruct(*words, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "(2 0 0)" in ran.stdout
    assert "PbS-galena" in ran.stdout
    lines = (tmp_path / "x.csv").read_text().splitlines()
    assert lines[0].startswith("two_theta_deg,")
    assert len(lines) == 2502
    again = qdstruct("xrd", "PbS-galena", "--csv", "x.csv", cwd=tmp_path)
    assert again.returncode == 2
    assert "exists already" in again.stderr


def test_diffraction_json_has_the_documented_form():
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
        (("diffraction", "PbS-galena", "--zone", "0,0,0"), "zone"),
        (("diffraction", "PbS-galena", "--zone", "up"), "Miller"),
        (("diffraction", "PbS-galena", "--zone", "1,0,0", "--max-g", "-1"), "max_g"),
    ],
)
def test_bad_input_ends_with_exit_code_2_and_one_message(words, said):
    ran = qdstruct(*words)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert ran.stdout == ""
    assert "Traceback" not in ran.stderr


def test_a_broken_structure_file_is_bad_input(tmp_path):
    (tmp_path / "broken.cif").write_text("data_nothing\n_cell_length_a 5.0\n")
    ran = qdstruct("xrd", str(tmp_path / "broken.cif"))
    assert ran.returncode == 2
    assert "broken.cif" in ran.stderr
