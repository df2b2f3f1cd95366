"""What a crystal is: formula, Z, density, space group, shortest distances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qdstruct.errors import PhaseError
from qdstruct.geometry import SpaceGroup, conventional_axes, reduce_miller, space_group
from qdstruct.model import Phase
from qdstruct.units import DALTON

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["cell_caveats", "check_crystal", "density", "describe", "shortest_distances"]

CLOSEST_APPROACH = 0.5
"""Å: nearer than this, two sites are one atom given twice (H–H in H₂ is 0.74 Å)."""
SEARCH_RADII = (3.5, 5.0, 8.0)
"""Å: neighbours are sought within these distances in turn until every pair of species is seen."""


def describe(atoms: Atoms, *, name: str, source_file: str = "") -> Phase:
    """Make a phase of a crystal that carries no description of its own.

    Parameters
    ----------
    atoms : Atoms
        The whole cell, periodic in three directions.
    name : str
        Name of the phase.
    source_file : str
        File it was read from, for messages.

    Raises
    ------
    PhaseError
        If the atoms are not a crystal: see `check_crystal`.
    """
    from ase.formula import Formula

    check_crystal(atoms, source_file or name)
    group = space_group(atoms)
    reduced, formula_units = Formula(atoms.get_chemical_formula()).reduce()
    return Phase(
        name=name,
        formula=reduced.format("metal"),
        atoms=atoms,
        space_group_number=group.number,
        space_group_symbol=group.symbol,
        setting=group.choice or "standard",
        formula_units=formula_units,
        density=density(atoms),
        caveats=cell_caveats(atoms, group),
        source_file=source_file,
    )


def cell_caveats(atoms: Atoms, group: SpaceGroup) -> tuple[str, ...]:
    """Say when the cell is not the one that people have in mind when they name a plane."""
    if group.centring == "P" or not group.is_primitive:
        return ()
    h, k, l = reduce_miller(conventional_axes(atoms) @ (0, 0, 1))  # noqa: E741
    return (
        f"this is the primitive cell of a lattice of type {group.centring}, and Miller indices "
        f"refer to it: (0,0,1) here is ({h},{k},{l}) of the conventional cell",
    )


def density(atoms: Atoms) -> float:
    """Return the X-ray density in g/cm³: mass of the cell over its volume."""
    return float(atoms.get_masses().sum() / atoms.cell.volume * DALTON)


def check_crystal(atoms: Atoms, where: str) -> None:
    """Refuse atoms that are not a usable crystal.

    Parameters
    ----------
    atoms : Atoms
        What a file held.
    where : str
        File or name, for the message.

    Raises
    ------
    PhaseError
        If there are no atoms, the cell is missing or flat, the structure is not periodic in three
        directions, a coordinate is not finite, or two atoms overlap.
    """
    if len(atoms) == 0:
        raise PhaseError(f"{where}: no atoms", hint="give a file with at least one atom")
    finite = np.isfinite(atoms.positions).all(axis=1)
    if not finite.all():
        index = int(np.flatnonzero(~finite)[0])
        raise PhaseError(
            f"{where}: the coordinates of atom {index + 1} ({atoms[index].symbol}) are not numbers",
            hint="correct the coordinates in the file",
        )
    if not np.isfinite(np.asarray(atoms.cell)).all() or atoms.cell.volume < 1.0:
        raise PhaseError(
            f"{where}: no cell in three dimensions, so this is not a crystal",
            hint="give the lattice vectors (CIF, POSCAR, or extxyz with Lattice=…)",
        )
    if not atoms.pbc.all():
        raise PhaseError(
            f"{where}: not periodic in three directions (pbc {_flags(atoms)})",
            hint="a phase is a bulk crystal: give its unit cell with pbc T T T",
        )
    _refuse_overlaps(atoms, where)


def _flags(atoms: Atoms) -> str:
    return " ".join("T" if flag else "F" for flag in atoms.pbc)


def _refuse_overlaps(atoms: Atoms, where: str) -> None:
    from ase.neighborlist import neighbor_list

    first, second, distance = neighbor_list("ijd", atoms, CLOSEST_APPROACH)
    if len(distance) == 0:
        return
    worst = int(np.argmin(distance))
    i, j = int(first[worst]), int(second[worst])
    raise PhaseError(
        f"{where}: atoms {i + 1} ({atoms[i].symbol}) and {j + 1} ({atoms[j].symbol}) overlap, "
        f"{distance[worst]:.3f} Å apart",
        hint="the file gives one atom twice, is disordered, or has the wrong symmetry operations",
    )


def shortest_distances(atoms: Atoms) -> dict[tuple[str, str], float]:
    """Return the shortest distance between every pair of species, in Å.

    Returns
    -------
    dict
        (symbol, symbol) in alphabetical order → Å, shortest first; pairs farther apart than 8 Å
        are left out.
    """
    from ase.neighborlist import neighbor_list

    symbols = np.array(atoms.get_chemical_symbols())
    n_species = len(set(symbols))
    found: dict[tuple[str, str], float] = {}
    for radius in SEARCH_RADII:
        first, second, distance = neighbor_list("ijd", atoms, radius)
        neighbours = zip(symbols[first], symbols[second], strict=True)
        for a, b in {(str(a), str(b)) for a, b in neighbours if a <= b}:
            chosen = (symbols[first] == a) & (symbols[second] == b)
            found[a, b] = float(distance[chosen].min())
        if len(found) == n_species * (n_species + 1) // 2:
            break
    return dict(sorted(found.items(), key=lambda item: item[1]))
