"""Strain: polar decomposition, its partition, elastic energy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matching_factories import perovskite, rocksalt, zincblende
from scipy.linalg import polar

from qdstruct import matching
from qdstruct.errors import MatchError
from qdstruct.matching.elasticity import plane_stress_stiffness, rotate_stiffness

entries = st.floats(-0.4, 0.4)


@settings(deadline=None)
@given(st.tuples(entries, entries, entries, entries))
def test_polar_decomposition_agrees_with_scipy(values):
    F = np.eye(2) + np.array(values).reshape(2, 2)
    if np.linalg.det(F) <= 0:
        with pytest.raises(ValueError, match="determinant"):
            matching.polar_decomposition(F)
        return
    R, U = matching.polar_decomposition(F)
    expected_R, expected_U = polar(F)
    assert np.allclose(R, expected_R, atol=1e-9)
    assert np.allclose(U, expected_U, atol=1e-9)


def matches():
    film, substrate = zincblende(), perovskite()
    return matching.find_matches(film, substrate, (1, 1, 0), (1, 1, 1), max_area=250)


def test_reported_strain_rotation_and_directions_describe_one_deformation():
    for match in matches():
        F = matching.deformation_gradient(match)
        R, U = polar(F)
        assert np.allclose(U - np.eye(2), match.strain, atol=1e-10)
        assert np.degrees(np.arctan2(R[1, 0], R[0, 0])) == pytest.approx(match.rotation, abs=1e-8)
        eigenvalues = np.linalg.eigvalsh(match.strain)
        assert np.allclose(sorted(match.principal_strains), eigenvalues, atol=1e-10)
        assert np.linalg.det(match.film_transform) > 0.5
        assert np.linalg.det(match.substrate_transform) > 0.5
        # the integer directions of both crystals really are the supercell vectors
        film_cell = np.eye(3) * 5.818
        vectors = match.film_transform @ match.film_plane_vectors
        assert np.allclose(match.film_directions @ film_cell, vectors)
        area = np.linalg.norm(
            np.cross(*(match.substrate_transform @ match.substrate_plane_vectors))
        )
        assert match.area == pytest.approx(area)


def test_layers_contain_the_atoms_they_should():
    match = matching.find_matches(rocksalt(), rocksalt(), (1, 0, 0), (1, 0, 0), max_area=18)[0]
    assert match.n_atoms_per_layer_pair == 4  # one PbS unit per primitive plane cell, both sides


@pytest.mark.parametrize("on", ["film", "substrate", "both"])
def test_partition_brings_both_sides_to_one_cell(on):
    for match in matches():
        shared = matching.partition_strain(match, on)
        F = matching.deformation_gradient(match)
        R, U = polar(F)
        film = np.eye(2) + shared.film_strain
        substrate = np.eye(2) + shared.substrate_strain
        assert np.allclose(R @ film, substrate @ F, atol=1e-10)
        if on == "both":
            assert np.allclose(film @ film, U, atol=1e-10)
        if on == "film":
            assert np.allclose(substrate, np.eye(2), atol=1e-12)


def test_elastic_partition_is_the_minimum():
    """Against a numerical minimisation of the energy over the shared strain."""
    from scipy.optimize import minimize

    stiff = matching.cubic_stiffness(120.0, 30.0, 25.0)
    soft = matching.cubic_stiffness(40.0, 10.0, 8.0)
    match = matches()[-1]
    shared = matching.partition_strain(
        match, "elastic", film_stiffness=stiff, substrate_stiffness=soft, thickness_ratio=0.7
    )
    R, U = polar(matching.deformation_gradient(match))
    values, vectors = np.linalg.eigh(U)
    total = (vectors * np.log(values)) @ vectors.T
    turn = np.eye(3)
    turn[:2, :2] = R.T
    planes = [
        np.vstack([v[0] / np.linalg.norm(v[0]), np.cross(n, v[0] / np.linalg.norm(v[0])), n])
        for v in (match.film_plane_vectors, match.substrate_plane_vectors)
        for n in [np.cross(v[0], v[1]) / np.linalg.norm(np.cross(v[0], v[1]))]
    ]
    f = plane_stress_stiffness(stiff, planes[0])
    s = plane_stress_stiffness(soft, turn @ planes[1])

    def energy(e):
        rest = e - np.array([total[0, 0], total[1, 1], 2 * total[0, 1]])
        return 0.5 * (0.7 * e @ f @ e + rest @ s @ rest)

    best = minimize(energy, np.zeros(3), tol=1e-14)
    assert shared.energy_density == pytest.approx(best.fun, rel=1e-6)
    # the two sides still coincide, to second order in the strain
    left = R @ (np.eye(2) + shared.film_strain)
    right = (np.eye(2) + shared.substrate_strain) @ R @ U
    assert np.abs(left - right).max() < 5 * np.abs(total).max() ** 2


def test_stiffer_side_takes_less_strain():
    match = matching.find_matches(rocksalt(), zincblende(), (1, 0, 0), (1, 0, 0), max_area=20)[0]
    C = matching.cubic_stiffness(100.0, 20.0, 20.0)
    equal = matching.partition_strain(match, "elastic", film_stiffness=C, substrate_stiffness=C)
    assert np.allclose(equal.film_strain, -equal.substrate_strain, atol=5e-4)
    uneven = matching.partition_strain(
        match, "elastic", film_stiffness=9 * C, substrate_stiffness=C
    )
    ratio = np.abs(uneven.substrate_strain).max() / np.abs(uneven.film_strain).max()
    assert ratio == pytest.approx(9, rel=0.02)


def test_rotating_a_cubic_stiffness_keeps_its_invariants():
    C = matching.cubic_stiffness(113.9, 28.9, 27.2)
    angle = np.radians(30)
    R = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]]
    )
    turned = rotate_stiffness(C, R)
    assert turned[:3, :3].sum() == pytest.approx(C[:3, :3].sum())
    assert turned[2, 2] == pytest.approx(113.9)
    quarter = rotate_stiffness(C, np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]]))
    assert np.allclose(quarter, C)
    biaxial = plane_stress_stiffness(C, np.eye(3))
    # closed form for (001): M = C11 + C12 − 2 C12²/C11
    assert biaxial[0, 0] + biaxial[0, 1] == pytest.approx(113.9 + 28.9 - 2 * 28.9**2 / 113.9)


def test_bad_requests_are_refused():
    match = matches()[0]
    with pytest.raises(MatchError, match="nobody"):
        matching.partition_strain(match, "nobody")
    with pytest.raises(MatchError, match="stiffness"):
        matching.partition_strain(match, "elastic")
    with pytest.raises(MatchError, match="stable"):
        matching.cubic_stiffness(10, 20, 5)
    with pytest.raises(MatchError, match="6 x 6"):
        matching.partition_strain(
            match, "elastic", film_stiffness=np.eye(3), substrate_stiffness=np.eye(6)
        )


def test_unstable_stiffness_is_refused():
    C = matching.cubic_stiffness(113.9, 28.9, 27.2)
    for wrong in (-C, C - 100 * np.eye(6), np.full((6, 6), 1.0)):
        with pytest.raises(MatchError, match="positive definite"):
            rotate_stiffness(wrong, np.eye(3))
