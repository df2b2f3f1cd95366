"""What the interface is compared with: the strain-free crystals and the strained halves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import StudyError
from qdstruct.model import Interface

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["strain_free_cell", "strained_slab"]

NIGGLI_TOLERANCE = 1e-5
"""Å within which two lengths count as equal in the reduction of a cell."""
SLAB_VACUUM = 15.0
"""Å of vacuum that a slab on its own gets at least."""


def strain_free_cell(atoms: Atoms) -> Atoms:
    """Return the primitive cell of a crystal, Niggli-reduced, unrotated.

    A bulk reference is needed per formula unit only, and a primitive cell of a centred lattice
    has a half to a quarter of the electrons. Its vectors are the shortest there are (Křivý and
    Gruber, Acta Cryst. A32, 297 (1976)): in a skewed cell the mesh of k-points would grow with the
    length of the reciprocal vectors. A cell that is primitive already stays as it is.
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
        reduced = spglib.niggli_reduce(np.asarray(primitive.cell), eps=NIGGLI_TOLERANCE)
        if reduced is not None:
            primitive.set_cell(_tidy(np.asarray(reduced)), scale_atoms=False)
            primitive.wrap()
    if np.linalg.det(np.asarray(primitive.cell)) < 0:
        primitive.set_cell(-np.asarray(primitive.cell), scale_atoms=False)
    return primitive


def _tidy(cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Set what is zero but for rounding to zero."""
    return np.where(np.abs(cell) < NIGGLI_TOLERANCE, 0.0, cell)


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
