"""ACF.dat, what the Henkelman group's Bader program writes; and the valences it lacks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.outputs.calculation import require_output
from qdstruct.outputs.reader import TextReader, fortran_float
from qdstruct.outputs.streams import find_output, open_output
from qdstruct.outputs.vasprun import read_vasprun_head

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["AtomicCharges", "read_acf", "read_valences"]

_CUT = "the file was cut off or damaged: run bader again"
_ZVAL = re.compile(r"ZVAL\s*=\s*(\S+)")


@dataclass(frozen=True, kw_only=True, eq=False)
class AtomicCharges:
    """The table of one ACF.dat, N atoms."""

    positions: NDArray[np.float64]
    """(N, 3) Å."""
    electrons: NDArray[np.float64]
    """(N,)."""
    surface_distances: NDArray[np.float64]
    """(N,) Å."""
    volumes: NDArray[np.float64]
    """(N,) Å³."""
    vacuum_electrons: float
    """Below the program's vacuum threshold."""
    n_electrons: float
    """The program's own sum."""
    source: str
    """The file."""


def read_acf(path: Path) -> AtomicCharges:
    """Read an ACF.dat.

    Parameters
    ----------
    path : Path
        The file, or the directory it lies in.

    Raises
    ------
    OutputError
        If the file is missing, cut off, holds what is no number, or its electrons do not add up to
        the sum it states.
    """
    path = require_output(Path(path), "ACF.dat")
    rows: list[list[float]] = []
    totals: dict[str, float] = {}
    with open_output(path) as stream:
        reader = TextReader(stream)
        if "CHARGE" not in reader.expect_line("the headings of an ACF.dat"):
            raise reader.error("this is no ACF.dat (its first line has no CHARGE)")
        while (line := reader.readline()) is not None:
            words = line.split()
            if not words or set(line.strip()) == {"-"}:
                continue
            name, colon, value = line.partition(":")
            if colon:
                totals[name.strip()] = _number(reader, value.strip())
                continue
            if totals or words[0] != str(len(rows) + 1) or len(words) != 7:
                raise reader.error(
                    f"'{line.strip()[:60]}' where atom {len(rows) + 1} with six numbers was "
                    "expected (line above)",
                    hint=_CUT,
                )
            rows.append([_number(reader, word) for word in words[1:]])
        table = np.array(rows).reshape(-1, 6)
        stated = totals.get("NUMBER OF ELECTRONS")
        if not rows or stated is None:
            raise reader.error("the file ends before the number of electrons", hint=_CUT)
        vacuum = totals.get("VACUUM CHARGE", 0.0)
        if abs(table[:, 3].sum() + vacuum - stated) > 1e-3 + 1e-6 * len(rows):
            raise reader.error(
                f"the electrons of the {len(rows)} atoms add up to {table[:, 3].sum():.4f}, with "
                f"the vacuum to {table[:, 3].sum() + vacuum:.4f}, but the file states {stated:.4f}",
                hint=_CUT,
            )
    return AtomicCharges(
        positions=table[:, :3],
        electrons=table[:, 3],
        surface_distances=table[:, 4],
        volumes=table[:, 5],
        vacuum_electrons=vacuum,
        n_electrons=stated,
        source=str(path),
    )


def read_valences(directory: Path, atoms: Atoms) -> NDArray[np.float64] | None:
    """Return ZVAL of each atom from vasprun.xml or POTCAR; None where neither fits `atoms`.

    Raises
    ------
    OutputError
        If the file that is there cannot be read.
    """
    run = find_output(directory, "vasprun.xml")
    if run is not None:
        head = read_vasprun_head(run)
        if len(head.valences) == len(atoms) == len(head.symbols):
            return np.array(head.valences)
    potcar = find_output(directory, "POTCAR")
    if potcar is None:
        return None
    values: list[float] = []
    with open_output(potcar) as stream:
        reader = TextReader(stream)
        while (line := reader.readline()) is not None:
            if (found := _ZVAL.search(line)) is not None:
                values.append(_number(reader, found[1]))
    counts = [len(list(group)) for _, group in groupby(atoms.get_chemical_symbols())]
    return np.repeat(values, counts) if len(values) == len(counts) else None


def _number(reader: TextReader, word: str) -> float:
    try:
        return fortran_float(word)
    except ValueError as error:
        raise reader.error(f"{error} (line above)", hint=_CUT) from None
