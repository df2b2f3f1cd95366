"""Which reflections are equivalent by symmetry, and which are absent by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import PhaseError
from qdstruct.geometry import SpaceGroup, space_group
from qdstruct.simulation.displacements import tensor_symmetry

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["crystal_symmetry", "family_keys", "keys_to_hkl", "systematically_absent"]

MAX_ATOMS_FOR_SYMMETRY = 400
"""Cells above this size are treated as P1: the search for operations takes too long."""
_RADIX = 4096
_ORIGIN = (_RADIX // 2) * (_RADIX**2 + _RADIX + 1)
"""The code of 0 0 0."""


def crystal_symmetry(atoms: Atoms) -> SpaceGroup | None:
    """Return the space group, or None for large cells and where spglib finds none.

    Of a structure with displacement tensors only the operations that keep these too.
    """
    if len(atoms) > MAX_ATOMS_FOR_SYMMETRY or not atoms.pbc.all():
        return None
    try:
        return tensor_symmetry(atoms, space_group(atoms))
    except PhaseError:
        return None


def family_keys(hkl: NDArray[np.int64], group: SpaceGroup | None) -> NDArray[np.int64]:
    """Return one integer per reflection, equal for all members of a symmetry family.

    The key codes the family's representative, the member that comes last in lexicographic order
    (so 2 1 1 rather than 1 −1 2). Friedel's opposites count as one family.

    Parameters
    ----------
    hkl : (M, 3) integer array
        Reflections, indices below 2048.
    group : SpaceGroup or None
        None: only Friedel pairs.
    """
    rotations = [np.eye(3, dtype=np.int64)] if group is None else np.unique(group.rotations, axis=0)
    columns = np.ascontiguousarray(hkl.T)
    best = np.full(len(hkl), -1, dtype=np.int64)
    for rotation in rotations:
        code = _encode(columns if group is None else rotation.T @ columns)
        best = np.maximum(best, np.maximum(code, 2 * _ORIGIN - code))
    return best


def _encode(columns: NDArray[np.int64]) -> NDArray[np.int64]:
    h, k, l = columns  # noqa: E741 - the crystallographer's letters
    return np.asarray((h * _RADIX + k) * _RADIX + l + _ORIGIN)


def keys_to_hkl(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the (M, 3) representatives that family keys code."""
    rest, l = np.divmod(keys, _RADIX)  # noqa: E741 - the crystallographer's letters
    h, k = np.divmod(rest, _RADIX)
    return np.asarray(np.stack([h, k, l], axis=1) - _RADIX // 2)


def systematically_absent(hkl: NDArray[np.int64], group: SpaceGroup | None) -> NDArray[np.bool_]:
    """Tell which reflections vanish by a translation of the space group.

    A reflection h is absent when an operation (R, t) has hR = h and h·t is not an integer: the
    structure factor equals itself times exp(2πi h·t) ≠ 1 (International Tables vol. A, 2.1.3.13).
    """
    absent = np.zeros(len(hkl), dtype=bool)
    if group is None:
        return absent
    for rotation, translation in zip(group.rotations, group.translations, strict=True):
        kept = (hkl @ rotation == hkl).all(axis=1)
        phase = hkl @ translation
        absent |= kept & (np.abs(phase - np.rint(phase)) > 0.01)
    return absent
