"""Ways in which a text file breaks, and what a reader may do about it: name it or read it alike."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qdstruct.errors import QdstructError

Read = Callable[[Path], Any]
Same = Callable[[Any, Any], bool]


def refuse_what_is_no_text_file(read: Read, folder: Path, name: str) -> None:
    """Zero bytes, a directory, nothing at all, a binary file, a cut gzip file."""
    path = folder / name
    with pytest.raises(QdstructError, match=name):
        read(path)
    path.write_bytes(b"")
    with pytest.raises(QdstructError, match=r"empty \(0 bytes\)"):
        read(path)
    path.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(QdstructError, match=name):
        read(path)
    path.write_bytes(gzip.compress(b"some text\n" * 1000)[:-20])
    with pytest.raises(QdstructError, match=name):
        read(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(QdstructError, match=name):
        read(path)


def read_packed_alike(read: Read, same: Same, folder: Path, name: str, text: str) -> None:
    """Plain, gzip, xz, Windows line ends: one content."""
    path = folder / name
    path.write_text(text)
    expected = read(path)
    for packed in (
        gzip.compress(text.encode()), lzma.compress(text.encode()),
        text.replace("\n", "\r\n").encode(),
    ):  # fmt: skip
        path.write_bytes(packed)
        assert same(read(path), expected)


def read_alike_or_refuse(read: Read, same: Same, path: Path, text: str, expected: Any) -> bool:
    """Write `text`, read it; True when it was refused by name, False when it was read alike."""
    path.write_text(text)
    try:
        found = read(path)
    except QdstructError as error:
        refusal = error.message
    else:
        refusal = ""
    if refusal:
        assert path.name in refusal
        return True
    assert same(found, expected), "a damaged file was read as something else"
    return False


def damaged_numbers(text: str, start: int, place: int) -> Iterator[str]:
    """Replace the number at or after `place` by what Fortran prints when it cannot print it."""
    import re

    numbers = [m.span() for m in re.finditer(r"(?<![\w.+-])-?\d+\.\d+", text) if m.start() >= start]
    first, last = numbers[place % len(numbers)]
    for word in ("*" * (last - first), "NaN".rjust(last - first), "Infinity"):
        yield text[:first] + word + text[last:]
