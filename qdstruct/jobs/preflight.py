"""What an expert would look at before submitting: clashes, vacuum, electrons, grids, cost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qdstruct.errors import InputError, PreflightError
from qdstruct.jobs.cells import empty_heights, vacuum_axes
from qdstruct.jobs.estimate import estimate
from qdstruct.jobs.poscar import read_poscar
from qdstruct.jobs.potentials import count_electrons, potential
from qdstruct.model import Job, JobTree
from qdstruct.model.record import Record

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["PreflightFinding", "preflight", "require_sound"]

CLASH_FRACTION = 0.6
"""Atoms nearer than this fraction of the sum of their covalent radii overlap."""
CLOSE_FRACTION = 0.75
"""Nearer than this fraction is unusual."""
THIN_VACUUM = 10.0
"""Å below which a slab feels its periodic image."""
CORE_HOURS = 20_000.0
"""Above this estimate for one job, ask whether it is meant."""
GRID_TAGS = ("NGXF", "NGYF", "NGZF")


@dataclass(frozen=True, kw_only=True)
class PreflightFinding(Record):
    """One thing that would go wrong, or might."""

    severity: str
    """``error``: the job would fail or mean nothing; ``warning``: think about it."""
    job: str
    """Name of the job."""
    message: str
    """What is wrong."""
    hint: str
    """What to do about it."""


def preflight(root: Path) -> tuple[PreflightFinding, ...]:
    """Check every prepared job of a tree.

    Parameters
    ----------
    root : Path
        A tree as `write_tree` left it, or later.

    Returns
    -------
    tuple of PreflightFinding
        Errors first. Empty when an expert would submit it.

    Raises
    ------
    InputError
        If `root` is not a job tree.
    """
    path = root / "tree.json"
    try:
        tree = JobTree.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not a job tree: {error}") from None
    findings: list[PreflightFinding] = []
    for job in tree.jobs:
        atoms = read_poscar(root / job.name / "POSCAR")
        findings += _structure(job, atoms)
        findings += _tags(job, atoms)
        findings += _potentials(root, job)
        findings += _cost(root, job)
    findings += _difference(tree)
    return tuple(sorted(findings, key=lambda finding: finding.severity != "error"))


def require_sound(findings: Sequence[PreflightFinding]) -> None:
    """Raise when any finding is an error.

    Raises
    ------
    PreflightError
        Naming every job that would go wrong, and what to do.
    """
    errors = [finding for finding in findings if finding.severity == "error"]
    if not errors:
        return
    lines = "\n  ".join(f"{finding.job}: {finding.message}" for finding in errors)
    raise PreflightError(
        f"the jobs were not written, because some would go wrong:\n  {lines}",
        hint="; ".join(dict.fromkeys(finding.hint for finding in errors)),
    )


def _value(job: Job, tag: str, default: Any = None) -> Any:
    entry = job.settings.get(tag)
    return default if entry is None else entry["value"]


def _error(job: Job, message: str, hint: str) -> PreflightFinding:
    return PreflightFinding(severity="error", job=job.name, message=message, hint=hint)


def _warning(job: Job, message: str, hint: str) -> PreflightFinding:
    return PreflightFinding(severity="warning", job=job.name, message=message, hint=hint)


def _structure(job: Job, atoms: Atoms) -> Iterator[PreflightFinding]:
    if np.linalg.det(np.asarray(atoms.cell)) <= 0:
        yield _error(
            job,
            "the cell is left-handed, and VASP expects a right-handed one",
            "swap two cell vectors of the structure",
        )
    ratio, first, second, distance = closest_pair(atoms)
    if ratio < CLASH_FRACTION:
        yield _error(
            job,
            f"atoms {first} and {second} overlap: {distance:.2f} Å apart",
            "widen the gap or change the shift of the interface",
        )
    elif ratio < CLOSE_FRACTION:
        yield _warning(
            job,
            f"atoms {first} and {second} are unusually close: {distance:.2f} Å",
            "look at the structure; widen the gap or change the shift if it was not meant",
        )
    for axis in vacuum_axes(atoms) if job.keep_region is None else ():
        empty = float(empty_heights(atoms)[axis])
        if empty < THIN_VACUUM:
            yield _warning(
                job,
                f"only {empty:.1f} Å of vacuum along {'abc'[axis]}: the slab feels its image",
                "ask for a vacuum of 15 Å or more",
            )


def closest_pair(atoms: Atoms) -> tuple[float, str, str, float]:
    """Find the pair of atoms whose distance is smallest against their covalent radii.

    Returns
    -------
    ratio, first, second, distance
        Distance over the sum of covalent radii; the atoms as ``Pb1`` (1-based, POSCAR order);
        the distance in Å. The ratio is infinite where no two atoms are within 2 Å of touching.
    """
    from ase.data import covalent_radii
    from ase.neighborlist import neighbor_list

    radii = np.asarray(covalent_radii[atoms.numbers])
    i, j, d = neighbor_list("ijd", atoms, cutoff=[float(r) * 1.1 for r in radii])
    if len(d) == 0:
        return (float("inf"), "", "", float("inf"))
    ratios = d / (radii[i] + radii[j])
    worst = int(np.argmin(ratios))
    first, second = sorted((int(i[worst]), int(j[worst])))
    symbols = atoms.get_chemical_symbols()
    return (
        float(ratios[worst]),
        f"{symbols[first]}{first + 1}",
        f"{symbols[second]}{second + 1}",
        float(d[worst]),
    )


def _tags(job: Job, atoms: Atoms) -> Iterator[PreflightFinding]:
    needed = max(
        ((potential(s).enmax, s) for s in set(atoms.get_chemical_symbols())), default=(0.0, "")
    )
    cutoff = float(_value(job, "ENCUT", 0.0))
    if cutoff < needed[0]:
        yield _error(
            job,
            f"ENCUT {cutoff:g} eV is below the default cutoff of {needed[1]} ({needed[0]:g} eV)",
            f"raise ENCUT to at least {needed[0]:.0f}, better {1.3 * needed[0]:.0f} eV",
        )
    electrons = count_electrons(atoms)
    paired = int(_value(job, "ISPIN", 1)) == 1 and not _value(job, "LSORBIT", False)
    if round(electrons) % 2 and paired:
        finding = _warning if job.keep_region is not None else _error
        yield finding(
            job,
            f"{electrons:g} valence electrons cannot all be paired, and ISPIN is 1",
            "set ISPIN: 2 under calculation.tags, or correct the stoichiometry",
        )
    if bool(_value(job, "LVTOT", False)):
        yield _error(job, "LVTOT includes exchange-correlation", "use LVHAR for alignment")
    yield from _dipole(job, atoms)


def _dipole(job: Job, atoms: Atoms) -> Iterator[PreflightFinding]:
    axis = _value(job, "IDIPOL")
    if axis is None:
        return
    if int(axis) == 4:
        return
    if int(axis) - 1 not in vacuum_axes(atoms):
        yield _error(
            job,
            f"a dipole correction along {'abc'[int(axis) - 1]}, where the cell has no vacuum",
            "remove IDIPOL and LDIPOL, or add vacuum",
        )
        return
    cell = np.asarray(atoms.cell)
    unit = cell[int(axis) - 1] / np.linalg.norm(cell[int(axis) - 1])
    others = [cell[other] for other in range(3) if other != int(axis) - 1]
    if max(abs(float(unit @ other) / float(np.linalg.norm(other))) for other in others) > 1e-3:
        yield _warning(
            job,
            "the dipole correction assumes a vacuum axis at right angles to the other two",
            "build the slab with its c axis along the normal",
        )


def _difference(tree: JobTree) -> Iterator[PreflightFinding]:
    parts = [job for job in tree.jobs if job.kind == "difference"]
    wholes = [job for job in tree.jobs if job.name == "interface/static"]
    if not parts or not wholes:
        return
    whole = wholes[0]
    for job in parts:
        if job.kpoints != whole.kpoints:
            yield _error(
                job,
                f"k-mesh {job.kpoints} is not that of the interface {whole.kpoints}",
                "densities can only be subtracted on one mesh",
            )
        grids = [tuple(_value(member, tag) for tag in GRID_TAGS) for member in (job, whole)]
        if grids[0] != grids[1] or None in grids[0]:
            yield _error(
                job,
                f"density grid {grids[0]} is not that of the interface {grids[1]}",
                "pin NGXF, NGYF and NGZF to the same numbers in all three",
            )
        for tag in ("ENCUT", "PREC", "IDIPOL", "DIPOL", "LREAL", "ISPIN"):
            if _value(job, tag) != _value(whole, tag):
                yield _error(
                    job, f"{tag} is not that of the interface", "use one value for all three"
                )


def _potentials(root: Path, job: Job) -> Iterator[PreflightFinding]:
    path = root / job.name / "POTCAR"
    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8", errors="replace")
    labels = re.findall(r"TITEL\s*=\s*\S+\s+(\S+)", text)
    species = [label.partition("_")[0].partition(".")[0] for label in labels]
    expected = [label.partition("_")[0] for label in job.potentials]
    if species != expected:
        yield _error(
            job,
            f"POTCAR holds {', '.join(species) or 'nothing'} but POSCAR {', '.join(expected)}",
            "join the POTCAR files in the order of POSCAR",
        )
    elif tuple(labels) != job.potentials:
        yield _warning(
            job,
            f"POTCAR holds {', '.join(labels)} where {', '.join(job.potentials)} were planned",
            "use the same potentials in every job of the tree",
        )
    functionals = set(re.findall(r"LEXCH\s*=\s*(\S+)", text))
    if len(functionals) > 1:
        yield _error(
            job,
            f"POTCAR mixes potentials of different functionals ({', '.join(sorted(functionals))})",
            "take all potentials from one release",
        )


def _cost(root: Path, job: Job) -> Iterator[PreflightFinding]:
    expected = estimate(root / job.name)
    if expected.core_hours > CORE_HOURS:
        yield _warning(
            job,
            f"about {expected.core_hours:,.0f} core-hours ({expected.model})",
            "use a smaller coincidence cell, fewer layers or fewer k-points",
        )
