"""The shipped studies start from chemistry, not from a clash or from cations on cations."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from ase.neighborlist import neighbor_list
from numpy.typing import NDArray

from qdstruct.model import Interface
from qdstruct.pipeline.planning import plan_study
from qdstruct.pipeline.prepare import rehearse
from qdstruct.study import RecipeName, load_study, study_names

ANIONS = ("Br", "S")
RADII = {"Pb": 1.19, "Cd": 0.95, "Br": 1.96, "S": 1.84}
"""Å: Shannon, Acta Cryst. A32, 751 (1976), six-fold coordination."""


def contacts(interface: Interface) -> list[tuple[str, str, float]]:
    """Film atom, substrate atom, distance in Å of every pair across the interface below 4.5 Å."""
    atoms = interface.atoms
    regions: NDArray[np.str_] = np.asarray(atoms.get_array("region"))
    symbols = atoms.get_chemical_symbols()
    i, j, d = neighbor_list("ijd", atoms, 4.5)
    across = (regions[i] == "film") & (regions[j] == "substrate")
    pairs = zip(i[across], j[across], d[across], strict=True)
    return [(symbols[a], symbols[b], float(distance)) for a, b, distance in pairs]


@pytest.mark.parametrize("name", ["cspbbr3-cds", "cspbbr3-pbs", "cspbbr3-pbs-220"])
def test_ions_meet_their_counter_ions(name: str) -> None:
    found = sorted(contacts(plan_study(load_study(name)).interface), key=lambda pair: pair[2])
    first, second, distance = found[0]
    assert (first in ANIONS) != (second in ANIONS), found[:4]
    assert distance == pytest.approx(RADII[first] + RADII[second], abs=0.25)
    like = [d for one, other, d in found if (one in ANIONS) == (other in ANIONS)]
    assert min(like, default=np.inf) > distance + 0.5


RECIPES = {
    "recipe-electronic-structure": ("interface electronic structure", {"bader", "states"}),
    "recipe-charge-difference": ("charge difference", {"difference"}),
    "recipe-band-alignment": ("band alignment with bulk references", {"core-levels"}),
    "recipe-adhesion": ("adhesion and registry", {"energy"}),
    "recipe-phonons": ("phonons", {"displacement"}),
    "recipe-namd": ("NAMD input", {"md", "snapshot"}),
}


def test_every_recipe_has_an_example() -> None:
    examples = {name for name in study_names() if name.startswith("recipe-")}
    assert examples == set(RECIPES)
    assert {recipe for recipe, _ in RECIPES.values()} == set(get_args(RecipeName))


@pytest.mark.parametrize("name", RECIPES)
def test_an_example_of_a_recipe_can_be_prepared(name: str) -> None:
    recipe, own = RECIPES[name]
    assert load_study(name).recipes == (recipe,)
    plan, tree, findings, sizes = rehearse(name)
    assert own <= {job.kind for job in tree.jobs}
    assert not [finding.message for finding in findings if "polar" not in finding.message]
    assert sum(size.core_hours for size in sizes) < 200
    nearest = min(contacts(plan.interface), key=lambda pair: pair[2])
    assert (nearest[0] in ANIONS) != (nearest[1] in ANIONS)


def test_perovskite_lies_on_the_rings_of_the_layered_one() -> None:
    """As the study says: benzene rings face the film, and the ammonium is far."""
    interface = plan_study(load_study("pma2pbbr4-cspbbr3-vertical")).interface
    atoms = interface.atoms
    film = np.flatnonzero(np.asarray(atoms.get_array("region")) == "film")
    nitrogen = np.flatnonzero(atoms.numbers == 7)
    apart = atoms.get_all_distances(mic=True)[np.ix_(nitrogen, film)]
    assert apart.min() == pytest.approx(7.0, abs=0.5)
    assert {pair[1] for pair in contacts(interface)} <= {"H", "C"}
