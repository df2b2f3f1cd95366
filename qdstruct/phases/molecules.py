"""The molecules that come with the package: linkers, ligands, additives."""

from __future__ import annotations

import difflib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from qdstruct.errors import PhaseError
from qdstruct.resources import data_folder

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["load_molecule", "molecule_names"]


def molecule_names() -> tuple[str, ...]:
    """Return the names of the shipped molecules."""
    return tuple(file.stem for file in _files())


def load_molecule(name: str, *, method: str | None = None) -> Atoms:
    """Return a shipped molecule.

    Parameters
    ----------
    name : str
        Name or alias (``C4DT``, ``1,4-butanedithiol``, ``benzylammonium``); case, ``_`` and ``-``
        do not matter.
    method : str, optional
        Beginning of the method that made the geometry (``crystal``, ``B3LYP``, ``GFN2-xTB``,
        ``MMFF94``). None takes the best there is, in that order.

    Returns
    -------
    Atoms
        Not periodic, Å; ``info`` holds name, smiles, charge (in e) and method.

    Raises
    ------
    PhaseError
        If the molecule is unknown or was not computed with that method.
    """
    import ase.io

    file = _index().get(_key(name))
    if file is None:
        raise _unknown(name)
    frames: list[Atoms] = ase.io.read(file, index=":", format="extxyz")
    if method is None:
        return frames[0]
    for atoms in frames:
        if atoms.info["method"].casefold().startswith(method.casefold()):
            return atoms
    known = ", ".join(str(atoms.info["method"]) for atoms in frames)
    raise PhaseError(f"{name}: no geometry by '{method}'", hint=f"there are: {known}")


def _unknown(name: str) -> PhaseError:
    near = difflib.get_close_matches(_key(name), list(_index()), n=3, cutoff=0.5)
    names = dict.fromkeys(_index()[key].stem for key in near)
    return PhaseError(
        f"unknown molecule '{name}'",
        hint=f"known are {', '.join(names or molecule_names())}",
    )


def _key(name: str) -> str:
    return re.sub(r"[\s_\-]+", "", name).casefold()


@cache
def _files() -> tuple[Path, ...]:
    return tuple(sorted((data_folder("structures") / "molecules").glob("*.xyz")))


@cache
def _index() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in _files():
        comment = file.read_text(encoding="utf-8").splitlines()[1]
        aliases = re.search(r'aliases="([^"]*)"', comment)
        for name in (file.stem, *(aliases.group(1).split("; ") if aliases else ())):
            found[_key(name)] = file
    return found
