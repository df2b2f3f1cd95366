"""The separating-axis test of cubes against a linear program, exact cases and the virial."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.spatial.transform import Rotation

from qdstruct.simulation.assembly.overlap import cubes_overlap

ALIGNED = np.eye(3)
coordinates = st.floats(-1.8, 1.8)
rotations = st.builds(
    lambda q: Rotation.from_quat(q).as_matrix(),
    st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1),
)


def shared_depth(shift, first, second):
    """Largest margin with which one point lies inside both cubes; negative if they are apart."""
    faces = np.vstack([first, -first, second, -second])
    limits = np.full(12, 0.5)
    limits[6:] += faces[6:] @ shift
    answer = linprog(
        c=[0, 0, 0, -1],
        A_ub=np.column_stack([faces, np.ones(12)]),
        b_ub=limits,
        bounds=[(None, None)] * 4,
    )
    return -answer.fun


@settings(max_examples=150, deadline=None)
@given(x=coordinates, y=coordinates, z=coordinates, first=rotations, second=rotations)
def test_overlap_is_a_common_point(x, y, z, first, second):
    depth = shared_depth(np.array([x, y, z]), first, second)
    if abs(depth) > 1e-7:  # touching cubes are decided by the last digit
        assert cubes_overlap(x, y, z, first, second) == (depth > 0)


@settings(max_examples=100, deadline=None)
@given(x=coordinates, y=coordinates, z=coordinates)
def test_aligned_cubes_overlap_when_no_coordinate_reaches_one(x, y, z):
    largest = max(abs(x), abs(y), abs(z))
    if abs(largest - 1) > 1e-9:
        assert cubes_overlap(x, y, z, ALIGNED, ALIGNED) == (largest < 1)


@settings(max_examples=50, deadline=None)
@given(x=coordinates, y=coordinates, z=coordinates, first=rotations, second=rotations)
def test_the_order_and_the_frame_do_not_matter(x, y, z, first, second):
    shift, turn = np.array([x, y, z]), Rotation.from_rotvec([0.3, -1.1, 0.7]).as_matrix()
    if abs(shared_depth(shift, first, second)) < 1e-9:
        return
    expected = cubes_overlap(x, y, z, first, second)
    assert cubes_overlap(-x, -y, -z, second, first) == expected
    assert cubes_overlap(*(turn @ shift), first @ turn.T, second @ turn.T) == expected


@pytest.mark.parametrize(
    ("distance", "angle", "axis", "expected"),
    [
        (0.5 + np.sqrt(0.5) - 1e-6, 45, 2, True),  # an edge against a face
        (0.5 + np.sqrt(0.5) + 1e-6, 45, 2, False),
        (1 - 1e-6, 45, 0, True),  # turned about the line of centres: faces against each other
        (1 + 1e-6, 45, 0, False),
    ],
)
def test_contact_distances_of_turned_cubes(distance, angle, axis, expected):
    vector = np.zeros(3)
    vector[axis] = np.radians(angle)
    turned = Rotation.from_rotvec(vector).as_matrix().T
    assert cubes_overlap(distance, 0.0, 0.0, ALIGNED, turned) == expected


def test_edges_crossing_need_the_axis_of_their_cross_product():
    """Two edges that cross at right angles: no face separates the cubes, the ninth axis does."""
    first = Rotation.from_euler("x", 45, degrees=True).as_matrix().T  # an edge along x on top
    second = Rotation.from_euler("y", 45, degrees=True).as_matrix().T  # an edge along y below
    contact = 2 * np.sqrt(0.5)
    assert cubes_overlap(0.0, 0.0, contact - 1e-6, first, second)
    assert not cubes_overlap(0.0, 0.0, contact + 1e-6, first, second)


def test_mean_excluded_volume_of_random_orientations():
    """Isihara's formula for convex bodies: 2V + S·M/(2π) = 2 + 6·3π/(2π) = 11 for unit cubes."""
    rng = np.random.default_rng(5)
    n, edge = 40_000, 2 * np.sqrt(3)
    shifts = rng.uniform(-edge / 2, edge / 2, (n, 3))
    first = Rotation.random(n, random_state=1).as_matrix()
    second = Rotation.random(n, random_state=2).as_matrix()
    hits = np.array(
        [cubes_overlap(*shift, a, b) for shift, a, b in zip(shifts, first, second, strict=True)]
    )
    error = edge**3 * hits.std() / np.sqrt(n)
    assert error < 0.12
    assert edge**3 * hits.mean() == pytest.approx(11.0, abs=4 * error)
