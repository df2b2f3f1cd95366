"""The labelled arrays of a projected density of states, whichever file it was read from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.model import ProjectedDos
from qdstruct.outputs.band_arrays import ORBITALS

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["labelled_dos"]

_SPINS = {1: ("total",), 2: ("up", "down"), 4: ("total", "x", "y", "z")}


def labelled_dos(
    *,
    energies: NDArray[np.float64],
    total: NDArray[np.float64],
    projected: NDArray[np.float32],
    orbitals: Sequence[str],
    fermi_level: float,
    atoms: Atoms,
    source: str,
    smearing: float,
    is_mock: bool,
) -> ProjectedDos:
    """Put names and units on the axes.

    Parameters
    ----------
    energies : (M,) array
        eV on the engine's own scale.
    total : (spins, M) array
        States/eV.
    projected : (atoms, components, M, orbitals) array
        States/eV; 1 component, 2 of spin, or 4 of a non-collinear calculation.
    orbitals : sequence of str
        As the file names them.
    smearing : float
        Width that each level was broadened by, eV.
    """
    from xarray import DataArray

    axis = ("energy", energies, {"unit": "eV", "reference": "engine's own scale"})
    attrs = {"unit": "states/eV", "smearing_width": smearing}
    spins = _SPINS[projected.shape[1]]
    return ProjectedDos(
        projected=DataArray(
            projected,
            dims=("atom", "spin", "energy", "orbital"),
            coords={
                "atom": np.arange(len(atoms)),
                "spin": list(spins),
                "energy": axis,
                "orbital": [ORBITALS.get(name, name) for name in orbitals],
            },
            attrs=attrs,
            name="projected_dos",
        ),
        total=DataArray(
            total,
            dims=("spin", "energy"),
            coords={"spin": list(spins[: len(total)]), "energy": axis},
            attrs=attrs,
            name="total_dos",
        ),
        fermi_level=fermi_level,
        atoms=atoms,
        source=source,
        is_mock=is_mock,
    )
