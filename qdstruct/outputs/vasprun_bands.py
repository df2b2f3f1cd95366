"""Band energies and occupations of a vasprun.xml."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import OutputError
from qdstruct.model.bands import BandEnergies
from qdstruct.outputs.band_arrays import Channel, band_energies, count_both_spins
from qdstruct.outputs.calculation import require_output
from qdstruct.outputs.reader import fortran_float
from qdstruct.outputs.vasprun import Vasprun, VasprunTable, read_vasprun

__all__ = ["read_vasprun_bands"]


class _EigenvalueTable(VasprunTable):
    """Keeps the bytes of one ``<eigenvalues>`` section, which is small, and reads them whole."""

    def __init__(self, run: Vasprun) -> None:
        self.run = run
        self.spins: list[NDArray[np.float64]] = []
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> None:
        self._pieces.append(data)

    def close(self) -> None:
        text = b"<eigenvalues>" + b"".join(self._pieces) + b"</eigenvalues>"
        try:
            root = ElementTree.fromstring(text)
            self.spins = [
                np.array([_rows(kpoint) for kpoint in spin.findall("set")])
                for spin in root.findall("array/set/set")
            ]
        except (ElementTree.ParseError, ValueError) as error:
            raise OutputError(
                f"{self.run.path}: the eigenvalues cannot be used: {error}",
                hint="the calculation overflowed its format or the file was damaged",
            ) from error
        shapes = {table.shape for table in self.spins}
        if len(shapes) != 1 or self.spins[0].ndim != 3 or len(self.spins) > 2:
            raise OutputError(
                f"{self.run.path}: the eigenvalues of spins or k-points are of different lengths"
            )


def _rows(kpoint: ElementTree.Element) -> list[tuple[float, float]]:
    rows = []
    for row in kpoint.findall("r"):
        words = (row.text or "").split()
        if len(words) != 2:
            raise ValueError(f"'{' '.join(words)}' where energy and occupation were expected")
        rows.append((fortran_float(words[0]), fortran_float(words[1])))
    return rows


def read_vasprun_bands(path: Path) -> BandEnergies:
    """Read the eigenvalues of the last ionic step of a vasprun.xml in one forward pass.

    Parameters
    ----------
    path : Path
        The file, plain or compressed, or the directory it lies in.

    Raises
    ------
    OutputError
        If the file is missing, cut off or damaged, or holds no eigenvalues or k-points.
    """
    path = require_output(Path(path), "vasprun.xml")
    tables: list[_EigenvalueTable] = []

    def begin(run: Vasprun) -> _EigenvalueTable:
        tables[:] = [_EigenvalueTable(run)]
        return tables[0]

    run = read_vasprun(path, eigenvalues=begin)
    if not tables or not tables[0].spins or run.kpoints is None or run.kpoint_weights is None:
        raise OutputError(f"{path}: this file holds no eigenvalues")
    if len(run.kpoints) != tables[0].spins[0].shape[0]:
        raise OutputError(
            f"{path}: eigenvalues at {tables[0].spins[0].shape[0]} k-points, but "
            f"{len(run.kpoints)} k-points are listed"
        )
    channels = [
        Channel(
            kpoints=run.kpoints,
            weights=run.kpoint_weights,
            energies=table[:, :, 0].copy(),
            occupations=table[:, :, 1].copy(),
        )
        for table in tables[0].spins
    ]
    electrons = run.parameters.get("NELECT")
    if electrons is not None:
        count_both_spins(channels, float(electrons))
    return band_energies(channels, str(path))
