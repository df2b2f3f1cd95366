"""INCAR tags as a user wrote them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from qdstruct.outputs.reader import TextReader, fortran_float
from qdstruct.outputs.streams import open_output

__all__ = ["read_tags"]

_LOGICAL = re.compile(r"\.?([TF])(RUE|ALSE)?\.?", re.IGNORECASE)


def read_tags(path: Path) -> dict[str, Any]:
    r"""Return the tags of an INCAR file: upper-case name → number, bool or text.

    Several tags in a line (``;``), comments (``#``, ``!``) and continued lines (``\``) are
    understood as VASP understands them; of a tag that stands twice the first counts, as in VASP.

    Raises
    ------
    OutputError
        If the file is missing, empty, a directory or binary.
    """
    tags: dict[str, Any] = {}
    waiting = ""
    with open_output(Path(path)) as stream:
        reader = TextReader(stream)
        while (line := reader.readline()) is not None:
            text = waiting + re.split(r"[#!]", line, maxsplit=1)[0].rstrip()
            waiting = ""
            if text.endswith("\\"):
                waiting = text[:-1] + " "
                continue
            for part in text.split(";"):
                name, equals, value = part.partition("=")
                if equals and name.strip():
                    tags.setdefault(name.strip().upper(), _typed(value.strip()))
    return tags


def _typed(text: str) -> Any:
    if _LOGICAL.fullmatch(text):
        return text.strip(".").upper().startswith("T")
    if re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    try:
        return fortran_float(text)
    except ValueError:
        return text
