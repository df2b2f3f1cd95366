"""Electronic structure: projected DOS, grids and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.model.record import Record

if TYPE_CHECKING:
    from ase import Atoms
    from xarray import DataArray

__all__ = ["BandEdges", "ChargeDifference", "Grid", "ProjectedDos"]


@dataclass(frozen=True, kw_only=True, eq=False)
class ProjectedDos(Record):
    """Densities of states of every atom and orbital on one energy axis."""

    projected: DataArray
    """States/eV, dims (atom, spin, energy, orbital); coordinate energy in eV on the engine's
    scale, orbital names s, py, pz, px, dxy, … or s, p, d."""
    total: DataArray
    """States/eV, dims (spin, energy)."""
    fermi_level: float
    """eV on the same scale as the energies."""
    atoms: Atoms
    """The structure, with ``region`` where known; atom i of `projected` is atom i here."""
    source: str
    """File the numbers were read from."""
    is_mock: bool
    """True when a mock calculation made them."""


@dataclass(frozen=True, kw_only=True)
class BandEdges(Record):
    """Valence and conduction edge of one group of atoms."""

    group: str
    """Region or element the edges belong to."""
    valence_maximum: float
    """eV on the energy axis of the DOS."""
    conduction_minimum: float
    """eV on the energy axis of the DOS."""
    threshold: float
    """States/eV per atom below which a density counts as zero."""
    uncertainty: float
    """± eV: the energy step plus the smearing width."""

    @property
    def gap(self) -> float:
        """Conduction minimum minus valence maximum, eV."""
        return self.conduction_minimum - self.valence_maximum


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid(Record):
    """A scalar field on the FFT grid of a periodic cell."""

    values: NDArray[np.float64]
    """(nx, ny, nz); for a density electrons/Å³, for a potential eV."""
    atoms: Atoms
    """Structure and cell; grid point (i, j, k) lies at (i/nx, j/ny, k/nz) in fractions."""
    quantity: str
    """``charge density`` (electrons/Å³) or ``potential`` (eV)."""
    source: str
    """File it was read from."""

    @property
    def integral(self) -> float:
        """Integral over the cell: electrons for a charge density."""
        return float(self.values.mean() * self.atoms.cell.volume)


@dataclass(frozen=True, kw_only=True, eq=False)
class ChargeDifference(Record):
    """Density of the whole minus the densities of its parts, ρ(AB) − ρ(A) − ρ(B)."""

    profile: DataArray
    """Planar average in electrons/Å³ against height z in Å (dim z) along the interface normal."""
    displaced: DataArray
    """Electrons displaced below each height z: area times the running integral of `profile`."""
    transferred: float
    """Electrons that crossed the interface plane into the film, per cell."""
    interface_height: float
    """Height of the plane used for `transferred`, Å."""
    area: float
    """Area of the cell, Å²."""
    integral: float
    """∫Δρ over the cell, electrons: zero when the three calculations belong together."""
    n_electrons: tuple[float, float, float]
    """Electrons in AB, film alone and substrate alone."""
    sources: tuple[str, str, str]
    """The three files."""
