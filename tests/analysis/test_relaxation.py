"""Layers that were strained by a known amount, bonds and angles of known geometry."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, make_supercell
from hypothesis import given, settings
from hypothesis import strategies as st

from qdstruct.analysis import (
    bond_angles,
    interface_bonds,
    layer_spacings,
    layer_strain,
    local_deformation,
)
from qdstruct.errors import InputError


def slab(repeat: int = 4, vacuum: float = 14.0) -> Atoms:
    """A rock-salt slab, layers 3 Å apart, in a cell with vacuum."""
    atoms = bulk("PbS", "rocksalt", a=6.0, cubic=True).repeat((1, 1, repeat))
    atoms.positions[:, 2] += 1.0
    atoms.set_cell([6.0, 6.0, 6.0 * repeat + vacuum])
    return atoms


def two_parts() -> Atoms:
    atoms = slab()
    atoms.set_array("region", np.where(atoms.positions[:, 2] > 12.5, "film", "substrate"))
    return atoms


@settings(deadline=None, max_examples=30)
@given(
    normal=st.floats(-0.04, 0.04),
    plane=st.tuples(st.floats(-0.03, 0.03), st.floats(-0.03, 0.03)),
    angle=st.floats(-0.2, 0.2),
)
def test_a_uniform_deformation_is_found_and_a_rotation_is_none(
    normal: float, plane: tuple[float, float], angle: float
) -> None:
    initial = slab()
    c, s = np.cos(angle), np.sin(angle)
    rotation = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    stretch = np.diag([1 + plane[0], 1 + plane[1], 1 + normal])
    final = initial.copy()
    final.set_cell(np.asarray(initial.cell) @ (rotation @ stretch).T, scale_atoms=True)
    layers = layer_strain(initial, final)
    assert len(layers) == 8
    for layer in layers:
        assert layer.in_plane is not None
        assert np.allclose(layer.in_plane, np.diag(plane), atol=1e-9)
        assert layer.normal == pytest.approx(normal, abs=1e-9)
        assert layer.spread == pytest.approx(0.0, abs=1e-9)
    assert layers[0].spacing == pytest.approx(3.0 * (1 + normal))
    assert layers[0].spacing_strain == pytest.approx(normal, abs=1e-9)
    assert layers[-1].spacing is None


def test_each_region_keeps_its_own_strain() -> None:
    initial = two_parts()
    final = initial.copy()
    film = final.arrays["region"] == "film"
    final.positions[film, 2] = 13.0 + 1.05 * (final.positions[film, 2] - 13.0) + 0.4
    layers = layer_strain(initial, final)
    assert [layer.region for layer in layers] == ["substrate"] * 4 + ["film"] * 4
    assert [layer.normal for layer in layers] == pytest.approx([0.0] * 4 + [0.05] * 4, abs=1e-9)
    assert all(abs(layer.rumpling) < 1e-9 for layer in layers)
    risen = layers[4].displacement[2] - layers[3].displacement[2]
    assert risen == pytest.approx(0.4)
    reference = layer_spacings(final, np.flatnonzero(film).tolist(), reference=3.0)
    assert [step.strain for step in reference] == pytest.approx([0.05] * 3)


def test_the_strain_of_the_coincidence_cell_adds_to_it() -> None:
    initial = two_parts()
    imposed = np.diag([1.02, 0.99, 1.0])
    layers = layer_strain(initial, initial, imposed={"film": imposed})
    for layer in layers:
        expected = np.diag([0.02, -0.01]) if layer.region == "film" else np.zeros((2, 2))
        assert np.allclose(layer.in_plane, expected, atol=1e-9)  # type: ignore[arg-type]


def test_wrapped_images_are_the_same_atoms() -> None:
    initial = two_parts()
    final = initial.copy()
    final.positions[:, 0] -= 0.3
    final.positions[:, 2] -= 1.2
    final.wrap()
    for layer in layer_strain(initial, final):
        assert layer.normal == pytest.approx(0.0, abs=1e-9)
        assert np.allclose(layer.displacement, 0.0, atol=1e-9)


def test_a_skew_cell_has_its_own_frame() -> None:
    initial = make_supercell(slab(), [[1, 0, 0], [1, 1, 0], [0, 0, 1]])
    final = initial.copy()
    cell = np.asarray(initial.cell) * [1.01, 1.0, 1.0]
    final.set_cell(cell, scale_atoms=True)
    for layer in layer_strain(initial, final):
        assert np.allclose(layer.in_plane, [[0.01, 0.0], [0.0, 0.0]], atol=1e-9)  # type: ignore[arg-type]


def test_a_single_plane_has_no_normal_strain() -> None:
    flat = Atoms("Pb4", positions=[[x, y, 5.0] for x in (0, 3) for y in (0, 3)], cell=[6, 6, 20],
                 pbc=True)  # fmt: skip
    assert np.isnan(local_deformation(flat, flat)).all()
    (layer,) = layer_strain(flat, flat)
    assert layer.normal is None
    assert layer.in_plane is None


def test_other_atoms_and_other_regions_are_refused() -> None:
    initial = two_parts()
    swapped = initial[::-1]
    with pytest.raises(InputError, match="different atoms"):
        layer_strain(initial, swapped)
    with pytest.raises(InputError, match="2 regions given for 32 atoms"):
        layer_strain(initial, initial, regions=["film", "film"])
    with pytest.raises(InputError, match="0 regions for 32 atoms"):
        interface_bonds(slab())


def test_bonds_across_the_plane_are_those_of_the_crystal() -> None:
    atoms = two_parts()
    bonds = interface_bonds(atoms)
    assert len(bonds) == 4
    assert [bond.length for bond in bonds] == pytest.approx([3.0] * 4)
    assert all(set(bond.regions) == {"film", "substrate"} for bond in bonds)
    assert all(set(bond.symbols) == {"Pb", "S"} for bond in bonds)
    assert bonds[0].expected == pytest.approx(1.46 + 1.05)
    assert bonds[0].height == pytest.approx(11.5)


def test_angles_of_rock_salt_are_right_or_straight() -> None:
    angles = bond_angles(slab(), ("Pb", "Pb"), "S", cutoff=3.2)
    assert {round(angle.angle) for angle in angles} == {90, 180}
    assert [angle.height for angle in angles] == sorted(angle.height for angle in angles)
    with pytest.raises(InputError, match="no angle Pb–S–Cd"):
        bond_angles(slab(), ("Pb", "Cd"), "S", cutoff=3.2)


@pytest.mark.parametrize("lift", [19.0, 37.0, -1.0])
def test_layers_on_the_edge_of_the_cell_are_as_anywhere_else(lift: float) -> None:
    """Half a cell up, or with a rumpled layer on the very edge: only the heights move along."""
    generator = np.random.default_rng(3)
    initial = two_parts()
    initial.positions[:, 2] += generator.normal(0, 0.05, len(initial))
    final = initial.copy()
    final.positions += generator.normal(0, 0.03, final.positions.shape)
    there = layer_strain(initial, final)
    for atoms in (initial, final):
        atoms.positions[:, 2] += lift
        atoms.wrap()
    moved = layer_strain(initial, final)
    period = initial.cell.lengths()[2]
    assert [each.region for each in moved] == [each.region for each in there]
    for one, other in zip(there, moved, strict=True):
        difference = (other.height - one.height - lift) / period
        assert difference == pytest.approx(round(difference), abs=1e-9)
        assert other.label == f"{other.label.split()[0]} (z = {other.height:.2f} Å)".replace(
            "-", "−"
        )
        assert other.spacing == (None if one.spacing is None else pytest.approx(one.spacing))
        assert other.rumpling == pytest.approx(one.rumpling)
        assert other.normal == pytest.approx(one.normal)
        assert np.allclose(other.displacement, one.displacement)


def test_a_bond_through_the_edge_of_the_cell_lies_on_the_edge() -> None:
    atoms = two_parts()
    atoms.positions[:, 2] += 37.6 - 11.5
    atoms.wrap()
    assert [bond.height for bond in interface_bonds(atoms)] == pytest.approx([37.6] * 4)
