"""Terminations: none lost, none twice, charges as the textbooks say."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from ase.spacegroup import crystal
from building_cases import make_phase

from qdstruct import phases
from qdstruct.building import terminations
from qdstruct.errors import MatchError


@pytest.mark.parametrize(
    ("name", "hkl", "expected"),
    [
        ("CsPbBr3-cubic", (1, 0, 0), {"CsBr": (0, 1), "PbBr2": (0, 1)}),
        ("CsPbBr3-cubic", (1, 1, 0), {"CsPbBr": (2, 3), "Br": (-2, 3)}),
        ("CsPbBr3-cubic", (1, 1, 1), {"CsBr3": (-2, 3), "Pb": (2, 3)}),
        ("CsPbBr3-Pbnm", (0, 0, 1), {"CsBr": (0, 1), "PbBr2": (0, 1)}),
        ("CsPbBr3-Pbnm", (1, 1, 0), {"CsBr": (0, 1), "PbBr2": (0, 1)}),
        ("CsPbBr3-Pnma", (0, 1, 0), {"CsBr": (0, 1), "PbBr2": (0, 1)}),
        ("CsPbI3-gamma", (1, 1, 0), {"CsI": (0, 1), "PbI2": (0, 1)}),
        ("PbS-galena", (2, 0, 0), {"PbS": (0, 1)}),
        ("PbS-galena", (1, 1, 1), {"Pb": (2, 3), "S": (-2, 3)}),
        ("CdS-zincblende", (0, 0, 1), {"Cd": (2, 3), "S": (-2, 3)}),
        ("CdS-zincblende", (1, 1, 0), {"CdS": (0, 1)}),
    ],
)
def test_known_terminations(name, hkl, expected) -> None:
    found = terminations(phases.load(name), hkl)
    charges = {one.name: (one.tasker_type) for one in found}
    assert charges == {plane: kind for plane, (_, kind) in expected.items()}
    for one in found:
        assert (one.layer_charge > 0) - (one.layer_charge < 0) == (
            (expected[one.name][0] > 0) - (expected[one.name][0] < 0)
        )
        assert 0 <= one.height < 1


def test_fluorite_111_is_taskers_own_example_of_type_2() -> None:
    fluorite = make_phase(bulk("CaF2", "fluorite", a=5.463, cubic=True))
    kinds = {one.name: one.tasker_type for one in terminations(fluorite, (1, 1, 1))}
    assert kinds == {"Ca": 3, "F-a": 2, "F-b": 3} or kinds == {"Ca": 3, "F-a": 3, "F-b": 2}


def test_wurtzite_prism_face_has_two_cuts_and_corundum_splits_its_double_plane() -> None:
    names = [one.name for one in terminations(phases.load("CdS-wurtzite"), (1, 0, 0))]
    assert names == ["CdS-a", "CdS-b"]
    corundum = make_phase(
        crystal(["Al", "O"], [(0, 0, 0.3522), (0.3063, 0, 0.25)], spacegroup=167,
                cellpar=[4.7592, 4.7592, 12.9918, 90, 90, 120])
    )  # fmt: skip
    names = [one.name for one in terminations(corundum, (0, 0, 1))]
    assert sorted(names) == ["Al-a", "Al-b", "O"]


def test_organic_layers_are_cut_between_not_through() -> None:
    found = {one.name: one for one in terminations(phases.load("PMA2PbBr4"), (1, 0, 0))}
    assert set(found) == {"PbBr2", "Br-a", "Br-b", "C7H10N-a", "C7H10N-b"}
    easiest = min(found.values(), key=lambda one: one.cut_above)
    assert easiest.name.startswith("C7H10N")
    assert easiest.tasker_type == 2
    assert easiest.cut_above < 0.5 * sorted(one.cut_above for one in found.values())[1]


def test_every_plane_of_the_repeat_belongs_to_a_termination() -> None:
    for hkl in [(0, 0, 1), (1, 0, 0), (1, 1, 1), (2, 1, 0)]:
        names = [one.name for one in terminations(phases.load("Pb4S3Br2"), hkl)]
        assert len(set(names)) == len(names)


def test_pymatgen_finds_no_termination_that_we_lose() -> None:
    """Cuts of pymatgen's SlabGenerator end on planes that are all among ours."""
    from pymatgen.core.surface import SlabGenerator
    from pymatgen.io.ase import AseAtomsAdaptor

    for name, hkl in [("CsPbBr3-cubic", (1, 1, 1)), ("PbS-galena", (1, 1, 1))]:
        phase = phases.load(name)
        structure = AseAtomsAdaptor.get_structure(phase.atoms)
        slabs = SlabGenerator(structure, hkl, 20, 10, primitive=True).get_slabs()
        ours = {frozenset(_elements(one.name)) for one in terminations(phase, hkl)}
        tops = set()
        for slab in slabs:
            heights = slab.cart_coords @ slab.normal
            species = [str(site.specie.symbol) for site in slab]
            tops.add(frozenset(np.array(species)[heights > heights.max() - 0.2].tolist()))
        assert tops <= ours


def _elements(name: str) -> list[str]:
    import re

    return re.findall("[A-Z][a-z]?", name.split("-")[0])


def test_impossible_plane() -> None:
    with pytest.raises(MatchError, match="not a lattice plane"):
        terminations(phases.load("PbS-galena"), (0, 0, 0))
