"""One job before its files are written, the structure it belongs to, and its k-points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.jobs.cells import kpoint_mesh
from qdstruct.jobs.presets import Preset, Setting
from qdstruct.model import CalculationSettings, Displacement, KPath

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["Draft", "Frame", "choose_mesh"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """A structure to be calculated, and where its jobs go."""

    folder: str
    """Folder of its jobs below the tree's root."""
    cell: str
    """bulk, slab, interface or molecule."""
    subject: str
    """In words."""
    atoms: Atoms
    """Grouped by species."""
    vacuum: tuple[int, ...]
    """Axes with vacuum."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """One job before its files are written."""

    name: str
    """Path below the tree's root."""
    kind: str
    """See `qdstruct.jobs.kinds.KINDS`."""
    cell: str
    """bulk, slab, interface or molecule."""
    subject: str
    """In words."""
    atoms: Atoms
    """Grouped by species."""
    reference: Atoms
    """Structure that fixes FFT grid and dipole centre."""
    vacuum: tuple[int, ...]
    """Axes with vacuum."""
    mesh: tuple[int, int, int] | None
    """k-points, Γ-centred; None where there is a path."""
    mesh_reason: str
    """Where the mesh came from."""
    parents: tuple[str, ...] = ()
    """Jobs that must be done first."""
    structure_from: str | None = None
    """Parent whose structure replaces the POSCAR."""
    keep_region: str | None = None
    """Region of the parent's atoms that is kept."""
    charge_from: str | None = None
    """Parent whose CHGCAR is read."""
    orbitals_from: str | None = None
    """Parent whose WAVECAR is read."""
    kpath: KPath | None = None
    """Path through the Brillouin zone."""
    keep_velocities: bool = False
    """Velocities come along with the parent's structure."""
    frame: int | None = None
    """Configuration of the parent's trajectory."""
    displacement: Displacement | None = None
    """What is displaced."""
    tags: tuple[Setting, ...] = ()
    """Tags of this job alone, which nothing overlays."""


def choose_mesh(
    atoms: Atoms,
    vacuum: tuple[int, ...],
    cell: str,
    settings: CalculationSettings,
    preset: Preset,
    *,
    dos: bool = False,
) -> tuple[tuple[int, int, int], str]:
    """Choose the k-mesh of one job and say why.

    An explicit mesh of the study wins for slabs and interfaces, then a spacing of the study, then
    the preset's explicit mesh, then the preset's spacing. Densities of states are finer by the
    preset's ratio of the two spacings.
    """
    if cell != "bulk" and settings.kpoints is not None:
        return settings.kpoints, "explicit mesh of the study"
    explicit = preset.interface_mesh
    if cell != "bulk" and settings.kpoint_spacing is None and explicit is not None:
        first, second, third = (int(n) for n in explicit.value)  # type: ignore[union-attr]
        return (first, second, third), f"{explicit.origin}: {explicit.reason}"
    chosen = settings.kpoint_spacing
    spacing = float(preset.spacing.value) if chosen is None else chosen  # type: ignore[arg-type]
    if dos:
        spacing *= float(preset.dos_spacing.value) / float(preset.spacing.value)  # type: ignore[arg-type]
    origin = f"preset {preset.name}" if chosen is None else "your study"
    reason = f"{origin}: at most {spacing:.3g} 1/Å between k-points"
    if vacuum:
        axes = " and ".join("abc"[axis] for axis in vacuum)
        reason += f", one point along {axes} (vacuum)"
    return kpoint_mesh(np.asarray(atoms.cell), spacing, vacuum), reason
