"""Charge that moves when two crystals touch: ρ(AB) − ρ(A) − ρ(B) along the normal."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.analysis.heights import cell_area, cell_height, outer_cut
from qdstruct.errors import InputError, OutputError
from qdstruct.model import ChargeDifference, Grid
from qdstruct.model.electronic import AveragedGrid

if TYPE_CHECKING:
    from ase import Atoms
    from xarray import DataArray

__all__ = [
    "charge_difference",
    "difference_grid",
    "displaced_charge",
    "match_atoms",
    "part_regions",
]

POSITION_TOLERANCE = 2e-3
"""Å by which an atom of a part may lie off its place in the whole (files print six digits)."""
CELL_TOLERANCE = 1e-4
"""Å by which the cell vectors may differ."""
CHARGE_TOLERANCE = 0.5
"""Electrons by which the integrals may disagree before the files cannot belong together."""


def charge_difference(
    whole: Grid | AveragedGrid,
    film: Grid | AveragedGrid,
    substrate: Grid | AveragedGrid,
    *,
    interface_height: float,
    others: Mapping[str, Grid | AveragedGrid] = MappingProxyType({}),
    sources: tuple[str, ...] | None = None,
    axis: int = 2,
) -> ChargeDifference:
    """Subtract the densities of the parts from that of the interface, averaged over planes.

    With Δρ̄(z) the planar average, the charge displaced below z is A ∫ Δρ̄ dz from the middle of
    the vacuum (or of the second interface) up to z; the integral is done term by term on the
    Fourier series of the profile, so it is exact for the density the grid holds. Electrons that
    crossed the interface plane into the film are the integral from that plane upwards.

    Parameters
    ----------
    whole, film, substrate : Grid or AveragedGrid
        Charge densities in electrons/Å³ on the same grid of the same cell; the atoms of the two
        parts together are the atoms of the whole, at the same places. Their planar averages alone
        (`qdstruct.outputs.read_averaged_grid`) give the same result in constant memory.
    interface_height : float
        Height of the interface plane along the normal, Å.
    others : mapping
        Name → density of every further part, for example the ligand layer; what lies above the
        interface plane counts with the film.
    sources : tuple of str, optional
        Names of the files for the record; the grids' own sources by default.
    axis : int
        Cell vector that crosses the interface.

    Raises
    ------
    OutputError
        If the grids are not commensurate, with the reason: different cell, grid, origin,
        atoms, or numbers of electrons that cannot belong together.
    """
    from xarray import DataArray

    parts = {"film": film, "substrate": substrate, **others}
    regions = part_regions(whole, parts)
    period, area = cell_height(whole.atoms, axis), cell_area(whole.atoms, axis)
    average = _planar(whole, axis)
    for part in parts.values():
        average = average - _planar(part, axis)
    grids = (whole, *parts.values())
    cut = outer_cut(whole.atoms, regions, axis) - period
    plane = cut + (interface_height - cut) % period
    count = len(average)
    index = np.arange(count) + int(np.ceil(cut / period * count))
    z = index * period / count
    displaced = area * displaced_charge(average, period, cut, np.append(z, [plane, cut + period]))
    coordinates = {"z": ("z", z, {"unit": "Å"})}

    def profile(values: NDArray[np.float64], unit: str, name: str) -> DataArray:
        return DataArray(values, dims=("z",), coords=coordinates, attrs={"unit": unit}, name=name)

    return ChargeDifference(
        profile=profile(average[index % count], "electrons/Å³", "charge_difference"),
        displaced=profile(displaced[:count], "electrons", "displaced_charge"),
        transferred=float(displaced[-1] - displaced[-2]),
        interface_height=float(plane),
        area=area,
        integral=float(displaced[-1]),
        n_electrons=tuple(grid.integral for grid in grids),
        sources=sources or tuple(grid.source for grid in grids),
    )


def displaced_charge(
    profile: NDArray[np.float64], period: float, start: float, z: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Integrate a periodic profile from `start` to each of `z`, exactly for its Fourier series.

    Parameters
    ----------
    profile : (n,) array
        Samples at 0, period/n, 2·period/n, ….
    period : float
        Repeat distance, Å.
    start : float
        Lower limit, Å.
    z : (m,) array
        Upper limits, Å.

    Returns
    -------
    (m,) array
        In the unit of `profile` times Å.
    """
    count = len(profile)
    coefficients = np.fft.rfft(profile) / count
    terms = np.arange(1, (count + 1) // 2)
    wave = 2j * np.pi * terms / period
    phases = np.exp(np.multiply.outer(z, wave)) - np.exp(start * wave)
    oscillating = 2 * (phases @ (coefficients[terms] / wave)).real
    return np.asarray(coefficients[0].real * (z - start) + oscillating, dtype=np.float64)


def difference_grid(whole: Grid, parts: Mapping[str, Grid]) -> Grid:
    """Return Δρ on the whole grid, electrons/Å³, for three-dimensional pictures.

    Parameters
    ----------
    whole : Grid
        Density of the interface.
    parts : mapping
        Region (``film``, ``substrate``, ``ligand``, …) → its density alone.

    Returns
    -------
    Grid
        Its atoms carry the ``region`` of each part.

    Raises
    ------
    OutputError
        As `charge_difference`.
    """
    regions = part_regions(whole, parts)
    values = whole.values.copy()
    for part in parts.values():
        values -= part.values
    atoms = whole.atoms.copy()
    atoms.set_array("region", np.array(regions))
    source = " − ".join([whole.source, *(part.source for part in parts.values())])
    return Grid(values=values, atoms=atoms, quantity="charge density", source=source)


def match_atoms(
    whole: Atoms, part: Atoms, *, tolerance: float = POSITION_TOLERANCE
) -> NDArray[np.int64]:
    """Return the index in `whole` of each atom of `part`; −1 where none lies at its place.

    Parameters
    ----------
    whole, part : Atoms
        In the same cell.
    tolerance : float
        Å by which an atom may lie off its place.
    """
    cell = np.asarray(whole.cell)
    fractions = whole.get_scaled_positions(wrap=False)
    symbols = np.array(whole.get_chemical_symbols())
    found = np.full(len(part), -1, dtype=np.int64)
    free = np.ones(len(whole), dtype=bool)
    for i, (symbol, place) in enumerate(
        zip(part.get_chemical_symbols(), part.get_scaled_positions(wrap=False), strict=True)
    ):
        apart = fractions - place
        distance = np.linalg.norm((apart - np.round(apart)) @ cell, axis=1)
        distance[(symbols != symbol) | ~free] = np.inf
        best = int(np.argmin(distance))
        if distance[best] <= tolerance:
            found[i] = best
            free[best] = False
    return found


def _planar(grid: Grid | AveragedGrid, axis: int) -> NDArray[np.float64]:
    if isinstance(grid, Grid):
        return np.asarray(grid.values.mean(axis=tuple({0, 1, 2} - {axis})), dtype=np.float64)
    if grid.axis != axis:
        raise InputError(
            f"{grid.source} was averaged along cell vector {grid.axis}, not along {axis}"
        )
    return np.asarray(grid.profile, dtype=np.float64)


def _shape(grid: Grid | AveragedGrid) -> tuple[int, ...]:
    return grid.values.shape if isinstance(grid, Grid) else grid.shape


def part_regions(whole: Grid | AveragedGrid, parts: Mapping[str, Grid | AveragedGrid]) -> list[str]:
    """Return the part to which each atom of the whole belongs, or refuse with the reason.

    Raises
    ------
    OutputError
        As `charge_difference`.
    """
    for grid in (whole, *parts.values()):
        if grid.quantity != "charge density":
            raise InputError(f"{grid.source}: holds a {grid.quantity}, a charge density is needed")
    regions = [""] * len(whole.atoms)
    for name, part in parts.items():
        _check_same_grid(whole, part)
        _assign(regions, name, whole, part)
    missing = [i for i, region in enumerate(regions) if not region]
    if missing:
        symbol = whole.atoms[missing[0]].symbol
        raise OutputError(
            f"{len(missing)} atoms of {whole.source} belong to no part (the first is atom "
            f"{missing[0] + 1}, {symbol})",
            hint=f"{', '.join(parts)} must together hold every atom of the interface",
        )
    electrons = [part.integral for part in parts.values()]
    surplus = whole.integral - sum(electrons)
    if abs(surplus) > CHARGE_TOLERANCE:
        listed = " + ".join(f"{count:.3f}" for count in electrons)
        raise OutputError(
            f"the interface holds {whole.integral:.3f} electrons, its parts {listed}: "
            f"{surplus:+.3f} too many",
            hint="were different POTCARs or charges used in the calculations?",
        )
    return regions


def _check_same_grid(whole: Grid | AveragedGrid, part: Grid | AveragedGrid) -> None:
    if _shape(part) != _shape(whole):
        raise OutputError(
            f"{part.source} has a grid of {_times(part)} points, {whole.source} one of "
            f"{_times(whole)}",
            hint="set NGXF, NGYF and NGZF of the parts to those of the interface",
        )
    apart = np.abs(np.asarray(part.atoms.cell) - np.asarray(whole.atoms.cell)).max()
    if apart > CELL_TOLERANCE:
        raise OutputError(
            f"{part.source} has another cell than {whole.source} (cell vectors differ by up to "
            f"{apart:.4f} Å)",
            hint="the parts must be calculated in the cell of the interface, ISIF = 2",
        )


def _assign(
    regions: list[str], name: str, whole: Grid | AveragedGrid, part: Grid | AveragedGrid
) -> None:
    found = match_atoms(whole.atoms, part.atoms)
    lost = np.flatnonzero(found < 0)
    if lost.size:
        shift = _common_shift(whole.atoms, part.atoms)
        reason = (
            f"all its atoms are shifted by ({shift[0]:.3f}, {shift[1]:.3f}, {shift[2]:.3f}) Å: "
            "another origin"
            if shift is not None
            else f"atom {lost[0] + 1} ({part.atoms[int(lost[0])].symbol}) has no counterpart there"
        )
        raise OutputError(
            f"{part.source} does not hold a part of the structure of {whole.source}: {reason}",
            hint="take the atoms of the parts from the relaxed interface and do not relax them",
        )
    for i in found:
        if regions[i]:
            raise OutputError(
                f"atom {i + 1} of {whole.source} is in two parts",
                hint="the parts must not share atoms",
            )
        regions[i] = name


def _common_shift(whole: Atoms, part: Atoms) -> NDArray[np.float64] | None:
    """Return the translation that puts `part` onto atoms of `whole`; None if there is none."""
    same = [i for i, s in enumerate(whole.get_chemical_symbols()) if s == part[0].symbol]
    for i in same:
        shift = whole.positions[i] - part.positions[0]
        moved = part.copy()
        moved.translate(shift)
        if (match_atoms(whole, moved) >= 0).all():
            return np.asarray(-shift, dtype=np.float64)
    return None


def _times(grid: Grid | AveragedGrid) -> str:
    return " × ".join(str(n) for n in _shape(grid))
