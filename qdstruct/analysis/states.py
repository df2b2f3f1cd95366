"""Where single states live: band-decomposed densities (PARCHG) by region, overlap, sections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.analysis.charge import displaced_charge
from qdstruct.analysis.heights import cell_height, interface_height, outer_cut
from qdstruct.errors import InputError
from qdstruct.model import Grid

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["cross_section", "density_overlap", "region_fractions"]


def region_fractions(grid: Grid, regions: Sequence[str], *, axis: int = 2) -> dict[str, float]:
    """Return which fraction of a density lies in the substrate and which in the film.

    The cell is cut at the interface plane (midway between the facing atomic planes) and in the
    middle of the vacuum (or of the second interface). For the density of one state the larger
    fraction says where its electron is: the initial and final states of a charge transfer.

    Parameters
    ----------
    grid : Grid
        A density, for example from PARCHG.
    regions : sequence of str
        Region of each atom; ligands count as film.
    axis : int
        Cell vector that crosses the interface.

    Returns
    -------
    dict
        ``substrate`` and ``film``; the two add up to 1.

    Raises
    ------
    InputError
        If the density integrates to nothing.
    """
    total = grid.integral
    if not total > 0:
        raise InputError(f"{grid.source}: this density integrates to {total:.3g} electrons")
    period = cell_height(grid.atoms, axis)
    others = tuple({0, 1, 2} - {axis})
    profile = grid.values.mean(axis=others)
    start = outer_cut(grid.atoms, regions, axis) - period
    plane = start + (interface_height(grid.atoms, regions, axis) - start) % period
    below = float(displaced_charge(profile, period, start, np.array([plane]))[0])
    below *= float(grid.atoms.cell.volume) / period / total
    return {"substrate": below, "film": 1.0 - below}


def density_overlap(first: Grid, second: Grid) -> float:
    """Return the overlap of two densities, ∫√(ρ₁ρ₂) dr / √(∫ρ₁ ∫ρ₂), between 0 and 1.

    It is 1 for equal shapes and bounds the overlap of the two states from above: electron and hole
    densities with a small value recombine slowly.

    Raises
    ------
    InputError
        If the grids differ or a density is nowhere positive.
    """
    same_cell = np.allclose(np.asarray(first.atoms.cell), np.asarray(second.atoms.cell), atol=1e-3)
    if first.values.shape != second.values.shape or not same_cell:
        raise InputError(f"{first.source} and {second.source} have different grids or cells")
    a, b = np.clip(first.values, 0, None), np.clip(second.values, 0, None)
    norm = float(np.sqrt(a.sum() * b.sum()))
    if norm == 0:
        raise InputError("a density that is nowhere positive overlaps with nothing")
    return float(np.sqrt(a * b).sum() / norm)


def cross_section(grid: Grid, axis: int, fraction: float) -> DataArray:
    """Return one plane of a grid, interpolated between its two neighbouring grid planes.

    Parameters
    ----------
    grid : Grid
        The field.
    axis : {0, 1, 2}
        Cell vector that leaves the plane.
    fraction : float
        Position along that vector, in fractions of it (periodic).

    Returns
    -------
    DataArray
        dims (u, v): the two other cell vectors, in the order in which they follow `axis`
        cyclically; coordinates in Å along each vector.
    """
    from xarray import DataArray

    if axis not in (0, 1, 2):
        raise InputError(f"axis {axis} does not exist", hint="choose 0, 1 or 2 (a, b or c)")
    count = grid.values.shape[axis]
    place = fraction % 1.0 * count
    lower = int(place) % count
    weight = place - int(place)
    plane = (1 - weight) * grid.values.take(lower, axis=axis)
    plane = plane + weight * grid.values.take((lower + 1) % count, axis=axis)
    u, v = (axis + 1) % 3, (axis + 2) % 3
    if u > v:
        plane = plane.T
    lengths = grid.atoms.cell.lengths()
    coordinates = {
        name: (name, np.arange(n) / n * lengths[k], {"unit": "Å"})
        for name, k, n in (("u", u, plane.shape[0]), ("v", v, plane.shape[1]))
    }
    return DataArray(
        plane,
        dims=("u", "v"),
        coords=coordinates,
        name=grid.quantity,
        attrs={"axis": axis, "fraction": fraction % 1.0, "source": grid.source},
    )
