"""Primitive plane lattices, faces and their symmetry: the traps other tools fall into."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from matching_factories import perovskite, phase, rocksalt, triclinic, zincblende

from qdstruct import matching
from qdstruct.errors import MatchError, PhaseError


@pytest.mark.parametrize(
    ("hkl", "area_in_a2"),
    [
        ((1, 0, 0), 1 / 2),
        ((1, 1, 0), np.sqrt(2) / 2),
        ((1, 1, 1), np.sqrt(3) / 4),
        ((2, 1, 0), np.sqrt(5) / 2),
        ((2, 1, 1), np.sqrt(6) / 2),
        ((3, 1, 1), np.sqrt(11) / 4),
    ],
)
def test_fcc_plane_cells_are_primitive(hkl, area_in_a2):
    """Area a²·|h|/4 for indices all odd, a²·|h|/2 otherwise (fcc lattice, closed form)."""
    a = 5.9315
    for cell in (bulk("PbS", "rocksalt", a=a, cubic=True), bulk("PbS", "rocksalt", a=a)):
        of = matching.crystal(phase(cell))
        if len(cell) == 2:  # the primitive file cell: its own indices of the same plane
            conventional = np.eye(3) * a
            hkl_here = tuple(np.rint(cell.cell @ np.linalg.inv(conventional) @ hkl * 2).astype(int))
        else:
            hkl_here = hkl
        facet = matching.surface(of, hkl_here)
        assert facet.plane.area == pytest.approx(area_in_a2 * a**2, rel=1e-9)


def test_published_lead_sulfide_areas():
    of = matching.crystal(rocksalt(5.9315))
    assert matching.surface(of, (1, 0, 0)).plane.area == pytest.approx(17.59, abs=0.01)
    assert matching.surface(of, (1, 1, 1)).plane.area == pytest.approx(15.23, abs=0.01)


@pytest.mark.parametrize(
    ("of", "hkl", "order"),
    [
        (rocksalt(), (1, 0, 0), 8),
        (rocksalt(), (1, 1, 0), 4),
        (rocksalt(), (1, 1, 1), 6),
        (rocksalt(), (2, 1, 0), 2),
        (zincblende(), (1, 0, 0), 4),
        (zincblende(), (1, 1, 1), 6),
        (zincblende(), (1, 1, 0), 2),
    ],
)
def test_face_symmetry_is_that_of_the_crystal_not_of_its_lattice(of, hkl, order):
    """Plane groups p4mm, p2mm, p3m1 … of fcc faces; zinc blende (100) keeps only p2mm."""
    facet = matching.surface(matching.crystal(of), hkl)
    assert len(facet.operations) == order


def test_facets_of_a_polar_crystal_keep_both_senses():
    polar = matching.inequivalent_facets(matching.crystal(zincblende()), 1)
    assert set(polar) == {(1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 1, -1)}
    centred = matching.inequivalent_facets(matching.crystal(rocksalt()), 1)
    assert set(centred) == {(1, 0, 0), (1, 1, 0), (1, 1, 1)}
    none = matching.inequivalent_facets(matching.crystal(triclinic(TRICLINIC)), 1)
    assert len(none) == 26


TRICLINIC = np.array([[5.1, 0.0, 0.0], [1.2, 6.3, 0.0], [0.7, 1.1, 7.9]])


def test_facets_are_complete_and_distinct_for_higher_indices():
    """Orbits of (hkl) under m-3m with |index| ≤ 3: counted independently by sorting |h|,|k|,|l|."""
    from itertools import product
    from math import gcd

    expected = {
        tuple(sorted(map(abs, hkl), reverse=True))
        for hkl in product(range(-3, 4), repeat=3)
        if gcd(*hkl) == 1
    }
    assert set(matching.inequivalent_facets(matching.crystal(perovskite()), 3)) == expected


def test_lattice_directions_lie_in_the_plane():
    facet = matching.surface(matching.crystal(rocksalt()), (2, 1, 1))
    assert np.allclose(facet.lattice_directions @ np.array([2, 1, 1]), 0)
    assert np.allclose(facet.lattice_directions @ facet.crystal.cell, facet.plane.vectors)


def test_zero_and_fractional_planes_are_refused():
    of = matching.crystal(rocksalt())
    for bad in ((0, 0, 0), (1, 0.5, 0), (np.nan, 0, 1), (1, 0)):
        with pytest.raises(MatchError):
            matching.surface(of, bad)
    with pytest.raises(MatchError, match="at least 1"):
        matching.inequivalent_facets(of, 0)


def test_crystals_that_are_none_are_refused():
    slab = rocksalt().atoms.copy()
    slab.pbc = [True, True, False]
    with pytest.raises(PhaseError, match="periodic in three"):
        matching.crystal(phase(slab))
    flat = rocksalt().atoms.copy()
    flat.set_cell([[5, 0, 0], [0, 5, 0], [5, 5, 0]])
    with pytest.raises(PhaseError, match="degenerate"):
        matching.crystal(phase(flat))
    lost = rocksalt().atoms.copy()
    lost.positions[0, 0] = np.nan
    with pytest.raises(PhaseError, match="NaN"):
        matching.crystal(phase(lost))
    endless = rocksalt().atoms.copy()
    endless.cell[0, 0] = np.inf
    with pytest.raises(PhaseError):
        matching.crystal(phase(endless))


@pytest.mark.parametrize("bound", [0, -1, np.nan, np.inf])
def test_meaningless_bounds_are_refused(bound):
    film = rocksalt()
    with pytest.raises(MatchError, match="area"):
        matching.find_matches(film, film, (1, 0, 0), (1, 0, 0), max_area=bound)
    with pytest.raises(MatchError, match="strain"):
        matching.find_matches(film, film, (1, 0, 0), (1, 0, 0), max_strain=bound)


def test_absurd_areas_warn_with_rows_and_time_before_they_start(monkeypatch):
    film, substrate = rocksalt(), zincblende()
    sides = matching.facets(film), matching.facets(substrate)
    assert matching.long_scan_message(*sides, 400.0, 0.05) is None
    message = matching.long_scan_message(*sides, 8000.0, 0.05)
    assert message is not None
    assert "e+0" in message
    assert "hours" in message or "minutes" in message
    monkeypatch.setattr("qdstruct.matching.ranking.MANY_ROWS", 10)
    with pytest.warns(UserWarning, match=r"about \d\.\de\+\d+ matches"):
        next(matching.scan_matches(film, substrate, max_area=200.0))


def test_more_superlattices_than_memory_are_refused():
    film, substrate = rocksalt(), zincblende()
    with pytest.raises(MatchError, match="memory"):
        matching.find_matches(film, substrate, (1, 0, 0), (1, 0, 0), max_area=1e7)


def test_expected_rows_are_of_the_right_size():
    """The estimate from the modular surface against a real count, generic lattices."""
    a, b = triclinic(TRICLINIC), triclinic(TRICLINIC * np.array([[1.07], [0.93], [1.21]]))
    films, substrates = matching.facets(a, (0, 0, 1)), matching.facets(b, (1, 0, 0))
    count = len(matching.match_facets(films[0], substrates[0], max_area=1500, max_strain=0.05))
    estimate = matching.expected_rows(films, substrates, max_area=1500, max_strain=0.05)
    assert count > 300
    assert estimate == pytest.approx(count, rel=0.35)
