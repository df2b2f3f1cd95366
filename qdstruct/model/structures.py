"""What is built: slabs and interfaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.model.match import CoincidenceMatch, Miller
from qdstruct.model.record import Record

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "BondComparison",
    "Bridge",
    "CrystalPart",
    "Interface",
    "Junction",
    "Problem",
    "Slab",
    "SlabVariant",
    "StructureReport",
    "Termination",
]


@dataclass(frozen=True, kw_only=True)
class Problem(Record):
    """One thing that is wrong with a structure."""

    kind: str
    """``clash``, ``charge``, ``electrons``, ``composition``, ``molecule``, ``coordination``,
    ``crystal``, ``strain``, ``symmetry``, ``handedness`` or ``box``."""
    message: str
    """What is wrong and where, in words."""
    atoms: tuple[int, ...] = ()
    """Indices of the atoms concerned, counted from 0."""


@dataclass(frozen=True, kw_only=True)
class BondComparison(Record):
    """Bonds of one kind inside a part of a structure, beside those of its bulk crystal."""

    pair: tuple[str, str]
    """The two elements, the cation first."""
    length: float
    """Mean length here, Å."""
    bulk_length: float
    """Mean length of the same bonds in the bulk crystal, Å."""
    coordination: float | None
    """Bonds per atom of the first element, mean over its atoms inside; None where none is."""
    bulk_coordination: float
    """The same in the bulk crystal."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CrystalPart(Record):
    """One connected part of a region, laid atom by atom over its bulk crystal."""

    region: str
    """Region the part belongs to."""
    phase: str
    """The bulk crystal."""
    n_atoms: int
    """Atoms that were laid on sites: those of the framework, or all where there is none."""
    n_on_sites: int
    """How many of them are near a site of their own element."""
    n_inside: int
    """How many have nearly all of their surroundings."""
    deformation: NDArray[np.float64]
    """(3, 3) deformation gradient F with ``x = F @ X + t`` from the bulk crystal's Cartesian frame
    to that of the structure. det F < 0 where only the mirror image fits."""
    rms: float
    """Root mean square distance of the atoms on sites from the deformed crystal, Å."""
    flat: bool
    """True when all atoms lie in one plane, which leaves the strain along its normal open."""
    bonds: tuple[BondComparison, ...]
    """Bond lengths and coordination beside the bulk's."""
    space_group: str
    """Space group of the part: its atoms brought back into one cell, averaged, without the strain.
    Empty where some site of the cell is not occupied."""
    bulk_space_group: str
    """Space group of the same atoms of the bulk crystal."""

    @property
    def strain(self) -> NDArray[np.float64]:
        """Strain V − 1, V = (F Fᵀ)^½, (3, 3), in the frame of the structure.

        xx, yy and xy lie in the plane of a slab, zz along its normal.
        """
        values, vectors = np.linalg.eigh(self.deformation @ self.deformation.T)
        return np.asarray((vectors * np.sqrt(values)) @ vectors.T - np.eye(3))

    @property
    def mirrored(self) -> bool:
        """True when the part is the mirror image of its crystal."""
        return bool(np.linalg.det(self.deformation) < 0)


@dataclass(frozen=True, kw_only=True)
class StructureReport(Record):
    """What the validator found and measured."""

    problems: tuple[Problem, ...]
    """Everything that is wrong; empty when nothing is."""
    parts: tuple[CrystalPart, ...] = ()
    """What was measured of each connected part of each region that was compared with its bulk."""

    @property
    def ok(self) -> bool:
        """True when nothing is wrong."""
        return not self.problems


@dataclass(frozen=True, kw_only=True)
class Termination(Record):
    """One way to cut a crystal along (hkl)."""

    name: str
    """Species of the outermost plane, for example ``CsBr`` or ``PbBr2``; a suffix tells apart
    planes of equal composition (``Br-a``, ``Br-b``)."""
    height: float
    """Fractional position of the cut within one repeat along the normal, 0 ≤ height < 1."""
    layer_charge: float
    """Formal charge of the outermost plane per primitive in-plane cell, in e."""
    tasker_type: int
    """1: neutral planes; 2: charged planes in a repeat without dipole; 3: dipole in the repeat
    (Tasker, J. Phys. C 12, 4977 (1979))."""
    dipole: float = 0.0
    """Dipole along the normal of the repeat below the cut, per primitive in-plane cell, e Å."""
    cut_above: float = 0.0
    """Bond valence cut between this plane and the next above it, per Å²: what it costs to end
    the crystal here at the top."""
    cut_below: float = 0.0
    """The same between this plane and the next below it: for an end at the bottom."""


@dataclass(frozen=True, kw_only=True)
class SlabVariant(Record):
    """One slab that a plane allows: its faces, and what kind of slab they make."""

    bottom_termination: str
    """Name of the lower face's termination."""
    top_termination: str
    """Name of the upper face's termination."""
    n_planes: int
    """Atomic planes from face to face."""
    thickness: float
    """Distance between the outermost planes, Å."""
    symmetric: bool
    """True when an operation of the crystal exchanges the two faces."""
    stoichiometric: bool
    """True when its composition is the crystal's."""
    charge: float
    """Net formal charge per primitive in-plane cell, e."""
    dipole: float
    """Dipole along the normal per primitive in-plane cell, e Å, about the middle of the slab."""

    @property
    def nonpolar(self) -> bool:
        """True without net charge and without dipole along the normal."""
        return abs(self.charge) < 1e-6 and abs(self.dipole) < 0.01


@dataclass(frozen=True, kw_only=True, eq=False)
class Slab(Record):
    """A crystal cut along two parallel planes; the normal is +z, the lower face at z = 0 side."""

    atoms: Atoms
    """N atoms, cell vectors a and b in the xy plane, c along +z, with per-atom ``layer`` (0 at the
    bottom) and, for molecular crystals, ``molecule`` (−1 for framework atoms)."""
    phase_name: str
    """Phase the slab was cut from."""
    hkl: Miller
    """Miller indices of its faces in the phase's own cell."""
    plane_vectors: NDArray[np.float64]
    """(2, 3) primitive in-plane vectors in the crystal frame, Å."""
    n_layers: int
    """Repeats of the lattice plane spacing, d(hkl) of the primitive lattice."""
    thickness: float
    """Distance between the outermost atomic planes, Å."""
    bottom_termination: str
    """Name of the lower face's termination."""
    top_termination: str
    """Name of the upper face's termination."""
    vacuum: float
    """Empty height between the slab and its periodic image, Å."""
    kind: SlabVariant | None = None
    """Symmetric, stoichiometric, charge and dipole, of the primitive in-plane cell."""
    reconstruction: str = ""
    """Which ions were moved from face to face to take the dipole away, in words."""


@dataclass(frozen=True, kw_only=True)
class Bridge(Record):
    """One cation–anion–cation bridge that crosses an interface, for example Pb–Br–Pb."""

    atoms: tuple[int, int, int]
    """Indices of the substrate's cation, the anion and the film's cation."""
    substrate_length: float
    """Bond from the substrate's cation to the anion, Å."""
    film_length: float
    """Bond from the anion to the film's cation, Å."""
    angle: float
    """Angle at the anion, degrees."""


@dataclass(frozen=True, kw_only=True)
class Junction(Record):
    """How the octahedra of two crystals connect across an interface, before any relaxation."""

    bridges: tuple[Bridge, ...]
    """Every bridge between the two regions, shortest first."""
    broken_film: tuple[int, ...]
    """Cations of the film near the interface that lack neighbours they have in the bulk."""
    broken_substrate: tuple[int, ...]
    """The same of the substrate."""
    removed: str
    """Ions taken out of the film's contact plane because they had no room, as a formula."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Interface(Record):
    """Two slabs joined: substrate below, film above, normal +z."""

    atoms: Atoms
    """N atoms with per-atom ``region`` ("film", "substrate" or "ligand"), ``layer`` (counted
    within each region from its bottom) and ``molecule`` (−1 for framework atoms)."""
    geometry: str
    """``vertical`` (film on substrate) or ``lateral`` (side by side)."""
    film: Slab
    """The unstrained film slab."""
    substrate: Slab
    """The unstrained substrate slab."""
    match: CoincidenceMatch | None
    """The coincidence cell used."""
    film_strain: NDArray[np.float64]
    """(2, 2) in-plane strain put on the film."""
    substrate_strain: NDArray[np.float64]
    """(2, 2) in-plane strain put on the substrate."""
    gap: float
    """Distance along z from the substrate's highest to the film's lowest atom, Å; negative where
    the two interlock."""
    shift: tuple[float, float]
    """In-plane shift of the film in fractions of the coincidence cell vectors."""
    vacuum: float
    """Empty height above the film, Å; 0 for a periodic stack."""
    interface_height: float
    """Height z of the interface plane (midway between the facing planes), Å."""
    shift_rule: str = "given"
    """What chose the shift: ``given``, or the rule ``ionic`` or ``geometric``."""
    junction: Junction | None = None
    """The connection of the octahedra across a lateral junction."""

    @property
    def area(self) -> float:
        """Area of the interface cell, Å²."""
        cell = np.asarray(self.atoms.cell)
        return float(np.linalg.norm(np.cross(cell[0], cell[1])))
