"""What a study asks for at its end is checked at its beginning, and lost outputs cost one note."""

from __future__ import annotations

from pathlib import Path

import pytest

from qdstruct.errors import StudyError
from qdstruct.pipeline.analyse import analyse
from qdstruct.pipeline.planning import plan_study
from qdstruct.pipeline.prepare import prepare
from qdstruct.pipeline.requests import polar_faces
from qdstruct.study import find_study, load_study


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("anode: CuKa1", "anode: XxKa", "patterns.anode: unknown anode 'XxKa'"),
        (
            "phase: CdS-zincblende, zone",
            "phase: CdS-zinc, zone",
            "patterns.zones, entry 2: unknown",
        ),
        ("published: [CsPbBr3 cubic", "published: [CsPbBr9 cubic", "no published number of"),
    ],
)
def test_impossible_requests_stop_prepare(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = find_study("cspbbr3-cds").read_text(encoding="utf-8")
    assert old in text
    study = tmp_path / "study.yaml"
    study.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(StudyError, match=message):
        prepare(study, tmp_path / "tree", preset="quick")
    assert not (tmp_path / "tree").exists()


@pytest.mark.parametrize(
    ("name", "polar"),
    [
        ("cspbbr3-cds", ["CdS-zincblende"]),  # {001} planes of zinc blende alternate in charge
        ("cspbbr3-pbs", []),  # {100} of rock salt and of the perovskite are neutral
        ("cspbbr3-pbs-220", ["CsPbBr3-cubic"]),  # CsPbBr 2+ and Br2 2− alternate along [110]
    ],
)
def test_polar_faces_are_named(name: str, polar: list[str]) -> None:
    plan = plan_study(load_study(name))
    found = polar_faces(plan.study, plan.film, plan.substrate)
    assert [words.split()[0] for words in found] == polar


def test_zone_of_a_users_own_file_outlives_the_file(tmp_path: Path) -> None:
    """The tree holds the crystal, so the pattern needs the file no more."""
    from ase.io import write

    from qdstruct.phases import load

    write(tmp_path / "mine.cif", load("PbS-galena").atoms)
    text = find_study("cspbbr3-pbs").read_text(encoding="utf-8").replace("PbS-galena", "mine.cif")
    study = tmp_path / "study.yaml"
    study.write_text(text, encoding="utf-8")
    root = tmp_path / "tree"
    prepare(study, root, preset="quick")
    (tmp_path / "mine.cif").unlink()
    results = analyse(root)
    assert [pattern.zone for pattern in results.spots] == [(0, 0, 1), (0, 0, 1)]
    assert len(results.powder) == 3


def test_range_without_lines_is_a_note(tmp_path: Path) -> None:
    text = find_study("cspbbr3-pbs").read_text(encoding="utf-8")
    study = tmp_path / "study.yaml"
    study.write_text(text.replace("two_theta: [10, 60]", "two_theta: [0.5, 1.5]"), encoding="utf-8")
    root = tmp_path / "tree"
    prepare(study, root, preset="quick")
    results = analyse(root)
    assert results.powder == ()
    assert sum(note.startswith("Powder pattern of") for note in results.notes) == 3
