"""A study's tags reach every job but do not turn one kind of job into another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jobs_factories as make
import pytest

from qdstruct.jobs import explain, preflight, write_tree
from qdstruct.jobs.explain import read_incar
from qdstruct.jobs.presets import preset_folder, protected_tags, shared_sections
from qdstruct.jobs.protected import is_stricter
from qdstruct.model import CalculationSettings, DynamicsSettings, JobTree, PhononSettings

ASKED = {"ISMEAR": -5, "EDIFF": 1e-4, "LREAL": "Auto", "LWAVE": False, "NELM": 77}


def grow(root: Path, preset: str = "quick", **tags: Any) -> JobTree:
    root.mkdir()
    settings = CalculationSettings(
        preset=preset, tags=ASKED | tags,
        include=("bulk", "interface", "bands", "phonons", "dynamics"),
        phonons=PhononSettings(of=("film",), length=6.0),
        dynamics=DynamicsSettings(heating=3, steps=4, snapshots=2),
    )  # fmt: skip
    return write_tree(
        root, study_name="s", film=make.film_phase(), substrate=make.substrate_phase(),
        interface=make.make_interface(), settings=settings,
    )  # fmt: skip


def first(tree: JobTree, kind: str) -> str:
    return next(job.name for job in tree.jobs if job.kind == kind)


def test_what_makes_a_kind_is_kept_and_said(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    tree = grow(root)
    kept = {
        ("bands", "ISMEAR"): "0",
        ("displacement", "EDIFF"): "1E-08",
        ("displacement", "LREAL"): ".FALSE.",
        ("snapshot", "LWAVE"): ".TRUE.",
    }
    for (kind, tag), value in kept.items():
        assert read_incar(root / first(tree, kind) / "INCAR")[tag] == value
    for job in tree.jobs:
        assert read_incar(root / job.name / "INCAR")["NELM"] == "77"
    assert read_incar(root / first(tree, "static") / "INCAR")["ISMEAR"] == "-5"
    (shown,) = (s for s in explain(root / first(tree, "bands")).settings if s.tag == "ISMEAR")
    assert shown.origin == "kind of job, bands; kept against your study's ISMEAR = -5"
    said = [f.message for f in preflight(root) if "does not reach" in f.message]
    assert len(said) == len(kept)
    assert (
        "ISMEAR = -5 of your study does not reach jobs of the kind bands, which keep "
        "ISMEAR = 0: Points on a line have no tetrahedra."
    ) in said


def test_a_stricter_criterion_is_let_through(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    tree = grow(root, EDIFF=1e-9)
    name = first(tree, "displacement")
    assert read_incar(root / name / "INCAR")["EDIFF"] == "1E-09"
    assert tree.job(name).settings["EDIFF"]["from"] == "your study"
    said = [f.message for f in preflight(root) if "does not reach" in f.message]
    assert not [message for message in said if "EDIFF" in message]
    assert [message for message in said if "LREAL" in message]


@pytest.mark.parametrize(
    ("tag", "asked", "kept", "stricter"),
    [
        ("EDIFF", 1e-9, 1e-8, True), ("EDIFF", "1E-9", 1e-8, True), ("EDIFF", 1e-7, 1e-8, False),
        ("EDIFF", 1e-8, 1e-8, False), ("EDIFF", 0, 1e-8, False), ("EDIFF", -1e-9, 1e-8, False),
        ("EDIFFG", -0.005, -0.01, True), ("EDIFFG", -0.02, -0.01, False),
        ("EDIFFG", 1e-5, -0.01, False), ("ENCUT", 600, 500, True), ("ENCUT", 400, 500, False),
        ("ENCUT", "high", 500, False), ("NELM", 200, 100, True), ("ISMEAR", 1, 0, False),
        ("LREAL", True, False, False), ("LREAL", "Auto", False, False),
    ],
)  # fmt: skip
def test_what_stricter_means(tag: str, asked: Any, kept: Any, stricter: bool) -> None:
    assert is_stricter(tag, asked, kept) is stricter


def test_a_preset_may_still_set_them_for_one_kind(tmp_path: Path) -> None:
    text = (preset_folder() / "quick.yaml").read_text(encoding="utf-8")
    own = tmp_path / "mine.yaml"
    own.write_text(f"{text}  displacement:\n    EDIFF: {{value: 1.0e-9, reason: Stiffer.}}\n")
    tree = grow(tmp_path / "tree", str(own))
    found = read_incar(tmp_path / "tree" / first(tree, "displacement") / "INCAR")
    assert found["EDIFF"] == "1E-09"


@pytest.mark.parametrize("kind", sorted(shared_sections()))
def test_every_protected_tag_has_a_value_and_a_reason(kind: str) -> None:
    given = {s.tag: s.reason for s in shared_sections()[kind]}
    assert all(given.get(tag) for tag in protected_tags(kind))
