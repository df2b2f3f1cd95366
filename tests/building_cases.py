"""Crystals and measures that the building tests share."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list
from ase.spacegroup import crystal
from hypothesis import assume
from hypothesis import strategies as st

from qdstruct.geometry import lattice_plane, primitive_lattice, space_group
from qdstruct.model import CoincidenceMatch, Phase


def make_phase(atoms: Atoms, name: str = "crystal") -> Phase:
    group = space_group(atoms)
    return Phase(
        name=name, formula=atoms.get_chemical_formula(empirical=True), atoms=atoms,
        space_group_number=group.number, space_group_symbol=group.symbol, setting="",
        formula_units=1, density=1.0,
    )  # fmt: skip


def quartz(*, left: bool = False) -> Phase:
    """α-quartz, Kihara, Eur. J. Mineral. 2, 63 (1990), 298 K: P3₂21 and its mirror image."""
    atoms = crystal(
        ["Si", "O"], [(0.4697, 0, 0), (0.4133, 0.2672, 0.1188)], spacegroup=152,
        cellpar=[4.9137, 4.9137, 5.4047, 90, 90, 120],
    )  # fmt: skip
    if left:
        fractional = atoms.get_scaled_positions()
        atoms.set_scaled_positions(-fractional)
        atoms.wrap()
    return make_phase(atoms, "quartz")


def one_to_one(film: Phase, film_hkl, substrate: Phase, substrate_hkl) -> CoincidenceMatch:
    """The primitive in-plane cells of two planes, laid on one another."""
    planes = [
        lattice_plane(phase.atoms.cell, primitive_lattice(phase.atoms), hkl)
        for phase, hkl in ((film, film_hkl), (substrate, substrate_hkl))
    ]
    return CoincidenceMatch(
        film_hkl=planes[0].hkl, substrate_hkl=planes[1].hkl,
        film_plane_vectors=planes[0].vectors, substrate_plane_vectors=planes[1].vectors,
        film_transform=np.eye(2, dtype=np.int64), substrate_transform=np.eye(2, dtype=np.int64),
        area=planes[1].area, strain=np.zeros((2, 2)), principal_strains=(0.0, 0.0), rotation=0.0,
        film_directions=np.zeros((2, 3)), substrate_directions=np.zeros((2, 3)),
        n_atoms_per_layer_pair=0,
    )  # fmt: skip


SYSTEMS = {
    "triclinic": (1, 2, lambda a, b, c, x, y, z: [a, b, c, x, y, z]),
    "monoclinic": (3, 15, lambda a, b, c, x, y, z: [a, b, c, 90, y, 90]),
    "orthorhombic": (16, 74, lambda a, b, c, x, y, z: [a, b, c, 90, 90, 90]),
    "tetragonal": (75, 142, lambda a, b, c, x, y, z: [a, a, c, 90, 90, 90]),
    "trigonal or hexagonal": (143, 194, lambda a, b, c, x, y, z: [a, a, c, 90, 90, 120]),
    "cubic": (195, 230, lambda a, b, c, x, y, z: [a, a, a, 90, 90, 90]),
}
"""First and last space group of each crystal system, and its cell (R groups on hexagonal axes)."""


@st.composite
def random_crystals(draw):
    """Draw a crystal of one or two elements in any of the 230 space groups."""
    first, last, cell = SYSTEMS[draw(st.sampled_from(sorted(SYSTEMS)))]
    lengths = [draw(st.floats(4.0, 7.0)) for _ in range(3)]
    angles = [draw(st.floats(75.0, 105.0)) for _ in range(3)]
    sites = draw(
        st.lists(st.tuples(*[st.sampled_from([0.0, 0.11, 0.25, 0.37, 0.5])] * 3), min_size=1,
                 max_size=2, unique=True)
    )  # fmt: skip
    atoms = crystal(
        ["Na", "Ti"][: len(sites)], sites, spacegroup=draw(st.integers(first, last)),
        cellpar=cell(*lengths, *angles), onduplicates="replace",
    )  # fmt: skip
    assume(len(atoms) <= 24)
    distances = neighbor_list("d", atoms, 0.5)
    assume(len(distances) == 0)
    return make_phase(atoms)


CHIRAL = {
    "triclinic": [1], "monoclinic": [3, 4], "orthorhombic": [16, 17, 18, 19],
    "tetragonal": [75, 76, 78, 89, 91, 92, 95, 96],
    "trigonal or hexagonal": [143, 144, 145, 149, 150, 151, 152, 153, 154, 168, 169, 170],
    "cubic": [195, 198],
}  # fmt: skip
"""Space groups of proper rotations and screws alone, with at most 12 general positions."""


@st.composite
def chiral_crystals(draw):
    """Draw a crystal with two elements on general positions of a chiral space group."""
    system = draw(st.sampled_from(sorted(CHIRAL)))
    lengths = [draw(st.floats(5.0, 8.0)) for _ in range(3)]
    angles = [draw(st.floats(75.0, 105.0)) for _ in range(3)]
    coordinates = st.integers(3, 47).map(lambda i: i / 50 + 0.003)
    triples = st.tuples(coordinates, coordinates, coordinates)
    sites = draw(st.lists(triples, min_size=2, max_size=2, unique=True))
    atoms = crystal(["Na", "Ti"], sites, spacegroup=draw(st.sampled_from(CHIRAL[system])),
                    cellpar=SYSTEMS[system][2](*lengths, *angles))  # fmt: skip
    assume(len(neighbor_list("d", atoms, 0.5)) == 0)
    assume(abs(handedness(atoms)) > 0.01)
    return make_phase(atoms)


def handedness(atoms: Atoms, reach: float = 5.0) -> float:
    """A pseudoscalar of the surroundings: unchanged by rotations, reversed by reflections.

    The sum over atoms of det[p, q, s], with p, q, s the sums over neighbours of the bond vector
    weighted by three different functions of its length and of the neighbour's element.
    """
    first, second, lengths, vectors = neighbor_list("ijdD", atoms, reach)
    fade = (1 - lengths / reach) ** 2
    titanium = atoms.numbers[second] == 22
    weights = [fade, fade * lengths, fade * np.where(titanium, 2.0, -1.0)]
    moments = [
        np.array([np.bincount(first, weight * vectors[:, k], len(atoms)) for k in range(3)]).T
        for weight in weights
    ]
    return float(np.linalg.det(np.stack(moments, axis=1)).sum() / len(atoms))
