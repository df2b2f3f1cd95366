"""Vertical interfaces: exact supercells, kept handedness, bulk bond lengths on both sides."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from building_cases import make_phase, one_to_one, quartz
from hypothesis import given, settings
from hypothesis import strategies as st

from qdstruct import matching, phases
from qdstruct.building import build_interface, check_structure, examine_structure
from qdstruct.building.calculators import interface_calculator
from qdstruct.building.charges import contact_distance
from qdstruct.building.ionic_model import ionic_phase
from qdstruct.building.registry import shift_grid
from qdstruct.building.registry_scan import place_film
from qdstruct.building.shift_rules import AROUND_CONTACT
from qdstruct.building.slab_attraction import interaction_energies
from qdstruct.building.strain import right_stretch, shared_cell
from qdstruct.errors import BuildError
from qdstruct.model import Interface


def built(film, film_hkl, substrate, substrate_hkl, area=100.0, **options):
    upper, lower = phases.load(film), phases.load(substrate)
    match = matching.find_matches(upper, lower, film_hkl, substrate_hkl, max_area=area,
                                  max_strain=0.05)[0]  # fmt: skip
    return build_interface(upper, lower, match, **options), upper, lower, match


CASES = [
    ("CdS-zincblende", (0, 0, 1), "CsPbBr3-Pbnm", (0, 0, 1)),
    ("PbS-galena", (2, 0, 0), "CsPbBr3-cubic", (1, 0, 0)),
    ("PbS-galena", (2, 2, 0), "CsPbBr3-cubic", (1, 1, 0)),
    ("CsPbBr3-cubic", (1, 0, 0), "PMA2PbBr4", (1, 0, 0)),
]


@pytest.mark.parametrize("strain_on", ["film", "substrate", "both"])
@pytest.mark.parametrize("case", CASES)
def test_study_cases(case, strain_on) -> None:
    interface, film, substrate, match = built(*case, strain_on=strain_on)
    atoms = interface.atoms
    strain = match.max_strain
    problems = check_structure(
        atoms, regions={"film": film, "substrate": substrate}, max_strain=strain + 1e-3
    )
    assert problems == ()
    regions = atoms.arrays["region"]
    assert set(regions) == {"film", "substrate"}
    heights = atoms.positions[:, 2]
    assert heights[regions == "film"].min() - heights[regions == "substrate"].max() == (
        pytest.approx(interface.gap)
    )
    cell = np.asarray(atoms.cell)
    assert np.allclose([cell[0, 1], cell[0, 2], cell[1, 2], cell[2, 0], cell[2, 1]], 0)
    assert cell[2, 2] == pytest.approx(np.ptp(heights) + 15.0)
    assert Interface.from_dict(json.loads(json.dumps(interface.to_dict()))).area == (
        pytest.approx(interface.area)
    )


@pytest.mark.parametrize("case", CASES)
def test_exact_supercells(case) -> None:
    interface, film, substrate, match = built(*case, film_layers=3, substrate_layers=1)
    for side, phase, transform, layers in (
        ("film", film, match.film_transform, 3),
        ("substrate", substrate, match.substrate_transform, 1),
    ):
        primitive = abs(np.linalg.det(transform)) * layers
        count = (interface.atoms.arrays["region"] == side).sum()
        slab = getattr(interface, side)
        area = np.linalg.norm(np.cross(*slab.plane_vectors))
        volume = area * layers * abs(np.linalg.det(transform)) * _spacing(phase, slab.hkl)
        assert count == round(volume / phase.atoms.get_volume() * len(phase.atoms))
        assert count % round(primitive) == 0


def _spacing(phase, hkl) -> float:
    from qdstruct.geometry import lattice_plane, primitive_lattice

    return lattice_plane(phase.atoms.cell, primitive_lattice(phase.atoms), hkl).spacing


def test_strain_is_the_matchs() -> None:
    interface, _, _, match = built(*CASES[0])
    ours = np.sort(np.linalg.eigvalsh(interface.film_strain))
    assert ours == pytest.approx(np.sort(match.principal_strains), abs=1e-9)
    assert np.allclose(interface.substrate_strain, 0)


def test_strain_on_both_is_shared_evenly() -> None:
    interface, _, _, match = built(*CASES[3], strain_on="both")
    film = 1 + np.linalg.eigvalsh(interface.film_strain)
    substrate = 1 + np.linalg.eigvalsh(interface.substrate_strain)
    assert np.sort(film) == pytest.approx(np.sort(np.sqrt(1 + np.array(match.principal_strains))))
    assert np.sort(film * substrate[::-1]) == pytest.approx([1, 1])


lengths = st.floats(3.0, 12.0)


@settings(max_examples=100, deadline=None)
@given(a=lengths, b=lengths, x=st.floats(-3, 3), c=lengths, d=lengths, y=st.floats(-3, 3))
def test_shared_cell_is_right_handed_and_strains_both(a, b, x, c, d, y) -> None:
    film, substrate = np.array([[a, 0], [x, b]]), np.array([[c, 0], [y, d]])
    middle = shared_cell(film, substrate, "both")
    assert np.linalg.det(middle) == pytest.approx(np.sqrt(a * b * c * d))
    assert np.allclose(
        np.linalg.eigvalsh(right_stretch(film, middle) + np.eye(2)) ** 2,
        np.linalg.eigvalsh(right_stretch(film, substrate) + np.eye(2)),
    )
    assert np.allclose(shared_cell(film, substrate, "film"), substrate)
    with pytest.raises(BuildError, match="mirror"):
        shared_cell(film, substrate * [[1, 1], [-1, -1]], "film")


@pytest.mark.parametrize("hkl", [(0, 0, 1), (1, 0, 0), (1, 0, 1)])
def test_chiral_film_stays_chiral(hkl) -> None:
    right, left = quartz(), quartz(left=True)
    interface = build_interface(
        right, right, one_to_one(right, hkl, right, hkl), film_layers=5, substrate_layers=5
    )
    good = check_structure(interface.atoms, regions={"film": right, "substrate": right})
    assert "handedness" not in {problem.kind for problem in good}
    bad = check_structure(interface.atoms, regions={"film": left})
    assert "handedness" in {problem.kind for problem in bad}
    mirrored = interface.atoms.copy()
    mirrored.positions[:, 0] *= -1
    mirrored.cell[:, 0] *= -1
    wrong = check_structure(mirrored, regions={"film": right})
    assert "handedness" in {problem.kind for problem in wrong}


@settings(max_examples=4, deadline=None)
@given(hkl=st.tuples(*[st.integers(-2, 2)] * 3).filter(any), other=st.booleans())
def test_a_chiral_film_stays_chiral_on_any_face(hkl, other) -> None:
    right = quartz(left=other)
    interface = build_interface(
        right, right, one_to_one(right, hkl, right, hkl), film_layers=6, substrate_layers=6
    )
    report = examine_structure(interface.atoms, regions={"film": right, "substrate": right})
    assert [part.mirrored for part in report.parts] == [False, False]
    wrong = examine_structure(interface.atoms, regions={"film": quartz(left=not other)})
    assert wrong.parts[0].mirrored


def test_terminations_in_contact() -> None:
    for film_plane, substrate_plane in [("S", "CsBr"), ("Cd", "PbBr2"), ("S", "PbBr2")]:
        interface, *_ = built(
            *CASES[0], film_termination=film_plane, substrate_termination=substrate_plane
        )
        assert interface.film.bottom_termination == film_plane
        assert interface.substrate.top_termination == substrate_plane
        film = interface.atoms[interface.atoms.arrays["region"] == "film"]
        lowest = set(film[film.positions[:, 2] < film.positions[:, 2].min() + 0.1].symbols)
        assert lowest == {film_plane}


def test_layers_are_counted_from_the_bottom_of_each_region() -> None:
    interface, *_ = built(*CASES[0], film_layers=2, substrate_layers=1)
    arrays, heights = interface.atoms.arrays, interface.atoms.positions[:, 2]
    for region, planes in (("substrate", 4), ("film", 4)):
        own = arrays["region"] == region
        layers = arrays["layer"][own]
        means = [heights[own][layers == layer].mean() for layer in range(layers.max() + 1)]
        assert len(means) == planes
        assert (np.diff(means) > 0).all()


def test_gap_is_a_contact() -> None:
    interface, *_ = built(*CASES[1], shift=(0.3, 0.1))
    atoms = interface.atoms
    film = np.flatnonzero(atoms.arrays["region"] == "film")
    slack = []
    for i in np.flatnonzero(atoms.arrays["region"] == "substrate"):
        distances = atoms.get_distances(i, film, mic=True)
        contacts = [contact_distance(atoms.symbols[i], atoms.symbols[j]) for j in film]
        slack.append((distances - contacts).min())
    assert min(slack) == pytest.approx(0, abs=1e-6)


def test_shift_gap_and_closed_stack() -> None:
    still, *_ = built(*CASES[1], gap=3.0)
    moved, *_ = built(*CASES[1], gap=3.0, shift=(0.25, 0.5))
    film = still.atoms.arrays["region"] == "film"
    apart = moved.atoms.positions[film] - still.atoms.positions[film]
    fractions = apart @ np.linalg.inv(still.atoms.cell)
    assert np.allclose((fractions + 1e-9) % 1.0, [0.25, 0.5, 0], atol=1e-8)
    closed, *_ = built(*CASES[1], gap=3.0, vacuum=0.0)
    assert closed.atoms.cell[2, 2] == pytest.approx(np.ptp(closed.atoms.positions[:, 2]) + 3.0)
    assert check_structure(closed.atoms) == ()


def test_geometric_shift_puts_ions_into_hollows() -> None:
    still, *_ = built(*CASES[1], substrate_termination="CsBr")
    close, *_ = built(*CASES[1], substrate_termination="CsBr", shift="geometric")
    assert close.shift_rule == "geometric"
    assert close.gap < still.gap - 0.3
    assert check_structure(close.atoms) == ()
    for shift in [(0.1, 0.2), (0.5, 0.0), (0.25, 0.25), (0.5, 0.5)]:
        other, *_ = built(*CASES[1], substrate_termination="CsBr", shift=shift)
        assert close.gap <= other.gap + 0.1


def nearest_cations(interface) -> float:
    """Shortest distance of two cations across the interface, Å."""
    atoms = interface.atoms
    film = atoms.arrays["region"] == "film"
    cations = atoms.arrays["formal_charge"] > 0
    upper, lower = np.flatnonzero(film & cations), np.flatnonzero(~film & cations)
    return min(atoms.get_distances(i, upper, mic=True).min() for i in lower)


def test_closest_shift_keeps_cations_apart() -> None:
    planes = {"film_termination": "Cd", "substrate_termination": "PbBr2"}
    blind, *_ = built(*CASES[0], shift="geometric", **planes)
    seeing, *_ = built(*CASES[0], shift="closest", **planes)
    assert seeing.shift_rule == "ionic"
    assert nearest_cations(blind) < 3.0
    assert nearest_cations(seeing) > 4.0


@pytest.mark.parametrize("case", [CASES[1], ("PbS-galena", (1, 1, 0), "CsPbBr3-cubic", (1, 1, 0))])
def test_the_ionic_shift_is_the_lowest_of_the_calculator(case) -> None:
    """Energies of the periodic calculator at the same gaps, shift by shift."""
    options = {"substrate_termination": "PbBr2"} if case is CASES[1] else {}
    interface, film, substrate, match = built(*case, shift="ionic", **options)
    model = interface_calculator("ionic", film, substrate)

    def lowest(shift: tuple[float, float]) -> float:
        here = build_interface(film, substrate, match, shift=shift, vacuum=30.0, **options)
        energies = []
        for step in AROUND_CONTACT:
            atoms = here.atoms.copy()
            atoms.positions[atoms.arrays["region"] == "film", 2] += step
            energies.append(model.get_potential_energy(atoms))
        return min(energies)

    best = lowest(interface.shift)
    for shift in shift_grid(match, np.asarray(interface.atoms.cell)[:2, :2], 1.0):
        assert best <= lowest((float(shift[0]), float(shift[1]))) + 1e-3


def test_energies_between_slabs_are_those_of_the_calculator() -> None:
    interface, film, substrate, _ = built(*CASES[0], vacuum=30.0)
    atoms, cell = interface.atoms, np.asarray(interface.atoms.cell)[:2, :2]
    upper = atoms.arrays["region"] == "film"
    model = interface_calculator("ionic", film, substrate)
    apart = sum(model.get_potential_energy(atoms[part]) for part in (upper, ~upper))
    shifts, gaps = [(0.0, 0.0), (0.2, 0.3)], [2.0, 3.0, 4.5]
    ours = interaction_energies(
        atoms[~upper], atoms[upper], cell, shifts, [gaps, gaps],
        crystals=(ionic_phase(substrate), ionic_phase(film)),
    )  # fmt: skip
    theirs = [[model.get_potential_energy(place_film(atoms, shift, gap)) - apart for gap in gaps]
              for shift in shifts]  # fmt: skip
    assert ours == pytest.approx(np.array(theirs), abs=2e-4)


def test_rules_that_do_not_apply_are_refused() -> None:
    with pytest.raises(BuildError, match="hardly attract"):
        built(*CASES[1], substrate_termination="CsBr", shift="ionic")
    with pytest.raises(BuildError, match="holds molecules"):
        built(*CASES[3], shift="ionic")
    fallen_back, *_ = built(*CASES[3], shift="closest")
    assert fallen_back.shift_rule == "geometric"
    with pytest.raises(BuildError, match="no rule 'nearest'"):
        built(*CASES[1], shift="nearest")
    with pytest.raises(BuildError, match="not 'wide'"):
        built(*CASES[1], gap="wide")


def test_the_ionic_gap_is_where_the_force_vanishes() -> None:
    interface, film, substrate, _ = built(
        *CASES[1], substrate_termination="PbBr2", shift="ionic", gap="ionic", vacuum=30.0
    )
    atoms = interface.atoms
    atoms.calc = interface_calculator("ionic", film, substrate)
    alone = atoms[atoms.arrays["region"] == "film"]
    alone.calc = atoms.calc
    pull = atoms.get_forces()[atoms.arrays["region"] == "film", 2].sum()
    assert abs(pull - alone.get_forces()[:, 2].sum()) < 0.01
    assert 2.8 < interface.gap < 3.6


def test_least_elastic_energy_shares_the_strain() -> None:
    _, film, substrate, match = built(*CASES[3])
    share = matching.partition_strain(
        match, "elastic", film_stiffness=matching.cubic_stiffness(40, 15, 10),
        substrate_stiffness=matching.cubic_stiffness(20, 8, 5), thickness_ratio=0.7,
    )  # fmt: skip
    shared = build_interface(film, substrate, match, strain_on=share)
    for ours, theirs in ((shared.film_strain, share.film_strain),
                         (shared.substrate_strain, share.substrate_strain)):  # fmt: skip
        assert np.linalg.eigvalsh(ours) == pytest.approx(np.linalg.eigvalsh(theirs), abs=1e-9)
    assert abs(np.linalg.eigvalsh(shared.substrate_strain)).max() > 0.005
    problems = check_structure(
        shared.atoms, regions={"film": film, "substrate": substrate}, max_strain=0.02,
        strains={"film": shared.film_strain, "substrate": shared.substrate_strain},
    )  # fmt: skip
    assert problems == ()


def test_sandwich_and_fixed_planes() -> None:
    interface, *_ = built(*CASES[1], sandwich=True, fix_outer_layers=1)
    atoms = interface.atoms
    regions = atoms.arrays["region"]
    heights = atoms.positions[:, 2]
    assert (regions == "substrate").sum() == 2 * len(interface.substrate.atoms)
    assert heights[regions == "film"].max() < heights[regions == "substrate"].max()
    fixed = atoms.arrays["fixed"]
    assert set(np.flatnonzero(fixed)) == set(atoms.constraints[0].index)
    assert 0 < fixed.sum() < len(atoms) / 2
    assert heights[fixed].min() == heights.min()
    assert heights[fixed].max() == heights.max()
    with pytest.raises(BuildError, match="nothing free"):
        built(*CASES[1], fix_outer_layers=9)


def test_a_foreign_match_is_refused() -> None:
    _, film, substrate, match = built(*CASES[1])
    with pytest.raises(BuildError, match="does not belong"):
        build_interface(phases.load("PbSe"), substrate, match)
    left = replace(match, film_transform=match.film_transform[::-1].copy())
    with pytest.raises(BuildError):
        build_interface(film, substrate, left)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gap": -1.0}, "gap"),
        ({"gap": float("inf")}, "gap"),
        ({"vacuum": -0.1}, "vacuum"),
        ({"film_layers": 0}, "0 layers"),
        ({"film_layers": 1.5}, "1.5 layers"),
        ({"substrate_layers": 2.5}, "2.5 layers"),
        ({"sandwich": True, "vacuum": 0.0}, "outer slabs"),
        ({"fix_outer_layers": 0.5}, "0.5 fixed"),
        ({"film_termination": "CsBr"}, "PbS"),
        ({"strain_on": "nobody"}, "strain"),
        ({"fix_outer_layers": -1}, "fixed"),
        ({"shift": (float("nan"), 0.0)}, "shift"),
    ],
)
def test_bad_requests(options, message) -> None:
    with pytest.raises(BuildError) as raised:
        built(*CASES[1], **options)
    assert message in str(raised.value)


def test_molecules_keep_their_shape_under_strain() -> None:
    interface, _, substrate, _ = built(*CASES[3], strain_on="substrate")
    ids = interface.atoms.arrays["molecule"]
    assert ids.max() + 1 == 8
    crystal = substrate.atoms
    carbon_hydrogen = crystal.get_all_distances(mic=True)[crystal.numbers == 6]
    bulk_ch = carbon_hydrogen[:, crystal.numbers == 1].min()
    atoms = interface.atoms
    ours = atoms.get_all_distances(mic=True)[atoms.numbers == 6][:, atoms.numbers == 1].min()
    assert ours == pytest.approx(bulk_ch, abs=1e-6)


def test_make_phase_helper_agrees_with_the_catalogue() -> None:
    galena = phases.load("PbS-galena")
    assert make_phase(galena.atoms).space_group_number == galena.space_group_number
