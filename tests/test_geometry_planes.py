"""Lattice planes: integer algebra checked by its own definitions and by known areas."""

from __future__ import annotations

from math import gcd

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qdstruct.errors import MatchError
from qdstruct.geometry import (
    lattice_plane,
    miller_transform,
    plane_basis,
    plane_spacing,
    primitive_lattice,
    reciprocal_cell,
    reduce_miller,
)
from qdstruct.phases import load

index = st.integers(-12, 12)
miller = st.tuples(index, index, index).filter(any)
length = st.floats(2, 20)


@st.composite
def cells(draw: st.DrawFn) -> np.ndarray:
    """Triclinic cells that are not too flat."""
    rows = [[draw(st.floats(-5, 5)) for _ in range(3)] for _ in range(3)]
    cell = np.diag([draw(length) for _ in range(3)]) + np.array(rows)
    assume(abs(np.linalg.det(cell)) > 0.2 * np.prod(np.linalg.norm(cell, axis=1)))
    return cell


@given(miller)
def test_plane_basis_is_a_basis_adapted_to_the_plane(hkl: tuple[int, int, int]) -> None:
    basis, reduced = plane_basis(hkl), np.array(reduce_miller(hkl))
    assert round(np.linalg.det(basis)) == 1
    assert (basis @ reduced).tolist() == [0, 0, 1]


@given(miller, st.integers(1, 7))
def test_reduce_miller_divides_out_the_common_factor(
    hkl: tuple[int, int, int], factor: int
) -> None:
    reduced = reduce_miller(hkl)
    assert gcd(*reduced) == 1
    assert reduce_miller([factor * i for i in hkl]) == reduced
    assert np.allclose(np.cross(reduced, hkl), 0)
    assert np.dot(reduced, hkl) > 0


@pytest.mark.parametrize("wrong", [(0, 0, 0), (1, 0), (0.5, 0, 1), (1, 2, 3, 4)])
def test_what_is_no_plane(wrong: tuple[float, ...]) -> None:
    with pytest.raises(MatchError):
        reduce_miller(wrong)


def test_no_plane_has_no_spacing() -> None:
    with pytest.raises(MatchError):
        plane_spacing(np.eye(3), (0, 0, 0))


@given(cells(), miller)
def test_spacing_agrees_with_the_metric_tensor(cell: np.ndarray, hkl: tuple[int, int, int]) -> None:
    inverse_metric = np.linalg.inv(cell @ cell.T)
    expected = 1 / np.sqrt(np.array(hkl) @ inverse_metric @ np.array(hkl))
    assert plane_spacing(cell, hkl) == pytest.approx(expected)


@given(cells(), miller, st.integers(0, 10_000))
def test_miller_indices_survive_the_way_there_and_back(
    cell: np.ndarray, hkl: tuple[int, int, int], seed: int
) -> None:
    change = np.random.default_rng(seed).integers(-2, 3, (3, 3))
    assume(abs(round(np.linalg.det(change))) in (1, 2, 3))
    other = change @ cell
    there = miller_transform(hkl, cell, other)
    assert miller_transform(there, other, cell) == reduce_miller(hkl)
    normal = np.array(hkl) @ reciprocal_cell(cell)
    image = np.array(there) @ reciprocal_cell(other)
    assert np.allclose(np.cross(normal, image) / np.linalg.norm(normal), 0, atol=1e-8)
    assert normal @ image > 0


def test_planes_without_integer_indices_are_refused() -> None:
    with pytest.raises(MatchError, match="no integer indices"):
        miller_transform((1, 1, 0), np.eye(3), np.diag([1.0, 2**0.5, 1.0]))


@given(cells(), miller)
def test_the_plane_lattice_spans_the_crystal(cell: np.ndarray, hkl: tuple[int, int, int]) -> None:
    plane = lattice_plane(cell, cell, hkl)
    assert np.allclose(plane.vectors @ plane.normal, 0, atol=1e-8)
    assert np.cross(*plane.vectors) @ plane.normal > 0
    assert plane.spacing == pytest.approx(plane_spacing(cell, reduce_miller(hkl)))
    assert plane.area * plane.spacing == pytest.approx(abs(np.linalg.det(cell)))
    integers = np.vstack([plane.vectors, plane.step]) @ np.linalg.inv(cell)
    assert np.allclose(integers, np.rint(integers), atol=1e-6)
    assert abs(round(np.linalg.det(integers))) == 1


@given(cells(), miller)
def test_the_frame_is_a_rotation_with_z_along_the_normal(
    cell: np.ndarray, hkl: tuple[int, int, int]
) -> None:
    plane = lattice_plane(cell, cell, hkl)
    assert np.allclose(plane.frame @ plane.frame.T, np.eye(3))
    assert np.linalg.det(plane.frame) == pytest.approx(1)
    flat = plane.vectors @ plane.frame.T
    assert np.allclose(flat[:, 2], 0, atol=1e-8)
    assert np.allclose(flat[0, 1], 0, atol=1e-8)
    assert np.allclose(flat[:, :2], plane.planar)


@pytest.mark.parametrize(
    ("hkl", "area"),
    [
        ((1, 0, 0), 5.9315**2 / 2),
        ((1, 1, 0), 5.9315**2 / 2**0.5),
        ((1, 1, 1), 5.9315**2 * 3**0.5 / 4),
        ((2, 1, 0), 5.9315**2 * 5**0.5 / 2),
        ((2, 1, 1), 5.9315**2 * 6**0.5 / 2),
    ],
)
def test_primitive_areas_of_face_centred_galena(hkl: tuple[int, int, int], area: float) -> None:
    atoms = load("PbS-galena").atoms
    plane = lattice_plane(atoms.cell, primitive_lattice(atoms), hkl)
    assert plane.area == pytest.approx(area, rel=1e-6)


def test_printed_areas_of_galena() -> None:
    atoms = load("PbS-galena").atoms
    primitive = primitive_lattice(atoms)
    assert lattice_plane(atoms.cell, primitive, (1, 0, 0)).area == pytest.approx(17.6, abs=0.05)
    assert 15.2 <= lattice_plane(atoms.cell, primitive, (1, 1, 1)).area <= 15.3


@pytest.mark.parametrize("name", ["PbS-galena", "CdS-zincblende", "CdS-wurtzite", "Cs4PbBr6",
                                  "PMA2PbBr4", "CsPbBr3-Pbnm", "PEA2PbBr4"])  # fmt: skip
def test_primitive_cells_are_as_small_as_spglib_says(name: str) -> None:
    import spglib

    atoms = load(name).atoms
    crystal = (atoms.cell[:], atoms.get_scaled_positions(), atoms.numbers)
    lattice, _, _ = spglib.find_primitive(crystal, symprec=1e-3)
    ours = primitive_lattice(atoms)
    assert np.linalg.det(ours) == pytest.approx(abs(np.linalg.det(lattice)), rel=1e-6)
    conventional = np.asarray(atoms.cell) @ np.linalg.inv(ours)
    assert np.allclose(conventional, np.rint(conventional), atol=1e-6)


def test_a_supercell_has_the_planes_of_its_crystal() -> None:
    atoms = load("PbSe").atoms
    big = atoms.repeat((2, 1, 3))
    area = lattice_plane(big.cell, primitive_lattice(big), (2, 0, 0)).area
    assert area == pytest.approx(6.128**2 / 2)
