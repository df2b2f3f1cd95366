"""Laying a piece of a structure over the crystal it was cut from, whatever its orientation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.bodies import Body
from qdstruct.building.bulk_sites import LOOSE, REACH, Bulk

__all__ = ["OFF_SITE", "CrystalFit", "fit_crystal"]

OFF_SITE = 0.22
"""An atom is on a site when it is nearer than this times the crystal's shortest distance."""

FLAT = 0.3
"""Å: a body whose sites spread less than this along one direction is a single plane."""

CANDIDATES = 6
"""Orientations that are followed from the first surroundings to the whole body."""

FEW = 48
"""Atoms below which a body's periodic images are fitted with it: a film of four atoms can be laid
on a crystal in several ways that miss its in-plane period."""

MOST_FITTED = 4000
"""Atoms that take part in a least-squares fit at most."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CrystalFit:
    """A body laid over a crystal: ``x = X @ matrix + origin`` for atom and site."""

    matrix: NDArray[np.float64]
    """(3, 3), acting on row vectors in the crystal's Cartesian frame."""
    origin: NDArray[np.float64]
    """(3,) Å."""
    sites: NDArray[np.int64]
    """(n,) index of each atom's site in the crystal, −1 where none is near."""
    places: NDArray[np.float64]
    """(n, 3) place of the site in the undeformed crystal, Å."""
    offsets: NDArray[np.float64]
    """(n, 3) from the deformed site to the atom, Å; meaningless without a site."""
    flat: bool
    """True when the sites lie in one plane."""

    @property
    def share(self) -> float:
        """Fraction of the atoms on sites."""
        return float((self.sites >= 0).mean())

    @property
    def rms(self) -> float:
        """Root mean square offset of the atoms on sites, Å."""
        on = self.offsets[self.sites >= 0]
        return float(np.sqrt((on**2).sum(axis=1).mean())) if len(on) else np.inf

    @property
    def quality(self) -> float:
        """Higher is better: atoms on sites, little scatter, then little strain."""
        stretches = np.linalg.svd(self.matrix, compute_uv=False)
        return self.share - 0.5 * self.rms - 0.1 * float(np.abs(stretches - 1).max())


def fit_crystal(
    body: Body, compared: NDArray[np.bool_], bulk: Bulk, *, mirrored: bool
) -> CrystalFit | None:
    """Find the deformation that carries a crystal onto a body.

    Parameters
    ----------
    body : Body
        The piece.
    compared : (n,) array of bool
        Which of its atoms are laid on sites (those of the framework).
    bulk : Bulk
        The crystal.
    mirrored : bool
        Look for the mirror image instead of the crystal itself.

    Returns
    -------
    CrystalFit or None
        None where the surroundings of no atom span space, or no orientation fits any of them.

    Notes
    -----
    Three neighbours of an atom in the middle that span space best are laid, by a linear map, on
    every like triple of neighbours of a like atom in the bulk; the maps that carry most of the
    other neighbours along are followed outwards, the map fitted again by least squares at growing
    radius. No orientation is assumed and every homogeneous strain up to a quarter is found.
    """
    indices = np.flatnonzero(compared)
    own = len(indices)
    points, numbers = body.positions[indices], body.numbers[indices]
    seeds = _seeds(points, numbers)
    if own < FEW:
        points, numbers = _with_images(body, compared, points, numbers)
    best: CrystalFit | None = None
    for seed in seeds:
        around, kinds = _surroundings(body, int(indices[seed]), compared)
        for matrix, site in _orientations(around, kinds, int(numbers[seed]), bulk, mirrored):
            origin = points[seed] - bulk.atoms.positions[site] @ matrix
            fit = _followed(points, numbers, matrix, origin, bulk, points[seed])
            if best is None or fit.quality > best.quality + 1e-6:
                best = fit
        if best is not None and best.share > 0.9:
            break
    if best is None:
        return None
    sites, places, offsets = best.sites[:own], best.places[:own], best.offsets[:own]
    return replace(best, sites=sites, places=places, offsets=offsets)


def _with_images(
    body: Body,
    compared: NDArray[np.bool_],
    points: NDArray[np.float64],
    numbers: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Append the periodic images among the neighbours of a body's atoms."""
    pairs = body.pairs.select(compared[body.pairs.first] & compared[body.pairs.second])
    ends = body.positions[pairs.first] + pairs.vectors
    apart = np.linalg.norm(ends - body.positions[pairs.second], axis=1)
    ends, kinds = ends[apart > 0.1], body.numbers[pairs.second[apart > 0.1]]
    _, once = np.unique(np.round(ends, 2), axis=0, return_index=True)
    return np.concatenate([points, ends[once]]), np.concatenate([numbers, kinds[once]])


def _seeds(points: NDArray[np.float64], numbers: NDArray[np.int64]) -> list[int]:
    """Return the most central atom of each element, the rarest element first."""
    apart = np.linalg.norm(points - points.mean(axis=0), axis=1)
    elements, counts = np.unique(numbers, return_counts=True)
    return [
        int(np.flatnonzero(numbers == element)[np.argmin(apart[numbers == element])])
        for element in elements[np.argsort(counts, kind="stable")]
    ]


def _surroundings(
    body: Body, centre: int, compared: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Vectors to the compared neighbours of an atom, nearest first, and their elements.

    Found by two steps along the neighbour list, which does not cross vacuum or another region.
    """
    pairs = body.pairs
    starts = np.searchsorted(pairs.first, [centre, centre + 1])
    near = np.arange(*starts)
    vectors = [np.zeros((1, 3)), pairs.vectors[near]]
    owners = [np.array([centre]), pairs.second[near]]
    for bond in near:
        other = pairs.second[bond]
        further = np.arange(*np.searchsorted(pairs.first, [other, other + 1]))
        vectors.append(pairs.vectors[bond] + pairs.vectors[further])
        owners.append(pairs.second[further])
    around, atoms = np.concatenate(vectors), np.concatenate(owners)
    _, once = np.unique(np.round(around, 2), axis=0, return_index=True)
    around, atoms = around[once], atoms[once]
    lengths = np.linalg.norm(around, axis=1)
    kept = np.flatnonzero((lengths > 0.1) & (lengths < REACH) & compared[atoms])
    kept = kept[np.argsort(lengths[kept], kind="stable")]
    return around[kept], body.numbers[atoms[kept]]


def _orientations(
    around: NDArray[np.float64],
    kinds: NDArray[np.int64],
    element: int,
    bulk: Bulk,
    mirrored: bool,
) -> list[tuple[NDArray[np.float64], int]]:
    """Find maps of the bulk onto the surroundings of an atom, best first, with the bulk's atom."""
    triple = _spanning_triple(around)
    if triple is None:
        return []
    found: list[tuple[float, NDArray[np.float64], int]] = []
    for site in bulk.distinct[bulk.atoms.numbers[bulk.distinct] == element]:
        near = bulk.pairs.first == site
        vectors = bulk.pairs.vectors[near]
        numbers = np.asarray(bulk.atoms.numbers[bulk.pairs.second[near]], dtype=np.int64)
        maps = _triple_maps(around[triple], kinds[triple], vectors, numbers, mirrored)
        for score, matrix in _scored(maps, around, kinds, vectors, numbers, bulk.shortest):
            found.append((score, matrix, int(site)))
    found.sort(key=lambda one: -one[0])
    kept: list[tuple[NDArray[np.float64], int]] = []
    for _, matrix, site in found:
        if all(site != other or np.abs(matrix - known).max() > 0.05 for known, other in kept):
            kept.append((matrix, site))
        if len(kept) == CANDIDATES:
            break
    return kept


def _spanning_triple(vectors: NDArray[np.float64]) -> list[int] | None:
    """Choose three near neighbours that span space best."""
    triples = np.array(list(combinations(range(min(len(vectors), 12)), 3)))
    if not len(triples):
        return None
    volumes = np.abs(np.linalg.det(vectors[triples]))
    return [int(i) for i in triples[int(np.argmax(volumes))]] if volumes.max() > 1.0 else None


def _triple_maps(
    wanted: NDArray[np.float64],
    kinds: NDArray[np.int64],
    vectors: NDArray[np.float64],
    numbers: NDArray[np.int64],
    mirrored: bool,
) -> NDArray[np.float64]:
    """Return the maps that carry a like triple of bulk neighbours onto the wanted one."""
    lengths = np.linalg.norm(vectors, axis=1)
    alike = [
        np.flatnonzero((numbers == kind) & (np.abs(lengths / length - 1) < LOOSE))
        for kind, length in zip(kinds, np.linalg.norm(wanted, axis=1), strict=True)
    ]
    triples = np.stack(np.meshgrid(*alike, indexing="ij"), axis=-1).reshape(-1, 3)
    chosen = vectors[triples]
    for i, j in ((0, 1), (1, 2), (2, 0)):
        side = float(np.linalg.norm(wanted[i] - wanted[j]))
        sides = np.linalg.norm(chosen[:, i] - chosen[:, j], axis=1)
        chosen = chosen[np.abs(sides - side) < LOOSE * max(side, 1.0)]
    chosen = chosen[np.abs(np.linalg.det(chosen)) > 0.3]
    maps = np.linalg.solve(chosen, np.broadcast_to(wanted, chosen.shape))
    stretches = np.linalg.svd(maps, compute_uv=False)
    modest = (np.abs(stretches - 1) < LOOSE + 0.05).all(axis=1)
    handed = (np.linalg.det(maps) < 0) == mirrored
    return np.asarray(maps[modest & handed])


def _scored(
    maps: NDArray[np.float64],
    around: NDArray[np.float64],
    kinds: NDArray[np.int64],
    vectors: NDArray[np.float64],
    numbers: NDArray[np.int64],
    shortest: float,
) -> Iterator[tuple[float, NDArray[np.float64]]]:
    """Rate each map by the neighbours it carries onto neighbours."""
    unlike = kinds[:, None] != numbers[None]
    for matrix in maps:
        apart = np.linalg.norm(around[:, None] - (vectors @ matrix)[None], axis=-1)
        apart[unlike] = np.inf
        nearest = apart.min(axis=1)
        on = nearest < OFF_SITE * shortest
        strain = float(np.abs(np.linalg.svd(matrix, compute_uv=False) - 1).max())
        scatter = float(nearest[on].mean()) if on.any() else 1.0
        yield float(on.mean()) - 0.5 * scatter - 0.1 * strain, matrix


def _followed(
    points: NDArray[np.float64],
    numbers: NDArray[np.int64],
    matrix: NDArray[np.float64],
    origin: NDArray[np.float64],
    bulk: Bulk,
    seed: NDArray[np.float64],
) -> CrystalFit:
    """Follow a map outwards from the seed and fit it again at every radius."""
    distances = np.linalg.norm(points - seed, axis=1)
    radius, farthest = REACH, float(distances.max())
    flat = False
    while True:
        near = np.flatnonzero(distances <= radius)
        if len(near) > MOST_FITTED:
            near = near[:: len(near) // MOST_FITTED + 1]
        fit = _assigned(points[near], numbers[near], matrix, origin, bulk, flat)
        on = fit.sites >= 0
        if on.sum() >= 4:
            matrix, origin, flat = _refitted(points[near][on], fit.places[on], matrix)
        if radius >= farthest:
            return _assigned(points, numbers, matrix, origin, bulk, flat)
        radius *= 1.5


def _assigned(
    points: NDArray[np.float64],
    numbers: NDArray[np.int64],
    matrix: NDArray[np.float64],
    origin: NDArray[np.float64],
    bulk: Bulk,
    flat: bool,
) -> CrystalFit:
    pulled = (points - origin) @ np.linalg.inv(matrix)
    sites, places = bulk.nearest_sites(pulled, numbers)
    known = np.where(sites[:, None] >= 0, places, pulled)
    offsets = points - (known @ matrix + origin)
    far = np.linalg.norm(offsets, axis=1) > OFF_SITE * bulk.shortest
    return CrystalFit(
        matrix=matrix,
        origin=origin,
        sites=np.where(far, -1, sites),
        places=known,
        offsets=offsets,
        flat=flat,
    )


def _refitted(
    points: NDArray[np.float64], places: NDArray[np.float64], matrix: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], bool]:
    """Fit ``x = X @ M + t``; directions in which the sites do not spread keep the earlier map."""
    middle, centre = places.mean(axis=0), points.mean(axis=0)
    left, spreads, axes = np.linalg.svd(places - middle, full_matrices=False)
    free = spreads / np.sqrt(len(points)) > FLAT
    images = (left.T @ (points - centre))[free] / spreads[free, None]
    fitted = np.asarray(axes[free].T @ images + axes[~free].T @ (axes[~free] @ matrix))
    if not free.all() and free.sum() == 2:
        fitted = _unit_normal(fitted, axes, free, matrix)
    return fitted, np.asarray(centre - middle @ fitted), not bool(free.all())


def _unit_normal(
    fitted: NDArray[np.float64],
    axes: NDArray[np.float64],
    free: NDArray[np.bool_],
    matrix: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Map the normal of a single plane to a unit normal: nothing is known of its strain."""
    normal = np.cross(*(axes[free] @ fitted))
    normal /= np.linalg.norm(normal)
    normal *= np.sign(normal @ (axes[~free] @ matrix)[0])
    return np.asarray(axes[free].T @ (axes[free] @ fitted) + np.outer(axes[~free][0], normal))
