"""Configurations of a trajectory (XDATCAR), whichever attempts it was written in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import OutputError

__all__ = ["configuration"]

TRAJECTORY, CONTINUED = "XDATCAR", "CONTINUED"
COUNTS = (6, 7)
"""Lines at which the numbers of atoms of each element may stand."""
ROW = re.compile(r"[+-]?\d*\.\d+")


def configuration(directory: Path, number: int, n_atoms: int) -> NDArray[np.float64]:
    """Return one configuration of a job's trajectory.

    Parameters
    ----------
    directory : Path
        The job's directory. What attempts wrote that a later one went on with (``attempt-N``)
        comes first; the configuration at which two parts meet counts once.
    number : int
        Which configuration, from 1.
    n_atoms : int
        Atoms.

    Returns
    -------
    (N, 3) array
        Fractional coordinates.

    Raises
    ------
    OutputError
        If the trajectory is shorter or of other atoms, or a configuration is not whole.
    """
    left = number
    before: list[str] | None = None
    for path in _pieces(directory):
        for rows in _configurations(path, n_atoms):
            if rows == before:
                continue
            left, before = left - 1, rows
            if left == 0:
                return _numbers(rows, path, number, n_atoms)
    raise OutputError(
        f"{directory / TRAJECTORY}: has {number - left} configurations, number {number} is wanted",
        hint="run the dynamics to its end",
    )


def _pieces(directory: Path) -> list[Path]:
    archives = [
        (int(found[1]), folder)
        for folder in directory.glob("attempt-*")
        if (found := re.fullmatch(r"attempt-(\d+)", folder.name))
    ]
    folders = [folder for _, folder in sorted(archives) if (folder / CONTINUED).is_file()]
    paths = [folder / TRAJECTORY for folder in (*folders, directory)]
    return [path for path in paths if path.is_file()]


def _configurations(path: Path, n_atoms: int) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        counted, place, line = False, 1, next(lines, None)
        while line is not None:
            if place in COUNTS and not counted:
                counted = _check_count(line.split(), path, place, n_atoms)
            if line.startswith("Direct configuration"):
                rows = list(islice(lines, n_atoms))
                place, line = place + len(rows) + 1, next(lines, None)
                if line is not None and _is_row(line):
                    raise OutputError(
                        f"{path}, line {place}: more than {n_atoms} rows in a configuration",
                        hint="a line is doubled: run the dynamics again from there",
                    )
                yield rows
            else:
                place, line = place + 1, next(lines, None)


def _is_row(line: str) -> bool:
    words = line.split()
    return len(words) >= 3 and all(ROW.fullmatch(word) for word in words[:3])


def _check_count(words: list[str], path: Path, place: int, n_atoms: int) -> bool:
    """Whether the line holds the numbers of atoms; they must be those of the job."""
    numbers = bool(words) and all(word.isdigit() for word in words)
    if numbers and sum(map(int, words)) != n_atoms:
        raise OutputError(
            f"{path}, line {place}: {sum(map(int, words))} atoms, but the job has {n_atoms}",
            hint="this trajectory belongs to another run",
        )
    if not numbers and place == max(COUNTS):
        raise OutputError(
            f"{path}, line {place}: '{' '.join(words)}' where the numbers of atoms were expected",
            hint="the file was damaged: run the dynamics again",
        )
    return numbers


def _numbers(rows: list[str], path: Path, number: int, n_atoms: int) -> NDArray[np.float64]:
    """Return the numbers of a configuration; a last line without its end was cut off."""
    try:
        found = np.array([row.split()[:3] for row in rows], dtype=float)
    except ValueError:
        found = np.empty((0, 3))
    whole = found.shape == (n_atoms, 3) and rows[-1].endswith("\n")
    if not whole or not np.isfinite(found).all():
        raise OutputError(
            f"{path}: configuration {number} is not whole",
            hint="the file was cut off or damaged: run the dynamics again from there",
        )
    return found
