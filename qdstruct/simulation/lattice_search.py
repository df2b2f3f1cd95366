"""Finding the crystalline domains of a particle whose lattice nobody wrote down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.simulation.particles import LatticeDomain, split_into_domain

if TYPE_CHECKING:
    from ase import Atoms
    from scipy.spatial import cKDTree

__all__ = ["find_domains"]

LONGEST_VECTOR = 16.0
"""Å: longest lattice vector looked for; larger cells are not recognised."""
CLUSTER = 9.0
"""Å: radius of the neighbourhood that a lattice vector must reproduce."""
AGREEMENT = 0.95
"""Part of the neighbourhood that must be reproduced."""
_SEEDS = 4


def find_domains(
    particle: Atoms, *, tolerance: float = 0.02, min_atoms: int = 200, most: int = 4
) -> tuple[list[LatticeDomain], Atoms]:
    """Split a particle into perfect crystalline domains and the rest.

    Parameters
    ----------
    particle : Atoms
        Finite particle.
    tolerance : float
        How far atoms may be from their lattice sites, Å; they are put exactly on them.
    min_atoms : int
        Smaller domains are left in the rest: counting their pairs one by one is as fast.
    most : int
        Largest number of domains.

    Returns
    -------
    domains : list of LatticeDomain
        Largest share of the remaining atoms first.
    rest : Atoms
        Atoms on no lattice: ligands, relaxed surfaces.

    Notes
    -----
    Differences between an inner atom and its like neighbours are lattice vectors when they carry at
    least 95 % of all atoms around it onto atoms of the same element. The shortest three that are
    independent are a basis (successive minima in three dimensions); it is refined on ever larger
    parts of the domain.
    """
    domains: list[LatticeDomain] = []
    rest = particle.copy()
    while len(domains) < most and len(rest) >= min_atoms:
        best: tuple[LatticeDomain, Atoms] | None = None
        for crystal, origin in _crystals(rest, tolerance):
            domain, left = split_into_domain(rest, crystal, origin=origin, tolerance=tolerance)
            if domain is not None and (best is None or len(left) < len(best[1])):
                best = (domain, left)
            if best is not None and len(best[1]) < 0.5 * len(rest):
                break
        if best is None or len(best[0]) < min_atoms:
            break
        domains.append(best[0])
        rest = best[1]
    return domains, rest


def _crystals(atoms: Atoms, tolerance: float) -> Iterator[tuple[Atoms, NDArray[np.float64]]]:
    """Yield crystals (one cell, turned as in the particle) and the place of their origin."""
    from scipy.spatial import cKDTree

    numbers = atoms.numbers
    trees = {int(z): cKDTree(atoms.positions[numbers == z]) for z in np.unique(numbers)}
    whole = cKDTree(atoms.positions)
    for z in sorted(trees, key=lambda number: trees[number].n):
        for seed in _seeds(trees[z]):
            near = np.array(whole.query_ball_point(seed, CLUSTER), dtype=int)
            basis = _basis(seed, trees[z], trees, atoms.positions[near], numbers[near], tolerance)
            if basis is None:
                continue
            cell = _refined(basis, seed, trees[z], tolerance)
            yield _one_cell(cell, seed, atoms.positions[near], numbers[near], tolerance), seed


def _seeds(tree: cKDTree) -> NDArray[np.float64]:
    """Return atoms deep inside: those with the most like neighbours, far from each other."""
    points = np.asarray(tree.data)
    crowd = tree.query_ball_point(points, LONGEST_VECTOR / 2, return_length=True)
    order = np.argsort(-crowd, kind="stable")
    return points[order[:: max(1, len(order) // (4 * _SEEDS))][:_SEEDS]]


def _basis(
    seed: NDArray[np.float64],
    like: cKDTree,
    trees: Mapping[int, cKDTree],
    places: NDArray[np.float64],
    numbers: NDArray[np.int64],
    tolerance: float,
) -> NDArray[np.float64] | None:
    """Return three lattice vectors around a seed, shortest first, or None."""
    vectors = np.asarray(like.data)[like.query_ball_point(seed, LONGEST_VECTOR)] - seed
    length = np.linalg.norm(vectors, axis=1)
    vectors = vectors[np.argsort(length, kind="stable")][1:]
    chosen: list[NDArray[np.float64]] = []
    for vector in vectors:
        if not _independent([*chosen, vector]):
            continue
        hits = 0
        for z in np.unique(numbers):
            moved = places[numbers == z] + vector
            distance, _ = trees[int(z)].query(moved, distance_upper_bound=2 * tolerance)
            hits += int(np.isfinite(distance).sum())
        if hits >= AGREEMENT * len(places):
            chosen.append(vector)
            if len(chosen) == 3:
                return np.array(chosen)
    return None


def _independent(vectors: list[NDArray[np.float64]]) -> bool:
    unit = np.array([v / np.linalg.norm(v) for v in vectors])
    return bool(np.linalg.svd(unit, compute_uv=False)[-1] > 0.15)


def _refined(
    basis: NDArray[np.float64], seed: NDArray[np.float64], like: cKDTree, tolerance: float
) -> NDArray[np.float64]:
    """Fit the cell to like atoms on the lattice of the seed, outwards in doubling steps."""
    cell = basis
    points = np.asarray(like.data)
    relative = points - seed
    distance = np.linalg.norm(relative, axis=1)
    reach = LONGEST_VECTOR
    while True:
        inside = relative[distance <= reach]
        steps = np.rint(inside @ np.linalg.inv(cell))
        fits = np.linalg.norm(inside - steps @ cell, axis=1) <= 2 * tolerance
        if fits.sum() >= 8 and np.linalg.matrix_rank(steps[fits]) == 3:
            cell = np.linalg.lstsq(steps[fits], inside[fits], rcond=None)[0]
        if reach > distance.max():
            return np.asarray(cell)
        reach *= 2


def _one_cell(
    cell: NDArray[np.float64],
    seed: NDArray[np.float64],
    places: NDArray[np.float64],
    numbers: NDArray[np.int64],
    tolerance: float,
) -> Atoms:
    """Collect the sites of one cell from the atoms around the seed."""
    from ase import Atoms

    fractional = (places - seed) @ np.linalg.inv(cell)
    sites: list[NDArray[np.float64]] = []
    kinds: list[int] = []
    for place, number in zip(fractional, numbers.tolist(), strict=True):
        if sites:
            offset = np.array(sites) - place
            distance = np.linalg.norm((offset - np.rint(offset)) @ cell, axis=1)
            if distance.min() <= 4 * tolerance:
                continue
        sites.append(place - np.floor(place + 1e-9))
        kinds.append(number)
    return Atoms(numbers=kinds, scaled_positions=np.array(sites), cell=cell, pbc=True)
