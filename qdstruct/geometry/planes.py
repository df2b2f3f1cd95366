"""Lattice planes by integer algebra: primitive in-plane vectors of any (hkl)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from math import gcd

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.errors import MatchError
from qdstruct.geometry.reduction import gauss_reduce, reciprocal_cell
from qdstruct.model.match import Miller

__all__ = [
    "LatticePlane",
    "lattice_plane",
    "miller_transform",
    "plane_basis",
    "plane_spacing",
    "reduce_miller",
]


def reduce_miller(hkl: ArrayLike) -> Miller:
    """Divide three integers by their greatest common divisor.

    Raises
    ------
    MatchError
        For (0, 0, 0), which names no plane, or for indices that are not integers.
    """
    values = np.asarray(hkl, dtype=float)
    integers = np.rint(values).astype(int)
    if values.shape != (3,) or not np.allclose(values, integers):
        raise MatchError(f"Miller indices are three integers, not {hkl!r}")
    divisor = reduce(gcd, (int(abs(i)) for i in integers))
    if divisor == 0:
        raise MatchError(
            "(0, 0, 0) is not a lattice plane", hint="give at least one index that is not zero"
        )
    h, k, l = (int(i) // divisor for i in integers)  # noqa: E741 - the crystallographer's letters
    return (h, k, l)


def plane_basis(hkl: ArrayLike) -> NDArray[np.int64]:
    """Return an integer basis of the lattice adapted to the plane (hkl).

    Parameters
    ----------
    hkl : three integers
        Coprime Miller indices in the lattice's own (primitive) basis.

    Returns
    -------
    (3, 3) integer array
        Determinant +1. Rows 0 and 1 span the plane (hkl · row = 0), row 2 is a step to the next
        lattice plane (hkl · row = 1).

    Notes
    -----
    Row operations reduce the column (h, k, l) to (0, 0, 1) as the Hermite normal form does; the
    recorded unimodular operations are the basis.
    """
    column = np.array(reduce_miller(hkl), dtype=np.int64)
    basis: NDArray[np.int64] = np.eye(3, dtype=np.int64)
    while np.count_nonzero(column) > 1:
        order = [i for i in np.argsort(np.abs(column), kind="stable") if column[i] != 0]
        pivot = order[0]
        for i in order[1:]:
            factor = column[i] // column[pivot]
            column[i] -= factor * column[pivot]
            basis[i] -= factor * basis[pivot]
    last = int(np.flatnonzero(column)[0])
    rows = [i for i in range(3) if i != last]
    basis = basis[[*rows, last]] * np.array([1, 1, column[last]])[:, None]
    if round(np.linalg.det(basis)) < 0:
        basis[[0, 1]] = basis[[1, 0]]
    return basis


def plane_spacing(cell: ArrayLike, hkl: ArrayLike) -> float:
    """Return d(hkl) = 1/|h a* + k b* + l c*| in Å, indices taken as given (not reduced)."""
    length = float(np.linalg.norm(np.asarray(hkl, dtype=float) @ reciprocal_cell(cell)))
    if length == 0:
        raise MatchError("(0, 0, 0) is not a lattice plane")
    return 1.0 / length


def miller_transform(hkl: ArrayLike, cell: ArrayLike, other: ArrayLike) -> Miller:
    """Return the coprime Miller indices, in the basis `other`, of the plane (hkl) of `cell`.

    Parameters
    ----------
    hkl : three integers
        Indices in `cell`.
    cell, other : (3, 3) arrays
        Two bases of one lattice or of commensurate lattices, rows in Å in one Cartesian frame.

    Raises
    ------
    MatchError
        If the plane is not a lattice plane of `other`: the two bases are not commensurate within
        a common denominator of 150.
    """
    covariant = np.asarray(other, dtype=float) @ (
        np.asarray(reduce_miller(hkl), dtype=float) @ reciprocal_cell(cell)
    )
    for factor in range(1, 151):
        scaled = covariant * factor
        if np.abs(scaled - np.rint(scaled)).max() < 1e-4 * factor**0.5:
            return reduce_miller(np.rint(scaled))
    raise MatchError(f"the plane {tuple(np.asarray(hkl))} has no integer indices in the other cell")


@dataclass(frozen=True, kw_only=True, eq=False)
class LatticePlane:
    """One set of lattice planes of a crystal, with its primitive in-plane lattice."""

    hkl: Miller
    """Coprime Miller indices in the cell of the crystal's file."""
    vectors: NDArray[np.float64]
    """(2, 3) reduced primitive in-plane vectors, Cartesian in the crystal frame, Å; a × b points
    along `normal`."""
    step: NDArray[np.float64]
    """(3,) lattice vector to the next lattice plane along +normal, Å."""
    normal: NDArray[np.float64]
    """(3,) unit vector along h a* + k b* + l c*."""
    spacing: float
    """Distance between neighbouring lattice planes of the primitive lattice, Å."""

    @property
    def area(self) -> float:
        """Area of the primitive in-plane cell, Å²."""
        return float(np.linalg.norm(np.cross(self.vectors[0], self.vectors[1])))

    @property
    def frame(self) -> NDArray[np.float64]:
        """(3, 3) rotation: ``crystal_vectors @ frame.T`` has x along a and z along the normal."""
        x = self.vectors[0] / np.linalg.norm(self.vectors[0])
        return np.array([x, np.cross(self.normal, x), self.normal])

    @property
    def planar(self) -> NDArray[np.float64]:
        """(2, 2) the in-plane vectors in the plane's own frame: rows (a, 0) and (b_x, b_y > 0)."""
        return np.asarray((self.vectors @ self.frame.T)[:, :2])


def lattice_plane(cell: ArrayLike, primitive: ArrayLike, hkl: ArrayLike) -> LatticePlane:
    """Find the primitive in-plane lattice of the plane (hkl).

    Parameters
    ----------
    cell : (3, 3) array
        The cell to which the Miller indices refer, rows in Å.
    primitive : (3, 3) array
        Primitive vectors of the same lattice in the same Cartesian frame.
    hkl : three integers
        Miller indices in `cell`; a common factor is divided out.

    Raises
    ------
    MatchError
        For (0, 0, 0) or indices that are not integers.
    """
    indices = reduce_miller(hkl)
    primitive_vectors = np.asarray(primitive, dtype=float)
    reciprocal_vector = np.asarray(indices, dtype=float) @ reciprocal_cell(cell)
    normal = reciprocal_vector / np.linalg.norm(reciprocal_vector)
    basis = plane_basis(miller_transform(indices, cell, primitive_vectors)) @ primitive_vectors
    vectors, _ = gauss_reduce(basis[:2])
    if np.cross(vectors[0], vectors[1]) @ normal < 0:
        vectors = vectors[[0, 1]] * np.array([[1.0], [-1.0]])
        vectors, _ = gauss_reduce(vectors)
    step = basis[2] if basis[2] @ normal > 0 else -basis[2]
    in_plane = np.linalg.lstsq(vectors.T, step - (step @ normal) * normal, rcond=None)[0]
    step = step - np.rint(in_plane) @ vectors
    return LatticePlane(
        hkl=indices,
        vectors=vectors,
        step=step,
        normal=normal,
        spacing=float(step @ normal),
    )
