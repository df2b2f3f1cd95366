"""The compiled inner loops of the coincidence search (imported only when a search runs).

Notation: a basis is two rows; a superlattice of index n is ``M @ basis`` with an integer matrix M
of determinant n; its shape is the point τ = x + iy = b/a of the upper half-plane, reading the two
vectors as complex numbers. See ``docs/explanation/matching.md`` for the proof that nothing is
missed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["search_pair", "standardise", "superlattices"]

Function = TypeVar("Function", bound=Callable[..., Any])


def _compiled(function: Function) -> Function:
    """Compile, keeping the machine code on disk wherever a cache folder can be written."""
    try:
        return numba.njit(cache=True)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        return numba.njit(function)  # type: ignore[no-any-return]


@_compiled
def _reduce(
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


@_compiled
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
    gxx = basis[0, 0] ** 2 + basis[0, 1] ** 2
    gyy = basis[1, 0] ** 2 + basis[1, 1] ** 2
    gxy = basis[0, 0] * basis[1, 0] + basis[0, 1] * basis[1, 1]
    start = np.zeros(max_index + 2, np.int64)
    for n in range(1, max_index + 1):
        divisors = 0
        for d in range(1, n + 1):
            if n % d == 0:
                divisors += d
        start[n + 1] = start[n] + divisors
    transforms = np.empty((start[max_index + 1], 4), np.int64)
    shapes = np.empty((start[max_index + 1], 2))
    for n in range(1, max_index + 1):
        _fill_index(n, gxx, gxy, gyy, transforms[start[n] :], shapes[start[n] :])
        block = slice(start[n], start[n + 1])
        order = np.argsort(shapes[block, 1])
        shapes[block] = shapes[block][order]
        transforms[block] = transforms[block][order]
    return start, transforms, shapes


@_compiled
def _fill_index(
    n: int,
    gxx: float,
    gxy: float,
    gyy: float,
    transforms: NDArray[np.int64],
    shapes: NDArray[np.float64],
) -> None:
    """Write the σ(n) Hermite normal forms of index n, reduced."""
    i = 0
    for d in range(1, n + 1):
        if n % d:
            continue
        for b in range(d):
            t0, t1, t2, t3, x, y = _reduce(n // d, b, 0, d, gxx, gxy, gyy)
            transforms[i, 0] = t0
            transforms[i, 1] = t1
            transforms[i, 2] = t2
            transforms[i, 3] = t3
            shapes[i, 0] = x
            shapes[i, 1] = y
            i += 1


@_compiled
def _gcd(a: int, b: int) -> int:
    a, b = abs(a), abs(b)
    while b:
        a, b = b, a % b
    return a


@_compiled
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


@_compiled
def _is_primitive(f: NDArray[np.int64], s: NDArray[np.int64]) -> bool:
    """Tell whether the 2 × 2 minors of the 2 × 4 matrix (f | s) have no common factor."""
    g = _gcd(f[0] * f[3] - f[1] * f[2], s[0] * s[3] - s[1] * s[2])
    for i in range(2):
        for j in range(2):
            if g == 1:
                return True
            g = _gcd(g, f[i] * s[2 + j] - s[j] * f[2 + i])
    return bool(g == 1)


@_compiled
def _orbit(
    f: NDArray[np.int64],
    s: NDArray[np.int64],
    film_operations: NDArray[np.int64],
    substrate_operations: NDArray[np.int64],
    film_signs: NDArray[np.int64],
    substrate_signs: NDArray[np.int64],
) -> int:
    """Size of the symmetry orbit of a match, or 0 if it is not the orbit's first member.

    The integer matrix adj(f)·s stands for the map; a pair of operations (U, W) of equal
    determinant takes it to U·adj(f)·s·W. First means lexicographically smallest.
    """
    m0 = f[3] * s[0] - f[1] * s[2]
    m1 = f[3] * s[1] - f[1] * s[3]
    m2 = f[0] * s[2] - f[2] * s[0]
    m3 = f[0] * s[3] - f[2] * s[1]
    order, fixed = 0, 0
    for i in range(len(film_operations)):
        u = film_operations[i]
        p0 = u[0] * m0 + u[1] * m2
        p1 = u[0] * m1 + u[1] * m3
        p2 = u[2] * m0 + u[3] * m2
        p3 = u[2] * m1 + u[3] * m3
        for j in range(len(substrate_operations)):
            if film_signs[i] != substrate_signs[j]:
                continue
            w = substrate_operations[j]
            order += 1
            difference = p0 * w[0] + p1 * w[2] - m0
            if difference == 0:
                difference = p0 * w[1] + p1 * w[3] - m1
            if difference == 0:
                difference = p2 * w[0] + p3 * w[2] - m2
            if difference == 0:
                difference = p2 * w[1] + p3 * w[3] - m3
            if difference < 0:
                return 0
            if difference == 0:
                fixed += 1
    return order // fixed


@_compiled
def _signs(operations: NDArray[np.int64]) -> NDArray[np.int64]:
    return operations[:, 0] * operations[:, 3] - operations[:, 1] * operations[:, 2]


@_compiled
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
    integers = np.empty((64, 9), np.int64)
    stretches = np.empty((64, 2))
    found = 0
    f_start, f_transforms, f_shapes = film
    s_start, s_transforms, s_shapes = substrate
    film_signs, substrate_signs = _signs(film_operations), _signs(substrate_operations)
    low, high = np.log(1 - max_strain), np.log(1 + max_strain)
    s = np.empty(4, np.int64)
    for nf in range(1, len(f_start) - 1):
        first = max(1, int(nf * film_area / substrate_area * np.exp(2 * low)))
        last = int(nf * film_area / substrate_area * np.exp(2 * high)) + 1
        for ns in range(first, min(last, len(s_start) - 2) + 1):
            log_ratio = np.log(ns * substrate_area / (nf * film_area))
            reach = min(2 * high - log_ratio, log_ratio - 2 * low) + 1e-9
            if reach < 0:
                continue
            shrink, spread = np.exp(-reach), 2 * (np.cosh(reach) - 1)
            block = s_shapes[s_start[ns] : s_start[ns + 1], 1]
            for i in range(f_start[nf], f_start[nf + 1]):
                f, xf, yf = f_transforms[i], f_shapes[i, 0], f_shapes[i, 1]
                j = s_start[ns] + np.searchsorted(block, yf * shrink)
                while j < s_start[ns + 1] and s_shapes[j, 1] * shrink <= yf:
                    t, xs, ys = s_transforms[j], s_shapes[j, 0], s_shapes[j, 1]
                    j += 1
                    # every image of the substrate's shape whose first vector is short enough
                    longest = ys / (yf * shrink)
                    for q in range(int(np.sqrt(longest) / ys) + 1):
                        half = np.sqrt(max(longest - (q * ys) ** 2, 0.0))
                        for p in range(
                            int(np.ceil(-q * xs - half)), int(np.floor(-q * xs + half)) + 1
                        ):
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
                            for k in range(
                                int(np.ceil(xf - width - x)), int(np.floor(xf + width - x)) + 1
                            ):
                                s[0] = p * t[0] + q * t[2]
                                s[1] = p * t[1] + q * t[3]
                                s[2] = (r + k * p) * t[0] + (u + k * q) * t[2]
                                s[3] = (r + k * p) * t[1] + (u + k * q) * t[3]
                                if not _is_primitive(f, s):
                                    continue
                                distance = np.arccosh(
                                    1 + ((x + k - xf) ** 2 + (y - yf) ** 2) / (2 * y * yf)
                                )
                                for _ in range(2):
                                    s *= -1
                                    size = _orbit(
                                        f,
                                        s,
                                        film_operations,
                                        substrate_operations,
                                        film_signs,
                                        substrate_signs,
                                    )
                                    if size == 0:
                                        continue
                                    if found == len(integers):
                                        integers = np.concatenate((integers, integers))
                                        stretches = np.concatenate((stretches, stretches))
                                    integers[found, :4] = f
                                    integers[found, 4:8] = s
                                    integers[found, 8] = size
                                    stretches[found, 0] = np.exp((log_ratio + distance) / 2)
                                    stretches[found, 1] = np.exp((log_ratio - distance) / 2)
                                    found += 1
    return integers[:found], stretches[:found]


@_compiled
def _deformation(
    f: NDArray[np.float64], s: NDArray[np.float64]
) -> tuple[float, float, float, float]:
    """Return F with s_i = F f_i for the rows f_i and s_i of two supercells."""
    determinant = f[0, 0] * f[1, 1] - f[0, 1] * f[1, 0]
    i00, i01 = f[1, 1] / determinant, -f[0, 1] / determinant
    i10, i11 = -f[1, 0] / determinant, f[0, 0] / determinant
    return (
        i00 * s[0, 0] + i01 * s[1, 0],
        i10 * s[0, 0] + i11 * s[1, 0],
        i00 * s[0, 1] + i01 * s[1, 1],
        i10 * s[0, 1] + i11 * s[1, 1],
    )


@_compiled
def _times(a: NDArray[np.int64], b: NDArray[np.int64], c: NDArray[np.int64]) -> None:
    """Write the 2 × 2 product of flat a and b to c."""
    c[0] = a[0] * b[0] + a[1] * b[2]
    c[1] = a[0] * b[1] + a[1] * b[3]
    c[2] = a[2] * b[0] + a[3] * b[2]
    c[3] = a[2] * b[1] + a[3] * b[3]


@_compiled
def _vectors(t: NDArray[np.int64], basis: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Write the supercell of a flat transform to `out`, rows in Å."""
    for i in range(2):
        for j in range(2):
            out[i, j] = t[2 * i] * basis[0, j] + t[2 * i + 1] * basis[1, j]


@_compiled
def _tidy(f: NDArray[np.int64], s: NDArray[np.int64], metric: NDArray[np.float64]) -> None:
    """Change both supercells alike so that they are right-handed and the substrate's is reduced."""
    if s[0] * s[3] - s[1] * s[2] < 0:
        f[2:] *= -1
        s[2:] *= -1
    t0, t1, t2, t3, _, _ = _reduce(s[0], s[1], s[2], s[3], metric[0], metric[1], metric[2])
    n = s[0] * s[3] - s[1] * s[2]
    l0, l1 = (t0 * s[3] - t1 * s[2]) // n, (t1 * s[0] - t0 * s[1]) // n
    l2, l3 = (t2 * s[3] - t3 * s[2]) // n, (t3 * s[0] - t2 * s[1]) // n
    if t0 < 0 or (t0 == 0 and t1 < 0):
        l0, l1, l2, l3 = -l0, -l1, -l2, -l3
    for m in (f, s):
        m0, m1, m2, m3 = m[0], m[1], m[2], m[3]
        m[0], m[1] = l0 * m0 + l1 * m2, l0 * m1 + l1 * m3
        m[2], m[3] = l2 * m0 + l3 * m2, l2 * m1 + l3 * m3


@_compiled
def standardise(
    integers: NDArray[np.int64],
    film_basis: NDArray[np.float64],
    film_operations: NDArray[np.int64],
    substrate_basis: NDArray[np.float64],
    substrate_operations: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Replace each match by the member of its orbit with the smallest rotation, in place.

    Parameters
    ----------
    integers : (m, 9) array
        From `search_pair`; its transforms are overwritten.
    film_basis, substrate_basis : (2, 2) arrays
        Plane lattice vectors in the plane's own frame, rows, Å.
    film_operations, substrate_operations : (n, 4) integer arrays
        Point operations of each face.

    Returns
    -------
    (m, 4) array
        Rotation in degrees, then e_xx, e_xy, e_yy of U − 1 in the film's plane frame.
    """
    out = np.empty((len(integers), 4))
    signs = _signs(film_operations), _signs(substrate_operations)
    f, s, best = np.empty(4, np.int64), np.empty(4, np.int64), np.empty(8, np.int64)
    fv, sv = np.empty((2, 2)), np.empty((2, 2))
    metric = np.array(
        [
            substrate_basis[0, 0] ** 2 + substrate_basis[0, 1] ** 2,
            substrate_basis[0, 0] * substrate_basis[1, 0]
            + substrate_basis[0, 1] * substrate_basis[1, 1],
            substrate_basis[1, 0] ** 2 + substrate_basis[1, 1] ** 2,
        ]
    )
    for row in range(len(integers)):
        smallest = np.inf
        for i in range(len(film_operations)):
            _times(integers[row, :4], film_operations[i], f)
            _vectors(f, film_basis, fv)
            for j in range(len(substrate_operations)):
                if signs[0][i] != signs[1][j]:
                    continue
                _times(integers[row, 4:8], substrate_operations[j], s)
                _vectors(s, substrate_basis, sv)
                f00, f01, f10, f11 = _deformation(fv, sv)
                angle = np.degrees(np.arctan2(f10 - f01, f00 + f11))
                size = abs(angle) - (1e-9 if angle > 0 else 0.0)
                if size < smallest - 1e-10:
                    smallest = size
                    best[:4] = f
                    best[4:] = s
                    out[row, 0] = angle
        f[:] = best[:4]
        s[:] = best[4:]
        _tidy(f, s, metric)
        integers[row, :4] = f
        integers[row, 4:8] = s
        _vectors(f, film_basis, fv)
        _vectors(s, substrate_basis, sv)
        f00, f01, f10, f11 = _deformation(fv, sv)
        cxx, cxy, cyy = f00 * f00 + f10 * f10, f00 * f01 + f10 * f11, f01 * f01 + f11 * f11
        root = f00 * f11 - f01 * f10
        scale = np.sqrt(cxx + cyy + 2 * root)
        out[row, 1] = (cxx + root) / scale - 1
        out[row, 2] = cxy / scale
        out[row, 3] = (cyy + root) / scale - 1
    return out
