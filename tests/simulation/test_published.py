"""Published lines beside ours: agreement, disagreement and the reason given."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from ase.spacegroup import crystal

from qdstruct.errors import InputError
from qdstruct.simulation import PublishedLine, compare_lines, powder_pattern, published_lines


def galena():
    return powder_pattern(bulk("PbS", "rocksalt", a=5.9315, cubic=True), name="PbS-galena")


def test_cspbbr3_of_the_thesis_agrees_whatever_wavelength_the_pattern_has():
    sites = [(0, 0, 0), (0.5, 0.5, 0.5), (0, 0.5, 0.5)]
    atoms = crystal(["Cs", "Pb", "Br"], sites, spacegroup=221, cellpar=[5.874] * 3 + [90] * 3)
    for anode in ("CuKa", "CuKa1"):
        pattern = powder_pattern(atoms, name="CsPbBr3-cubic", anode=anode)
        rows = compare_lines(pattern, published_lines("CsPbBr3 cubic"))
        assert [row.published for row in rows] == ["21.38", "30.41", "37.47", "43.56"]
        assert [row.verdict for row in rows] == ["agrees"] * 4


def test_pbs_of_the_thesis_differs_because_of_one_larger_cell():
    rows = compare_lines(galena(), published_lines("PbS"))
    assert [row.published for row in rows] == ["25.71", "29.78", "42.61"]
    assert [row.verdict for row in rows] == ["differs"] * 3
    assert [float(row.ours) for row in rows] == pytest.approx([26.00, 30.11, 43.10], abs=0.011)
    for row in rows:
        assert "one cell" in row.reason
        assert "+1.0" in row.reason
        assert row.source


def test_lines_that_no_single_cell_explains_are_said_so():
    lines = [
        PublishedLine(system="PbS", hkl=(1, 1, 1), two_theta=25.71),
        PublishedLine(system="PbS", hkl=(2, 0, 0), two_theta=30.60),
    ]
    for row in compare_lines(galena(), lines):
        assert row.verdict == "differs"
        assert "no single cell" in row.reason


def test_implied_parameter_is_that_of_the_cell_the_angle_came_from():
    angle = 2 * np.degrees(np.arcsin(1.54056 / (2 * 6.123 / np.sqrt(8))))
    line = PublishedLine(system="PbS", hkl=(2, 2, 0), two_theta=float(angle))
    (row,) = compare_lines(galena(), [line])
    assert "a = 6.1230 Å" in row.reason


def test_unreachable_lines_are_refused():
    with pytest.raises(InputError, match="no reflection"):
        compare_lines(galena(), [PublishedLine(system="PbS", hkl=(9, 9, 9), two_theta=150.0)])
    with pytest.raises(InputError, match="not a 2θ"):
        compare_lines(galena(), [PublishedLine(system="PbS", hkl=(1, 1, 1), two_theta=0.0)])
