"""Series of single points: convergence with the settings, and structures built one by one."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qdstruct.jobs.cells import vacuum_axes
from qdstruct.jobs.draft import Draft, Frame, choose_mesh
from qdstruct.jobs.poscar import group_by_species
from qdstruct.jobs.presets import Preset, Setting
from qdstruct.model import CalculationSettings

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["SeriesPoint", "convergence_drafts", "series_drafts"]


@dataclass(frozen=True, kw_only=True, eq=False)
class SeriesPoint:
    """A structure whose energy is one point of a series."""

    name: str
    """Path of its job below the tree's root, for example ``registry/0.00-0.33``."""
    subject: str
    """In words."""
    cell: str
    """slab or interface."""
    atoms: Atoms
    """The structure."""


def series_drafts(
    points: tuple[SeriesPoint, ...], settings: CalculationSettings, preset: Preset
) -> list[Draft]:
    """Return one single point for each structure."""
    drafts = []
    for point in points:
        atoms = group_by_species(point.atoms)
        atoms.set_constraint()
        vacuum = vacuum_axes(atoms)
        mesh, reason = choose_mesh(atoms, vacuum, point.cell, settings, preset)
        drafts.append(
            Draft(
                name=point.name, kind="energy", cell=point.cell, subject=point.subject,
                atoms=atoms, reference=atoms, vacuum=vacuum, mesh=mesh, mesh_reason=reason,
            )
        )  # fmt: skip
    return drafts


def convergence_drafts(
    side: str, frame: Frame, settings: CalculationSettings, preset: Preset
) -> list[Draft]:
    """Return single points of one crystal in steps of cutoff and of k-point distance.

    Everything but the varied setting is as in the other jobs of the crystal.
    """
    plain, reason = choose_mesh(frame.atoms, (), "bulk", settings, preset)
    drafts = []
    for cutoff in settings.convergence.cutoffs:
        setting = Setting(
            tag="ENCUT", value=float(cutoff), reason="A point of the series.",
            origin="your study, convergence.cutoffs",
        )  # fmt: skip
        name = f"convergence/{side}-cutoff-{cutoff:g}"
        drafts.append(_point(name, frame, f"ENCUT {cutoff:g} eV", plain, reason, (setting,)))
    for spacing in settings.convergence.spacings:
        choice = dataclasses.replace(settings, kpoint_spacing=spacing)
        mesh, _ = choose_mesh(frame.atoms, (), "bulk", choice, preset)
        why = f"your study, convergence.spacings: at most {spacing:g} 1/Å between k-points"
        name = f"convergence/{side}-spacing-{spacing:g}"
        drafts.append(_point(name, frame, f"k-points {spacing:g} 1/Å apart", mesh, why))
    return drafts


def _point(
    name: str,
    frame: Frame,
    what: str,
    mesh: tuple[int, int, int],
    reason: str,
    tags: tuple[Setting, ...] = (),
) -> Draft:
    return Draft(
        name=name, kind="energy", cell="bulk", subject=f"{frame.subject}, {what}",
        atoms=frame.atoms, reference=frame.atoms, vacuum=(), mesh=mesh, mesh_reason=reason,
        tags=tags,
    )  # fmt: skip
