"""The shipped molecules."""

from __future__ import annotations

import pytest
from ase.data import covalent_radii
from ase.neighborlist import neighbor_list

from qdstruct import phases
from qdstruct.errors import PhaseError

FORMULAS = {
    "BDT": "C6H6S2",
    "BPDT": "C12H10S2",
    "C2DT": "C2H6S2",
    "C3DT": "C3H8S2",
    "C4DT": "C4H10S2",
    "C5DT": "C5H12S2",
    "C6DT": "C6H14S2",
    "C7DT": "C7H16S2",
    "C8DT": "C8H18S2",
    "C9DT": "C9H20S2",
    "C10DT": "C10H22S2",
    "benzoate": "C7H5O2",
    "benzoic-acid": "C7H6O2",
    "benzylammonium": "C7H10N",
    "oleate": "C18H33O2",
    "oleylammonium": "C18H38N",
    "phosphocholine": "C6H16NO4P",
}


def test_all_are_there() -> None:
    assert set(phases.molecule_names()) == set(FORMULAS)


@pytest.mark.parametrize("name", FORMULAS)
def test_formula_and_one_connected_molecule(name: str) -> None:
    atoms = phases.load_molecule(name)
    assert atoms.get_chemical_formula() == FORMULAS[name]
    assert not atoms.pbc.any()
    radii = 1.25 * covalent_radii[atoms.numbers]
    first, second = neighbor_list("ij", atoms, list(radii))
    reached, edge = {0}, {0}
    while edge:
        edge = {int(j) for i, j in zip(first, second, strict=True) if i in edge} - reached
        reached |= edge
    assert len(reached) == len(atoms)


def test_best_geometry_first_and_others_on_request() -> None:
    assert phases.load_molecule("benzylammonium").info["method"].startswith("crystal PMA2PbBr4")
    assert phases.load_molecule("C4DT").info["method"] == "B3LYP/6-31G*"
    assert phases.load_molecule("BDT").info["method"] == "GFN2-xTB"
    assert phases.load_molecule("C4DT", method="gfn2").info["method"] == "GFN2-xTB"
    with pytest.raises(PhaseError, match="no geometry by 'CCSD'"):
        phases.load_molecule("C4DT", method="CCSD")


@pytest.mark.parametrize(
    ("typed", "name", "charge"),
    [("1,4-butanedithiol", "C4DT", 0), ("pma", "benzylammonium", 1), ("benzoic_acid",
     "benzoic-acid", 0), ("BENZOATE", "benzoate", -1), ("OA", "oleate", -1),
     ("olam", "oleylammonium", 1)],
)  # fmt: skip
def test_aliases_and_charges(typed: str, name: str, charge: int) -> None:
    atoms = phases.load_molecule(typed)
    assert atoms.info["name"] == name
    assert atoms.info["charge"] == charge


@pytest.mark.parametrize("name", ["BDT", "BPDT", "C2DT", "C8DT", "C10DT"])
def test_the_printed_sulfur_distance_is_that_of_the_geometry(name: str) -> None:
    atoms = phases.load_molecule(name)
    first, second = (i for i, symbol in enumerate(atoms.symbols) if symbol == "S")
    assert atoms.get_distance(first, second) == pytest.approx(
        atoms.info["sulfur_distance"], abs=2e-4
    )


def test_carbon_carbon_steps_of_the_stretched_dithiols() -> None:
    """Two methylene groups lengthen an all-trans chain by one lattice period, 2.54 Å in alkanes."""
    lengths = {
        n: float(phases.load_molecule(f"C{n}DT", method="GFN2").info["sulfur_distance"])
        for n in (3, 4, 5, 6, 7, 8, 9, 10)
    }
    steps = [lengths[n + 2] - lengths[n] for n in (3, 4, 5, 6, 7, 8)]
    assert steps == pytest.approx([2.54] * 6, abs=0.1)


@pytest.mark.parametrize("name", ["oleate", "oleylammonium"])
def test_long_ligands_are_stretched_cis_alkenes(name: str) -> None:
    """C=C 1.34 Å and C-C 1.53 Å (International Tables C, 9.5: 1.316 to 1.34, 1.53); cis: 0°."""
    atoms = phases.load_molecule(name)
    assert "GFN2-xTB" in atoms.info["source"]
    carbons = [i for i, symbol in enumerate(atoms.symbols) if symbol == "C"]
    near = {i: [j for j in carbons if i != j and atoms.get_distance(i, j) < 1.65] for i in carbons}
    double = [(i, j) for i in carbons for j in near[i] if i < j and atoms.get_distance(i, j) < 1.4]
    assert len(double) == 1
    first, second = double[0]
    assert atoms.get_distance(first, second) == pytest.approx(1.335, abs=0.015)
    ends = [next(k for k in near[i] if k not in (first, second)) for i in (first, second)]
    twist = atoms.get_dihedral(ends[0], first, second, ends[1])
    assert min(twist, 360 - twist) < 5
    singles = [atoms.get_distance(i, j) for i in carbons for j in near[i] if (i, j) != double[0]]
    assert 1.48 < sorted(singles)[4] < 1.54
    assert atoms.get_all_distances().max() > 18


def test_unknown_molecule() -> None:
    with pytest.raises(PhaseError, match="unknown molecule 'C11DT'") as error:
        phases.load_molecule("C11DT")
    assert "C10DT" in str(error.value.hint)
