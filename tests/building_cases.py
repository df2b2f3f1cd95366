"""Crystals and measures that the building tests share."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.spacegroup import crystal

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
