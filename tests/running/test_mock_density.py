import math

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_jobs import as_structure, crystal, part, stacked

from qdstruct.running.mock.density import (
    electrons_per_atom,
    vacuum_level,
    valence_density,
)
from qdstruct.running.mock.tables import read_table
from qdstruct.running.vaspfiles.electrostatics import hartree_potential
from qdstruct.running.vaspfiles.elements import potential
from qdstruct.units import COULOMB


def valence(structure):
    return sum(potential(s).zval for s in structure.symbols)


@given(
    grid=st.tuples(*[st.integers(5, 40)] * 3),
    seed=st.integers(0, 100),
    extra=st.sampled_from([-1.0, 0.0, 2.0]),
)
@settings(max_examples=15, deadline=None)
def test_charge_is_conserved_on_any_grid(grid, seed, extra):
    atoms = crystal("CdS-wurtzite")
    atoms.rattle(0.3, seed=seed)
    structure = as_structure(atoms)
    nelect = valence(structure) + extra
    density = valence_density(structure, grid, electrons_per_atom(structure, nelect))
    assert density.values.mean() * structure.volume == pytest.approx(nelect, rel=1e-12)
    assert density.values.min() >= 0


def _potential(density, structure, *dipole):
    return hartree_potential(density.values - density.positive, structure, *dipole)


def test_electrons_go_to_the_more_electronegative_atoms():
    structure = as_structure(crystal("CsPbBr3-cubic"))
    electrons = dict(zip(structure.symbols, electrons_per_atom(structure, 44.0), strict=True))
    assert electrons["Cs"] < 9
    assert electrons["Pb"] < 14
    assert electrons["Br"] > 7


def test_difference_density_integrates_to_zero_and_sits_at_the_interface():
    structure, side = stacked(
        crystal("PbS-galena") * (1, 1, 2), crystal("CsPbBr3-cubic") * (1, 1, 2), 2.9, 15
    )
    grid = (24, 24, 160)
    densities = []
    for keep in (("lower", "upper"), ("lower",), ("upper",)):
        piece = part(structure, [s in keep for s in side])
        electrons = electrons_per_atom(piece, valence(piece))
        densities.append(valence_density(piece, grid, electrons).values)
    difference = densities[0] - densities[1] - densities[2]
    assert abs(difference.mean() * structure.volume) < 1e-9
    profile = np.abs(difference).mean(axis=(0, 1))
    z = structure.scaled[:, 2]
    junction = 0.5 * (max(z[np.array(side) == "lower"]) + min(z[np.array(side) == "upper"]))
    height = (np.arange(160) / 160 - junction) * structure.cell[2, 2]
    assert profile.max() > 1e-4
    assert profile[np.abs(height) < 8].sum() > 0.999 * profile.sum()


def test_potential_of_one_atom_is_that_of_two_gaussians():
    box = 16.0
    structure = as_structure(Atoms("Br", positions=[[8, 8, 8]], cell=[box] * 3, pbc=True))
    electrons = electrons_per_atom(structure, 7.0)
    density = valence_density(structure, (96, 96, 96), electrons)
    field = _potential(density, structure, None)
    table = read_table("mock/pair_model")["density"]
    outer = max(table["width_per_radius"] * 1.20, table["least_width"])
    inner = table["core_width"]
    level = vacuum_level(structure, electrons)
    for i in (51, 54, 60, 72):
        r = (i - 48) * box / 96
        exact = (
            7
            * COULOMB
            / r
            * (math.erf(r / (math.sqrt(2) * outer)) - math.erf(r / (math.sqrt(2) * inner)))
        )
        assert field[i, 48, 48] - level == pytest.approx(exact, abs=2e-3)
    assert field[0, 0, 0] == pytest.approx(level, abs=1e-3)


def test_vacuum_is_flat_above_a_symmetric_slab():
    atoms = crystal("PbS-galena") * (1, 1, 2)
    atoms.center(vacuum=8, axis=2)
    structure = as_structure(atoms)
    electrons = electrons_per_atom(structure, valence(structure))
    density = valence_density(structure, (30, 30, 150), electrons)
    profile = _potential(density, structure, None).mean(axis=(0, 1))
    vacuum = np.concatenate([profile[:18], profile[-18:]])
    assert np.ptp(vacuum) < 1e-3
    assert vacuum.mean() == pytest.approx(vacuum_level(structure, electrons), abs=5e-3)
    assert profile.mean() == pytest.approx(0, abs=1e-10)


def test_dipole_correction_makes_both_sides_of_a_polar_slab_flat():
    atoms = crystal("CdS-zincblende") * (1, 1, 2)
    atoms.center(vacuum=8, axis=2)
    structure = as_structure(atoms)
    electrons = electrons_per_atom(structure, valence(structure))
    density = valence_density(structure, (30, 30, 150), electrons)
    bare = _potential(density, structure, None).mean(axis=(0, 1))
    flat = _potential(density, structure, 2).mean(axis=(0, 1))
    n = len(flat)
    edge = int(3.0 / structure.cell[2, 2] * n)
    left, right = flat[1:edge], flat[n - edge : n - 1]
    assert np.ptp(bare[1:edge]) > 0.05
    assert np.ptp(left) < 2e-3
    assert np.ptp(right) < 2e-3
    assert abs(left.mean() - right.mean()) > 0.1


def test_dipole_step_lies_opposite_to_dipol():
    atoms = crystal("CdS-zincblende") * (1, 1, 2)
    atoms.center(vacuum=8, axis=2)
    structure = as_structure(atoms)
    electrons = electrons_per_atom(structure, valence(structure))
    density = valence_density(structure, (30, 30, 150), electrons)
    default = _potential(density, structure, 2).mean(axis=(0, 1))
    same = _potential(density, structure, 2, 0.5).mean(axis=(0, 1))
    moved = _potential(density, structure, 2, 0.6).mean(axis=(0, 1))
    np.testing.assert_allclose(np.diff(default)[1:-1], np.diff(same)[1:-1], atol=2e-3)
    jump = abs(default[-2] - default[1])
    assert abs(moved[13] - moved[17]) == pytest.approx(jump, rel=0.02)
    assert abs(default[13] - default[17]) < 0.02 * jump


def test_skewed_cells_give_the_density_of_the_same_crystal():
    atoms = crystal("PbS-galena")
    skewed = as_structure(atoms)
    shear = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]])
    other = Atoms(
        atoms.symbols, positions=atoms.positions, cell=shear @ np.array(atoms.cell), pbc=True
    )
    straight = electrons_per_atom(skewed, valence(skewed))
    sheared = electrons_per_atom(as_structure(other), valence(skewed))
    np.testing.assert_allclose(straight, sheared, atol=1e-12)
    a = valence_density(skewed, (36, 36, 36), straight).values
    b = valence_density(as_structure(other), (36, 36, 36), sheared).values
    i, j = np.meshgrid(np.arange(36), np.arange(36), indexing="ij")
    np.testing.assert_allclose(a[(i + j) % 36, j], b[i, j], atol=1e-6)
