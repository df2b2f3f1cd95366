"""Which jobs a study needs: structures, parents and meshes, before anything is written."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.errors import StudyError
from qdstruct.jobs.cells import vacuum_axes
from qdstruct.jobs.draft import Draft, Frame, choose_mesh
from qdstruct.jobs.dynamics import dynamics_drafts
from qdstruct.jobs.further import OF_INTERFACES, further_drafts, relax_static_dos
from qdstruct.jobs.kinds import require_parts
from qdstruct.jobs.phonons import phonon_drafts
from qdstruct.jobs.poscar import group_by_species
from qdstruct.jobs.presets import Preset
from qdstruct.jobs.references import strain_free_cell, strained_slab
from qdstruct.jobs.series import SeriesPoint, convergence_drafts, series_drafts
from qdstruct.model import CalculationSettings, Interface, Phase

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["draft_jobs", "draft_structure"]


def draft_jobs(
    film: Phase,
    substrate: Phase,
    interface: Interface,
    settings: CalculationSettings,
    preset: Preset,
    series: tuple[SeriesPoint, ...] = (),
) -> tuple[Draft, ...]:
    """List the jobs of a study, parents before children.

    Parameters
    ----------
    film, substrate, interface, settings, preset
        See `qdstruct.jobs.write_tree`.
    series : tuple of SeriesPoint
        Structures built for series of single points.

    Raises
    ------
    StudyError
        For a part of the tree that does not exist or lacks the part it builds on.
    """
    wanted = settings.include
    require_parts(wanted)
    phonons = settings.phonons.of if "phonons" in wanted else ()
    drafts: list[Draft] = []
    if "bulk" in wanted:
        drafts += _bulk("film", film, settings, preset, "film" in phonons)
        drafts += _bulk("substrate", substrate, settings, preset, "substrate" in phonons)
    if "slab" in wanted:
        drafts += [_slab(part, interface, settings, preset) for part in ("film", "substrate")]
    if "interface" in wanted:
        drafts += _interface(interface, settings, preset, "interface" in phonons)
    for part, kind in (("difference", "difference"), ("adhesion", "relax")):
        if part in wanted:
            drafts += _halves(part, kind, interface, settings, preset)
    if "convergence" in wanted:
        drafts += convergence_drafts("film", _reference(film), settings, preset)
        drafts += convergence_drafts("substrate", _reference(substrate), settings, preset)
    drafts += series_drafts(series, settings, preset)
    return tuple(drafts)


def draft_structure(
    folder: str, subject: str, atoms: Atoms, settings: CalculationSettings, preset: Preset
) -> tuple[Draft, ...]:
    """List the jobs of one structure as it is: relaxation, static run, density of states and more.

    What comes beyond the three are the parts that `settings.include` names.

    Its vacuum tells what it is: none, a crystal; along one axis a slab, along two a wire or
    ribbon, along three a molecule or a finite dot. The cell is not reduced.
    """
    vacuum = vacuum_axes(atoms)
    cell = {0: "bulk", 3: "molecule"}.get(len(vacuum), "slab")
    plain = dataclasses.replace(preset, interface_mesh=None)
    grouped = group_by_species(atoms)
    frame = Frame(folder=folder, cell=cell, subject=subject, atoms=grouped, vacuum=vacuum)
    drafts = relax_static_dos(frame, settings, plain)
    drafts += further_drafts(frame, settings, plain, frozenset(settings.include))
    if "phonons" in settings.include:
        drafts += phonon_drafts(frame, settings, plain)
    return tuple(drafts)


def _reference(phase: Phase) -> Frame:
    atoms = group_by_species(strain_free_cell(phase.atoms))
    return Frame(folder="", cell="bulk", subject=f"bulk {phase.name}", atoms=atoms, vacuum=())


def _bulk(
    part: str, phase: Phase, settings: CalculationSettings, preset: Preset, phonons: bool
) -> list[Draft]:
    frame = dataclasses.replace(_reference(phase), folder=f"bulk-{part}")
    drafts = relax_static_dos(frame, settings, preset)
    drafts += further_drafts(frame, settings, preset, frozenset(settings.include) - OF_INTERFACES)
    return drafts + (phonon_drafts(frame, settings, preset) if phonons else [])


def _interface(
    interface: Interface, settings: CalculationSettings, preset: Preset, phonons: bool
) -> list[Draft]:
    frame = Frame(
        folder="interface",
        cell="interface",
        subject=f"{interface.geometry} interface {_title(interface)}",
        atoms=group_by_species(_held(interface.atoms, settings.fixed_layers)),
        vacuum=_interface_vacuum(interface),
    )
    drafts = relax_static_dos(frame, settings, preset)
    drafts += further_drafts(frame, settings, preset, frozenset(settings.include))
    if "dynamics" in settings.include:
        drafts += dynamics_drafts(frame, settings, preset)
    return drafts + (phonon_drafts(frame, settings, preset) if phonons else [])


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


def _halves(
    part: str, kind: str, interface: Interface, settings: CalculationSettings, preset: Preset
) -> list[Draft]:
    """Return each side alone in the cell of the interface, starting from its relaxed atoms."""
    whole = group_by_species(_held(interface.atoms, settings.fixed_layers))
    if kind != "relax":
        whole.set_constraint()
    vacuum = _interface_vacuum(interface)
    mesh, reason = choose_mesh(whole, vacuum, "interface", settings, preset)
    present = dict.fromkeys(str(name) for name in whole.arrays["region"])
    ordered: list[str] = [name for name in ("film", "substrate") if name in present]
    ordered += [name for name in present if name not in ordered]
    doing = "relaxed alone in the cell of" if kind == "relax" else "alone in the relaxed"
    return [
        Draft(
            name=f"{part}/{side}",
            kind=kind,
            cell="interface",
            subject=f"{side} {doing} interface {_title(interface)}",
            atoms=whole[whole.arrays["region"] == side],
            reference=whole,
            vacuum=vacuum,
            mesh=mesh,
            mesh_reason=f"as for the whole interface: {reason}",
            parents=("interface/relax",),
            structure_from="interface/relax",
            keep_region=side,
        )
        for side in ordered
    ]
