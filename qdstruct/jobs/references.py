"""What the interface is compared with: the strain-free crystals and the strained halves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qdstruct.errors import StudyError
from qdstruct.model import Interface

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["strain_free_cell", "strained_slab"]

SLAB_VACUUM = 15.0
"""Å of vacuum that a slab on its own gets at least."""


def strain_free_cell(atoms: Atoms) -> Atoms:
    """Return the primitive cell of a crystal, unrotated.

    A bulk reference is needed per formula unit only, and a primitive cell of a centred lattice
    has a half to a quarter of the electrons. Structures without symmetry stay as they are.
    """
    import spglib
    from ase import Atoms as Structure

    given = (np.asarray(atoms.cell), atoms.get_scaled_positions(), atoms.numbers)
    try:
        found = spglib.standardize_cell(given, to_primitive=True, no_idealize=True, symprec=1e-3)
    except spglib.SpglibError:
        found = None
    if found is None or len(found[2]) >= len(atoms):
        primitive = atoms.copy()
    else:
        primitive = Structure(cell=found[0], scaled_positions=found[1], numbers=found[2], pbc=True)
    if np.linalg.det(np.asarray(primitive.cell)) < 0:
        primitive.set_cell(-np.asarray(primitive.cell), scale_atoms=False)
    return primitive


def strained_slab(interface: Interface, part: str) -> Atoms:
    """Cut one side out of the interface: same strain and cell, the other side replaced by vacuum.

    The cell along c grows where fewer than `SLAB_VACUUM` Å would be left empty.
    """
    regions = interface.atoms.arrays["region"]
    slab = interface.atoms[regions == part]
    if len(slab) == 0:
        raise StudyError(f"the interface has no atoms in the region '{part}'")
    if interface.geometry != "vertical":
        return slab
    cell = np.array(slab.cell)
    normal = np.cross(cell[0], cell[1])
    normal /= np.linalg.norm(normal)
    heights = slab.positions @ normal
    missing = float(np.ptp(heights)) + SLAB_VACUUM - abs(float(cell[2] @ normal))
    if missing > 1e-9:
        cell[2] += normal * missing * np.sign(cell[2] @ normal)
        slab.set_cell(cell, scale_atoms=False)
    return slab
