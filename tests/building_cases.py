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


CELLS = {
    "triclinic": ([1, 2], lambda a, b, c, x, y, z: [a, b, c, x, y, z]),
    "monoclinic": ([3, 4, 5, 9, 14, 15], lambda a, b, c, x, y, z: [a, b, c, 90, y, 90]),
    "orthorhombic": ([19, 36, 62, 70], lambda a, b, c, x, y, z: [a, b, c, 90, 90, 90]),
    "tetragonal": ([82, 96, 122, 141], lambda a, b, c, x, y, z: [a, a, c, 90, 90, 90]),
    "trigonal": ([144, 152, 160, 167], lambda a, b, c, x, y, z: [a, a, c, 90, 90, 120]),
    "cubic": ([198, 216, 221, 225], lambda a, b, c, x, y, z: [a, a, a, 90, 90, 90]),
}


@st.composite
def random_crystals(draw):
    """Draw a crystal of one or two elements, of any crystal system."""
    groups, cell = CELLS[draw(st.sampled_from(sorted(CELLS)))]
    lengths = [draw(st.floats(4.0, 7.0)) for _ in range(3)]
    angles = [draw(st.floats(75.0, 105.0)) for _ in range(3)]
    sites = draw(
        st.lists(st.tuples(*[st.sampled_from([0.0, 0.11, 0.25, 0.37, 0.5])] * 3), min_size=1,
                 max_size=2, unique=True)
    )  # fmt: skip
    atoms = crystal(
        ["Na", "Ti"][: len(sites)], sites, spacegroup=draw(st.sampled_from(groups)),
        cellpar=cell(*lengths, *angles), onduplicates="replace",
    )  # fmt: skip
    assume(len(atoms) <= 24)
    distances = neighbor_list("d", atoms, 0.5)
    assume(len(distances) == 0)
    return make_phase(atoms)
