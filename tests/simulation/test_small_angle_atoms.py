"""Small-angle scattering of every atom, against the Debye sum and closed forms."""

from __future__ import annotations

import json

import numpy as np
import pytest
from ase import Atoms
from typer.testing import CliRunner

from qdstruct import phases
from qdstruct.building import (
    build_nanocrystal,
    build_superlattice,
    superlattice_atoms,
    write_structure,
)
from qdstruct.cli.app import app
from qdstruct.errors import InputError
from qdstruct.simulation import atomic_small_angle_curve, debye_intensity

Q = np.linspace(0.02, 0.2, 40)


@pytest.fixture(scope="module")
def dot():
    return build_nanocrystal(phases.load("CsPbBr3-cubic"), cells=2, termination="CsBr")


def test_two_atoms_are_a_sine() -> None:
    """⟨|A|²⟩/Z² of a pair at distance d is 2 + 2 sin(qd)/(qd)."""
    pair = Atoms("Ar2", positions=[[0, 0, 0], [3, 4, 12]])
    q = np.linspace(0.01, 1.0, 50)
    found = atomic_small_angle_curve(q, pair, name="pair", directions=3000).curve["intensity"]
    assert found.to_numpy() == pytest.approx((2 + 2 * np.sinc(q * 13 / np.pi)) / 4, abs=0.003)


def test_a_superlattice_against_the_debye_sum_of_its_atoms(dot) -> None:
    """The Debye sum counts f0(q) for Z, 1 % less at the largest q here."""
    lattice = build_superlattice(
        dot, spacing=24.0, cells=2, misorientation=9.6, vacancies=0.12, surface_vacancies=0.12
    )
    atoms = superlattice_atoms(lattice)
    exact = debye_intensity(Q, [atoms]) / 7 / float(dot.atoms.numbers.sum()) ** 2
    for body in (lattice, atoms):
        curve = atomic_small_angle_curve(Q, body, name="x").curve
        assert curve.attrs["particles"] == 7
        assert curve["intensity"].to_numpy() == pytest.approx(exact, rel=0.02, abs=1e-3)


def test_too_few_directions_are_said() -> None:
    far = Atoms("Ar8", positions=[[0, 0, 0]] * 7 + [[2000, 0, 0]])
    q = np.linspace(0.01, 0.3, 5)
    with pytest.warns(UserWarning, match=r"6000 directions .* up to q = 0\.0971 1/Å"):
        atomic_small_angle_curve(q, far, name="far")


def test_published_film_along_and_across() -> None:
    """Periods of the film, 7.7 nm across and 9.7 nm in the plane, come back as maxima."""
    bead = build_nanocrystal(phases.load("CsPbBr3-cubic"), cells=1, termination="CsBr")
    film = build_superlattice(bead, spacing=(97.0, 97.0, 77.0), cells=(6, 6, 8))
    for along, period in (((0, 0, 1), 77.0), ((1, 0, 0), 97.0)):
        curve = atomic_small_angle_curve(Q, film, name="film", along=along)
        strongest = max(curve.maxima, key=lambda maximum: maximum.height)
        order = round(period / strongest.spacing)
        assert strongest.spacing * order == pytest.approx(period, rel=0.01)
        assert strongest.height == pytest.approx(36 * 8, rel=0.15)


def test_published_supraparticle_has_its_period() -> None:
    """11.4 nm, 9.6° misorientation, 3.3 % and 5.5 % vacancies."""
    bead = build_nanocrystal(phases.load("CsPbBr3-cubic"), cells=1, termination="CsBr")
    lattice = build_superlattice(
        bead, spacing=114.0, cells=8, vacancies=0.033, surface_vacancies=0.055, misorientation=9.6
    )
    q = np.linspace(0.04, 0.07, 61)
    curve = atomic_small_angle_curve(q, lattice, name="supraparticle")
    strongest = max(curve.maxima, key=lambda maximum: maximum.height)
    assert strongest.spacing == pytest.approx(114.0, rel=0.02)


def test_requests_that_mean_nothing(dot) -> None:
    with pytest.raises(InputError, match="is no direction"):
        atomic_small_angle_curve(Q, dot.atoms, name="x", along=(0, 0, 0))
    with pytest.raises(InputError, match="that ascend"):
        atomic_small_angle_curve(Q[::-1], dot.atoms, name="x")
    with pytest.raises(InputError, match="no atoms"):
        atomic_small_angle_curve(Q, Atoms(), name="x")


def test_the_command_reads_what_build_wrote(dot, tmp_path) -> None:
    film = tmp_path / "film.extxyz"
    lattice = build_superlattice(dot, spacing=(40.0, 40.0, 30.0), cells=(2, 2, 6))
    write_structure(film, superlattice_atoms(lattice), provenance={})
    words = ["saxs", "--structure", str(film), "--range", "0.5,3", "--points", "200", "--json"]
    ran = CliRunner().invoke(app, [*words, "--along", "0,0,1"])
    assert ran.exit_code == 0, ran.output
    found = max(json.loads(ran.stdout)["maxima"], key=lambda maximum: maximum["height"])
    assert found["spacing"] == pytest.approx(3.0, rel=0.02)
    for wrong in (
        ["saxs"],
        [*words, "--size", "8nm"],
        ["saxs", "--size", "8nm", "--along", "0,0,1"],
    ):
        assert isinstance(CliRunner().invoke(app, wrong).exception, InputError)
    phases.load("PbS-galena").atoms.write(tmp_path / "crystal.extxyz")
    crystal = [*words[:2], str(tmp_path / "crystal.extxyz")]
    assert "periodic crystal" in str(CliRunner().invoke(app, crystal).exception)
