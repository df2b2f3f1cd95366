"""DOSCAR: total and projected densities of states, where no vasprun.xml was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError, OutputError
from qdstruct.model import ProjectedDos
from qdstruct.outputs.calculation import require_output
from qdstruct.outputs.dos_arrays import labelled_dos
from qdstruct.outputs.reader import TextReader, fortran_float
from qdstruct.outputs.streams import open_output
from qdstruct.outputs.surroundings import directory_atoms, directory_is_mock, directory_smearing

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["read_doscar"]

_SHELLS: Final = {
    3: ("s", "p", "d"),
    4: ("s", "p", "d", "f"),
    9: ("s", "py", "pz", "px", "dxy", "dyz", "dz2", "dxz", "dx2-y2"),
    16: (
        "s", "py", "pz", "px", "dxy", "dyz", "dz2", "dxz", "dx2-y2",
        "fy3x2", "fxyz", "fyz2", "fz3", "fxz2", "fzx2", "fx3",
    ),
}  # fmt: skip
"""Columns of one spin component → what they are (VASP wiki, DOSCAR; names as in vasprun.xml)."""
_ENERGY_TOLERANCE = 2e-3
"""eV: energies are printed with three decimals."""
_LENGTH_TOLERANCE = 0.05
"""Relative difference of the cell lengths beyond which a structure belongs to another run."""
_CUT = "the file was cut off or damaged: rerun the job or copy it again"


@dataclass(frozen=True)
class _Head:
    """Line 6, and the line before each table: window, points and Fermi level."""

    highest: float
    lowest: float
    points: int
    fermi_level: float


def read_doscar(
    path: Path,
    regions: Sequence[str] = (),
    *,
    atoms: Atoms | None = None,
    smearing: float | None = None,
) -> ProjectedDos:
    """Read a DOSCAR of a run with LORBIT ≥ 10, with spin or non-collinear, in one forward pass.

    A table of sixteen columns is taken for s to f resolved by m, unless the first line says that
    the run was non-collinear (then for s, p, d, f with four components each).

    Parameters
    ----------
    path : Path
        The file, plain or compressed, or the directory it lies in.
    regions : sequence of str
        Region of each atom; empty takes them from ``job.json`` where there is one.
    atoms : Atoms, optional
        The structure, which DOSCAR does not hold; CONTCAR or POSCAR beside it by default.
    smearing : float, optional
        SIGMA in eV; from INCAR or vasprun.xml beside it by default, else VASP's 0.2.

    Raises
    ------
    OutputError
        If the file is missing, cut off, inconsistent or without projections, or there is no
        structure beside it or one of another calculation; with line and byte.
    InputError
        If `regions` does not have one entry per atom.
    """
    path = require_output(Path(path), "DOSCAR")
    structure = atoms if atoms is not None else directory_atoms(path.parent)
    if structure is None:
        raise OutputError(
            f"{path}: this file does not say which atoms it describes",
            hint="put the CONTCAR or POSCAR of the run beside it",
        )
    if regions and len(regions) != len(structure):
        raise InputError(f"{len(regions)} regions given for the {len(structure)} atoms of {path}")
    if regions:
        structure = structure.copy()
        structure.set_array("region", np.array(list(regions)))
    with open_output(path) as stream:
        reader = TextReader(stream)
        n_ions, components = _first_lines(reader, structure)
        head = _head(reader, reader.expect_line("window, points and Fermi level"))
        table = _table(reader, head, "total density of states")
        energies, total = _total(reader, table)
        projected = _projections(reader, head, energies, n_ions, components, len(total))
        if reader.skip_blank() is not None:
            raise reader.error(f"more after the table of ion {n_ions}", hint=_CUT)
    return labelled_dos(
        energies=energies,
        total=total,
        projected=projected,
        orbitals=_SHELLS[projected.shape[3]],
        fermi_level=head.fermi_level,
        atoms=structure,
        source=str(path),
        smearing=directory_smearing(path.parent) if smearing is None else smearing,
        is_mock=directory_is_mock(path.parent),
    )


def _first_lines(reader: TextReader, atoms: Atoms) -> tuple[int, int]:
    """Read the number of ions and of spin components; refuse another structure's lengths."""
    line = reader.expect_line("the number of ions")
    words = line.split()
    if len(words) != 4:
        words = [line[i : i + 4].strip() for i in range(0, 16, 4)]
    if not all(word.isdigit() for word in words):
        raise reader.error(f"'{line.strip()[:60]}' where four integers were expected (line above)")
    if int(words[0]) != len(atoms):
        raise reader.error(
            f"{words[0]} ions, but the structure beside it has {len(atoms)} (line above)",
            hint="the two files belong to different runs",
        )
    lengths = _floats(reader, reader.expect_line("volume and cell lengths"), 4)[1:4]
    known = np.asarray(atoms.cell.lengths())
    if np.abs(np.array(lengths) * 1e10 / known - 1).max() > _LENGTH_TOLERANCE:
        raise reader.error(
            f"cell lengths {', '.join(f'{1e10 * x:.3f}' for x in lengths)} Å, but those of the "
            f"structure beside it are {', '.join(f'{x:.3f}' for x in known)} Å (line above)",
            hint="the two files belong to different runs",
        )
    for what in ("the temperature", "'CAR'", "the title"):
        reader.expect_line(what)
    return int(words[0]), int(words[3])


def _head(reader: TextReader, line: str) -> _Head:
    words = line.split()
    if len(words) != 5:
        words = [line[a:b].strip() for a, b in ((0, 16), (16, 32), (32, 37), (37, 53),
                                                       (53, 69))]  # fmt: skip
    try:
        highest, lowest, fermi, _ = (fortran_float(words[i]) for i in (0, 1, 3, 4))
        points = int(words[2])
    except ValueError:
        points = 0
    if points < 2:
        raise reader.error(
            f"'{line.strip()[:60]}' where EMAX, EMIN, NEDOS and the Fermi level were expected "
            "(line above)",
            hint=_CUT,
        )
    return _Head(highest, lowest, points, fermi)


def _floats(reader: TextReader, line: str, count: int) -> list[float]:
    try:
        values = [fortran_float(word) for word in line.split()[:count]]
    except ValueError:
        values = []
    if len(values) != count:
        raise reader.error(
            f"'{line.strip()[:60]}' where {count} numbers were expected (line above)"
        )
    return values


def _table(reader: TextReader, head: _Head, what: str) -> NDArray[np.float64]:
    """Read NEDOS rows; the first row says how many columns there are."""
    columns = len((reader.peekline() or "").split())
    if columns < 3:
        raise reader.error(f"the {what} was expected here", hint=_CUT)
    values = np.empty(head.points * columns)
    reader.read_numbers(values, f"numbers of the {what}")
    rest = reader.readline()
    if rest is None or rest.strip():
        raise reader.error(f"a row of the {what} has more than {columns} columns", hint=_CUT)
    return values.reshape(head.points, columns)


def _total(
    reader: TextReader, table: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return energies and (spin, energy) densities; half the other columns are integrals."""
    columns = table.shape[1]
    energies = table[:, 0]
    if columns not in (3, 5):
        raise reader.error(
            f"{columns} columns in the total density of states, expected 3 or 5 (above)", hint=_CUT
        )
    if not (np.diff(energies) > 0).all():
        raise reader.error("the energies do not rise from row to row (above)", hint=_CUT)
    return energies, table[:, 1 : 1 + columns // 2].T.copy()


def _projections(
    reader: TextReader,
    head: _Head,
    energies: NDArray[np.float64],
    n_ions: int,
    components: int,
    spins: int,
) -> NDArray[np.float32]:
    """Return (atom, component, energy, orbital)."""
    result: NDArray[np.float32] | None = None
    for ion in range(n_ions):
        line = reader.readline()
        if line is None and ion == 0:
            raise OutputError(
                f"{reader.path}: this calculation has no projected DOS",
                hint="set LORBIT = 11 and run it again",
            )
        if line is None:
            raise reader.error(f"the file ends after ion {ion} of {n_ions}", hint=_CUT)
        if _head(reader, line) != head:
            raise reader.error(f"ion {ion + 1} has another window than the total (line above)")
        table = _table(reader, head, f"projected DOS of ion {ion + 1} of {n_ions}")
        if np.abs(table[:, 0] - energies).max() > _ENERGY_TOLERANCE:
            raise reader.error(f"the energies of ion {ion + 1} are not those of the total (above)")
        parts = _components(reader, table.shape[1] - 1, components, spins)
        shape = (n_ions, parts, head.points, (table.shape[1] - 1) // parts)
        if result is None:
            result = np.zeros(shape, dtype=np.float32)
        if shape != result.shape:
            raise reader.error(f"ion {ion + 1} has other columns than ion 1 (above)", hint=_CUT)
        result[ion] = table[:, 1:].reshape(head.points, shape[3], parts).transpose(2, 0, 1)
    assert result is not None
    return result


def _components(reader: TextReader, columns: int, announced: int, spins: int) -> int:
    """Return how many spin components the columns of each orbital are: 1, 2 or 4."""
    if spins == 2 and columns % 2 == 0 and columns // 2 in _SHELLS:
        return 2
    if spins == 1 and columns in _SHELLS and not (announced == 4 and columns == 16):
        return 1
    if spins == 1 and columns % 4 == 0 and columns // 4 in _SHELLS:
        return 4
    raise reader.error(
        f"{columns} columns of projections with {spins} spin(s) fit no set of orbitals (above)",
        hint=_CUT,
    )
