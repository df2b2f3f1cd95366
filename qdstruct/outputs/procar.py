"""PROCAR: the projection of every band on atoms and orbitals, read block by block."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError, OutputError
from qdstruct.model.bands import BandProjections
from qdstruct.outputs.band_arrays import Channel, band_energies, labelled_projections
from qdstruct.outputs.calculation import require_output
from qdstruct.outputs.reader import TextReader, fortran_float
from qdstruct.outputs.streams import open_output

__all__ = ["read_procar"]

_COUNTS = re.compile(r"# of k-points:\s*(\d+)\s*# of bands:\s*(\d+)\s*# of ions:\s*(\d+)\s*$")
_KPOINT = re.compile(r"k-point\s*(\d+|\*+)\s*:(.*)weight\s*=\s*(\S+)\s*$")
_BAND = re.compile(r"band\s*(\d+|\*+)\s*# energy\s*(\S+?)\s*# occ\.\s*(\S+)\s*$")
_COORDINATE = re.compile(r"[+-]?\d+\.\d+")
_WIDEST_INDEX = 999
"""Largest ion number that every version of VASP prints; beyond it some print stars."""


def read_procar(
    path: Path,
    *,
    groups: Mapping[str, Sequence[int]] | None = None,
    phases: bool = False,
    n_electrons: float | None = None,
) -> BandProjections:
    """Read a PROCAR (LORBIT = 10, 11, 12; with spin; non-collinear) in one forward pass.

    Parameters
    ----------
    path : Path
        The file, plain or compressed, or the directory it lies in.
    groups : mapping of str to sequence of int, optional
        Label → atoms (from 0). Only the sum over each group is kept, so that memory does not grow
        with the number of atoms.
    phases : bool
        Also keep the complex amplitudes that LORBIT = 12 writes.
    n_electrons : float, optional
        NELECT. Occupations that do not add up to it are refused: a file cut off between its two
        spins is whole in itself.

    Returns
    -------
    BandProjections

    Raises
    ------
    OutputError
        If the file is missing, empty, cut off, inconsistent, or holds something that is no number;
        with line and byte.
    InputError
        If a group names an atom that is not there, or phases are asked for and not written.
    """
    path = require_output(Path(path), "PROCAR")
    with open_output(path) as stream:
        reader = TextReader(stream)
        title = reader.expect_line("the title of a PROCAR")
        if not title.strip().startswith("PROCAR"):
            raise reader.error("this is no PROCAR (its first line does not say so)")
        if phases and "phase" not in title:
            raise InputError(f"{path}: holds no phases", hint="set LORBIT = 12 and run it again")
        channels = _Procar(reader, groups, "phase" in title, phases).channels()
    bands = band_energies(channels, str(path))
    found = bands.n_electrons
    if n_electrons is not None and found is not None and abs(found - n_electrons) > 0.5:
        raise OutputError(
            f"{path}: its occupied states hold {found:.2f} electrons, not {n_electrons:g}",
            hint="is the second spin cut off, or does the file belong to another run?",
        )
    return BandProjections(
        projections=labelled_projections(channels, list(groups) if groups else None),
        phases=np.stack([each.phases for each in channels if each.phases is not None])
        if phases
        else None,
        bands=bands,
        source=str(path),
    )


@dataclass
class _Procar:
    """The file as it is read: its header, then one channel for each spin."""

    reader: TextReader
    groups: Mapping[str, Sequence[int]] | None
    has_phases: bool
    keep_phases: bool
    counts: tuple[int, int, int] = (0, 0, 0)
    sums: NDArray[np.float64] | None = None
    orbitals: tuple[str, ...] = ()
    components: int = 0
    found: list[Channel] = field(default_factory=list)

    def channels(self) -> list[Channel]:
        while (line := self.reader.skip_blank()) is not None:
            if len(self.found) == 2:
                raise self.reader.error("more after the second spin", hint=_MIXED)
            match = _COUNTS.match(line.strip())
            if match is None:
                raise self.reader.error(
                    f"'{line.strip()[:60]}' where the numbers of k-points, bands and ions were "
                    "expected"
                )
            counts = (int(match[1]), int(match[2]), int(match[3]))
            if self.found and (counts != self.counts or self.components != 1):
                raise self.reader.error("the second spin is of another size", hint=_MIXED)
            self.reader.readline()
            self.counts = counts
            self._choose_atoms()
            self.found.append(self._channel())
        if not self.found:
            raise self.reader.error("the file ends after its title", hint=_CUT)
        return self.found

    def _choose_atoms(self) -> None:
        n_ions = self.counts[2]
        if min(self.counts) == 0:
            raise self.reader.error("no k-points, bands or ions (line above)")
        if self.groups is None:
            return
        self.sums = np.zeros((len(self.groups), n_ions))
        for row, (label, atoms) in enumerate(self.groups.items()):
            if any(not 0 <= atom < n_ions for atom in atoms):
                raise InputError(
                    f"the group '{label}' names atom {max(atoms) + 1}, "
                    f"but {self.reader.path} has {n_ions}"
                )
            self.sums[row, list(atoms)] = 1.0

    def _channel(self) -> Channel:
        n_kpoints, n_bands, _ = self.counts
        channel = Channel.empty(n_kpoints, n_bands)
        for k in range(n_kpoints):
            self._kpoint(channel, k)
            for band in range(n_bands):
                self._band(channel, k, band)
        return channel

    def _kpoint(self, channel: Channel, k: int) -> None:
        line = self._expect("k-point", f"k-point {k + 1} of {self.counts[0]}")
        match = _KPOINT.match(line)
        coordinates = _COORDINATE.findall(match[2]) if match else []
        if match is None or "".join(coordinates) != "".join(match[2].split()):
            raise self.reader.error(f"'{line}' is no k-point (line above)")
        self._check_index(match[1], k, "k-point")
        if len(coordinates) != 3:
            raise self.reader.error(f"'{line}' has no three coordinates (line above)")
        channel.kpoints[k] = [float(word) for word in coordinates]
        channel.weights[k] = self._number(match[3])

    def _band(self, channel: Channel, k: int, band: int) -> None:
        line = self._expect("band", f"band {band + 1} of {self.counts[1]} at k-point {k + 1}")
        match = _BAND.match(line)
        if match is None:
            raise self.reader.error(f"'{line}' is no band with its energy (line above)")
        self._check_index(match[1], band, "band")
        channel.energies[k, band] = self._number(match[2])
        channel.occupations[k, band] = self._number(match[3])
        self._orbital_names(channel)
        tables = self._tables()
        self.components = self.components or len(tables)
        if len(tables) != self.components or self.components not in (1, 4):
            raise self.reader.error(
                f"{len(tables)} tables of projections for band {band + 1}; one is written without, "
                "four are written with spin–orbit coupling",
                hint=_CUT,
            )
        channel.store(k, band, tables)
        if self.has_phases:
            self._phases(channel, k, band)

    def _orbital_names(self, channel: Channel) -> None:
        words = self._expect("ion", "the names of the orbitals").split()
        names = tuple(words[1:-1])
        self.orbitals = self.orbitals or names
        if words[-1] != "tot" or not names or names != self.orbitals:
            raise self.reader.error(
                f"'{' '.join(words)}' where ion, {', '.join(self.orbitals) or 's, …'} and tot were "
                "expected (line above)",
                hint=_CUT,
            )
        channel.orbitals = names

    def _tables(self) -> list[NDArray[np.float64]]:
        """Read the table of a band, or the four of a non-collinear one, (atoms, orbitals) each."""
        tables = []
        while True:
            table = self._rows(len(self.orbitals) + 1)[:, :-1]
            tables.append(table if self.sums is None else self.sums @ table)
            self._total()
            line = self.reader.skip_blank()
            if line is None or not (line.strip()[0].isdigit() or line.strip()[0] == "*"):
                return tables
            if len(tables) == 4:
                raise self.reader.error("a fifth table of projections", hint=_MIXED)

    def _rows(self, columns: int) -> NDArray[np.float64]:
        """Read one row for each ion, number in front; return the (ions, columns) values."""
        n_ions, what = self.counts[2], "projections"
        if n_ions > _WIDEST_INDEX:
            return np.array([self._row(ion, columns) for ion in range(n_ions)])
        values = np.empty(n_ions * (columns + 1))
        self.reader.read_numbers(values, what)
        table = values.reshape(n_ions, columns + 1)
        if not np.array_equal(table[:, 0], np.arange(1, n_ions + 1)):
            wrong = int(np.flatnonzero(table[:, 0] != np.arange(1, n_ions + 1))[0])
            raise self.reader.error(
                f"the row of ion {wrong + 1} of {n_ions} is not where it was expected (just above)",
                hint=_CUT,
            )
        self.reader.readline()
        return table[:, 1:]

    def _row(self, ion: int, columns: int) -> list[float]:
        words = self.reader.expect_line(f"ion {ion + 1} of {self.counts[2]}").split()
        if len(words) != columns + 1:
            raise self.reader.error(
                f"{len(words)} columns for ion {ion + 1}, expected {columns + 1} (line above)",
                hint=_CUT,
            )
        self._check_index(words[0], ion, "ion")
        return [self._number(word) for word in words[1:]]

    def _total(self) -> None:
        """Pass over the row of totals, which VASP writes when there are two ions or more."""
        line = self.reader.peekline()
        if line is not None and line.strip().startswith("tot"):
            if line.count(".") != len(self.orbitals) + 1:
                raise self.reader.error("the row of totals is incomplete", hint=_CUT)
            self.reader.readline()
        elif self.counts[2] > 1:
            raise self.reader.error("the row of totals is missing", hint=_CUT)

    def _phases(self, channel: Channel, k: int, band: int) -> None:
        """Read amplitudes: pairs in a row (VASP 5.4.4 and later), or two rows for each ion."""
        self._expect("ion", f"the phases of band {band + 1} at k-point {k + 1}")
        n_orbitals = len(self.orbitals)
        width = len((self.reader.peekline() or "").split()) - 1
        if width >= 2 * n_orbitals:
            table = self._rows(width)
            values: NDArray[np.complex128] = (
                table[:, 0 : 2 * n_orbitals : 2] + 1j * table[:, 1 : 2 * n_orbitals : 2]
            )
        elif width in (n_orbitals, n_orbitals + 1):
            parts = np.array(
                [
                    self._row(ion, width)[:n_orbitals]
                    for ion in range(self.counts[2])
                    for _ in range(2)
                ]
            )
            values = parts[0::2] + 1j * parts[1::2]
        else:
            raise self.reader.error(f"{width} phases for {n_orbitals} orbitals", hint=_CUT)
        line = self.reader.skip_blank()
        if line is not None and line.strip().startswith(("charge", "tot")):
            self.reader.readline()
        if self.keep_phases:
            channel.store_phases(
                k, band, values if self.sums is None else np.dot(self.sums, values)
            )

    def _expect(self, start: str, what: str) -> str:
        """Return the next line that is not blank; it must begin with `start`."""
        line = self.reader.skip_blank()
        if line is None:
            raise self.reader.error(f"the file ends where {what} was expected", hint=_CUT)
        self.reader.readline()
        if not line.strip().startswith(start):
            raise self.reader.error(
                f"'{line.strip()[:60]}' where {what} was expected (line above)", hint=_CUT
            )
        return line.strip()

    def _check_index(self, word: str, expected: int, what: str) -> None:
        """Refuse a number out of turn; one that overflowed its columns (stars) tells nothing."""
        if not word.startswith("*") and word != str(expected + 1):
            raise self.reader.error(
                f"{what} {word} where {what} {expected + 1} was expected (line above)", hint=_CUT
            )

    def _number(self, word: str) -> float:
        try:
            return fortran_float(word)
        except ValueError as error:
            raise self.reader.error(f"{error} (line above)") from None


_CUT = "the file was cut off or damaged: rerun the job or copy it again"
_MIXED = "were two files joined?"
