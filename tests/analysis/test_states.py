"""Single-state densities with known places and overlaps."""

from __future__ import annotations

import numpy as np
import pytest
from electronic_factories import grid, sheet_density, two_regions
from scipy.stats import norm

from qdstruct.analysis import cross_section, density_overlap, region_fractions
from qdstruct.errors import InputError

REGIONS = ["substrate", "substrate", "film", "film"]


@pytest.mark.parametrize("shift", [0.0, 9.0, 15.0])
def test_a_state_is_split_at_the_interface_plane(shift: float) -> None:
    atoms = two_regions()
    atoms.translate([0, 0, shift])
    density = sheet_density(atoms, (2, 2, 160), [(0.7, 4 + shift, 0.6), (0.3, 7 + shift, 0.6)])
    found = region_fractions(grid(atoms, density, "PARCHG"), REGIONS)
    tail = norm.cdf(-1.5 / 0.6)
    assert found["substrate"] == pytest.approx(0.7 * (1 - tail) + 0.3 * tail, abs=1e-6)
    assert sum(found.values()) == pytest.approx(1.0)


def test_the_overlap_of_two_gaussians_is_the_closed_form() -> None:
    atoms = two_regions()
    first = sheet_density(atoms, (2, 2, 200), [(1.0, 8.0, 0.7)])
    second = sheet_density(atoms, (2, 2, 200), [(2.0, 10.0, 0.7)])
    a, b = grid(atoms, first, "IS"), grid(atoms, second, "FS")
    assert density_overlap(a, b) == pytest.approx(np.exp(-(2.0**2) / (8 * 0.7**2)), rel=1e-4)
    assert density_overlap(a, a) == pytest.approx(1.0)
    with pytest.raises(InputError, match="different grids"):
        density_overlap(a, grid(atoms, first[:, :, :100], "cut"))
    with pytest.raises(InputError, match="nowhere positive"):
        density_overlap(a, grid(atoms, 0 * first, "empty"))
    with pytest.raises(InputError, match="integrates to 0"):
        region_fractions(grid(atoms, 0 * first, "empty"), REGIONS)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_section_is_a_plane_of_the_grid_or_between_two(axis: int) -> None:
    values = np.random.default_rng(0).normal(size=(4, 5, 6))
    field = grid(two_regions(), values, "CHGCAR")
    n = values.shape[axis]
    u, v = (axis + 1) % 3, (axis + 2) % 3
    plane = np.moveaxis(values, (axis, u, v), (0, 1, 2))
    found = cross_section(field, axis, 1 / n)
    assert found.shape == (values.shape[u], values.shape[v])
    assert np.allclose(found, plane[1])
    between = cross_section(field, axis, 1 - 0.25 / n)
    assert np.allclose(between, 0.25 * plane[n - 1] + 0.75 * plane[0])
    with pytest.raises(InputError, match="axis 3"):
        cross_section(field, 3, 0.0)
