"""Two crystals in one pattern."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from hypothesis import given, settings
from hypothesis import strategies as st

from qdstruct.errors import InputError
from qdstruct.simulation import align_patterns, spot_coincidences, turn_pattern, zone_axis_pattern

SILICON = zone_axis_pattern(bulk("Si", cubic=True), name="Si", zone=(1, 1, 0), max_g=0.7)
GERMANIUM = zone_axis_pattern(bulk("Ge", cubic=True), name="Ge", zone=(1, 1, 0), max_g=0.7)


@settings(max_examples=30, deadline=None)
@given(st.floats(-720, 720))
def test_turning_keeps_lengths_and_agrees_with_the_angles(degrees):
    turned = turn_pattern(SILICON, degrees)
    for before, after in zip(SILICON.spots, turned.spots, strict=True):
        assert after.length == before.length
        angle = np.radians(after.angle)
        place = after.length * np.array([np.cos(angle), np.sin(angle)])
        assert place == pytest.approx(np.array(after.g), abs=1e-9)


def test_parallel_planes_lie_along_one_line():
    aligned = align_patterns(SILICON, turn_pattern(GERMANIUM, 31.0), (1, -1, 1), (1, -1, 1))
    angles = {spot.hkl: spot.angle for spot in aligned.spots}
    for spot in SILICON.spots:
        if spot.hkl in angles:
            assert (angles[spot.hkl] - spot.angle + 180) % 360 - 180 == pytest.approx(0, abs=1e-9)


def test_coincidences_carry_the_mismatch_of_the_lattices():
    pairs = spot_coincidences(SILICON, GERMANIUM)
    assert pairs
    for pair in pairs:
        assert pair.first == pair.second
        assert pair.mismatch == pytest.approx(5.66 / 5.43 - 1, rel=0.02)
        assert pair.angle == pytest.approx(0, abs=1e-9)
    assert spot_coincidences(SILICON, GERMANIUM, tolerance=0.001) == ()


def test_planes_outside_the_zone_or_the_pattern_are_refused():
    with pytest.raises(InputError, match="zone axis"):
        align_patterns(SILICON, GERMANIUM, (1, 1, 1), (1, -1, 1))
    with pytest.raises(InputError, match="beyond"):
        align_patterns(SILICON, GERMANIUM, (1, -1, 1), (9, -9, 9))
