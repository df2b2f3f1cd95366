"""Checks of one job: structure, INCAR tags, dipole correction, potentials."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.jobs.cells import cell_heights, empty_heights, vacuum_axes
from qdstruct.jobs.findings import PreflightFinding, error, tag_value, warning
from qdstruct.jobs.poscar import species_of
from qdstruct.jobs.potentials import count_electrons, potential
from qdstruct.model import Job, JobTree

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "check_dipole",
    "check_lists",
    "check_parts",
    "check_potentials",
    "check_releases",
    "check_structure",
    "check_tags",
    "closest_pair",
]

CLASH_FRACTION = 0.6
"""Atoms nearer than this fraction of the sum of their covalent radii overlap."""
CLOSE_FRACTION = 0.75
"""Nearer than this fraction is unusual."""
THIN_VACUUM = 10.0
"""Å below which a slab feels its periodic image."""
STEP_CLEARANCE = 2.0
"""Å that the step of the dipole correction keeps from any atom at least."""
GRID_TAGS = ("NGXF", "NGYF", "NGZF")


def check_structure(job: Job, atoms: Atoms) -> Iterator[PreflightFinding]:
    """Look for a left-handed cell, clashes and thin vacuum."""
    if np.linalg.det(np.asarray(atoms.cell)) <= 0:
        yield error(
            job,
            "the cell is left-handed, and VASP expects a right-handed one",
            "swap two cell vectors of the structure",
        )
    ratio, first, second, distance = closest_pair(atoms)
    if ratio < CLASH_FRACTION:
        yield error(
            job,
            f"atoms {first} and {second} overlap: {distance:.2f} Å apart",
            "widen the gap or change the shift of the interface",
        )
    elif ratio < CLOSE_FRACTION:
        yield warning(
            job,
            f"atoms {first} and {second} are unusually close: {distance:.2f} Å",
            "look at the structure; widen the gap or change the shift if it was not meant",
        )
    for axis in vacuum_axes(atoms) if job.keep_region is None else ():
        empty = float(empty_heights(atoms)[axis])
        if empty < THIN_VACUUM:
            yield warning(
                job,
                f"only {empty:.1f} Å of vacuum along {'abc'[axis]}: the atoms feel their images",
                "ask for a vacuum of 15 Å or more",
            )


def closest_pair(atoms: Atoms) -> tuple[float, str, str, float]:
    """Find the pair of atoms whose distance is smallest against their covalent radii.

    Returns
    -------
    ratio, first, second, distance
        Distance over the sum of covalent radii; the atoms as ``Pb1`` (1-based, POSCAR order);
        the distance in Å. The ratio is infinite where all are farther than 1.1 times the sum.
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


def check_tags(job: Job, atoms: Atoms) -> Iterator[PreflightFinding]:
    """Look for a cutoff below ENMAX, unpaired electrons and tags that cannot be."""
    needed = max(
        ((potential(s).enmax, s) for s in set(atoms.get_chemical_symbols())), default=(0.0, "")
    )
    cutoff = float(tag_value(job, "ENCUT", 0.0))
    if cutoff < needed[0]:
        finding = warning if job.kind == "energy" else error
        yield finding(
            job,
            f"ENCUT {cutoff:g} eV is below the default cutoff of {needed[1]} ({needed[0]:g} eV)",
            f"raise ENCUT to at least {needed[0]:.0f}, better {1.3 * needed[0]:.0f} eV",
        )
    electrons = count_electrons(atoms)
    paired = int(tag_value(job, "ISPIN", 1)) == 1 and not tag_value(job, "LSORBIT", False)
    if round(electrons) % 2 and paired:
        finding = warning if job.keep_region is not None else error
        yield finding(
            job,
            f"{electrons:g} valence electrons cannot all be paired, and ISPIN is 1",
            "set ISPIN: 2 under calculation.tags, or correct the stoichiometry",
        )
    if bool(tag_value(job, "LVTOT", False)):
        yield error(job, "LVTOT includes exchange-correlation", "use LVHAR for alignment")
    hybrid = bool(tag_value(job, "LHFCALC", False)) or "METAGGA" in job.settings
    if hybrid and tag_value(job, "ICHARG") == 11:
        yield error(
            job,
            "hybrids and meta-GGAs need the orbitals: a density of states at fixed density "
            "(ICHARG = 11) would be wrong",
            "leave LHFCALC and METAGGA out of calculation.tags",
        )


def check_dipole(job: Job, atoms: Atoms) -> Iterator[PreflightFinding]:
    """Look for a dipole correction without vacuum, askew, or with its step in the atoms."""
    chosen = int(tag_value(job, "IDIPOL", 0))
    if chosen not in (1, 2, 3):
        return
    axis = chosen - 1
    if axis not in vacuum_axes(atoms):
        yield error(
            job,
            f"a dipole correction along {'abc'[axis]}, where the cell has no vacuum",
            "remove IDIPOL and LDIPOL, or add vacuum",
        )
        return
    cell = np.asarray(atoms.cell)
    unit = cell[axis] / np.linalg.norm(cell[axis])
    others = [cell[other] for other in range(3) if other != axis]
    if max(abs(float(unit @ other) / float(np.linalg.norm(other))) for other in others) > 1e-3:
        yield warning(
            job,
            "the dipole correction assumes a vacuum axis at right angles to the other two",
            "build the slab with its c axis along the normal",
        )
    centre = tag_value(job, "DIPOL")
    if centre is None:
        return
    away = np.asarray(atoms.get_scaled_positions())[:, axis] - float(centre[axis]) - 0.5
    clearance = float(np.abs(away - np.rint(away)).min() * cell_heights(cell)[axis])
    if clearance < STEP_CLEARANCE:
        yield error(
            job,
            f"the step of the dipole correction lies {clearance:.1f} Å from an atom",
            "leave DIPOL out of calculation.tags, or add vacuum",
        )


def check_lists(job: Job, atoms: Atoms) -> Iterator[PreflightFinding]:
    """Look for lists per atom or per species of the wrong length."""
    expected = {tag: len(species_of(atoms)) for tag in ("LDAUL", "LDAUU", "LDAUJ")}
    expected["MAGMOM"] = len(atoms) * (3 if tag_value(job, "LSORBIT", False) else 1)
    for tag, length in expected.items():
        value = tag_value(job, tag)
        if value is None:
            continue
        found = _list_length(value)
        if found != length:
            yield error(
                job,
                f"{tag} has {found} entries where {length} are needed",
                "jobs differ in their atoms: use magnetic_moments or hubbard_u by element",
            )


def _list_length(value: object) -> int:
    if isinstance(value, list):
        return len(value)
    counts = [word.partition("*") for word in str(value).split()]
    return sum(int(head) if star and head.isdigit() else 1 for head, star, _ in counts)


def check_potentials(root: Path, job: Job) -> Iterator[PreflightFinding]:
    """Look for a POTCAR in another order, of another flavour or of mixed functionals."""
    text = _potcar(root, job)
    if text is None:
        return
    labels = re.findall(r"TITEL\s*=\s*\S+\s+(\S+)", text)
    species = [label.partition("_")[0].partition(".")[0] for label in labels]
    expected = [label.partition("_")[0] for label in job.potentials]
    if species != expected:
        yield error(
            job,
            f"POTCAR holds {', '.join(species) or 'nothing'} but POSCAR {', '.join(expected)}",
            "join the POTCAR files in the order of POSCAR",
        )
    elif tuple(labels) != job.potentials:
        yield warning(
            job,
            f"POTCAR holds {', '.join(labels)} where {', '.join(job.potentials)} were planned",
            "use the same potentials in every job of the tree",
        )
    functionals = set(re.findall(r"LEXCH\s*=\s*(\S+)", text))
    if len(functionals) > 1:
        yield error(
            job,
            f"POTCAR mixes potentials of different functionals ({', '.join(sorted(functionals))})",
            "take all potentials from one release",
        )


def _potcar(root: Path, job: Job) -> str | None:
    path = root / job.name / "POTCAR"
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None


def check_releases(root: Path, tree: JobTree) -> Iterator[PreflightFinding]:
    """Look for an element whose potential is not the same in every job: flavour and date."""
    first: dict[str, tuple[str, str]] = {}
    for job in tree.jobs:
        titles = re.findall(r"TITEL\s*=\s*(\S.*\S)", _potcar(root, job) or "")
        for title in titles:
            words = title.split()
            element = words[min(1, len(words) - 1)].partition("_")[0]
            other, where = first.setdefault(element, (title, job.name))
            if title != other:
                yield error(
                    job,
                    f"the potential of {element} is {title} here and {other} in {where}",
                    "energies and densities of different potentials cannot be subtracted; make "
                    "every POTCAR from the same files",
                )


def check_parts(tree: JobTree) -> Iterator[PreflightFinding]:
    """Look for difference parts whose mesh, grid or settings are not those of the whole."""
    parts = [job for job in tree.jobs if job.kind == "difference"]
    wholes = [job for job in tree.jobs if job.name == "interface/static"]
    if not parts or not wholes:
        return
    whole = wholes[0]
    for job in parts:
        if job.kpoints != whole.kpoints:
            yield error(
                job,
                f"k-mesh {job.kpoints} is not that of the interface {whole.kpoints}",
                "densities can only be subtracted on one mesh",
            )
        grids = [tuple(tag_value(member, tag) for tag in GRID_TAGS) for member in (job, whole)]
        if grids[0] != grids[1] or None in grids[0]:
            yield error(
                job,
                f"density grid {grids[0]} is not that of the interface {grids[1]}",
                "pin NGXF, NGYF and NGZF to the same numbers in all three",
            )
        for tag in ("ENCUT", "PREC", "IDIPOL", "DIPOL", "LREAL", "ISPIN"):
            if tag_value(job, tag) != tag_value(whole, tag):
                yield error(
                    job, f"{tag} is not that of the interface", "use one value for all three"
                )
