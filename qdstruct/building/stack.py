"""A crystal seen along a normal: atomic planes that repeat, from which every cut is made."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, reduce
from math import gcd
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.charges import balanced_charges
from qdstruct.geometry import LatticePlane, lattice_plane, primitive_lattice, reduce_miller
from qdstruct.geometry.neighbours import find_molecules
from qdstruct.model import Miller, Phase

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["AtomicPlane", "PlaneStack", "number_units", "plane_stack", "unit_centres"]

PLANE_TOLERANCE = 0.45
"""Å: heights closer than this belong to one atomic plane. Wide enough for the halide of tilted
octahedra (0.35 Å off the lead plane in CsPbBr3), narrow enough to keep the double planes of
corundum-like and zincblende-like crystals apart (0.49 Å and more)."""

THICKEST_PLANE = 1.5
"""Å: a plane that chains up thicker than this is split by a finer tolerance (the lead iodide plane
of the strongly tilted CsPbI3 is 1.3 Å thick)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AtomicPlane:
    """The units (atoms or whole molecules) of one atomic plane in one repeat."""

    height: float
    """Mean height of its units above the origin of the repeat, Å."""
    units: NDArray[np.int64]
    """Indices into the units of the stack."""
    composition: str
    """Reduced composition, for example ``PbBr2``; molecules as (formula)."""
    charge: float
    """Formal charge per primitive in-plane cell, e."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PlaneStack:
    """One repeat of a crystal along a lattice-plane normal, cut into atomic planes.

    Everything is in the plane's own right-handed frame: x along the first in-plane vector, z along
    the normal. Units are framework atoms or whole molecules; a unit is never divided.
    """

    phase: Phase
    """The crystal."""
    plane: LatticePlane
    """The lattice plane, with its primitive in-plane vectors."""
    numbers: NDArray[np.int64]
    """(n,) atomic numbers of one primitive cell."""
    positions: NDArray[np.float64]
    """(n, 3) Å; molecules whole."""
    charges: NDArray[np.float64]
    """(n,) formal charges, e."""
    unit_of: NDArray[np.int64]
    """(n,) index of each atom's unit."""
    molecular: NDArray[np.bool_]
    """(m,) True for units that are molecules."""
    centres: NDArray[np.float64]
    """(m, 3) mean position of each unit, Å; heights lie within one repeat, plane 0 the lowest."""
    planes: tuple[AtomicPlane, ...]
    """Atomic planes from the bottom of the repeat to its top."""
    plane_of: NDArray[np.int64]
    """(m,) index of each unit's atomic plane."""

    @cached_property
    def vectors(self) -> NDArray[np.float64]:
        """(2, 2) primitive in-plane vectors in the plane's frame, Å."""
        return self.plane.planar

    @cached_property
    def step(self) -> NDArray[np.float64]:
        """(3,) lattice vector to the next repeat, in the plane's frame, Å."""
        return np.asarray(self.plane.step @ self.plane.frame.T)

    @property
    def spacing(self) -> float:
        """Height of one repeat, Å."""
        return self.plane.spacing

    @property
    def n_planes(self) -> int:
        """Atomic planes per repeat."""
        return len(self.planes)

    def plane_height(self, index: int) -> float:
        """Height in Å of plane `index`, counted through the repeats without end."""
        repeat, within = divmod(index, self.n_planes)
        return self.planes[within].height + repeat * self.spacing


def plane_stack(phase: Phase, hkl: Miller, *, tolerance: float = PLANE_TOLERANCE) -> PlaneStack:
    """Cut one primitive repeat of a crystal into atomic planes along the normal of (hkl).

    Parameters
    ----------
    phase : Phase
        The crystal; Miller indices refer to its own cell.
    hkl : three integers
        The plane.
    tolerance : float
        Å; heights closer than this share an atomic plane. It is halved while planes chain up to
        more than 1.5 Å.

    Raises
    ------
    MatchError
        If (hkl) is no lattice plane.
    """
    return _cached_stack(_Content(phase), reduce_miller(hkl), tolerance)


class _Content:
    """A phase compared by what it holds, so that a changed crystal is never mistaken."""

    def __init__(self, phase: Phase) -> None:
        atoms = phase.atoms
        arrays = (atoms.numbers, atoms.positions, np.asarray(atoms.cell), atoms.pbc)
        self.phase = phase
        self.key = (phase.name, *(array.tobytes() for array in arrays))

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Content) and self.key == other.key


@lru_cache(maxsize=64)
def _cached_stack(content: _Content, hkl: Miller, tolerance: float) -> PlaneStack:
    phase = replace(content.phase, atoms=content.phase.atoms.copy())
    atoms = phase.atoms
    plane = lattice_plane(atoms.cell, primitive_lattice(atoms), hkl)
    molecules = find_molecules(atoms)
    unit_of = number_units(molecules.ids)
    positions = (atoms.positions + molecules.images @ np.asarray(atoms.cell)) @ plane.frame.T
    centres = unit_centres(positions, unit_of)
    basis = np.vstack([plane.vectors, plane.step]) @ plane.frame.T
    keep = _one_per_lattice_point(centres, _formulas(atoms, unit_of), basis)
    chosen = np.isin(unit_of, keep)
    renumber = np.full(unit_of.max() + 1, -1)
    renumber[keep] = np.arange(len(keep))
    unit_of = renumber[unit_of[chosen]]
    positions, centres = positions[chosen], centres[keep]
    planes, shifts = _cluster(centres[:, 2], plane.spacing, tolerance)
    offsets = shifts[:, None] * basis[2]
    centres, positions = centres + offsets, positions + offsets[unit_of]
    charges = balanced_charges(atoms, molecules)[chosen]
    numbers = np.asarray(atoms.numbers[chosen], dtype=np.int64)
    sizes = np.bincount(unit_of)
    plane_of = np.empty(len(keep), dtype=np.int64)
    for index, units in enumerate(planes):
        plane_of[units] = index
    return PlaneStack(
        phase=phase,
        plane=plane,
        numbers=numbers,
        positions=positions,
        charges=charges,
        unit_of=unit_of,
        molecular=sizes > 1,
        centres=centres,
        planes=tuple(
            AtomicPlane(
                height=float(centres[units, 2].mean()),
                units=units,
                composition=composition(numbers, unit_of, units),
                charge=float(charges[np.isin(unit_of, units)].sum()),
            )
            for units in planes
        ),
        plane_of=plane_of,
    )


def number_units(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give every framework atom and every molecule a number of its own, in order of atoms."""
    labels = np.where(ids >= 0, ids, np.arange(len(ids)) + ids.max(initial=0) + 1)
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def unit_centres(positions: NDArray[np.float64], unit_of: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean position of every unit, (m, 3)."""
    counts = np.bincount(unit_of)
    sums = np.array([np.bincount(unit_of, weights=positions[:, k]) for k in range(3)])
    return np.asarray((sums / counts).T)


def _formulas(atoms: Atoms, unit_of: NDArray[np.int64]) -> list[str]:
    return [
        atoms[np.flatnonzero(unit_of == unit)].get_chemical_formula()
        for unit in range(unit_of.max() + 1)
    ]


def _one_per_lattice_point(
    centres: NDArray[np.float64], formulas: list[str], basis: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Keep one unit of each set that the primitive translations map onto one another."""
    inverse = np.linalg.inv(basis)
    kept: list[int] = []
    for unit, centre in enumerate(centres):
        same = [other for other in kept if formulas[other] == formulas[unit]]
        apart = (centres[same] - centre) @ inverse
        apart = (apart - np.rint(apart)) @ basis
        if not same or np.linalg.norm(apart, axis=1).min() > 0.1:
            kept.append(unit)
    return np.array(kept, dtype=np.int64)


def _cluster(
    heights: NDArray[np.float64], spacing: float, tolerance: float
) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """Group heights on a circle of circumference `spacing`.

    Returns the groups in ascending order and the repeats to add to each height so that every
    group is whole and the lowest group starts the repeat.
    """
    wrapped = heights % spacing
    wrapped[spacing - wrapped < 1e-6] = 0.0
    order = np.argsort(wrapped, kind="stable")
    ordered = wrapped[order]
    gaps = np.append(ordered[1:], ordered[0] + spacing) - ordered
    while True:
        breaks = np.flatnonzero(gaps > tolerance)
        if len(breaks) == 0:
            breaks = np.array([int(np.argmax(gaps))])
        start = (breaks[-1] + 1) % len(ordered)
        turned = np.roll(ordered, -start)
        turned = np.where(np.arange(len(turned)) + start >= len(turned), turned + spacing, turned)
        splits = np.sort((breaks - start) % len(ordered))[:-1] + 1
        pieces = np.split(turned, splits)
        thickest = max(float(np.ptp(piece)) for piece in pieces)
        if thickest < THICKEST_PLANE or tolerance < 0.02:
            break
        tolerance /= 2
    turned_order = np.roll(order, -start)
    if np.mean(pieces[0]) > spacing - 1e-6:
        turned = turned - spacing
    shifts = np.empty(len(heights), dtype=np.int64)
    shifts[turned_order] = np.rint((turned - heights[turned_order]) / spacing).astype(np.int64)
    return np.split(turned_order, splits), shifts


def composition(
    numbers: NDArray[np.int64], unit_of: NDArray[np.int64], units: NDArray[np.int64]
) -> str:
    """Return the reduced composition of some units, cations first, molecules as one formula."""
    from ase import Atoms
    from ase.data import chemical_symbols

    from qdstruct.building.charges import FORMAL_CHARGES

    counts: Counter[str] = Counter()
    for unit in units:
        members = numbers[unit_of == unit]
        single = len(members) == 1
        hill = Atoms(members).get_chemical_formula(mode="hill")
        counts[chemical_symbols[members[0]] if single else hill] += 1
    divisor = reduce(gcd, counts.values())
    words = []
    for name in sorted(counts, key=lambda n: (FORMAL_CHARGES.get(n, 0) <= 0, _rank(n), n)):
        number = counts[name] // divisor
        whole = f"({name})" if number > 1 and name not in chemical_symbols else name
        words.append(whole + (str(number) if number > 1 else ""))
    return "".join(words)


def _rank(name: str) -> float:
    from qdstruct.building.charges import FORMAL_CHARGES

    return abs(FORMAL_CHARGES.get(name, 0))
