"""Bands as they are read, one spin channel at a time, and the labelled arrays made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from qdstruct.model.bands import BandEnergies

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = [
    "ORBITALS",
    "Channel",
    "band_energies",
    "count_both_spins",
    "labelled_projections",
    "spin_labels",
]

ORBITALS = {"x2-y2": "dx2-y2", "dx2": "dx2-y2"}
"""VASP's spellings → ours, where versions differ."""


@dataclass
class Channel:
    """K k-points and B bands of one spin."""

    kpoints: NDArray[np.float64]
    """(K, 3)."""
    weights: NDArray[np.float64]
    """(K,)."""
    energies: NDArray[np.float64]
    """(K, B) eV."""
    occupations: NDArray[np.float64]
    """(K, B)."""
    orbitals: tuple[str, ...] = ()
    """As the file names them."""
    projections: NDArray[np.float32] | None = None
    """(tables, K, B, atoms, orbitals); one table, or four of a non-collinear calculation."""
    phases: NDArray[np.complex64] | None = None
    """(K, B, atoms, orbitals)."""

    @classmethod
    def empty(cls, n_kpoints: int, n_bands: int) -> Self:
        """Return a channel with room for the energies."""
        return cls(
            kpoints=np.zeros((n_kpoints, 3)),
            weights=np.zeros(n_kpoints),
            energies=np.zeros((n_kpoints, n_bands)),
            occupations=np.zeros((n_kpoints, n_bands)),
        )

    @property
    def n_tables(self) -> int:
        """Tables of projections of each band; 0 before the first."""
        return 0 if self.projections is None else len(self.projections)

    def store(self, k: int, band: int, tables: Sequence[NDArray[np.float64]]) -> None:
        """Keep the tables of one band, (atoms, orbitals) each."""
        if self.projections is None:
            shape = (len(tables), *self.energies.shape, *tables[0].shape)
            self.projections = np.zeros(shape, dtype=np.float32)
        for index, table in enumerate(tables):
            self.projections[index, k, band] = table

    def store_phases(self, k: int, band: int, values: NDArray[np.complex128]) -> None:
        """Keep the amplitudes of one band, (atoms, orbitals)."""
        if self.phases is None:
            self.phases = np.zeros((*self.energies.shape, *values.shape), dtype=np.complex64)
        self.phases[k, band] = values


def count_both_spins(channels: Sequence[Channel], n_electrons: float) -> None:
    """Double occupations of up to 1 where a state holds both spins, as NELECT tells."""
    weights = channels[0].weights
    if len(channels) == 1 and weights.sum() > 0:
        held = float((channels[0].occupations.sum(axis=1) * weights).sum() / weights.sum())
        if abs(2 * held - n_electrons) < abs(held - n_electrons):
            channels[0].occupations = 2 * channels[0].occupations


def spin_labels(n_channels: int, n_tables: int = 1) -> list[str]:
    """Return the labels of the spin axis: total; up, down; or total, x, y, z."""
    if n_tables == 4:
        return ["total", "x", "y", "z"]
    return ["up", "down"] if n_channels == 2 else ["total"]


def band_energies(channels: Sequence[Channel], source: str) -> BandEnergies:
    """Join the channels' energies and occupations into labelled arrays."""
    from xarray import DataArray

    attrs = {"unit": "eV", "noncollinear": channels[0].n_tables == 4}
    dims, coords = ("spin", "kpoint", "band"), {"spin": spin_labels(len(channels))}
    return BandEnergies(
        energies=DataArray(
            np.stack([each.energies for each in channels]),
            dims=dims, coords=coords, attrs=attrs, name="band_energy",
        ),
        occupations=DataArray(
            np.stack([each.occupations for each in channels]),
            dims=dims, coords=coords, attrs={"unit": "electrons"}, name="occupation",
        ),
        kpoints=channels[0].kpoints,
        weights=channels[0].weights,
        source=source,
    )  # fmt: skip


def labelled_projections(channels: Sequence[Channel], groups: list[str] | None) -> DataArray:
    """Join the channels' projections into one labelled array, without copying a single one."""
    from xarray import DataArray

    parts = [each.projections for each in channels if each.projections is not None]
    values = parts[0] if len(parts) == 1 else np.concatenate(parts)
    place = "atom" if groups is None else "group"
    return DataArray(
        values,
        dims=("spin", "kpoint", "band", place, "orbital"),
        coords={
            "spin": spin_labels(len(channels), channels[0].n_tables),
            place: np.arange(values.shape[3]) if groups is None else groups,
            "orbital": [ORBITALS.get(name, name) for name in channels[0].orbitals],
        },
        attrs={"unit": "1"},
        name="projection",
    )
