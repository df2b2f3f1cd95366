"""What every output file shares: who made it, number formats, POSCAR-like headers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qdstruct.running.vaspfiles.inputs import PoscarStructure

__all__ = [
    "Stamp",
    "poscar_text",
    "positions_header",
    "rows",
    "wrapped",
]


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """Who made a file; written into every one that has room for it."""

    program: str
    """What vasprun.xml names as its program."""
    version: str
    """Of the program."""
    subversion: str
    """The method, in a few words."""
    platform: str
    """What runs the program."""
    mark: str
    """Comment line of every file."""
    date: tuple[str, str] = ("2000 01 01", "00:00:00")
    """Day and time."""


def rows(template: str, values: NDArray[np.generic]) -> str:
    """Format each row of `values` with `template`, which ends its own line."""
    table = np.atleast_2d(values)
    return (template * len(table)) % tuple(table.ravel().tolist())


def positions_header(structure: PoscarStructure, comment: str) -> str:
    """Return comment, scale, vectors, symbols and counts, as on top of CONTCAR and CHGCAR."""
    names = "".join(f"   {symbol:<2s}" for symbol, _ in structure.groups)
    counts = "".join(f"{count:6d}" for _, count in structure.groups)
    vectors = rows(" %21.16f %21.16f %21.16f\n", structure.cell)
    return f"{comment}\n   1.00000000000000     \n{vectors}{names}\n{counts}\n"


def poscar_text(structure: PoscarStructure, comment: str) -> str:
    """Return the structure in POSCAR format, coordinates wrapped into the cell."""
    inside = wrapped(structure.scaled)
    head = positions_header(structure, comment)
    if structure.selective is None:
        return f"{head}Direct\n" + rows(" %19.16f %19.16f %19.16f\n", inside)
    lines = [
        " {:19.16f} {:19.16f} {:19.16f}   {}   {}   {}\n".format(
            *position, *("T" if free else "F" for free in flags)
        )
        for position, flags in zip(inside.tolist(), structure.selective.tolist(), strict=True)
    ]
    return f"{head}Selective dynamics\nDirect\n" + "".join(lines)


def wrapped(scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return fractional coordinates in [0, 1); what rounds to one becomes zero."""
    return np.maximum(scaled - np.floor(scaled + 1e-10), 0.0)
