"""Molecules on a surface, and the account of charges that goes with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qdstruct.model.record import Record

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["LigandCover"]


@dataclass(frozen=True, kw_only=True, eq=False)
class LigandCover(Record):
    """A slab or particle with ligands bound to its surface."""

    atoms: Atoms
    """N atoms; those of ligands come last, with ``region`` "ligand" and a ``molecule`` number per
    ligand; ``formal_charge`` of every atom."""
    ligand: str
    """Name of the molecule."""
    anchor: str
    """``ammonium``, ``carboxylate``, ``thiolate`` or ``zwitterion``."""
    sites: int
    """Surface sites that could hold such an anchor."""
    placed: int
    """Ligands placed."""
    bond_length: float
    """Distance in Å from the anchor to the nearest ion that it binds, as it was set: N to anion, O
    or S to cation."""
    removed: str
    """Ions taken out of the crystal to keep the charge, as a formula."""
    hydrogens_removed: int
    """Protons taken off each molecule before it was bound."""
    charge_before: float
    """Net formal charge of the bare crystal, e."""
    charge: float
    """Net formal charge with the ligands, e."""
    seed: int
    """Seed of the random choice of sites and orientations."""

    @property
    def coverage(self) -> float:
        """Share of the sites that hold a ligand."""
        return self.placed / self.sites
