"""Orientation relations, parallel directions and misfit."""

from __future__ import annotations

import numpy as np
import pytest
from matching_factories import perovskite, rocksalt, zincblende

from qdstruct import matching, phases
from qdstruct.errors import MatchError


def test_cube_on_cube():
    relation = matching.orientation(
        zincblende(), perovskite(), planes=((2, 2, 0), (2, 2, 0)), directions=((0, 0, 1), (0, 0, 1))
    )
    assert np.allclose(relation.rotation, np.eye(3), atol=1e-12)
    assert relation.inconsistency == pytest.approx(0, abs=1e-9)
    assert all(p.angle < 1e-4 for p in relation.parallel_planes[:5])
    assert relation.match is not None
    assert abs(relation.match_twist) < 1e-9
    assert [m.strain for m in relation.misfit] == pytest.approx([5.874 / 5.818 - 1] * 2)


def test_rotation_carries_plane_and_direction():
    a, b = phases.load("CdS-zincblende"), phases.load("CsPbBr3-Pbnm")
    relation = matching.orientation(
        a, b, planes=((2, 1, 1), (2, 2, 0)), directions=((-1, 1, 1), (0, 0, 1))
    )
    R = relation.rotation
    assert np.allclose(R @ R.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(R) == pytest.approx(1)
    film_normal = np.array([2, 1, 1]) / np.sqrt(6)
    substrate_normal = np.array([2, 2, 0]) @ np.linalg.inv(b.atoms.cell).T
    substrate_normal /= np.linalg.norm(substrate_normal)
    assert np.allclose(R @ film_normal, substrate_normal, atol=1e-10)
    assert np.allclose(R @ (np.array([-1, 1, 1]) / np.sqrt(3)), [0, 0, 1], atol=1e-10)
    planes = matching.parallel_planes(a, b, R, max_mismatch=1.0)
    pairs = {(p.film_hkl, p.substrate_hkl) for p in planes if p.angle < 0.01}
    assert ((1, -1, -1), (0, 0, -2)) in pairs


def test_impossible_statements_say_by_how_much():
    """[111] leaves the (220) plane of a cubic crystal by asin(√(2/3)) = 54.74°."""
    relation = matching.orientation(
        zincblende(), perovskite(), planes=((2, 2, 0), (2, 2, 0)), directions=((0, 0, 1), (1, 1, 1))
    )
    assert relation.substrate_angle == pytest.approx(54.7356, abs=1e-3)
    assert relation.inconsistency == pytest.approx(54.7356, abs=1e-3)


def test_the_two_published_planes_are_thirty_degrees_apart_about_111():
    a, b = np.array([-2, 0, 2]), np.array([-2, 1, 1])
    angle = np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))
    assert angle == pytest.approx(30)
    film, substrate = phases.load("CdS-zincblende"), phases.load("CsPbBr3-cubic")
    twists = [
        matching.orientation(
            film, substrate, planes=(plane, (2, 2, 0)), directions=((1, 1, 1), (0, 0, 1))
        ).rotation
        for plane in ((-2, 0, 2), (-2, 1, 1))
    ]
    between = twists[0].T @ twists[1]
    turned = np.degrees(np.arccos((np.trace(between) - 1) / 2))
    assert turned == pytest.approx(30, abs=1e-6)


def test_misfit_of_the_published_relation_is_large_along_one_direction():
    """d(220) differs by 1 %, but [111] against [001] does not fit one to one."""
    relation = matching.orientation(
        phases.load("CdS-zincblende"),
        phases.load("CsPbBr3-cubic"),
        planes=((-2, 1, 1), (2, 2, 0)),
        directions=((1, 1, 1), (0, 0, 1)),
    )
    large, small = relation.misfit
    assert abs(large.strain) > 0.1
    assert abs(small.strain) < 0.011
    assert large.spacing == pytest.approx(large.repeat / abs(large.strain))
    assert relation.match is not None
    assert relation.match.max_strain <= 0.05


def test_dislocation_spacing_of_a_simple_square_interface():
    """Cube on cube: D = b/|ε| with b the surface repeat (Frank and van der Merwe)."""
    relation = matching.orientation(
        rocksalt(5.0, "PbS"), rocksalt(5.2, "PbS"),
        planes=((1, 0, 0), (1, 0, 0)), directions=((0, 1, 0), (0, 1, 0)),
    )  # fmt: skip
    for misfit in relation.misfit:
        assert misfit.strain == pytest.approx(0.04)
        assert misfit.spacing == pytest.approx(misfit.repeat / 0.04)
        assert misfit.repeat == pytest.approx(5.2 / np.sqrt(2))


def test_zone_axes_from_two_transforms():
    film, substrate = zincblende(), perovskite()
    by_zone = matching.orientation_from_zones(
        film, substrate, zones=((1, 1, 1), (0, 0, 1)), planes=((-2, 1, 1), (2, 2, 0))
    )
    direct = matching.orientation(
        film, substrate, planes=((-2, 1, 1), (2, 2, 0)), directions=((1, 1, 1), (0, 0, 1))
    )
    assert np.allclose(by_zone.rotation, direct.rotation)
    with pytest.raises(MatchError, match="does not occur in the zone"):
        matching.orientation_from_zones(
            film, substrate, zones=((1, 1, 1), (0, 0, 1)), planes=((2, 1, 1), (2, 2, 0))
        )


def test_bad_statements_are_refused():
    film, substrate = zincblende(), perovskite()
    with pytest.raises(MatchError, match="normal"):
        matching.orientation(
            film, substrate, planes=((1, 1, 1), (1, 0, 0)), directions=((1, 1, 1), (0, 1, 0))
        )
    with pytest.raises(MatchError, match="zeros"):
        matching.orientation(
            film, substrate, planes=((0, 0, 0), (1, 0, 0)), directions=((1, 1, 1), (0, 1, 0))
        )


def test_keep_parallel_finds_the_equivalent_description():
    film, substrate = rocksalt(), perovskite()
    found = matching.find_matches(film, substrate, (1, 0, 0), (1, 0, 0), max_area=40)
    wanted = {
        "film_direction": np.array([0, 1, 1]) @ film.atoms.cell,
        "substrate_direction": np.array([0, 0, 1]) @ substrate.atoms.cell,
    }
    across = matching.keep_parallel(found, tolerance=0.5, film=film, substrate=substrate, **wanted)
    none = matching.keep_parallel(
        found,
        film_direction=np.array([0, 1, 2]) @ film.atoms.cell,
        substrate_direction=np.array([0, 0, 1]) @ substrate.atoms.cell,
        tolerance=0.5,
        film=film,
        substrate=substrate,
    )
    assert len(across) + len(none) <= len(found)
    for match in across:
        assert matching.direction_deviation(match, **wanted) <= 0.5
        assert match.max_strain == pytest.approx(
            next(m.max_strain for m in found if m.area == match.area), abs=1e-9
        )
    with pytest.raises(MatchError, match="does not lie in the plane"):
        matching.keep_parallel(
            found, film_direction=[1, 0, 0], substrate_direction=[0, 0, 1], tolerance=1
        )


def test_equivalent_descriptions_have_equal_strain_and_area():
    film, substrate = (
        matching.facets(rocksalt(), (1, 1, 1))[0],
        matching.facets(perovskite(), (1, 1, 1))[0],
    )
    found = matching.match_facets(film, substrate, max_area=200, max_strain=0.04)
    for record in found.records():
        for other in matching.equivalent_matches(record, film, substrate):
            assert np.allclose(np.linalg.eigvalsh(other.strain), sorted(record.principal_strains))
            assert abs(record.rotation) <= abs(other.rotation) + 1e-6
            assert np.linalg.det(other.film_transform) > 0
