"""The directory of one calculation, or a clear word about what was named instead."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qdstruct import outputs
from qdstruct.errors import InputError

__all__ = ["one_calculation"]

NAMED = 4
"""Calculations below a directory that a message names."""


def one_calculation(
    directory: Path, needs: Sequence[Sequence[str]], *, first: str = "", remedy: str
) -> Path:
    """Return `directory` where it holds the files that an analysis needs.

    Parameters
    ----------
    directory : Path
        What the user named.
    needs : sequence of sequences of str
        Sets of file names, plain or compressed; one whole set is enough.
    first : str
        Part of the names of jobs that are listed first where a whole tree was named.
    remedy : str
        What to do where nothing fits.

    Raises
    ------
    InputError
        If there is no such directory, it is a file, or it does not hold the files; where
        calculations below it do, these are named.
    """
    words = " or ".join(" and ".join(names) for names in needs)
    if directory.is_file():
        raise InputError(
            f"{directory}: this is a file, a directory with {words} was expected",
            hint=f"name the directory it lies in: {directory.parent}",
        )
    if not directory.is_dir():
        raise InputError(
            f"{directory}: this directory does not exist",
            hint=f"name the directory of one calculation, with {words}",
        )
    if _has(directory, needs):
        return directory
    below = [
        found.directory
        for found in outputs.find_calculations(directory)
        if _has(found.directory, needs)
    ]
    if not below:
        raise InputError(f"{directory}: there is no {words} here or below", hint=remedy)
    below.sort(key=lambda place: (first not in place.name, place))
    named = ", ".join(str(place) for place in below[:NAMED])
    raise InputError(
        f"{directory}: holds {len(below)} calculation{'s' * (len(below) > 1)}, where the files of "
        "one were expected",
        hint=f"name {'one of them' if len(below) > 1 else 'it'}: {named}"
        + (", …" if len(below) > NAMED else ""),
    )


def _has(directory: Path, needs: Sequence[Sequence[str]]) -> bool:
    return any(
        all(outputs.find_output(directory, name) is not None for name in names) for names in needs
    )
