"""Gauss reduction of plane lattices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qdstruct.geometry import gauss_reduce, reciprocal_cell

coordinate = st.floats(-50, 50)


@st.composite
def plane_bases(draw: st.DrawFn) -> np.ndarray:
    n = draw(st.sampled_from([2, 3]))
    basis = np.array([[draw(coordinate) for _ in range(n)] for _ in range(2)])
    lengths = np.linalg.norm(basis, axis=1)
    assume(lengths.min() > 0.1)
    area = np.sqrt(np.linalg.det(basis @ basis.T).clip(0))
    assume(area > 1e-2 * lengths.prod())
    return basis


@given(plane_bases())
def test_reduced_basis_is_short_and_spans_the_same_lattice(basis: np.ndarray) -> None:
    reduced, transform = gauss_reduce(basis)
    assert round(np.linalg.det(transform)) == 1
    assert np.allclose(transform @ basis, reduced)
    a, b = reduced
    assert a @ a <= b @ b * (1 + 1e-9)
    assert abs(a @ b) <= a @ a / 2 * (1 + 1e-9)
    assert np.linalg.det(reduced @ reduced.T) == pytest.approx(
        np.linalg.det(basis @ basis.T), rel=1e-5
    )


@given(plane_bases())
def test_first_vector_is_the_shortest_of_the_lattice(basis: np.ndarray) -> None:
    reduced, _ = gauss_reduce(basis)
    steps = np.array([[i, j] for i in range(-3, 4) for j in range(-3, 4) if (i, j) != (0, 0)])
    shortest = np.linalg.norm(steps @ reduced, axis=1).min()
    assert np.linalg.norm(reduced[0]) == pytest.approx(shortest)


@given(plane_bases())
def test_reducing_twice_changes_no_length(basis: np.ndarray) -> None:
    once, _ = gauss_reduce(basis)
    twice, _ = gauss_reduce(once)
    assert np.linalg.norm(once, axis=1) == pytest.approx(np.linalg.norm(twice, axis=1))


@given(plane_bases(), st.integers(-9, 9), st.integers(-9, 9))
def test_lengths_do_not_depend_on_the_basis(basis: np.ndarray, m: int, n: int) -> None:
    sheared = np.array([[1, m], [0, 1]]) @ np.array([[1, 0], [n, 1]]) @ basis
    ours, _ = gauss_reduce(basis)
    theirs, _ = gauss_reduce(sheared)
    assert np.allclose(
        np.linalg.norm(ours, axis=1), np.linalg.norm(theirs, axis=1), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize(
    "vectors", [[[1, 0], [2, 0]], [[0, 0], [1, 1]], [[1, 0, 0], [np.nan, 1, 0]]]
)
def test_vectors_that_span_no_plane(vectors: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="do not span a plane"):
        gauss_reduce(vectors)


@given(st.lists(st.floats(-5, 5), min_size=9, max_size=9))
def test_reciprocal_cell_is_dual(numbers: list[float]) -> None:
    cell = np.diag([7.0, 8.0, 9.0]) + 0.5 * np.reshape(numbers, (3, 3))
    assume(abs(np.linalg.det(cell)) > 1)
    assert np.allclose(cell @ reciprocal_cell(cell).T, np.eye(3), atol=1e-9)
