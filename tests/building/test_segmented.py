"""Segmented particles: counted, neutral, every junction like the planar interface."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase.io import read
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from qdstruct import matching, phases
from qdstruct.building import build_interface, build_segmented, check_structure
from qdstruct.cli import app
from qdstruct.errors import BuildError

runner = CliRunner()
PEROVSKITE, GALENA = phases.load("CsPbBr3-cubic"), phases.load("PbS-galena")
MATCH = matching.find_matches(
    GALENA, PEROVSKITE, (1, 0, 0), (1, 0, 0), max_area=60, max_strain=0.05
)[0]
REGISTRY = {"first_termination": "CsBr", "shift": (0.25, 0.25)}


def across(atoms, below, above, mic) -> set[float]:
    """Every distance between two sets of atoms that is short enough to see the registry."""
    table = np.array([atoms.get_distances(i, above, mic=mic) for i in below])
    return set(np.round(table[table < 4.6], 2).tolist())


@settings(max_examples=8, deadline=None)
@given(lengths=st.lists(st.floats(6.0, 20.0), min_size=2, max_size=4))
def test_every_junction_is_the_planar_interface(lengths) -> None:
    """Also behind a film of an odd number of planes, whose rows do not lie above each other."""
    particle = build_segmented(PEROVSKITE, GALENA, MATCH, lengths=lengths, width=20,
                               neutral=False, **REGISTRY)  # fmt: skip
    planar = build_interface(GALENA, PEROVSKITE, MATCH, substrate_termination="CsBr",
                             film_layers=1, shift=(0.25, 0.25))  # fmt: skip
    regions = planar.atoms.arrays["region"]
    theirs = across(planar.atoms, np.flatnonzero(regions == "substrate"),
                    np.flatnonzero(regions == "film"), True)  # fmt: skip
    assert theirs
    segment = particle.atoms.arrays["segment"]
    for lower in range(len(lengths) - 1):
        ours = across(particle.atoms, np.flatnonzero(segment == lower),
                      np.flatnonzero(segment == lower + 1), False)  # fmt: skip
        assert ours
        assert ours <= theirs


def test_segments_alternate_along_the_axis() -> None:
    particle = build_segmented(
        PEROVSKITE, GALENA, MATCH, lengths=[18, 12, 30], width=[24, 36], **REGISTRY
    )
    atoms = particle.atoms
    segment, z = atoms.arrays["segment"], atoms.positions[:, 2]
    ends = [(z[segment == k].min(), z[segment == k].max()) for k in range(3)]
    assert ends[1][0] - ends[0][1] == pytest.approx(particle.gap)
    assert ends[2][0] > ends[1][1] + 2
    for (low, high), wanted in zip(ends, [18, 12, 30], strict=True):
        assert high - low == pytest.approx(wanted, abs=3.2)
    assert [set(atoms.arrays["region"][segment == k]) for k in range(3)] == [
        {"first"}, {"second"}, {"first"},
    ]  # fmt: skip
    extent = np.ptp(atoms.positions, axis=0)
    assert extent[:2] == pytest.approx([24, 36], abs=6)
    assert particle.size[2] == pytest.approx(extent[2])
    assert particle.kind == "segmented"


def test_segments_are_the_crystals() -> None:
    particle = build_segmented(
        PEROVSKITE, GALENA, MATCH, lengths=[24, 18, 24], width=35, **REGISTRY
    )
    regions = {"first": PEROVSKITE, "second": GALENA}
    assert check_structure(particle.atoms, regions=regions, max_strain=0.015) == ()
    assert particle.charge == 0
    counts = build_segmented(PEROVSKITE, GALENA, MATCH, lengths=[24, 18, 24], width=35,
                             neutral=False, **REGISTRY)  # fmt: skip
    density = len(GALENA.atoms) / GALENA.atoms.get_volume()
    n_galena = int((counts.atoms.arrays["region"] == "second").sum())
    assert n_galena == pytest.approx(density * 35**2 * 6 * 5.9315 / 2, rel=0.1)


def test_polar_faces() -> None:
    core, cap = phases.load("CsPbBr3-Pbnm"), phases.load("CdS-zincblende")
    match = matching.find_matches(cap, core, (0, 0, 1), (0, 0, 1), max_area=100, max_strain=0.05)[0]
    particle = build_segmented(core, cap, match, lengths=[12, 12, 12], width=28,
                               first_termination="CsBr", second_termination="S")  # fmt: skip
    assert check_structure(particle.atoms, regions={"first": core, "second": cap}) == ()


def test_bad_requests() -> None:
    for options, message in [
        ({"lengths": [10], "width": 20}, "1 segments"),
        ({"lengths": [10, -2], "width": 20}, "positive"),
        ({"lengths": [10, 10], "width": [1, 2, 3]}, "width"),
        ({"lengths": [10, 10], "width": 20, "gap": 0.0}, "gap"),
        ({"lengths": [10, 10], "width": 20, "vacuum": -1.0}, "vacuum"),
        ({"lengths": [10, 10], "width": 20, "second_termination": "Xe"}, "PbS"),
        ({"lengths": [10, 10], "width": 0.5}, "a width of 0.5 Å is smaller than one cell"),
        ({"lengths": [10, 2], "width": 20}, "segment 1 of 2 Å is shorter than one repeat"),
    ]:
        with pytest.raises(BuildError) as raised:
            build_segmented(PEROVSKITE, GALENA, MATCH, **options)
        assert message in str(raised.value)


def test_command(tmp_path: Path) -> None:
    path = tmp_path / "rod.extxyz"
    words = ["build", "segmented", "CsPbBr3-cubic", "PbS-galena", "--first-facet", "1,0,0",
             "--second-facet", "1,0,0", "--lengths", "1.8,1.2,1.8nm", "--width", "2.4nm",
             "--first-termination", "CsBr", "--shift", "0.25,0.25", "-o", str(path)]  # fmt: skip
    result = runner.invoke(app, [*words, "--json"])
    assert result.exit_code == 0, result.output
    built = json.loads(result.stdout)
    assert built["problems"] == []
    assert built["regions"] == ["first", "second"]
    atoms = read(path)
    assert len(atoms) == built["n_atoms"]
    assert set(atoms.arrays["segment"]) == {0, 1, 2}
