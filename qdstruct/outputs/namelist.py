"""The Fortran namelist that steers Hefei-NAMD."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from qdstruct.outputs.reader import TextReader, fortran_float
from qdstruct.outputs.streams import open_output

__all__ = ["namelist_text", "read_namd_tags"]

_LOGICAL = re.compile(r"\.?([TF])(RUE|ALSE)?\.?", re.IGNORECASE)
_QUOTED = re.compile(r"""(['"])(.*?)\1""")


def read_namd_tags(path: Path) -> dict[str, object]:
    """Read the namelist NAMDPARA of a Hefei-NAMD ``inp``: upper-case name → value.

    Raises
    ------
    OutputError
        If the file is missing or empty, or is no such namelist, or ends before its ``/``.
    """
    tags: dict[str, object] = {}
    with open_output(Path(path)) as stream:
        reader = TextReader(stream)
        first = reader.skip_blank() or ""
        if not first.strip().upper().startswith("&NAMDPARA"):
            raise reader.error("this is no input of Hefei-NAMD (it does not begin with &NAMDPARA)")
        reader.readline()
        waiting = first.strip()[len("&NAMDPARA") :]
        while True:
            text = _without_comment(waiting)
            body, slash = (text.rstrip()[:-1], True) if _ends(text) else (text, False)
            for name, value in re.findall(r"(\w+)\s*=\s*('[^']*'|\"[^\"]*\"|[^\s,]+)", body):
                tags[name.upper()] = _value(value)
            if slash:
                return tags
            line = reader.readline()
            if line is None:
                raise reader.error("the namelist does not end with '/'")
            waiting = line


def _without_comment(line: str) -> str:
    """Cut from the first ``!`` that stands outside quotes."""
    masked = _QUOTED.sub(lambda found: "x" * len(found[0]), line)
    return line[: masked.index("!")] if "!" in masked else line


def _ends(text: str) -> bool:
    masked = _QUOTED.sub(lambda found: "x" * len(found[0]), text)
    return masked.strip().endswith("/") or masked.strip().upper() == "&END"


def _value(text: str) -> object:
    if text[0] in "'\"":
        return text[1:-1]
    if _LOGICAL.fullmatch(text):
        return text.strip(".").upper().startswith("T")
    if re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    try:
        return fortran_float(text)
    except ValueError:
        return text


def namelist_text(tags: Mapping[str, object]) -> str:
    """Return tags as the namelist NAMDPARA."""
    lines = ["&NAMDPARA"]
    for name, value in tags.items():
        if isinstance(value, bool):
            text = ".TRUE." if value else ".FALSE."
        else:
            text = f'"{value}"' if isinstance(value, str) else f"{value}"
        lines.append(f"  {name.upper():<10s} = {text}")
    return "\n".join([*lines, "/", ""])
