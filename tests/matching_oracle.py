"""An independent, slow, obviously complete search: the oracle of the matching tests."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import ceil

import numpy as np

Map = tuple[Fraction, ...]


def hermite_forms(index: int) -> list[np.ndarray]:
    """All sublattices of an index, as (a b; 0 d) with a·d = index and 0 ≤ b < d."""
    return [
        np.array([[index // d, b], [0, d]])
        for d in range(1, index + 1)
        if index % d == 0
        for b in range(d)
    ]


def lattice_vectors(basis: np.ndarray, shortest: float, longest: float) -> np.ndarray:
    """Integer coordinates of all lattice vectors with a length in the interval.

    |p| = |v × b|/area ≤ |v||b|/area bounds the box, so none is left out.
    """
    area = abs(np.linalg.det(basis))
    p = ceil(longest * np.linalg.norm(basis[1]) / area)
    q = ceil(longest * np.linalg.norm(basis[0]) / area)
    box = np.array(list(product(range(-p, p + 1), range(-q, q + 1))))
    lengths = np.linalg.norm(box @ basis, axis=1)
    return box[(lengths >= shortest - 1e-9) & (lengths <= longest + 1e-9)]


def correspondences(f: np.ndarray, s: np.ndarray, max_strain: float) -> list[np.ndarray]:
    """All unimodular P (det +1) such that rows f → rows P·s strain within the bound."""
    low, high = 1 - max_strain, 1 + max_strain
    images = [lattice_vectors(s, low * np.linalg.norm(v), high * np.linalg.norm(v)) for v in f]
    if not len(images[0]) or not len(images[1]):
        return []
    first, second = images
    det = first[:, None, 0] * second[None, :, 1] - first[:, None, 1] * second[None, :, 0]
    found = []
    for i, j in np.argwhere(det == 1):
        P = np.array([first[i], second[j]])
        stretches = np.linalg.svd(np.linalg.solve(f, P @ s), compute_uv=False)
        if np.abs(stretches - 1).max() <= max_strain + 1e-9:
            found.append(P)
    return found


def rational_map(f: np.ndarray, s: np.ndarray) -> Map:
    """The match as the rational matrix f⁻¹·s that takes film to substrate coordinates."""
    n = int(f[0, 0] * f[1, 1] - f[0, 1] * f[1, 0])
    adjugate = np.array([[f[1, 1], -f[0, 1]], [-f[1, 0], f[0, 0]]])
    return tuple(Fraction(int(entry), n) for entry in (adjugate @ s).ravel())


def brute_force(
    film: np.ndarray, substrate: np.ndarray, max_area: float, max_strain: float
) -> dict[Map, float]:
    """Every match of two right-handed plane lattices: rational map → smallest area bound met."""
    found: dict[Map, float] = {}
    film_area, substrate_area = np.linalg.det(film), np.linalg.det(substrate)
    for n in range(1, int(max_area / film_area + 1e-9) + 1):
        for m in range(1, int(max_area / substrate_area + 1e-9) + 1):
            ratio = m * substrate_area / (n * film_area)
            if not (1 - max_strain) ** 2 - 1e-9 <= ratio <= (1 + max_strain) ** 2 + 1e-9:
                continue
            for f, s in product(hermite_forms(n), hermite_forms(m)):
                for P in correspondences(f @ film, s @ substrate, max_strain):
                    key = rational_map(f, P @ s)
                    area = max(n * film_area, m * substrate_area)
                    found[key] = min(area, found.get(key, np.inf))
    return found


def orbit(match: Map, film_operations: np.ndarray, substrate_operations: np.ndarray) -> set[Map]:
    """The matches equivalent to one under pairs of operations of equal handedness."""
    m = [[match[0], match[1]], [match[2], match[3]]]
    members = set()
    for u, w in product(film_operations.tolist(), substrate_operations.tolist()):
        if u[0][0] * u[1][1] - u[0][1] * u[1][0] != w[0][0] * w[1][1] - w[0][1] * w[1][0]:
            continue
        left = [[sum(u[i][k] * m[k][j] for k in (0, 1)) for j in (0, 1)] for i in (0, 1)]
        both = [[sum(left[i][k] * w[k][j] for k in (0, 1)) for j in (0, 1)] for i in (0, 1)]
        members.add((both[0][0], both[0][1], both[1][0], both[1][1]))
    return members
