"""Level tables: the shipped ones are the published numbers, and bad ones are refused by row."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from qdstruct.analysis import align_levels, turned
from qdstruct.errors import InputError
from qdstruct.pipeline.levels import find_levels, measured_alignments, read_levels, shipped_levels
from qdstruct.pipeline.reproduction.numbers import published_numbers


def printed(system: str, quantity: str) -> object:
    (found,) = [n.value for n in published_numbers()
                if n.system == system and n.quantity == quantity]  # fmt: skip
    return found


def test_the_thesis_levels_are_the_printed_ones_and_type_two() -> None:
    (levels,) = read_levels(find_levels("pma2pbbr4-cspbbr3"))
    for side, name in ((levels.film, "PMA2PbBr4"), (levels.substrate, "CsPbBr3")):
        work, edge, gap = (float(printed(name, quantity)) for quantity in
                           ("work function", "EF-VBM", "band gap (Tauc)"))  # fmt: skip
        assert side.material == name
        assert side.valence == pytest.approx(-(work + edge))
        assert side.conduction == pytest.approx(-(work + edge) + gap)
    assert levels.kind == printed("CsPbBr3-PMA2PbBr4", "band alignment") == "type II"
    assert levels.valence_offset == pytest.approx(0.66)
    assert levels.conduction_offset == pytest.approx(1.35)


def test_the_levels_of_qiu_are_the_printed_ones() -> None:
    """Measured and calculated conduction offsets are both 0.1 eV, CdS below; measured: type II."""
    measured, calculated = read_levels(find_levels("cspbbr3-cds"))
    for side, name in ((measured.film, "CdS"), (measured.substrate, "CsPbBr3")):
        conduction, valence = printed(name, "CB, VB vs RHE")
        assert side.conduction == pytest.approx(-(4.44 + conduction))
        assert side.valence == pytest.approx(-(4.44 + valence))
    offset = printed("CsPbBr3/CdS", "DFT CB offset")
    assert measured.conduction_offset == pytest.approx(-offset)
    assert calculated.conduction_offset == pytest.approx(-offset)
    assert measured.kind == "type II"
    assert not calculated.complete
    with pytest.raises(InputError, match="lacks an edge"):
        align_levels(calculated)


def test_every_shipped_table_reads() -> None:
    assert {"cspbbr3-cds", "pma2pbbr4-cspbbr3"} <= set(shipped_levels())
    for name in shipped_levels():
        assert read_levels(find_levels(name))


def test_measured_offsets_go_with_the_phases_of_a_study_either_way_round() -> None:
    (found,) = measured_alignments("PMA2PbBr4", "CsPbBr3-cubic")
    (other,) = measured_alignments("CsPbBr3-Pbnm", "PMA2PbBr4")
    assert found.kind == other.kind == "type II"
    assert other.valence_offset == pytest.approx(-found.valence_offset)
    assert found.label == "photoemission and Tauc gaps"
    assert measured_alignments("PbSe", "CsPbI3-cubic") == ()


def test_the_ph_moves_levels_but_no_offset(tmp_path: Path) -> None:
    rows = "set,side,material,scale,valence,conduction,pH\n"
    for ph in (0, 7):
        rows += f"{ph},film,A,RHE,1.6,-0.9,{ph}\n{ph},substrate,B,RHE,1.4,-1.0,{ph}\n"
    (tmp_path / "levels.csv").write_text(f"# comment\n{rows}")
    acid, neutral = read_levels(tmp_path / "levels.csv")
    assert neutral.film.valence - acid.film.valence == pytest.approx(7 * 0.05916)
    assert neutral.valence_offset == pytest.approx(acid.valence_offset)
    assert turned(acid).conduction_offset == pytest.approx(0.1)


GOOD = "set,side,material,valence,conduction\na,film,X,-6,-4\na,substrate,Y,-5.5,-3.5\n"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("a,film,X,-6,-4", "a,film,X,-6,x"), "row 1: conduction is 'x'"),
        (("a,film,X,-6,-4", "a,film,X,-4,-6"), "row 1: the conduction edge lies below"),
        (("a,film,X,-6,-4", "a,roof,X,-6,-4"), "side is 'roof'"),
        (("a,film,X,-6,-4", "a,film,X,,"), "neither valence nor conduction"),
        (("a,film,X,-6,-4", "a,film,X,-6"), "another number of cells"),
        (("a,film,X,-6,-4\n", ""), "no row for its film"),
        (("a,substrate", "a,film"), "two rows for its film"),
        (("valence,", "valance,"), "no column 'valance'"),
        ((GOOD, ""), "holds no levels"),
    ],
)
def test_bad_tables_are_refused_by_row(tmp_path: Path, change: tuple[str, str], message: str):
    path = tmp_path / "levels.csv"
    path.write_text(GOOD.replace(*change))
    with pytest.raises(InputError, match=message):
        read_levels(path)


def test_yaml_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "levels.yaml"
    for text, message in (("- set: [", "is no YAML"), ("set: a", "list of rows")):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            read_levels(path)


def test_the_command_prints_offsets_and_draws_them(tmp_path: Path) -> None:
    figure = tmp_path / "levels.svg"
    command = [sys.executable, "-m", "qdstruct", "align", "cspbbr3-cds", "--uncertainty", "0.1",
               "--figure", str(figure), "--json"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    sets = json.loads(done.stdout)["sets"]
    assert sets[0]["kind"] == "quasi-type II"
    assert sets[0]["uncertainty"] == pytest.approx(0.02**0.5)
    assert sets[1]["kind"] == "type II (as published)"
    assert figure.read_text().count("<path") > 40
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert "exists already" in again.stderr
