"""Site overlap: how well the atoms of two terminations sit on each other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import reduce
from itertools import product
from math import gcd

import numpy as np
from numpy.typing import NDArray

from qdstruct.geometry import gauss_reduce, row_basis
from qdstruct.geometry.neighbours import find_molecules
from qdstruct.matching.strain import plane_frame
from qdstruct.matching.surfaces import Surface, crystal, surface
from qdstruct.model import CoincidenceMatch, Phase, SiteOverlap

__all__ = ["AtomicPlane", "atomic_planes", "displacement_lattice", "lens_overlap", "site_overlap"]

SITE_RADIUS = 1.0
"""Å: radius of the disc that stands for a site; below half the shortest distance in our phases."""
PLANE_WIDTH = 0.45
"""Å: atoms closer than this along the normal count as one plane."""
THICKEST_PLANE = 1.5
"""Å: planes that chain up thicker than this are split by a finer width."""
SAME_SITE = 0.1
"""Å: atoms of one element closer than this, modulo the primitive lattice, are copies of one."""
GRID = 12
"""Shifts tried along each vector of the displacement lattice, beside the exact coincidences."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AtomicPlane:
    """Sites (atoms or whole molecules) at one height of a crystal's repeat along a normal."""

    name: str
    """Reduced formula of the plane, for example ``PbBr2``."""
    height: float
    """Mean height within one lattice-plane spacing, Å."""
    positions: NDArray[np.float64]
    """(n, 2) of its sites, in fractions of the primitive plane vectors, as seen along the normal
    with the origin of the crystal's cell at zero."""


def atomic_planes(phase: Phase, facet: Surface) -> tuple[AtomicPlane, ...]:
    """Cut one lattice-plane repeat of a crystal into its atomic planes, lowest first.

    Parameters
    ----------
    phase : Phase
        The crystal.
    facet : Surface
        A facet of the same crystal.

    Notes
    -----
    Sites are the atoms of the framework and the centres of whole molecules. Every site is brought
    into one repeat by whole steps to the next lattice plane and whole in-plane vectors; copies that
    belong to the same primitive cell fall together. The planes are those at which slabs are cut.
    """
    plane = facet.plane
    basis = np.vstack([plane.vectors, plane.step])
    centres, names = _sites(phase)
    fractions = centres @ np.linalg.inv(basis)
    fractions = (fractions + 1e-6) % 1.0 - 1e-6
    first = _one_per_lattice_point(fractions, names, basis)
    first = first[np.argsort(fractions[first, 2], kind="stable")]
    heights = fractions[first, 2] * plane.spacing
    slant = basis[2] - plane.spacing * plane.normal
    across = np.linalg.lstsq(plane.vectors.T, slant, rcond=None)[0]
    planar = fractions[:, :2] + fractions[:, 2:] * across
    planes = []
    for group, above in _grouped(heights, plane.spacing):
        middle = heights[group[0]] + above.mean() + 1e-6
        steps = np.rint((heights[group[0]] + above - heights[group]) / plane.spacing)
        steps -= np.floor(middle / plane.spacing)
        planes.append(
            AtomicPlane(
                name=_formula([names[i] for i in first[group]]),
                height=float(middle % plane.spacing - 1e-6),
                positions=planar[first[group]] + steps[:, None] * across,
            )
        )
    return tuple(sorted(planes, key=lambda atomic: atomic.height))


def _sites(phase: Phase) -> tuple[NDArray[np.float64], list[str]]:
    """Places of the framework's atoms and of the centres of molecules, and what they are."""
    atoms = phase.atoms
    molecules = find_molecules(atoms)
    places = atoms.positions + molecules.images @ np.asarray(atoms.cell)
    symbols = np.array(atoms.get_chemical_symbols())
    framework = np.flatnonzero(molecules.ids < 0)
    centres, names = [places[framework]], symbols[framework].tolist()
    for molecule in range(molecules.count):
        members = molecules.ids == molecule
        centres.append(places[members].mean(axis=0, keepdims=True))
        names.append(atoms[members].get_chemical_formula(mode="hill"))
    return np.concatenate(centres), names


def _one_per_lattice_point(
    fractions: NDArray[np.float64], names: list[str], basis: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the first site of each set that lattice vectors carry onto one another."""
    apart = fractions[:, None] - fractions[None]
    apart = (apart - np.rint(apart)) @ basis
    kinds = np.unique(names, return_inverse=True)[1]
    same = (np.linalg.norm(apart, axis=-1) < SAME_SITE) & (kinds[:, None] == kinds[None])
    return np.flatnonzero(~np.tril(same, -1).any(axis=1))


def _grouped(
    heights: NDArray[np.float64], spacing: float
) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Group ascending heights on a circle; with each group, the heights above its lowest."""
    gaps = np.diff(np.append(heights, heights[0] + spacing))
    width = PLANE_WIDTH
    while True:
        starts = (np.flatnonzero(gaps > width) + 1) % len(heights)
        if not starts.size:
            starts = (np.array([int(np.argmax(gaps))]) + 1) % len(heights)
        order = np.roll(np.arange(len(heights)), -int(starts[0]))
        groups = np.split(order, np.sort((starts[1:] - starts[0]) % len(heights)))
        above = [(heights[group] - heights[group[0]]) % spacing for group in groups]
        if max(float(rise.max()) for rise in above) < THICKEST_PLANE or width < 0.02:
            return list(zip(groups, above, strict=True))
        width /= 2


def _formula(names: list[str]) -> str:
    """Name a plane: reduced formula, elements as in a salt, molecules in brackets behind them."""
    from ase.data import atomic_numbers
    from ase.formula import Formula

    counts = Counter(names)
    divisor = reduce(gcd, counts.values())
    elements = sorted({name for name in names if name in atomic_numbers})
    atoms = {name: counts[name] // divisor for name in elements}
    word = str(Formula.from_dict(atoms).format("metal")) if atoms else ""
    for name in sorted(set(names) - set(elements)):
        number = counts[name] // divisor
        alone = number == 1 and not word
        word += name if alone else f"({name}){number if number > 1 else ''}"
    return word


def displacement_lattice(match: CoincidenceMatch) -> NDArray[np.float64]:
    """Return the lattice of shifts that bring the interface back to itself (DSC lattice).

    Returns
    -------
    (2, 2) array
        Reduced vectors, rows in Å in the substrate's plane frame, of the lattice generated by
        the primitive plane vectors of the substrate and of the strained film. Its cell is smaller
        than the coincidence cell by the product of both supercell indices.
    """
    f, s = match.film_transform, match.substrate_transform
    nf, ns = round(np.linalg.det(f)), round(np.linalg.det(s))
    rows = np.vstack([np.rint(np.linalg.inv(f) * nf) * ns, np.rint(np.linalg.inv(s) * ns) * nf])
    generators = row_basis(rows.astype(np.int64)) / (nf * ns)
    vectors = match.substrate_plane_vectors
    cell = s @ (vectors @ plane_frame(vectors).T)[:, :2]
    return gauss_reduce(generators @ cell)[0]


def lens_overlap(distance: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    """Return the shared area of two equal discs over the area of one, from 1 to 0 at 2 radii."""
    x = np.clip(distance / (2 * radius), 0, 1)
    return np.asarray(2 / np.pi * (np.arccos(x) - x * np.sqrt(1 - x * x)))


def site_overlap(
    match: CoincidenceMatch, film: Phase, substrate: Phase, *, radius: float = SITE_RADIUS
) -> SiteOverlap:
    """Find how well the facing atoms of two crystals can sit on each other.

    Parameters
    ----------
    match : CoincidenceMatch
        The coincidence cell; the film is strained onto the substrate.
    film, substrate : Phase
        The crystals of the match.
    radius : float
        Radius of the disc that stands for each site, Å.

    Returns
    -------
    SiteOverlap
        The best score over all terminations and all shifts, with both named.

    Notes
    -----
    In the spirit of the atomic site overlap of Butler, Kumagai, Oba and Walsh, J. Mater. Chem. C
    4, 1149 (2016), ASO = 2 S_C/(S_A + S_B) with S_A and S_B sites of the two faces and S_C
    overlapping ones; here S_C counts shared disc area instead of whole sites. The differences
    between film and substrate sites of two kinds fill one coset of the displacement lattice, each
    point once per coincidence cell, so the sum over the cell is a sum over the few points of that
    lattice within two radii.
    """
    facets = (
        surface(crystal(film), match.film_hkl),
        surface(crystal(substrate), match.substrate_hkl),
    )
    lattice = displacement_lattice(match)
    sides = [
        _cartesian_planes(film, facets[0], match, is_film=True),
        _cartesian_planes(substrate, facets[1], match, is_film=False),
    ]
    n_cells = (
        round(np.linalg.det(match.film_transform)),
        round(np.linalg.det(match.substrate_transform)),
    )
    vectors = match.substrate_plane_vectors
    cell = match.substrate_transform @ (vectors @ plane_frame(vectors).T)[:, :2]
    best: SiteOverlap | None = None
    for (film_name, f), (substrate_name, s) in product(*sides):
        shift, total = _best_shift(f, s, lattice, radius)
        parts = shift @ np.linalg.inv(cell)
        score = 2 * total / (n_cells[0] * len(f) + n_cells[1] * len(s))
        if best is None or score > best.score + 1e-9:
            best = SiteOverlap(
                score=score,
                film_termination=film_name,
                substrate_termination=substrate_name,
                shift=(float(shift[0]), float(shift[1])),
                shift_fractions=(float(parts[0]), float(parts[1])),
                radius=radius,
            )
    assert best is not None, "every crystal has at least one atomic plane"
    return best


def _cartesian_planes(
    phase: Phase, facet: Surface, match: CoincidenceMatch, *, is_film: bool
) -> list[tuple[str, NDArray[np.float64]]]:
    """Site positions of every atomic plane in the substrate's plane frame, film strained, Å."""
    substrate = match.substrate_plane_vectors
    basis = (substrate @ plane_frame(substrate).T)[:, :2]
    if is_film:
        basis = np.asarray(np.linalg.solve(match.film_transform, match.substrate_transform @ basis))
    return [(plane.name, plane.positions @ basis) for plane in atomic_planes(phase, facet)]


def _best_shift(
    film: NDArray[np.float64],
    substrate: NDArray[np.float64],
    lattice: NDArray[np.float64],
    radius: float,
) -> tuple[NDArray[np.float64], float]:
    """Return the film shift of greatest shared area, and that area in discs."""
    differences = (film[:, None] - substrate[None]).reshape(-1, 2)
    steps = np.arange(GRID) / GRID
    grid = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2) @ lattice
    shifts = np.concatenate([-differences, grid])
    points = _points_within(lattice, 2 * radius)
    inverse = np.linalg.inv(lattice)
    offsets = shifts[:, None] + differences[None]
    offsets -= np.rint(offsets @ inverse) @ lattice
    distances = np.linalg.norm(offsets[:, :, None] + points[None, None], axis=-1)
    totals = lens_overlap(distances, radius).sum(axis=(1, 2))
    chosen = int(np.argmax(np.round(totals, 9)))
    fraction = shifts[chosen] @ inverse
    return (fraction - np.floor(fraction + 1e-9)) @ lattice, float(totals[chosen])


def _points_within(lattice: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """Lattice points that may come within a reach of any point of the reduced cell."""
    heights = abs(np.linalg.det(lattice)) / np.linalg.norm(lattice[::-1], axis=1)
    n, m = (int(np.ceil(reach / height)) + 1 for height in heights)
    indices = np.array(list(product(range(-n, n + 1), range(-m, m + 1))), dtype=float)
    return indices @ lattice
