"""Do two freely rotated cubes overlap? The separating-axis test, compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["compiled", "cubes_overlap"]

Function = TypeVar("Function", bound=Callable[..., Any])

_PARALLEL = 1e-12
"""Added to direction cosines, so that the cross product of parallel edges never separates."""


def compiled(function: Function) -> Function:
    """Compile without the interpreter's lock; cache on disk where a cache folder can be written."""
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)  # type: ignore[no-any-return]
    except RuntimeError:
        return numba.njit(nogil=True, error_model="numpy")(function)  # type: ignore[no-any-return]


@compiled
def cubes_overlap(
    x: float, y: float, z: float, first: NDArray[np.float64], second: NDArray[np.float64]
) -> bool:
    """Tell whether two cubes of unit edge overlap.

    Two convex polyhedra are disjoint exactly when some face normal of either, or some cross
    product of an edge of each, is an axis on which their projections are disjoint; for boxes that
    makes 15 axes (Gottschalk, Lin and Manocha, SIGGRAPH 1996, p. 171).

    Parameters
    ----------
    x, y, z : float
        From the first centre to the second, in edge lengths.
    first, second : (3, 3) array
        Edge directions of each cube, rows, orthonormal.

    Returns
    -------
    bool
        True if they share volume; cubes closer than 10⁻¹² count as overlapping.
    """
    square = x * x + y * y + z * z
    if square >= 3.0:
        return False
    if square < 1.0:
        return True
    t0 = first[0, 0] * x + first[0, 1] * y + first[0, 2] * z
    t1 = first[1, 0] * x + first[1, 1] * y + first[1, 2] * z
    t2 = first[2, 0] * x + first[2, 1] * y + first[2, 2] * z
    t = (t0, t1, t2)
    r = np.empty((3, 3))
    a = np.empty((3, 3))
    for i in range(3):
        reach = 0.5
        for j in range(3):
            cosine = (
                first[i, 0] * second[j, 0] + first[i, 1] * second[j, 1] + first[i, 2] * second[j, 2]
            )
            r[i, j] = cosine
            a[i, j] = 0.5 * (abs(cosine) + _PARALLEL)
            reach += a[i, j]
        if abs(t[i]) > reach:
            return False
    for j in range(3):
        reach = 0.5 + a[0, j] + a[1, j] + a[2, j]
        if abs(t0 * r[0, j] + t1 * r[1, j] + t2 * r[2, j]) > reach:
            return False
    for i in range(3):
        i1, i2 = (i + 1) % 3, (i + 2) % 3
        for j in range(3):
            j1, j2 = (j + 1) % 3, (j + 2) % 3
            reach = a[i1, j] + a[i2, j] + a[i, j1] + a[i, j2]
            if abs(t[i2] * r[i1, j] - t[i1] * r[i2, j]) > reach:
                return False
    return True
