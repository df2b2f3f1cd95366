"""Reading columns of numbers from text files, with errors that name line and column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError

__all__ = ["DataTable", "read_table"]


@dataclass(frozen=True, kw_only=True, eq=False)
class DataTable:
    """Columns of a text file."""

    name: str
    """File name, for messages."""
    headings: tuple[str, ...]
    """Names of the columns; their numbers where the file has none."""
    cells: tuple[tuple[str, ...], ...]
    """Rows as text."""
    lines: tuple[int, ...]
    """Line of each row in the file, from 1."""

    def index(self, column: str | None, default: int) -> int:
        """Return a column by name or number (from 1); `default` (from 0) when not named."""
        wanted = str(default + 1) if column is None else column.strip()
        names = [heading.lower() for heading in self.headings]
        if wanted.lower() in names:
            return names.index(wanted.lower())
        if wanted.isdigit() and 1 <= int(wanted) <= len(names):
            return int(wanted) - 1
        raise InputError(
            f"{self.name}: has no column {wanted}",
            hint=f"its columns are {', '.join(self.headings)} (or 1 to {len(names)})",
        )

    def text(self, column: str | None, default: int) -> tuple[str, ...]:
        """Return a column as text."""
        index = self.index(column, default)
        return tuple(row[index] for row in self.cells)

    def column(self, column: str | None, default: int) -> NDArray[np.float64]:
        """Return a column as finite numbers.

        Parameters
        ----------
        column : str or None
            Name or number from 1.
        default : int
            Which one (from 0) when `column` is None.

        Raises
        ------
        InputError
            Naming line and column of the first cell that is no finite number.
        """
        index = self.index(column, default)
        values = np.empty(len(self.cells))
        for n, row in enumerate(self.cells):
            place = f"{self.name}: line {self.lines[n]}, column {self.headings[index]}"
            try:
                values[n] = float(row[index])
            except ValueError as error:
                raise InputError(f"{place}: '{row[index]}' is not a number") from error
            if not np.isfinite(values[n]):
                raise InputError(
                    f"{place}: '{row[index]}' is not finite", hint="leave the point out"
                )
        return values

    def ordered(self, values: NDArray[np.float64], column: str | None, default: int) -> bool:
        """Tell whether an axis falls (True) or rises (False); refuse one that does neither."""
        steps = np.diff(values)
        falling = bool(np.count_nonzero(steps < 0) > len(steps) / 2)
        wrong = np.flatnonzero(steps >= 0 if falling else steps <= 0)
        if len(wrong):
            line, heading = self.lines[wrong[0] + 1], self.headings[self.index(column, default)]
            raise InputError(
                f"{self.name}: line {line}, column {heading}: {values[wrong[0] + 1]:g} does not "
                f"{'fall below' if falling else 'rise above'} {values[wrong[0]]:g}",
                hint="sort the points along the axis and keep one point at each place",
            )
        return falling

    def refuse_negative(self, values: NDArray[np.float64], index: int, hint: str) -> None:
        """Refuse a column with negative values."""
        negative = np.flatnonzero(values < 0)
        if len(negative):
            raise InputError(
                f"{self.name}: line {self.lines[negative[0]]}, column {self.headings[index]}: "
                f"{values[negative[0]]:g} is negative ({len(negative)} such points)",
                hint=hint,
            )


def read_table(path: Path) -> DataTable:
    """Read a text file of columns.

    Parameters
    ----------
    path : Path
        Cells separated by commas, semicolons (then a decimal comma is understood), tabs or blanks;
        an optional line of headings; empty lines and lines that begin with # are skipped.

    Raises
    ------
    InputError
        If it cannot be read, is empty, or its rows differ in length.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        hint = "check the path and the spelling"
        raise InputError(f"{path}: file not found", hint=hint) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: cannot be read as text: {error}", hint="give a csv file"
        ) from error
    rows = [
        (number, _cells(line))
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    headings = rows.pop(0)[1] if rows and not any(map(_is_number, rows[0][1])) else None
    if not rows:
        raise InputError(f"{path}: has no rows of numbers", hint="give columns of numbers")
    width = len(headings or rows[0][1])
    for number, cells in rows:
        if len(cells) != width:
            raise InputError(
                f"{path}: line {number} has {len(cells)} columns where {width} were expected"
            )
    return DataTable(
        name=path.name,
        headings=headings or tuple(str(n + 1) for n in range(width)),
        cells=tuple(cells for _, cells in rows),
        lines=tuple(number for number, _ in rows),
    )


def _cells(line: str) -> tuple[str, ...]:
    if ";" in line:
        return tuple(re.sub(r"^([-+\d]+),(\d)", r"\1.\2", c.strip()) for c in line.split(";"))
    for separator in (",", "\t"):
        if separator in line:
            return tuple(cell.strip() for cell in line.split(separator))
    return tuple(line.split())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
