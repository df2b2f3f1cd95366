"""EIGENVAL: band energies and occupations."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from qdstruct.errors import OutputError
from qdstruct.model.bands import BandEnergies
from qdstruct.outputs.band_arrays import Channel, band_energies, count_both_spins
from qdstruct.outputs.calculation import require_output
from qdstruct.outputs.procar import read_procar
from qdstruct.outputs.reader import TextReader, fortran_float
from qdstruct.outputs.streams import find_output, open_output
from qdstruct.outputs.vasprun_bands import read_vasprun_bands

__all__ = ["read_band_energies", "read_eigenval"]

_CUT = "the file was cut off or damaged: rerun the job or copy it again"


def read_band_energies(directory: Path) -> BandEnergies:
    """Read the eigenvalues of a finished calculation from whichever file holds them.

    Parameters
    ----------
    directory : Path
        A directory with EIGENVAL, vaspout.h5, PROCAR or vasprun.xml (the first there is, in this
        order), or such a file.

    Raises
    ------
    OutputError
        If there is none, or it is damaged.
    """
    directory = Path(directory)
    name = directory.name.upper()
    if directory.is_file() and name.startswith("PROCAR"):
        return read_procar(directory, groups={}).bands
    if directory.is_file() and name.startswith("VASPOUT"):
        return _from_vaspout(directory)
    if directory.is_file() and "XML" in name:
        return read_vasprun_bands(directory)
    if directory.is_file() or find_output(directory, "EIGENVAL") is not None:
        return read_eigenval(directory)
    if find_output(directory, "vaspout.h5") is not None:
        return _from_vaspout(directory)
    if find_output(directory, "PROCAR") is not None:
        return read_procar(directory, groups={}).bands
    if find_output(directory, "vasprun.xml") is not None:
        return read_vasprun_bands(directory)
    raise OutputError(
        f"{directory}: there is no EIGENVAL, vaspout.h5, PROCAR or vasprun.xml here",
        hint="one of them holds the band energies",
    )


def _from_vaspout(path: Path) -> BandEnergies:
    from qdstruct.outputs.vaspout import read_vaspout_bands

    return read_vaspout_bands(path)


def read_eigenval(path: Path) -> BandEnergies:
    """Read an EIGENVAL, with or without spin and occupations.

    Parameters
    ----------
    path : Path
        The file, plain or compressed, or the directory it lies in.

    Raises
    ------
    OutputError
        If the file is missing, cut off, inconsistent, or holds something that is no number.
    """
    path = require_output(Path(path), "EIGENVAL")
    with open_output(path) as stream:
        reader = TextReader(stream)
        spins = _integers(reader, "numbers of ions and spins", 4)[3]
        for what in ("volume and cell lengths", "the temperature", "'CAR'", "the title"):
            reader.expect_line(what)
        n_electrons, n_kpoints, n_bands = _integers(reader, "electrons, k-points and bands", 3)
        if spins not in (1, 2) or min(n_kpoints, n_bands) < 1:
            raise reader.error(f"{spins} spins, {n_kpoints} k-points, {n_bands} bands (above)")
        channels = [Channel.empty(n_kpoints, n_bands) for _ in range(spins)]
        has_occupations = [_kpoint(reader, channels, k) for k in range(n_kpoints)]
        if reader.skip_blank() is not None:
            raise reader.error(f"more after k-point {n_kpoints}", hint=_CUT)
    if all(has_occupations):
        count_both_spins(channels, n_electrons)
        return band_energies(channels, str(path))
    bands = band_energies(channels, str(path))
    return BandEnergies(
        energies=bands.energies, occupations=None, kpoints=bands.kpoints,
        weights=bands.weights, source=bands.source,
    )  # fmt: skip


def _integers(reader: TextReader, what: str, count: int) -> list[int]:
    line = reader.expect_line(what)
    words = line.split()
    if len(words) != count:  # I5 each: they may touch
        words = [line[i : i + 5].strip() for i in range(0, 5 * count, 5)]
    if not all(word.isdigit() for word in words):
        raise reader.error(f"'{line.strip()[:60]}' where {what} were expected (line above)")
    return [int(word) for word in words]


def _kpoint(reader: TextReader, channels: list[Channel], k: int) -> bool:
    """Read one k-point; True when the rows hold occupations."""
    n_bands, spins = channels[0].energies.shape[1], len(channels)
    if reader.skip_blank() is None:
        raise reader.error(f"the file ends before k-point {k + 1}", hint=_CUT)
    head = _kpoint_line(reader, k)
    columns = len((reader.peekline() or "").split())
    if columns not in (1 + spins, 1 + 2 * spins):
        raise reader.error(f"{columns} columns at k-point {k + 1} with {spins} spin(s)", hint=_CUT)
    values = np.empty(n_bands * columns)
    reader.read_numbers(values, f"numbers of k-point {k + 1}")
    rest = reader.readline()
    table = values.reshape(n_bands, columns)
    if (rest or "").strip() or not np.array_equal(table[:, 0], np.arange(1, n_bands + 1)):
        raise reader.error(
            f"the bands of k-point {k + 1} are not numbered 1, 2, … (above)", hint=_CUT
        )
    for spin, channel in enumerate(channels):
        channel.kpoints[k], channel.weights[k] = head[:3], head[3]
        channel.energies[k] = table[:, 1 + spin]
        if columns == 1 + 2 * spins:
            channel.occupations[k] = table[:, 1 + spins + spin]
    return columns == 1 + 2 * spins


def _kpoint_line(reader: TextReader, k: int) -> list[float]:
    line = reader.expect_line(f"k-point {k + 1}")
    try:
        values = [fortran_float(word) for word in line.split()]
    except ValueError:
        values = []
    if len(values) != 4:
        raise reader.error(
            f"'{line.strip()[:60]}' where coordinates and weight of k-point {k + 1} were expected "
            "(line above)",
            hint=_CUT,
        )
    return values
