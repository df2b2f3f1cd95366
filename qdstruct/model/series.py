"""Series of single points: one setting or one shift varied."""

from __future__ import annotations

from dataclasses import dataclass

from qdstruct.model.record import Record

__all__ = ["EnergySeries"]


@dataclass(frozen=True, kw_only=True)
class EnergySeries(Record):
    """Energies along one varied quantity."""

    name: str
    """``film-cutoff``, ``substrate-layers``, ``registry``, …"""
    unit: str
    """Of the points; empty for a number of layers."""
    points: tuple[str, ...]
    """Value of the varied quantity, as the job's directory names it."""
    energies: tuple[float | None, ...]
    """Total energy of each point, eV; None where the job is not done."""
    n_atoms: tuple[int, ...]
    """Atoms of each point."""
    changes: tuple[float | None, ...]
    """What converges. Cutoffs, k-points and vacua: energy against the finest point, meV per atom.
    Layers: energy of the last added layer, eV, which tends to the crystal's. Shifts: energy above
    the lowest, meV/Å²."""
    meaning: str
    """What `changes` holds, in words."""
    is_mock: bool
    """True when the mock calculated any of it."""
