"""POSCAR and KPOINTS: atoms grouped by species, regions kept beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.errors import OutputError

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "group_by_species",
    "kpoints_text",
    "poscar_text",
    "read_poscar",
    "region_names",
    "species_of",
]


def group_by_species(atoms: Atoms) -> Atoms:
    """Return a copy with equal species together, in order of first appearance.

    Stable: atoms of one species keep their order. Per-atom arrays and fixed atoms follow.
    """
    symbols = atoms.get_chemical_symbols()
    rank = {symbol: index for index, symbol in enumerate(dict.fromkeys(symbols))}
    order = sorted(range(len(symbols)), key=lambda index: rank[symbols[index]])
    return atoms[order]


def species_of(atoms: Atoms) -> tuple[str, ...]:
    """Species in POSCAR order."""
    return tuple(dict.fromkeys(atoms.get_chemical_symbols()))


def region_names(atoms: Atoms) -> tuple[str, ...]:
    """Region of each atom; empty where the structure has no regions."""
    if "region" not in atoms.arrays:
        return ()
    return tuple(str(name) for name in atoms.arrays["region"])


def poscar_text(atoms: Atoms, comment: str) -> str:
    """Write a VASP 5 POSCAR with direct coordinates, selective dynamics where atoms are fixed.

    Parameters
    ----------
    atoms : Atoms
        Grouped by species (`group_by_species`).
    comment : str
        First line.
    """
    symbols = atoms.get_chemical_symbols()
    species = species_of(atoms)
    counts = [symbols.count(name) for name in species]
    lines = [" ".join(comment.split()), "1.0"]
    lines += [" ".join(f"{value:21.16f}" for value in row) for row in np.asarray(atoms.cell)]
    lines += [" ".join(species), " ".join(map(str, counts))]
    fixed = _fixed_atoms(atoms)
    if fixed:
        lines.append("Selective dynamics")
    lines.append("Direct")
    for index, row in enumerate(atoms.get_scaled_positions(wrap=False)):
        flags = ("  F F F" if index in fixed else "  T T T") if fixed else ""
        lines.append(" ".join(f"{value:19.16f}" for value in row) + flags)
    return "\n".join(lines) + "\n"


def _fixed_atoms(atoms: Atoms) -> frozenset[int]:
    from ase.constraints import FixAtoms

    indices: set[int] = set()
    for constraint in atoms.constraints:
        if isinstance(constraint, FixAtoms):
            indices.update(int(index) for index in constraint.get_indices())
    return frozenset(indices)


def read_poscar(path: Path) -> Atoms:
    """Read a POSCAR or CONTCAR.

    Raises
    ------
    OutputError
        If it is missing or not whole.
    """
    from ase.io import ParseError, read

    try:
        atoms = read(path, format="vasp")
    except FileNotFoundError:
        raise OutputError(f"{path}: the file is missing") from None
    except (ParseError, RuntimeError, ValueError, IndexError, KeyError, OSError) as error:
        raise OutputError(f"{path}: not a whole POSCAR: {error}") from None
    if len(atoms) == 0 or not np.all(np.isfinite(atoms.positions)):
        raise OutputError(f"{path}: no atoms, or positions that are not numbers")
    return atoms


def kpoints_text(mesh: tuple[int, int, int], comment: str) -> str:
    """Write a Γ-centred automatic mesh."""
    return f"{' '.join(comment.split())}\n0\nGamma\n{mesh[0]} {mesh[1]} {mesh[2]}\n0 0 0\n"
