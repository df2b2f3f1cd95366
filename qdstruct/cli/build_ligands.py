"""Ligands of the build commands: what is asked for, and the covered surface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qdstruct.cli.build_output import finish

if TYPE_CHECKING:
    from ase import Atoms

    from qdstruct.cli.build_request import Wanted
    from qdstruct.model import Phase


@dataclass(frozen=True)
class LigandRequest:
    """Ligands that a build command was asked to bind."""

    requests: list[tuple[str, float]]
    """Name and coverage of each."""
    seed: int
    """Of the first."""


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


def finish_covered(
    title: str,
    atoms: Atoms,
    facts: dict[str, Any],
    cover: LigandRequest,
    wanted: Wanted,
    crystals: Mapping[str, Phase] | None = None,
) -> None:
    """Bind the ligands asked for to what was built, then check, write, draw and report it."""
    covered, facts = with_ligands(atoms, facts, cover)
    finish(title, covered, facts, wanted, crystals)


def with_ligands(
    atoms: Atoms, facts: dict[str, Any], asked: LigandRequest
) -> tuple[Atoms, dict[str, Any]]:
    """Return a slab or particle with the ligands asked for, and its facts with theirs."""
    from qdstruct.pipeline.ligands import cover

    if not asked.requests:
        return atoms, facts
    covers = cover(atoms, asked.requests, seed=asked.seed)
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
    added = {"ligands": placed, "ligand_seed": asked.seed, "charge": covers[-1].charge}
    return covers[-1].atoms, {**facts, **added}
