"""Study files: shipped ones are sound, wrong ones are explained to the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from qdstruct.errors import StudyError
from qdstruct.study import find_study, load_study, overlay_calculation, study_names


@pytest.fixture(scope="module")
def shipped() -> str:
    return find_study("cspbbr3-cds").read_text(encoding="utf-8")


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def line_of(text: str, words: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if words in line)


def test_the_mission_studies_are_shipped() -> None:
    assert {
        "cspbbr3-cds",
        "cspbbr3-cds-orientation",
        "cspbbr3-pbs",
        "pma2pbbr4-cspbbr3-vertical",
        "pma2pbbr4-cspbbr3-lateral",
    } <= set(study_names())


@pytest.mark.parametrize("name", study_names())
def test_shipped_studies_load_under_their_own_name(name: str) -> None:
    study = load_study(name)
    assert study.name == name
    assert "#" in find_study(name).read_text(encoding="utf-8")


def test_unknown_study_suggests_the_nearest() -> None:
    with pytest.raises(StudyError, match="cspbbr3-cds"):
        load_study("cspbbr3-cdse")


@pytest.mark.parametrize(
    ("old", "new", "line_with", "message"),
    [
        ("max_area:", "max_areas:", "max_areas", "unknown key 'match.max_areas'"),
        ("vacuum: 15", "vacuum: -3", "vacuum: -3", "greater than or equal to 0"),
        ("film: CdS-zincblende", "flim: CdS", "flim", "unknown key 'flim'"),
        ("zone: [1, 1, 1]", "zone: [1, 1]", "zone: [1, 1]", "needs more than 2 values"),
        ("zone: [1, 1, 1]", "zone: [0, 0, 0]", "zone: [0, 0, 0]", "not a zone axis"),
        (
            "two_theta: [10, 60]",
            "two_theta: [60, 10]",
            "patterns:",
            "from 60 to 10° is not a range",
        ),
        ("max_strain: 0.02", "max_strain: two", "max_strain: two", "valid number"),
        ("geometry: vertical", "geometry: sideways", "sideways", "'vertical' or 'lateral'"),
        ("choose: 1", "choose: 0", "choose: 0", "greater than or equal to 1"),
        ("  film: [0, 0, 1]", "  film: [0, 0, 0]", "planes:", "not a lattice plane"),
        ("preset: standard", "preset: [a", None, "not valid YAML"),
        ("name: cspbbr3-cds", "name: 'two words'", "two words", "match pattern"),
    ],
)
def test_mistakes_name_file_line_and_key(
    tmp_path: Path, shipped: str, old: str, new: str, line_with: str | None, message: str
) -> None:
    text = shipped.replace(old, new, 1)
    assert text != shipped
    path = write(tmp_path, text)
    with pytest.raises(StudyError) as caught:
        load_study(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    if line_with is not None:
        assert f":{line_of(text, line_with)}:" in str(caught.value)


def test_misspelt_key_gets_a_suggestion(tmp_path: Path, shipped: str) -> None:
    path = write(tmp_path, shipped.replace("max_area:", "max_areas:"))
    with pytest.raises(StudyError, match="did you mean 'max_area'"):
        load_study(path)


@pytest.mark.parametrize("content", ["", "- a\n- b\n", "just words\n"])
def test_not_a_study_at_all(tmp_path: Path, content: str) -> None:
    with pytest.raises(StudyError, match="key: value"):
        load_study(write(tmp_path, content))


def test_binary_file_and_directory(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(StudyError, match="not a text file; expected a study file"):
        load_study(path)
    with pytest.raises(StudyError, match="is a directory"):
        load_study(tmp_path)


def test_missing_key_is_named(tmp_path: Path, shipped: str) -> None:
    path = write(tmp_path, shipped.replace("substrate: CsPbBr3-Pbnm ", "# "))
    with pytest.raises(StudyError, match="'substrate' is missing"):
        load_study(path)


def test_every_mistake_is_listed_with_its_line(tmp_path: Path, shipped: str) -> None:
    text = shipped
    for old, new in (
        ("film: CdS-zincblende", "flim: CdS-zincblende"), ("substrate: CsPbBr3-Pbnm ", "# "),
        ("geometry: vertical", "geometry: sideways"), ("vacuum: 15", "vacuum: -3"),
        ("shift: [0.25, 0.25]", "shift: nearest"), ("choose: 1", "choose: 0"),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new, 1)
    with pytest.raises(StudyError) as caught:
        load_study(write(tmp_path, text))
    first, *rows = caught.value.message.splitlines()
    assert first.endswith("study.yaml: 6 mistakes:")
    expected = (
        ("flim", "unknown key 'flim' (did you mean 'film'?)"),
        ("geometry:", "geometry: Input should be 'vertical' or 'lateral', not 'sideways'"),
        ("choose: 0", "match.choose: Input should be greater than or equal to 1, not 0"),
        ("shift: nearest", "build.shift: Input should be a list, or 'closest', 'ionic' or "
         "'geometric', not 'nearest'"),
        ("vacuum: -3", "build.vacuum: Input should be greater than or equal to 0, not -3"),
    )  # fmt: skip
    missing = "line 1: the key 'substrate' is missing: the lower crystal: a named phase or a "
    assert rows[0] == f"  {missing}structure file"
    assert rows[1:] == [f"  line {line_of(text, words)}: {said}" for words, said in expected]
    assert "qdstruct studies cspbbr3-cds" in str(caught.value.hint)


def test_very_many_mistakes_are_counted(tmp_path: Path, shipped: str) -> None:
    more = "".join(f"wrong_{number}: 1\n" for number in range(11))
    with pytest.raises(StudyError) as caught:
        load_study(write(tmp_path, shipped + more))
    rows = caught.value.message.splitlines()
    assert (len(rows), rows[-1].strip()) == (10, "and 3 more")


def test_overlay_keeps_comments_and_adds_tags(tmp_path: Path, shipped: str) -> None:
    path = write(tmp_path, shipped)
    text = overlay_calculation(path, preset="quick", tags={"ENCUT": 450})
    again = load_study(write(tmp_path, text))
    assert again.calculation.preset == "quick"
    assert again.calculation.tags == {"ENCUT": 450}
    assert "# the upper crystal" in text
    assert overlay_calculation(find_study("cspbbr3-cds"), tags={}) == shipped
