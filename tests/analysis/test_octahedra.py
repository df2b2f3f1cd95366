"""Octahedra that were built with a known tilt and distortion, layers with a known strain."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st

from qdstruct.analysis import bond_lengths, layer_spacings, octahedra
from qdstruct.errors import InputError

BOND = 2.95


def cage(rotation: np.ndarray, stretch: float = 1.0) -> Atoms:
    """One PbBr6 octahedron in a large box, its axis along z stretched, then rotated."""
    corners = BOND * np.vstack([np.eye(3), -np.eye(3)]) * [1, 1, stretch]
    atoms = Atoms("PbBr6", positions=np.vstack([np.zeros(3), corners @ rotation.T]), pbc=True)
    atoms.set_cell([20, 20, 20])
    atoms.translate([10, 10, 10])
    return atoms


def about_x(angle: float) -> np.ndarray:
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


@settings(deadline=None, max_examples=40)
@given(st.floats(-40, 40))
def test_the_tilt_is_the_angle_it_was_turned_by(angle: float) -> None:
    (found,) = octahedra(cage(about_x(angle)), "Pb", "Br", cutoff=4.0)
    assert found.tilt == pytest.approx(abs(angle), abs=1e-4)
    assert found.mean_bond == pytest.approx(BOND)
    assert found.elongation == pytest.approx(0.0, abs=1e-12)
    assert found.angle_variance == pytest.approx(0.0, abs=1e-9)


def test_a_stretched_cage_shows_the_closed_form_of_its_distortion() -> None:
    (found,) = octahedra(cage(np.eye(3), 1.1), "Pb", "Br", cutoff=4.0)
    lengths = np.array([1, 1, 1, 1, 1.1, 1.1])
    expected = (((lengths - lengths.mean()) / lengths.mean()) ** 2).mean()
    assert found.elongation == pytest.approx(expected)
    assert found.corners[0] + 3 == found.corners[1] or found.corners[0] - 3 == found.corners[1]


def test_a_bent_corner_shows_in_the_angle_variance() -> None:
    atoms = cage(np.eye(3))
    centre = atoms.positions[0]
    turned = about_x(5.0) @ (atoms.positions[3] - centre)
    atoms.positions[3] = centre + turned
    (found,) = octahedra(atoms, "Pb", "Br", cutoff=4.0)
    assert found.angle_variance == pytest.approx(2 * 25 / 11, rel=1e-6)


def perovskite() -> Atoms:
    positions = [[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]
    return Atoms("CsPbBr3", scaled_positions=positions, cell=[5.9, 5.9, 5.9], pbc=True)


def test_the_cubic_crystal_is_undistorted_and_its_surface_is_left_out() -> None:
    bulk = perovskite().repeat((1, 1, 3))
    found = octahedra(bulk, "Pb", "Br", cutoff=4.0)
    assert [o.height for o in found] == pytest.approx([0.0, 5.9, 11.8])
    assert all(o.tilt < 1e-6 for o in found)
    slab = bulk.copy()
    slab.set_cell([5.9, 5.9, 30.0])
    assert len(octahedra(slab, "Pb", "Br", cutoff=4.0)) == 2
    with pytest.raises(InputError, match="no Pb atom has six Br neighbours within 2 Å"):
        octahedra(bulk, "Pb", "Br", cutoff=2.0)


def test_bonds_are_listed_once_per_image() -> None:
    bonds = bond_lengths(perovskite(), "Pb", "Br", cutoff=3.0)
    assert len(bonds) == 6
    assert all(distance == pytest.approx(2.95) for *_, distance in bonds)
    assert len(bond_lengths(perovskite(), "Pb", "Pb", cutoff=6.0)) == 6


@settings(deadline=None, max_examples=40)
@given(st.floats(-0.05, 0.05), st.floats(0, 29))
def test_layer_strain_is_what_the_positions_were_given(strain: float, shift: float) -> None:
    z = 3.0 * np.array([0, 1, 2, 3 + strain, 4 + 2 * strain])
    atoms = Atoms("Pb5", positions=[[0, 0, h] for h in z], cell=[4, 4, 30], pbc=True)
    atoms.translate([0, 0, shift])
    found = layer_spacings(atoms, range(5), reference=3.0)
    assert [s.strain for s in found] == pytest.approx([0, 0, strain, strain], abs=1e-9)
    doubled = layer_spacings(atoms, range(5), reference=6.0, repeat=2)
    assert [s.strain for s in doubled] == pytest.approx([0, strain / 2, strain], abs=1e-9)


def test_too_few_planes_and_impossible_references_are_refused() -> None:
    atoms = Atoms("Pb2", positions=[[0, 0, 0], [0, 0, 3]], cell=[4, 4, 30], pbc=True)
    with pytest.raises(InputError, match="2 atomic planes hold no pair 2 apart"):
        layer_spacings(atoms, range(2), reference=3.0, repeat=2)
    with pytest.raises(InputError, match="impossible"):
        layer_spacings(atoms, range(2), reference=0.0)
