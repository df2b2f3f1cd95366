"""Finding, reading and overlaying study files."""

from __future__ import annotations

import difflib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qdstruct.errors import StudyError
from qdstruct.files import read_text
from qdstruct.resources import data_folder
from qdstruct.study.mistakes import explain
from qdstruct.study.sections import Study

__all__ = ["find_study", "load_study", "overlay_calculation", "study_names"]


def study_names() -> tuple[str, ...]:
    """Return the names of the studies that come with qdstruct."""
    return tuple(sorted(path.stem for path in data_folder("workflows").glob("*.yaml")))


def find_study(name_or_path: str | Path) -> Path:
    """Return the file of a study given by path or by the name of a shipped one.

    Raises
    ------
    StudyError
        If there is no such file, with the nearest shipped names.
    """
    path = Path(name_or_path)
    if path.is_file():
        return path
    names = study_names()
    if str(name_or_path) in names:
        return data_folder("workflows") / f"{name_or_path}.yaml"
    if path.is_dir():
        raise StudyError(
            f"{path}: is a directory, a study file was expected",
            hint="name the study.yaml of a job tree, or a shipped study",
        )
    near = difflib.get_close_matches(str(name_or_path), names, n=3, cutoff=0.3) or names
    raise StudyError(
        f"no study file '{name_or_path}'",
        hint=f"give the path of a YAML file or a shipped study: {', '.join(near)}",
    )


def load_study(name_or_path: str | Path) -> Study:
    """Read and check a study file.

    Parameters
    ----------
    name_or_path : str or Path
        A YAML file, or the name of a study in ``workflows/``.

    Raises
    ------
    StudyError
        Naming file, line, key, what was expected and what to do.
    """
    path = find_study(name_or_path)
    document = _parse(path)
    try:
        return Study.model_validate(document)
    except ValidationError as error:
        raise explain(path, document, error) from None


def overlay_calculation(
    path: Path, *, preset: str | None = None, tags: Mapping[str, str | int | float | bool]
) -> str:
    """Return the text of a study file with another preset or more INCAR tags, comments kept.

    Parameters
    ----------
    path : Path
        A study file.
    preset : str, optional
        Replaces ``calculation.preset``.
    tags : mapping
        INCAR tag → value; they go to ``calculation.tags``.
    """
    if not tags and preset is None:
        return path.read_text(encoding="utf-8")
    from ruamel.yaml import YAML

    document = _parse(path)
    section = document.setdefault("calculation", {})
    if preset is not None:
        section["preset"] = preset
    if tags:
        section["tags"] = {**(section.get("tags") or {}), **tags}
    buffer = io.StringIO()
    yaml = YAML(typ="rt")
    yaml.width = 100
    yaml.dump(document, buffer)
    return buffer.getvalue()


def _parse(path: Path) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        document = YAML(typ="rt").load(read_text(path, "a study file (YAML)", error=StudyError))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"{mark.line + 1}" if mark else "?"
        raise StudyError(
            f"{path}:{line}: not valid YAML: {error.problem or error.context}",
            hint="look at the indentation, the colon after each key, and unclosed brackets",
        ) from None
    except YAMLError as error:
        raise StudyError(f"{path}: not a YAML text file: {error}") from None
    if not isinstance(document, dict):
        raise StudyError(
            f"{path}:1: a study is a set of 'key: value' lines",
            hint="start from a shipped one: qdstruct studies cspbbr3-cds",
        )
    return document
