"""What a job takes from its finished parents just before it runs."""

from __future__ import annotations

import dataclasses
import filecmp
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.errors import OutputError
from qdstruct.files import destination_error, write_atomically
from qdstruct.jobs.cells import vacuum_axes
from qdstruct.jobs.explain import read_incar
from qdstruct.jobs.paths import band_path
from qdstruct.jobs.phonons import displacement_of
from qdstruct.jobs.poscar import poscar_text, read_poscar
from qdstruct.jobs.trajectory import configuration
from qdstruct.jobs.tree import write_job, write_kpoints
from qdstruct.model import Job

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["job_regions", "stage_job", "unwrapped"]

GRID_TAGS = ("NGXF", "NGYF", "NGZF")


def stage_job(root: Path, job: Job) -> None:
    """Make the inputs of a job that depend on its parents' results.

    Its POSCAR becomes the parent's final structure (of which a part keeps one region, a phonon job
    the displaced supercell, a snapshot one configuration of the trajectory), atoms in the same
    order as before; a path through the Brillouin zone follows the relaxed cell; and the parent's
    CHGCAR or WAVECAR is copied in where the job reads one. They are copies, not links: VASP may
    write to the file it has read. Calling it again changes nothing; every file is replaced in one
    step.

    Parameters
    ----------
    root : Path
        The tree.
    job : Job
        Its parents are done.

    Raises
    ------
    OutputError
        If a parent's file is missing, not whole, or does not belong to this job.
    """
    if job.kind == "difference":
        _require_common_grid(root, job)
    if job.structure_from is not None:
        _take_structure(root, job, job.structure_from)
    if job.charge_from is not None:
        _take_charge(root, job, job.charge_from)
    if job.orbitals_from is not None:
        _take_orbitals(root, job, job.orbitals_from)


def _take_structure(root: Path, job: Job, parent: str) -> None:
    if job.keep_velocities:
        _take_whole(root, job, parent)
        return
    before = read_poscar(root / parent / "POSCAR")
    after = _result(root / parent, job.frame, before)
    if after.get_chemical_symbols() != before.get_chemical_symbols():
        raise OutputError(
            f"{root / parent / 'CONTCAR'}: its atoms are not those of the POSCAR beside it",
            hint=f"run {parent} again",
        )
    atoms = unwrapped(before, after)
    regions: tuple[str, ...] = job_regions(root, parent, len(atoms))
    if job.keep_region is not None:
        kept = [index for index, region in enumerate(regions) if region == job.keep_region]
        if not kept:
            raise OutputError(f"{parent}: no atom belongs to the region '{job.keep_region}'")
        atoms, regions = atoms[kept], tuple(regions[index] for index in kept)
    if job.displacement is not None:
        atoms, regions = displacement_of(atoms, job.displacement), job.regions
    planned = read_poscar(root / job.name / "POSCAR")
    if planned.get_chemical_symbols() != atoms.get_chemical_symbols():
        raise OutputError(
            f"{root / job.name}: the structure of {parent} has other atoms than were prepared here",
            hint="prepare the tree again",
        )
    if job.kind == "relax":
        atoms.set_constraint(planned.constraints)
    target = root / job.name / "POSCAR"
    comment = target.read_text(encoding="utf-8").partition("\n")[0]
    suffix = f" [structure from {parent}]"
    text = poscar_text(atoms, comment.removesuffix(suffix) + suffix)
    if target.read_text(encoding="utf-8") != text:
        write_atomically(target, text)
    path = None if job.kpath is None else band_path(atoms, vacuum_axes(atoms))
    if tuple(job.regions) != regions or path is not None:
        changed = dataclasses.replace(job, regions=regions, kpath=path or job.kpath)
        write_kpoints(root, changed)
        write_job(root, changed)


def _result(parent: Path, frame: int | None, before: Atoms) -> Atoms:
    """Return the parent's final structure, or one configuration of its trajectory."""
    if frame is None:
        return read_poscar(parent / "CONTCAR")
    fractions = configuration(parent, frame, len(before))
    atoms = before.copy()
    atoms.set_constraint()
    atoms.set_scaled_positions(fractions)
    return atoms


def _take_whole(root: Path, job: Job, parent: str) -> None:
    """Copy CONTCAR as it stands: velocities follow the positions there."""
    source, target = root / parent / "CONTCAR", root / job.name / "POSCAR"
    after, planned = read_poscar(source), read_poscar(target)
    if planned.get_chemical_symbols() != after.get_chemical_symbols():
        raise OutputError(
            f"{source}: has other atoms than were prepared in {job.name}",
            hint="prepare the tree again",
        )
    text = source.read_text(encoding="utf-8")
    if target.read_text(encoding="utf-8") != text:
        write_atomically(target, text)


def unwrapped(before: Atoms, after: Atoms) -> Atoms:
    """Undo the engine's wrapping into the cell: each atom stays near where it started."""
    start = np.asarray(before.get_scaled_positions(wrap=False))
    end = np.asarray(after.get_scaled_positions(wrap=False))
    atoms = before.copy()
    atoms.set_constraint()
    atoms.set_cell(np.asarray(after.cell), scale_atoms=False)
    atoms.set_scaled_positions(start + (end - start) - np.rint(end - start))
    return atoms


def job_regions(root: Path, name: str, n_atoms: int) -> tuple[str, ...]:
    """Return the region of each atom of a job, as written in its ``job.json``.

    Raises
    ------
    OutputError
        If that cannot be read, or counts other atoms.
    """
    import json

    path = root / name / "job.json"
    try:
        regions = tuple(json.loads(path.read_text(encoding="utf-8"))["regions"])
    except (OSError, ValueError, KeyError) as error:
        raise OutputError(f"{path}: cannot be read: {error}") from None
    if regions and len(regions) != n_atoms:
        raise OutputError(f"{path}: {len(regions)} regions for {n_atoms} atoms")
    return regions


def _require_common_grid(root: Path, job: Job) -> None:
    whole = root / "interface/static/INCAR"
    if not whole.is_file():
        return
    ours, theirs = read_incar(root / job.name / "INCAR"), read_incar(whole)
    for tag in GRID_TAGS:
        if ours.get(tag) != theirs.get(tag):
            raise OutputError(
                f"{root / job.name / 'INCAR'}: {tag} = {ours.get(tag)} but the whole interface has "
                f"{theirs.get(tag)}; the densities could not be subtracted",
                hint=f"write the same {tag} into both and run both again",
            )


ENGINE_FILE = "qdstruct-engine.json"
"""Left by engines other than VASP."""


def _chgcar_grid(path: Path) -> tuple[int, int, int]:
    """Read the grid of a CHGCAR from the line after its structure."""
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            if not line.strip():
                words = next(stream, "").split()
                if len(words) == 3 and all(word.isdigit() for word in words):
                    return (int(words[0]), int(words[1]), int(words[2]))
                break
    raise OutputError(f"{path}: not a whole CHGCAR (no grid after the structure)")


def _take_charge(root: Path, job: Job, parent: str) -> None:
    source, target = root / parent / "CHGCAR", root / job.name / "CHGCAR"
    if (root / parent / ENGINE_FILE).is_file():
        return  # an engine other than VASP: it has its own way to start from a density
    if not source.is_file() or source.stat().st_size == 0:
        raise OutputError(f"{source}: the density to start from is missing", hint=f"run {parent}")
    grid = _chgcar_grid(source)
    pinned = tuple(job.settings[tag]["value"] for tag in GRID_TAGS if tag in job.settings)
    if pinned and pinned != grid:
        raise OutputError(
            f"{source}: its grid {grid} is not the pinned one {pinned}", hint=f"run {parent} again"
        )
    _copy(source, target)


def _take_orbitals(root: Path, job: Job, parent: str) -> None:
    source = root / parent / "WAVECAR"
    if not source.is_file() or source.stat().st_size == 0:
        raise OutputError(
            f"{source}: the orbitals to start from are missing",
            hint=f"LWAVE = .TRUE. in {parent}/INCAR writes them; run {parent} again",
        )
    _copy(source, root / job.name / "WAVECAR")


def _copy(source: Path, target: Path) -> None:
    """Copy a large file beside its target and put it there in one step; an equal one stays."""
    if target.is_file() and filecmp.cmp(source, target, shallow=False):
        return
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    os.close(handle)
    beside = Path(name)
    try:
        shutil.copyfile(source, beside)
        beside.replace(target)
    except OSError as error:
        raise destination_error(target, error) from error
    finally:
        beside.unlink(missing_ok=True)
