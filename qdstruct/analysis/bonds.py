"""Bonds across an interface and the angles between bonds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.analysis.heights import cell_height, heights
from qdstruct.errors import InputError
from qdstruct.model import Record

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["BondAngle", "InterfaceBond", "bond_angles", "interface_bonds"]

LONGEST = 1.25
"""Bonds are at most this many times the sum of the covalent radii."""


@dataclass(frozen=True, kw_only=True)
class InterfaceBond(Record):
    """A bond between two regions."""

    first: int
    """Atom of the first region."""
    second: int
    """Atom of the second region."""
    symbols: tuple[str, str]
    """Their elements."""
    regions: tuple[str, str]
    """Their regions."""
    length: float
    """Å."""
    expected: float
    """Sum of the covalent radii, Å (B. Cordero et al., Dalton Trans. 2008, 2832)."""
    height: float
    """Mean height of the two atoms along the normal, Å."""


@dataclass(frozen=True, kw_only=True)
class BondAngle(Record):
    """An angle at an atom."""

    ends: tuple[int, int]
    """The two outer atoms."""
    centre: int
    """The atom between them."""
    angle: float
    """Degrees."""
    height: float
    """Height of the centre along the normal, Å."""


def interface_bonds(
    atoms: Atoms,
    regions: Sequence[str] | None = None,
    *,
    longest: float = LONGEST,
    axis: int = 2,
) -> tuple[InterfaceBond, ...]:
    """List the bonds that cross from one region to another, shortest first.

    Parameters
    ----------
    atoms : Atoms
        Periodic structure.
    regions : sequence of str, optional
        Region of each atom; the array ``region`` by default.
    longest : float
        Bonds are at most this many times the sum of the covalent radii.
    axis : int
        Cell vector that crosses the interface.

    Raises
    ------
    InputError
        If there are no regions or they do not fit.
    """
    from ase.data import covalent_radii
    from ase.neighborlist import neighbor_list

    names = np.array(list(regions) if regions is not None else atoms.arrays.get("region", []))
    if len(names) != len(atoms):
        raise InputError(
            f"{len(names)} regions for {len(atoms)} atoms",
            hint="say which atoms are film and which are substrate",
        )
    radii, symbols = covalent_radii[atoms.numbers], atoms.get_chemical_symbols()
    i, j, distance, vectors = neighbor_list("ijdD", atoms, 2 * longest * float(radii.max()))
    expected = radii[i] + radii[j]
    keep = (i < j) & (names[i] != names[j]) & (distance <= longest * expected)
    normal = np.cross(atoms.cell[(axis + 1) % 3], atoms.cell[(axis + 2) % 3])
    normal *= np.sign(normal @ atoms.cell[axis]) / np.linalg.norm(normal)
    rise = vectors[keep] @ normal
    middle = (heights(atoms, axis)[i[keep]] + rise / 2) % cell_height(atoms, axis)
    bonds = [
        InterfaceBond(
            first=int(a),
            second=int(b),
            symbols=(symbols[a], symbols[b]),
            regions=(str(names[a]), str(names[b])),
            length=float(d),
            expected=float(e),
            height=float(z),
        )
        for a, b, d, e, z in zip(
            i[keep], j[keep], distance[keep], expected[keep], middle, strict=True
        )
    ]
    return tuple(sorted(bonds, key=lambda bond: bond.length))


def bond_angles(
    atoms: Atoms, ends: tuple[str, str], centre: str, *, cutoff: float, axis: int = 2
) -> tuple[BondAngle, ...]:
    """List every angle end–centre–end of three elements, from the bottom.

    Pb–Br–Pb angles below 180° are the other way to see octahedra tilt.

    Parameters
    ----------
    atoms : Atoms
        Periodic structure.
    ends : (str, str)
        Elements of the outer atoms.
    centre : str
        Element between them.
    cutoff : float
        Longest bond, Å.
    axis : int
        Cell vector along which heights count.

    Raises
    ------
    InputError
        If there is no such angle.
    """
    from ase.neighborlist import neighbor_list

    symbols = np.array(atoms.get_chemical_symbols())
    i, j, vectors = neighbor_list("ijD", atoms, cutoff)
    z = heights(atoms, axis)
    found = []
    for atom in np.flatnonzero(symbols == centre):
        mine = np.flatnonzero(i == atom)
        for n, one in enumerate(mine):
            for other in mine[n + 1 :]:
                pair = (str(symbols[j[one]]), str(symbols[j[other]]))
                if sorted(pair) != sorted(ends):
                    continue
                u, v = vectors[one], vectors[other]
                cosine = float(u @ v / (np.linalg.norm(u) * np.linalg.norm(v)))
                found.append(
                    BondAngle(
                        ends=(int(j[one]), int(j[other])),
                        centre=int(atom),
                        angle=float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))),
                        height=float(z[atom]),
                    )
                )
    if not found:
        raise InputError(
            f"there is no angle {ends[0]}–{centre}–{ends[1]} with bonds up to {cutoff:g} Å"
        )
    return tuple(sorted(found, key=lambda angle: angle.height))
