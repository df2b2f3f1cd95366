"""Charges that a partition of space gives each atom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.model.record import Record

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["BaderCharges"]


@dataclass(frozen=True, kw_only=True, eq=False)
class BaderCharges(Record):
    """Valence electrons within the zero-flux surfaces around each of N atoms."""

    atoms: Atoms
    """The structure, with ``region`` where known."""
    electrons: NDArray[np.float64]
    """(N,) valence electrons of each atom."""
    volumes: NDArray[np.float64]
    """(N,) Å³ of each atom."""
    surface_distances: NDArray[np.float64] | None
    """(N,) shortest distance from each atom to its surface, Å; None where not calculated."""
    valences: NDArray[np.float64] | None
    """(N,) electrons of the neutral pseudo-atoms (ZVAL); None where no file states them."""
    vacuum_electrons: float
    """Electrons that belong to no atom."""
    n_electrons: float
    """Integral of the valence density over the cell."""
    method: str
    """Program, version and algorithm."""
    sources: tuple[str, ...]
    """Files the density and the reference were read from."""
    notes: tuple[str, ...] = ()
    """What a careful reader should know."""
    is_mock: bool = False
    """Whether the density is made up."""

    @property
    def remainder(self) -> float:
        """Electrons of all atoms and the vacuum minus those of the cell: zero but for rounding."""
        return float(self.electrons.sum()) + self.vacuum_electrons - self.n_electrons

    @property
    def charges(self) -> NDArray[np.float64] | None:
        """(N,) net charge of each atom in e, positive where electrons were given away."""
        return None if self.valences is None else self.valences - self.electrons

    def by_group(self, kind: str) -> dict[str, float]:
        """Return the net charge in e of each ``region`` or ``element``, summed over its atoms.

        Raises
        ------
        ValueError
            If the valences or the regions are not known.
        """
        charges = self.charges
        if charges is None:
            raise ValueError("net charges need the valences (ZVAL) of the atoms")
        if kind == "element":
            names = self.atoms.get_chemical_symbols()
        elif kind in self.atoms.arrays:
            names = [str(name) for name in self.atoms.arrays[kind]]
        else:
            raise ValueError(f"the atoms have no '{kind}'")
        return {
            name: float(sum(q for q, other in zip(charges, names, strict=True) if other == name))
            for name in dict.fromkeys(names)
        }
