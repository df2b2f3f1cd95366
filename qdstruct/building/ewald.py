"""Coulomb energy and forces of point charges in a periodic cell, or in a slab with vacuum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.errors import BuildError
from qdstruct.geometry import reciprocal_cell
from qdstruct.geometry.neighbours import NeighbourPairs, neighbour_pairs
from qdstruct.units import COULOMB

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["REAL_CUTOFF", "Coulomb", "ewald_sum"]

REAL_CUTOFF = 9.0
"""Å: where the sum over pairs ends; the splitting parameter follows from it and the accuracy."""

_CHUNK = 2_000_000
"""Phases held in memory at once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Coulomb:
    """Electrostatics of one arrangement of charges."""

    energy: float
    """eV per cell."""
    forces: NDArray[np.float64]
    """(N, 3) eV/Å."""


def ewald_sum(
    atoms: Atoms,
    charges: ArrayLike,
    *,
    slab: bool = False,
    pairs: NeighbourPairs | None = None,
    accuracy: float = 1e-9,
) -> Coulomb:
    """Sum the Coulomb interaction of point charges over all periodic images.

    Parameters
    ----------
    atoms : Atoms
        Periodic in three directions (the flags are not looked at).
    charges : (N,) array
        In e; their sum is zero.
    slab : bool
        True for a slab in the xy plane with vacuum above it and cell vector c along z: the images
        along z are made not to interact through their dipoles. Positions must not be wrapped
        through the vacuum.
    pairs : NeighbourPairs, optional
        All pairs within `REAL_CUTOFF`, found if not given.
    accuracy : float
        Size of the neglected terms relative to the first ones.

    Raises
    ------
    BuildError
        If the charges do not add up to zero, or the cell has no volume.

    Notes
    -----
    P. P. Ewald, Ann. Phys. 369, 253 (1921): with the splitting parameter α,

    E/k = ½ Σ q_i q_j erfc(α r)/r + (2π/V) Σ_{G≠0} exp(−G²/4α²)/G² |S(G)|² − (α/√π) Σ q_i²

    with S(G) = Σ q_i exp(iG·r_i), "tin-foil" boundary conditions. For slabs the term
    2π M_z²/V of Yeh and Berkowitz, J. Chem. Phys. 111, 3155 (1999), eq. 19, is added, M_z the
    dipole moment along z; what is left decays as exp(−2π·vacuum/in-plane period).
    """
    from scipy.special import erfc

    q = np.asarray(charges, dtype=float)
    cell = np.asarray(atoms.cell)
    volume = abs(float(np.linalg.det(cell)))
    _check(q, volume)
    pairs = pairs or _periodic_pairs(atoms)
    cut = np.sqrt(-np.log(accuracy))
    alpha = cut / REAL_CUTOFF
    r = pairs.distances
    products = q[pairs.first] * q[pairs.second]
    near = erfc(alpha * r) / r
    energy = 0.5 * float(products @ near)
    slope = products * (near + 2 * alpha / np.sqrt(np.pi) * np.exp(-((alpha * r) ** 2))) / r**2
    forces = -_scatter(pairs.first, slope[:, None] * pairs.vectors, len(q))
    far, far_forces = _reciprocal(atoms.positions, q, cell, volume, alpha, 2 * alpha * cut)
    energy += far - alpha / np.sqrt(np.pi) * float(q @ q)
    forces += far_forces
    if slab:
        moment = float(q @ atoms.positions[:, 2])
        energy += 2 * np.pi * moment**2 / volume
        forces[:, 2] -= 4 * np.pi * q * moment / volume
    return Coulomb(energy=COULOMB * energy, forces=COULOMB * forces)


def _check(charges: NDArray[np.float64], volume: float) -> None:
    if abs(charges.sum()) > 1e-6:
        raise BuildError(
            f"the charges add up to {charges.sum():+.4g} e: a periodic Coulomb sum needs a neutral "
            "cell",
            hint="choose terminations that leave each slab neutral, or whole repeats",
        )
    if volume < 1e-6:
        raise BuildError("a periodic Coulomb sum needs three cell vectors")


def _periodic_pairs(atoms: Atoms) -> NeighbourPairs:
    if atoms.pbc.all():
        return neighbour_pairs(atoms, REAL_CUTOFF)
    periodic = atoms.copy()
    periodic.pbc = True
    return neighbour_pairs(periodic, REAL_CUTOFF)


def _scatter(
    index: NDArray[np.int64], vectors: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    """Add up vectors by atom, (count, 3)."""
    return np.stack([np.bincount(index, vectors[:, k], count) for k in range(3)], axis=1)


def _reciprocal(
    positions: NDArray[np.float64],
    charges: NDArray[np.float64],
    cell: NDArray[np.float64],
    volume: float,
    alpha: float,
    longest: float,
) -> tuple[float, NDArray[np.float64]]:
    """Return the sum over reciprocal vectors, energy and forces, in units of k."""
    vectors = _half_space(cell, longest)
    squares = np.einsum("ij,ij->i", vectors, vectors)
    weights = 2 * np.exp(-squares / (4 * alpha**2)) / squares
    energy, forces = 0.0, np.zeros_like(positions)
    step = max(1, _CHUNK // max(1, len(charges)))
    for start in range(0, len(vectors), step):
        some, weight = vectors[start : start + step], weights[start : start + step]
        phases = positions @ some.T
        cosines, sines = np.cos(phases), np.sin(phases)
        real, imaginary = charges @ cosines, charges @ sines
        energy += float(weight @ (real**2 + imaginary**2))
        forces += (sines * (weight * real) - cosines * (weight * imaginary)) @ some
    energy *= 2 * np.pi / volume
    forces *= 4 * np.pi / volume * charges[:, None]
    return energy, forces


def _half_space(cell: NDArray[np.float64], longest: float) -> NDArray[np.float64]:
    """Reciprocal vectors up to a length, one of each pair ±G, (n, 3), 1/Å."""
    counts = np.floor(longest * np.linalg.norm(cell, axis=1) / (2 * np.pi)).astype(int)
    ranges = [np.arange(-n, n + 1) for n in counts]
    indices = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)
    indices = indices[len(indices) // 2 + 1 :]
    vectors = 2 * np.pi * indices @ reciprocal_cell(cell)
    return np.asarray(vectors[np.einsum("ij,ij->i", vectors, vectors) <= longest**2])
