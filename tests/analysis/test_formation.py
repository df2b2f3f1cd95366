"""Formula units, surfaces and formation energies against hand-made calculations."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from qdstruct.analysis import (
    formation_against_bulk,
    formation_against_bulk_line,
    formula_unit,
    formula_units,
    layer_strain_energy,
    mean_surface_energy,
    separation_energy,
)
from qdstruct.errors import InputError, OutputError
from qdstruct.model import FinishedCalculation

CELL = [[4, 0, 0], [1, 5, 0], [0.5, 0, 30]]
AREA = 20.0
BULKS = {"PbS": {"Pb": 1, "S": 1}, "CsPbBr3": {"Cs": 1, "Pb": 1, "Br": 3}}


def finished(formula: str, energy: float, **changes: object) -> FinishedCalculation:
    atoms = Atoms(formula, cell=CELL, pbc=True)
    values = {
        "atoms": atoms, "energy": energy, "fermi_level": 0.0, "converged": True,
        "n_ionic_steps": 1, "max_force": 0.0, "n_electrons": 8.0, "engine": "vasp",
        "is_mock": False, **changes,
    }  # fmt: skip
    return FinishedCalculation(**values)  # type: ignore[arg-type]


def test_formulas_are_reduced() -> None:
    assert formula_unit(["Cs"] * 4 + ["Pb"] * 4 + ["Br"] * 12) == ({"Cs": 1, "Pb": 1, "Br": 3}, 4)


def test_shared_elements_are_divided_and_the_rest_is_named() -> None:
    """Pb is in both crystals: Cs and S fix how many units of each there are."""
    symbols = ["Cs"] * 2 + ["Pb"] * 6 + ["Br"] * 6 + ["S"] * 4
    assert formula_units(symbols, BULKS) == ({"PbS": 4.0, "CsPbBr3": 2.0}, {})
    units, excess = formula_units([*symbols, "S", "Br", "Br"], BULKS)
    assert units == {"PbS": 4.0, "CsPbBr3": 2.0}
    assert excess == {"Br": 2.0, "S": 1.0}
    with pytest.raises(InputError, match="Au belongs to none"):
        formula_units([*symbols, "Au"], BULKS)


def test_the_surface_energy_is_the_mean_of_two_faces() -> None:
    gamma = mean_surface_energy(finished("Pb4S4", -30.0), finished("Pb2S2", -16.0))
    assert gamma == pytest.approx((-30.0 + 32.0) / (2 * AREA))
    with pytest.raises(OutputError, match=r"\+1 S beyond|−1 Pb beyond"):
        mean_surface_energy(finished("Pb4S5", -30.0), finished("Pb2S2", -16.0))


def test_a_stoichiometric_interface_needs_no_chemical_potential() -> None:
    bulks = {"PbS": finished("PbS", -8.0), "CsPbBr3": finished("CsPbBr3", -15.0)}
    found = formation_against_bulk(
        finished("Cs2Pb6Br6S4", -60.0), bulks, surface_energies=(0.02, 0.03)
    )
    assert found.value == pytest.approx((-60 + 32 + 30 - AREA * 0.05) / AREA)
    assert found.name == "interface formation"
    assert sum(found.terms.values()) == pytest.approx(found.value * found.area)
    bare = formation_against_bulk(finished("Cs2Pb6Br6S4", -60.0), bulks)
    assert bare.name == "interface and surface formation"


def test_excess_atoms_need_their_potential_and_follow_it() -> None:
    """Two S too many: the energy falls by 2/A per eV that sulphur gets richer."""
    bulks = {"PbS": finished("PbS", -8.0), "CsPbBr3": finished("CsPbBr3", -15.0)}
    whole = finished("Cs2Pb6Br6S6", -68.0)
    with pytest.raises(InputError, match=r"\+2 S beyond whole formula units") as told:
        formation_against_bulk(whole, bulks)
    assert "S=-4.1" in str(told.value)
    line = formation_against_bulk_line(whole, bulks, element="S", limits=(-5.0, -4.0))
    slope = float(line[-1] - line[0]) / float(line["mu"][-1] - line["mu"][0])
    assert slope == pytest.approx(-2 / AREA)
    at = formation_against_bulk(whole, bulks, chemical_potentials={"S": -4.0})
    assert float(line[-1]) == pytest.approx(at.value)
    with pytest.raises(InputError, match="not ascending"):
        formation_against_bulk_line(whole, bulks, element="S", limits=(-4.0, -5.0))


def test_three_parts_are_separated_and_the_name_says_so() -> None:
    parts = {"film": finished("CdS", -7.0), "substrate": finished("PbS", -8.0),
             "ligand": finished("CH4", -20.0)}  # fmt: skip
    found = separation_energy(finished("CdS" + "PbS" + "CH4", -37.5), parts)
    assert found.name == "separation"
    assert found.value == pytest.approx(2.5 / AREA)
    assert list(found.terms) == ["E(film)", "E(substrate)", "E(ligand)", "−E(interface)"]
    with pytest.raises(OutputError, match="do not add up"):
        separation_energy(finished("CdSPbS", -37.5), parts)


def test_the_strain_of_a_layer_is_counted_per_its_area() -> None:
    layer = Atoms("Pb4S4", cell=CELL, pbc=True)
    found = layer_strain_energy(layer, finished("Pb2S2", -15.9), finished("PbS", -8.0))
    assert found.value == pytest.approx(4 * 0.05 / AREA)
    with pytest.raises(OutputError, match="different formulas"):
        layer_strain_energy(layer, finished("Pb2S2", -15.9), finished("PbS2", -8.0))


def test_the_strained_units_of_a_layer_with_excess_atoms_are_not_guessed() -> None:
    layer = Atoms("Pb4S5", cell=CELL, pbc=True)
    with pytest.raises(OutputError, match=r"Pb4S5 is not stoichiometric: (\+1 S|−1 Pb)"):
        layer_strain_energy(layer, finished("Pb2S2", -15.9), finished("PbS", -8.0))


def test_no_energy_without_an_area() -> None:
    flat = finished("CdS", -7.0)
    flat.atoms.cell[:] = np.diag([4.0, 0.0, 30.0])
    with pytest.raises(InputError, match="no area"):
        separation_energy(flat, {"film": flat})
