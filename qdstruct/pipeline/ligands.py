"""From the name of a ligand to a covered surface: phases → building."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from qdstruct import building, phases
from qdstruct.building.smiles import NAMED_SMILES, molecule_from_smiles
from qdstruct.errors import BuildError, PhaseError
from qdstruct.model import LigandCover

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["cover_file", "find_ligand", "ligand_names"]


def ligand_names() -> tuple[str, ...]:
    """Return the ligands known by name: shipped geometries, and those drawn through RDKit."""
    return (*phases.molecule_names(), *NAMED_SMILES)


def find_ligand(name: str) -> Atoms:
    """Return a ligand's molecule.

    Parameters
    ----------
    name : str
        A name (`ligand_names`) or alias, ``smiles:`` and a SMILES string, or a molecule file.

    Raises
    ------
    BuildError
        If it is none of these; those known are listed.
    """
    if name.startswith("smiles:"):
        return molecule_from_smiles(name.removeprefix("smiles:"))
    if name.casefold() in NAMED_SMILES:
        return molecule_from_smiles(NAMED_SMILES[name.casefold()], name=name.casefold())
    try:
        return phases.load_molecule(name)
    except PhaseError:
        path = Path(name)
        if path.exists():
            molecule = phases.read_atoms(path)
            molecule.info.setdefault("name", path.stem)
            return molecule
    near = difflib.get_close_matches(name.casefold(), ligand_names(), n=1)
    guess = f"did you mean {near[0]}? " if near else ""
    raise BuildError(
        f"unknown ligand '{name}'",
        hint=f"{guess}known are {', '.join(ligand_names())}; or give an .xyz file, or "
        "'smiles:CCCC[NH3+]'",
    )


def cover_file(
    structure: str, ligand: str, *, coverage: float, seed: int, anchor: str, compensate: bool
) -> LigandCover:
    """Read a slab or particle and bind ligands to it.

    Parameters
    ----------
    structure : str
        A structure file, as ``qdstruct build slab`` or ``build nanocrystal`` write it.
    ligand : str
        As for `find_ligand`.
    coverage, seed, anchor, compensate
        As for `building.place_ligands`.
    """
    molecule = find_ligand(ligand)
    return building.place_ligands(
        phases.read_atoms(structure),
        molecule,
        coverage=coverage,
        seed=seed,
        anchor=anchor,
        compensate=compensate,
    )
