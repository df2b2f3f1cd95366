"""The whole tree of job directories of a study."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from qdstruct.files import write_atomically
from qdstruct.jobs.draft import Draft
from qdstruct.jobs.drafts import draft_jobs, draft_structure
from qdstruct.jobs.incar import (
    CellFacts,
    incar_settings,
    incar_text,
    largest_enmax,
    overlay_settings,
)
from qdstruct.jobs.kind_tags import density_files
from qdstruct.jobs.kinds import KINDS
from qdstruct.jobs.paths import kpath_text
from qdstruct.jobs.poscar import kpoints_text, poscar_text, region_names, species_of
from qdstruct.jobs.potentials import potential, write_potentials
from qdstruct.jobs.presets import Preset, Setting, load_preset
from qdstruct.jobs.readme import readme_text
from qdstruct.jobs.series import SeriesPoint
from qdstruct.model import CalculationSettings, Interface, Job, JobTree, Phase

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["write_structure_tree", "write_tree"]

LIBRARIES = ("qdstruct", "ase", "numpy", "phonopy", "pymatgen", "seekpath", "spglib")
PINNED = frozenset({"static", "dos", "difference", "bands", "optics", "hybrid"})
"""Kinds whose density of an interface is compared or passed on point by point."""


def write_tree(
    root: Path,
    *,
    study_name: str,
    film: Phase,
    substrate: Phase,
    interface: Interface,
    settings: CalculationSettings,
    series: tuple[SeriesPoint, ...] = (),
) -> JobTree:
    """Write every job directory of a study, ``tree.json``, ``structures/`` and ``README.txt``.

    Parameters
    ----------
    root : Path
        An existing empty directory. Wrap it in `qdstruct.files.new_directory`, so that nothing
        half-written remains when something fails.
    study_name : str
        Name of the study.
    film, substrate : Phase
        The two crystals, strain-free.
    interface : Interface
        As built.
    settings : CalculationSettings
        Preset, overlaid tags, k-points and which parts to write.
    series : tuple of SeriesPoint
        Structures built for series of single points; each becomes a job.

    Returns
    -------
    JobTree
        As written to ``tree.json``. Run `preflight` on `root` next.

    Raises
    ------
    StudyError
        Unknown preset, tag or part.
    PreflightError
        An element without a known potential, or a POTCAR library that lacks one.
    DestinationError
        If a file cannot be written.
    """
    preset = load_preset(settings.preset)
    drafts = draft_jobs(film, substrate, interface, settings, preset, series)
    together = film.atoms + substrate.atoms + interface.atoms
    tree, licensed = _write_jobs(root, study_name, drafts, together, settings, preset)
    write_structures(root, film, substrate, interface)
    _write_summary(root, tree, preset, licensed)
    return tree


def write_structure_tree(
    root: Path, *, study_name: str, subject: str, atoms: Atoms, settings: CalculationSettings
) -> JobTree:
    """Write relaxation, static run and density of states of any one structure.

    Crystal, slab, ribbon, molecule or finite dot: k-points and dipole correction follow from the
    vacuum that the cell holds.

    Parameters
    ----------
    root : Path
        An existing empty directory.
    study_name : str
        Name of the tree; its jobs are ``STUDY_NAME/relax`` and so on.
    subject : str
        What is calculated, in words.
    atoms : Atoms
        The structure; its cell is kept.
    settings : CalculationSettings
        Preset, overlaid tags and k-points.

    Returns
    -------
    JobTree
        As written to ``tree.json``.

    Raises
    ------
    StudyError, PreflightError, DestinationError
        As `write_tree`.
    """
    preset = load_preset(settings.preset)
    drafts = draft_structure(study_name, subject, atoms, settings, preset)
    tree, licensed = _write_jobs(root, study_name, drafts, atoms, settings, preset)
    _write_summary(root, tree, preset, licensed)
    return tree


def _write_summary(root: Path, tree: JobTree, preset: Preset, licensed: bool) -> None:
    write_atomically(root / "README.txt", readme_text(tree, preset, licensed=licensed))
    write_atomically(root / "tree.json", json.dumps(tree.to_dict(), indent=1, ensure_ascii=False))


def _write_jobs(
    root: Path,
    study_name: str,
    drafts: tuple[Draft, ...],
    together: Atoms,
    settings: CalculationSettings,
    preset: Preset,
) -> tuple[JobTree, bool]:
    overlay = overlay_settings(settings.tags)
    floor = largest_enmax(frozenset(together.get_chemical_symbols()))
    jobs, hashes, licensed = [], {}, False
    read_later = frozenset(draft.orbitals_from for draft in drafts if draft.orbitals_from)
    for draft in drafts:
        facts = CellFacts(
            reference=draft.reference,
            atoms=draft.atoms,
            choices=settings,
            vacuum=draft.vacuum,
            mesh=draft.mesh,
            floor=floor,
            pin_grid=draft.cell == "interface" and draft.kind in PINNED,
            keep_orbitals=draft.name in read_later,
            own=draft.tags,
        )
        tags = incar_settings(preset, draft.cell, draft.kind, overlay, facts)
        job = _job(draft, tags, settings, kept=draft.name in read_later)
        poscar, licensed = _write_job(root, job, draft, tags, study_name)
        jobs.append(job)
        hashes[job.name] = hashlib.sha256(poscar.encode()).hexdigest()
    tree = JobTree(
        study=study_name, jobs=tuple(jobs), versions=dict(_versions()), structure_hashes=hashes
    )
    return tree, licensed


def _write_job(
    root: Path, job: Job, draft: Draft, tags: dict[str, Setting], study: str
) -> tuple[str, bool]:
    directory = root / draft.name
    directory.mkdir(parents=True)
    poscar = poscar_text(
        draft.atoms, f"{draft.name} {draft.subject} (qdstruct {_versions()['qdstruct']})"
    )
    write_atomically(directory / "INCAR", incar_text(tags, f"{study} {draft.name}"))
    write_kpoints(root, job)
    write_atomically(directory / "POSCAR", poscar)
    licensed = write_potentials(directory, job.potentials)
    write_job(root, job)
    return poscar, licensed


def write_kpoints(root: Path, job: Job) -> None:
    """Write the KPOINTS of a job: a path in line mode, or a Γ-centred mesh."""
    if job.kpath is not None:
        text = kpath_text(job.kpath, job.kpoints_reason)
    else:
        text = kpoints_text(job.kpoints or (1, 1, 1), job.kpoints_reason)
    write_atomically(root / job.name / "KPOINTS", text)


def _job(
    draft: Draft, tags: dict[str, Setting], choices: CalculationSettings, *, kept: bool
) -> Job:
    provides = KINDS[draft.kind].provides
    if draft.kind == "states":
        provides = density_files(draft.atoms, choices)
    return Job(
        name=draft.name,
        kind=draft.kind,
        subject=draft.subject,
        parents=draft.parents,
        structure_from=draft.structure_from,
        keep_region=draft.keep_region,
        charge_from=draft.charge_from,
        orbitals_from=draft.orbitals_from,
        keep_velocities=draft.keep_velocities,
        frame=draft.frame,
        displacement=draft.displacement,
        provides=(*provides, "WAVECAR") if kept else provides,
        regions=region_names(draft.atoms),
        settings={
            tag: {"value": setting.value, "reason": setting.reason, "from": setting.origin}
            for tag, setting in tags.items()
        },
        kpoints=draft.mesh,
        kpath=draft.kpath,
        kpoints_reason=draft.mesh_reason,
        potentials=tuple(potential(element).label for element in species_of(draft.atoms)),
    )


def write_job(root: Path, job: Job) -> None:
    """Write ``job.json`` of one job, atomically."""
    text = json.dumps(job.to_dict(), indent=1, ensure_ascii=False)
    write_atomically(root / job.name / "job.json", text)


@cache
def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def write_structures(root: Path, film: Phase, substrate: Phase, interface: Interface) -> None:
    """Write ``structures/``: the records, and the interface in formats that people open."""
    from ase.io import write

    from qdstruct.jobs.poscar import group_by_species

    folder = root / "structures"
    folder.mkdir()
    for name, record in (("film", film), ("substrate", substrate), ("interface", interface)):
        write_atomically(folder / f"{name}.json", json.dumps(record.to_dict(), ensure_ascii=False))
    atoms = group_by_species(interface.atoms)
    title = f"{interface.film.phase_name} on {interface.substrate.phase_name}"
    write_atomically(folder / "interface.vasp", poscar_text(atoms, title))
    write(folder / "interface.cif", atoms, format="cif")
    write(folder / "interface.extxyz", atoms, format="extxyz")
