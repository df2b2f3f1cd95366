"""The structure at the head of POSCAR, CONTCAR, CHGCAR, LOCPOT and their relatives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.outputs.reader import TextReader, fortran_float

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["read_structure"]

_HINT = "is this a VASP structure or grid file, and is its head whole?"


def read_structure(reader: TextReader) -> Atoms:
    """Read comment, scale, cell, species, counts and positions; stop after the last position.

    The species line may carry the suffixes that VASP 6.4.2 writes (``Pb_d/a60ddf36e``). Selective
    dynamics flags and velocities play no part here.

    Raises
    ------
    OutputError
        Naming the line that is not what the format asks for.
    """
    from ase import Atoms

    comment = reader.expect_line("a comment line")
    scale = _floats(reader, "the scaling factor", (1, 3))
    cell = np.array([_floats(reader, "a cell vector", (3,)) for _ in range(3)])
    cell = _scaled(reader, cell, scale)
    symbols = _species(reader, comment)
    mode = reader.expect_line("'Direct' or 'Cartesian'").strip()
    if mode[:1] in ("S", "s"):
        mode = reader.expect_line("'Direct' or 'Cartesian'").strip()
    if mode[:1] not in ("D", "d", "C", "c", "K", "k"):
        raise reader.error(
            f"'{mode}' where 'Direct' or 'Cartesian' was expected (line above)",
            hint="do the numbers of atoms match the species? " + _HINT,
        )
    rows = [_position(reader, i, len(symbols)) for i in range(len(symbols))]
    positions = np.array(rows).reshape(-1, 3)
    if mode[0] in "CcKk":
        factor = np.asarray(scale) if len(scale) == 3 or scale[0] > 0 else 1.0
        return Atoms(symbols, positions=positions * factor, cell=cell, pbc=True)
    return Atoms(symbols, scaled_positions=positions, cell=cell, pbc=True)


def _floats(reader: TextReader, what: str, counts: tuple[int, ...]) -> list[float]:
    line = reader.expect_line(what)
    try:
        values = [fortran_float(word) for word in line.split()[: max(counts)]]
    except ValueError:
        values = []
    if len(values) not in counts:
        raise reader.error(f"'{line.strip()}' where {what} was expected (line above)", hint=_HINT)
    return values


def _scaled(
    reader: TextReader, cell: NDArray[np.float64], scale: list[float]
) -> NDArray[np.float64]:
    volume = abs(float(np.linalg.det(cell)))
    if volume < 1e-9:
        raise reader.error("the three cell vectors span no volume", hint=_HINT)
    factor = np.array(scale, dtype=np.float64)
    if len(scale) == 1 and scale[0] < 0:
        factor = (-factor / volume) ** (1 / 3)
    scaled = np.asarray(cell * factor, dtype=np.float64)
    if abs(float(np.linalg.det(scaled))) < 1e-9:
        raise reader.error("the scaling factor leaves the cell no volume", hint=_HINT)
    return scaled


def _species(reader: TextReader, comment: str) -> list[str]:
    line = reader.expect_line("the species or the numbers of atoms")
    words = line.split()
    if words and all(word.isdigit() for word in words):
        names, counts = comment.split()[: len(words)], words
    else:
        names, counts = words, reader.expect_line("the numbers of atoms").split()
    symbols = [_symbol(reader, name) for name in names]
    if not all(count.isdigit() for count in counts) or len(counts) != len(symbols) or not counts:
        raise reader.error(
            f"the numbers of atoms '{' '.join(counts)}' do not go with the species "
            f"'{' '.join(names)}' (lines above)",
            hint=_HINT,
        )
    total = sum(map(int, counts))
    if total == 0 or total > 10_000_000:
        raise reader.error(f"{total} atoms cannot be right (line above)", hint=_HINT)
    return [
        symbol for symbol, count in zip(symbols, counts, strict=True) for _ in range(int(count))
    ]


def _symbol(reader: TextReader, name: str) -> str:
    from ase.data import atomic_numbers

    symbol = re.split(r"[/_.]", name)[0]
    if atomic_numbers.get(symbol, 0) == 0:
        raise reader.error(f"'{name}' is not a chemical element (line above)", hint=_HINT)
    return symbol


def _position(reader: TextReader, index: int, count: int) -> list[float]:
    line = reader.expect_line(f"the position of atom {index + 1} of {count}")
    try:
        values = [fortran_float(word) for word in line.split()[:3]]
    except ValueError:
        values = []
    if len(values) != 3:
        raise reader.error(
            f"'{line.strip()}' where the position of atom {index + 1} of {count} was expected "
            "(line above)",
            hint="do the numbers of atoms match the list? " + _HINT,
        )
    return values
