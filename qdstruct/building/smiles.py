"""Molecules from SMILES, through the optional package RDKit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qdstruct.errors import BuildError

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["molecule_from_smiles"]

CONFORMERS = 20


def molecule_from_smiles(smiles: str, *, name: str | None = None, seed: int = 0) -> Atoms:
    """Return a three-dimensional molecule, its most extended conformer of several.

    Parameters
    ----------
    smiles : str
        With charges where wanted: ``CCCC[NH3+]``.
    name : str, optional
        Goes into ``info["name"]``; the SMILES string without it.
    seed : int
        Of the embedding.

    Raises
    ------
    BuildError
        If RDKit is missing, the string is not SMILES, or the molecule cannot be embedded.

    Notes
    -----
    Embedded by ETKDG (Riniker and Landrum, J. Chem. Inf. Model. 55, 2562 (2015)) and relaxed with
    MMFF94 as RDKit implements it: a drawing with sensible bond lengths, no computed structure.
    """
    chemistry, embedding = _rdkit()
    parsed = chemistry.MolFromSmiles(smiles)
    if parsed is None or "." in smiles:
        raise BuildError(
            f"'{smiles}' is not the SMILES of one molecule", hint="for example CCCC[NH3+]"
        )
    molecule = chemistry.AddHs(parsed)
    numbers = embedding.EmbedMultipleConfs(molecule, CONFORMERS, randomSeed=seed + 1)
    if not len(numbers):
        raise BuildError(f"RDKit found no three-dimensional form of '{smiles}'")
    if embedding.MMFFHasAllMoleculeParams(molecule):
        embedding.MMFFOptimizeMoleculeConfs(molecule, maxIters=2000)
    forms = [molecule.GetConformer(number).GetPositions() for number in numbers]
    positions = max(forms, key=lambda form: round(float(np.ptp(form @ _axis(form))), 3))
    return _atoms(molecule, positions, smiles, name, chemistry)


def _axis(positions: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the long axis of a molecule."""
    return np.asarray(np.linalg.svd(positions - positions.mean(axis=0))[2][0])


def _atoms(
    molecule: Any, positions: np.ndarray[Any, Any], smiles: str, name: str | None, chemistry: Any
) -> Atoms:
    from ase import Atoms

    atoms = Atoms([atom.GetSymbol() for atom in molecule.GetAtoms()], positions=positions)
    atoms.info = {
        "name": name or smiles,
        "smiles": smiles,
        "charge": chemistry.GetFormalCharge(molecule),
        "method": "RDKit ETKDG and MMFF94",
    }
    return atoms


def _rdkit() -> tuple[Any, Any]:
    try:
        from rdkit import Chem
        from rdkit.Chem import AllChem
    except ImportError as error:
        raise BuildError(
            f"molecules from SMILES need the package rdkit, which is not installed ({error})",
            hint='pip install "qdstruct[ligands]", or give an .xyz file of the molecule',
        ) from None
    return Chem, AllChem
