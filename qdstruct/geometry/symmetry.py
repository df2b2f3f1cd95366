"""Space groups through spglib, and what a space group leaves of itself on a plane."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import PhaseError
from qdstruct.geometry.planes import LatticePlane

if TYPE_CHECKING:
    from ase import Atoms
    from spglib import SpglibDataset

    _Cell = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]

__all__ = [
    "SpaceGroup",
    "conventional_axes",
    "normal_shifts",
    "plane_point_operations",
    "primitive_lattice",
    "space_group",
]

SYMMETRY_PRECISION = 1e-3
"""Å: how far an atom may lie from its image. Published coordinates carry three to five digits."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SpaceGroup:
    """The symmetry of a crystal in the axes of its own cell."""

    number: int
    """International Tables number."""
    symbol: str
    """Short Hermann–Mauguin symbol in the setting of the cell."""
    choice: str
    """Setting as spglib names it (axes permutation or origin choice), "" for the standard."""
    hall_number: int
    """1–530."""
    rotations: NDArray[np.int64]
    """(n, 3, 3) rotations acting on fractional coordinates (columns)."""
    translations: NDArray[np.float64]
    """(n, 3) in fractions of the cell."""
    equivalent_atoms: NDArray[np.int64]
    """(N,) index of the first atom of each atom's orbit."""

    @property
    def centring(self) -> str:
        """Lattice letter of the conventional cell: P, A, C, F, I or R."""
        return self.symbol[0]

    @property
    def is_primitive(self) -> bool:
        """Whether the cell holds one lattice point."""
        identities = (self.rotations == np.eye(3, dtype=np.int64)).all(axis=(1, 2))
        return int(identities.sum()) == 1


def _spglib_cell(atoms: Atoms) -> _Cell:
    return np.asarray(atoms.cell), atoms.get_scaled_positions(), atoms.numbers


def space_group(atoms: Atoms, precision: float = SYMMETRY_PRECISION) -> SpaceGroup:
    """Find the space group of a crystal.

    Parameters
    ----------
    atoms : Atoms
        Periodic in three directions.
    precision : float
        Distance tolerance in Å.

    Raises
    ------
    PhaseError
        If spglib finds no symmetry, which happens for overlapping atoms.
    """
    import spglib

    try:
        data = spglib.get_symmetry_dataset(_spglib_cell(atoms), symprec=precision)
    except spglib.SpglibError as error:
        data, reason = None, str(error)
    else:
        reason = "spglib found none"
    if data is None:
        raise PhaseError(
            f"no space group for {atoms.get_chemical_formula()}: {reason}",
            hint="overlapping atoms or a degenerate cell are the usual cause",
        )
    hall_number = _hall_number_of_setting(_spglib_cell(atoms), data, precision)
    kind = spglib.get_spacegroup_type(hall_number)
    return SpaceGroup(
        number=int(data.number),
        symbol=kind.international_short,
        choice=kind.choice,
        hall_number=hall_number,
        rotations=np.asarray(data.rotations, dtype=np.int64),
        translations=np.asarray(data.translations),
        equivalent_atoms=np.asarray(data.equivalent_atoms, dtype=np.int64),
    )


def conventional_axes(atoms: Atoms, precision: float = SYMMETRY_PRECISION) -> NDArray[np.float64]:
    """Return P such that the rows of ``P @ cell`` are the axes of the conventional cell.

    Parameters
    ----------
    atoms : Atoms
        Periodic in three directions, in any cell.
    precision : float
        Distance tolerance in Å.

    Returns
    -------
    (3, 3) array
        Whole numbers where the cell is primitive or conventional; fractions where it is a
        supercell. The crystal is not turned.

    Raises
    ------
    PhaseError
        If spglib finds no symmetry.

    Notes
    -----
    spglib's transformation matrix T takes (a b c) to the standard axes (a b c) T⁻¹, as columns;
    here axes are rows.
    """
    import spglib

    try:
        data = spglib.get_symmetry_dataset(_spglib_cell(atoms), symprec=precision)
    except spglib.SpglibError:
        data = None
    if data is None:
        raise PhaseError(
            f"no conventional cell for {atoms.get_chemical_formula()}: spglib found no symmetry",
            hint="overlapping atoms or a degenerate cell are the usual cause",
        )
    axes = np.linalg.inv(np.asarray(data.transformation_matrix)).T
    whole = np.rint(axes)
    return whole if np.allclose(axes, whole, atol=1e-4) else axes


def _hall_number_of_setting(cell: _Cell, data: SpglibDataset, precision: float) -> int:
    """Return the Hall number whose axes are those of `cell`; the standard's where none is."""
    import spglib

    if _same_axes(data.transformation_matrix):
        return int(data.hall_number)
    for hall_number in _settings_of(int(data.number)):
        try:
            other = spglib.get_symmetry_dataset(cell, precision, hall_number=hall_number)
        except spglib.SpglibError:
            continue
        if other is not None and _same_axes(other.transformation_matrix):
            return hall_number
    return int(data.hall_number)


@cache
def _settings_of(number: int) -> tuple[int, ...]:
    """Return the Hall numbers of all settings of a space group."""
    import spglib

    return tuple(n for n in range(1, 531) if spglib.get_spacegroup_type(n).number == number)


def _same_axes(transformation: NDArray[np.float64]) -> bool:
    return bool(np.allclose(np.abs(transformation), np.eye(3), atol=1e-4))


def primitive_lattice(
    atoms: Atoms, precision: float = SYMMETRY_PRECISION, *, group: SpaceGroup | None = None
) -> NDArray[np.float64]:
    """Return primitive lattice vectors in the Cartesian frame of `atoms`.

    Parameters
    ----------
    atoms : Atoms
        Periodic in three directions.
    precision : float
        Distance tolerance in Å.
    group : SpaceGroup, optional
        The space group of `atoms`, when it is known already.

    Returns
    -------
    (3, 3) array
        Right-handed rows in Å. Equal to the cell itself (up to reduction) when it is primitive.

    Notes
    -----
    The pure translations of the structure generate the lattice; three short independent ones
    that span the right volume are picked.
    """
    group = group or space_group(atoms, precision)
    cell = np.asarray(atoms.cell)
    pure = (group.rotations == np.eye(3, dtype=int)).all(axis=(1, 2))
    translations = group.translations[pure] % 1.0
    n_points = len(translations)
    if n_points == 1:
        return cell if np.linalg.det(cell) > 0 else -cell
    return _shortest_basis(cell, translations, abs(np.linalg.det(cell)) / n_points)


def _shortest_basis(
    cell: NDArray[np.float64], translations: NDArray[np.float64], volume: float
) -> NDArray[np.float64]:
    shifts = np.array([[i, j, k] for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1)])
    points = ((translations[:, None] + shifts[None]) @ cell).reshape(-1, 3)
    points = points[np.lexsort(np.rint(points.T * 1e6))]
    points = points[np.argsort(np.round(np.linalg.norm(points, axis=1), 6), kind="stable")][1:]
    first = points[0]
    for second in points[1:]:
        if np.linalg.norm(np.cross(first, second)) < 1e-3 * np.linalg.norm(first) ** 2:
            continue
        volumes = points @ np.cross(first, second)
        fits = np.flatnonzero(np.abs(np.abs(volumes) - volume) < 1e-3 * volume)
        if fits.size:
            third = points[fits[0]]
            basis = np.array([first, second, third])
            return basis if np.linalg.det(basis) > 0 else -basis
    raise PhaseError("the translations of this crystal do not form a lattice")


def plane_point_operations(
    atoms: Atoms, plane: LatticePlane, *, flip: bool = False, precision: float = SYMMETRY_PRECISION
) -> NDArray[np.int64]:
    """Return the crystal's point operations that keep a plane, acting on its in-plane basis.

    Parameters
    ----------
    atoms : Atoms
        The crystal.
    plane : LatticePlane
        The plane, from the same crystal.
    flip : bool
        False: operations that keep the direction of the normal (symmetry of one surface).
        True: also those that reverse it (symmetry of the layer, which swaps the two faces).
    precision : float
        Distance tolerance in Å.

    Returns
    -------
    (n, 2, 2) integer array
        Each W transforms row bases: ``W @ plane.vectors`` is the image of the basis. det(W) = −1
        for operations that act as a reflection within the plane.
    """
    group = space_group(atoms, precision)
    cell = np.asarray(atoms.cell)
    inverse = np.linalg.inv(cell)
    found = []
    for rotation in group.rotations:
        cartesian = cell.T @ rotation @ inverse.T
        direction = float(plane.normal @ cartesian @ plane.normal)
        if direction < 1 - 1e-6 and not (flip and direction < -1 + 1e-6):
            continue
        image = plane.vectors @ cartesian.T
        coefficients = np.linalg.lstsq(plane.vectors.T, image.T, rcond=None)[0].T
        found.append(np.rint(coefficients).astype(np.int64))
    return np.unique(np.array(found), axis=0)


def normal_shifts(
    atoms: Atoms, plane: LatticePlane, *, reverse: bool = False
) -> NDArray[np.float64]:
    """Return where the operations that keep or reverse a plane's normal move heights to.

    Parameters
    ----------
    atoms : Atoms
        The crystal.
    plane : LatticePlane
        The plane, from the same crystal.
    reverse : bool
        False: operations that keep the normal carry the height h to h + s. True: those that
        reverse it carry h to s − h.

    Returns
    -------
    (n,) array
        The different s in Å, 0 ≤ s < plane.spacing. Empty if no operation reverses the normal.
    """
    group = space_group(atoms)
    cell = np.asarray(atoms.cell)
    inverse = np.linalg.inv(cell)
    image = -plane.normal if reverse else plane.normal
    shifts = set() if reverse else {0.0}
    for rotation, translation in zip(group.rotations, group.translations, strict=True):
        if np.allclose(cell.T @ rotation @ inverse.T @ plane.normal, image, atol=1e-5):
            shifts.add(round(float(translation @ cell @ plane.normal) % plane.spacing, 6))
    return np.array(sorted(shifts))
