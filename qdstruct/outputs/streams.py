"""Opening output files: plain, gzip, bzip2 or xz, always in one forward pass."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from qdstruct.errors import OutputError

__all__ = ["SUFFIXES", "ForwardStream", "find_output", "open_output"]

SUFFIXES = ("", ".gz", ".xz", ".bz2")
"""Suffixes under which an output file is looked for, in this order."""


def find_output(directory: Path, name: str) -> Path | None:
    """Return the file called `name` in `directory`, plain or compressed; None if there is none."""
    for suffix in SUFFIXES:
        path = directory / f"{name}{suffix}"
        if path.exists():
            return path
    return None


class ForwardStream:
    """Decompressed bytes of one file, read forward only, with errors that name the place."""

    def __init__(self, path: Path, raw: IO[bytes]) -> None:
        self.path = path
        self.offset = 0
        """Decompressed bytes delivered so far."""
        self._raw = raw

    def read(self, size: int) -> bytes:
        """Return up to `size` more bytes; empty at the end of the file.

        Raises
        ------
        OutputError
            If the compressed stream is cut off or damaged, or the disk fails.
        """
        with self._named_errors():
            data = self._raw.read(size)
        self.offset += len(data)
        return data

    def readinto(self, target: memoryview) -> int:
        """Fill the beginning of `target` with more bytes; return how many, 0 at the end.

        Raises
        ------
        OutputError
            As `read`.
        """
        with self._named_errors():
            count = int(self._raw.readinto(target))  # type: ignore[attr-defined]
        self.offset += count
        return count

    @contextlib.contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except EOFError as error:
            raise OutputError(
                f"{self.path}: the compressed file is cut off after byte {self.offset} of its "
                "content",
                hint="copy the file again, or rerun the job that wrote it",
            ) from error
        except (OSError, zlib.error, lzma.LZMAError) as error:
            raise OutputError(
                f"{self.path}: cannot be read past byte {self.offset}: {error}"
            ) from error


@contextlib.contextmanager
def open_output(path: Path) -> Iterator[ForwardStream]:
    """Open an output file for one forward pass, decompressing by content, not by name.

    Raises
    ------
    OutputError
        If the file is missing, a directory, unreadable or empty.
    """
    if not path.exists():
        raise OutputError(f"{path}: this file does not exist", hint="has the job run?")
    if path.is_dir():
        raise OutputError(f"{path}: this is a directory, a file was expected")
    try:
        plain = path.open("rb")
    except OSError as error:
        raise OutputError(f"{path}: cannot be opened: {error.strerror}") from error
    with plain:
        magic = plain.read(6)
        if not magic:
            raise OutputError(
                f"{path}: this file is empty (0 bytes)", hint="rerun the job that should write it"
            )
        plain.seek(0)
        with _decompressed(plain, magic) as raw:
            yield ForwardStream(path, raw)


def _decompressed(plain: IO[bytes], magic: bytes) -> IO[bytes]:
    if magic.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.open(plain, "rb"))
    if magic.startswith(b"\xfd7zXZ"):
        return lzma.open(plain, "rb")
    if magic.startswith(b"BZh"):
        return bz2.open(plain, "rb")
    return plain
