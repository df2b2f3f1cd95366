"""The level of the smoothed potential in the middle of each region of an interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from qdstruct.analysis.heights import cell_height, heights, outer_cut
from qdstruct.analysis.potential import layer_period, plateau
from qdstruct.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms
    from xarray import DataArray

__all__ = [
    "core_potential_level",
    "core_potential_levels",
    "region_extent",
    "region_periods",
    "region_plateaus",
    "slab_extent",
]


def region_extent(
    atoms: Atoms, regions: Sequence[str], region: str, axis: int = 2
) -> tuple[float, float]:
    """Return the heights of the lowest and highest atom of a region, Å; the upper may wrap.

    Raises
    ------
    InputError
        If the region has no atoms.
    """
    mask = np.array([name == region for name in regions])
    if not mask.any():
        raise InputError(f"there are no atoms of the region '{region}'")
    period, cut = cell_height(atoms, axis), outer_cut(atoms, regions, axis)
    z = (heights(atoms, axis)[mask] - cut) % period
    low = (float(z.min()) + cut) % period
    return low, low + float(np.ptp(z))


def region_periods(atoms: Atoms, regions: Sequence[str], axis: int = 2) -> tuple[float, ...]:
    """Return the layer repeat of substrate and film, found from the structure, Å.

    Raises
    ------
    InputError
        If a region shows no repeat.
    """
    names = [name for name in ("substrate", "film") if name in regions]
    return tuple(
        layer_period(atoms, [i for i, r in enumerate(regions) if r == name], axis) for name in names
    )


def region_plateaus(
    macroscopic: DataArray, atoms: Atoms, regions: Sequence[str], *, axis: int = 2
) -> dict[str, tuple[float, float]]:
    """Return region → (level, half its variation) in the middle half of each region, eV.

    Parameters
    ----------
    macroscopic : DataArray
        Macroscopic average over the periods of both materials.
    atoms : Atoms
        The interface.
    regions : sequence of str
        Region of each atom.
    """
    return {
        name: plateau(macroscopic, *region_extent(atoms, regions, name, axis))
        for name in ("substrate", "film")
    }


def slab_extent(atoms: Atoms, axis: int = 2) -> tuple[float, float]:
    """Return the heights of the lowest and highest atom of a slab, Å; the upper may wrap.

    The slab begins above the widest gap between atoms.
    """
    period, z = cell_height(atoms, axis), np.sort(heights(atoms, axis))
    gaps = np.diff(z, append=z[0] + period)
    low = float(z[(int(np.argmax(gaps)) + 1) % len(z)])
    return low, low + period - float(gaps.max())


def core_potential_level(
    potentials: ArrayLike,
    atoms: Atoms,
    regions: Sequence[str],
    region: str,
    element: str,
    *,
    axis: int = 2,
) -> tuple[float, float]:
    """Return (mean, half the range) of the core potential of one element in a region, eV.

    Only atoms in the middle half of the region count; they are bulk-like when the half range is
    small against the offsets of interest.

    Parameters
    ----------
    potentials : (N,) array-like
        Average electrostatic potential at each core.
    atoms, regions : Atoms, sequence of str
        The interface.
    region, element : str
        Whose cores serve as reference; present in both the bulk crystal and the interface.

    Raises
    ------
    InputError
        If the middle of the region holds no atom of the element.
    """
    values, z = np.asarray(potentials, dtype=np.float64), heights(atoms, axis)
    low, high = region_extent(atoms, regions, region, axis)
    inside, margin = (z - low) % cell_height(atoms, axis), (high - low) / 4
    wanted = np.array(list(regions)) == region
    wanted &= np.array(atoms.get_chemical_symbols()) == element
    wanted &= (inside >= margin - 1e-6) & (inside <= high - low - margin + 1e-6)
    if not wanted.any():
        raise InputError(
            f"the middle of the {region} holds no {element} atom",
            hint="choose another element, or calculate a thicker slab",
        )
    chosen = values[wanted]
    return float(chosen.mean()), float(np.ptp(chosen) / 2)


def core_potential_levels(
    potentials: ArrayLike,
    atoms: Atoms,
    regions: Sequence[str],
    elements: tuple[str, str],
    *,
    axis: int = 2,
) -> dict[str, tuple[float, float]]:
    """Return region → `core_potential_level` of one element each of (substrate, film)."""
    return {
        name: core_potential_level(potentials, atoms, regions, name, element, axis=axis)
        for name, element in zip(("substrate", "film"), elements, strict=True)
    }
