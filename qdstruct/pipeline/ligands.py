"""From the name of a ligand to a covered surface: phases → building."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qdstruct import building, phases
from qdstruct.building.ligands import binding_site_count
from qdstruct.building.smiles import molecule_from_smiles
from qdstruct.errors import BuildError, PhaseError
from qdstruct.model import LigandCover

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["cover", "cover_file", "find_ligand", "ligand_names", "place_ligands"]


def ligand_names() -> tuple[str, ...]:
    """Return the ligands known by name."""
    return phases.molecule_names()


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


def place_ligands(
    atoms: Atoms,
    ligand: str | Atoms,
    *,
    coverage: float = 1.0,
    seed: int = 0,
    anchor: str = "auto",
    compensate: bool = True,
) -> LigandCover:
    """Bind molecules, given by name, to the surface of a slab or particle.

    Parameters
    ----------
    atoms : Atoms
        A slab with vacuum along z (its top face is covered), or a particle (every face).
    ligand : str or Atoms
        As for `find_ligand`, or the molecule itself.
    coverage, seed, anchor, compensate
        As for `building.place_ligands`, which raises the errors and states the rules.
    """
    return building.place_ligands(
        atoms,
        find_ligand(ligand) if isinstance(ligand, str) else ligand,
        coverage=coverage,
        seed=seed,
        anchor=anchor,
        compensate=compensate,
    )


def cover(
    atoms: Atoms, requests: Sequence[tuple[str, float]], *, seed: int = 0
) -> tuple[LigandCover, ...]:
    """Bind several kinds of ligands, one after the other, to the same surface.

    Parameters
    ----------
    atoms : Atoms
        As for `place_ligands`.
    requests : sequence of (name, coverage)
        Ligands (`find_ligand`) and the share of the bare surface's sites that each gets.
    seed : int
        Of the first ligand; the next one has the next seed.

    Returns
    -------
    tuple of LigandCover
        One per request; the last holds all ligands.

    Raises
    ------
    BuildError
        If ligands that bind to the same kind of site are asked to take more than all of them, and
        for everything that `building.place_ligands` refuses.
    """
    molecules = [find_ligand(name) for name, _ in requests]
    counted = [binding_site_count(atoms, molecule) for molecule in molecules]
    asked: dict[str, float] = defaultdict(float)
    for (name, coverage), (anchor, sites) in zip(requests, counted, strict=True):
        if not 0 < coverage <= 1:
            raise BuildError(
                f"{name}: a coverage of {coverage:g} does not exist", hint="above 0 and up to 1"
            )
        for kind in _site_kinds(anchor):
            asked[kind] += coverage
            if asked[kind] > 1 + 1e-9:
                raise BuildError(
                    f"the ligands are asked to take {asked[kind]:g} times the {sites} sites that "
                    f"{anchor} groups share",
                    hint="the coverages of ligands on the same sites add up to 1 at most",
                )
    covers: list[LigandCover] = []
    taken: dict[str, float] = defaultdict(float)
    for k, ((name, coverage), (anchor, sites)) in enumerate(zip(requests, counted, strict=True)):
        kind = " and ".join(_site_kinds(anchor))
        before = taken[kind]
        taken[kind] += coverage
        count = round(taken[kind] * sites) - round(before * sites)
        if count == 0:
            raise BuildError(
                f"{name}: a coverage of {coverage:g} is less than one of {sites} sites"
            )
        body = covers[-1].atoms if covers else atoms
        covers.append(building.place_ligands(body, molecules[k], count=count, seed=seed + k))
    return tuple(covers)


def _site_kinds(anchor: str) -> tuple[str, ...]:
    """Ammonium binds to A sites, a zwitterion to both kinds, the others to polyvalent cations."""
    kinds = {"ammonium": ("A site",), "zwitterion": ("A site", "cation")}
    return kinds.get(anchor, ("cation",))


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
    return place_ligands(
        phases.read_atoms(structure),
        ligand,
        coverage=coverage,
        seed=seed,
        anchor=anchor,
        compensate=compensate,
    )
