"""The compiled inner loops of the coincidence search (imported only when a search runs).

Notation: a basis is two rows; a superlattice of index n is ``M @ basis`` with an integer matrix M
of determinant n; its shape is the point τ = x + iy = b/a of the upper half-plane, reading the two
vectors as complex numbers. See ``docs/explanation/matching.md`` for the proof that nothing is
missed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["compiled", "divisor_sums", "reduce_rows", "search_pair", "superlattices"]

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile, keeping the machine code on disk wherever a cache folder can be written."""
    try:
        return numba.njit(cache=True, error_model="numpy")(function)  # type: ignore[no-any-return]
    except RuntimeError:
        return numba.njit(error_model="numpy")(function)  # type: ignore[no-any-return]


@compiled
def reduce_rows(
    a: int, b: int, c: int, d: int, gxx: float, gxy: float, gyy: float
) -> tuple[int, int, int, int, float, float]:
    """Reduce rows (a, b), (c, d) over a metric; return them with the shape x + iy."""
    n = a * d - b * c
    while True:
        aa = a * a * gxx + 2 * a * b * gxy + b * b * gyy
        bb = c * c * gxx + 2 * c * d * gxy + d * d * gyy
        if aa > bb * (1 + 1e-12):
            a, b, c, d = c, d, -a, -b
            continue
        ab = a * c * gxx + (a * d + b * c) * gxy + b * d * gyy
        k = round(ab / aa)
        if k == 0 or abs(ab / aa) <= 0.5 + 1e-10:
            break
        c -= k * a
        d -= k * b
    return a, b, c, d, ab / aa, n * np.sqrt(gxx * gyy - gxy * gxy) / aa


@cache
def divisor_sums(n: int) -> NDArray[np.int64]:
    """Return σ(0) … σ(n), with σ(0) = 0: how many superlattices of each index there are."""
    sums = np.zeros(n + 1, np.int64)
    for d in range(1, n + 1):
        sums[d::d] += d
    return sums


def superlattices(
    basis: NDArray[np.float64], max_index: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """List every superlattice of a plane lattice up to an index.

    Parameters
    ----------
    basis : (2, 2) array
        Plane lattice vectors, rows, right-handed, Å.
    max_index : int
        Largest index n.

    Returns
    -------
    start : (max_index + 2,) integers
        Superlattices of index n lie at start[n] … start[n + 1] − 1.
    transforms : (m, 4) integers
        Reduced basis of each: rows (t0, t1), (t2, t3); determinant n.
    shapes : (m, 2) array
        x and y of τ, sorted by y within each index; |x| ≤ ½, x² + y² ≥ 1.
    """
    sums = divisor_sums(max_index)
    start = np.zeros(max_index + 2, np.int64)
    np.cumsum(sums, out=start[1:])
    transforms = np.empty((int(start[-1]), 4), np.int64)
    shapes = np.empty((int(start[-1]), 2))
    metric = basis @ basis.T
    _fill(max_index, metric[0, 0], metric[0, 1], metric[1, 1], transforms, shapes)
    index = np.repeat(np.arange(max_index + 1), sums)
    order = np.lexsort((shapes[:, 1], index))
    return start, transforms[order], shapes[order]


@compiled
def _fill(
    max_index: int,
    gxx: float,
    gxy: float,
    gyy: float,
    transforms: NDArray[np.int64],
    shapes: NDArray[np.float64],
) -> None:
    """Write the σ(n) Hermite normal forms of every index n, reduced."""
    i = 0
    for n in range(1, max_index + 1):
        for d in range(1, n + 1):
            if n % d:
                continue
            for b in range(d):
                t0, t1, t2, t3, x, y = reduce_rows(n // d, b, 0, d, gxx, gxy, gyy)
                transforms[i, 0] = t0
                transforms[i, 1] = t1
                transforms[i, 2] = t2
                transforms[i, 3] = t3
                shapes[i, 0] = x
                shapes[i, 1] = y
                i += 1


@compiled
def _gcd(a: int, b: int) -> int:
    a, b = abs(a), abs(b)
    while b:
        a, b = b, a % b
    return a


@compiled
def _complement(p: int, q: int) -> tuple[int, int]:
    """Return (r, s) with p·s − q·r = 1 for coprime p, q."""
    a, b = p, q
    u0, u1, v0, v1 = 1, 0, 0, 1
    while b:
        k = a // b
        a, b = b, a - k * b
        u0, u1 = u1, u0 - k * u1
        v0, v1 = v1, v0 - k * v1
    if a < 0:
        u0, v0 = -u0, -v0
    return -v0, u0


@compiled
def _is_primitive(f0: int, f1: int, f2: int, f3: int, s0: int, s1: int, s2: int, s3: int) -> bool:
    """Tell whether the 2 × 2 minors of the 2 × 4 matrix (f | s) have no common factor."""
    g = _gcd(f0 * f3 - f1 * f2, s0 * s3 - s1 * s2)
    if g > 1:
        g = _gcd(g, f0 * s2 - s0 * f2)
    if g > 1:
        g = _gcd(g, f0 * s3 - s1 * f2)
    if g > 1:
        g = _gcd(g, f1 * s2 - s0 * f3)
    if g > 1:
        g = _gcd(g, f1 * s3 - s1 * f3)
    return g == 1


@compiled
def _orbit(m0: int, m1: int, m2: int, m3: int, u: NDArray[np.int64], w: NDArray[np.int64]) -> int:
    """Size of the symmetry orbit of a match, or 0 if it is not the orbit's first member.

    The integer matrix m = adj(f)·s stands for the map; a pair of operations (u, w) of equal
    determinant takes it to u·m·w. First means lexicographically smallest.
    """
    order, fixed = 0, 0
    for i in range(u.shape[0]):
        p0 = u[i, 0] * m0 + u[i, 1] * m2
        p1 = u[i, 0] * m1 + u[i, 1] * m3
        p2 = u[i, 2] * m0 + u[i, 3] * m2
        p3 = u[i, 2] * m1 + u[i, 3] * m3
        sign = u[i, 0] * u[i, 3] - u[i, 1] * u[i, 2]
        for j in range(w.shape[0]):
            if sign != w[j, 0] * w[j, 3] - w[j, 1] * w[j, 2]:
                continue
            order += 1
            difference = p0 * w[j, 0] + p1 * w[j, 2] - m0
            if difference == 0:
                difference = p0 * w[j, 1] + p1 * w[j, 3] - m1
            if difference == 0:
                difference = p2 * w[j, 0] + p3 * w[j, 2] - m2
            if difference == 0:
                difference = p2 * w[j, 1] + p3 * w[j, 3] - m3
            if difference < 0:
                return 0
            if difference == 0:
                fixed += 1
    return order // fixed


def search_pair(
    film: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
    film_area: float,
    film_operations: NDArray[np.int64],
    substrate: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]],
    substrate_area: float,
    substrate_operations: NDArray[np.int64],
    max_strain: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find every primitive match of two lists of superlattices, one per symmetry orbit.

    Parameters
    ----------
    film, substrate : tuple of arrays
        What `superlattices` returned for each plane lattice.
    film_area, substrate_area : float
        Areas of the primitive plane cells, Å².
    film_operations, substrate_operations : (n, 4) integer arrays
        Point operations of each face, rows of 2 × 2 matrices acting on row bases.
    max_strain : float
        Bound on |principal stretch − 1|, below 1.

    Returns
    -------
    integers : (m, 9) array
        Film transform (4), substrate transform (4; rows correspond), orbit size.
    stretches : (m, 2) array
        Principal stretches, the larger first.
    """
    room = 256
    while True:
        integers, stretches = np.empty((room, 9), np.int64), np.empty((room, 2))
        found = _search(
            *film,
            *substrate,
            substrate_area / film_area,
            film_operations,
            substrate_operations,
            np.log(1 - max_strain),
            np.log(1 + max_strain),
            integers,
            stretches,
        )
        if found <= room:
            return integers[:found], stretches[:found]
        room = found


@compiled
def _search(
    f_start: NDArray[np.int64],
    f_transforms: NDArray[np.int64],
    f_shapes: NDArray[np.float64],
    s_start: NDArray[np.int64],
    s_transforms: NDArray[np.int64],
    s_shapes: NDArray[np.float64],
    area_ratio: float,
    film_operations: NDArray[np.int64],
    substrate_operations: NDArray[np.int64],
    low: float,
    high: float,
    integers: NDArray[np.int64],
    stretches: NDArray[np.float64],
) -> int:
    """Walk over pairs of indices, pairs of shapes and images; return how many matches there are.

    Only as many as fit are written.
    """
    found = 0
    for nf in range(1, f_start.shape[0] - 1):
        first = max(1, int(nf / area_ratio * np.exp(2 * low)))
        last = min(int(nf / area_ratio * np.exp(2 * high)) + 1, s_start.shape[0] - 2)
        for ns in range(first, last + 1):
            log_ratio = np.log(ns * area_ratio / nf)
            reach = min(2 * high - log_ratio, log_ratio - 2 * low) + 1e-9
            if reach < 0:
                continue
            grow, spread = np.exp(reach), 2 * (np.cosh(reach) - 1)
            j_first = s_start[ns]
            for i in range(f_start[nf], f_start[nf + 1]):
                xf, yf = f_shapes[i, 0], f_shapes[i, 1]
                while j_first < s_start[ns + 1] and s_shapes[j_first, 1] * grow < yf:
                    j_first += 1
                for j in range(j_first, s_start[ns + 1]):
                    xs, ys = s_shapes[j, 0], s_shapes[j, 1]
                    if ys > yf * grow:
                        break
                    # every image of the substrate's shape whose first vector is short enough
                    longest = ys / yf * grow
                    for q in range(int(np.sqrt(longest) / ys) + 1):
                        half = np.sqrt(max(longest - (q * ys) ** 2, 0.0))
                        p_last = int(np.floor(half - q * xs))
                        for p in range(int(np.ceil(-half - q * xs)), p_last + 1):
                            if (q == 0 and p != 1) or _gcd(p, q) != 1:
                                continue
                            r, u = _complement(p, q)
                            norm = (p + q * xs) ** 2 + (q * ys) ** 2
                            x = ((r + u * xs) * (p + q * xs) + u * q * ys * ys) / norm
                            y = ys / norm
                            width = spread * yf * y - (yf - y) ** 2
                            if width < 0:
                                continue
                            width = np.sqrt(width)
                            k_last = int(np.floor(xf + width - x))
                            for k in range(int(np.ceil(xf - width - x)), k_last + 1):
                                distance = 2 * np.arcsinh(
                                    np.sqrt(((x + k - xf) ** 2 + (y - yf) ** 2) / (4 * y * yf))
                                )
                                found = _record(
                                    f_transforms[i], s_transforms[j], p, q, r + k * p, u + k * q,
                                    film_operations, substrate_operations,
                                    np.exp((log_ratio + distance) / 2),
                                    np.exp((log_ratio - distance) / 2),
                                    integers, stretches, found,
                                )  # fmt: skip
    return found


@compiled
def _record(
    f: NDArray[np.int64],
    t: NDArray[np.int64],
    p: int,
    q: int,
    r: int,
    u: int,
    film_operations: NDArray[np.int64],
    substrate_operations: NDArray[np.int64],
    largest: float,
    smallest: float,
    integers: NDArray[np.int64],
    stretches: NDArray[np.float64],
    found: int,
) -> int:
    """Write a match in both senses if primitive and first of its orbit; return the new count."""
    s0, s1 = p * t[0] + q * t[2], p * t[1] + q * t[3]
    s2, s3 = r * t[0] + u * t[2], r * t[1] + u * t[3]
    f0, f1, f2, f3 = f[0], f[1], f[2], f[3]
    if not _is_primitive(f0, f1, f2, f3, s0, s1, s2, s3):
        return found
    m0, m1 = f3 * s0 - f1 * s2, f3 * s1 - f1 * s3
    m2, m3 = f0 * s2 - f2 * s0, f0 * s3 - f2 * s1
    for sense in (1, -1):
        size = _orbit(
            sense * m0, sense * m1, sense * m2, sense * m3, film_operations, substrate_operations
        )
        if size == 0:
            continue
        if found < integers.shape[0]:
            integers[found, 0] = f0
            integers[found, 1] = f1
            integers[found, 2] = f2
            integers[found, 3] = f3
            integers[found, 4] = sense * s0
            integers[found, 5] = sense * s1
            integers[found, 6] = sense * s2
            integers[found, 7] = sense * s3
            integers[found, 8] = size
            stretches[found, 0] = largest
            stretches[found, 1] = smallest
        found += 1
    return found
