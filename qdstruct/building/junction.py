"""Bridges and broken octahedra across an interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.charges import contact_distance, formal_charges
from qdstruct.geometry.neighbours import NeighbourPairs, find_molecules, neighbour_pairs
from qdstruct.model import Bridge, Junction

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["BOND_STRETCH", "octahedral_bonds", "report_junction"]

BOND_STRETCH = 1.15
"""A cation and an anion are bonded up to this times the sum of their ionic radii (3.6 Å for Pb–Br,
whose bonds are 2.9 to 3.1 Å long)."""

NEAR = 6.0
"""Å: cations farther than this from the interface plane do not belong to the junction."""


def octahedral_bonds(atoms: Atoms) -> NeighbourPairs:
    """Return the bonds from polyvalent framework cations to framework anions."""
    charges = formal_charges(atoms)
    framework = find_molecules(atoms).ids < 0
    symbols = np.array(atoms.get_chemical_symbols())
    cation, anion = framework & (charges >= 2), framework & (charges < 0)
    limits = {
        (a, b): BOND_STRETCH * contact_distance(a, b)
        for a in sorted(set(symbols[cation]))
        for b in sorted(set(symbols[anion]))
    }
    pairs = neighbour_pairs(atoms, max(limits.values(), default=1.0))
    pairs = pairs.select(cation[pairs.first] & anion[pairs.second])
    reach = [limits[a, b] for a, b in zip(symbols[pairs.first], symbols[pairs.second], strict=True)]
    return pairs.select(pairs.distances <= np.array(reach))


def report_junction(
    atoms: Atoms, *, interface_height: float, coordination: dict[str, int], removed: str = ""
) -> Junction:
    """Describe how the octahedra of film and substrate connect.

    Parameters
    ----------
    atoms : Atoms
        With a ``region`` array.
    interface_height : float
        Å; cations within 6 Å of it belong to the junction.
    coordination : dict
        Anions around each cation element in the bulk, for example ``{"Pb": 6}``.
    removed : str
        What was taken out to build it, as a formula.
    """
    bonds = octahedral_bonds(atoms)
    regions = np.asarray(atoms.arrays["region"])
    counts = np.bincount(bonds.first, minlength=len(atoms))
    usual = np.array([coordination.get(symbol, 0) for symbol in atoms.symbols])
    near = np.abs(atoms.positions[:, 2] - interface_height) < NEAR
    broken = np.flatnonzero(near & (counts < usual))
    return Junction(
        bridges=tuple(sorted(_bridges(bonds, regions), key=_span)),
        broken_film=tuple(int(i) for i in broken if regions[i] == "film"),
        broken_substrate=tuple(int(i) for i in broken if regions[i] == "substrate"),
        removed=removed,
    )


def _span(bridge: Bridge) -> float:
    return bridge.substrate_length + bridge.film_length


def _bridges(bonds: NeighbourPairs, regions: NDArray[np.str_]) -> list[Bridge]:
    found = []
    for anion in np.unique(bonds.second):
        ends = np.flatnonzero(bonds.second == anion)
        below = [k for k in ends if regions[bonds.first[k]] == "substrate"]
        above = [k for k in ends if regions[bonds.first[k]] == "film"]
        for k in below:
            for m in above:
                one, other = -bonds.vectors[k], -bonds.vectors[m]
                lengths = np.linalg.norm(one), np.linalg.norm(other)
                cosine = float(one @ other / (lengths[0] * lengths[1]))
                found.append(
                    Bridge(
                        atoms=(int(bonds.first[k]), int(anion), int(bonds.first[m])),
                        substrate_length=float(lengths[0]),
                        film_length=float(lengths[1]),
                        angle=float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))),
                    )
                )
    return found
