"""In-plane registry: which shifts of the film are different, and how they are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.stack import plane_stack
from qdstruct.building.supercells import matched_transforms
from qdstruct.geometry import gauss_reduce, row_basis
from qdstruct.model import CoincidenceMatch, Phase

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["irreducible_shifts", "registry_cell", "shift_cell", "shift_grid"]


def registry_cell(film: Phase, substrate: Phase, match: CoincidenceMatch) -> NDArray[np.float64]:
    """Return the irreducible cell of in-plane shifts of an interface as `build_interface` makes it.

    Parameters
    ----------
    film, substrate : Phase
        The two crystals of the match.
    match : CoincidenceMatch
        Which supercells coincide.

    Returns
    -------
    (2, 2) array
        Reduced vectors, rows in fractions of the built interface's cell vectors (which may come in
        another order than those of the match). Shifts of the film that differ by a vector of their
        lattice give the same interface.

    Raises
    ------
    BuildError
        If the match does not belong to the crystals.

    Notes
    -----
    The lattice is the one that the in-plane lattices of both crystals span together (the
    displacement-shift-complete lattice of W. Bollmann, Crystal Defects and Crystalline Interfaces,
    Springer 1970); its cell is smaller than the coincidence cell by the product of the numbers of
    primitive cells of both crystals, when these have no common factor.
    """
    stacks = plane_stack(film, match.film_hkl), plane_stack(substrate, match.substrate_hkl)
    above, below = matched_transforms(*stacks, match)
    cell = below @ stacks[1].vectors
    reduced, _ = gauss_reduce(_common_lattice(above, below) @ cell)
    return np.asarray(reduced @ np.linalg.inv(cell))


def shift_cell(match: CoincidenceMatch) -> NDArray[np.float64]:
    """Return the irreducible cell of in-plane shifts.

    A shift by a lattice vector of either surface restores the interface, so different shifts lie
    in one cell of the lattice that both primitive surface lattices span together.

    Returns
    -------
    (2, 2) array
        Its vectors in fractions of the coincidence cell vectors (rows).
    """
    return _common_lattice(match.film_transform, match.substrate_transform)


def _common_lattice(film: ArrayLike, substrate: ArrayLike) -> NDArray[np.float64]:
    """Return a basis of what two sublattices of one supercell span together, in its fractions.

    Both primitive lattices are sublattices of (1/D) times the coincidence lattice, D the product of
    the two determinants; integer row reduction of their four vectors leaves the basis.
    """
    transforms = [np.asarray(transform) for transform in (film, substrate)]
    counts = [round(abs(float(np.linalg.det(transform)))) for transform in transforms]
    denominator = counts[0] * counts[1]
    inverses = np.vstack([np.linalg.inv(transform) for transform in transforms])
    rows = np.rint(inverses * denominator).astype(np.int64)
    return np.asarray(row_basis(rows) / denominator, dtype=np.float64)


def shift_grid(
    match: CoincidenceMatch, cell: NDArray[np.float64], step: float
) -> NDArray[np.float64]:
    """Return a grid over the irreducible shift cell.

    Parameters
    ----------
    match : CoincidenceMatch
        The coincidence.
    cell : (2, 2) array
        Coincidence cell vectors, Å.
    step : float
        Grid spacing in Å, at most.

    Returns
    -------
    (n, 2) array
        Shifts in fractions of the coincidence cell vectors; the first is (0, 0).
    """
    small, _ = gauss_reduce(shift_cell(match) @ cell)
    counts = [max(1, int(np.ceil(np.linalg.norm(row) / step - 1e-9))) for row in small]
    a, b = (np.arange(count) / count for count in counts)
    grid = np.stack(np.meshgrid(a, b, indexing="ij"), axis=-1).reshape(-1, 2)
    return np.asarray((grid @ small @ np.linalg.inv(cell)) % 1.0)


def irreducible_shifts(
    film: Atoms, substrate: Atoms, basis: ArrayLike, grid: tuple[int, int]
) -> NDArray[np.int64]:
    """Return, for every shift of a grid, the first shift that gives the same interface.

    Parameters
    ----------
    film, substrate : Atoms
        The two halves of one interface, in its cell with vacuum.
    basis : (2, 2) array
        Vectors that the grid divides, rows in fractions of the cell (see `registry_cell`).
    grid : two integers
        Shifts (i/n₁, j/n₂) @ basis of the film, measured from where it is.

    Returns
    -------
    (n₁ n₂,) array
        Indices into the flattened grid; `np.unique` of it are the irreducible shifts.

    Notes
    -----
    An operation {R|a} of the substrate that keeps the normal, and {R|b} of the film with the same
    rotation part, carry the interface with the film at s onto the one with the film at
    R s + a − b. The two halves are searched as built (spglib, 1e-4 Å), so a strain that breaks an
    operation, a termination, or the stacking of the layers is taken into account, and pure
    translations of either half are among the operations. Only operations that carry the whole grid
    onto itself are used.
    """
    n_first, n_second = grid
    i, j = np.divmod(np.arange(n_first * n_second), n_second)
    shifts = np.stack([i / n_first, j / n_second], axis=1) @ np.asarray(basis, dtype=float)
    inverse = np.linalg.inv(np.asarray(basis, dtype=float))
    links: list[NDArray[np.int64]] = []
    for rotation, offset in _joint_operations(film, substrate):
        steps = (shifts @ rotation.T + offset) @ inverse * grid
        whole = np.rint(steps).astype(np.int64)
        if np.abs(steps - whole).max() < 1e-4:
            links.append(whole[:, 0] % n_first * n_second + whole[:, 1] % n_second)
    labels = np.arange(len(shifts))
    while True:
        lowest = np.min([labels, *(labels[link] for link in links)], axis=0)
        if (lowest == labels).all():
            return labels
        labels = lowest


def _joint_operations(
    film: Atoms, substrate: Atoms
) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Rotation part and shift of the film of every pair of operations that keep the interface."""
    above, below = _surface_operations(film), _surface_operations(substrate)
    return [
        (rotation, translation - other)
        for rotation, translation in below
        for same, other in above
        if (rotation == same).all()
    ]


def _surface_operations(atoms: Atoms) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Operations of a slab that keep heights, as (2, 2) rotations and (2,) translations."""
    import spglib

    cell = (np.asarray(atoms.cell), atoms.get_scaled_positions(), atoms.numbers)
    found = spglib.get_symmetry(cell, symprec=1e-4)
    if found is None:
        return [(np.eye(2, dtype=np.int64), np.zeros(2))]
    keeps = np.array([0, 0, 1])
    return [
        (np.asarray(rotation[:2, :2], dtype=np.int64), np.asarray(translation[:2]))
        for rotation, translation in zip(found["rotations"], found["translations"], strict=True)
        if (rotation[2] == keeps).all()
        and (rotation[:, 2] == keeps).all()
        and abs(translation[2] - np.rint(translation[2])) < 1e-5
    ]
