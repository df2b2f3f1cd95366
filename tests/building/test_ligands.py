"""Ligands: right anchors at known bond lengths, whole molecules, no clashes, charges in balance."""

from __future__ import annotations

import json

import numpy as np
import pytest
from ase import Atoms
from ase.data import covalent_radii

import qdstruct
from qdstruct import phases
from qdstruct.building import build_nanocrystal, build_slab, check_structure, place_ligands
from qdstruct.building.ligand_anchor import anchored_molecule
from qdstruct.errors import BuildError
from qdstruct.geometry.neighbours import find_molecules
from qdstruct.model import LigandCover
from qdstruct.pipeline.ligands import cover, find_ligand, ligand_names

DITHIOLS = ("C2DT", "C3DT", "C4DT", "C5DT", "C6DT", "C10DT", "BDT", "BPDT")


def slab(name: str, top: str | None, repeats: int = 3) -> Atoms:
    built = build_slab(phases.load(name), (1, 0, 0), layers=3, vacuum=12, top_termination=top)
    return built.atoms.repeat((repeats, repeats, 1))


@pytest.fixture(scope="module")
def caesium_face() -> Atoms:
    return slab("CsPbBr3-cubic", "CsBr")


@pytest.fixture(scope="module")
def lead_face() -> Atoms:
    return slab("CsPbBr3-cubic", "PbBr2")


@pytest.fixture(scope="module")
def dot() -> Atoms:
    return build_nanocrystal(phases.load("CsPbBr3-cubic"), size=18.0, termination="CsBr").atoms


def anchor_distances(cover: LigandCover, element: str, partners: tuple[str, ...]) -> np.ndarray:
    """Shortest distance from each ligand's binding atoms to the crystal's ions."""
    atoms = cover.atoms
    symbols = np.array(atoms.get_chemical_symbols())
    ligand = atoms.arrays["region"] == "ligand"
    ions = np.flatnonzero(~ligand & np.isin(symbols, partners))
    found = []
    for label in np.unique(atoms.arrays["molecule"][ligand]):
        own = np.flatnonzero((atoms.arrays["molecule"] == label) & (symbols == element) & ligand)
        found.append(min(atoms.get_distances(i, ions, mic=True).min() for i in own))
    return np.array(found)


def check_cover(cover: LigandCover, molecule_size: int) -> None:
    atoms = cover.atoms
    ligand = atoms.arrays["region"] == "ligand"
    assert check_structure(atoms, charge=cover.charge) == ()
    assert ligand.sum() == cover.placed * molecule_size
    labels, sizes = np.unique(atoms.arrays["molecule"][ligand], return_counts=True)
    assert len(labels) == cover.placed
    assert set(sizes) == {molecule_size}
    assert (atoms.arrays["molecule"][~ligand] == -1).all()
    assert find_molecules(atoms).count == cover.placed
    assert atoms.arrays["formal_charge"].sum() == pytest.approx(cover.charge)


@pytest.mark.parametrize("coverage", [0.25, 0.5, 1.0])
def test_ammonium_takes_a_sites(caesium_face, coverage) -> None:
    cover = place_ligands(caesium_face, phases.load_molecule("benzylammonium"), coverage=coverage)
    assert (cover.anchor, cover.sites) == ("ammonium", 9)
    assert cover.placed == round(9 * coverage)
    assert cover.removed == f"Cs{cover.placed}"
    assert cover.charge == cover.charge_before == 0
    check_cover(cover, 18)
    assert np.allclose(anchor_distances(cover, "N", ("Br",)), 3.42, atol=0.03)


def test_nitrogen_bromine_distances_of_a_crystal_with_the_same_ligand() -> None:
    crystal = phases.load("PMA2PbBr4").atoms
    symbols = np.array(crystal.get_chemical_symbols())
    bromine = np.flatnonzero(symbols == "Br")
    shortest = [crystal.get_distances(i, bromine, mic=True).min()
                for i in np.flatnonzero(symbols == "N")]  # fmt: skip
    assert np.mean(shortest) == pytest.approx(3.42, abs=0.03)


@pytest.mark.parametrize(
    ("face", "coverage"), [("caesium_face", 0.3), ("caesium_face", 1.0), ("lead_face", 0.6)]
)
def test_carboxylate_binds_lead(face, coverage, request) -> None:
    cover = place_ligands(
        request.getfixturevalue(face), phases.load_molecule("benzoate"), coverage=coverage, seed=2
    )
    assert cover.anchor == "carboxylate"
    assert cover.removed == f"Br{cover.placed}"
    assert cover.charge == 0
    check_cover(cover, 14)
    # Pb-O of lead(II) carboxylates: 2.4 to 2.7 angstrom.
    assert np.allclose(anchor_distances(cover, "O", ("Pb",)), 2.59, atol=1e-3)


@pytest.mark.parametrize("name", DITHIOLS)
def test_dithiols_lose_one_proton_and_bind_lead(caesium_face, name) -> None:
    thiol = phases.load_molecule(name)
    cover = place_ligands(caesium_face, thiol, coverage=0.5, seed=1)
    assert (cover.anchor, cover.hydrogens_removed, cover.placed) == ("thiolate", 1, 4)
    check_cover(cover, len(thiol) - 1)
    galena = phases.load("PbS-galena").atoms.cell.lengths()[0] / 2
    assert np.allclose(anchor_distances(cover, "S", ("Pb",)), galena, rtol=0.03)


def test_two_thiolates_for_one_sulphide() -> None:
    galena = slab("PbS-galena", None, 4)
    even = place_ligands(galena, phases.load_molecule("C3DT"), coverage=0.25, seed=4)
    assert (even.placed, even.removed, even.charge) == (4, "S2", 0)
    check_cover(even, 12)
    odd = place_ligands(galena, phases.load_molecule("C3DT"), coverage=0.19, seed=4)
    assert (odd.placed, odd.removed, odd.charge) == (3, "S1", -1)
    charged = place_ligands(
        galena, phases.load_molecule("C3DT"), coverage=0.25, seed=4, compensate=False
    )
    assert (charged.removed, charged.charge) == ("", -4)


@pytest.mark.parametrize("name", ["benzylammonium", "benzoate", "C6DT"])
def test_particles_are_covered_on_every_face(dot, name) -> None:
    cover = place_ligands(dot, phases.load_molecule(name), coverage=0.7, seed=5)
    atoms = cover.atoms
    assert check_structure(atoms, charge=cover.charge) == ()
    assert cover.charge == cover.charge_before
    ligand = atoms.arrays["region"] == "ligand"
    middle = atoms.positions[~ligand].mean(axis=0)
    low, high = atoms.positions[~ligand].min(axis=0), atoms.positions[~ligand].max(axis=0)
    labels = atoms.arrays["molecule"]
    for label in np.unique(labels[ligand]):
        centre = atoms.positions[labels == label].mean(axis=0)
        assert ((centre < low) | (centre > high)).any()
    directions = atoms.positions[ligand] - middle
    faces = {(int(np.argmax(np.abs(d))), bool(d[np.argmax(np.abs(d))] > 0)) for d in directions}
    assert len(faces) == 6
    assert (atoms.positions > 0).all()
    assert (atoms.positions < np.diag(atoms.cell)).all()


def test_ligands_of_a_slab_stand_on_its_top_face_inside_the_cell(caesium_face) -> None:
    cover = place_ligands(caesium_face, phases.load_molecule("BPDT"), coverage=0.5)
    heights = cover.atoms.positions[:, 2]
    ligand = cover.atoms.arrays["region"] == "ligand"
    assert heights[ligand].min() > heights[~ligand].max() - 3.0
    vacuum = cover.atoms.cell[2, 2] - np.ptp(heights)
    assert vacuum == pytest.approx(caesium_face.cell[2, 2] - np.ptp(caesium_face.positions[:, 2]))
    for label in np.unique(cover.atoms.arrays["molecule"][ligand]):
        own = cover.atoms[cover.atoms.arrays["molecule"] == label]
        sulphur = own.positions[own.symbols == "S"]
        rise = sulphur[np.argmax(sulphur[:, 2])] - sulphur[np.argmin(sulphur[:, 2])]
        assert rise[2] / np.linalg.norm(rise) > np.cos(np.radians(40))


def test_the_seed_decides(caesium_face) -> None:
    molecule = phases.load_molecule("benzylammonium")
    first, same, other = (
        place_ligands(caesium_face, molecule, coverage=0.5, seed=seed).atoms for seed in (7, 7, 8)
    )
    assert np.array_equal(first.positions, same.positions)
    assert first.positions.shape == other.positions.shape
    assert not np.allclose(first.positions, other.positions)


def test_the_molecule_keeps_its_shape(caesium_face) -> None:
    molecule = anchored_molecule(phases.load_molecule("benzoate")).atoms
    cover = place_ligands(caesium_face, phases.load_molecule("benzoate"), coverage=0.2)
    placed = cover.atoms[cover.atoms.arrays["region"] == "ligand"]
    assert np.allclose(placed[: len(molecule)].get_all_distances(mic=False),
                       molecule.get_all_distances(), atol=1e-9)  # fmt: skip


def test_the_result_survives_json(caesium_face) -> None:
    cover = place_ligands(caesium_face, phases.load_molecule("C2DT"), coverage=0.3)
    again = LigandCover.from_dict(json.loads(json.dumps(cover.to_dict())))
    assert again.atoms == cover.atoms
    assert again.coverage == pytest.approx(3 / 9)


@pytest.mark.parametrize("coverage", [0.0, -0.5, 1.01, float("nan")])
def test_coverages_that_do_not_exist(caesium_face, coverage) -> None:
    with pytest.raises(BuildError, match="does not exist"):
        place_ligands(caesium_face, phases.load_molecule("C2DT"), coverage=coverage)


def test_less_than_one_ligand(caesium_face) -> None:
    with pytest.raises(BuildError, match="less than one ligand on 9 sites"):
        place_ligands(caesium_face, phases.load_molecule("C2DT"), coverage=0.01)


def test_no_a_site_on_the_lead_face(lead_face) -> None:
    with pytest.raises(BuildError, match="no free site for ammonium"):
        place_ligands(lead_face, phases.load_molecule("benzylammonium"))


def test_more_than_fit_is_said() -> None:
    with pytest.raises(BuildError, match=r"only \d+ of 16 ligands fit") as caught:
        place_ligands(slab("PbS-galena", None, 4), phases.load_molecule("BPDT"), coverage=1.0)
    assert "ask for a coverage of 0." in str(caught.value)


def test_where_none_fits_no_coverage_is_offered() -> None:
    face = build_slab(
        phases.load("CsPbBr3-Pbnm"), (0, 0, 1), layers=2, vacuum=12, top_termination="CsBr"
    )
    with pytest.raises(BuildError, match="only 0 of 1 ligands fit") as caught:
        place_ligands(face.atoms, phases.load_molecule("phosphocholine"), coverage=0.5)
    assert caught.value.hint == "use a larger in-plane cell or another face"


def test_a_cell_too_small_for_the_span_of_a_zwitterion() -> None:
    molecule = phases.load_molecule("phosphocholine")
    with pytest.raises(BuildError, match="as far apart as the O and N") as caught:
        place_ligands(slab("CsPbBr3-cubic", "CsBr", 1), molecule, coverage=1.0)
    assert caught.value.hint == "use a larger in-plane cell"


def test_a_zwitterion_spans_an_ion_pair(caesium_face, dot) -> None:
    """Phosphate on lead (2.59 Å), quaternary nitrogen 4.88 Å from bromide: r(NMe4+) + r(Br-)."""
    molecule = phases.load_molecule("phosphocholine")
    for body in (caesium_face, dot):
        cover = place_ligands(body, molecule, coverage=0.4, seed=1)
        assert cover.anchor == "zwitterion"
        assert cover.removed == f"Br{cover.placed}Cs{cover.placed}"
        assert cover.charge == cover.charge_before
        check_cover(cover, len(molecule))
        assert np.allclose(anchor_distances(cover, "O", ("Pb",)), 2.59, atol=1e-3)
        nitrogen = anchor_distances(cover, "N", ("Br",))
        assert nitrogen.min() > 4.2
        assert nitrogen.max() < 5.5
    flat = place_ligands(caesium_face, molecule, coverage=0.4, seed=2)
    assert np.allclose(anchor_distances(flat, "N", ("Br",)), 4.88, atol=0.05)


def test_the_zwitterion_is_a_phosphate_and_a_quaternary_ammonium() -> None:
    molecule = phases.load_molecule("phosphocholine")
    assert molecule.info["charge"] == 0
    assert molecule.info["method"] == "GFN2-xTB"
    distances = molecule.get_all_distances()
    symbols = np.array(molecule.get_chemical_symbols())
    bare, bridging = np.split(np.sort(distances[symbols == "P"][:, symbols == "O"].ravel()), 2)
    assert np.ptp(bare) < 0.02
    assert bridging.min() - bare.max() > 0.08
    carbon = np.sort(distances[symbols == "N"][:, symbols == "C"].ravel())[:4]
    assert carbon == pytest.approx([covalent_radii[6] + covalent_radii[7]] * 4, rel=0.04)


def test_zwitterions_share_ions_with_other_ligands(dot) -> None:
    one, two = cover(dot, [("phosphocholine", 0.2), ("benzylammonium", 0.3)], seed=1)
    assert (one.anchor, two.anchor) == ("zwitterion", "ammonium")
    assert check_structure(two.atoms, charge=two.charge) == ()
    with pytest.raises(BuildError, match=r"1\.3 times"):
        cover(dot, [("phosphocholine", 0.6), ("benzoate", 0.7)])
    with pytest.raises(BuildError, match="no free site for zwitterion"):
        place_ligands(slab("PbS-galena", None, 2), phases.load_molecule("phosphocholine"))


def test_molecules_that_cannot_bind() -> None:
    from ase.build import molecule

    with pytest.raises(BuildError, match="has no ammonium, carboxylate or thiol group"):
        anchored_molecule(molecule("C6H6"))
    with pytest.raises(BuildError, match="has no carboxylate group"):
        anchored_molecule(phases.load_molecule("C2DT"), "carboxylate")
    with pytest.raises(BuildError, match="has no carboxylate group") as caught:
        anchored_molecule(phases.load_molecule("phosphocholine"), "carboxylate")
    assert caught.value.hint == "it has zwitterion: choose that, or auto"
    with pytest.raises(BuildError, match="one whole molecule"):
        anchored_molecule(Atoms("N2", positions=[[0, 0, 0], [9, 0, 0]]))
    with pytest.raises(BuildError, match="'phosphonate' is unknown"):
        anchored_molecule(molecule("C6H6"), "phosphonate")


def test_acids_are_deprotonated() -> None:
    acid = anchored_molecule(phases.load_molecule("benzoic-acid"))
    assert (acid.kind, acid.hydrogens_removed, acid.charge) == ("carboxylate", 1, -1)
    assert len(acid.atoms) == 14


def test_unknown_ligands_are_answered_with_those_known() -> None:
    with pytest.raises(BuildError, match="unknown ligand 'olate'") as caught:
        find_ligand("olate")
    assert "did you mean oleate" in str(caught.value)
    for name in ligand_names():
        assert name in str(caught.value)


def test_a_molecule_file_is_a_ligand(tmp_path) -> None:
    file = tmp_path / "mine.xyz"
    phases.load_molecule("C4DT").write(file, format="xyz")
    assert find_ligand(str(file)).info["name"] == "mine"
    assert len(find_ligand(str(file))) == 16


def test_missing_rdkit_is_asked_for(monkeypatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "rdkit", None)
    with pytest.raises(BuildError, match="need the package rdkit") as caught:
        find_ligand("smiles:CCCC[NH3+]")
    assert "qdstruct[ligands]" in str(caught.value)


def test_a_molecule_from_smiles(dot) -> None:
    pytest.importorskip("rdkit")
    butylammonium = find_ligand("smiles:CCCC[NH3+]")
    assert butylammonium.get_chemical_formula() == "C4H12N"
    assert np.array_equal(butylammonium.positions, find_ligand("smiles:CCCC[NH3+]").positions)
    check_cover(place_ligands(dot, butylammonium, coverage=0.3, seed=1), 17)
    with pytest.raises(BuildError, match="not the SMILES of one molecule"):
        find_ligand("smiles:C[NH3")


@pytest.mark.parametrize(
    ("name", "size", "element", "partners", "length"),
    [("oleate", 53, "O", ("Pb",), 2.59), ("oleylammonium", 57, "N", ("Br",), 3.42)],
)
def test_long_ligands_need_no_other_package(dot, name, size, element, partners, length) -> None:
    covered = qdstruct.place_ligands(dot, name, coverage=0.3, seed=1)
    check_cover(covered, size)
    assert covered.charge == covered.charge_before
    distances = anchor_distances(covered, element, partners)
    assert np.allclose(distances, length, atol=0.03)


def test_a_name_where_a_molecule_belongs_is_told_what_exists(dot) -> None:
    with pytest.raises(BuildError, match="not the name 'oleate'") as caught:
        place_ligands(dot, "oleate", coverage=0.3)
    assert "qdstruct.place_ligands takes names" in str(caught.value)
    for name in ligand_names():
        assert name in str(caught.value)


def test_two_kinds_of_ligands_share_the_sites(dot) -> None:
    """Rounded so that shares that add up to one take every site and no more."""
    one, two = cover(dot, [("benzylammonium", 0.5)] * 2, seed=3)
    assert one.sites == one.placed + two.sites
    assert two.placed == two.sites
    assert one.placed + two.placed == place_ligands(dot, find_ligand("PMA"), seed=3).placed
    check_cover(LigandCover(**{**vars(two), "placed": one.placed + two.placed}), 18)


def test_cations_and_anions_on_one_particle(dot) -> None:
    covers = cover(dot, [("benzoate", 0.3), ("benzylammonium", 0.5)], seed=1)
    assert [one.anchor for one in covers] == ["carboxylate", "ammonium"]
    last = covers[-1].atoms
    assert check_structure(last, charge=covers[-1].charge) == ()
    assert covers[-1].charge == covers[0].charge_before
    assert find_molecules(last).count == sum(one.placed for one in covers)


def test_requests_that_overlap_or_do_not_exist(dot) -> None:
    with pytest.raises(BuildError, match=r"1\.2 times the \d+ sites"):
        cover(dot, [("benzoate", 0.6), ("C4DT", 0.6)])
    with pytest.raises(BuildError, match="PMA: a coverage of -1 does not exist"):
        cover(dot, [("PMA", -1.0)])
    with pytest.raises(BuildError, match="less than one of"):
        cover(dot, [("PMA", 1e-4)])
    with pytest.raises(BuildError, match="ligands do not go on"):
        place_ligands(dot, find_ligand("PMA"), count=10_000)


def test_the_command(tmp_path) -> None:
    from typer.testing import CliRunner

    from qdstruct.cli.app import app

    bare, covered = tmp_path / "slab.extxyz", tmp_path / "covered.extxyz"
    run = CliRunner().invoke
    words = ["build", "slab", "CsPbBr3-cubic", "--hkl", "1,0,0", "--termination", "CsBr",
             "--layers", "2", "-o", str(bare)]  # fmt: skip
    assert run(app, words).exit_code == 0
    words = ["ligate", str(bare), "--ligand", "PMA", "--coverage", "1", "-o", str(covered)]
    shown = run(app, [*words[:-1], str(tmp_path / "other.extxyz")])
    assert "1 benzylammonium on Br6Cs" in shown.stdout
    result = run(app, [*words, "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["removed_ions"] == "Cs1"
    assert document["problems"] == []
    again = phases.read_atoms(covered)
    assert (again.arrays["region"] == "ligand").sum() == 18
    assert run(app, [*words, "--force", "--seed", "3"]).exit_code == 0
    assert isinstance(run(app, words).exception, Exception)
    with pytest.raises(BuildError, match="coverage of 2"):
        run(app, [*words, "--coverage", "2", "--force"], catch_exceptions=False)
