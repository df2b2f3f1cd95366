"""A text file read forward: header lines, then long columns of numbers, with line and byte kept."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import OutputError
from qdstruct.outputs.streams import ForwardStream

__all__ = ["CHUNK", "TextReader", "fortran_float", "load_scanner"]

CHUNK = 1 << 18
"""Bytes asked for at a time."""
_DEFERRED = 1 << 12
_BARE_EXPONENT = re.compile(r"([0-9.])([+-][0-9]+)$")


def fortran_float(text: str) -> float:
    """Return the number Fortran printed, also ``1.0D-05`` and ``0.1-100`` (no room for the E).

    Raises
    ------
    ValueError
        If it is no finite number (``****``, ``NaN``).
    """
    if "_" in text:
        raise ValueError(f"'{text}' is not a number")
    try:
        value = float(text)
    except ValueError:
        plain = text.strip().replace("D", "E").replace("d", "e")
        if "e" not in plain.lower():
            plain = _BARE_EXPONENT.sub(r"\1E\2", plain)
        value = float(plain)
    if not np.isfinite(value):
        raise ValueError(f"'{text}' is not a finite number")
    return value


def load_scanner() -> None:
    """Load the compiled loop that reads numbers, for buffers that may be written to or not."""
    from qdstruct.outputs.scanner import scan_numbers

    deferred = np.empty((1, 3), dtype=np.int64)
    for buffer in (b"1.0 ", bytearray(b"1.0 ")):
        scan_numbers(np.frombuffer(buffer, dtype=np.uint8), 0, np.empty(1), 0, deferred, True)


class TextReader:
    """Lines and numbers of a `ForwardStream`; remembers the line and byte it stands at."""

    def __init__(self, stream: ForwardStream) -> None:
        self.path = stream.path
        self.line = 1
        """Number of the line that is read next."""
        self.was_whole = True
        """Whether the line that `readline` returned last ended with a line end, not the file."""
        self._stream = stream
        self._buffer = bytearray(2 * CHUNK)
        self._position = 0
        self._end = 0
        self._deferred = np.empty((_DEFERRED, 3), dtype=np.int64)

    @property
    def byte(self) -> int:
        """Offset in the (decompressed) file of the byte that is read next."""
        return self._stream.offset - (self._end - self._position)

    def error(self, problem: str, *, hint: str | None = None) -> OutputError:
        """Return an `OutputError` that names the file and the place reached."""
        return OutputError(
            f"{self.path}, line {self.line} (byte {self.byte}): {problem}", hint=hint
        )

    def _more(self) -> bool:
        """Move what is left to the front and read on behind it; False at the end of the file."""
        left = self._end - self._position
        self._buffer[:left] = self._buffer[self._position : self._end]
        if left + CHUNK > len(self._buffer):
            self._buffer = self._buffer[:left] + bytearray(left + CHUNK)
        count = self._stream.readinto(memoryview(self._buffer)[left : left + CHUNK])
        self._position, self._end = 0, left + count
        return count > 0

    def readline(self) -> str | None:
        """Return the next line without its line end; None after the last.

        Raises
        ------
        OutputError
            If the file is binary.
        """
        text, end = self._next_line()
        if text is not None:
            self.was_whole = end < self._end
            self._position = min(end + 1, self._end)
            self.line += 1
        return text

    def peekline(self) -> str | None:
        """Return what `readline` would return next, and stay where we are."""
        return self._next_line()[0]

    def _next_line(self) -> tuple[str | None, int]:
        """Return the line that begins here and where in the buffer it ends."""
        while (end := self._buffer.find(b"\n", self._position, self._end)) < 0:
            if not self._more():
                if self._position == self._end:
                    return None, self._end
                end = self._end
                break
        raw = bytes(self._buffer[self._position : end])
        if b"\0" in raw:
            raise self.error("this is not text (a zero byte)", hint="is it the right file?")
        return raw.decode("utf-8", "replace").rstrip("\r"), end

    @property
    def next_line_is_whole(self) -> bool:
        """Whether the next line ends with a line end, not with the file."""
        return self._next_line()[1] < self._end

    def skip_blank(self) -> str | None:
        """Pass over blank lines; return the next line without passing it, None at the end."""
        while (line := self.peekline()) is not None and not line.strip():
            self.readline()
        return line

    def expect_line(self, what: str) -> str:
        """Return the next line; an `OutputError` saying that `what` is missing at the end."""
        line = self.readline()
        if line is None:
            raise self.error(f"the file ends where {what} was expected")
        return line

    def skip_numbers(self, count: int, what: str) -> None:
        """Pass over `count` numbers, checking that they are numbers."""
        scratch = np.empty(min(count, 1 << 14))
        while count:
            part = scratch[:count]
            self.read_numbers(part, what)
            count -= part.size

    def read_numbers(self, out: NDArray[np.float64], what: str) -> None:
        """Fill `out` with the numbers that follow, to the last digit.

        Parameters
        ----------
        out : (N,) array of float64, contiguous
            Filled completely.
        what : str
            What the numbers are, for the message: "values of the grid".

        Raises
        ------
        OutputError
            If the file ends early or something is no finite number.
        """
        from qdstruct.outputs.scanner import BAD, FULL, MORE, scan_numbers

        filled, status = 0, MORE
        while status != FULL:
            data = np.frombuffer(self._buffer, dtype=np.uint8, count=self._end)
            status, self._position, filled, lines, waiting = scan_numbers(
                data, self._position, out, filled, self._deferred, False
            )
            self.line += lines
            for index, first, last in self._deferred[:waiting]:
                try:
                    out[index] = fortran_float(self._buffer[first:last].decode("ascii"))
                except ValueError as error:
                    raise self.error(f"{error} (at or above this line)") from None
            if status == BAD:
                raise self._bad_number(filled, out.size, what)
            if status == MORE and waiting < len(self._deferred) and not self._more():
                raise self._too_few(filled, out.size, what)

    def _bad_number(self, filled: int, count: int, what: str) -> OutputError:
        if self._end - self._position < 64:
            self._more()
        stop = min(self._position + 64, self._end)
        words = bytes(self._buffer[self._position : stop]).split()
        word = words[0].decode("ascii", "replace") if words else ""
        return self.error(
            f"'{word}' is not a number, where number {filled + 1} of {count} {what} was expected",
            hint="the calculation overflowed its format, or the file was damaged: rerun the job",
        )

    def _too_few(self, filled: int, count: int, what: str) -> OutputError:
        return self.error(
            f"the file ends after {filled} of {count} {what}",
            hint="it was cut off while being written or copied: rerun the job or copy it again",
        )
