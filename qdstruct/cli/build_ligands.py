"""Ligands of the build commands: what is asked for, and the covered surface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ase import Atoms


def parse_ligands(words: list[str] | None) -> list[tuple[str, float]]:
    """Read ``oleate=0.3`` (also ``smiles:C=CC[NH3+]=0.3``): known ligands and their coverages."""
    from qdstruct.errors import InputError
    from qdstruct.pipeline.ligands import find_ligand

    requests = []
    for word in words or []:
        name, _, coverage = word.rpartition("=")
        try:
            requests.append((name.strip(), float(coverage)))
        except ValueError:
            name = ""
        if not name:
            raise InputError(f"'{word}' is not NAME=COVERAGE", hint="--ligand oleate=0.3")
        find_ligand(name)
    return requests


def with_ligands(
    atoms: Atoms, facts: dict[str, Any], requests: list[tuple[str, float]], seed: int
) -> tuple[Atoms, dict[str, Any]]:
    """Return a slab or particle with the ligands asked for, and its facts with theirs."""
    from qdstruct.pipeline.ligands import cover

    if not requests:
        return atoms, facts
    covers = cover(atoms, requests, seed=seed)
    placed = [
        {
            "ligand": one.ligand,
            "anchor": one.anchor,
            "placed": one.placed,
            "sites": one.sites,
            "bond_length": one.bond_length,
            "removed_ions": one.removed or "none",
        }
        for one in covers
    ]
    added = {"ligands": placed, "ligand_seed": seed, "charge": covers[-1].charge}
    return covers[-1].atoms, {**facts, **added}
