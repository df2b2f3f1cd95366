"""The ionic radii are Shannon's, held against pymatgen's copy of his table."""

from __future__ import annotations

import pytest
from pymatgen.core import Species

from qdstruct.building.charges import FORMAL_CHARGES, IONIC_RADII

TETRAHEDRAL = {"Zn", "Cd", "Hg", "Ga"}
CHARGES = {"Ge": 2, "Ti": 4}


@pytest.mark.parametrize("element", sorted(IONIC_RADII))
def test_radius_is_shannons(element: str) -> None:
    coordination = "IV" if element in TETRAHEDRAL else "VI"
    charge = CHARGES.get(element, FORMAL_CHARGES[element])
    published = Species(element, charge).get_shannon_radius(coordination, "", "ionic")
    assert IONIC_RADII[element] == pytest.approx(published, abs=0.006)
