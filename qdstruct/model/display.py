"""How a record shows itself in a notebook: a small HTML table, with what each field means.

The report draws pictures (`qdstruct.report.notebook`), for it knows matplotlib; here are words.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
from collections.abc import Sequence
from functools import cache
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np

__all__ = ["field_notes", "record_table", "value_words"]

LONGEST = 160
"""Characters of one value."""
MOST_NUMBERS = 9
"""Numbers of an array that are written out."""
MOST_ITEMS = 4
"""Items of a list that are written out."""
_CODE = re.compile(r"`{1,2}([^`]+)`{1,2}")


@cache
def field_notes(cls: type) -> dict[str, str]:
    """Return what the class says about each field, the string below it; empty without source."""
    notes: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if not dataclasses.is_dataclass(base):
            continue
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base)))
        except (OSError, TypeError):
            continue
        body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
        for line, below in pairwise(body):
            if (
                isinstance(line, ast.AnnAssign)
                and isinstance(line.target, ast.Name)
                and isinstance(below, ast.Expr)
                and isinstance(below.value, ast.Constant)
            ):
                notes[line.target.id] = " ".join(str(below.value.value).split())
    return notes


def record_table(record: Any) -> str:
    """Return a record as an HTML table: field, value, meaning.

    Parameters
    ----------
    record : Record
        Any frozen dataclass of `qdstruct.model`.
    """
    kind: type = type(record)
    notes = field_notes(kind)
    rows = [
        f'<tr><th scope="row" style="text-align:left">{escape(field.name)}</th>'
        f'<td style="text-align:left">{escape(value_words(getattr(record, field.name)))}</td>'
        f'<td style="text-align:left;opacity:.7">{_note(notes.get(field.name, ""))}</td></tr>'
        for field in dataclasses.fields(record)
        if getattr(record, field.name) not in _EMPTY
    ]
    return (
        f'<table><caption style="text-align:left"><b>{escape(kind.__name__)}</b></caption>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _note(text: str) -> str:
    """Return what stands below a field as HTML, names and values in the letters of code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


class _Empty:
    """Equal to None, to the empty text and to the empty tuple, and to no array."""

    def __contains__(self, value: object) -> bool:
        return value is None or (isinstance(value, str | tuple | list | dict) and not value)


_EMPTY = _Empty()


def value_words(value: Any) -> str:
    """Return one value in words: numbers rounded, arrays by shape, atoms by composition."""
    words = _words(value)
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def _words(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    if isinstance(value, np.ndarray):
        return _array_words(value)
    if dataclasses.is_dataclass(value):
        return _record_words(value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(item)}" for key, item in value.items())
    if isinstance(value, tuple | list):
        return _sequence_words(value)
    if hasattr(value, "get_chemical_formula"):
        lengths = " × ".join(f"{length:.3f}" for length in value.cell.lengths())
        return f"{value.get_chemical_formula(mode='metal')}, {len(value)} atoms, {lengths} Å"
    if hasattr(value, "sizes"):  # a labelled array or a set of them
        return " × ".join(f"{name} {size}" for name, size in value.sizes.items())
    return str(value)


def _array_words(array: np.ndarray[Any, Any]) -> str:
    if array.size > MOST_NUMBERS:
        return f"{' × '.join(str(length) for length in array.shape)} {array.dtype.name}"
    return np.array2string(array, precision=4, suppress_small=True).replace("\n", "")


def _record_words(record: Any) -> str:
    names = [field.name for field in dataclasses.fields(record)]
    shown = [name for name in names if isinstance(getattr(record, name), str | int | float)]
    words = [f"{name} {_words(getattr(record, name))}" for name in shown[:MOST_ITEMS]]
    return f"{type(record).__name__}({', '.join(words)})"


def _sequence_words(values: Sequence[Any]) -> str:
    if any(dataclasses.is_dataclass(value) for value in values):
        return f"{len(values)} × {type(values[0]).__name__}"
    words = ", ".join(_words(value) for value in values[:MOST_NUMBERS])
    return f"{words}, … ({len(values)})" if len(values) > MOST_NUMBERS else words
