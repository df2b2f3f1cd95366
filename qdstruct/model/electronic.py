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

__all__ = [
    "AveragedGrid",
    "BandAlignment",
    "BandEdges",
    "ChargeDifference",
    "EnergyPerArea",
    "Grid",
    "PotentialProfile",
    "ProjectedDos",
    "VacuumLevel",
]


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
    """± eV: the energy step plus the smearing width; both spreads below in quadrature."""
    threshold_spread: float = 0.0
    """± eV by which an edge moves when the threshold is halved or doubled."""
    tail_spread: float = 0.0
    """± eV by which an edge moves when all states far fewer than another region's count as the tail
    of the other's."""

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
class AveragedGrid(Record):
    """A scalar field of which only the planar average was kept."""

    profile: DataArray
    """Planar average in the unit of the quantity against height z in Å (dim z)."""
    axis: int
    """Cell vector along which the profile runs."""
    shape: tuple[int, int, int]
    """Points of the grid it was averaged over."""
    atoms: Atoms
    """Structure and cell."""
    quantity: str
    """As of `Grid`."""
    source: str
    """File it was read from."""

    @property
    def integral(self) -> float:
        """Integral over the cell: electrons for a charge density."""
        return float(self.profile.mean()) * float(self.atoms.cell.volume)


@dataclass(frozen=True, kw_only=True, eq=False)
class ChargeDifference(Record):
    """Density of the whole minus the densities of its parts, ρ(AB) − ρ(A) − ρ(B) − …."""

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
    n_electrons: tuple[float, ...]
    """Electrons in AB, film alone, substrate alone and every further part (ligands)."""
    sources: tuple[str, ...]
    """The files, in the same order."""


@dataclass(frozen=True, kw_only=True)
class VacuumLevel(Record):
    """The electrostatic potential an electron meets just outside one face of a slab."""

    side: str
    """``above`` or ``below`` the slab, along its normal."""
    level: float
    """eV on the scale of the potential."""
    uncertainty: float
    """± eV: half the range of the potential over the stretch that was averaged."""
    start: float
    """Lower end of that stretch, Å along the normal."""
    end: float
    """Upper end of that stretch, Å along the normal."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PotentialProfile(Record):
    """Electrostatic potential along the normal, and what follows from its plateaus."""

    profile: DataArray
    """Planar average in eV against height z in Å (dim z)."""
    macroscopic: DataArray
    """Planar average smoothed over `periods`, eV (dim z)."""
    periods: tuple[float, ...]
    """Widths of the averaging windows, Å."""
    vacuum_levels: tuple[VacuumLevel, ...]
    """Below and above the slab, in this order; empty where the cell holds no vacuum."""
    dipole_step: float | None
    """Vacuum level above minus below, eV; None without vacuum."""
    fermi_level: float | None
    """eV on the same scale; None where it was not given."""
    source: str
    """File the potential was read from."""
    notes: tuple[str, ...] = ()
    """What a careful reader should know: a field in the vacuum, too little of it, …"""

    def work_function(self, side: str) -> float | None:
        """Vacuum level on one side (``above`` or ``below``) minus the Fermi level, eV."""
        for vacuum in self.vacuum_levels:
            if vacuum.side == side and self.fermi_level is not None:
                return vacuum.level - self.fermi_level
        return None


@dataclass(frozen=True, kw_only=True)
class BandAlignment(Record):
    """Band edges of film and substrate on one common scale."""

    method: str
    """``vacuum level``, ``average potential``, ``core levels``, ``local DOS``, ``measured`` or
    ``level table``."""
    reference: str
    """What energy zero of the edges is, in words."""
    film: BandEdges
    """Edges of the film on the common scale."""
    substrate: BandEdges
    """Edges of the substrate on the common scale."""
    valence_offset: float
    """Valence maximum of the film minus that of the substrate, eV."""
    conduction_offset: float
    """Conduction minimum of the film minus that of the substrate, eV."""
    uncertainty: float
    """± eV of both offsets."""
    kind: str
    """``type I``, ``type II``, ``type III``, ``quasi-type …`` or ``undetermined``."""
    reason: str
    """Why, with the offsets and where the carriers go."""
    terms: dict[str, float]
    """Every number that went in, eV, by name."""
    sources: tuple[str, ...] = ()
    """Files the terms come from."""
    label: str = ""
    """What a diagram calls it, where the method alone does not say."""


@dataclass(frozen=True, kw_only=True)
class EnergyPerArea(Record):
    """An energy of an interface, surface or ligand layer, always per area."""

    name: str
    """``adhesion``, ``interface formation``, ``ligand binding`` or ``strain``."""
    value: float
    """eV/Å²."""
    area: float
    """Å² of one interface in the cell."""
    n_interfaces: int
    """Equivalent interfaces the energy was divided by."""
    terms: dict[str, float]
    """Every term in eV with the sign with which it enters; they add up to value · area ·
    n_interfaces."""
    convention: str
    """What a positive value means."""

    @property
    def joule_per_square_metre(self) -> float:
        """The same value in J/m² (1 eV/Å² = 16.0218 J/m²)."""
        return self.value * 16.02176634
