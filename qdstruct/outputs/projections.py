"""The projected DOS of a vasprun.xml as one labelled array."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError, OutputError
from qdstruct.model import ProjectedDos
from qdstruct.outputs.band_arrays import ORBITALS
from qdstruct.outputs.calculation import calculation_atoms, looks_like_mock, require_output
from qdstruct.outputs.dos_arrays import labelled_dos
from qdstruct.outputs.doscar import read_doscar
from qdstruct.outputs.reader import fortran_float
from qdstruct.outputs.streams import find_output
from qdstruct.outputs.vaspout import read_vaspout_dos
from qdstruct.outputs.vasprun import Vasprun, VasprunTable, read_vasprun

__all__ = ["ProjectionTable", "read_projected_dos", "smearing_width"]

_FIELD = re.compile(rb"<field[^>]*>\s*([^<\s]+)\s*</field>")
_ION = re.compile(rb'comment="ion\s*(\d+)"')
_SPIN = re.compile(rb'comment="spin\s*(\d+)"')
_END = b"</set>"
_HEAD = 8192
"""Bytes within which the names of the columns and the first row of a table stand."""
_SLACK = 256
"""Bytes by which one table may be shorter than the one before."""


class ProjectionTable(VasprunTable):
    """Fills (atom, spin, energy, orbital) from the sets of a ``<partial>`` section."""

    def __init__(self, run: Vasprun) -> None:
        if run.dos_energies is None:
            raise OutputError(f"{run.path}: a projected DOS without a total DOS before it")
        self.run = run
        self.orbitals: tuple[str, ...] = ()
        self.values: NDArray[np.float32] | None = None
        self._energies = run.dos_energies
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._likely_length = 0
        self._ion = 0
        self._seen: NDArray[np.bool_] = np.zeros((len(run.symbols), len(run.spins)), dtype=bool)
        self._deferred = np.empty((1 << 16, 3), dtype=np.int64)

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the section and store every set that is whole."""
        self._pieces.append(data)
        self._waiting += len(data)
        if self._waiting < self._likely_length:
            return
        buffer, start = b"".join(self._pieces), 0
        view = memoryview(buffer)
        while (end := self._end(buffer, start)) >= 0:
            self._take(view[start:end])
            start = end + len(_END)
        self._pieces, self._waiting = [buffer[start:]], len(buffer) - start

    def _end(self, buffer: bytes, start: int) -> int:
        """Return where the set that begins at `start` ends, or −1.

        Tables print alike, so the end is looked for where the table before had it (a nested set
        that closes at once comes first); a table that ends earlier shows by its numbers.
        """
        end = buffer.find(_END, start, start + _SLACK)
        if end < 0:
            end = buffer.find(_END, start + self._likely_length)
            if end >= 0 and self.values is not None:
                self._likely_length = max(0, end - start - _SLACK)
        return end

    def close(self) -> None:
        """Check that every spin of every atom was there."""
        self._likely_length = 0
        self.feed(b"")
        if self.values is None or not self._seen.all():
            have = int(self._seen.sum())
            raise OutputError(
                f"{self.run.path}: the projected DOS holds {have} of {self._seen.size} tables "
                f"({len(self.run.symbols)} atoms × {len(self.run.spins)} spin components)",
                hint="the file was cut or edited: rerun the DOS job",
            )

    def _take(self, block: memoryview) -> None:
        head = bytes(block[:_HEAD])
        first_row = head.find(b"<r>")
        head = head if first_row < 0 else head[:first_row]
        if not self.orbitals:
            fields = [name.decode() for name in _FIELD.findall(head)]
            if len(fields) < 2 or fields[0] != "energy":
                raise OutputError(
                    f"{self.run.path}: the projected DOS does not name its columns (found "
                    f"{fields or 'none'}, expected energy, s, p, …)"
                )
            self.orbitals = tuple(ORBITALS.get(name, name) for name in fields[1:])
        ions = _ION.findall(head)
        if ions:
            self._ion = int(ions[-1])
        spins = _SPIN.findall(head)
        if not spins:
            return
        self._store(block[max(first_row, 0) :], self._ion - 1, int(spins[-1]) - 1)

    def _store(self, block: memoryview, atom: int, spin: int) -> None:
        n_atoms, n_spins = self._seen.shape
        if not (0 <= atom < n_atoms and 0 <= spin < n_spins):
            raise OutputError(
                f"{self.run.path}: a projected DOS for ion {atom + 1}, spin {spin + 1}, but the "
                f"file describes {n_atoms} atoms and {n_spins} spin components"
            )
        table = self._numbers(block, f"ion {atom + 1}, spin {spin + 1}")
        if np.abs(table[:, 0] - self._energies).max() > 2e-3:
            raise OutputError(
                f"{self.run.path}: the energies of the projected DOS of ion {atom + 1} are not "
                "those of the total DOS"
            )
        if self.values is None:
            shape = (n_atoms, n_spins, len(self._energies), len(self.orbitals))
            self.values = np.zeros(shape, dtype=np.float32)
        self.values[atom, spin] = table[:, 1:]
        self._seen[atom, spin] = True

    def _numbers(self, block: memoryview, place: str) -> NDArray[np.float64]:
        from qdstruct.outputs.scanner import BAD, scan_numbers

        rows, columns = len(self._energies), len(self.orbitals) + 1
        out = np.empty(rows * columns + 1)
        data = np.frombuffer(block, dtype=np.uint8)
        position, filled = 0, 0
        while True:
            status, position, filled, _, waiting = scan_numbers(
                data, position, out, filled, self._deferred, True
            )
            for index, first, last in self._deferred[:waiting]:
                out[index] = _finite(self.run, place, bytes(block[first:last]))
            if waiting < len(self._deferred):
                break
        if status == BAD:
            word = bytes(block[position : position + 30]).split()[0].decode("ascii", "replace")
            raise OutputError(
                f"{self.run.path}: '{word}' is not a number, in row {filled // columns + 1} of the "
                f"projected DOS of {place}"
            )
        if filled != rows * columns:
            raise OutputError(
                f"{self.run.path}: the projected DOS of {place} holds {filled} numbers, expected "
                f"{rows} rows of {columns}"
            )
        return out[:-1].reshape(rows, columns)


def _finite(run: Vasprun, place: str, word: bytes) -> float:
    try:
        return fortran_float(word.decode("ascii"))
    except ValueError as error:
        raise OutputError(f"{run.path}: {error}, in the projected DOS of {place}") from None


def read_projected_dos(directory: Path, regions: Sequence[str] = ()) -> ProjectedDos:
    """Read the projected DOS of a finished calculation in one forward pass.

    Parameters
    ----------
    directory : Path
        Directory with a vasprun.xml (plain or compressed) of a run with LORBIT ≥ 10, or that file
        itself. Where there is none, vaspout.h5 or DOSCAR (with a structure beside it) is read.
    regions : sequence of str
        Region of each atom in POSCAR order; empty takes them from ``job.json`` where there is one.

    Raises
    ------
    OutputError
        If the file is missing, truncated, or holds no projected DOS.
    InputError
        If `regions` does not have one entry per atom.
    """
    directory = Path(directory)
    if directory.is_dir() and find_output(directory, "vasprun.xml") is None:
        if find_output(directory, "vaspout.h5") is not None:
            return read_vaspout_dos(directory, regions)
        if find_output(directory, "DOSCAR") is not None:
            return read_doscar(directory, regions)
    path = require_output(directory, "vasprun.xml")
    tables: list[ProjectionTable] = []

    def begin(run: Vasprun) -> ProjectionTable:
        tables[:] = [ProjectionTable(run)]
        return tables[0]

    run = read_vasprun(path, begin)
    if not tables or tables[0].values is None or run.dos_energies is None or run.total_dos is None:
        raise OutputError(
            f"{path}: this calculation has no projected DOS",
            hint="set LORBIT = 11 and run it again",
        )
    if run.fermi_level is None:
        raise OutputError(f"{path}: the DOS does not state the Fermi level")
    atoms = calculation_atoms(run, regions or None)
    if regions and len(regions) != len(atoms):
        raise InputError(f"{len(regions)} regions given for the {len(atoms)} atoms of {path}")
    return labelled_dos(
        energies=run.dos_energies,
        total=run.total_dos,
        projected=tables[0].values,
        orbitals=tables[0].orbitals,
        fermi_level=run.fermi_level,
        atoms=atoms,
        source=str(path),
        smearing=smearing_width(run),
        is_mock=looks_like_mock(run),
    )


def smearing_width(run: Vasprun) -> float:
    """Return SIGMA in eV, or 0 for the tetrahedron method (ISMEAR = −5, −4)."""
    if (run.parameters.get("ISMEAR") or 0) <= -4:
        return 0.0
    return float(run.parameters.get("SIGMA") or 0.0)
