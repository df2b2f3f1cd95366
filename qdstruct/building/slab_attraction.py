"""Energy between two rigid ionic slabs for many shifts and gaps at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.ionic_model import IonicPhase, Ions
from qdstruct.errors import BuildError
from qdstruct.units import COULOMB

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["interaction_energies"]

LEAST_GAP = 0.3
"""Å: slabs nearer than this, or interlocked, are out of the reach of the sum over planes."""

NEGLECTED = 1e-7
"""Reciprocal vectors are summed until the decay across the smallest gap is below this."""

REPULSION_REACH = 7.0
"""Å: beyond it the Born–Mayer repulsion is below 1e-5 eV."""


def interaction_energies(
    lower: Atoms,
    upper: Atoms,
    cell: NDArray[np.float64],
    shifts: ArrayLike,
    gaps: ArrayLike,
    *,
    crystals: tuple[IonicPhase, IonicPhase],
) -> NDArray[np.float64]:
    """Return the energy of a slab above another relative to both apart.

    Parameters
    ----------
    lower, upper : Atoms
        Two neutral slabs in one in-plane cell; of their heights only differences matter.
    cell : (2, 2) array
        In-plane cell vectors, Å.
    shifts : (n, 2) array
        In-plane shifts of `upper` in fractions of the cell vectors.
    gaps : (n, m) array
        For each shift, distances from the highest atom of `lower` to the lowest of `upper`, Å.
    crystals : two IonicPhase
        Parameters of the lower and the upper crystal (`ionic_phase`).

    Returns
    -------
    (n, m) array
        eV per cell; infinite for gaps below 0.3 Å.

    Raises
    ------
    BuildError
        If a slab is not neutral.

    Notes
    -----
    The model is that of `IonicModel`. The potential of a two-dimensional lattice of charges is a
    sum of plane waves that decay away from it, so that for separate neutral slabs (D. E. Parry,
    Surf. Sci. 49, 433 (1975))

    E/k = (2π/A) Σ_{G≠0} Re[S_l(G) S_u(G)* exp(−iG·s)] exp(−|G| d)/|G|

    with S_l = Σ q_j exp(iG·ρ_j + |G|(z_j − z_top)), S_u = Σ q_i exp(iG·ρ_i − |G|(z_i − z_bottom)),
    shift s and gap d: one sum serves all shifts.
    """
    wanted = np.asarray(shifts, dtype=float).reshape(-1, 2) @ cell
    heights = np.asarray(gaps, dtype=float)
    sides = [
        _charged(atoms, crystal) for atoms, crystal in zip((lower, upper), crystals, strict=True)
    ]
    energies = _coulomb(lower, upper, sides, cell, wanted, heights)
    energies += _repulsion(lower, upper, sides, cell, wanted, heights)
    return np.where(heights < LEAST_GAP, np.inf, energies)


def _charged(atoms: Atoms, crystal: IonicPhase) -> Ions:
    symbols = atoms.get_chemical_symbols()
    ions = Ions.of([crystal] * len(symbols), symbols)
    if abs(float(ions.charges.sum())) > 1e-6:
        raise BuildError(
            f"the slab of {crystal.name} carries {ions.charges.sum():+g} e: two charged slabs "
            "attract or repel at any distance",
            hint="use whole repeats, or the geometric rule",
        )
    return ions


def _coulomb(
    lower: Atoms,
    upper: Atoms,
    sides: list[Ions],
    cell: NDArray[np.float64],
    shifts: NDArray[np.float64],
    gaps: NDArray[np.float64],
) -> NDArray[np.float64]:
    smallest = float(gaps[gaps >= LEAST_GAP].min(initial=np.inf))
    if not np.isfinite(smallest):
        return np.zeros(gaps.shape)
    vectors = _half_plane(cell, -np.log(NEGLECTED) / smallest)
    lengths = np.linalg.norm(vectors, axis=1)
    below = lower.positions[:, 2] - lower.positions[:, 2].max()
    above = upper.positions[:, 2].min() - upper.positions[:, 2]
    factors = [
        (np.exp(1j * vectors @ atoms.positions[:, :2].T + np.outer(lengths, depth)) @ ions.charges)
        for atoms, ions, depth in zip((lower, upper), sides, (below, above), strict=True)
    ]
    product = factors[0] * factors[1].conj() / lengths
    waves = (np.exp(-1j * shifts @ vectors.T) * product).real
    decays = np.exp(-lengths[None, None] * np.maximum(gaps, LEAST_GAP)[:, :, None])
    area = abs(float(np.linalg.det(cell)))
    return np.asarray(4 * np.pi * COULOMB / area * np.einsum("sg,smg->sm", waves, decays))


def _half_plane(cell: NDArray[np.float64], longest: float) -> NDArray[np.float64]:
    """Reciprocal vectors of the plane up to a length, one of each pair ±G, (n, 2), 1/Å."""
    reciprocal = 2 * np.pi * np.linalg.inv(cell).T
    counts = np.floor(longest * np.linalg.norm(cell, axis=1) / (2 * np.pi)).astype(int) + 1
    ranges = [np.arange(-n, n + 1) for n in counts]
    indices = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 2)
    vectors = indices[len(indices) // 2 + 1 :] @ reciprocal
    return np.asarray(vectors[np.linalg.norm(vectors, axis=1) <= longest])


def _repulsion(
    lower: Atoms,
    upper: Atoms,
    sides: list[Ions],
    cell: NDArray[np.float64],
    shifts: NDArray[np.float64],
    gaps: NDArray[np.float64],
) -> NDArray[np.float64]:
    depths = lower.positions[:, 2].max() - lower.positions[:, 2]
    rises = upper.positions[:, 2] - upper.positions[:, 2].min()
    near, face = np.flatnonzero(depths < REPULSION_REACH), np.flatnonzero(rises < REPULSION_REACH)
    images = _images(cell)
    pairs = np.stack(np.meshgrid(face, near, indexing="ij"), axis=-1).reshape(-1, 2)
    strengths, lengths = sides[1].strengths(pairs[:, 0], sides[0], pairs[:, 1])
    flat = lower.positions[pairs[:, 1], :2] - upper.positions[pairs[:, 0], :2]
    vertical = rises[pairs[:, 0]] + depths[pairs[:, 1]]
    energies = np.zeros(gaps.shape)
    middle = shifts.mean(axis=0)
    spread = np.linalg.norm(shifts - middle, axis=1).max()
    x, y = (flat[:, None, k] + images[None, :, k] for k in (0, 1))
    reached = (x - middle[0]) ** 2 + (y - middle[1]) ** 2 < (REPULSION_REACH + spread) ** 2
    owners, x, y = np.nonzero(reached)[0], x[reached], y[reached]
    for k, shift in enumerate(shifts):
        lateral = (x - shift[0]) ** 2 + (y - shift[1]) ** 2
        close = lateral < REPULSION_REACH**2
        owner = owners[close]
        for m, gap in enumerate(gaps[k]):
            r = np.sqrt(lateral[close] + (gap + vertical[owner]) ** 2)
            energies[k, m] = float((strengths[owner] * np.exp(-r / lengths)).sum())
    return energies


def _images(cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lattice vectors that bring any atom of the cell within reach of any other, (n, 2), Å."""
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    counts = np.ceil(REPULSION_REACH / heights + 2).astype(int)
    ranges = [np.arange(-n, n + 1) for n in counts]
    indices = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 2)
    return np.asarray(indices @ cell)
