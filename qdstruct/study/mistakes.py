"""What is wrong with a study file, in the words of someone who writes one."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from qdstruct.errors import StudyError
from qdstruct.study.sections import Study

__all__ = ["explain"]

MOST_NAMED = 8
"""Mistakes that are listed; more are counted."""
EXAMPLES = "see a shipped study: qdstruct studies cspbbr3-cds"
EXPECTATION = "Input should be "
"""How pydantic begins when it says what it expected."""

Location = tuple[int | str, ...]


@dataclass(frozen=True, kw_only=True)
class _Mistake:
    """One key that is wrong."""

    line: int
    text: str
    hint: str | None = None


def explain(path: Path, document: Any, error: ValidationError) -> StudyError:
    """Turn what pydantic found into one error that names every wrong key with its line.

    Parameters
    ----------
    path : Path
        The study file.
    document : mapping
        Its content, which knows its lines.
    error : ValidationError
        What pydantic found.
    """
    found = sorted(_mistakes(document, error), key=lambda mistake: mistake.line)
    if len(found) == 1:
        (only,) = found
        missing = "is missing" in only.text
        hint = only.hint or (EXAMPLES if missing else None)
        return StudyError(f"{path}:{only.line}: {only.text}", hint=hint)
    rows = [
        f"line {each.line}: {each.text}" + (f" ({each.hint})" if each.hint else "")
        for each in found[:MOST_NAMED]
    ]
    if len(found) > MOST_NAMED:
        rows.append(f"and {len(found) - MOST_NAMED} more")
    return StudyError(
        f"{path}: {len(found)} mistakes:\n  " + "\n  ".join(rows),
        hint=EXAMPLES,
    )


def _mistakes(document: Any, error: ValidationError) -> list[_Mistake]:
    """Make one mistake of all that is said about a key; a misspelling is said once."""
    by_key: dict[Location, list[ErrorDetails]] = {}
    for each in error.errors():
        by_key.setdefault(_location(each), []).append(each)
    unknown = {key for key, said in by_key.items() if said[0]["type"] == "extra_forbidden"}
    meant = {(*key[:-1], _nearest(key)) for key in unknown}
    return [
        _mistake(document, key, said)
        for key, said in by_key.items()
        if not (said[0]["type"] == "missing" and key in meant)
    ]


def _mistake(document: Any, location: Location, said: Sequence[ErrorDetails]) -> _Mistake:
    line = _line_of(document, location)
    key = ".".join(str(part) for part in location) or "study"
    kind = said[0]["type"]
    if kind == "extra_forbidden":
        near = _nearest(location)
        known = ", ".join(_model_at(location[:-1]).model_fields)
        hint = f"did you mean '{near}'?" if near else f"known keys here: {known}"
        return _Mistake(line=line, text=f"unknown key '{key}'", hint=hint)
    if kind == "missing" and isinstance(location[-1], int):
        key = ".".join(str(part) for part in location[:-1])
        return _Mistake(line=line, text=f"{key}: needs more than {location[-1]} values")
    if kind == "missing":
        expected = _model_at(location[:-1]).model_fields[str(location[-1])].description
        return _Mistake(line=line, text=f"the key '{key}' is missing: {expected}")
    given = said[0].get("input")
    shown = "" if isinstance(given, dict) else f", not {given!r}"
    return _Mistake(line=line, text=f"{key}: {_message(said)}{shown}")


def _message(said: Sequence[ErrorDetails]) -> str:
    """Join what the alternatives of a key expect."""
    words = (each["msg"].removeprefix("Value error, ") for each in said)
    messages = list(dict.fromkeys(each.replace("a valid tuple", "a list") for each in words))
    if len(messages) > 1 and all(message.startswith(EXPECTATION) for message in messages):
        return EXPECTATION + ", or ".join(each.removeprefix(EXPECTATION) for each in messages)
    return messages[0]


def _location(detail: ErrorDetails) -> Location:
    return tuple(part for part in detail["loc"] if not _is_type_tag(part))


def _is_type_tag(part: int | str) -> bool:
    return isinstance(part, str) and ("[" in part or part in ("str", "int", "float", "bool"))


def _line_of(document: Any, location: Location) -> int:
    node, line = document, 1
    for part in location:
        try:
            if isinstance(node, dict) and part in node:
                line = node.lc.key(part)[0] + 1  # type: ignore[attr-defined]
            elif isinstance(node, list):
                line = node.lc.item(part)[0] + 1  # type: ignore[attr-defined]
            node = node[part]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return line


def _nearest(location: Location) -> str:
    """Return the key that a misspelt one is nearest to, or nothing."""
    known = list(_model_at(location[:-1]).model_fields)
    return next(iter(difflib.get_close_matches(str(location[-1]), known, n=1)), "")


def _model_at(location: Location) -> type[BaseModel]:
    """Return the section of a study that a location leads to."""
    model: type[BaseModel] = Study
    for part in location:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation
        choices = [annotation, *getattr(annotation, "__args__", ())]
        model = next(c for c in choices if isinstance(c, type) and issubclass(c, BaseModel))
    return model
