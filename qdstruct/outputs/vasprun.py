"""vasprun.xml read in one forward pass: small parts as XML, long tables as columns of numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn, cast
from xml.etree import ElementTree

from qdstruct.errors import OutputError
from qdstruct.outputs.streams import ForwardStream, open_output
from qdstruct.outputs.vasprun_parts import HANDLERS, Element, Vasprun

__all__ = ["Vasprun", "VasprunTable", "read_vasprun", "read_vasprun_head"]

CHUNK = 1 << 18
"""Bytes read at a time."""
_TABLES = re.compile(rb"<(partial|projected|eigenvalues)>")
_LONGEST_TAG = 16


class VasprunTable:
    """Receives the bytes of one long section as they stream past."""

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the section."""
        raise NotImplementedError

    def close(self) -> None:
        """Check at the end of the section that it was whole."""
        raise NotImplementedError


def read_vasprun(
    path: Path,
    partial: Callable[[Vasprun], VasprunTable] | None = None,
    *,
    eigenvalues: Callable[[Vasprun], VasprunTable] | None = None,
) -> Vasprun:
    """Read a vasprun.xml to its end in one pass and in memory that does not grow with it.

    Parameters
    ----------
    path : Path
        Plain or compressed.
    partial : callable, optional
        Called with what is known so far when a projected DOS begins; the table it returns gets
        the section's bytes. None passes over the section.
    eigenvalues : callable, optional
        Likewise for the eigenvalues of each ionic step.

    Raises
    ------
    OutputError
        If the file is missing, empty, truncated or not well-formed, with line or byte.
    """
    with open_output(Path(path)) as stream:
        return _Pass(stream, {b"partial": partial, b"eigenvalues": eigenvalues}).run()


def read_vasprun_head(path: Path) -> Vasprun:
    """Read a vasprun.xml up to its first structure: tags, elements, initial cell and positions.

    Raises
    ------
    OutputError
        If the file is missing, empty, not well-formed or ends before that structure.
    """
    with open_output(Path(path)) as stream:
        return _Pass(stream, {}).head()


class _Pass:
    """One forward pass: hands tables to their readers and the rest to the XML parser."""

    def __init__(
        self,
        stream: ForwardStream,
        tables: Mapping[bytes, Callable[[Vasprun], VasprunTable] | None],
    ) -> None:
        self.result = Vasprun(path=stream.path)
        self._stream = stream
        self._tables = tables
        self._parser: ElementTree.XMLPullParser[Any] = ElementTree.XMLPullParser(events=("end",))
        self._was_cut = False

    def head(self) -> Vasprun:
        while self.result.initial_cell is None and self.result.n_ionic_steps == 0:
            chunk = self._stream.read(CHUNK)
            if not chunk:
                self._finish()
                raise self._truncated("before the initial structure")
            self._feed(chunk)
        return self.result

    def run(self) -> Vasprun:
        buffer, table, name = b"", None, b""
        while chunk := self._stream.read(CHUNK):
            buffer += chunk
            while True:
                if name:
                    end = buffer.find(b"</" + name + b">")
                    cut = end if end >= 0 else max(0, len(buffer) - _LONGEST_TAG)
                    self._cut(table, buffer[:cut])
                    buffer = buffer[cut:]
                    if end < 0:
                        break
                    if table is not None:
                        table.close()
                    buffer, name = buffer[len(name) + 3 :], b""
                found = _TABLES.search(buffer)
                if found is None:
                    cut = max(0, len(buffer) - _LONGEST_TAG)
                    self._feed(buffer[:cut])
                    buffer = buffer[cut:]
                    break
                self._feed(buffer[: found.start()])
                name, buffer = found[1], buffer[found.end() :]
                table = self._begin(name)
        if name:
            self._cut(table, buffer)
            raise self._truncated(f"inside <{name.decode()}>")
        self._feed(buffer)
        self._finish()
        return self.result

    def _begin(self, name: bytes) -> VasprunTable | None:
        if name == b"partial":
            self.result.has_projections = True
        begin = self._tables.get(name)
        return begin(self.result) if begin is not None else None

    def _cut(self, table: VasprunTable | None, data: bytes) -> None:
        self._was_cut = True
        if table is not None:
            table.feed(data)

    def _feed(self, data: bytes) -> None:
        self._parser.feed(data)
        self._events()

    def _events(self) -> None:
        try:
            events = cast("Iterator[tuple[str, Element]]", self._parser.read_events())
            for _, element in events:
                handler = HANDLERS.get(element.tag)
                if handler is not None:
                    self._handle(handler, element)
        except ElementTree.ParseError as error:
            self._malformed(error)

    def _handle(self, handler: Callable[[Vasprun, Element], None], element: Element) -> None:
        try:
            handler(self.result, element)
        except (ValueError, IndexError, AttributeError, TypeError) as error:
            place = f"<{element.tag}>"
            if element.tag == "calculation":
                place += f" of ionic step {self.result.n_ionic_steps + 1}"
            raise OutputError(
                f"{self.result.path}: {place}, which ends before byte {self._stream.offset}, "
                f"cannot be used: {error}",
                hint="the calculation overflowed its format or the file was damaged",
            ) from error

    def _malformed(self, error: ElementTree.ParseError) -> NoReturn:
        where = (
            f"before byte {self._stream.offset}" if self._was_cut else f"line {error.position[0]}"
        )
        raise OutputError(
            f"{self.result.path}, {where}: this is not well-formed XML ({error.msg.split(':')[0]})",
            hint="is it a vasprun.xml, and is it whole?",
        ) from error

    def _finish(self) -> None:
        try:
            self._parser.close()
            self._events()
        except ElementTree.ParseError as error:
            if self.result.n_ionic_steps or self.result.generator or self.result.parameters:
                raise self._truncated("before </modeling>") from error
            self._malformed(error)
        if not self.result.generator:
            raise OutputError(
                f"{self.result.path}: this is XML, but no vasprun.xml (it names no generator)"
            )

    def _truncated(self, where: str) -> OutputError:
        return OutputError(
            f"{self.result.path}: the file breaks off {where} at byte {self._stream.offset}, after "
            f"{self.result.n_ionic_steps} whole ionic steps",
            hint="the run was killed or the disk was full: rerun the job",
        )
