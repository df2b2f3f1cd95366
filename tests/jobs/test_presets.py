"""Presets: what is shipped, and what a wrong one says."""

from __future__ import annotations

from pathlib import Path

import pytest

from qdstruct.errors import StudyError
from qdstruct.jobs import Preset, list_presets, load_preset
from qdstruct.jobs.incar import known_tags, overlay_settings
from qdstruct.jobs.kinds import KINDS
from qdstruct.jobs.presets import CELLS, shared_sections

GOOD = """\
description: d
source: s
kpoints:
  spacing: {value: 0.3, reason: r}
  dos_spacing: {value: 0.3, reason: r}
tags:
  common:
    ENCUT: {value: 400, reason: because}
"""


def write(folder: Path, text: str) -> str:
    path = folder / "mine.yaml"
    path.write_text(text)
    return str(path)


def test_shipped_presets() -> None:
    assert {"standard", "thesis-2d3d", "quick"} <= set(list_presets())


@pytest.mark.parametrize("name", list_presets())
def test_every_preset_survives_the_round_trip_and_gives_reasons(name: str) -> None:
    preset = load_preset(name)
    assert Preset.from_dict(preset.to_dict()) == preset
    for settings in preset.sections.values():
        for setting in settings:
            assert setting.tag in known_tags()
            assert len(setting.reason) > 5
            assert setting.origin.startswith(f"preset {name}, ")


@pytest.mark.parametrize("name", list_presets())
@pytest.mark.parametrize("cell", CELLS)
def test_static_jobs_never_move_atoms_and_never_write_the_exchange_potential(
    name: str, cell: str
) -> None:
    for kind in KINDS:
        tags = {tag: s.value for tag, s in load_preset(name).settings(cell, kind).items()}
        assert (tags["IBRION"] == -1) == (kind not in ("relax", "md"))
        assert tags.get("NSW", 1) > 0 if kind in ("relax", "md") else tags["NSW"] == 0
        assert "LVTOT" not in tags
        assert tags.get("ICHARG") == (11 if kind in ("dos", "bands", "optics") else None)
        assert tags["LCHARG"] == (kind in ("static", "difference", "bader"))
        assert tags.get("LVHAR", False) == (kind == "static")


def test_kinds_that_presets_leave_out_have_tags_of_their_own() -> None:
    shared = shared_sections()
    assert set(shared) == {kind.name for kind in KINDS.values() if not kind.tags_from_presets}
    for settings in shared.values():
        for setting in settings:
            assert setting.tag in known_tags()
            assert len(setting.reason) > 5


def test_a_preset_may_describe_a_kind_itself(tmp_path: Path) -> None:
    text = GOOD + "  slab:\n    LREAL: {value: Auto, reason: r}\n"
    preset = load_preset(write(tmp_path, text))
    assert preset.settings("slab", "displacement")["LREAL"].value is False
    text += "  displacement:\n    EDIFF: {value: 1.0e-7, reason: r}\n"
    preset = load_preset(write(tmp_path, text))
    assert preset.settings("slab", "displacement")["EDIFF"].value == 1e-7
    assert preset.settings("slab", "static")["LREAL"].value == "Auto"


def test_thesis_preset_is_the_published_setting() -> None:
    preset = load_preset("thesis-2d3d")
    tags = {tag: s.value for tag, s in preset.settings("interface", "relax").items()}
    assert tags["ENCUT"] == 500
    assert tags["EDIFFG"] == -0.03
    assert tags["GGA"] == "PE"
    assert tags["IVDW"] == 11
    assert preset.interface_mesh is not None
    assert preset.interface_mesh.value == [1, 2, 1]
    published = [
        setting.tag
        for section in preset.sections.values()
        for setting in section
        if setting.reason.startswith("Published")
    ]
    assert sorted(published) == ["EDIFFG", "ENCUT", "GGA", "IVDW"]


def test_more_specific_sections_win(tmp_path: Path) -> None:
    text = GOOD + (
        "  relax:\n    ISIF: {value: 2, reason: r}\n"
        "  bulk-relax:\n    ISIF: {value: 3, reason: r}\n"
    )
    preset = load_preset(write(tmp_path, text))
    assert preset.settings("bulk", "relax")["ISIF"].value == 3
    assert preset.settings("slab", "relax")["ISIF"].value == 2
    assert "ISIF" not in preset.settings("bulk", "static")


def test_unknown_preset_lists_those_that_exist() -> None:
    with pytest.raises(StudyError, match="no preset called 'standart'") as caught:
        load_preset("standart")
    assert caught.value.hint is not None
    assert "did you mean standard?" in caught.value.hint
    assert "thesis-2d3d" in caught.value.hint
    assert "zval" not in caught.value.hint


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (GOOD.replace("reason: r}", "reason: r", 1), "line 5: not valid YAML"),
        (GOOD.replace("common", "comon"), "line 7: unknown key 'comon'"),
        (GOOD.replace(", reason: because", ""), "line 8: 'ENCUT' must have exactly"),
        (GOOD.replace("{value: 400, reason: because}", "400"), "line 8: 'ENCUT' must have"),
        (GOOD.replace("value: 400", "value: "), "line 8: the value of 'ENCUT' is empty"),
        (GOOD.replace("source: s\n", ""), "lacks the key 'source'"),
        (GOOD + "colour: red\n", "line 9: unknown key 'colour'"),
        ("- a\n- b\n", "must be a mapping"),
        ("", "must be a mapping"),
    ],
)
def test_a_malformed_preset_names_its_line(tmp_path: Path, wrong: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        load_preset(write(tmp_path, wrong))


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"no such file; expected a preset"):
        load_preset(str(tmp_path / "none.yaml"))


def test_misspelt_tag_suggests_the_right_one() -> None:
    with pytest.raises(StudyError, match="no INCAR tag ENCTU") as caught:
        overlay_settings({"ENCTU": 400})
    assert caught.value.hint is not None
    assert "ENCUT" in caught.value.hint


@pytest.mark.parametrize("tag", ["ICHARG", "LVTOT", "istart"])
def test_tags_that_the_tree_sets_cannot_be_overlaid(tag: str) -> None:
    with pytest.raises(StudyError, match="cannot be overlaid"):
        overlay_settings({tag: 1})


def test_overlay_accepts_small_letters() -> None:
    assert overlay_settings({"encut": 400})["ENCUT"].origin == "your study"
