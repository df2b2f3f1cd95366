"""What every output file shares: the mock's mark, number formats, POSCAR-like headers."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from qdstruct.running.mock.inputs import MockStructure

__all__ = [
    "MARK",
    "VERSION",
    "poscar_text",
    "positions_header",
    "rows",
    "vasp_version_line",
    "wrapped",
]

VERSION: Final = "6.4.2-qdstruct-mock"
"""Version written where VASP writes its own."""
MARK: Final = "MOCK (qdstruct-mock-vasp, not a quantum calculation)"
"""Comment written into every file that has room for one."""


def vasp_version_line() -> str:
    """Return the first line of OUTCAR and of the standard output."""
    return " vasp.6.4.2 qdstruct-mock (deterministic pair model, NOT a quantum calculation) complex"


def rows(template: str, values: NDArray[np.generic]) -> str:
    """Format each row of `values` with `template`, which ends its own line."""
    table = np.atleast_2d(values)
    return (template * len(table)) % tuple(table.ravel().tolist())


def positions_header(structure: MockStructure, comment: str) -> str:
    """Return comment, scale, vectors, symbols and counts, as on top of CONTCAR and CHGCAR."""
    names = "".join(f"   {symbol:<2s}" for symbol, _ in structure.groups)
    counts = "".join(f"{count:6d}" for _, count in structure.groups)
    vectors = rows(" %21.16f %21.16f %21.16f\n", structure.cell)
    return f"{comment}\n   1.00000000000000     \n{vectors}{names}\n{counts}\n"


def poscar_text(structure: MockStructure, comment: str) -> str:
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
