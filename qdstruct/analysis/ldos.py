"""The density of states along the normal: a map, and zones near to and far from the interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.analysis.densities import broadened, spin_summed
from qdstruct.analysis.heights import cell_height, heights, interface_height, outer_cut
from qdstruct.errors import InputError
from qdstruct.model import ProjectedDos

if TYPE_CHECKING:
    from ase import Atoms
    from xarray import DataArray

__all__ = ["dos_map", "region_zones"]

INTERFACE_DEPTH = 4.0
"""Å from the facing atoms within which atoms count as interface layers (and as surface layers)."""


def dos_map(
    projected: ProjectedDos,
    *,
    step: float = 0.25,
    width: float = 0.8,
    broadening: float = 0.0,
    window: tuple[float, float] = (-8.0, 8.0),
    axis: int = 2,
) -> DataArray:
    """Spread the DOS of every atom over a Gaussian in height: the local DOS along the normal.

    Parameters
    ----------
    projected : ProjectedDos
        The DOS.
    step : float
        Å between heights, made to fit the cell.
    width : float
        Standard deviation of the Gaussian, Å.
    broadening : float
        Standard deviation in eV of an additional broadening in energy.
    window : (float, float)
        Energies kept, eV relative to the Fermi level.
    axis : int
        Cell vector along the normal.

    Returns
    -------
    DataArray
        States/(eV Å), dims (z, energy), periodic in z; its sum over z times the step is the
        projected DOS of the cell.

    Raises
    ------
    InputError
        If a width or step is not positive.
    """
    from xarray import DataArray

    if not (step > 0 and width > 0):
        raise InputError("the map of the density of states needs a positive step and width")
    period, z = cell_height(projected.atoms, axis), heights(projected.atoms, axis)
    count = max(round(period / step), 4)
    grid = np.arange(count) * period / count
    apart = (grid[:, None] - z + period / 2) % period - period / 2
    weight = np.exp(-0.5 * (apart / width) ** 2)
    weight /= weight.sum(axis=0) * (period / len(grid))
    energy = np.asarray(projected.projected["energy"]) - projected.fermi_level
    shown = (energy >= window[0]) & (energy <= window[1])
    table = DataArray(
        weight @ np.asarray(spin_summed(projected).sum("orbital")),
        dims=("z", "energy"),
        coords={
            "z": ("z", grid, {"unit": "Å"}),
            "energy": ("energy", energy, {"unit": "eV", "reference": "Fermi level"}),
        },
        attrs={
            "unit": "states/(eV Å)",
            "width": width,
            "height": period,
            "source": projected.source,
            "broadening": broadening,
        },
        name="local_dos",
    )
    table = broadened(table, broadening) if broadening else table
    return table[:, shown]


def region_zones(
    atoms: Atoms, regions: Sequence[str], *, depth: float = INTERFACE_DEPTH, axis: int = 2
) -> dict[str, NDArray[np.int64]]:
    """Divide film and substrate into interface layers, bulk-like core and outer layers.

    Parameters
    ----------
    atoms, regions : Atoms, sequence of str
        The interface and the region of each atom.
    depth : float
        Å: atoms that are no farther from the region's atom nearest to the interface are interface
        layers, those no farther from its outermost atom are outer layers (surface, or second
        interface of a periodic stack).
    axis : int
        Cell vector along the normal.

    Returns
    -------
    dict
        ``film, interface``, ``film, core``, ``film, outer`` and the same of the substrate, from the
        bottom up, empty ones left out; other regions whole under their own name.

    Raises
    ------
    InputError
        If film or substrate has no atoms.
    """
    interface_height(atoms, regions, axis)
    names = np.asarray(list(regions))
    period, cut = cell_height(atoms, axis), outer_cut(atoms, regions, axis)
    above = (heights(atoms, axis) - cut) % period
    zones: dict[str, NDArray[np.int64]] = {}
    for region in ("substrate", "film"):
        members = np.flatnonzero(names == region)
        if not members.size:
            continue
        z = above[members]
        inward = z.max() - z if region == "substrate" else z - z.min()
        outward = np.ptp(z) - inward
        near, far = inward <= depth, (outward <= depth) & (inward > depth)
        parts = {"outer": far, "core": ~near & ~far, "interface": near}
        order = ("outer", "core", "interface")
        for name in order if region == "substrate" else reversed(order):
            if parts[name].any():
                zones[f"{region}, {name}"] = members[parts[name]]
    for name in dict.fromkeys(names.tolist()):
        if name not in ("film", "substrate"):
            zones[str(name)] = np.flatnonzero(names == name)
    return zones
