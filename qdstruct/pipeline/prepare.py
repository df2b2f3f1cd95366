"""From a plan to the tree of job directories, and back from the tree on disk."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from qdstruct import jobs
from qdstruct.errors import DestinationError, InputError, StudyError
from qdstruct.files import lack, new_directory, read_text, refuse_existing, write_atomically
from qdstruct.model import Interface, JobTree, Phase
from qdstruct.pipeline.planning import Plan, plan_study
from qdstruct.pipeline.requests import check_requests, polar_faces
from qdstruct.pipeline.series import series_points
from qdstruct.running import read_record
from qdstruct.study import Study, find_study, load_study, overlay_calculation

__all__ = ["load_interface", "load_phases", "load_tree", "prepare", "rehearse", "tree_study"]

MAKE_ONE = "make one with: qdstruct prepare STUDY.yaml DIR"
STUDY_FILE, TREE_FILE, MATCHES_FILE = "study.yaml", "tree.json", "structures/matches.json"


def prepare(
    study_file: str | Path,
    root: Path,
    *,
    preset: str | None = None,
    tags: Mapping[str, str | int | float | bool] = MappingProxyType({}),
    force: bool = False,
) -> tuple[Plan, JobTree, tuple[jobs.PreflightFinding, ...]]:
    """Write the whole job tree of a study, checked before it takes its place.

    Parameters
    ----------
    study_file : str or Path
        A study file or the name of a shipped study.
    root : Path
        The directory to make. It appears only when everything is written and passes preflight.
    preset : str, optional
        Replaces the study's preset.
    tags : mapping
        INCAR tags that overlay those of the study; they are frozen into the tree's study file.
    force : bool
        Replace an existing directory.

    Returns
    -------
    plan, tree, findings
        The findings are warnings; an error raises.

    Raises
    ------
    InputError
        For anything wrong in the study, in the structures or with the destination.
    DestinationError
        If the directory exists and may not be replaced, or holds finished calculations.
    """
    refuse_existing(root, force=force)
    refuse_finished(root)
    source = find_study(study_file)
    load_study(source)
    with new_directory(root, marker=TREE_FILE, force=force) as beside:
        plan, tree, findings = _write(source, beside, preset, tags)
    return plan, tree, (*findings, *_polar_findings(plan))


def refuse_finished(root: Path) -> None:
    """Keep calculations that took core-hours, whatever was asked; those of the mock took none.

    Raises
    ------
    DestinationError
        If the directory holds finished calculations of a real engine.
    """
    records = (read_record(path.parent) for path in root.rglob("run.json"))
    finished = [each for each in records if each and each.state == "done" and each.engine != "mock"]
    if finished:
        raise DestinationError(
            f"{root}: holds the results of {len(finished)} finished jobs, which would be lost",
            hint="choose another name, or move this directory away first",
        )


def rehearse(
    study_file: str | Path,
    *,
    preset: str | None = None,
    tags: Mapping[str, str | int | float | bool] = MappingProxyType({}),
) -> tuple[Plan, JobTree, tuple[jobs.PreflightFinding, ...], tuple[jobs.JobEstimate, ...]]:
    """Do all of `prepare` in a temporary directory and keep nothing but the answer.

    Parameters
    ----------
    study_file, preset, tags
        As for `prepare`.

    Returns
    -------
    plan, tree, findings, estimates
        Size and cost of each job in the tree's order.

    Raises
    ------
    InputError
        As `prepare`.
    """
    source = find_study(study_file)
    load_study(source)
    with tempfile.TemporaryDirectory(prefix="qdstruct-") as folder:
        root = Path(folder)
        plan, tree, findings = _write(source, root, preset, tags)
        sizes = tuple(jobs.estimate(root / job.name) for job in tree.jobs)
    return plan, tree, (*findings, *_polar_findings(plan)), sizes


def _write(
    source: Path,
    root: Path,
    preset: str | None,
    tags: Mapping[str, str | int | float | bool],
) -> tuple[Plan, JobTree, tuple[jobs.PreflightFinding, ...]]:
    write_atomically(root / STUDY_FILE, overlay_calculation(source, preset=preset, tags=tags))
    plan = plan_study(load_study(root / STUDY_FILE), source.parent)
    check_requests(plan.study, plan.film, plan.substrate)
    settings = plan.study.calculation.settings(jobs.parts_of(plan.study.recipes))
    jobs.require_parts(settings.include)
    tree = jobs.write_tree(
        root,
        study_name=plan.study.name,
        film=plan.film,
        substrate=plan.substrate,
        interface=plan.interface,
        settings=settings,
        series=series_points(plan, settings.include),
    )
    matches = {"chosen": plan.chosen, "matches": [match.to_dict() for match in plan.matches]}
    write_atomically(root / MATCHES_FILE, json.dumps(matches))
    findings = jobs.preflight(
        root, core_hours=settings.core_hours, node_memory=settings.node_memory
    )
    jobs.require_sound(findings)
    return plan, tree, findings


def _polar_findings(plan: Plan) -> tuple[jobs.PreflightFinding, ...]:
    hint = "take a non-polar face, reconstruct it, or compare thicknesses"
    return tuple(
        jobs.PreflightFinding(severity="warning", job="interface", message=words, hint=hint)
        for words in polar_faces(plan.study, plan.film, plan.substrate)
    )


def load_tree(root: Path) -> JobTree:
    """Read ``tree.json`` of a prepared directory.

    Raises
    ------
    InputError
        If `root` is not a job tree.
    """
    try:
        return JobTree.from_dict(_read_json(root, TREE_FILE))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{root / TREE_FILE}: not the list of a tree's jobs: {error}", hint=MAKE_ONE
        ) from None


def tree_study(root: Path) -> Study:
    """Read the study that was frozen into a tree."""
    if not (root / STUDY_FILE).is_file():
        raise StudyError(f"{root / STUDY_FILE}: the study of this job tree is missing")
    return load_study(root / STUDY_FILE)


def load_phases(root: Path) -> tuple[Phase, Phase]:
    """Read film and substrate as they were when the tree was prepared."""
    film, substrate = (
        Phase.from_dict(_read_json(root, f"structures/{side}.json"))
        for side in ("film", "substrate")
    )
    return film, substrate


def load_interface(root: Path) -> Interface:
    """Read the interface as built."""
    return Interface.from_dict(_read_json(root, "structures/interface.json"))


def _read_json(root: Path, name: str) -> dict[str, Any]:
    path = root / name
    if not path.is_file():
        raise InputError(f"{root}: not a job tree ({lack(root, name)})", hint=MAKE_ONE)
    try:
        document = json.loads(read_text(path, "a file of a job tree (JSON)", hint=MAKE_ONE))
    except ValueError as error:
        raise InputError(f"{path}: not valid JSON: {error}", hint=MAKE_ONE) from None
    if not isinstance(document, dict):
        raise InputError(f"{path}: a JSON object was expected")
    return document
