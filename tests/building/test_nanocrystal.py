"""Nanocrystals and Janus particles: counted by hand, neutral, oriented as the interface is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdstruct import matching, phases
from qdstruct.building import (
    build_coreshell,
    build_interface,
    build_janus,
    build_nanocrystal,
    check_structure,
)
from qdstruct.building.shapes import cuboid_facets
from qdstruct.building.wulff import facet_family
from qdstruct.errors import BuildError

PBNM_FACES = [(1, 1, 0), (1, -1, 0), (0, 0, 1)]


@pytest.mark.parametrize("n", [2, 3, 5, 8])
@pytest.mark.parametrize(
    ("name", "facets"),
    [("CsPbBr3-cubic", [(1, 0, 0), (0, 1, 0), (0, 0, 1)]), ("CsPbBr3-Pbnm", PBNM_FACES)],
)
def test_cube_of_n_cells_is_counted(n, name, facets) -> None:
    """A CsBr-terminated cube has (n+1)³ Cs, n³ Pb, 3n²(n+1) Br and the charge 3n+1."""
    phase = phases.load(name)
    charged = build_nanocrystal(phase, size=n * 5.85, facets=facets, termination="CsBr",
                                neutral=False)  # fmt: skip
    counts = charged.atoms.symbols.formula.count()
    assert counts == {"Cs": (n + 1) ** 3, "Pb": n**3, "Br": 3 * n**2 * (n + 1)}
    assert charged.charge == 3 * n + 1
    neutral = build_nanocrystal(phase, size=n * 5.85, facets=facets, termination="CsBr")
    assert neutral.removed == f"Cs{3 * n + 1}"
    assert neutral.charge == 0
    assert check_structure(neutral.atoms) == ()


@pytest.mark.parametrize("cells", [4, (2, 3, 5)])
def test_size_by_number_of_cells(cells) -> None:
    phase = phases.load("CsPbBr3-cubic")
    particle = build_nanocrystal(phase, cells=cells, termination="CsBr", neutral=False)
    counts = np.broadcast_to(cells, 3)
    assert particle.size == pytest.approx(tuple(counts * phase.atoms.cell.lengths()[0]))
    assert particle.atoms.symbols.formula.count()["Pb"] == np.prod(counts)


def test_corners_go_before_edges_before_faces() -> None:
    phase = phases.load("CsPbBr3-cubic")
    full = build_nanocrystal(phase, size=30, neutral=False, vacuum=0.0).atoms
    kept = build_nanocrystal(phase, size=30, vacuum=0.0).atoms
    have = {tuple(row) for row in np.round(kept.positions, 3).tolist()}
    edge = full.positions.max()
    for position in full.positions[full.numbers == 55]:
        on_faces = int(np.isclose(position % edge, 0).sum())
        gone = tuple(np.round(position, 3).tolist()) not in have
        assert not (on_faces < 2 and gone)
        assert not (on_faces == 3 and not gone)


def test_lead_bromide_faces() -> None:
    particle = build_nanocrystal(phases.load("CsPbBr3-cubic"), size=30, termination="PbBr2")
    assert particle.charge == 0
    assert particle.removed == "Cs1Pb8"
    assert "clash" not in {problem.kind for problem in check_structure(particle.atoms)}


ROUND = ["CdS-zincblende", "PbS-galena", "CsPbBr3-Pbnm", "CdS-wurtzite"]


@settings(max_examples=20, deadline=None)
@given(diameter=st.floats(15.0, 40.0), name=st.sampled_from(ROUND))
def test_spheres_are_neutral_and_round(diameter, name) -> None:
    particle = build_nanocrystal(phases.load(name), shape="sphere", size=diameter)
    assert particle.charge == 0
    kinds = {problem.kind for problem in check_structure(particle.atoms)}
    assert not kinds & {"clash", "charge", "coordination", "box"}
    assert np.ptp(particle.atoms.positions, axis=0).max() <= diameter + 1e-6


def test_sphere_has_the_crystals_density() -> None:
    phase = phases.load("PbS-galena")
    particle = build_nanocrystal(phase, shape="sphere", size=80, neutral=False)
    expected = np.pi / 6 * 80**3 / phase.atoms.get_volume() * len(phase.atoms)
    assert len(particle.atoms) == pytest.approx(expected, rel=0.01)


def test_wulff_form_of_galena_against_closed_form() -> None:
    """γ111/γ100 ≥ √3 leaves a cube; a lower ratio truncates its corners."""
    phase = phases.load("PbS-galena")
    families = {(1, 0, 0): 1.0, (1, 1, 1): 1.8}
    cube = build_nanocrystal(phase, shape="wulff", size=142.4, energies=families, neutral=False)
    cuboid = np.ptp(cube.atoms.positions, axis=0)
    n = round(cuboid[0] / (5.9315 / 2)) + 1
    assert len(cube.atoms) == n**3
    truncated = build_nanocrystal(phase, shape="wulff", size=142.4, neutral=False,
                                  energies={(1, 0, 0): 1.0, (1, 1, 1): 1.2})  # fmt: skip
    cut = 1.5 - 1.2 * np.sqrt(3) / 2
    fraction = 1 - 8 * cut**3 / 6
    assert len(truncated.atoms) / len(cube.atoms) == pytest.approx(fraction, abs=0.03)


@pytest.mark.parametrize(
    ("name", "faces"),
    [
        ("CsPbBr3-cubic", {(1, 0, 0), (0, 1, 0), (0, 0, 1)}),
        ("CsPbBr3-Pbnm", {(1, 1, 0), (1, -1, 0), (0, 0, 1)}),
        ("CsPbBr3-Pnma", {(1, 0, 1), (1, 0, -1), (0, 1, 0)}),
        ("PbS-galena", {(1, 0, 0), (0, 1, 0), (0, 0, 1)}),
    ],
)
def test_default_faces_are_pseudo_cubic(name, faces) -> None:
    assert set(cuboid_facets(phases.load(name))) == faces


def test_facet_families() -> None:
    galena, zincblende = phases.load("PbS-galena"), phases.load("CdS-zincblende")
    assert len(facet_family(galena, (1, 1, 1))) == 8
    assert len(facet_family(zincblende, (1, 1, 1))) == 4
    assert len(facet_family(galena, (1, 0, 0))) == 6


@pytest.fixture(scope="module")
def cds_match():
    film, substrate = phases.load("CdS-zincblende"), phases.load("CsPbBr3-Pbnm")
    found = matching.find_matches(
        film, substrate, (0, 0, 1), (0, 0, 1), max_area=100, max_strain=0.05
    )
    return found[0]


@pytest.fixture(scope="module")
def janus(cds_match):
    return build_janus(
        phases.load("CsPbBr3-Pbnm"), phases.load("CdS-zincblende"), cds_match, core_size=35.0,
        core_facets=PBNM_FACES, core_termination="CsBr", cap_termination="S",
    )  # fmt: skip


def test_janus_is_sound(janus) -> None:
    core, cap = phases.load("CsPbBr3-Pbnm"), phases.load("CdS-zincblende")
    problems = check_structure(janus.atoms, regions={"core": core, "cap": cap}, max_strain=0.01)
    assert problems == ()
    assert janus.charge == 0
    assert janus.kind == "janus"


def test_janus_contact_is_the_planar_interfaces(janus, cds_match) -> None:
    """Across the facet the particle has exactly the distances of the periodic interface."""
    planar = build_interface(
        phases.load("CdS-zincblende"), phases.load("CsPbBr3-Pbnm"), cds_match,
        film_termination="S", substrate_termination="CsBr",
    )  # fmt: skip
    assert janus.gap == pytest.approx(planar.gap)

    def across(atoms, lower, upper, mic) -> set[float]:
        regions = atoms.arrays["region"]
        below, above = np.flatnonzero(regions == lower), np.flatnonzero(regions == upper)
        table = np.array([atoms.get_distances(i, above, mic=mic) for i in below])
        return set(np.round(table[table < 4.4], 2).tolist())

    ours = across(janus.atoms, "core", "cap", False)
    theirs = across(planar.atoms, "substrate", "film", True)
    assert ours
    assert ours <= theirs


def test_cap_lies_on_the_facet(janus) -> None:
    atoms, regions = janus.atoms, janus.atoms.arrays["region"]
    core, cap = atoms.positions[regions == "core"], atoms.positions[regions == "cap"]
    assert cap[:, 2].min() - core[:, 2].max() == pytest.approx(janus.gap)
    assert np.abs(cap[:, :2].mean(axis=0) - core[:, :2].mean(axis=0)).max() < 1.5
    assert np.ptp(cap[:, 2]) == pytest.approx(35 / 2 - janus.gap, abs=3.5)


@pytest.mark.parametrize("shape", ["hemisphere", "sphere", "cuboid"])
def test_islands_of_lead_sulphide(shape) -> None:
    core, cap = phases.load("CsPbBr3-cubic"), phases.load("PbS-galena")
    match = matching.find_matches(cap, core, (1, 0, 0), (1, 0, 0), max_area=60, max_strain=0.05)[0]
    options = {"core_size": 50, "cap_size": 18, "cap_shape": shape, "shift": (0.5, 0.0)}
    counts = []
    for islands in [[(0, 0)], [(-12, 0), (12, 0)]]:
        bare = build_janus(
            core, cap, match, core_termination="CsBr", islands=islands, neutral=False, **options
        )
        counts.append(int((bare.atoms.arrays["region"] == "cap").sum()))
    assert counts[1] == pytest.approx(2 * counts[0], rel=0.2)
    two = build_janus(core, cap, match, core_termination="CsBr", islands=islands, **options)
    assert {p.kind for p in check_structure(two.atoms)} <= {"coordination"}


@pytest.fixture(scope="module")
def coreshell():
    core, shell = phases.load("CsPbBr3-cubic"), phases.load("PbS-galena")
    match = matching.find_matches(shell, core, (1, 0, 0), (1, 0, 0), max_area=60, max_strain=0.05)[
        0
    ]
    return build_coreshell(core, shell, match, core_size=30, shell_thickness=9,
                           core_termination="CsBr", shift=(0.25, 0.25))  # fmt: skip


def test_shell_is_all_around(coreshell) -> None:
    regions, positions = coreshell.atoms.arrays["region"], coreshell.atoms.positions
    core, shell = positions[regions == "core"], positions[regions == "shell"]
    for axis in range(3):
        for sign in (-1, 1):
            beyond = (sign * shell[:, axis]).max() - (sign * core[:, axis]).max()
            assert 5.0 < beyond < 11.5
    low, high = core.min(axis=0), core.max(axis=0)
    assert not ((shell > low + 0.1) & (shell < high - 0.1)).all(axis=1).any()


def test_coreshell_is_sound(coreshell) -> None:
    assert coreshell.charge == 0
    core = phases.load("CsPbBr3-cubic")
    assert check_structure(coreshell.atoms, regions={"core": core}, max_strain=0.001) == ()
    alone = build_nanocrystal(core, size=30, termination="CsBr", neutral=False)
    kept = int((coreshell.atoms.arrays["region"] == "core").sum())
    assert kept >= 0.98 * len(alone.atoms)
    assert kept <= len(alone.atoms)


def test_a_cap_beyond_its_facet_is_pointed_out(janus, cds_match) -> None:
    assert janus.warnings == ()
    wide = build_janus(
        phases.load("CsPbBr3-Pbnm"), phases.load("CdS-zincblende"), cds_match, core_size=18.0,
        core_facets=PBNM_FACES, cap_size=40.0,
    )  # fmt: skip
    (warning,) = wide.warnings
    beyond = 20.0 - min(wide.size[:2]) / 2
    assert f"reaches {beyond:.1f} Å beyond the facet" in warning


def test_sixteen_nanometres_in_seconds(cds_match) -> None:
    particle = build_janus(
        phases.load("CsPbBr3-Pbnm"), phases.load("CdS-zincblende"), cds_match, core_size=164.0,
        core_facets=PBNM_FACES, core_termination="CsBr", cap_termination="S",
    )  # fmt: skip
    assert 140_000 < len(particle.atoms) < 180_000
    assert particle.charge == 0


def test_bad_requests(cds_match) -> None:
    cubic, pbnm, cds = (
        phases.load(name) for name in ("CsPbBr3-cubic", "CsPbBr3-Pbnm", "CdS-zincblende")
    )
    for options, message in [
        ({"size": -3.0}, "positive"),
        ({"size": 30.0, "shape": "star"}, "star"),
        ({"size": 30.0, "shape": "wulff"}, "energies"),
        ({"size": 30.0, "shape": "wulff", "energies": {(1, 0, 0): -1.0}}, "positive"),
        ({"size": 30.0, "termination": "Xe"}, "CsBr, PbBr2"),
        ({"size": 30.0, "facets": [(1, 0, 0), (0, 1, 0), (1, 1, 0)]}, "enclose"),
        ({"size": 30.0, "vacuum": -1.0}, "vacuum"),
        ({}, "needs a size"),
        ({"size": 30.0, "cells": 3}, "instead of its edges"),
        ({"cells": 3, "shape": "sphere"}, "size of a cuboid"),
        ({"cells": 0}, "whole numbers of cells"),
        ({"cells": (2, 2, 2.5)}, "whole numbers of cells"),
        ({"size": 1e5}, "too many atoms"),
        ({"size": 3.0}, "thinner than one repeat of CsPbBr3-cubic (1, 0, 0) (5.87 Å)"),
        ({"size": 1.0, "shape": "sphere"}, "a sphere of 1 Å is smaller than one cell"),
        ({"size": 6.0, "shape": "sphere"}, "nothing is left"),
        ({"size": 30.0, "shape": "sphere", "termination": "CsBr"}, "no use for a termination"),
        ({"size": 30.0, "energies": {(1, 0, 0): 1.0}}, "no use for energies"),
    ]:
        with pytest.raises(BuildError) as raised:
            build_nanocrystal(cubic, **options)
        assert message in str(raised.value)
    open_form = {(0, 0, 1): 1.0}
    with pytest.raises(BuildError, match="enclose"):
        build_nanocrystal(phases.load("CdS-wurtzite"), shape="wulff", size=20, energies=open_form)
    with pytest.raises(BuildError, match="no face of the core"):
        build_janus(
            pbnm, cds, cds_match, core_size=30, core_facets=[(1, 0, 0), (0, 1, 0), (1, 1, 1)]
        )
    for thickness, message in [(0, "shell of 0"), (1.0, "a shell of 1 Å is smaller than one")]:
        with pytest.raises(BuildError, match=message):
            build_coreshell(pbnm, cds, cds_match, core_size=30, shell_thickness=thickness)
    with pytest.raises(BuildError, match="a cap of 2 Å is smaller than one cell"):
        build_janus(pbnm, cds, cds_match, core_size=30, core_facets=PBNM_FACES, cap_size=2)
    for options, message in [({"shift": "closest"}, "two fractions"), ({"gap": np.nan}, "gap")]:
        with pytest.raises(BuildError, match=message):
            build_janus(pbnm, cds, cds_match, core_size=30, core_facets=PBNM_FACES, **options)
    for islands, message in [
        ([], "at least one cap"),
        ([(30.0, 0.0)], "beside the facet"),
        ([(0.0, 0.0), (5.0, 5.0)], "overlap"),
    ]:
        with pytest.raises(BuildError, match=message):
            build_janus(
                pbnm, cds, cds_match, core_size=30, core_facets=PBNM_FACES, cap_size=10,
                islands=islands,
            )  # fmt: skip
    with pytest.raises(BuildError, match="cap shape"):
        build_janus(pbnm, cds, cds_match, core_size=30, core_facets=PBNM_FACES, cap_shape="hat")
