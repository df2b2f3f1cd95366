"""Each half of a structure beside its bulk crystal: deliberately broken structures are found."""

from __future__ import annotations

import numpy as np
import pytest
from building_cases import quartz
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from qdstruct import matching, phases
from qdstruct.building import build_interface, build_slab, examine_structure
from qdstruct.building.charges import formal_charges
from qdstruct.errors import BuildError

PAIR = ("CdS-zincblende", "CsPbBr3-Pbnm")


@pytest.fixture(scope="module")
def crystals():
    return {"film": phases.load(PAIR[0]), "substrate": phases.load(PAIR[1])}


@pytest.fixture(scope="module")
def interface(crystals):
    film, substrate = crystals["film"], crystals["substrate"]
    match = matching.find_matches(film, substrate, (0, 0, 1), (0, 0, 1), max_area=100,
                                  max_strain=0.05)[0]  # fmt: skip
    return build_interface(film, substrate, match, film_layers=5, substrate_layers=2)


def strains_of(interface) -> dict[str, np.ndarray]:
    return {"film": interface.film_strain, "substrate": interface.substrate_strain}


def labelled(atoms, region="film"):
    atoms = atoms.copy()
    atoms.set_array("region", np.array([region] * len(atoms)))
    return atoms


def messages(report, kind) -> list[str]:
    return [problem.message for problem in report.problems if problem.kind == kind]


def test_a_sound_interface_is_measured_as_built(interface, crystals) -> None:
    report = examine_structure(
        interface.atoms, regions=crystals, max_strain=0.001, strains=strains_of(interface)
    )
    assert report.ok
    film, substrate = report.parts
    assert (film.region, film.phase) == ("film", "CdS-zincblende")
    assert np.linalg.eigvalsh(film.strain[:2, :2]) == pytest.approx(
        np.linalg.eigvalsh(interface.film_strain), abs=1e-9
    )
    assert np.allclose(film.strain[2], 0, atol=1e-9)
    assert np.allclose(substrate.strain, 0, atol=1e-9)
    assert (film.space_group, substrate.space_group) == ("F-43m", "Pbnm")
    assert film.n_on_sites == film.n_atoms == 40
    (bond,) = film.bonds
    assert (bond.pair, bond.coordination, bond.bulk_coordination) == (("Cd", "S"), 4, 4)
    assert bond.bulk_length == pytest.approx(5.818 * np.sqrt(3) / 4, rel=2e-3)


@pytest.mark.parametrize("region", ["film", "substrate"])
def test_a_half_stretched_along_the_normal(interface, crystals, region) -> None:
    atoms = interface.atoms.copy()
    inside = atoms.arrays["region"] == region
    heights = atoms.positions[inside, 2]
    pivot = heights.min() if region == "film" else heights.max()
    atoms.positions[inside, 2] = pivot + 1.12 * (heights - pivot)
    report = examine_structure(atoms, regions=crystals)
    (message,) = messages(report, "strain")
    assert message.startswith(f"the {region} is strained by up to 12.0 %")
    assert "along z +12.0 %" in message


def test_an_in_plane_strain_other_than_stated(interface, crystals) -> None:
    stated = strains_of(interface)
    stated["film"] = stated["film"] + np.diag([0.01, 0.0])
    report = examine_structure(interface.atoms, regions=crystals, strains=stated)
    (message,) = messages(report, "strain")
    assert "xx -0.25 %" in message
    assert "xx +0.75 %" in message
    with pytest.raises(BuildError, match="symmetric 2 x 2"):
        examine_structure(interface.atoms, regions=crystals, strains={"film": [0.1, 0.2]})


def test_thermal_scatter_is_no_problem(interface, crystals) -> None:
    atoms = interface.atoms.copy()
    atoms.rattle(0.06, seed=4)
    report = examine_structure(atoms, regions=crystals, max_strain=0.02)
    assert report.ok
    assert 0.05 < report.parts[1].rms < 0.12


def test_a_vacancy_and_a_displaced_atom_inside() -> None:
    phase = phases.load("CsPbBr3-cubic")
    slab = labelled(build_slab(phase, (1, 0, 0), layers=5).atoms * (3, 3, 1))
    middle = np.linalg.norm(slab.positions - slab.positions.mean(axis=0), axis=1)
    bromine = np.where(slab.numbers == 35, middle, np.inf).argmin()
    lacking = slab[np.arange(len(slab)) != bromine]
    report = examine_structure(lacking, regions={"film": phase}, charge=1)
    found = messages(report, "coordination")
    assert sum("has 5 bonds to Br where CsPbBr3-cubic has 6" in one for one in found) == 2
    slab.positions[bromine] += [0.0, 0.9, 0.9]
    report = examine_structure(slab, regions={"film": phase})
    assert any(f"Br {bromine}, inside the film, is on no site" in one
               for one in messages(report, "crystal"))  # fmt: skip


def test_the_wrong_polymorph() -> None:
    slab = labelled(build_slab(phases.load("CdS-wurtzite"), (1, 0, 0), layers=4).atoms * (2, 2, 1))
    report = examine_structure(slab, regions={"film": phases.load("CdS-zincblende")})
    assert {problem.kind for problem in report.problems} == {"crystal"}
    assert examine_structure(slab, regions={"film": phases.load("CdS-wurtzite")}).ok


def test_lost_symmetry_is_named() -> None:
    phase = phases.load("CsPbBr3-cubic")
    slab = labelled(build_slab(phase, (1, 0, 0), layers=4).atoms)
    slab.positions[slab.numbers == 82, 2] += 0.35
    report = examine_structure(slab, regions={"film": phase})
    (message,) = messages(report, "symmetry")
    assert "space group P4mm; those of CsPbBr3-cubic have Pm-3m" in message


@pytest.mark.parametrize("closed", [False, True])
def test_the_mirror_image_of_a_chiral_crystal(closed) -> None:
    slab = build_slab(quartz(), (1, 0, 1), layers=4, vacuum=0.0 if closed else 12.0).atoms
    for phase, wrong in ((quartz(), False), (quartz(left=True), True)):
        report = examine_structure(labelled(slab), regions={"film": phase})
        assert report.parts[0].mirrored == wrong
        assert bool(messages(report, "handedness")) == wrong


def test_a_single_plane_leaves_the_strain_along_its_normal_open() -> None:
    galena = phases.load("PbS-galena")
    report = examine_structure(
        labelled(build_slab(galena, (1, 0, 0), layers=1).atoms), regions={"film": galena}
    )
    assert report.ok
    assert all(part.flat for part in report.parts)


@pytest.fixture(scope="module")
def layered():
    phase = phases.load("PMA2PbBr4")
    return phase, labelled(build_slab(phase, (1, 0, 0), layers=1).atoms)


def ammonium_hydrogens(atoms) -> list[int]:
    """One hydrogen on every nitrogen."""
    hydrogens = np.flatnonzero(atoms.numbers == 1)
    return [
        int(hydrogens[np.argmin(atoms.get_distances(nitrogen, hydrogens, mic=True))])
        for nitrogen in np.flatnonzero(atoms.numbers == 7)
    ]


def test_an_ammonium_without_one_hydrogen_is_named(layered) -> None:
    _, atoms = layered
    broken = atoms.copy()
    del broken[ammonium_hydrogens(atoms)[:1]]
    for options in ({}, {"charge": -1.0}):
        (message,) = messages(examine_structure(broken, **options), "molecule")
        assert "N " in message
        assert "molecule C7H9N has 2 hydrogen atoms" in message
        assert "its like in this crystal are C7H10N" in message


def test_ammonium_ions_that_all_lost_a_hydrogen(layered) -> None:
    phase, atoms = layered
    broken = atoms.copy()
    del broken[ammonium_hydrogens(atoms)]
    alone = messages(examine_structure(broken), "molecule")
    assert len(alone) == 4
    assert "the structure lacks +4 e" in alone[0]
    beside = messages(examine_structure(broken, charge=-4, regions={"film": phase}), "molecule")
    assert len(beside) == 4
    assert "are C7H10N" in beside[0]
    assert messages(examine_structure(broken, charge=-4), "molecule") == []


CRYSTALS = ["CsPbBr3-Pbnm", "PbS-galena", "CdS-wurtzite", "Pb4S3Br2"]
small = st.floats(-0.06, 0.06)


@settings(max_examples=15, deadline=None)
@given(
    name=st.sampled_from(CRYSTALS),
    strain=st.tuples(small, small, small, small, small, small),
    seed=st.integers(0, 1000),
)
def test_any_deformation_in_any_orientation_is_measured(name, strain, seed) -> None:
    """The deformation is put on by hand and has to come back."""
    phase = phases.load(name)
    bulk = phase.atoms * ((3, 3, 3) if len(phase.atoms) < 10 else (2, 2, 1))
    xx, yy, zz, yz, xz, xy = strain
    stretch = np.eye(3) + np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]) / 2
    turn = Rotation.random(random_state=seed).as_matrix()
    deformation = turn @ stretch
    atoms = labelled(bulk)
    atoms.set_cell(np.asarray(bulk.cell) @ deformation.T, scale_atoms=True)
    atoms.pbc = False
    report = examine_structure(atoms, regions={"film": phase}, max_strain=0.2)
    (part,) = report.parts
    measured = part.strain + np.eye(3)
    assert np.sort(np.linalg.eigvalsh(measured)) == pytest.approx(
        np.sort(np.linalg.eigvalsh(stretch)), abs=2e-3
    )
    assert measured @ measured == pytest.approx(deformation @ deformation.T, abs=5e-3)
    assert not part.mirrored


def test_a_film_of_four_atoms_is_laid_by_its_in_plane_period() -> None:
    from ase.build import bulk

    film = phases.describe(bulk("GaAs", "zincblende", 5.653, cubic=True), name="GaAs")
    substrate = phases.describe(bulk("Si", "diamond", 5.431, cubic=True), name="Si")
    match = matching.find_matches(film, substrate, (1, 1, 0), (1, 1, 0), max_area=40,
                                  max_strain=0.05)[0]  # fmt: skip
    built = build_interface(film, substrate, match, film_layers=2, substrate_layers=2)
    assert (built.atoms.arrays["region"] == "film").sum() == 4
    report = examine_structure(
        built.atoms, regions={"film": film, "substrate": substrate}, max_strain=0.05,
        strains=strains_of(built),
    )  # fmt: skip
    assert report.ok, report.problems
    principal = np.linalg.eigvalsh(report.parts[0].strain[:2, :2])
    assert principal == pytest.approx([5.431 / 5.653 - 1] * 2, abs=1e-6)


def test_an_element_under_a_compound_is_neutral() -> None:
    from ase.build import bulk

    silicon, compound = bulk("Si", cubic=True), bulk("GaAs", "zincblende", 5.65, cubic=True)
    silicon.set_array("region", np.array(["substrate"] * len(silicon)))
    compound.set_array("region", np.array(["film"] * len(compound)))
    compound.translate([0, 0, 20])
    both = silicon + compound
    both.set_cell([5.65, 5.65, 40])
    assert formal_charges(both)[: len(silicon)] == pytest.approx(0)
    assert formal_charges(both)[len(silicon) :].sum() == pytest.approx(0)
