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
    van_der_waals: str | None = None
    """``D3``, ``D3-BJ``, ``D4``, ``TS`` or ``none``; None takes the preset's."""
    magnetic_moments: dict[str, float] = field(default_factory=dict)
    """Element → initial moment in μB; switches spin polarisation on. Others start at 0."""
    hubbard_u: dict[str, float] = field(default_factory=dict)
    """Effective U − J in eV per shell, for example ``{"Zn-d": 5.0}`` (Dudarev)."""
    spin_orbit: bool = False
    """Spin–orbit coupling in every job that keeps its atoms (relaxations stay without)."""
    fixed_layers: int = 0
    """Lowest layers of the substrate that stay fixed in the relaxation of the interface."""
    cores: int | None = None
    """Processor cores per job, from which KPAR and NCORE follow; None leaves them to VASP."""
