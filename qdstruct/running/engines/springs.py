"""Which atoms are bonded, for the first guess of a relaxation's stiffness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qdstruct.running.vaspfiles.inputs import PoscarStructure

__all__ = ["bonds"]

_STRETCH = 1.25
"""Bonds are shorter than this many sums of covalent radii."""
_STIFFNESS = 3.0
"""eV/Å², typical of ionic semiconductors; it only speeds the relaxation up."""


def bonds(
    structure: PoscarStructure,
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Return first atom, second atom and force constant (eV/Å²) of every bond of a structure."""
    from ase import Atoms
    from ase.neighborlist import natural_cutoffs, neighbor_list

    atoms = Atoms(structure.symbols, cell=structure.cell, positions=structure.positions, pbc=True)
    first, second = neighbor_list("ij", atoms, natural_cutoffs(atoms, mult=_STRETCH))
    once = first < second
    constant = np.full(int(once.sum()), _STIFFNESS)
    return first[once].astype(np.intp), second[once].astype(np.intp), constant
