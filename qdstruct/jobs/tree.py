"""The whole tree of job directories of a study."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from qdstruct.files import write_atomically
from qdstruct.jobs.drafts import PROVIDES, Draft, draft_jobs, draft_structure
from qdstruct.jobs.incar import (
    CellFacts,
    incar_settings,
    incar_text,
    largest_enmax,
    overlay_settings,
)
from qdstruct.jobs.poscar import kpoints_text, poscar_text, region_names, species_of
from qdstruct.jobs.potentials import potential, write_potentials
from qdstruct.jobs.presets import Preset, Setting, load_preset
from qdstruct.jobs.readme import readme_text
from qdstruct.model import CalculationSettings, Interface, Job, JobTree, Phase

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["write_structure_tree", "write_tree"]

LIBRARIES = ("qdstruct", "ase", "numpy", "pymatgen", "spglib")


def write_tree(
    root: Path,
    *,
    study_name: str,
    film: Phase,
    substrate: Phase,
    interface: Interface,
    settings: CalculationSettings,
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
    drafts = draft_jobs(film, substrate, interface, settings, preset)
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
    for draft in drafts:
        job, poscar, licensed = _write_job(
            root, draft, study_name, preset, overlay, settings, floor
        )
        jobs.append(job)
        hashes[job.name] = hashlib.sha256(poscar.encode()).hexdigest()
    tree = JobTree(
        study=study_name, jobs=tuple(jobs), versions=dict(_versions()), structure_hashes=hashes
    )
    return tree, licensed


def _write_job(
    root: Path,
    draft: Draft,
    study: str,
    preset: Preset,
    overlay: dict[str, Setting],
    choices: CalculationSettings,
    floor: float,
) -> tuple[Job, str, bool]:
    facts = CellFacts(
        reference=draft.reference,
        atoms=draft.atoms,
        choices=choices,
        vacuum=draft.vacuum,
        mesh=draft.mesh,
        floor=floor,
        pin_grid=draft.cell == "interface" and draft.kind != "relax",
    )
    settings = incar_settings(preset, draft.cell, draft.kind, overlay, facts)
    labels = tuple(potential(element).label for element in species_of(draft.atoms))
    job = _job(draft, settings, labels)
    directory = root / draft.name
    directory.mkdir(parents=True)
    poscar = poscar_text(
        draft.atoms, f"{draft.name} {draft.subject} (qdstruct {_versions()['qdstruct']})"
    )
    write_atomically(directory / "INCAR", incar_text(settings, f"{study} {draft.name}"))
    write_atomically(directory / "KPOINTS", kpoints_text(draft.mesh, draft.mesh_reason))
    write_atomically(directory / "POSCAR", poscar)
    licensed = write_potentials(directory, labels)
    write_job(root, job)
    return job, poscar, licensed


def _job(draft: Draft, settings: dict[str, Setting], labels: tuple[str, ...]) -> Job:
    return Job(
        name=draft.name,
        kind=draft.kind,
        subject=draft.subject,
        parents=draft.parents,
        structure_from=draft.structure_from,
        keep_region=draft.keep_region,
        charge_from=draft.charge_from,
        provides=PROVIDES[draft.kind],
        regions=region_names(draft.atoms),
        settings={
            tag: {"value": setting.value, "reason": setting.reason, "from": setting.origin}
            for tag, setting in settings.items()
        },
        kpoints=draft.mesh,
        kpoints_reason=draft.mesh_reason,
        potentials=labels,
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
