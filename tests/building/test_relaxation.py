"""Relaxation: closed-form minima, fixed atoms, interrupts, and CHGNet where it is installed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.lj import LennardJones
from typer.testing import CliRunner

from qdstruct import phases
from qdstruct.building import build_interface, interface_calculator, relax_structure
from qdstruct.cli.app import app
from qdstruct.errors import BuildError, DestinationError, RunError
from qdstruct.matching import find_matches
from qdstruct.model import Relaxation


def pair(distance: float = 1.3) -> Atoms:
    return Atoms("Ar2", positions=[[0, 0, 0], [0, 0, distance]])


def test_two_atoms_find_the_lennard_jones_minimum() -> None:
    done = relax_structure(pair(), LennardJones(rc=50), fmax=1e-6)
    assert done.converged
    assert done.atoms.get_distance(0, 1) == pytest.approx(2 ** (1 / 6), abs=1e-5)
    assert done.energy == pytest.approx(-1.0, abs=1e-6)
    assert done.energy < done.energy_before
    assert done.force < 1e-6 < done.force_before
    assert done.farthest == pytest.approx((1.3 - 2 ** (1 / 6)) / 2, abs=1e-4)


@pytest.mark.parametrize("how", ["array", "constraint"])
def test_fixed_atoms_stay(how) -> None:
    from ase.constraints import FixAtoms

    atoms = pair()
    if how == "array":
        atoms.set_array("fixed", np.array([True, False]))
    else:
        atoms.set_constraint(FixAtoms([0]))
    done = relax_structure(atoms, LennardJones(rc=50), fmax=1e-4)
    assert np.array_equal(done.atoms.positions[0], [0, 0, 0])
    assert done.atoms.positions[1, 2] == pytest.approx(2 ** (1 / 6), abs=1e-3)


def test_too_few_steps_are_said() -> None:
    done = relax_structure(pair(2.0), LennardJones(rc=50), fmax=1e-6, max_steps=2)
    assert (done.steps, done.converged) == (2, False)
    again = relax_structure(done.atoms, LennardJones(rc=50), fmax=1e-6)
    assert again.converged


def test_an_interrupt_gives_the_best_so_far() -> None:
    def stop(step: int, energy: float, force: float) -> None:
        if step == 3:
            raise KeyboardInterrupt

    done = relax_structure(pair(1.5), LennardJones(rc=50), fmax=1e-8, on_progress=stop)
    assert not done.converged
    assert done.energy <= done.energy_before
    assert Relaxation.from_dict(json.loads(json.dumps(done.to_dict()))).atoms == done.atoms


class Broken(Calculator):
    implemented_properties = ("energy", "forces")

    def __init__(self, value: float | None) -> None:
        super().__init__()
        self.value = value

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        if self.value is None:
            raise ZeroDivisionError("oh")
        self.results = {"energy": self.value, "forces": np.zeros((2, 3))}


def test_calculators_that_fail_are_named() -> None:
    with pytest.raises(RunError, match="failed on Ar2: ZeroDivisionError: oh"):
        relax_structure(pair(), Broken(None))
    with pytest.raises(RunError, match="returned nan eV"):
        relax_structure(pair(), Broken(float("nan")))


def test_requests_that_mean_nothing() -> None:
    with pytest.raises(BuildError, match="does not exist"):
        relax_structure(pair(), LennardJones(), fmax=0)
    with pytest.raises(BuildError, match="does not exist"):
        relax_structure(pair(), LennardJones(), max_steps=0)
    held = pair()
    held.set_array("fixed", np.array([True, True]))
    with pytest.raises(BuildError, match="every atom is fixed"):
        relax_structure(held, LennardJones())
    with pytest.raises(BuildError, match="name them with --film and --substrate"):
        interface_calculator("ionic")


def interface(path):
    film, substrate = phases.load("PbS-galena"), phases.load("CsPbBr3-cubic")
    match = find_matches(film, substrate, (1, 0, 0), (1, 0, 0), max_area=100, max_strain=0.05)[0]
    built = build_interface(
        film, substrate, match, substrate_termination="PbBr2", shift=(0.5, 0.0), fix_outer_layers=1
    )
    built.atoms.write(path, format="extxyz")
    return built.atoms


def test_the_command_with_the_ionic_model(tmp_path) -> None:
    start, end = tmp_path / "start.extxyz", tmp_path / "end.extxyz"
    atoms = interface(start)
    words = ["relax", str(start), "-o", str(end), "--calculator", "ionic", "--film", "PbS-galena",
             "--substrate", "CsPbBr3-cubic", "--fmax", "0.2", "--json"]  # fmt: skip
    ran = CliRunner().invoke(app, words)
    assert ran.exit_code == 0, ran.output
    facts = json.loads(ran.stdout)
    assert facts["converged"]
    assert facts["energy"] < facts["energy_before"]
    relaxed = phases.read_atoms(end)
    moved = np.linalg.norm(relaxed.positions - atoms.positions, axis=1)
    assert (moved[atoms.arrays["fixed"]] < 1e-6).all()
    assert moved.max() == pytest.approx(facts["farthest"], abs=1e-6)
    assert set(relaxed.arrays["region"]) == {"film", "substrate"}
    assert isinstance(CliRunner().invoke(app, words).exception, DestinationError)
    ran = CliRunner().invoke(app, [*words[:-2], "1e-9", "--steps", "1", "--force"])
    assert ran.exit_code == 1
    assert "not converged" in ran.stdout


def test_chgnet_brings_shaken_galena_back(tmp_path) -> None:
    pytest.importorskip("chgnet")
    galena = phases.load("PbS-galena").atoms
    shaken = galena.copy()
    shaken.rattle(0.1, seed=1)
    done = relax_structure(shaken, interface_calculator("chgnet"), fmax=0.02)
    assert done.converged
    assert done.method.startswith("CHGNet")
    bonds = [done.atoms.get_distances(i, range(8), mic=True) for i in range(8)]
    nearest = np.sort(np.array(bonds), axis=1)[:, 1:7]
    assert nearest == pytest.approx(galena.cell.lengths()[0] / 2, abs=0.02)
