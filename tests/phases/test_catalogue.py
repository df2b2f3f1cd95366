"""Every shipped crystal against its publication and against pymatgen."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qdstruct import phases
from qdstruct.errors import PhaseError
from qdstruct.model import Phase
from qdstruct.resources import data_folder


@dataclass(frozen=True)
class Published:
    number: int
    symbol: str
    z: int
    n_atoms: int
    density: float | None = None


PUBLISHED = {
    "CdS-wurtzite": Published(186, "P6_3mc", 2, 4, 4.802),
    "CdS-zincblende": Published(216, "F-43m", 4, 8, 4.873),
    "Cs4PbBr6": Published(167, "R-3c", 6, 66),
    "CsPbBr3-cubic": Published(221, "Pm-3m", 1, 5, 4.75),
    "CsPbBr3-Pbnm": Published(62, "Pbnm", 4, 20),
    "CsPbBr3-Pnma": Published(62, "Pnma", 4, 20, 4.856),
    "CsPbBr3-tetragonal": Published(127, "P4/mbm", 2, 10),
    "CsPbCl3-cubic": Published(221, "Pm-3m", 1, 5),
    "CsPbI3-beta": Published(127, "P4/mbm", 2, 10, 4.8761),
    "CsPbI3-cubic": Published(221, "Pm-3m", 1, 5),
    "CsPbI3-gamma": Published(62, "Pnam", 4, 20),
    "Pb4S3Br2": Published(62, "Pnma", 4, 36),
    "PbS-galena": Published(225, "Fm-3m", 4, 8, 7.615),
    "PbS-galena-Wyckoff": Published(225, "Fm-3m", 4, 8),
    "PbSe": Published(225, "Fm-3m", 4, 8),
    "PEA2PbBr4": Published(2, "P-1", 4, 188),
    "PMA2PbBr4": Published(36, "Cmc2_1", 4, 164),
    "ZnS-zincblende": Published(216, "F-43m", 4, 8),
}

each_phase = pytest.mark.parametrize("name", PUBLISHED)


def test_the_catalogue_is_complete_and_has_no_phase_untested() -> None:
    assert {phase.name for phase in phases.catalogue()} == set(PUBLISHED)


@each_phase
def test_symmetry_and_contents_are_the_published_ones(name: str) -> None:
    phase, published = phases.load(name), PUBLISHED[name]
    assert (phase.space_group_number, phase.space_group_symbol) == (
        published.number,
        published.symbol,
    )
    assert phase.formula_units == published.z
    assert len(phase.atoms) == published.n_atoms
    assert phase.atoms.pbc.all()


@each_phase
def test_density_is_the_published_one(name: str) -> None:
    phase = phases.load(name)
    assert phase.reported_density == PUBLISHED[name].density
    if phase.reported_density is not None:
        assert phase.density == pytest.approx(phase.reported_density, rel=0.015)


@each_phase
def test_pymatgen_reads_the_same_crystal(name: str) -> None:
    from pymatgen.core import Structure

    phase = phases.load(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        structure = Structure.from_file(data_folder("structures").parent / phase.source_file)
    assert float(structure.density) == pytest.approx(phase.density, rel=2e-3)
    assert np.allclose(structure.lattice.parameters, phase.atoms.cell.cellpar())
    theirs, ours = structure.frac_coords, phase.atoms.get_scaled_positions()
    for number in np.unique(phase.atoms.numbers):
        mine = ours[phase.atoms.numbers == number]
        other = theirs[np.array(structure.atomic_numbers) == number]
        apart = mine[:, None] - other[None]
        distances = np.linalg.norm((apart - np.rint(apart)) @ phase.atoms.cell, axis=-1)
        assert len(mine) == len(other)
        assert distances.min(axis=1).max() < 2e-3
        assert distances.min(axis=0).max() < 2e-3


@each_phase
def test_every_phase_says_where_it_comes_from(name: str) -> None:
    phase = phases.load(name)
    assert phase.citation
    assert phase.provenance
    if phase.temperature is None:
        assert phase.caveats, "an unknown temperature is a caveat"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CsPbI3-gamma", "guess"),
        ("Pb4S3Br2", "guess"),
        ("CsPbBr3-tetragonal", "assigned by a database editor"),
        ("CsPbCl3-cubic", "computed cell"),
        ("Cs4PbBr6", "implausibly short"),
        ("PbSe", "primary reference is missing"),
        ("PEA2PbBr4", "spread"),
        ("PMA2PbBr4", "riding"),
    ],
)
def test_caveats_are_kept(name: str, words: str) -> None:
    assert words in " ".join(phases.load(name).caveats)


def test_the_caveat_of_cs4pbbr6_prints_the_distances_of_its_cell() -> None:
    phase = phases.load("Cs4PbBr6")
    found = phases.shortest_distances(phase.atoms)
    for pair, label in ((("Br", "Pb"), "Pb-Br"), (("Br", "Cs"), "Cs-Br"), (("Br", "Br"), "Br-Br")):
        assert f"{label} {found[pair]:.2f}" in phase.caveats[0]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("PbS", "PbS-galena"),
        ("galena", "PbS-galena"),
        ("cspbbr3_pnma", "CsPbBr3-Pnma"),
        ("CSPBBR3 PNMA", "CsPbBr3-Pnma"),
        ("CsPbBr3_ortho_Pbnm", "CsPbBr3-Pbnm"),
        ("cds-zinc_blende", "CdS-zincblende"),
        ("hawleyite", "CdS-zincblende"),
        ("(C6H5CH2NH3)2PbBr4", "PMA2PbBr4"),
        ("CsPbI3-Beta", "CsPbI3-beta"),
    ],
)
def test_aliases(typed: str, name: str) -> None:
    assert phases.load(typed).name == name


@given(st.sampled_from(sorted(PUBLISHED)), st.randoms())
def test_case_and_separators_do_not_matter(name: str, random) -> None:
    typed = "".join(
        random.choice([c.upper(), c.lower()]) if c != "-" else random.choice("-_ ") for c in name
    )
    assert phases.load(typed).name == name


def test_a_phase_is_a_copy_of_its_own() -> None:
    first = phases.load("PbSe")
    first.atoms.positions += 1.0
    assert not np.allclose(first.atoms.positions, phases.load("PbSe").atoms.positions)


def test_a_formula_of_several_structures_asks_which() -> None:
    with pytest.raises(PhaseError, match="known in 4 structures") as error:
        phases.load("CsPbBr3")
    assert error.value.hint is not None
    assert "CsPbBr3-Pnma" in error.value.hint


@pytest.mark.parametrize(
    ("typed", "nearest"),
    [("CsPbBr-Pnma", "CsPbBr3-Pnma"), ("galenna", "PbS-galena"), ("PMAPbBr4", "PMA2PbBr4")],
)
def test_an_unknown_phase_is_answered_with_the_nearest_name(typed: str, nearest: str) -> None:
    assert phases.suggest(typed)[0] == nearest
    with pytest.raises(PhaseError, match="unknown phase") as error:
        phases.load(typed)
    assert nearest in str(error.value.hint)


def test_shortest_distances_of_rock_salt_and_zinc_blende() -> None:
    galena = phases.shortest_distances(phases.load("PbS").atoms)
    assert galena["Pb", "S"] == pytest.approx(5.9315 / 2)
    assert galena["Pb", "Pb"] == pytest.approx(5.9315 / 2**0.5)
    blende = phases.shortest_distances(phases.load("CdS-zincblende").atoms)
    assert blende["Cd", "S"] == pytest.approx(5.818 * 3**0.5 / 4)
    assert next(iter(blende)) == ("Cd", "S")
    assert set(blende) == {("Cd", "S"), ("Cd", "Cd"), ("S", "S")}


def test_every_phase_survives_json() -> None:
    for phase in phases.catalogue():
        again = Phase.from_dict(phase.to_dict())
        assert again.caveats == phase.caveats
        assert np.array_equal(again.atoms.positions, phase.atoms.positions)
