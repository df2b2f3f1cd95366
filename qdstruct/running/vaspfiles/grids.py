"""CHGCAR and LOCPOT: fields on the FFT grid, written as VASP writes them and checked when read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.running.vaspfiles.inputs import PoscarStructure
from qdstruct.running.vaspfiles.text import positions_header, rows, wrapped

__all__ = ["check_chgcar", "grid_file"]

FloatArray = NDArray[np.float64]
_WIDTH = 19
_BLOCK = 500_000


def grid_file(structure: PoscarStructure, fields: list[FloatArray], mark: str) -> bytes:
    """Return a CHGCAR-like file.

    Parameters
    ----------
    structure : PoscarStructure
        Cell and atoms of the header.
    fields : list of (nx, ny, nz) arrays
        For CHGCAR densities times the cell volume: total, then magnetisation with spin. For LOCPOT
        potentials in eV. x runs fastest, five values a line, as in VASP. The augmentation
        occupancies are left out: the whole density is on the grid.
    mark : str
        Comment line.
    """
    coordinates = rows(" %9.6f %9.6f %9.6f\n", wrapped(structure.scaled))
    parts = [f"{positions_header(structure, mark)}Direct\n{coordinates}\n".encode()]
    for field in fields:
        parts.append(("".join(f"{n:5d}" for n in field.shape) + "\n").encode())
        parts.append(_five_a_line(field.ravel(order="F")))
    return b"".join(parts)


def _five_a_line(values: FloatArray) -> bytes:
    """Format as `` %18.11E``, five values a line; a block at once, as there may be millions."""
    parts = []
    whole = len(values) // 5 * 5
    for start in range(0, whole, _BLOCK):
        block = _characters(values[start : min(start + _BLOCK, whole)])
        lines = np.full((len(block) // 5, 5 * _WIDTH + 1), ord("\n"), dtype=np.uint8)
        lines[:, :-1] = block.reshape(-1, 5 * _WIDTH)
        parts.append(lines.tobytes())
    if whole < len(values):
        parts.append(_characters(values[whole:]).tobytes() + b"\n")
    return b"".join(parts)


def _characters(values: FloatArray) -> NDArray[np.uint8]:
    """Return (n, 19) characters of `` %18.11E`` for each value."""
    magnitude = np.abs(values)
    positive = np.where(magnitude < 1e-99, 1.0, magnitude)
    exponent = np.floor(np.log10(positive)).astype(np.int64)
    mantissa = np.rint(positive / 10.0**exponent * 1e11).astype(np.int64)
    for limit, step in ((10**12, 1), (10**11, -1)):
        wrong = mantissa >= limit if step > 0 else mantissa < limit
        exponent[wrong] += step
        mantissa[wrong] = np.rint(positive[wrong] / 10.0 ** exponent[wrong] * 1e11)
    mantissa[magnitude < 1e-99] = 0
    exponent[magnitude < 1e-99] = 0
    text = np.full((len(values), _WIDTH), ord(" "), dtype=np.uint8)
    text[:, 1] = np.where(values < 0, ord("-"), ord(" "))
    for column in range(14, 3, -1):
        mantissa, digit = np.divmod(mantissa, 10)
        text[:, column] = digit + ord("0")
    text[:, 2] = mantissa + ord("0")
    text[:, 3] = ord(".")
    text[:, 15] = ord("E")
    text[:, 16] = np.where(exponent < 0, ord("-"), ord("+"))
    text[:, 17] = np.abs(exponent) // 10 + ord("0")
    text[:, 18] = np.abs(exponent) % 10 + ord("0")
    return text


def check_chgcar(path: Path, structure: PoscarStructure, grid: tuple[int, int, int]) -> None:
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
        if not counts or not found:
            raise InputError(f"{problem}: the header is malformed")
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
