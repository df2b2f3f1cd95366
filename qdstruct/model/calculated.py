"""Everything that the finished calculations of one system say, as the report draws it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.model.charges import BaderCharges
from qdstruct.model.chemical import PotentialLine
from qdstruct.model.dynamics import GapDynamics
from qdstruct.model.electronic import (
    BandAlignment,
    BandEdges,
    ChargeDifference,
    EnergyPerArea,
    PotentialProfile,
)
from qdstruct.model.layers import LayerStrain
from qdstruct.model.record import Record

if TYPE_CHECKING:
    from ase import Atoms
    from xarray import DataArray

__all__ = [
    "CalculatedResults",
    "ChargeField",
    "ConservationCheck",
    "DirectoryResults",
    "PotentialResult",
    "StateDensity",
    "StateOverlap",
    "SystemSummary",
]


@dataclass(frozen=True, kw_only=True)
class ConservationCheck(Record):
    """A sum that must come out, with what came out."""

    name: str
    """What is added up and against what."""
    found: float
    """What it came to."""
    expected: float
    """What it must come to."""
    unit: str
    """Of both."""
    tolerance: float
    """Largest difference that is still rounding, smearing or the stated remainder."""
    source: str
    """File or job."""
    remark: str = ""
    """What the difference means."""

    @property
    def holds(self) -> bool:
        """Whether the difference is within the tolerance."""
        return abs(self.found - self.expected) <= self.tolerance


@dataclass(frozen=True, kw_only=True, eq=False)
class PotentialResult(Record):
    """The potential of one calculation with the places that are read off it."""

    subject: str
    """``interface``, ``film slab``, …"""
    profile: PotentialProfile
    """Averages, vacuum levels and dipole step."""
    extents: dict[str, tuple[float, float]]
    """Region → lowest and highest atom, Å along the normal; the upper may exceed the cell."""
    plateaus: dict[str, tuple[float, float]]
    """Region → macroscopic average in its middle half and half its variation, eV; empty where no
    period was found."""
    edges: BandEdges | None = None
    """Band edges of the same calculation on the scale of the potential, eV."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ChargeField(Record):
    """A charge difference in space, thinned for pictures."""

    values: NDArray[np.float32]
    """(nx, ny, nz) electrons/Å³; grid point (i, j, k) lies at (i/nx, j/ny, k/nz) in fractions."""
    atoms: Atoms
    """Structure and cell, with ``region``; the origin lies below the substrate, in the middle of
    the vacuum or second interface."""
    origin: tuple[float, float, float]
    """Where that origin lies in the coordinates of the calculation, Å."""
    level: float
    """Electrons/Å³ at which the surfaces of gain (+) and loss (−) are drawn."""
    sections: tuple[DataArray, ...]
    """Planes of the full grid, electrons/Å³ (dims u, v), with ``axis`` and ``fraction``."""
    file: str = ""
    """Where the full grid was written for VESTA; empty where it was not."""
    axis: int = 2
    """Cell vector that crosses the interface; it may lean."""

    @property
    def height(self) -> float:
        """Repeat distance along the interface normal, Å."""
        cell = np.asarray(self.atoms.cell)
        area = np.cross(cell[(self.axis + 1) % 3], cell[(self.axis + 2) % 3])
        return float(abs(np.linalg.det(cell)) / np.linalg.norm(area))


@dataclass(frozen=True, kw_only=True)
class StateDensity(Record):
    """Where the density of some states lies (PARCHG)."""

    name: str
    """File, or which state it is."""
    electrons: float
    """Integral over the cell."""
    fractions: dict[str, float]
    """Share on either side of the interface plane, by region; together 1."""
    source: str
    """File it was read from."""


@dataclass(frozen=True, kw_only=True)
class StateOverlap(Record):
    """Overlap of two densities."""

    first: str
    """Name of one."""
    second: str
    """Name of the other."""
    value: float
    """∫√(ρ₁ρ₂) over the norms: 1 for equal densities, 0 for densities apart."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CalculatedResults(Record):
    """What was computed from finished calculations; what has no data is None or empty."""

    dos_by_region: DataArray | None = None
    """States/eV, dims (region, energy); energy in eV relative to the Fermi level."""
    dos_by_element: DataArray | None = None
    """States/eV, dims (element, energy)."""
    dos_by_region_element: DataArray | None = None
    """States/eV, dims (region-element, energy)."""
    dos_by_layer: DataArray | None = None
    """States/eV, dims (layer, energy), with ``height`` (Å) and ``region`` of each layer."""
    dos_map: DataArray | None = None
    """Local DOS in states/(eV Å), dims (z, energy)."""
    band_edges: tuple[BandEdges, ...] = ()
    """Edges per region, relative to the Fermi level."""
    zone_edges: tuple[BandEdges, ...] = ()
    """Edges of interface layers and bulk-like cores, and of each spin channel where there are two,
    relative to the Fermi level."""
    alignments: tuple[BandAlignment, ...] = ()
    """Every route to the offsets for which there are calculations, and measured ones."""
    potentials: tuple[PotentialResult, ...] = ()
    """Potential profiles of interface and slabs."""
    charge_difference: ChargeDifference | None = None
    """Planar-averaged density difference."""
    charge_field: ChargeField | None = None
    """The same in space."""
    energies: tuple[EnergyPerArea, ...] = ()
    """Energies per area with their terms."""
    formation_line: DataArray | None = None
    """Formation energy against a chemical potential, eV/Å² (dim mu, eV)."""
    potential_lines: tuple[PotentialLine, ...] = ()
    """The same between the limits that elements and crystals set, for each element in excess."""
    states: tuple[StateDensity, ...] = ()
    """Band-decomposed densities."""
    overlaps: tuple[StateOverlap, ...] = ()
    """Of every two of them."""
    bader: BaderCharges | None = None
    """Electrons of every atom of the interface."""
    layers: tuple[LayerStrain, ...] = ()
    """What the relaxation of the interface did to each layer."""
    dynamics: GapDynamics | None = None
    """The gap along a trajectory."""
    dynamics_bands: tuple[int, int] | None = None
    """Lower and upper band of that gap."""
    checks: tuple[ConservationCheck, ...] = ()
    """Sums that must come out."""

    @property
    def alignment(self) -> str | None:
        """Type and reason of the alignment by local densities of states (or the first there is)."""
        chosen = [found for found in self.alignments if found.method == "local DOS"]
        for found in (*chosen, *self.alignments):
            return f"{found.kind}: {found.reason}"
        return None


@dataclass(frozen=True, kw_only=True)
class SystemSummary(Record):
    """One structure for which calculations were found."""

    name: str
    """Directory (the first, where several hold the same structure)."""
    role: str
    """What it was taken for: interface, film slab, bulk substrate, …, or ``other``."""
    formula: str
    """Composition."""
    directories: tuple[str, ...]
    """Every directory with calculations of this structure."""
    files: tuple[str, ...]
    """Outputs found in them."""
    converged: bool | None = None
    """As the engine reports it; None without a readable vasprun.xml."""
    energy: float | None = None
    """Total energy extrapolated to zero smearing, eV."""
    fermi_level: float | None = None
    """eV on the engine's scale."""
    gap: float | None = None
    """eV, from the total density of states; 0 for a metal."""
    gap_uncertainty: float | None = None
    """± eV."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DirectoryResults(Record):
    """What an analysis of somebody's directories found (``results.json``)."""

    directory: str
    """The directory that was analysed."""
    systems: tuple[SystemSummary, ...]
    """Every structure with outputs."""
    interface: Atoms | None
    """The interface, with ``region``; None where none was recognised."""
    calculated: CalculatedResults
    """What was computed."""
    notes: tuple[str, ...] = ()
    """What was assumed, what could not be computed, and which calculation is missing."""
    sources: dict[str, str] | None = None
    """Result → files it came from."""
    versions: dict[str, str] | None = None
    """Versions of qdstruct and the libraries that matter."""
    engine: str = "none"
    """Program and version as the outputs state it."""
    is_mock: bool = False
    """True when any number comes from the mock calculator."""
