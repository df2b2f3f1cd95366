"""Levels in the middle of each region, from potentials and from cores."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from xarray import DataArray

from qdstruct.analysis import (
    core_potential_levels,
    macroscopic_average,
    region_extent,
    region_periods,
    region_plateaus,
)
from qdstruct.errors import InputError

HEIGHT = 60.0


def stack(shift: float = 0.0) -> tuple[Atoms, list[str]]:
    """Substrate PbS with planes 1 Å apart, film CdSe with planes 2 Å apart, 20 Å of vacuum."""
    z = [*np.arange(0, 16, 1.0), *np.arange(17, 41, 2.0)]
    symbols = ["Pb", "S"] * 8 + ["Cd", "Se"] * 6
    atoms = Atoms(symbols, positions=[[0, 0, h] for h in z], cell=[4, 4, HEIGHT], pbc=True)
    atoms.translate([0, 0, shift])
    return atoms, ["substrate"] * 16 + ["film"] * 12


@pytest.mark.parametrize("shift", [0.0, 10.0, 35.0, 55.0])
def test_a_known_offset_is_found_wherever_the_slab_lies(shift: float) -> None:
    atoms, regions = stack(shift)
    z = np.arange(1200) * HEIGHT / 1200
    local = (z - shift) % HEIGHT
    values = np.where(local < 16, -8 + 3 * np.cos(np.pi * local), -7.2 + np.cos(np.pi * local / 2))
    values = np.where((local > 41) & (local < 59), 0.0, values)
    average = DataArray(values, dims=("z",), coords={"z": z}, attrs={"height": HEIGHT})
    periods = region_periods(atoms, regions)
    assert periods == pytest.approx((2.0, 4.0))
    levels = region_plateaus(macroscopic_average(average, periods), atoms, regions)
    assert levels["film"][0] - levels["substrate"][0] == pytest.approx(0.8, abs=0.01)
    assert max(spread for _, spread in levels.values()) < 0.05


def test_the_extent_of_a_region_crosses_the_cell_boundary() -> None:
    atoms, regions = stack(55.0)
    low, high = region_extent(atoms, regions, "substrate")
    assert (low, high) == pytest.approx((55.0, 70.0))
    with pytest.raises(InputError, match="'ligand'"):
        region_extent(atoms, regions, "ligand")


def test_core_levels_use_bulk_like_atoms_only() -> None:
    atoms, regions = stack()
    z = atoms.positions[:, 2]
    potentials = np.where(z < 16, -50.0, -70.0)
    potentials[[0, 14, 16, 26]] += 5.0
    levels = core_potential_levels(potentials, atoms, regions, ("Pb", "Cd"))
    assert levels == {"substrate": (-50.0, 0.0), "film": (-70.0, 0.0)}
    with pytest.raises(InputError, match="middle of the film holds no Pb"):
        core_potential_levels(potentials, atoms, regions, ("Pb", "Pb"))
