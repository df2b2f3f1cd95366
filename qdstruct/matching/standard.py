"""The compiled last step of the search: one description per match, and its measures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qdstruct.matching.kernel import compiled, divisor_sums, reduce_rows

__all__ = ["standardise"]


def standardise(
    integers: NDArray[np.int64],
    stretches: NDArray[np.float64],
    film_inverse: NDArray[np.float64],
    film_area: float,
    film_operations: NDArray[np.int64],
    substrate_basis: NDArray[np.float64],
    substrate_area: float,
    substrate_operations: NDArray[np.int64],
    max_area: float,
) -> NDArray[np.float64]:
    """Replace each match by the member of its orbit with the smallest rotation, in place.

    Parameters
    ----------
    integers : (m, 9) array
        From `search_pair`; its transforms are overwritten, and its last column becomes the number
        of further matches that are equivalent to the row or multiples of it within `max_area`.
    stretches : (m, 2) array
        From `search_pair`.
    film_inverse : (2, 2) array
        Inverse of the film's plane lattice vectors (rows) in the plane's own frame, 1/Å.
    substrate_basis : (2, 2) array
        Substrate plane lattice vectors in the plane's own frame, rows, Å.
    film_area, substrate_area : float
        Areas of the primitive plane cells, Å².
    film_operations, substrate_operations : (n, 4) integer arrays
        Point operations of each face.
    max_area : float
        Bound of the search, Å².

    Returns
    -------
    (m, 7) array
        Area on the substrate in Å², the two principal strains (larger magnitude first), rotation
        in degrees, then e_xx, e_xy, e_yy of U − 1 in the film's plane frame.
    """
    out = np.empty((len(integers), 7))
    multiples = np.cumsum(divisor_sums(int(max_area / max(film_area, substrate_area)) + 1))
    _standardise(
        integers, stretches, film_inverse, film_area, film_operations,
        substrate_basis, substrate_area, substrate_operations, max_area, multiples, out,
    )  # fmt: skip
    return out


@compiled
def _standardise(
    integers: NDArray[np.int64],
    stretches: NDArray[np.float64],
    inverse: NDArray[np.float64],
    film_area: float,
    u: NDArray[np.int64],
    b: NDArray[np.float64],
    substrate_area: float,
    w: NDArray[np.int64],
    max_area: float,
    multiples: NDArray[np.int64],
    out: NDArray[np.float64],
) -> None:
    """Choose, tidy and measure every match; F = (inverse · m · b)ᵀ for the rational map m."""
    gxx, gyy = b[0, 0] ** 2 + b[0, 1] ** 2, b[1, 0] ** 2 + b[1, 1] ** 2
    gxy = b[0, 0] * b[1, 0] + b[0, 1] * b[1, 1]
    for row in range(integers.shape[0]):
        m = integers[row]
        smallest, best_i, best_j = 1e9, 0, 0
        index = m[0] * m[3] - m[1] * m[2]
        area = (m[4] * m[7] - m[5] * m[6]) * substrate_area
        m[8] = m[8] * multiples[int(max_area / max(area, index * film_area) * (1 + 1e-9))] - 1
        larger, other = stretches[row, 0] - 1, stretches[row, 1] - 1
        if abs(other) > abs(larger):
            larger, other = other, larger
        out[row, 0], out[row, 1], out[row, 2] = area, larger, other
        m0, m1 = m[3] * m[4] - m[1] * m[6], m[3] * m[5] - m[1] * m[7]
        m2, m3 = m[0] * m[6] - m[2] * m[4], m[0] * m[7] - m[2] * m[5]
        for i in range(u.shape[0]):
            sign = u[i, 0] * u[i, 3] - u[i, 1] * u[i, 2]
            # the inverse operation on the map, sign times the adjugate
            p0, p1 = sign * (u[i, 3] * m0 - u[i, 1] * m2), sign * (u[i, 3] * m1 - u[i, 1] * m3)
            p2, p3 = sign * (u[i, 0] * m2 - u[i, 2] * m0), sign * (u[i, 0] * m3 - u[i, 2] * m1)
            for j in range(w.shape[0]):
                if sign != w[j, 0] * w[j, 3] - w[j, 1] * w[j, 2]:
                    continue
                f00, f01, f10, f11 = _deformation(
                    p0 * w[j, 0] + p1 * w[j, 2],
                    p0 * w[j, 1] + p1 * w[j, 3],
                    p2 * w[j, 0] + p3 * w[j, 2],
                    p2 * w[j, 1] + p3 * w[j, 3],
                    inverse,
                    b,
                    index,
                )
                angle = np.degrees(np.arctan2(f10 - f01, f00 + f11))
                size = abs(angle) - (1e-9 if angle > 0 else 0.0)
                if size >= smallest - 1e-10:
                    continue
                smallest, best_i, best_j = size, i, j
                out[row, 3] = angle if abs(angle) > 1e-10 else 0.0
                cxx, cxy, cyy = f00**2 + f10**2, f00 * f01 + f10 * f11, f01**2 + f11**2
                root = f00 * f11 - f01 * f10
                scale = np.sqrt(cxx + cyy + 2 * root)
                out[row, 4] = (cxx + root) / scale - 1
                out[row, 5] = cxy / scale
                out[row, 6] = (cyy + root) / scale - 1
        _apply(m, 0, u, best_i)
        _apply(m, 4, w, best_j)
        _tidy(m, gxx, gxy, gyy)


@compiled
def _deformation(
    m0: int,
    m1: int,
    m2: int,
    m3: int,
    inverse: NDArray[np.float64],
    b: NDArray[np.float64],
    index: int,
) -> tuple[float, float, float, float]:
    """Return F as (xx, xy, yx, yy) from the integer map of a film supercell of this index."""
    r00, r01 = m0 * b[0, 0] + m1 * b[1, 0], m0 * b[0, 1] + m1 * b[1, 1]
    r10, r11 = m2 * b[0, 0] + m3 * b[1, 0], m2 * b[0, 1] + m3 * b[1, 1]
    return (
        (inverse[0, 0] * r00 + inverse[0, 1] * r10) / index,
        (inverse[1, 0] * r00 + inverse[1, 1] * r10) / index,
        (inverse[0, 0] * r01 + inverse[0, 1] * r11) / index,
        (inverse[1, 0] * r01 + inverse[1, 1] * r11) / index,
    )


@compiled
def _apply(m: NDArray[np.int64], at: int, operations: NDArray[np.int64], i: int) -> None:
    """Multiply the 2 × 2 matrix at m[at:] from the right by operation i."""
    o0, o1, o2, o3 = operations[i, 0], operations[i, 1], operations[i, 2], operations[i, 3]
    for row in range(2):
        a, c = m[at + 2 * row], m[at + 2 * row + 1]
        m[at + 2 * row] = a * o0 + c * o2
        m[at + 2 * row + 1] = a * o1 + c * o3


@compiled
def _tidy(m: NDArray[np.int64], gxx: float, gxy: float, gyy: float) -> None:
    """Change both supercells alike so that they are right-handed and the substrate's is reduced."""
    if m[4] * m[7] - m[5] * m[6] < 0:
        m[2] *= -1
        m[3] *= -1
        m[6] *= -1
        m[7] *= -1
    s0, s1, s2, s3 = m[4], m[5], m[6], m[7]
    t0, t1, t2, t3, _, _ = reduce_rows(s0, s1, s2, s3, gxx, gxy, gyy)
    n = s0 * s3 - s1 * s2
    l0, l1 = (t0 * s3 - t1 * s2) // n, (t1 * s0 - t0 * s1) // n
    l2, l3 = (t2 * s3 - t3 * s2) // n, (t3 * s0 - t2 * s1) // n
    if t0 < 0 or (t0 == 0 and t1 < 0):
        l0, l1, l2, l3 = -l0, -l1, -l2, -l3
    for column in (0, 1, 4, 5):
        a, c = m[column], m[column + 2]
        m[column] = l0 * a + l1 * c
        m[column + 2] = l2 * a + l3 * c
