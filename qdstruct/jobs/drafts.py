"""Which jobs a study needs: structures, parents and meshes, before anything is written."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.errors import StudyError
from qdstruct.jobs.cells import kpoint_mesh, vacuum_axes
from qdstruct.jobs.poscar import group_by_species
from qdstruct.jobs.presets import Preset
from qdstruct.jobs.references import strain_free_cell, strained_slab
from qdstruct.model import CalculationSettings, Interface, Phase

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["Draft", "draft_jobs", "draft_structure"]

PARTS = ("bulk", "slab", "interface", "difference")

PROVIDES = {
    "relax": ("OUTCAR", "vasprun.xml", "CONTCAR"),
    "static": ("OUTCAR", "vasprun.xml", "CONTCAR", "CHGCAR", "LOCPOT"),
    "dos": ("OUTCAR", "vasprun.xml", "DOSCAR"),
    "difference": ("OUTCAR", "vasprun.xml", "CHGCAR"),
}
"""Files that each kind of job must leave behind."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """One job before its files are written."""

    name: str
    """Path below the tree's root."""
    kind: str
    """relax, static, dos or difference."""
    cell: str
    """bulk, slab or interface."""
    subject: str
    """In words."""
    atoms: Atoms
    """Grouped by species."""
    reference: Atoms
    """Structure that fixes FFT grid and dipole centre."""
    vacuum: tuple[int, ...]
    """Axes with vacuum."""
    mesh: tuple[int, int, int]
    """k-points, Γ-centred."""
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


def draft_jobs(
    film: Phase,
    substrate: Phase,
    interface: Interface,
    settings: CalculationSettings,
    preset: Preset,
) -> tuple[Draft, ...]:
    """List the jobs of a study, parents before children.

    Raises
    ------
    StudyError
        For a part of the tree that does not exist or lacks the part it builds on.
    """
    wanted = settings.include
    unknown = sorted(set(wanted) - set(PARTS))
    if unknown:
        raise StudyError(
            f"calculation.include: there is no part called '{unknown[0]}'",
            hint=f"parts: {', '.join(PARTS)}",
        )
    if "difference" in wanted and "interface" not in wanted:
        raise StudyError(
            "calculation.include: 'difference' needs 'interface'",
            hint="the parts are taken from the relaxed interface; include both or neither",
        )
    drafts: list[Draft] = []
    if "bulk" in wanted:
        drafts += _bulk("film", film, settings, preset)
        drafts += _bulk("substrate", substrate, settings, preset)
    if "slab" in wanted:
        drafts += [_slab(part, interface, settings, preset) for part in ("film", "substrate")]
    if "interface" in wanted:
        drafts += _interface(interface, settings, preset)
    if "difference" in wanted:
        drafts += _difference(interface, settings, preset)
    return tuple(drafts)


def draft_structure(
    folder: str, subject: str, atoms: Atoms, settings: CalculationSettings, preset: Preset
) -> tuple[Draft, ...]:
    """List relaxation, static run and density of states of one structure as it is.

    Its vacuum tells what it is: none, a crystal; along one axis a slab, along two a wire or
    ribbon, along three a molecule or a finite dot. The cell is not reduced.
    """
    vacuum = vacuum_axes(atoms)
    cell = {0: "bulk", 3: "molecule"}.get(len(vacuum), "slab")
    plain = dataclasses.replace(preset, interface_mesh=None)
    grouped = group_by_species(atoms)
    return tuple(_relax_static_dos(folder, cell, subject, grouped, vacuum, settings, plain))


def _bulk(part: str, phase: Phase, settings: CalculationSettings, preset: Preset) -> list[Draft]:
    atoms = group_by_species(strain_free_cell(phase.atoms))
    return _relax_static_dos(
        f"bulk-{part}", "bulk", f"bulk {phase.name}", atoms, (), settings, preset
    )


def _interface(interface: Interface, settings: CalculationSettings, preset: Preset) -> list[Draft]:
    atoms = group_by_species(_held(interface.atoms, settings.fixed_layers))
    subject = f"{interface.geometry} interface {_title(interface)}"
    return _relax_static_dos(
        "interface", "interface", subject, atoms, _interface_vacuum(interface), settings, preset
    )


def _held(atoms: Atoms, n_layers: int) -> Atoms:
    """Fix the lowest layers of the substrate."""
    if n_layers <= 0:
        return atoms
    from ase.constraints import FixAtoms

    below = atoms.arrays["region"] == "substrate"
    lowest = atoms.arrays["layer"] < n_layers
    if np.all(lowest[below]):
        raise StudyError(
            f"calculation.fixed_layers: {n_layers} would fix the whole substrate",
            hint="fix fewer layers or build a thicker substrate",
        )
    held = atoms.copy()
    held.set_constraint(FixAtoms(mask=below & lowest))
    return held


def _title(interface: Interface) -> str:
    return f"{interface.film.phase_name} on {interface.substrate.phase_name}"


def _interface_vacuum(interface: Interface) -> tuple[int, ...]:
    if interface.vacuum <= 0:
        return ()
    return vacuum_axes(interface.atoms) or (2,)


def _relax_static_dos(
    folder: str,
    cell: str,
    subject: str,
    atoms: Atoms,
    vacuum: tuple[int, ...],
    settings: CalculationSettings,
    preset: Preset,
) -> list[Draft]:
    relax, static, dos = f"{folder}/relax", f"{folder}/static", f"{folder}/dos"
    mesh, reason = choose_mesh(atoms, vacuum, cell, settings, preset)
    dos_mesh, dos_reason = choose_mesh(atoms, vacuum, cell, settings, preset, dos=True)

    def draft(
        name: str,
        kind: str,
        points: tuple[int, int, int],
        why: str,
        parents: tuple[str, ...] = (),
        charge_from: str | None = None,
    ) -> Draft:
        return Draft(
            name=name, kind=kind, cell=cell, subject=subject, atoms=atoms, reference=atoms,
            vacuum=vacuum, mesh=points, mesh_reason=why, parents=parents,
            structure_from=parents[0] if parents else None, charge_from=charge_from,
        )  # fmt: skip

    return [
        draft(relax, "relax", mesh, reason),
        draft(static, "static", mesh, reason, (relax,)),
        draft(dos, "dos", dos_mesh, dos_reason, (static,), static),
    ]


def _slab(part: str, interface: Interface, settings: CalculationSettings, preset: Preset) -> Draft:
    atoms = group_by_species(strained_slab(interface, part))
    phase = interface.film.phase_name if part == "film" else interface.substrate.phase_name
    vacuum = vacuum_axes(atoms)
    mesh, reason = choose_mesh(atoms, vacuum, "slab", settings, preset)
    return Draft(
        name=f"slab-{part}/static",
        kind="static",
        cell="slab",
        subject=f"slab of {phase} as strained in the interface",
        atoms=atoms,
        reference=atoms,
        vacuum=vacuum,
        mesh=mesh,
        mesh_reason=reason,
    )


def _difference(interface: Interface, settings: CalculationSettings, preset: Preset) -> list[Draft]:
    whole = group_by_species(interface.atoms)
    vacuum = _interface_vacuum(interface)
    mesh, reason = choose_mesh(whole, vacuum, "interface", settings, preset)
    present = dict.fromkeys(str(name) for name in whole.arrays["region"])
    ordered: list[str] = [name for name in ("film", "substrate") if name in present]
    ordered += [name for name in present if name not in ordered]
    return [
        Draft(
            name=f"difference/{part}",
            kind="difference",
            cell="interface",
            subject=f"{part} alone in the relaxed interface {_title(interface)}",
            atoms=whole[whole.arrays["region"] == part],
            reference=whole,
            vacuum=vacuum,
            mesh=mesh,
            mesh_reason=f"as for the whole interface: {reason}",
            parents=("interface/relax",),
            structure_from="interface/relax",
            keep_region=part,
        )
        for part in ordered
    ]


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
