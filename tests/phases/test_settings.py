"""Axes change, the crystal does not."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qdstruct import phases
from qdstruct.errors import MatchError, PhaseError
from qdstruct.geometry import plane_spacing, reciprocal_cell
from qdstruct.model import Phase

index = st.integers(-5, 5)
miller = st.tuples(index, index, index)


def test_pnma_and_pbnm_name_the_same_axes() -> None:
    pnma = phases.load("CsPbBr3-Pnma")
    pbnm = phases.in_setting(pnma, "Pbnm")
    assert pbnm.space_group_symbol == "Pbnm"
    assert np.allclose(pbnm.atoms.cell.lengths(), [8.1982, 8.244, 11.7351])
    assert np.linalg.det(pbnm.atoms.cell) > 0
    assert pbnm.density == pytest.approx(pnma.density)


@pytest.mark.parametrize("name", ["CsPbBr3-Pnma", "CsPbBr3-Pbnm", "CsPbI3-gamma", "Pb4S3Br2"])
@pytest.mark.parametrize("setting", ["Pnma", "Pbnm", "Pnam", "Pmcn", "Pmnb", "Pcmn"])
def test_there_and_back(name: str, setting: str) -> None:
    start = phases.load(name)
    there = phases.in_setting(start, setting)
    assert there.space_group_symbol == setting
    back = phases.in_setting(there, start.space_group_symbol)
    assert np.allclose(np.abs(back.atoms.cell), np.abs(start.atoms.cell), atol=1e-9)
    near = phases.shortest_distances(start.atoms)
    assert phases.shortest_distances(back.atoms) == pytest.approx(near)


def test_settings_are_typed_in_any_case() -> None:
    assert phases.in_setting(phases.load("CsPbBr3-Pnma"), "pbnm").space_group_symbol == "Pbnm"


@pytest.mark.parametrize(
    ("hkl", "expected"),
    [((1, 1, 0), (1, 0, 0)), ((2, 2, 0), (2, 0, 0)), ((0, 4, 0), (2, 2, 0)), ((0, 0, 2), (0, 0, 1)),
     ((4, 0, 0), (2, -2, 0)), ((1, 1, 2), (1, 0, 1))],
)  # fmt: skip
def test_known_pseudo_cubic_planes(hkl: tuple[int, int, int], expected: tuple[int, ...]) -> None:
    assert phases.convert_miller(hkl, phases.load("CsPbBr3-Pbnm"), "pseudo-cubic") == expected


def test_the_220_plane_of_the_janus_paper_is_040_of_pbnm() -> None:
    phase = phases.load("CsPbBr3-Pbnm")
    cell = phase.atoms.cell
    assert plane_spacing(cell, (2, 2, 0)) == pytest.approx(2.91, abs=0.005)
    assert plane_spacing(cell, (0, 4, 0)) == pytest.approx(2.061, abs=0.005)
    assert phases.convert_miller((0, 4, 0), phase, "pseudocubic") == (2, 2, 0)


@given(miller, st.sampled_from(["Pnma", "Pbnm", "Pnam"]))
def test_direction_and_spacing_are_kept(hkl: tuple[int, int, int], setting: str) -> None:
    assume(any(hkl))
    phase = phases.load("CsPbBr3-Pnma")
    other = phases.in_setting(phase, setting)
    converted = phases.convert_miller(hkl, phase, setting)
    before = np.array(hkl) @ reciprocal_cell(phase.atoms.cell)
    after = np.array(converted) @ reciprocal_cell(other.atoms.cell)
    assert np.allclose(before, after)


@given(miller)
def test_pseudo_cubic_planes_keep_their_direction(hkl: tuple[int, int, int]) -> None:
    assume(any(hkl))
    phase = phases.load("CsPbBr3-Pnma")
    block = phases.in_setting(phase, "pseudocubic")
    converted = np.array(phases.convert_miller(hkl, phase, "pseudocubic"))
    before = np.array(hkl) @ reciprocal_cell(phase.atoms.cell)
    after = converted @ reciprocal_cell(np.asarray(block.atoms.cell) / 2)
    ratio = np.linalg.norm(after) / np.linalg.norm(before)
    assert np.allclose(after, ratio * before)
    assert any(np.isclose(ratio, whole) for whole in (1, 2))


@pytest.mark.parametrize(
    ("name", "n_atoms"), [("CsPbBr3-cubic", 5), ("CsPbBr3-tetragonal", 20), ("CsPbBr3-Pnma", 40),
                          ("CsPbBr3-Pbnm", 40), ("CsPbI3-gamma", 40)],
)  # fmt: skip
def test_pseudo_cubic_blocks(name: str, n_atoms: int) -> None:
    start = phases.load(name)
    block = phases.in_setting(start, "pseudocubic")
    assert len(block.atoms) == n_atoms
    assert block.density == pytest.approx(start.density)
    ratio = n_atoms // len(start.atoms)
    assert block.atoms.symbols.formula.count() == {
        symbol: ratio * count for symbol, count in start.atoms.symbols.formula.count().items()
    }
    assert block.formula_units == n_atoms // 5
    assert block.space_group_number == start.space_group_number
    assert np.allclose(block.atoms.cell.angles(), 90, atol=2)
    assert phases.shortest_distances(block.atoms)["Pb", "Pb"] == pytest.approx(
        phases.shortest_distances(start.atoms)["Pb", "Pb"]
    )


@pytest.mark.parametrize(
    ("name", "setting"),
    [("CsPbBr3-cubic", "Pbnm"), ("PbS", "pseudocubic"), ("Pb4S3Br2", "pseudocubic"),
     ("PMA2PbBr4", "Pnma"), ("CsPbBr3-Pnma", "nonsense")],
)  # fmt: skip
def test_settings_that_do_not_exist(name: str, setting: str) -> None:
    with pytest.raises(PhaseError) as error:
        phases.in_setting(phases.load(name), setting)
    assert error.value.hint
    with pytest.raises(PhaseError):
        phases.convert_miller((1, 0, 0), phases.load(name), setting)


def test_no_plane() -> None:
    with pytest.raises(MatchError):
        phases.convert_miller((0, 0, 0), phases.load("CsPbBr3-Pnma"), "Pbnm")


def test_the_primitive_cell_of_a_centred_lattice_is_named_and_left() -> None:
    from ase.build import bulk

    with_caveat = phases.describe(bulk("Si", "diamond", 5.431), name="si")
    assert "type F" in with_caveat.caveats[0]
    conventional = phases.in_setting(with_caveat, "conventional")
    assert np.allclose(conventional.atoms.cell.cellpar(), [5.431] * 3 + [90] * 3)
    assert len(conventional.atoms) == 8
    assert conventional.caveats == ()
    assert phases.describe(bulk("Si", "diamond", 5.431, cubic=True), name="si").caveats == ()


@cache
def rock_salt() -> tuple[Phase, Phase]:
    from ase.build import bulk

    primitive = phases.describe(bulk("NaCl", "rocksalt", 5.64), name="NaCl")
    return primitive, phases.in_setting(primitive, "conventional")


@given(hkl=miller)
def test_planes_keep_their_spacing_from_primitive_to_conventional(
    hkl: tuple[int, int, int],
) -> None:
    assume(any(hkl))
    primitive, conventional = rock_salt()
    other = phases.convert_miller(hkl, primitive, "conventional")
    there = plane_spacing(conventional.atoms.cell, other)
    assert there == pytest.approx(plane_spacing(primitive.atoms.cell, hkl))


def test_a_supercell_has_no_conventional_axes_of_its_own() -> None:
    galena = phases.load("PbS-galena")
    doubled = phases.describe(galena.atoms * (2, 1, 1), name="doubled")
    with pytest.raises(PhaseError, match="no multiples") as caught:
        phases.in_setting(doubled, "conventional")
    assert "supercell" in str(caught.value)
