import math

import numpy as np
import pytest
import scipy.special
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_jobs import as_structure, crystal

from qdstruct.running.mock import forces
from qdstruct.running.mock.forces import PairModel
from qdstruct.running.mock.tables import read_table
from qdstruct.running.mock.topology import find_molecules, find_pairs
from qdstruct.units import COULOMB


def rattled(name, repeat=(1, 1, 1), amplitude=0.1, seed=1):
    atoms = crystal(name) * repeat
    atoms.rattle(amplitude, seed=seed)
    return as_structure(atoms)


@pytest.mark.parametrize("name", ["CsPbBr3-cubic", "CdS-wurtzite", "PbS-galena", "PMA2PbBr4"])
def test_forces_are_minus_the_derivative_of_the_energy(name):
    structure = rattled(name)
    model = PairModel(structure)
    x, cell, h = structure.positions, structure.cell, 1e-5
    analytic = model.evaluate(x, cell).forces
    some = np.random.default_rng(0).permutation(x.size)[:30]
    for atom, axis in zip(*np.unravel_index(some, x.shape), strict=True):
        move = np.zeros_like(x)
        move[atom, axis] = h
        numeric = -(model.evaluate(x + move, cell).energy - model.evaluate(x - move, cell).energy)
        assert analytic[atom, axis] == pytest.approx(numeric / (2 * h), abs=2e-5)


@pytest.mark.parametrize("name", ["CdS-wurtzite", "CsPbBr3-Pnma"])
def test_strain_derivative_is_that_of_the_energy(name):
    structure = rattled(name)
    model = PairModel(structure)
    analytic = model.evaluate(structure.positions, structure.cell).strain_derivative
    h = 1e-6
    for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (2, 0)):
        energies = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[i, j] += sign * h
            deformed = (structure.positions @ strain.T, structure.cell @ strain.T)
            energies.append(model.evaluate(*deformed).energy)
        numeric = (energies[0] - energies[1]) / (2 * h)
        assert analytic[i, j] == pytest.approx(numeric, abs=2e-4)


def test_two_ions_far_from_their_images_follow_the_formula():
    table = read_table("mock/pair_model")["nonbonded"]
    r, cutoff, damping, rho = 2.9, table["cutoff"], table["damping"], table["rho"]
    atoms = Atoms("PbS", positions=[[0, 0, 0], [r, 0, 0]], cell=[40, 40, 40], pbc=True)
    structure = as_structure(atoms)
    energy = PairModel(structure).evaluate(structure.positions, structure.cell).energy
    q = 2 * table["charge_scale"]
    contact = read_table("mock/pair_model")["contacts"]["Pb-S"]["distance"]
    strength = table["madelung_share"] * COULOMB * q * q * rho / contact**2

    def bare(d):
        return (
            strength * math.exp((contact - d) / rho) - COULOMB * q * q * math.erfc(damping * d) / d
        )

    slope = (bare(cutoff + 1e-6) - bare(cutoff - 1e-6)) / 2e-6
    own = math.erfc(damping * cutoff) / (2 * cutoff) + damping / math.sqrt(math.pi)
    expected = bare(r) - bare(cutoff) - (r - cutoff) * slope
    expected += 2 * table["atom_energy"] - COULOMB * own * 2 * q * q
    assert energy == pytest.approx(expected, abs=1e-5)


def test_complementary_error_function_is_scipys():
    x = np.linspace(0, 5, 400)
    np.testing.assert_allclose(forces._erfc(x), scipy.special.erfc(x), rtol=2e-7)


@given(
    shift=st.tuples(*[st.floats(-20, 20)] * 3),
    angle=st.floats(0, 2 * math.pi),
)
@settings(max_examples=15, deadline=None)
def test_energy_does_not_depend_on_place_or_orientation(shift, angle):
    structure = rattled("CsPbBr3-cubic")
    before = PairModel(structure).evaluate(structure.positions, structure.cell)
    c, s = math.cos(angle), math.sin(angle)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    positions, cell = (structure.positions + np.array(shift)) @ turn.T, structure.cell @ turn.T
    after = PairModel(structure).evaluate(positions, cell)
    assert after.energy == pytest.approx(before.energy, abs=1e-8)
    np.testing.assert_allclose(after.forces, before.forces @ turn.T, atol=1e-8)


@pytest.mark.parametrize("name", ["PbS-galena", "CsPbBr3-cubic", "CdS-wurtzite"])
def test_a_supercell_has_the_energy_of_its_cells(name):
    one = as_structure(crystal(name))
    many = as_structure(crystal(name) * (2, 3, 1))
    energies = [PairModel(s).evaluate(s.positions, s.cell).energy for s in (one, many)]
    assert energies[1] == pytest.approx(6 * energies[0], abs=1e-8)


def test_forces_add_up_to_nothing():
    structure = rattled("PMA2PbBr4")
    result = PairModel(structure).evaluate(structure.positions, structure.cell)
    np.testing.assert_allclose(result.forces.sum(axis=0), 0, atol=1e-9)


@pytest.mark.parametrize(
    "name", ["CsPbBr3-cubic", "PbS-galena", "CdS-zincblende", "ZnS-zincblende"]
)
def test_crystals_are_stable_and_free_of_pressure(name):
    structure = as_structure(crystal(name) * (2, 2, 2))
    model = PairModel(structure)
    x, cell, h = structure.positions, structure.cell, 1e-3
    result = model.evaluate(x, cell)
    pressure = -np.trace(result.strain_derivative) / 3 / structure.volume * 1602.2
    assert abs(pressure) < 1.0
    assert result.energy / len(x) < -2.0
    hessian = np.zeros((x.size, x.size))
    for k in range(x.size):
        move = np.zeros(x.size)
        move[k] = h
        ahead = model.evaluate(x + move.reshape(x.shape), cell).forces
        hessian[k] = -(ahead - result.forces).ravel() / h
    frequencies = np.linalg.eigvalsh(0.5 * (hessian + hessian.T))
    np.testing.assert_allclose(frequencies[:3], 0, atol=2e-3)
    assert frequencies[3] > 5e-3


def test_pairs_agree_with_ase():
    from ase.neighborlist import neighbor_list

    atoms = crystal("CdS-wurtzite")
    atoms.rattle(0.1, seed=3)
    atoms.positions += [11.0, -7.0, 30.0]
    pairs = find_pairs(atoms.positions, np.array(atoms.cell), 7.0)
    ours = np.sort(np.linalg.norm(pairs.vectors(atoms.positions, np.array(atoms.cell)), axis=1))
    theirs = np.sort(neighbor_list("d", atoms, 7.0))
    np.testing.assert_allclose(np.repeat(ours, 2), theirs, atol=1e-10)


def test_molecules_are_found_and_carry_their_charge():
    structure = as_structure(crystal("PMA2PbBr4"))
    molecules = find_molecules(structure.symbols, structure.positions, structure.cell)
    symbols = np.array(structure.symbols)
    assert set(symbols[molecules.organic]) == {"C", "H", "N"}
    assert not molecules.organic[np.isin(symbols, ["Pb", "Br"])].any()
    assert molecules.charges.sum() == pytest.approx((symbols == "N").sum())
    assert PairModel(structure).charges.sum() == pytest.approx(0, abs=1e-12)
    coordination = [len(n) for n in molecules.neighbours]
    assert {coordination[i] for i in np.nonzero(symbols == "H")[0]} == {1}
    assert {coordination[i] for i in np.nonzero(symbols == "N")[0]} == {4}


def test_sulfide_is_an_ion_and_thiol_a_molecule():
    thiol = Atoms(
        "CH3SH",
        positions=[
            [0.0, 0.0, 0.0], [1.03, 0.36, 0.0], [-0.51, 0.36, 0.89], [-0.51, 0.36, -0.89],
            [0.0, -1.82, 0.0], [1.33, -2.0, 0.0],
        ],
        cell=[20, 20, 20], pbc=True,
    )  # fmt: skip
    both = thiol + Atoms("PbS", positions=[[8, 8, 8], [10.9, 8, 8]])
    structure = as_structure(both)
    molecules = find_molecules(structure.symbols, structure.positions, structure.cell)
    sulfurs = [i for i, s in enumerate(structure.symbols) if s == "S"]
    assert sorted(molecules.organic[sulfurs]) == [False, True]
    assert molecules.charges.sum() == 0
