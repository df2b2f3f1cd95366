"""The validator finds each kind of fault, and none in the shipped crystals."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from qdstruct import phases
from qdstruct.building import build_slab, check_structure
from qdstruct.building.charges import balanced_charges, contact_distance, formal_charges
from qdstruct.errors import BuildError


def kinds(atoms, **options) -> set[str]:
    return {problem.kind for problem in check_structure(atoms, **options)}


@pytest.mark.parametrize("phase", phases.catalogue(), ids=lambda phase: phase.name)
def test_shipped_crystals_are_sound(phase) -> None:
    assert check_structure(phase.atoms, formula=phase.formula) == ()
    assert formal_charges(phase.atoms).sum() == pytest.approx(0)


def test_clash_across_the_periodic_boundary() -> None:
    atoms = Atoms("PbS", [(0.1, 5, 5), (9.8, 5, 5)], cell=[10, 10, 10], pbc=True)
    problems = [p for p in check_structure(atoms) if p.kind == "clash"]
    assert len(problems) == 1
    assert problems[0].atoms == (0, 1)
    assert "0.30 Å" in problems[0].message
    atoms.pbc = False
    assert "clash" not in kinds(atoms)


def test_charge_composition_and_electrons() -> None:
    galena = phases.load("PbS-galena").atoms
    lacking = galena.copy()
    del lacking[0]
    assert "charge" in kinds(lacking)
    assert "charge" not in kinds(lacking, charge=formal_charges(lacking).sum())
    assert "composition" in kinds(lacking, formula="PbS")
    odd = phases.load("CsPbBr3-cubic").atoms
    del odd[list(odd.symbols).index("Br")]
    assert "electrons" in kinds(odd)
    with pytest.raises(BuildError, match="not a chemical formula"):
        check_structure(galena, formula="Pb(S")


@pytest.mark.parametrize("name", ["C6H6", "CH3CH2NH2", "C2H6"])
def test_carbon_without_one_of_its_hydrogens(name) -> None:
    whole = molecule(name, vacuum=6.0)
    assert "molecule" not in kinds(whole)
    cut = whole.copy()
    bonded = np.argmin(
        whole.get_distances(
            int(np.flatnonzero(whole.numbers == 6)[0]), np.flatnonzero(whole.numbers == 1)
        )
    )
    del cut[int(np.flatnonzero(whole.numbers == 1)[bonded])]
    assert "molecule" in kinds(cut)


@pytest.mark.parametrize(
    "name", ["C2H2", "HCN", "CH3CN", "C2H4", "C3H4_C3v", "CH3COOH", "C3H4_D2d"]
)
def test_whole_molecules_with_linear_and_planar_carbon(name) -> None:
    assert "molecule" not in kinds(molecule(name, vacuum=6.0))


def test_cut_and_torn_molecules() -> None:
    slab = build_slab(phases.load("PMA2PbBr4"), (1, 0, 0), layers=1).atoms
    assert check_structure(slab) == ()
    cut = slab.copy()
    del cut[[int(np.flatnonzero(cut.numbers == 6)[0])]]
    assert "molecule" in kinds(cut)
    torn = slab.copy()
    member = int(np.flatnonzero((torn.arrays["molecule"] == 0) & (torn.numbers == 1))[0])
    torn.positions[member] += [0, 0, 40.0]
    assert "molecule" in kinds(torn)


def test_cations_that_lost_their_anions() -> None:
    atoms = phases.load("CsPbBr3-cubic").atoms * (3, 3, 3)
    lead = int(np.flatnonzero(atoms.numbers == 82)[13])
    distances = atoms.get_distances(lead, range(len(atoms)), mic=True)
    near = np.flatnonzero((distances < 3.2) & (atoms.numbers == 35))[:4]
    del atoms[near]
    found = [p for p in check_structure(atoms) if p.kind == "coordination"]
    assert len(found) == 1
    assert "2 anions" in found[0].message


def test_coordination_without_a_frequent_value() -> None:
    """Ten sites of as many coordinations, strained apart: nothing is usual, nothing fails."""
    crystal = phases.load("Pb4S3Br2").atoms * (2, 1, 1)
    crystal.rattle(0.45, seed=2)
    crystal.pbc = False
    assert kinds(crystal) <= {"coordination", "clash", "charge", "box"}


def test_strain_of_a_region() -> None:
    phase = phases.load("PbS-galena")
    atoms = phase.atoms * (3, 3, 3)
    atoms.set_array("region", np.array(["film"] * len(atoms)))
    assert "strain" not in kinds(atoms, regions={"film": phase}, max_strain=0.01)
    atoms.set_cell(atoms.cell * 0.97, scale_atoms=True)
    assert "strain" in kinds(atoms, regions={"film": phase}, max_strain=0.02)
    assert "composition" in kinds(atoms, regions={"substrate": phase})


def test_boxes() -> None:
    particle = bulk("PbS", "rocksalt", a=5.93, cubic=True) * (4, 4, 4)
    particle.pbc = False
    particle.cell = np.diag([10.0, 40.0, 40.0])
    assert "box" in kinds(particle)
    wire = Atoms("PbS", [(0, 0, 0), (0, 0, 2.9)], pbc=(False, False, True))
    assert "box" in kinds(wire)


def test_nothing_to_check() -> None:
    with pytest.raises(BuildError, match="no atoms"):
        check_structure(Atoms())
    with pytest.raises(BuildError, match="not numbers"):
        check_structure(Atoms("H", [(np.nan, 0, 0)]))


def test_many_findings_are_counted_not_listed() -> None:
    atoms = Atoms("Pb" * 40, np.random.default_rng(1).uniform(0, 3, (40, 3)))
    clashes = [p for p in check_structure(atoms) if p.kind == "clash"]
    assert len(clashes) == 21
    assert "more problems" in clashes[-1].message


def test_charges_of_ions_in_molecules() -> None:
    ammonium = molecule("NH3")
    hydrogens = ammonium.positions[ammonium.numbers == 1].mean(axis=0)
    nitrogen = ammonium.positions[ammonium.numbers == 7][0]
    lone = (nitrogen - hydrogens) / np.linalg.norm(nitrogen - hydrogens)
    ammonium += Atoms("H", [nitrogen + 1.03 * lone])
    assert formal_charges(ammonium).sum() == 1
    assert formal_charges(molecule("HCOOH")).sum() == 0
    formate = molecule("HCOOH")
    oxygens = np.flatnonzero(formate.numbers == 8)
    hydrogens = np.flatnonzero(formate.numbers == 1)
    acid = [i for i in hydrogens if formate.get_distances(i, oxygens).min() < 1.1]
    del formate[acid]
    assert formal_charges(formate).sum() == -1
    assert formal_charges(phases.load("PMA2PbBr4").atoms).max() == 2


def test_variable_elements_balance_the_crystal() -> None:
    haematite = Atoms("Fe4O6", np.arange(30).reshape(10, 3) * 3.0, cell=[90] * 3, pbc=True)
    assert balanced_charges(haematite)[0] == pytest.approx(3)
    assert not formal_charges(bulk("Cu")).any()


def test_contact_distances_are_near_the_bonds_of_the_crystals() -> None:
    bonds = {("Pb", "S"): 2.97, ("Cd", "S"): 2.52, ("Pb", "Br"): 2.94, ("Zn", "S"): 2.34}
    for (cation, anion), length in bonds.items():
        assert contact_distance(cation, anion) == pytest.approx(length, rel=0.075)
    assert contact_distance("Br", "Br") == pytest.approx(2 * 1.96)
    assert contact_distance("Pb", "Pb") >= 2.9


def test_region_of_another_crystal() -> None:
    atoms = phases.load("CdS-zincblende").atoms.copy()
    atoms.set_array("region", np.array(["film"] * len(atoms)))
    assert check_structure(atoms, regions={"film": phases.load("CdS-zincblende")}) == ()
    found = check_structure(atoms, regions={"film": phases.load("PbS-galena")})
    assert any(p.kind == "composition" and "holds Cd" in p.message for p in found)
