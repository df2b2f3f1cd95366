"""Rings of polycrystals, and spots as a camera sees them."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from ase.spacegroup import crystal

from qdstruct.errors import InputError
from qdstruct.simulation import (
    diffraction_plate,
    polycrystal_rings,
    powder_pattern,
    zone_axis_pattern,
)


def perovskite():
    sites = [(0, 0, 0), (0.5, 0.5, 0.5), (0, 0.5, 0.5)]
    return crystal(["Cs", "Pb", "Br"], sites, spacegroup=221, cellpar=[5.874] * 3 + [90] * 3)


def test_rings_lie_where_powder_lines_do():
    rings = polycrystal_rings(perovskite(), name="x", max_g=0.6)
    lines = powder_pattern(perovskite(), name="x", two_theta_range=(10.0, 55.0)).peaks
    assert [1 / ring.g for ring in rings[:8]] == pytest.approx([line.d for line in lines[:8]])
    assert [ring.hkl for ring in rings[:8]] == [line.hkl for line in lines[:8]]
    assert [ring.multiplicity for ring in rings[:4]] == [6, 12, 8, 6]


def test_a_ring_weighs_its_spots_by_multiplicity_over_radius():
    pattern = zone_axis_pattern(perovskite(), name="x", zone=(0, 0, 1), max_g=0.5)
    spots = {tuple(sorted(map(abs, spot.hkl), reverse=True)): spot for spot in pattern.spots}
    rings = {ring.hkl[0]: ring for ring in polycrystal_rings(perovskite(), name="x", max_g=0.5)}
    for hkl, multiplicity in [((1, 0, 0), 6), ((1, 1, 0), 12), ((2, 2, 0), 12), ((2, 1, 0), 24)]:
        ratio = rings[hkl].intensity / rings[(2, 0, 0)].intensity
        expected = spots[hkl].intensity * multiplicity / spots[hkl].length
        expected /= spots[(2, 0, 0)].intensity * 6 / spots[(2, 0, 0)].length
        assert ratio == pytest.approx(expected, rel=1e-9)


def test_forbidden_planes_make_no_ring():
    rings = polycrystal_rings(bulk("Si", cubic=True), name="x", max_g=0.8)
    assert [ring.hkl[0] for ring in rings[:4]] == [(1, 1, 1), (2, 2, 0), (3, 1, 1), (4, 0, 0)]


def half_width(x, y):
    above = x[y >= y.max() / 2]
    return above.max() - above.min()


def test_arcs_have_the_spread_and_spots_the_width_of_the_crystal():
    pattern = zone_axis_pattern(perovskite(), name="x", zone=(0, 0, 1), max_g=0.36)
    plate = diffraction_plate(name="x", patterns=[pattern], size_nm=5.0, spread=9.6, max_g=0.4)
    image, axis = plate.image, plate.image.coords["gx"].to_numpy()
    row = image.sel(gy=0.0, method="nearest").to_numpy()
    near = (axis > 0.28) & (axis < 0.39)
    step = axis[1] - axis[0]
    assert half_width(axis[near], row[near]) == pytest.approx(0.886 / 50, abs=2.2 * step)
    angle = np.linspace(-20, 20, 401)
    g = 2 / 5.874
    along = image.interp(
        gx=("a", g * np.cos(np.radians(angle))), gy=("a", g * np.sin(np.radians(angle)))
    ).to_numpy()
    own = np.degrees(0.886 / 50 / g)
    assert half_width(angle, along) == pytest.approx(np.hypot(9.6, own), abs=0.5)


def test_smearing_keeps_the_intensity_of_a_spot():
    pattern = zone_axis_pattern(perovskite(), name="x", zone=(0, 0, 1), max_g=0.25)
    sums = []
    for spread in (0.0, 20.0):
        plate = diffraction_plate(
            name="x", patterns=[pattern], size_nm=5.0, spread=spread, max_g=0.4
        )
        values = plate.image.to_numpy()
        inner = np.hypot(*np.meshgrid(plate.image.gx, plate.image.gy)) < 0.205
        sums.append(values[inner].sum() / values[~inner].sum())
    assert sums[1] == pytest.approx(sums[0], rel=0.05)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({}, "neither spots nor rings"),
        ({"size_nm": 0.0, "rings": True}, "size 0"),
        ({"spread": 120.0, "rings": True}, "spread 120"),
    ],
)
def test_impossible_plates_are_refused(words, said):
    rings = polycrystal_rings(perovskite(), name="x", max_g=0.4) if words.pop("rings", 0) else ()
    with pytest.raises(InputError, match=said):
        diffraction_plate(**{"name": "x", "size_nm": 8.0, "rings": rings} | words)
    with pytest.raises(InputError, match="no ring"):
        polycrystal_rings(perovskite(), name="x", max_g=0.05)
