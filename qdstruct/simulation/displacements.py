"""Anisotropic displacements of atoms in structure factors."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.geometry import SpaceGroup

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "TensorGroup",
    "check_b_iso",
    "displacement_tensors",
    "equivalent_isotropic",
    "tensor_groups",
    "tensor_symmetry",
    "without",
]

U_CARTESIAN = "u_cartesian"
"""Per-atom array (N, 3, 3): U in Å² in the frame of the positions, NaN for atoms without."""
_EQUAL = 1e-7
"""Å²: tensors nearer than this damp alike."""
_SYMMETRIC = 2e-4
"""Å²: how far a turned tensor may be from that of the atom it falls on."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TensorGroup:
    """Atoms of one element and one displacement tensor."""

    symbol: str
    """Element."""
    members: NDArray[np.int64]
    """Indices of the atoms."""
    tensor: NDArray[np.float64]
    """(3, 3) U in Å², Cartesian; zero for atoms at rest."""

    def damping(self, g: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return exp(−2π² gᵀ U g) for (M, 3) reciprocal vectors in 1/Å.

        Source: Trueblood et al., Acta Cryst. A52, 770 (1996), section 2.1.
        """
        return np.asarray(np.exp(-2 * np.pi**2 * np.einsum("mi,ij,mj->m", g, self.tensor, g)))


def displacement_tensors(atoms: Atoms) -> NDArray[np.float64] | None:
    """Return the (N, 3, 3) tensors of a structure, zero where an atom has none; None without any.

    Raises
    ------
    InputError
        If the array has another shape, or a tensor is not symmetric or has a negative mean square.
    """
    stored = atoms.arrays.get(U_CARTESIAN)
    if stored is None:
        return None
    tensors = np.asarray(stored, dtype=float)
    if tensors.shape != (len(atoms), 3, 3):
        raise InputError(f"{U_CARTESIAN} has shape {tensors.shape}, not {(len(atoms), 3, 3)}")
    tensors = np.where(np.isnan(tensors).any(axis=(1, 2), keepdims=True), 0.0, tensors)
    if not tensors.any():
        return None
    lopsided = np.abs(tensors - np.swapaxes(tensors, 1, 2)).max(axis=(1, 2)) > 1e-6
    smallest = np.where(lopsided, -np.inf, np.linalg.eigvalsh(tensors)[:, 0])
    if smallest.min() < -1e-5:
        worst = int(smallest.argmin())
        symbol = atoms.get_chemical_symbols()[worst]
        raise InputError(
            f"the displacement tensor of atom {worst} ({symbol}) is not that of a mean square: "
            "it must be symmetric and positive",
            hint=f"correct it, or give the element an isotropic B (-b {symbol}=…)",
        )
    return tensors


def check_b_iso(b_iso: Mapping[str, float] | None) -> None:
    """Refuse isotropic displacements that are no mean squares.

    Raises
    ------
    InputError
        If a B is negative or not finite.
    """
    for element, value in (b_iso or {}).items():
        if not (np.isfinite(value) and value >= 0):
            raise InputError(
                f"B = {value:g} Å² of {element} is not a displacement",
                hint="B = 8π²⟨u²⟩ is zero or positive, for example 0.5 to 6 at room temperature",
            )


def equivalent_isotropic(atoms: Atoms) -> dict[str, float]:
    """Return the isotropic B in Å² that stands for the tensors of each element.

    Returns
    -------
    dict
        B = 8π² U_eq by element, U_eq = tr(U)/3 (Trueblood et al., Acta Cryst. A52, 770 (1996),
        section 2.1) averaged over the element's atoms; empty without tensors.
    """
    tensors = displacement_tensors(atoms)
    if tensors is None:
        return {}
    u_eq = np.trace(tensors, axis1=1, axis2=2) / 3
    symbols = np.asarray(atoms.get_chemical_symbols())
    return {str(e): float(8 * np.pi**2 * u_eq[symbols == e].mean()) for e in np.unique(symbols)}


def without(atoms: Atoms, elements: Collection[str]) -> Atoms:
    """Return the atoms with the tensors of some elements taken away.

    An isotropic B given for an element replaces what the structure file says.
    """
    replaced = np.isin(atoms.get_chemical_symbols(), list(elements))
    if U_CARTESIAN not in atoms.arrays or not replaced.any():
        return atoms
    changed = atoms.copy()
    changed.arrays[U_CARTESIAN][replaced] = np.nan
    return changed


def tensor_groups(symbols: NDArray[np.str_], tensors: NDArray[np.float64]) -> Iterator[TensorGroup]:
    """Sort atoms by element and tensor; symmetry leaves few tensors even in large cells."""
    keys = np.rint(tensors.reshape(-1, 9) / _EQUAL).astype(np.int64)
    for symbol in dict.fromkeys(symbols.tolist()):
        members = np.flatnonzero(symbols == symbol)
        _, first, group = np.unique(keys[members], axis=0, return_index=True, return_inverse=True)
        for index, one in enumerate(first.tolist()):
            yield TensorGroup(
                symbol=symbol,
                members=members[group.ravel() == index],
                tensor=tensors[members[one]],
            )


def tensor_symmetry(atoms: Atoms, group: SpaceGroup) -> SpaceGroup:
    """Keep the operations of a space group that also carry the tensors into one another.

    Positions may be more symmetric than displacements; reflections are equivalent, or absent, only
    by operations of both.
    """
    from scipy.spatial import cKDTree

    tensors = displacement_tensors(atoms)
    if tensors is None:
        return group
    cell = np.asarray(atoms.cell)
    fractional = np.linalg.solve(cell.T, atoms.positions.T).T
    tree = cKDTree(fractional % 1.0 % 1.0, boxsize=np.ones(3))
    kept = []
    for rotation, translation in zip(group.rotations, group.translations, strict=True):
        _, image = tree.query((fractional @ rotation.T + translation) % 1.0 % 1.0)
        turn = cell.T @ rotation @ np.linalg.inv(cell.T)
        kept.append(bool(np.abs(turn @ tensors @ turn.T - tensors[image]).max() < _SYMMETRIC))
    return replace(group, rotations=group.rotations[kept], translations=group.translations[kept])
