"""Writing grids for VESTA and other viewers: CHGCAR and Gaussian cube."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.errors import InputError
from qdstruct.files import write_atomically
from qdstruct.model import Grid
from qdstruct.units import BOHR

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["write_grid"]


def write_grid(path: Path, grid: Grid, *, force: bool = False, remark: str = "") -> None:
    """Write a scalar field as CHGCAR/LOCPOT (any name) or as Gaussian cube (``.cube``).

    A density is multiplied by the cell volume in the VASP format, as VASP does, so that
    `read_grid` and VESTA get electrons/Å³ back; a cube holds electrons/bohr³ and atomic units of
    length, a potential stays in eV.

    Parameters
    ----------
    path : Path
        Destination.
    grid : Grid
        The field; its atoms must be grouped by element for the VASP format.
    force : bool
        Replace an existing file.
    remark : str
        Said in the title of the file.

    Raises
    ------
    DestinationError
        If the file exists (without `force`) or cannot be written.
    InputError
        If the atoms are not grouped by element (VASP format).
    """
    path = Path(path)
    title = f"{grid.quantity}, written by qdstruct" + (f" ({remark})" if remark else "")
    cube = path.suffix.lower() == ".cube"
    parts = _cube(grid, title) if cube else _vasp(grid, title)
    write_atomically(path, "".join(parts), force=force)


def _vasp(grid: Grid, title: str) -> Iterator[str]:
    groups = _groups(grid.atoms)
    cell = np.asarray(grid.atoms.cell)
    yield f"{title}\n   1.00000000000000\n"
    yield "".join(" {:20.15f} {:20.15f} {:20.15f}\n".format(*row) for row in cell)
    yield "   " + "   ".join(symbol for symbol, _ in groups) + "\n"
    yield "".join(f"{count:6d}" for _, count in groups) + "\nDirect\n"
    for row in grid.atoms.get_scaled_positions(wrap=False):
        yield " {:19.15f} {:19.15f} {:19.15f}\n".format(*row)
    yield "\n" + "".join(f"{n:5d}" for n in grid.values.shape) + "\n"
    factor = grid.atoms.cell.volume if grid.quantity == "charge density" else 1.0
    flat = grid.values.ravel(order="F") * factor
    whole = flat.size // 5 * 5
    line = " %.11E %.11E %.11E %.11E %.11E\n"
    for start in range(0, whole, 50_000):
        block = flat[start : min(start + 50_000, whole)]
        yield (line * (block.size // 5)) % tuple(block.tolist())
    if whole < flat.size:
        yield "".join(f" {value:.11E}" for value in flat[whole:]) + "\n"


def _groups(atoms: Atoms) -> list[tuple[str, int]]:
    groups: list[tuple[str, int]] = []
    for symbol in atoms.get_chemical_symbols():
        if groups and groups[-1][0] == symbol:
            groups[-1] = (symbol, groups[-1][1] + 1)
        else:
            groups.append((symbol, 1))
    if len({symbol for symbol, _ in groups}) != len(groups):
        raise InputError(
            "the atoms of this grid are not grouped by element, as the VASP format wants",
            hint="write a .cube file instead",
        )
    return groups


def _cube(grid: Grid, title: str) -> Iterator[str]:
    cell = np.asarray(grid.atoms.cell) / BOHR
    yield "\n".join(title.split(", ", 1)) + "\n"
    yield f"{len(grid.atoms):5d}{0.0:12.6f}{0.0:12.6f}{0.0:12.6f}\n"
    for count, vector in zip(grid.values.shape, cell, strict=True):
        yield f"{count:5d}" + "".join(f"{x:12.6f}" for x in vector / count) + "\n"
    for number, position in zip(grid.atoms.numbers, grid.atoms.positions / BOHR, strict=True):
        yield f"{number:5d}{float(number):12.6f}" + "".join(f"{x:12.6f}" for x in position) + "\n"
    factor = BOHR**3 if grid.quantity == "charge density" else 1.0
    for plane in grid.values * factor:
        for column in plane:
            text = "".join(
                f"{value:13.5E}" + ("\n" if i % 6 == 5 else "") for i, value in enumerate(column)
            )
            yield text if text.endswith("\n") else text + "\n"
