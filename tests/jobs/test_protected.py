"""A study's tags reach every job but do not turn one kind of job into another."""

from __future__ import annotations

from pathlib import Path

import jobs_factories as make
import pytest

from qdstruct.jobs import explain, preflight, write_tree
from qdstruct.jobs.explain import read_incar
from qdstruct.jobs.presets import preset_folder, protected_tags, shared_sections
from qdstruct.model import CalculationSettings, DynamicsSettings, JobTree, PhononSettings

ASKED = {"ISMEAR": -5, "EDIFF": 1e-4, "LREAL": "Auto", "LWAVE": False, "NELM": 77}


def grow(root: Path, preset: str = "quick") -> JobTree:
    root.mkdir()
    settings = CalculationSettings(
        preset=preset, tags=ASKED, include=("bulk", "interface", "bands", "phonons", "dynamics"),
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
