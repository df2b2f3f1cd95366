"""Site overlap and the lattice of shifts."""

from __future__ import annotations

import numpy as np
import pytest
from matching_factories import perovskite, rocksalt, zincblende

from qdstruct import matching, phases
from qdstruct.matching.sites import lens_overlap


def test_identical_crystals_overlap_completely():
    film = rocksalt()
    match = matching.find_matches(film, film, (1, 0, 0), (1, 0, 0), max_area=20)[0]
    overlap = matching.site_overlap(match, film, film)
    assert overlap.score == pytest.approx(1, abs=1e-9)


def test_simple_cubic_and_perovskite_faces():
    """CsBr plane of a perovskite on a rock-salt (100) plane: 2 of 2 sites, strained by 1 %."""
    film, substrate = rocksalt(), perovskite()
    match = matching.find_matches(film, substrate, (1, 0, 0), (1, 0, 0), max_area=40)[0]
    overlap = matching.site_overlap(match, film, substrate)
    assert overlap.film_termination == "PbS"
    assert overlap.score == pytest.approx(1, abs=0.15)


def test_displacement_lattice_is_generated_by_both_lattices():
    film, substrate = zincblende(), phases.load("CsPbBr3-Pbnm")
    for match in matching.find_matches(film, substrate, (1, 1, 0), (1, 1, 0), max_area=300):
        lattice = matching.displacement_lattice(match)
        nf, ns = np.linalg.det(match.film_transform), np.linalg.det(match.substrate_transform)
        assert abs(np.linalg.det(lattice)) == pytest.approx(match.area / (nf * ns))
        frame = matching.facets(substrate, match.substrate_hkl)[0].plane.frame
        base = (match.substrate_plane_vectors @ frame.T)[:, :2]
        strained = np.linalg.solve(match.film_transform, match.substrate_transform @ base)
        for vectors in (base, strained):
            coefficients = vectors @ np.linalg.inv(lattice)
            assert np.allclose(coefficients, np.rint(coefficients), atol=1e-7)


def test_the_score_equals_a_direct_sum_over_the_coincidence_cell():
    """Sites written out over the whole cell, periodic, no lattice theory."""
    film, substrate = zincblende(), perovskite()
    match = matching.find_matches(film, substrate, (1, 0, 0), (1, 1, 0), max_area=300)[0]
    overlap = matching.site_overlap(match, film, substrate)
    facet_f, facet_s = matching.facets(film, (1, 0, 0))[0], matching.facets(substrate, (1, 1, 0))[0]
    base = facet_s.plane.planar
    cell = match.substrate_transform @ base
    strained = np.linalg.solve(match.film_transform, cell)
    f_plane = next(
        p for p in matching.atomic_planes(film, facet_f) if p.name == overlap.film_termination
    )
    s_plane = next(
        p for p in matching.atomic_planes(substrate, facet_s)
        if p.name == overlap.substrate_termination
    )  # fmt: skip
    f = _fill(f_plane.positions @ strained, strained, cell) + np.array(overlap.shift)
    s = _fill(s_plane.positions @ base, base, cell)
    total = 0.0
    for i in (-2, -1, 0, 1, 2):
        for j in (-2, -1, 0, 1, 2):
            gaps = np.linalg.norm(f[:, None] - s[None] + np.array([i, j]) @ cell, axis=-1)
            total += float(lens_overlap(gaps, overlap.radius).sum())
    assert 2 * total / (len(f) + len(s)) == pytest.approx(overlap.score, abs=1e-6)


def _fill(positions, lattice, cell):
    points = []
    for i in range(-30, 31):
        for j in range(-30, 31):
            shifted = positions + np.array([i, j]) @ lattice
            fraction = shifted @ np.linalg.inv(cell)
            inside = np.all((fraction > -1e-7) & (fraction < 1 - 1e-7), axis=1)
            points.extend(shifted[inside])
    return np.array(points)


def test_atomic_planes_of_the_orthorhombic_perovskite_alternate():
    phase = phases.load("CsPbBr3-Pbnm")
    names = [p.name for p in matching.atomic_planes(phase, matching.facets(phase, (0, 0, 1))[0])]
    assert sorted(names) == ["CsBr", "CsBr", "PbBr2", "PbBr2"]
    assert names[0] != names[1] != names[2] != names[3]


def test_atomic_planes_hold_each_primitive_atom_once():
    for phase, hkl in (
        (rocksalt(), (1, 1, 1)),
        (zincblende(), (2, 1, 0)),
        (perovskite(), (1, 1, 1)),
    ):
        facet = matching.facets(phase, hkl)[0]
        planes = matching.atomic_planes(phase, facet)
        assert sum(len(p.positions) for p in planes) == facet.crystal.n_atoms_primitive


def test_lens_of_two_discs():
    assert lens_overlap(np.array([0.0, 2.0, 5.0]), 1.0) == pytest.approx([1, 0, 0])
    # half-covered distance, numerically integrated
    x, y = np.meshgrid(np.linspace(-1, 2, 3001), np.linspace(-1, 1, 2001))
    both = (x**2 + y**2 < 1) & ((x - 0.8) ** 2 + y**2 < 1)
    area = both.mean() * 6
    assert lens_overlap(np.array([0.8]), 1.0)[0] == pytest.approx(area / np.pi, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "sites"),
    [("PMA2PbBr4", 14), ("Cs4PbBr6", 22), ("CdS-zincblende", 2), ("CsPbBr3-Pnma", 20)],
)
@pytest.mark.parametrize("hkl", [(1, 0, 0), (1, 0, 1), (1, 1, 1), (2, 1, 0)])
def test_planes_hold_every_site_of_the_primitive_cell_once(name, sites, hkl):
    """A molecule is one site: PMA2PbBr4 has 2 Pb, 8 Br and 4 ammonium ions, 82 atoms."""
    phase = phases.load(name)
    facet = matching.facets(phase, hkl)[0]
    planes = matching.atomic_planes(phase, facet)
    assert sum(len(plane.positions) for plane in planes) == sites
    assert all(-1e-5 < plane.height < facet.plane.spacing for plane in planes)


def test_molecules_are_sites_as_a_whole():
    phase = phases.load("PMA2PbBr4")
    planes = matching.atomic_planes(phase, matching.facets(phase, (1, 0, 0))[0])
    assert [plane.name for plane in planes].count("C7H10N") == 2
    names = {plane.name for plane in planes}
    assert names == {"C7H10N", "Br", "PbBr2"}


@pytest.mark.parametrize("hkl", [(1, 1, 1), (2, 1, 0)])
@pytest.mark.parametrize("phase", [rocksalt(), zincblende(), perovskite()])
def test_sites_lie_where_the_atoms_are(phase, hkl):
    """Height and in-plane position together are the place of an atom, up to lattice vectors."""
    facet = matching.facets(phase, hkl)[0]
    for plane in matching.atomic_planes(phase, facet):
        places = plane.positions @ facet.plane.vectors + plane.height * facet.plane.normal
        for place in places:
            apart = (phase.atoms.positions - place) @ np.linalg.inv(phase.atoms.cell)
            apart = (apart - np.rint(apart)) @ np.asarray(phase.atoms.cell)
            assert np.linalg.norm(apart, axis=1).min() < 1e-4


def test_both_forms_of_the_shift_agree():
    film, substrate = zincblende(), perovskite()
    match = matching.find_matches(film, substrate, (1, 0, 0), (1, 1, 0), max_area=300)[0]
    overlap = matching.site_overlap(match, film, substrate)
    cell = match.substrate_transform @ matching.facets(substrate, (1, 1, 0))[0].plane.planar
    assert np.array(overlap.shift_fractions) @ cell == pytest.approx(np.array(overlap.shift))


def test_planes_that_chain_up_are_split():
    """Heights 0.4 Å apart all the way round would otherwise be one plane, the whole crystal."""
    phase = phases.load("Cs4PbBr6")
    planes = matching.atomic_planes(phase, matching.facets(phase, (1, 1, 1))[0])
    assert {plane.name for plane in planes} == {"Br", "Cs2PbBr2", "CsBr", "Pb"}
