"""Phases and a small interface, made by hand: galena on cubic CsPbBr3, cube on cube."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.build import bulk

from qdstruct.model import Interface, Phase, Slab

PEROVSKITE = 5.874
GALENA = 5.9315
GAP = 3.0
VACUUM = 15.0


def perovskite_cell() -> Atoms:
    fractions = [(0, 0, 0), (0.5, 0.5, 0.5), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)]
    return Atoms("CsPbBr3", scaled_positions=fractions, cell=[PEROVSKITE] * 3, pbc=True)


def make_phase(name: str, atoms: Atoms, number: int, units: int) -> Phase:
    return Phase(
        name=name, formula=name, atoms=atoms, space_group_number=number,
        space_group_symbol="", setting="cubic", formula_units=units, density=5.0,
    )  # fmt: skip


def film_phase() -> Phase:
    return make_phase("PbS", bulk("PbS", "rocksalt", a=GALENA, cubic=True), 225, 4)


def substrate_phase() -> Phase:
    return make_phase("CsPbBr3-cubic", perovskite_cell(), 221, 1)


def make_slab(phase: Phase, atoms: Atoms, layers: int) -> Slab:
    return Slab(
        atoms=atoms, phase_name=phase.name, hkl=(0, 0, 1), plane_vectors=np.eye(2, 3),
        n_layers=layers, thickness=float(np.ptp(atoms.positions[:, 2])),
        bottom_termination="a", top_termination="b", vacuum=VACUUM,
    )  # fmt: skip


def make_interface(*, vacuum: float = VACUUM, symmetric_shift: float = 0.0) -> Interface:
    """Four atomic planes of galena, strained onto two cells of CsPbBr3: 26 atoms."""
    substrate = perovskite_cell() * (1, 1, 2)
    film = bulk("PbS", "rocksalt", a=GALENA, cubic=True) * (1, 1, 2)
    film.set_cell([PEROVSKITE, PEROVSKITE, 2 * GALENA], scale_atoms=True)
    top = substrate.positions[:, 2].max()
    film.positions[:, 2] += top + GAP - film.positions[:, 2].min()
    atoms = substrate + film
    height = float(np.ptp(atoms.positions[:, 2])) + (vacuum or GAP)
    atoms.set_cell([PEROVSKITE, PEROVSKITE, height])
    atoms.positions[:, 2] += symmetric_shift
    atoms.set_array("region", np.array(["substrate"] * len(substrate) + ["film"] * len(film)))
    atoms.set_array("layer", np.zeros(len(atoms), dtype=np.int64))
    atoms.set_array("molecule", np.full(len(atoms), -1, dtype=np.int64))
    strain = PEROVSKITE / GALENA - 1
    return Interface(
        atoms=atoms, geometry="vertical", film=make_slab(film_phase(), film, 2),
        substrate=make_slab(substrate_phase(), substrate, 2), match=None,
        film_strain=np.diag([strain, strain]), substrate_strain=np.zeros((2, 2)), gap=GAP,
        shift=(0.0, 0.0), vacuum=vacuum, interface_height=float(top + GAP / 2),
    )  # fmt: skip
