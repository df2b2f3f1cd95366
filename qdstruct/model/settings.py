"""What a user may choose about the calculations, independent of the engine's file formats."""

from __future__ import annotations

from dataclasses import dataclass, field

from qdstruct.model.record import Record

__all__ = ["CalculationSettings"]


@dataclass(frozen=True, kw_only=True)
class CalculationSettings(Record):
    """Settings of every job of a study."""

    preset: str = "standard"
    """Name of a file in ``templates/vasp/``."""
    tags: dict[str, str | int | float | bool | list[float]] = field(default_factory=dict)
    """INCAR tags that overlay the preset in every job."""
    kpoint_spacing: float | None = None
    """Largest distance between k-points along each reciprocal axis in 1/Å (with 2π); None takes
    the preset's."""
    kpoints: tuple[int, int, int] | None = None
    """Explicit Γ-centred mesh for slabs and interfaces; None derives it from the spacing."""
    include: tuple[str, ...] = ("bulk", "slab", "interface", "difference")
    """Which parts of the tree are written."""
