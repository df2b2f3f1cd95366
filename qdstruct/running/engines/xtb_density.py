"""The valence density of GFN1-xTB on a grid: ρ(r) = Σ P_μν φ_μ(r) φ_ν(r) with Γ-point functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from qdstruct.running.engines.xtb_basis import Shell, angular, element_shells
from qdstruct.running.vaspfiles.inputs import PoscarStructure

__all__ = ["basis_values", "density_on_grid"]

FloatArray = NDArray[np.float64]
_BLOCK_BYTES = 96_000_000
_TABLE_STEP = 0.002
"""Å between the points at which radial functions are tabulated."""


def density_on_grid(
    supercell: PoscarStructure,
    repeats: tuple[int, int, int],
    density_matrix: FloatArray,
    grid: tuple[int, int, int],
) -> FloatArray:
    """Return the density in the unit cell of which `supercell` holds `repeats`.

    Parameters
    ----------
    supercell : PoscarStructure
        Atoms of the Γ-point calculation.
    repeats : (3,) int
        Unit cells along each vector.
    density_matrix : (B, B) array
        P, in tblite's order of functions.
    grid : (nx, ny, nz)
        Grid of the unit cell.

    Returns
    -------
    (nx, ny, nz) array
        electrons/Å³. Its mean times the cell's volume is the number of electrons up to the error
        of the grid, which is not corrected.
    """
    density = np.empty(grid)
    n_functions = len(density_matrix)
    planes = max(1, _BLOCK_BYTES // (8 * n_functions * grid[0] * grid[1]))
    for first in range(0, grid[2], planes):
        last = min(first + planes, grid[2])
        values = basis_values(supercell, repeats, grid, (first, last))
        flat = values.reshape(n_functions, -1)
        block = np.einsum("bp,bp->p", flat, density_matrix @ flat)
        density[:, :, first:last] = block.reshape(grid[0], grid[1], last - first)
    return density


def basis_values(
    supercell: PoscarStructure,
    repeats: tuple[int, int, int],
    grid: tuple[int, int, int],
    planes: tuple[int, int],
) -> FloatArray:
    """Return (B, nx, ny, planes) values of every Γ-point function on planes of the unit cell."""
    functions = [element_shells(symbol) for symbol in supercell.symbols]
    count = sum(2 * shell.momentum + 1 for shells in functions for shell in shells)
    values = np.zeros((count, grid[0], grid[1], planes[1] - planes[0]))
    cell = supercell.cell / np.array(repeats)[:, None]
    first = 0
    for scaled, shells in zip(supercell.scaled, functions, strict=True):
        size = sum(2 * shell.momentum + 1 for shell in shells)
        place = values[first : first + size]
        reach = max(shell.reach() for shell in shells)
        centre = scaled * np.array(repeats)
        for image, box in _images(centre, repeats, cell, reach, grid, planes):
            _add(place, shells, image, box, cell, grid, planes[0], reach)
        first += size
    return values


def _images(
    centre: FloatArray,
    repeats: tuple[int, int, int],
    cell: FloatArray,
    reach: float,
    grid: tuple[int, int, int],
    planes: tuple[int, int],
) -> Iterator[tuple[FloatArray, list[tuple[int, int]]]]:
    """Yield every periodic image near the block, with the range of grid indices it reaches."""
    spread = reach * np.linalg.norm(np.linalg.inv(cell), axis=0)
    limits = [(0, grid[0]), (0, grid[1]), planes]
    turns = []
    for x, s, n, m, (low, high) in zip(centre, spread, repeats, grid, limits, strict=True):
        lowest = int(np.ceil((low / m - s - x) / n))
        highest = int(np.floor(((high - 1) / m + s - x) / n))
        turns.append(range(lowest, highest + 1))
    for turn in product(*turns):
        image = centre + np.array(turn) * np.array(repeats)
        box = [
            (max(low, int(np.ceil((x - s) * m))), min(high, int(np.floor((x + s) * m)) + 1))
            for x, s, m, (low, high) in zip(image, spread, grid, limits, strict=True)
        ]
        if all(low < high for low, high in box):
            yield image, box


def _add(
    place: FloatArray,
    shells: Sequence[Shell],
    centre: FloatArray,
    box: list[tuple[int, int]],
    cell: FloatArray,
    grid: tuple[int, int, int],
    first_plane: int,
    reach: float,
) -> None:
    """Add the functions of one image of an atom on its box of grid points."""
    away = [
        np.arange(low, high) / m - x for (low, high), m, x in zip(box, grid, centre, strict=True)
    ]
    x, y, z = (
        away[0][:, None, None] * cell[0, i]
        + away[1][None, :, None] * cell[1, i]
        + away[2][None, None, :] * cell[2, i]
        for i in range(3)
    )
    r = np.sqrt(x * x + y * y + z * z)
    inside = r < reach
    if not inside.any():
        return
    near = r[inside]
    mesh = np.arange(0.0, reach + _TABLE_STEP, _TABLE_STEP)
    where = (
        slice(*box[0]), slice(*box[1]), slice(box[2][0] - first_plane, box[2][1] - first_plane)
    )  # fmt: skip
    row = 0
    for shell in shells:
        radial = np.interp(near, mesh, shell.radial(mesh))
        for harmonic in angular(shell.momentum, x[inside], y[inside], z[inside]):
            place[row][where][inside] += radial * harmonic
            row += 1
