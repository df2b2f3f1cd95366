"""Finite displacements for phonopy: which, and the supercells they are made in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qdstruct.errors import OutputError
from qdstruct.jobs.cells import cell_heights
from qdstruct.jobs.draft import Draft, Frame, choose_mesh
from qdstruct.jobs.presets import Preset
from qdstruct.model import CalculationSettings, Displacement

if TYPE_CHECKING:
    from ase import Atoms
    from numpy.typing import NDArray

__all__ = ["displaced_supercells", "displacement_of", "phonon_drafts", "phonopy_of"]

SYMMETRY_TOLERANCE = 1e-3
"""Å within which a structure counts as symmetric, as it is when its forces are relaxed."""


def phonon_drafts(frame: Frame, settings: CalculationSettings, preset: Preset) -> list[Draft]:
    """Return one job for each displacement that the symmetry of a structure leaves.

    Supercells of crystals are at least `Phonons.length` wide along each axis; an interface keeps
    its cell, which gives the modes at Γ.
    """
    repeats = _supercell(frame, settings.phonons.length)
    distance = settings.phonons.distance
    supercells = displaced_supercells(frame.atoms, repeats, distance)
    relax = f"{frame.folder}/relax"
    drafts = []
    for number, (atom, atoms) in enumerate(supercells, start=1):
        mesh, reason = choose_mesh(atoms, frame.vacuum, frame.cell, settings, preset)
        times = "×".join(map(str, repeats))
        drafts.append(
            Draft(
                name=f"{frame.folder}/phonons/{number:03d}",
                kind="displacement",
                cell=frame.cell,
                subject=f"{frame.subject}, {times} supercell, displacement {number} of "
                f"{len(supercells)}",
                atoms=atoms,
                reference=atoms,
                vacuum=frame.vacuum,
                mesh=mesh,
                mesh_reason=reason,
                parents=(relax,),
                structure_from=relax,
                displacement=Displacement(
                    supercell=repeats, distance=distance, number=number,
                    count=len(supercells), atom=atom,
                ),
            )
        )  # fmt: skip
    return drafts


def _supercell(frame: Frame, length: float) -> tuple[int, int, int]:
    if frame.cell != "bulk":
        return (1, 1, 1)
    heights = cell_heights(np.asarray(frame.atoms.cell))
    first, second, third = (max(1, int(np.ceil(length / height - 1e-6))) for height in heights)
    return (first, second, third)


def phonopy_of(atoms: Atoms, supercell: tuple[int, int, int], distance: float) -> Any:
    """Return phonopy's object for a cell, with its displacements chosen.

    The primitive cell is the cell itself, so that modes are those of the structure as calculated.
    """
    from phonopy import Phonopy
    from phonopy.structure.atoms import PhonopyAtoms

    cell = PhonopyAtoms(
        symbols=atoms.get_chemical_symbols(),
        cell=np.asarray(atoms.cell),
        scaled_positions=atoms.get_scaled_positions(wrap=False),
    )
    phonon = Phonopy(
        cell,
        np.diag(supercell),
        primitive_matrix=np.eye(3),
        symprec=SYMMETRY_TOLERANCE,
    )
    phonon.generate_displacements(distance=distance)
    return phonon


def displaced_supercells(
    atoms: Atoms, supercell: tuple[int, int, int], distance: float
) -> list[tuple[int, Atoms]]:
    """Return the displaced atom and the displaced supercell of every displacement."""
    from ase import Atoms as Structure

    phonon = phonopy_of(atoms, supercell, distance)
    whole = phonon.supercell
    start = np.asarray(whole.positions)
    found = []
    for entry in phonon.dataset["first_atoms"]:
        positions = start.copy()
        positions[entry["number"]] += entry["displacement"]
        moved = Structure(whole.symbols, positions=positions, cell=whole.cell, pbc=True)
        regions = _repeated_regions(atoms, len(whole))
        if regions is not None:
            moved.set_array("region", regions)
        found.append((int(entry["number"]), moved))
    return found


def _repeated_regions(atoms: Atoms, n_atoms: int) -> NDArray[np.str_] | None:
    """Return the region of each atom of a supercell, in which copies of an atom stand together."""
    if "region" not in atoms.arrays:
        return None
    return np.repeat(atoms.arrays["region"], n_atoms // len(atoms))


def displacement_of(atoms: Atoms, planned: Displacement) -> Atoms:
    """Return the displaced supercell of a relaxed cell.

    Raises
    ------
    OutputError
        When the relaxation changed the symmetry, so that other displacements are needed.
    """
    supercells = displaced_supercells(atoms, planned.supercell, planned.distance)
    if len(supercells) != planned.count or supercells[planned.number - 1][0] != planned.atom:
        raise OutputError(
            f"the relaxed structure needs {len(supercells)} displacements where {planned.count} "
            "were prepared: its symmetry is not that of the structure that was relaxed",
            hint="prepare phonons of the relaxed structure: qdstruct inputs CONTCAR DIR "
            "--with phonons",
        )
    return supercells[planned.number - 1][1]
