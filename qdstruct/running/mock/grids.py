"""CHGCAR and LOCPOT: fields on the FFT grid, written as VASP writes them and checked when read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.running.mock.inputs import MockStructure
from qdstruct.running.mock.text import MARK, positions_header, rows, wrapped

__all__ = ["check_chgcar", "grid_text"]

FloatArray = NDArray[np.float64]


def grid_text(structure: MockStructure, fields: list[FloatArray]) -> str:
    """Return a CHGCAR-like file.

    Parameters
    ----------
    structure : MockStructure
        Cell and atoms of the header.
    fields : list of (nx, ny, nz) arrays
        For CHGCAR densities times the cell volume: total, then magnetisation with spin. For LOCPOT
        potentials in eV. x runs fastest, five values a line, as in VASP. The augmentation
        occupancies are left out: the mock has no PAW spheres, the whole density is on the grid.
    """
    text = [positions_header(structure, MARK), "Direct\n"]
    text.append(rows(" %9.6f %9.6f %9.6f\n", wrapped(structure.scaled)))
    for field in fields:
        text.append("\n" if field is fields[0] else "")
        text.append("".join(f"{n:5d}" for n in field.shape) + "\n")
        values = field.ravel(order="F")
        whole = len(values) // 5 * 5
        text.append(rows(" %17.11E" * 5 + "\n", values[:whole].reshape(-1, 5)) if whole else "")
        if whole < len(values):
            text.append(rows(" %17.11E" * (len(values) - whole) + "\n", values[whole:]))
    return "".join(text)


def check_chgcar(path: Path, structure: MockStructure, grid: tuple[int, int, int]) -> None:
    """Refuse a CHGCAR that does not belong to this structure and grid, as VASP does.

    Raises
    ------
    InputError
        If the file is missing, truncated, or made for other atoms or another grid.
    """
    problem = "ERROR: charge density could not be read from file CHGCAR for ICHARG>10"
    if not path.exists():
        raise InputError(f"{problem}: no such file", hint="run the self-consistent job first")
    with path.open() as stream:
        head = [stream.readline() for _ in range(8)]
        try:
            counts = [int(word) for word in head[6].split()]
            for _ in range(sum(counts) + 1):
                stream.readline()
            found = tuple(int(word) for word in stream.readline().split())
        except (ValueError, IndexError) as error:
            raise InputError(f"{problem}: the header is malformed") from error
        if counts != [count for _, count in structure.groups]:
            raise InputError(f"{problem}: it holds {counts} atoms of each species")
        if found != grid:
            raise InputError(
                f"{problem}: dimensions on CHGCAR file are different: {found}, here {grid}",
                hint="set the same NGXF, NGYF, NGZF or the same ENCUT in both jobs",
            )
        values = sum(len(line.split()) for line in stream)
    if values < int(np.prod(grid)):
        raise InputError(f"{problem}: {values} values instead of {int(np.prod(grid))}: truncated")
