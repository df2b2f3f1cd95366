"""From the forces of displaced supercells to modes, their density and the published ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qdstruct import jobs, outputs
from qdstruct.analysis import vibrations
from qdstruct.errors import InputError, OutputError
from qdstruct.files import write_atomically
from qdstruct.model import Job, JobTree, ModeComparison, Vibrations
from qdstruct.pipeline.prepare import STUDY_FILE, load_tree, tree_study
from qdstruct.pipeline.reproduction import published_numbers
from qdstruct.pipeline.run import status

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "MESH_LENGTH",
    "VIBRATIONS_FILE",
    "compare_modes",
    "load_vibrations",
    "phonons",
    "studied_systems",
    "wave_mesh",
]

VIBRATIONS_FILE = "vibrations.json"
BROADENING = 5.0
"""Standard deviation of each mode in the density, 1/cm."""
AXIS_STEP = 1.0
"""1/cm."""
MESH_LENGTH = 30.0
"""Å: points of the q-mesh times the height of the cell along that axis reach at least this, the
longest wave that the density of modes resolves."""
SAME_ATOM = 1e-4
"""Å within which a displaced supercell must be the one that phonopy asks for."""
PUBLISHED_QUANTITY = "phonon mode"


def phonons(root: Path) -> tuple[Vibrations, ...]:
    """Compute the modes of every structure of a tree whose displacements are done.

    Parameters
    ----------
    root : Path
        A prepared tree with the part ``phonons``. What was computed is saved as
        ``vibrations.json``.

    Returns
    -------
    tuple of Vibrations
        One for each structure with displacements, in the tree's order.

    Raises
    ------
    InputError
        If the tree has no displacements.
    OutputError
        If none of its structures is complete, or a file is not the one that was prepared.
    """
    tree = load_tree(root)
    folders = _folders(tree)
    if not folders:
        raise InputError(
            f"{root}: has no displacements",
            hint="prepare the study with recipes: [phonons], or one structure with "
            "qdstruct inputs STRUCTURE DIR --with phonons",
        )
    states = {each.name: each.state for each in status(root)}
    ready, missing = {}, []
    for folder, members in folders.items():
        open_jobs = [job.name for job in members if states[job.name] != "done"]
        missing += open_jobs
        if not open_jobs:
            ready[folder] = members
    if not ready:
        raise OutputError(
            f"{root}: {len(missing)} displacements are not done, {missing[0]} among them",
            hint=f"qdstruct run {root}",
        )
    found = tuple(_vibrations(root, members) for members in ready.values())
    text = json.dumps([each.to_dict() for each in found], separators=(",", ":"), allow_nan=False)
    write_atomically(root / VIBRATIONS_FILE, text)
    return found


def load_vibrations(root: Path) -> tuple[Vibrations, ...]:
    """Read what `phonons` saved; empty where nothing was."""
    path = root / VIBRATIONS_FILE
    if not path.is_file():
        return ()
    try:
        return tuple(Vibrations.from_dict(each) for each in json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: cannot be read: {error}", hint=f"make it again with: qdstruct phonons {root}"
        ) from None


def _folders(tree: JobTree) -> dict[str, list[Job]]:
    found: dict[str, list[Job]] = {}
    for job in tree.jobs:
        if job.displacement is not None:
            found.setdefault(job.name.rpartition("/")[0], []).append(job)
    return found


def _vibrations(root: Path, members: Sequence[Job]) -> Vibrations:
    first = members[0]
    displacement, parent = first.displacement, str(first.structure_from)
    assert displacement is not None
    atoms = _relaxed(root, parent)
    phonon = jobs.phonopy_of(atoms, displacement.supercell, displacement.distance)
    runs = [_forces(root, job, wanted) for job, wanted in zip(
        members, phonon.supercells_with_displacements, strict=True)]  # fmt: skip
    phonon.forces = np.array([forces for forces, _, _ in runs])
    phonon.produce_force_constants(show_drift=False)
    residual = _acoustic_residual(phonon, atoms)
    phonon.symmetrize_force_constants(show_drift=False)
    wavenumbers, vectors = vibrations.normal_modes(_matrix(phonon, (0.0, 0.0, 0.0)))
    names = _groups(atoms)
    shares = vibrations.group_shares(vectors, names)
    axis, density = _density(phonon, atoms, names, periodic=displacement.supercell != (1, 1, 1))
    return Vibrations(
        subject=first.subject.partition(",")[0],
        atoms=atoms,
        supercell=displacement.supercell,
        n_displacements=len(members),
        wavenumbers=wavenumbers,
        eigenvectors=vectors,
        groups=tuple(shares),
        participation=np.array(list(shares.values())),
        spread=vibrations.participation_ratio(vectors),
        acoustic_residual=residual,
        dos_wavenumbers=axis,
        dos=density,
        engine=runs[0][1],
        is_mock=runs[0][2],
    )


def _relaxed(root: Path, parent: str) -> Atoms:
    """Return the cell as the displacements were staged from it, regions with it."""
    before = jobs.read_poscar(root / parent / "POSCAR")
    after = jobs.read_poscar(root / parent / "CONTCAR")
    atoms = jobs.unwrapped(before, after)
    regions = jobs.job_regions(root, parent, len(atoms))
    if regions:
        atoms.set_array("region", np.array(regions))
    return atoms


def _forces(root: Path, job: Job, wanted: Any) -> tuple[NDArray[np.float64], str, bool]:
    """Return the forces of one displaced supercell, which must be the one phonopy means."""
    path = root / job.name
    found = outputs.read_calculation(path)
    cell = np.asarray(wanted.cell)
    away = found.atoms.get_scaled_positions(wrap=False) - np.asarray(wanted.scaled_positions)
    away -= np.rint(away)
    same = np.allclose(np.asarray(found.atoms.cell), cell, atol=SAME_ATOM)
    if not same or np.linalg.norm(away @ cell, axis=1).max() > SAME_ATOM:
        raise OutputError(
            f"{path}: its atoms are not those of displacement {job.name.rpartition('/')[2]} of the "
            "relaxed structure",
            hint=f"{job.structure_from} was run again since: qdstruct retry {root} {job.name}",
        )
    forces = outputs.read_forces(path)
    return forces, found.engine, found.is_mock


def _matrix(phonon: Any, q: tuple[float, float, float]) -> NDArray[np.complex128]:
    phonon.dynamical_matrix.run(q)
    return np.asarray(phonon.dynamical_matrix.dynamical_matrix, dtype=complex)


def _acoustic_residual(phonon: Any, atoms: Atoms) -> float:
    wavenumbers, vectors = vibrations.normal_modes(_matrix(phonon, (0.0, 0.0, 0.0)))
    chosen = vibrations.translations(vectors, np.asarray(atoms.get_masses()))
    return float(np.abs(wavenumbers[chosen]).max())


def _groups(atoms: Atoms) -> NDArray[np.str_]:
    """Return the region of each atom, or its element where there is one region only."""
    regions = atoms.arrays.get("region")
    if regions is None or len(set(regions.tolist())) < 2:
        return np.array(atoms.get_chemical_symbols())
    return np.asarray(regions)


def _density(
    phonon: Any, atoms: Atoms, names: NDArray[np.str_], *, periodic: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return axis and density of modes by group, averaged over a mesh of wave vectors."""
    mesh = wave_mesh(atoms) if periodic else (1, 1, 1)
    points = np.stack(np.meshgrid(*(np.arange(n) / n for n in mesh), indexing="ij"), -1)
    modes, weights = [], []
    for q in points.reshape(-1, 3):
        wavenumbers, vectors = vibrations.normal_modes(_matrix(phonon, tuple(q)))
        modes.append(wavenumbers)
        weights.append(np.array(list(vibrations.group_shares(vectors, names).values())))
    every, share = np.concatenate(modes), np.concatenate(weights, axis=1) / len(modes)
    low, high = min(float(every.min()), 0.0), float(every.max())
    axis = np.arange(low - 5 * BROADENING, high + 5 * BROADENING + AXIS_STEP, AXIS_STEP)
    return axis, vibrations.broadened(every, share, axis, BROADENING)


def wave_mesh(atoms: Atoms) -> tuple[int, int, int]:
    """Return the mesh of wave vectors for the density of modes, by the heights of the cell.

    Parameters
    ----------
    atoms : ase.Atoms
        The crystal's cell.

    Returns
    -------
    tuple of int
        n = ⌈`MESH_LENGTH` / h⌉ along each axis; h = 1/|b| is the distance in Å between opposite
        faces, b the reciprocal vector without 2π.
    """
    first, second, third = (
        max(1, int(np.ceil(MESH_LENGTH * edge - 1e-6)))
        for edge in np.linalg.norm(atoms.cell.reciprocal(), axis=1)
    )
    return (first, second, third)


def studied_systems(root: Path) -> tuple[str, ...]:
    """Return the published systems that the tree's study names; none where it has no study."""
    if not (root / STUDY_FILE).is_file():
        return ()
    return tree_study(root).published


def compare_modes(
    found: Sequence[Vibrations], systems: Sequence[str]
) -> tuple[ModeComparison, ...]:
    """Put published modes of the named systems beside the nearest ones at Γ.

    The nearest mode is no assignment: a dense spectrum has a mode near any number. The group that
    moves most in it says whether it is the right kind of motion.
    """
    rows = []
    for number in published_numbers():
        if number.system not in systems or not number.quantity.startswith(PUBLISHED_QUANTITY):
            continue
        value = float(number.value)
        candidates = [(each, mode) for each in found for mode in _optical(each)]
        near = min(candidates, key=lambda pair: abs(pair[0].wavenumbers[pair[1]] - value),
                   default=None)  # fmt: skip
        source = f"{number.source}, {number.where}"
        rows.append(_comparison(number.quantity, value, near, source))
    return tuple(rows)


def _optical(found: Vibrations) -> list[int]:
    acoustic = vibrations.translations(found.eigenvectors, np.asarray(found.atoms.get_masses()))
    return [mode for mode in range(len(found.wavenumbers)) if mode not in acoustic]


def _comparison(
    quantity: str, published: float, near: tuple[Vibrations, int] | None, source: str
) -> ModeComparison:
    if near is None:
        return ModeComparison(
            quantity=quantity, published=published, nearest=None, subject="", share="",
            source=source,
        )  # fmt: skip
    found, mode = near
    most = int(np.argmax(found.participation[:, mode]))
    return ModeComparison(
        quantity=quantity,
        published=published,
        nearest=float(found.wavenumbers[mode]),
        subject=found.subject,
        share=f"{found.groups[most]} {100 * found.participation[most, mode]:.0f} %",
        source=source,
    )
