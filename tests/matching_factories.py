"""Crystals for the matching tests, made from cells alone (no files)."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.build import bulk

from qdstruct.model import Phase


def phase(atoms: Atoms, name: str = "test") -> Phase:
    """Wrap atoms as a phase; only cell and atoms matter to the matching."""
    return Phase(
        name=name,
        formula=atoms.get_chemical_formula(),
        atoms=atoms,
        space_group_number=1,
        space_group_symbol="P1",
        setting="",
        formula_units=1,
        density=1.0,
    )


def rocksalt(a: float = 5.9315, elements: str = "PbS", name: str = "rock salt") -> Phase:
    """A conventional rock-salt cell."""
    return phase(bulk(elements, "rocksalt", a=a, cubic=True), name)


def zincblende(a: float = 5.818, elements: str = "CdS", name: str = "zinc blende") -> Phase:
    """A conventional zinc-blende cell."""
    return phase(bulk(elements, "zincblende", a=a, cubic=True), name)


def perovskite(a: float = 5.874, name: str = "perovskite") -> Phase:
    """A cubic CsPbBr3 cell."""
    fractions = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    return phase(Atoms("CsPbBr3", scaled_positions=fractions, cell=[a] * 3, pbc=True), name)


def triclinic(cell: np.ndarray, name: str = "triclinic") -> Phase:
    """A crystal without any symmetry but translations."""
    fractions = [[0, 0, 0], [0.23, 0.31, 0.17], [0.61, 0.12, 0.44]]
    return phase(Atoms("PbBrCl", scaled_positions=fractions, cell=cell, pbc=True), name)


def layer(basis: np.ndarray, height: float = 7.0, name: str = "layer") -> Phase:
    """A triclinic crystal whose (001) plane is a given plane lattice, rows in Å."""
    cell = np.zeros((3, 3))
    cell[:2, :2] = basis
    cell[2] = [0.3, 0.2, height]
    return triclinic(cell, name)
