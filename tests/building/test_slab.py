"""Slabs of any crystal: atoms conserved, bulk returned, molecules whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ase.build import bulk, fcc111, surface
from ase.neighborlist import neighbor_list
from ase.spacegroup import crystal
from building_cases import (
    chiral_crystals,
    handedness,
    make_phase,
    one_to_one,
    random_crystals,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from qdstruct import phases
from qdstruct.building import build_interface, build_slab, check_structure, terminations
from qdstruct.building.stack import plane_stack
from qdstruct.errors import BuildError
from qdstruct.geometry import lattice_plane, primitive_lattice
from qdstruct.geometry.neighbours import find_molecules, neighbour_pairs


def shells(atoms, reach=5.0) -> np.ndarray:
    return np.sort(neighbor_list("d", atoms, reach))


def closed(slab, phase):
    """The slab with its vacuum replaced by the crystal's own step: the bulk again."""
    plane = lattice_plane(phase.atoms.cell, primitive_lattice(phase.atoms), slab.hkl)
    atoms = slab.atoms.copy()
    atoms.cell[2] = slab.n_layers * (plane.step @ plane.frame.T)
    return atoms


def same_environment(atoms, phase, reach=4.5) -> bool:
    """Every distance up to `reach` occurs as often per atom as in the bulk."""
    ours, bulk_distances = shells(atoms, reach), shells(phase.atoms, reach)
    factor = len(atoms) / len(phase.atoms)
    grid = np.arange(0.5, reach - 0.05, 0.05)
    counts = np.searchsorted(ours, grid) / factor
    slack = (
        np.searchsorted(bulk_distances, grid - 1e-3),
        np.searchsorted(bulk_distances, grid + 1e-3),
    )
    return bool(((counts >= slack[0] - 1e-6) & (counts <= slack[1] + 1e-6)).all())


millers = st.tuples(*[st.integers(-2, 2)] * 3).filter(any)


@settings(max_examples=60, deadline=None)
@given(phase=random_crystals(), hkl=millers, layers=st.integers(1, 3))
def test_closing_the_vacuum_returns_the_bulk(phase, hkl, layers) -> None:
    slab = build_slab(phase, hkl, layers=layers)
    primitive = primitive_lattice(phase.atoms)
    per_repeat = len(phase.atoms) * np.linalg.det(primitive) / phase.atoms.get_volume()
    assert len(slab.atoms) == round(layers * per_repeat)
    assert same_environment(closed(slab, phase), phase)


@settings(max_examples=30, deadline=None)
@given(phase=random_crystals(), hkl=millers)
def test_inside_a_slab_every_atom_has_its_bulk_neighbours(phase, hkl) -> None:
    """And near a face none has more: the slab adds nothing and takes nothing but what is cut."""
    reach = 3.4937  # no lattice drawn has neighbours at just this distance
    slab = build_slab(phase, hkl, thickness=20.0, vacuum=8.0).atoms
    first, distances = neighbor_list("id", slab, reach)
    owner, bulk_distances = neighbor_list("id", phase.atoms, reach)
    usual = {
        symbol: {tuple(np.sort(np.round(bulk_distances[owner == i], 3)))
                 for i in np.flatnonzero(phase.atoms.symbols == symbol)}
        for symbol in set(phase.atoms.symbols)
    }  # fmt: skip
    depth = np.minimum(slab.positions[:, 2] - slab.positions[:, 2].min(),
                       slab.positions[:, 2].max() - slab.positions[:, 2])  # fmt: skip
    assert (depth > reach).any()
    for i in range(len(slab)):
        around = np.sort(distances[first == i])
        allowed = usual[slab.symbols[i]]
        if depth[i] > reach:
            assert any(len(one) == len(around) and np.allclose(one, around, atol=2e-3)
                       for one in allowed)  # fmt: skip
        else:
            assert len(around) <= max(len(one) for one in allowed)


@settings(max_examples=20, deadline=None)
@given(phase=chiral_crystals(), hkl=millers)
def test_a_chiral_crystal_keeps_its_hand(phase, hkl) -> None:
    """On any face, as a slab and as the film of an interface: turned, never mirrored."""
    bulk = handedness(phase.atoms)
    mirror = phase.atoms.copy()
    mirror.positions *= -1
    mirror.cell *= -1
    assert handedness(mirror) == pytest.approx(-bulk, rel=1e-6, abs=1e-9)
    slab = build_slab(phase, hkl, layers=2)
    assert handedness(closed(slab, phase)) == pytest.approx(bulk, rel=1e-6, abs=1e-9)
    match = one_to_one(phase, hkl, phase, hkl)
    interface = build_interface(phase, phase, match, film_layers=2, shift=(0.3, 0.1))
    film = interface.atoms[interface.atoms.arrays["region"] == "film"]
    again = replace(slab, atoms=film, n_layers=interface.film.n_layers)
    assert handedness(closed(again, phase)) == pytest.approx(bulk, rel=1e-6, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(phase=random_crystals(), hkl=millers)
def test_each_termination_ends_both_faces(phase, hkl) -> None:
    for one in terminations(phase, hkl):
        slab = build_slab(
            phase, hkl, layers=1, bottom_termination=one.name, top_termination=one.name
        )
        assert (slab.bottom_termination, slab.top_termination) == (one.name, one.name)
        cell = np.asarray(slab.atoms.cell)
        assert np.allclose(cell[2, :2], 0)
        assert np.allclose(cell[:2, 2], 0)
        assert slab.thickness == pytest.approx(np.ptp(slab.atoms.positions[:, 2]))


def test_same_surface_as_ase() -> None:
    copper = make_phase(bulk("Cu", "fcc", a=3.615, cubic=True))
    ours = build_slab(copper, (1, 1, 1), layers=4, vacuum=12.0)
    theirs = fcc111("Cu", (1, 1, 4), a=3.615, vacuum=6.0)
    assert len(ours.atoms) == len(theirs) == 4
    assert ours.atoms.get_volume() == pytest.approx(theirs.get_volume(), rel=1e-6)
    assert np.allclose(shells(ours.atoms), shells(theirs), atol=1e-6)


@pytest.mark.parametrize("hkl", [(1, 0, 0), (1, 1, 0), (1, 1, 1), (2, 1, 0), (3, 1, 1)])
def test_spacing_and_area_against_ase_surface(hkl) -> None:
    galena = phases.load("PbS-galena")
    theirs = surface(galena.atoms, hkl, 1, vacuum=None, periodic=True)
    stack = plane_stack(galena, hkl)
    area = np.linalg.norm(np.cross(theirs.cell[0], theirs.cell[1]))
    multiple = area / stack.plane.area
    assert multiple == pytest.approx(round(multiple), rel=1e-6)
    volume = stack.plane.area * stack.spacing
    assert volume == pytest.approx(galena.atoms.get_volume() / 4, rel=1e-9)


def test_symmetric_slab_has_the_extra_plane() -> None:
    slab = build_slab(
        phases.load("CsPbBr3-cubic"), (1, 0, 0), layers=2,
        bottom_termination="CsBr", top_termination="CsBr",
    )  # fmt: skip
    assert slab.atoms.get_chemical_formula() == "Br7Cs3Pb2"
    assert slab.thickness == pytest.approx(2 * 5.874)
    assert slab.atoms.arrays["layer"].max() == 4


@pytest.mark.parametrize(
    ("name", "hkl"),
    [("PMA2PbBr4", h) for h in [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1), (1, 1, 1)]]
    + [("PEA2PbBr4", h) for h in [(0, 0, 1), (1, 0, 0), (1, 1, 0)]],
)
def test_molecules_are_never_cut(name, hkl) -> None:
    phase = phases.load(name)
    slab = build_slab(phase, hkl, layers=1, vacuum=20.0)
    whole = {"PMA2PbBr4": "C7H10N", "PEA2PbBr4": "C8H12N"}[name]
    ids = slab.atoms.arrays["molecule"]
    formulas = {
        slab.atoms[np.flatnonzero(ids == one)].get_chemical_formula()
        for one in range(ids.max() + 1)
    }
    assert formulas == {whole}
    kinds = [problem.kind for problem in check_structure(slab.atoms)]
    assert "molecule" not in kinds
    assert "clash" not in kinds
    for one in range(ids.max() + 1):
        members = slab.atoms.positions[ids == one]
        assert np.ptp(members, axis=0).max() < 9.0


def test_framework_chains_are_no_molecules() -> None:
    tellurium = crystal(
        "Te", [(0.2636, 0, 0)], spacegroup=152, cellpar=[4.456, 4.456, 5.921, 90, 90, 120]
    )
    assert find_molecules(tellurium).count == 0
    ice = phases.load("PMA2PbBr4").atoms
    assert find_molecules(ice).count == 8


@settings(max_examples=30, deadline=None)
@given(phase=random_crystals(), cutoff=st.integers(10, 70).map(lambda i: i / 10 + 0.00137))
def test_neighbours_agree_with_ase(phase, cutoff) -> None:
    atoms = phase.atoms.copy()
    atoms.positions += 0.37 * np.asarray(atoms.cell).sum(axis=0)
    ours = neighbour_pairs(atoms, cutoff)
    first, _, vectors = neighbor_list("ijD", atoms, cutoff)
    assert len(ours.first) == len(first)
    assert np.allclose(np.sort(ours.distances), np.sort(np.linalg.norm(vectors, axis=1)))
    assert (
        np.bincount(ours.first, minlength=len(atoms)).tolist()
        == np.bincount(first, minlength=len(atoms)).tolist()
    )


def test_a_centred_slab_has_as_much_vacuum_below_as_above() -> None:
    galena = phases.load("PbS-galena")
    low, middle = (build_slab(galena, (1, 0, 0), vacuum=9.0, centre=c).atoms for c in (False, True))
    heights, height = middle.positions[:, 2], middle.cell[2, 2]
    assert low.positions[:, 2].min() == pytest.approx(0)
    assert [heights.min(), height - heights.max()] == pytest.approx([4.5, 4.5])


def test_orthogonal_cell_is_the_smallest() -> None:
    slab = build_slab(phases.load("PbS-galena"), (1, 1, 1), layers=3, cell="orthogonal")
    cell = slab.atoms.cell
    assert cell.angles() == pytest.approx([90, 90, 90])
    assert len(slab.atoms) == 2 * 3 * 2
    oblique = make_phase(crystal("Na", [(0, 0, 0)], spacegroup=1, cellpar=[4, 4.7, 6, 80, 70, 83]))
    with pytest.raises(BuildError, match="perpendicular"):
        build_slab(oblique, (0, 0, 1), cell="orthogonal")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"top_termination": "Xe"}, "CsBr, PbBr2"),
        ({"layers": 0}, "0 layers"),
        ({"layers": -1}, "layers"),
        ({"thickness": 0.0}, "thick"),
        ({"thickness": float("inf")}, "thick"),
        ({"thickness": 5.0, "layers": 2}, "not both"),
        ({"vacuum": -1.0}, "vacuum"),
        ({"vacuum": float("nan")}, "vacuum"),
        ({"cell": "cubic"}, "primitive"),
    ],
)
def test_bad_requests(options, message) -> None:
    with pytest.raises(BuildError, match=message):
        build_slab(phases.load("CsPbBr3-cubic"), (1, 0, 0), **options)
