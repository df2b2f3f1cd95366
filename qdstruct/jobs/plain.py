"""What a job's POSCAR is made of, as a table that awk can follow where there is no Python."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.files import write_atomically
from qdstruct.jobs.phonons import phonopy_of
from qdstruct.jobs.poscar import read_poscar, species_of
from qdstruct.jobs.staging import job_regions
from qdstruct.model import Job

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["PlainStructure", "plain_structure"]

TABLE_FILE = "stage.tab"


@dataclass(frozen=True, kw_only=True)
class PlainStructure:
    """How the POSCAR of one job follows from its parent's result."""

    kind: str
    """``none``: it stays as prepared; ``whole``: the parent's CONTCAR; ``table``: `TABLE_FILE`."""
    repeat: tuple[int, int, int] = (1, 1, 1)
    """How often the parent's cell is repeated."""
    parent_atoms: int = 0
    """Atoms of the parent."""
    species: str = ""
    """Line 6 of POSCAR."""
    counts: str = ""
    """Line 7 of POSCAR."""


def plain_structure(root: Path, job: Job) -> PlainStructure:
    """Say how a job's structure is made, and write its table where one is needed.

    A row of the table: the parent's atom from 1, the copy of the cell (three integers), and the
    displacement in fractions of the job's own cell; where atoms are fixed also the three flags of
    selective dynamics. Displacements of phonons are those of the
    prepared structure; in a relaxed cell their length differs by the strain.

    Parameters
    ----------
    root : Path
        The tree.
    job : Job
        As prepared.

    Raises
    ------
    OutputError
        If its POSCAR or its parent's is not whole.
    """
    if job.structure_from is None:
        return PlainStructure(kind="none")
    if job.keep_region is None and job.displacement is None and job.frame is None:
        return PlainStructure(kind="whole")
    parent = read_poscar(root / job.structure_from / "POSCAR")
    own = read_poscar(root / job.name / "POSCAR")
    if job.displacement is not None:
        rows = _displaced_rows(parent, own, job)
    else:
        rows = [f"{index + 1} 0 0 0 0 0 0" for index in _kept(root, job, len(parent))]
    if job.kind == "relax" and own.constraints:
        fixed = {int(index) for held in own.constraints for index in held.get_indices()}
        rows = [f"{row} {'F F F' if i in fixed else 'T T T'}" for i, row in enumerate(rows)]
    write_atomically(root / job.name / TABLE_FILE, "\n".join(rows) + "\n")
    symbols = own.get_chemical_symbols()
    species = species_of(own)
    return PlainStructure(
        kind="table",
        repeat=(1, 1, 1) if job.displacement is None else job.displacement.supercell,
        parent_atoms=len(parent),
        species=" ".join(species),
        counts=" ".join(str(symbols.count(name)) for name in species),
    )


def _kept(root: Path, job: Job, n_atoms: int) -> list[int]:
    if job.keep_region is None:
        return list(range(n_atoms))
    regions = job_regions(root, str(job.structure_from), n_atoms)
    return [index for index, region in enumerate(regions) if region == job.keep_region]


def _displaced_rows(parent: Atoms, own: Atoms, job: Job) -> list[str]:
    assert job.displacement is not None
    repeat = np.array(job.displacement.supercell)
    phonon = phonopy_of(parent, job.displacement.supercell, job.displacement.distance)
    cell = phonon.supercell
    source = np.array([cell.u2u_map[int(cell.s2u_map[i])] for i in range(len(cell))])
    perfect = np.asarray(cell.scaled_positions)
    starts = parent.get_scaled_positions(wrap=False)[source]
    copies = np.rint(perfect * repeat - starts).astype(int)
    moved = own.get_scaled_positions(wrap=False) - perfect
    moved -= np.rint(moved)
    return [
        f"{atom + 1} {a} {b} {c} {x:.12f} {y:.12f} {z:.12f}"
        for atom, (a, b, c), (x, y, z) in zip(source, copies, moved, strict=True)
    ]
