"""The ionic model against Madelung constants, pymatgen's Ewald sum and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from building_cases import make_phase
from hypothesis import given, settings
from hypothesis import strategies as st

from qdstruct import phases
from qdstruct.building.ewald import ewald_sum
from qdstruct.building.ionic_model import IonicModel, ionic_phase
from qdstruct.errors import BuildError
from qdstruct.units import COULOMB

# Referred to the nearest distance; Johnson and Templeton, J. Chem. Phys. 34, 2004 (1961).
MADELUNG = [
    ("rocksalt", "NaCl", 0.5, 1.7475646),
    ("cesiumchloride", "CsCl", np.sqrt(3) / 2, 1.7626747),
    ("zincblende", "ZnS", np.sqrt(3) / 4, 1.6380551),
]  # fmt: skip


@pytest.mark.parametrize(("structure", "formula", "nearest", "madelung"), MADELUNG)
@pytest.mark.parametrize("a", [3.0, 5.6])
def test_madelung_constants(structure, formula, nearest, madelung, a) -> None:
    crystal = bulk(formula, structure, a=a)
    found = ewald_sum(crystal, [1.0, -1.0])
    assert -found.energy * nearest * a / COULOMB == pytest.approx(madelung, abs=2e-7)
    assert np.abs(found.forces).max() < 1e-7


def charged_cell(seed: int) -> tuple[Atoms, np.ndarray]:
    random = np.random.default_rng(seed)
    cell = np.diag(random.uniform(4, 9, 3)) + random.uniform(-1.5, 1.5, (3, 3))
    grid = np.stack(np.meshgrid(*[[0.2, 0.7]] * 3), axis=-1).reshape(-1, 3)
    atoms = Atoms("NaCl" * 4, scaled_positions=grid + random.uniform(-0.1, 0.1, (8, 3)), cell=cell,
                  pbc=True)  # fmt: skip
    charges = random.uniform(-2, 2, 8)
    return atoms, charges - charges.mean()


@pytest.mark.parametrize("seed", range(4))
def test_ewald_against_pymatgen(seed) -> None:
    from pymatgen.analysis.ewald import EwaldSummation
    from pymatgen.core import Structure

    atoms, charges = charged_cell(seed)
    structure = Structure(atoms.cell.array, atoms.get_chemical_symbols(), atoms.positions,
                          coords_are_cartesian=True)  # fmt: skip
    structure.add_oxidation_state_by_site(list(charges))
    oracle = EwaldSummation(structure, compute_forces=True, acc_factor=14)
    found = ewald_sum(atoms, charges)
    assert found.energy == pytest.approx(oracle.total_energy, rel=1e-5, abs=1e-5)
    assert np.allclose(found.forces, oracle.forces, atol=2e-4)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_forces_are_the_slope_of_the_energy(seed, slab) -> None:
    atoms, charges = charged_cell(seed)
    if slab:
        cell = atoms.cell.array * np.array([[1, 1, 0], [1, 1, 0], [0, 0, 3]])
        atoms.set_cell(cell)
    forces = ewald_sum(atoms, charges, slab=slab).forces
    assert np.abs(forces.sum(axis=0)).max() < 1e-6
    direction = np.random.default_rng(seed).normal(size=(8, 3))
    energies = []
    for step in (-1e-4, 1e-4):
        moved = atoms.copy()
        moved.positions += step * direction
        energies.append(ewald_sum(moved, charges, slab=slab).energy)
    slope = (energies[1] - energies[0]) / 2e-4
    assert -(forces * direction).sum() == pytest.approx(slope, rel=1e-5, abs=1e-5)


def test_two_charged_sheets_are_a_capacitor() -> None:
    """Closed form: far apart, two sheets of ∓q cost 2πk q² d/A beside their own energies."""
    a = 4.0

    def sheets(distance: float, height: float) -> float:
        atoms = Atoms("NaCl", positions=[[0, 0, 5], [0, 0, 5 + distance]], cell=[a, a, height],
                      pbc=True)  # fmt: skip
        return ewald_sum(atoms, [1.0, -1.0], slab=True).energy

    slope = sheets(13.0, 60.0) - sheets(12.0, 60.0)
    assert slope == pytest.approx(2 * np.pi * COULOMB / a**2, rel=1e-6)
    assert sheets(12.0, 90.0) == pytest.approx(sheets(12.0, 60.0), abs=1e-6)


@pytest.mark.parametrize(
    "name", ["PbS-galena", "CsPbBr3-cubic", "CdS-zincblende", "CsPbBr3-Pbnm", "CdS-wurtzite"]
)
def test_the_crystal_is_at_zero_pressure(name) -> None:
    phase = phases.load(name)
    model = IonicModel({"": ionic_phase(phase)})
    energies = []
    for scale in (1 - 1e-4, 1, 1 + 1e-4):
        atoms = phase.atoms.copy()
        atoms.set_cell(atoms.cell * scale, scale_atoms=True)
        atoms.calc = model
        energies.append(atoms.get_potential_energy())
    curvature = (energies[0] - 2 * energies[1] + energies[2]) / 1e-8
    minimum = -(energies[2] - energies[0]) / 2e-4 / curvature
    assert curvature > 0
    assert abs(minimum) < 1e-5


def test_bulk_modulus_of_rock_salt_is_near_the_measured_one() -> None:
    """Nothing is fitted to it: 23.8 GPa, Birch, J. Geophys. Res. 91, 4949 (1986)."""
    from ase.units import GPa

    salt = make_phase(bulk("NaCl", "rocksalt", a=5.6402, cubic=True), "NaCl")
    model = IonicModel({"": ionic_phase(salt)})
    scales = np.linspace(0.99, 1.01, 5)
    energies, volumes = [], []
    for scale in scales:
        atoms = salt.atoms.copy()
        atoms.set_cell(atoms.cell * scale, scale_atoms=True)
        atoms.calc = model
        energies.append(atoms.get_potential_energy())
        volumes.append(atoms.get_volume())
    modulus = 2 * np.polyfit(volumes, energies, 3)[1]
    modulus = (6 * np.polyfit(volumes, energies, 3)[0] * volumes[2] + modulus) * volumes[2] / GPa
    assert modulus == pytest.approx(23.8, rel=0.15)


def test_forces_of_the_model_are_the_slope_of_its_energy() -> None:
    phase = phases.load("CsPbBr3-Pbnm")
    atoms = phase.atoms.copy()
    atoms.rattle(0.1, seed=3)
    atoms.calc = IonicModel({"": ionic_phase(phase)})
    forces = atoms.get_forces()
    atom, axis, step = 7, 1, 1e-4
    energies = []
    for sign in (-1, 1):
        moved = atoms.copy()
        moved.positions[atom, axis] += sign * step
        moved.calc = atoms.calc
        energies.append(moved.get_potential_energy())
    assert forces[atom, axis] == pytest.approx((energies[0] - energies[1]) / (2 * step), abs=1e-5)


def test_molecules_are_refused() -> None:
    with pytest.raises(BuildError, match="holds molecules"):
        ionic_phase(phases.load("PMA2PbBr4"))


def test_an_ion_of_another_crystal_is_refused() -> None:
    atoms = phases.load("CsPbBr3-cubic").atoms.copy()
    atoms.calc = IonicModel({"": ionic_phase(phases.load("PbS-galena"))})
    with pytest.raises(BuildError, match=r"no parameters for (Cs|Br)"):
        atoms.get_potential_energy()


def test_a_charged_cell_is_refused() -> None:
    with pytest.raises(BuildError, match=r"add up to \+1 e"):
        ewald_sum(bulk("NaCl", "rocksalt", a=5.6), [1.0, 0.0])


def test_an_element_without_radius_is_named() -> None:
    with pytest.raises(BuildError, match="no ionic radius for Au"):
        ionic_phase(make_phase(bulk("Au", cubic=True)))
