"""The search finds exactly what an exhaustive search over all superlattices finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matching_factories import layer, perovskite, phase, rocksalt, triclinic, zincblende
from matching_oracle import brute_force, orbit, rational_map

from qdstruct import matching
from qdstruct.errors import MatchError

SEARCHES = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def lattice(a: float, ratio: float, angle: float) -> np.ndarray:
    b = a * ratio
    return np.array([[a, 0.0], [b * np.cos(np.radians(angle)), b * np.sin(np.radians(angle))]])


lengths = st.floats(3.0, 7.0)
kinds = st.one_of(
    st.builds(lattice, lengths, st.floats(1.0, 3.0), st.floats(50.0, 130.0)),
    st.builds(lattice, lengths, st.just(1.0), st.sampled_from([60.0, 90.0, 120.0])),
    st.builds(lattice, lengths, st.floats(4.0, 7.0), st.floats(80.0, 100.0)),
    st.builds(lattice, lengths, st.floats(1.0, 2.0), st.just(90.0)),
)


def compare(film, substrate, max_area, max_strain):
    """Assert that orbits, areas, strains and folded counts agree with brute force."""
    found = matching.match_facets(film, substrate, max_area=max_area, max_strain=max_strain)
    expected = brute_force(film.plane.planar, substrate.plane.planar, max_area, max_strain)
    members: set = set()
    for record in found.records():
        equivalents = orbit(
            rational_map(record.film_transform, record.substrate_transform),
            film.operations,
            substrate.operations,
        )
        assert not equivalents & members, "two rows are equivalent"
        members |= equivalents
        assert record.max_strain <= max_strain + 1e-9
    assert members == set(expected)
    return found, expected


@SEARCHES
@given(kinds, kinds, st.floats(0.005, 0.09), st.floats(40.0, 110.0))
def test_equals_brute_force_on_random_lattices(film_basis, substrate_basis, strain, area):
    film = matching.surface(matching.crystal(layer(film_basis)), (0, 0, 1))
    substrate = matching.surface(matching.crystal(layer(substrate_basis)), (0, 0, 1))
    compare(film, substrate, area, strain)


@pytest.mark.parametrize("strain", [0.2, 0.35])
def test_equals_brute_force_at_large_strain(strain):
    film = matching.surface(matching.crystal(layer(lattice(4.0, 1.3, 75.0))), (0, 0, 1))
    substrate = matching.surface(matching.crystal(layer(lattice(4.4, 1.7, 95.0))), (0, 0, 1))
    found, _ = compare(film, substrate, 110.0, strain)
    assert len(found) > 10


def test_thin_cells_have_correspondences_with_large_entries():
    # y = 46: shears by up to seven a are within 8 % strain
    thin = lattice(3.0, 46.0, 90.0)
    film = matching.surface(matching.crystal(layer(thin)), (0, 0, 1))
    found, expected = compare(film, film, 420.0, 0.08)
    shears = [abs(entry) for key in expected for entry in key]
    assert max(shears) >= 7
    assert len(found) >= 15


@pytest.mark.parametrize(
    ("film_phase", "film_hkl", "substrate_phase", "substrate_hkl", "area"),
    [
        (perovskite(), (1, 0, 0), rocksalt(), (1, 0, 0), 200.0),
        (perovskite(), (1, 1, 1), rocksalt(), (1, 1, 1), 150.0),
        (perovskite(), (1, 1, 0), rocksalt(), (1, 0, 0), 200.0),
        (zincblende(), (1, 1, 1), rocksalt(), (1, 1, 1), 110.0),
        (zincblende(), (1, 1, 0), zincblende(5.4145, "ZnS"), (1, 0, 0), 150.0),
    ],
)
def test_symmetric_crystals_give_one_row_per_orbit(
    film_phase, film_hkl, substrate_phase, substrate_hkl, area
):
    film = matching.surface(matching.crystal(film_phase), film_hkl)
    substrate = matching.surface(matching.crystal(substrate_phase), substrate_hkl)
    found, expected = compare(film, substrate, area, 0.05)
    assert 0 < len(found) <= len(expected)
    assert len(film.operations) > 1


def test_folded_counts_every_equivalent_and_every_multiple():
    """With the multiples written out, the rows account for all (superlattice, superlattice, P)."""
    film = matching.surface(matching.crystal(perovskite()), (1, 0, 0))
    substrate = matching.surface(matching.crystal(rocksalt()), (1, 0, 0))
    found = matching.match_facets(film, substrate, max_area=150.0, max_strain=0.05)
    from itertools import product

    from matching_oracle import correspondences, hermite_forms

    total = 0
    f, s = film.plane.planar, substrate.plane.planar
    for n in range(1, int(150 / film.plane.area) + 1):
        for m in range(1, int(150 / substrate.plane.area) + 1):
            for a, b in product(hermite_forms(n), hermite_forms(m)):
                total += len(correspondences(a @ f, b @ s, 0.05))
    assert int((found.folded + 1).sum()) == total


@SEARCHES
@given(kinds, kinds, st.floats(0.01, 0.06))
def test_exchanging_film_and_substrate_inverts_every_match(film_basis, substrate_basis, strain):
    """F → F⁻¹: stretches s → 1/s. Rows within the bound both ways appear both ways."""
    film = matching.surface(matching.crystal(layer(film_basis)), (0, 0, 1))
    substrate = matching.surface(matching.crystal(layer(substrate_basis)), (0, 0, 1))

    def within_both_ways(stretches):
        ordered = np.sort(stretches, axis=1)
        fits = np.maximum(np.abs(ordered - 1), np.abs(1 / ordered - 1)) <= strain - 1e-7
        return ordered[fits.all(axis=1)]

    forward = matching.match_facets(film, substrate, max_area=250.0, max_strain=strain)
    backward = matching.match_facets(substrate, film, max_area=250.0, max_strain=strain)
    a = within_both_ways(1 + forward.principal_strains)
    b = within_both_ways(1 / (1 + backward.principal_strains))
    assert len(a) == len(b)
    for row in a:
        assert np.abs(b - row).sum(axis=1).min() < 1e-8


@SEARCHES
@given(
    kinds,
    kinds,
    st.lists(st.sampled_from([(0, 1, 1), (0, 1, -1), (1, 0, 2), (1, 0, -1)]), max_size=4),
    st.floats(0.0, 360.0),
)
def test_invariant_to_cell_choice_and_orientation(film_basis, substrate_basis, shears, angle):
    turned = np.array(
        [
            [np.cos(np.radians(angle)), np.sin(np.radians(angle))],
            [-np.sin(np.radians(angle)), np.cos(np.radians(angle))],
        ]
    )
    other = film_basis.copy()
    for i, j, k in shears:
        other[i] = other[i] + k * other[j]
    substrate = matching.surface(matching.crystal(layer(substrate_basis)), (0, 0, 1))
    rows = []
    for basis in (film_basis, other @ turned):
        film = matching.surface(matching.crystal(layer(basis)), (0, 0, 1))
        found = matching.match_facets(film, substrate, max_area=150.0, max_strain=0.06)
        order = np.lexsort((found.principal_strains[:, 0].round(8), found.areas.round(6)))
        rows.append(np.column_stack([found.areas, found.principal_strains])[order])
    assert np.allclose(rows[0], rows[1], atol=1e-7)


@SEARCHES
@given(kinds, kinds, st.floats(0.1, 10.0))
def test_invariant_to_the_unit_of_length(film_basis, substrate_basis, unit):
    results = []
    for scale in (1.0, unit):
        film, substrate = (
            matching.surface(
                matching.Crystal(
                    name="",
                    cell=cell,
                    primitive=cell,
                    rotations=np.eye(3, dtype=int)[None],
                    cartesian_rotations=np.eye(3)[None],
                    n_atoms_primitive=1,
                ),
                (0, 0, 1),
            )
            for cell in (
                np.asarray(layer(basis).atoms.cell) * scale
                for basis in (film_basis, substrate_basis)
            )
        )
        found = matching.match_facets(
            film, substrate, max_area=120.0 * scale**2 * (1 + 1e-7), max_strain=0.05
        )
        results.append(np.sort(found.principal_strains, axis=None))
    assert np.allclose(results[0], results[1], atol=1e-8)


def test_mirror_images_of_a_chiral_pair_are_told_apart():
    """Two oblique lattices: the mirrored film fits worse, and is not offered."""
    basis = lattice(4.0, 1.31, 71.0)
    mirrored = basis * np.array([1.0, -1.0])
    mirrored = mirrored[::-1]
    film = matching.surface(matching.crystal(layer(basis)), (0, 0, 1))
    other = matching.surface(matching.crystal(layer(mirrored)), (0, 0, 1))
    own = matching.match_facets(film, film, max_area=22.0, max_strain=0.01)
    assert len(own) == 2  # the identity and its half turn: no symmetry to fold them
    assert np.allclose(own.principal_strains, 0, atol=1e-12)
    across = matching.match_facets(film, other, max_area=22.0, max_strain=0.01)
    assert len(across) == 0


def test_no_match_names_both_nearest_misses():
    film, substrate = zincblende(), perovskite()
    with pytest.raises(MatchError) as caught:
        matching.find_matches(film, substrate, (1, 0, 0), (1, 0, 0), max_area=20, max_strain=0.01)
    hint = caught.value.hint
    assert "area 35 Å² would be enough" in hint
    found = matching.find_matches(
        film, substrate, (1, 0, 0), (1, 0, 0), max_area=35, max_strain=0.01
    )
    assert len(found) >= 1
    with pytest.raises(MatchError) as caught:
        matching.find_matches(film, substrate, (1, 0, 0), (1, 0, 0), max_area=35, max_strain=0.005)
    assert "strain 1.0 % would be enough" in caught.value.hint


def test_phase_is_not_changed_by_matching():
    film = rocksalt()
    before = film.atoms.copy()
    matching.find_matches(film, rocksalt(), (1, 0, 0), (1, 0, 0), max_area=50)
    assert film.atoms == before
    assert phase(before).atoms == before


def rows_of(film, substrate, film_hkl=(1, 1, 2), substrate_hkl=(0, 1, 1)):
    f = matching.surface(matching.crystal(film), film_hkl)
    s = matching.surface(matching.crystal(substrate), substrate_hkl)
    found = matching.match_facets(f, s, max_area=600.0, max_strain=0.06)
    return np.column_stack([found.areas, found.principal_strains]).round(6)


def test_handedness_of_the_cell_does_not_matter():
    """The same crystal described by a left-handed cell, indices exchanged accordingly."""
    cell = np.array([[5.1, 0.0, 0.0], [1.2, 6.3, 0.0], [0.7, 1.1, 7.9]])
    film, substrate = triclinic(cell), triclinic(cell * 1.13)
    exchanged = film.atoms.copy()
    exchanged.set_cell(np.asarray(film.atoms.cell)[[1, 0, 2]])
    assert np.linalg.det(exchanged.cell) < 0
    expected = rows_of(film, substrate, (1, 2, 1))
    assert len(expected) > 5
    assert np.allclose(rows_of(phase(exchanged), substrate, (2, 1, 1)), expected)


def test_mirroring_both_crystals_mirrors_every_match():
    cell = np.array([[5.1, 0.0, 0.0], [1.2, 6.3, 0.0], [0.7, 1.1, 7.9]])
    film, substrate = triclinic(cell), triclinic(cell[[2, 0, 1]] * 1.09)
    mirrored = []
    for one in (film, substrate):
        atoms = one.atoms.copy()
        atoms.set_cell(np.asarray(atoms.cell) * [1, 1, -1])
        atoms.positions *= [1, 1, -1]
        mirrored.append(phase(atoms))
    expected = rows_of(film, substrate)
    assert len(expected) > 5
    assert np.allclose(rows_of(*mirrored), expected)
    one_sided = rows_of(mirrored[0], substrate)
    assert one_sided.shape != expected.shape or not np.allclose(one_sided, expected)
