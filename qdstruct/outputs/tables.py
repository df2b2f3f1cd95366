"""Plain tables of numbers, read row by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qdstruct.outputs.reader import TextReader
from qdstruct.outputs.streams import open_output

__all__ = ["read_number_table"]

_CUT = "the file was cut off or damaged: copy it again"


def read_number_table(path: Path, what: str, columns: int | None = None) -> NDArray[np.float64]:
    """Read rows of numbers, all of one length, in one pass.

    Parameters
    ----------
    path : Path
        Plain or compressed; lines that begin with ``#`` are passed over.
    what : str
        For messages: "energies".
    columns : int, optional
        How many numbers a row must have; as many as the first row by default.

    Raises
    ------
    OutputError
        If the file is missing, empty or cut off, or a row is of another length or no number.
    """
    rows: list[NDArray[np.float64]] = []
    with open_output(Path(path)) as stream:
        reader = TextReader(stream)
        while (line := reader.skip_blank()) is not None:
            if line.lstrip().startswith("#"):
                reader.readline()
                continue
            if not reader.next_line_is_whole:
                raise reader.error(f"the file ends within a row of {what}", hint=_CUT)
            count = len(line.split())
            columns = columns or count
            if count != columns:
                raise reader.error(
                    f"{count} numbers in this row of {what}, expected {columns}", hint=_CUT
                )
            row = np.empty(columns)
            reader.read_numbers(row, what)
            reader.readline()
            rows.append(row)
        if not rows:
            raise reader.error(f"there are no {what} in this file")
    return np.array(rows)
