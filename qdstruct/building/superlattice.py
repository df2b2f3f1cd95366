"""Superlattices of nanocrystals: supraparticles and layer-by-layer films."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import BuildError
from qdstruct.model import Nanocrystal, Superlattice

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["build_superlattice", "superlattice_atoms"]

FWHM_OVER_SIGMA = 2.0 * np.sqrt(2.0 * np.log(2.0))


def build_superlattice(
    particle: Nanocrystal,
    *,
    spacing: float | Sequence[float],
    cells: int | Sequence[int],
    shape: Literal["block", "sphere"] = "block",
    vacancies: float = 0.0,
    surface_vacancies: float | None = None,
    misorientation: float = 0.0,
    seed: int = 0,
) -> Superlattice:
    """Put copies of a particle on a simple cubic, tetragonal or orthorhombic lattice.

    Parameters
    ----------
    particle : Nanocrystal
        The building block; its box axes run along the superlattice.
    spacing : float or three floats
        Period along x, y and z, Å. A layer-by-layer film has another period along z.
    cells : int or three ints
        Sites along x, y and z.
    shape : {"block", "sphere"}
        All sites, or those inside the inscribed ellipsoid (a supraparticle).
    vacancies : float
        Fraction of empty sites inside; exactly round(fraction × sites) are emptied at random.
    surface_vacancies : float, optional
        The same on the surface (sites with fewer than six neighbours); as inside when left out.
    misorientation : float
        Full width at half maximum in degrees of the normally distributed rotation about each of
        the three axes.
    seed : int
        Of the random numbers: the same seed gives the same superlattice.

    Raises
    ------
    BuildError
        If the particles would overlap, or a fraction, count or width does not exist.
    """
    periods = np.broadcast_to(np.asarray(spacing, dtype=float), 3).copy()
    counts = np.broadcast_to(np.asarray(cells), 3).copy()
    on_surface = vacancies if surface_vacancies is None else surface_vacancies
    body = _centred(particle.atoms)
    _check(body, periods, counts, (vacancies, on_surface), misorientation)
    sites = _sites(counts, shape)
    surface = _surface(sites)
    generator = np.random.default_rng(seed)
    kept = _occupied(surface, vacancies, on_surface, generator)
    sigma = np.radians(misorientation) / FWHM_OVER_SIGMA
    rotations = _rotations(generator.normal(0.0, 1.0, (len(sites), 3)) * sigma)
    middle = (counts - 1) / 2
    return Superlattice(
        particle=body,
        positions=((sites - middle) * periods)[kept],
        rotations=rotations[kept],
        surface=surface[kept],
        spacing=(float(periods[0]), float(periods[1]), float(periods[2])),
        cells=(int(counts[0]), int(counts[1]), int(counts[2])),
        vacancies=(float(vacancies), float(on_surface)),
        misorientation=float(misorientation),
        seed=seed,
    )


def _centred(atoms: Atoms) -> Atoms:
    body = atoms.copy()
    body.positions -= (body.positions.min(axis=0) + body.positions.max(axis=0)) / 2
    body.cell = None
    body.pbc = False
    return body


def _check(
    body: Atoms,
    periods: NDArray[np.float64],
    counts: NDArray[np.int64],
    fractions: tuple[float, float],
    misorientation: float,
) -> None:
    extents = np.ptp(body.positions, axis=0)
    if not np.isfinite(periods).all() or (periods <= 0).any():
        raise BuildError(f"spacings are positive lengths in Å, not {periods.tolist()}")
    if (periods < extents + 1.0).any():
        raise BuildError(
            f"particles of {np.round(extents, 1).tolist()} Å overlap at a spacing of "
            f"{np.round(periods, 1).tolist()} Å",
            hint="leave room for the ligands: at least 1 Å more than the particle",
        )
    if (counts < 1).any():
        raise BuildError(f"a superlattice of {counts.tolist()} sites does not exist")
    if not all(0 <= fraction <= 1 for fraction in fractions):
        raise BuildError(f"vacancies are fractions between 0 and 1, not {fractions}")
    if not (np.isfinite(misorientation) and misorientation >= 0):
        raise BuildError(f"a misorientation of {misorientation:g}° does not exist")


def _sites(counts: NDArray[np.int64], shape: str) -> NDArray[np.int64]:
    grid = np.indices(tuple(int(n) for n in counts)).reshape(3, -1).T
    if shape == "block":
        return np.asarray(grid, dtype=np.int64)
    if shape != "sphere":
        raise BuildError(f"the shape '{shape}' is unknown", hint="block or sphere")
    relative = (grid - (counts - 1) / 2) / (counts / 2)
    return np.asarray(grid[np.linalg.norm(relative, axis=1) <= 1.0], dtype=np.int64)


def _surface(sites: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Sites with fewer than six neighbours among the sites."""
    filled = np.zeros(tuple(sites.max(axis=0) + 3), dtype=bool)
    filled[tuple((sites + 1).T)] = True
    neighbours = np.zeros(len(sites), dtype=int)
    for axis in range(3):
        for step in (-1, 1):
            other = sites + 1
            other[:, axis] += step
            neighbours += filled[tuple(other.T)]
    return neighbours < 6


def _occupied(
    surface: NDArray[np.bool_], inside: float, outside: float, generator: np.random.Generator
) -> NDArray[np.bool_]:
    kept = np.ones(len(surface), dtype=bool)
    for where, fraction in ((~surface, inside), (surface, outside)):
        members = np.flatnonzero(where)
        kept[generator.permutation(members)[: round(fraction * len(members))]] = False
    return kept


def _rotations(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rotation matrices of rotation vectors in radians."""
    from scipy.spatial.transform import Rotation

    return np.asarray(Rotation.from_rotvec(vectors).as_matrix())


def superlattice_atoms(superlattice: Superlattice) -> Atoms:
    """Write out every atom of a superlattice.

    Returns
    -------
    Atoms
        In an open box, with a ``particle`` array (number of the copy) beside those of the
        building block.
    """
    block = superlattice.particle
    n_copies, size = len(superlattice.positions), len(block)
    turned = np.einsum("nij,aj->nai", superlattice.rotations, block.positions)
    positions = (turned + superlattice.positions[:, None]).reshape(-1, 3)
    atoms = block[np.tile(np.arange(size), n_copies)]
    atoms.positions = positions
    atoms.set_array("particle", np.repeat(np.arange(n_copies), size))
    if "molecule" in atoms.arrays:
        ids = atoms.arrays["molecule"]
        count = int(ids.max(initial=-1)) + 1
        ids[ids >= 0] += (atoms.arrays["particle"] * count)[ids >= 0]
    low, high = positions.min(axis=0), positions.max(axis=0)
    atoms.positions -= low - 10.0
    atoms.cell = np.diag(high - low + 20.0)
    return atoms
