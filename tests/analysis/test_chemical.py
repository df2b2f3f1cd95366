"""Chemical potentials against limits and energies worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from qdstruct.analysis import (
    coupled_elements,
    formation_against_bulk,
    formation_enthalpy,
    potential_limits,
    potential_lines,
)
from qdstruct.errors import InputError
from qdstruct.model import FinishedCalculation, PotentialLine

CELL = [[4, 0, 0], [1, 5, 0], [0.5, 0, 30]]
AREA = 20.0
ELEMENTS = {"Pb": -3.5, "S": -4.0, "Cs": -0.9, "Br": -1.6}
PBS, PEROVSKITE = {"Pb": 1, "S": 1}, {"Cs": 1, "Pb": 1, "Br": 3}


def finished(formula: str, energy: float) -> FinishedCalculation:
    return FinishedCalculation(
        atoms=Atoms(formula, cell=CELL, pbc=True), energy=energy, fermi_level=0.0, converged=True,
        n_ionic_steps=1, max_force=0.0, n_electrons=8.0, engine="vasp", is_mock=False,
    )  # fmt: skip


def crystals(sulphide: float = -1.0, bromide: float = -6.0) -> dict[str, FinishedCalculation]:
    """PbS and CsPbBr3 with these formation enthalpies per formula unit."""
    return {
        "film": finished("Pb2S2", 2 * (sulphide - 7.5)),
        "substrate": finished("CsPbBr3", bromide - 0.9 - 3.5 - 4.8),
    }


def test_the_enthalpy_counts_from_the_elements() -> None:
    assert formation_enthalpy(crystals()["film"], ELEMENTS) == pytest.approx(-1.0)
    assert formation_enthalpy(crystals()["substrate"], ELEMENTS) == pytest.approx(-6.0)
    with pytest.raises(InputError, match="energy per atom of Br, Cs"):
        formation_enthalpy(crystals()["substrate"], {"Pb": -3.5})


def test_a_binary_spans_its_enthalpy_and_a_ternary_its_share() -> None:
    assert potential_limits("S", {"film": (PBS, -1.0)}) == pytest.approx((-1.0, 0.0))
    only = {"substrate": (PEROVSKITE, -6.0)}
    assert potential_limits("Br", only) == pytest.approx((-2.0, 0.0))
    assert potential_limits("Cs", only) == pytest.approx((-6.0, 0.0))


def test_a_shared_element_narrows_the_range() -> None:
    """Δμ(Pb) ≥ ΔH(CsPbBr3) = −0.4 leaves Δμ(S) = ΔH(PbS) − Δμ(Pb) at most −0.6."""
    both = {"film": (PBS, -1.0), "substrate": (PEROVSKITE, -0.4)}
    assert potential_limits("S", both) == pytest.approx((-1.0, -0.6))
    # Lead can take no less than all the sulphide gives: Δμ(Cs) + 3 Δμ(Br) = −6 + 1 there.
    both = {"film": (PBS, -1.0), "substrate": (PEROVSKITE, -6.0)}
    assert potential_limits("S", both) == pytest.approx((-1.0, 0.0))
    assert potential_limits("Br", both) == pytest.approx((-2.0, 0.0))


def test_elements_are_coupled_through_their_crystals() -> None:
    apart = {"film": {"Cd": 1, "S": 1}, "substrate": PEROVSKITE}
    assert coupled_elements(["S"], apart) == ("Cd", "S")
    assert coupled_elements(["S"], {"film": PBS, "substrate": PEROVSKITE}) == (
        "Br", "Cs", "Pb", "S",
    )  # fmt: skip


def line(found: tuple[PotentialLine, ...], element: str) -> PotentialLine:
    return next(each for each in found if each.element == element)


def test_the_energy_is_a_straight_line_between_the_limits() -> None:
    """2 Cs, 6 Pb, 6 Br, 6 S: two S beyond 4 PbS + 2 CsPbBr3."""
    whole = finished("Cs2Pb6Br6S6", -100.0)
    (found,) = potential_lines(whole, crystals(), ELEMENTS)
    assert (found.element, found.excess) == ("S", 2.0)
    assert found.limits == pytest.approx((-1.0, 0.0))
    assert found.enthalpies == pytest.approx({"film": -1.0, "substrate": -6.0})
    mu = np.asarray(found.energy["mu"])
    expected = (-100.0 + 4 * 8.5 + 2 * 15.2 - 2 * (-4.0 + mu)) / AREA
    assert np.allclose(found.energy[0], expected, atol=1e-9)
    assert np.allclose(found.energy[1], expected, atol=1e-9)
    rich = formation_against_bulk(whole, crystals(), chemical_potentials={"S": -4.0})
    assert float(found.energy[0, -1]) == pytest.approx(rich.value)
    again = PotentialLine.from_dict(found.to_dict())
    assert np.allclose(again.energy, found.energy)
    assert potential_lines(finished("Cs2Pb6Br6S4", -90.0), crystals(), ELEMENTS) == ()


def test_two_elements_in_excess_leave_a_band() -> None:
    """One S and one Br more: at Δμ(S) = x the bromine still spans what lead leaves it.

    Δμ(Pb) = −1 − x, so Δμ(Cs) + 3 Δμ(Br) = −6 + 1 + x and Δμ(Br) spans (x − 5)/3 … 0.
    """
    whole = finished("Cs2Pb6Br7S5", -100.0)
    found = line(potential_lines(whole, crystals(), ELEMENTS), "S")
    mu = np.asarray(found.energy["mu"])
    base = -100.0 + 34.0 + 30.4 + 4.0 + 1.6 - mu
    assert np.allclose(found.energy[0], base / AREA, atol=1e-7)
    assert np.allclose(found.energy[1], (base - (mu - 5) / 3) / AREA, atol=1e-7)


def test_what_cannot_be_in_equilibrium_is_refused() -> None:
    whole = finished("Cs2Pb6Br6S6", -100.0)
    with pytest.raises(InputError, match=r"film \(PbS\) is not stable .* \+0.200 eV"):
        potential_lines(whole, crystals(sulphide=0.2), ELEMENTS)
    with pytest.raises(InputError, match="energy per atom of Br, Cs as elements"):
        potential_lines(whole, crystals(), {"Pb": -3.5, "S": -4.0})


def test_an_element_of_no_crystal_has_no_limits() -> None:
    with pytest.raises(InputError, match="no crystal holds O"):
        potential_limits("O", {"PbS": ({"Pb": 1, "S": 1}, -1.0)})
    with pytest.raises(InputError, match="no crystal holds O"):
        potential_limits("O", {})
    poor, rich = potential_limits("S", {"PbS": ({"Pb": 1, "S": 1}, -1.0)})
    assert (poor, str(rich)) == (pytest.approx(-1.0), "0.0")
