"""Superlattices: exact vacancy counts, the stated spread of orientations, the same every time."""

from __future__ import annotations

import json

import numpy as np
import pytest

from qdstruct import phases
from qdstruct.building import (
    build_nanocrystal,
    build_superlattice,
    check_structure,
    superlattice_atoms,
)
from qdstruct.errors import BuildError
from qdstruct.model import Superlattice


@pytest.fixture(scope="module")
def dot():
    return build_nanocrystal(phases.load("CsPbBr3-cubic"), size=24.0)


def test_published_supraparticle(dot) -> None:
    """3.3 % bulk and 5.5 % surface vacancies, 9.6° FWHM (van der Burgt et al. 2018)."""
    lattice = build_superlattice(dot, spacing=114.0, cells=20, vacancies=0.033,
                                 surface_vacancies=0.055, misorientation=9.6)  # fmt: skip
    inside = 18**3
    outside = 20**3 - inside
    assert (~lattice.surface).sum() == inside - round(0.033 * inside)
    assert lattice.surface.sum() == outside - round(0.055 * outside)
    assert np.linalg.det(lattice.rotations) == pytest.approx(np.ones(len(lattice.positions)))
    angles = np.degrees(np.arccos((np.trace(lattice.rotations, axis1=1, axis2=2) - 1) / 2))
    sigma = np.sqrt((angles**2).mean() / 3)
    assert sigma * 2.3548 == pytest.approx(9.6, rel=0.02)
    steps = np.diff(np.unique(np.round(lattice.positions[:, 0], 6)))
    assert steps == pytest.approx(np.full(19, 114.0))


def test_eight_layer_film_and_all_its_atoms(dot) -> None:
    film = build_superlattice(dot, spacing=(98.0, 98.0, 81.0), cells=(3, 3, 8), misorientation=5.0)
    atoms = superlattice_atoms(film)
    assert len(atoms) == 72 * len(dot.atoms)
    labels = atoms.arrays["particle"]
    middles = np.array([atoms.positions[labels == one].mean(axis=0) for one in (0, 1)])
    assert np.linalg.norm(middles[1] - middles[0]) == pytest.approx(81.0, abs=1.0)
    assert check_structure(atoms[labels < 2]) == ()


def test_copies_are_rigid_and_keep_their_hand(dot) -> None:
    lattice = build_superlattice(dot, spacing=60.0, cells=2, misorientation=40.0, seed=3)
    atoms = superlattice_atoms(lattice)
    first = dot.atoms.positions[[0, 7, 50, 111]]
    volume = np.linalg.det(first[1:] - first[0])
    for copy in range(8):
        here = atoms.positions[atoms.arrays["particle"] == copy][[0, 7, 50, 111]]
        assert np.linalg.det(here[1:] - here[0]) == pytest.approx(volume)


def test_seed_decides_and_json_keeps_it(dot) -> None:
    options = {"spacing": 60.0, "cells": 4, "vacancies": 0.2, "misorientation": 5.0}
    one, same, other = (build_superlattice(dot, seed=s, **options) for s in (1, 1, 2))
    assert np.array_equal(one.positions, same.positions)
    assert np.array_equal(one.rotations, same.rotations)
    assert not np.array_equal(one.rotations, other.rotations)
    again = Superlattice.from_dict(json.loads(json.dumps(one.to_dict())))
    assert np.array_equal(again.rotations, one.rotations)


def test_sphere_of_sites(dot) -> None:
    ball = build_superlattice(dot, spacing=60.0, cells=15, shape="sphere")
    assert len(ball.positions) == pytest.approx(np.pi / 6 * 15**3, rel=0.03)
    assert ball.surface[np.argmax(np.linalg.norm(ball.positions, axis=1))]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"spacing": 20.0}, "overlap"),
        ({"spacing": -1.0}, "positive"),
        ({"cells": 0}, "does not exist"),
        ({"vacancies": 1.5}, "fractions"),
        ({"misorientation": -1.0}, "misorientation"),
        ({"shape": "star"}, "star"),
    ],
)
def test_bad_requests(dot, options, message) -> None:
    with pytest.raises(BuildError, match=message):
        build_superlattice(dot, **{"spacing": 60.0, "cells": 3, **options})
