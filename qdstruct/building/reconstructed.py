"""The atoms of a slab whose ions were moved from face to face."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.reconstruction import Reconstruction, spread_ions
from qdstruct.building.slab_atoms import aligned, slab_from_cut
from qdstruct.errors import BuildError
from qdstruct.geometry import space_group
from qdstruct.model import Slab, SlabVariant

__all__ = ["reconstructed_slab"]


def reconstructed_slab(one: Reconstruction, *, vacuum: float, centre: bool = False) -> Slab:
    """Build a slab whose chosen ions lie on the other face, on the sites of the crystal there.

    Raises
    ------
    BuildError
        Without vacuum: the two faces of a reconstructed slab do not make a crystal.
    """
    if vacuum == 0:
        raise BuildError(
            "a reconstructed slab has two faces and cannot be closed to a crystal",
            hint="leave some vacuum",
        )
    cut, stack = one.cut, one.cut.stack
    slab = slab_from_cut(cut, one.transform, vacuum=vacuum)
    atoms = slab.atoms
    layer = atoms.arrays["layer"]
    sign = -1 if one.origin == "top" else 1
    chosen = _chosen_atoms(one, np.flatnonzero(layer == (layer.max() if sign < 0 else 0)))
    step = sign * cut.n_layers * np.asarray(stack.step)
    turn = aligned(one.transform @ stack.vectors)[1]
    atoms.positions[chosen] += np.append(step[:2] @ turn, step[2])
    layer[chosen] = layer.max() + 1 if sign > 0 else -1
    layer -= layer.min()
    planar = np.asarray(atoms.cell)[:2, :2]
    inside = atoms.positions[chosen, :2] @ np.linalg.inv(planar)
    whole = np.floor(inside.mean(axis=0) + 1e-6) if stack.molecular.any() else np.floor(
        inside + 1e-6
    )  # fmt: skip
    atoms.positions[chosen, :2] -= whole @ planar
    atoms.positions[:, 2] -= atoms.positions[:, 2].min()
    thickness = float(np.ptp(atoms.positions[:, 2]))
    atoms.cell[2, 2] = thickness + vacuum
    if centre:
        atoms.positions[:, 2] += vacuum / 2
    names = _names(one, slab)
    return replace(
        slab,
        atoms=atoms,
        thickness=thickness,
        bottom_termination=names[0],
        top_termination=names[1],
        reconstruction=_words(one, slab),
        kind=_kind(one, slab, names, thickness),
    )


def _chosen_atoms(one: Reconstruction, face: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the atoms of the chosen ions; the face lists unit after unit, each with its copies."""
    stack = one.cut.stack
    cells = round(float(np.linalg.det(one.transform)))
    sizes = [int((stack.unit_of == unit).sum()) for unit in stack.planes[one.plane].units]
    starts = np.concatenate([[0], np.cumsum(np.repeat(sizes, cells))])
    atoms: list[int] = []
    for place in spread_ions(one, one.transform)[1]:
        atoms.extend(face[starts[place] : starts[place + 1]].tolist())
    return np.array(atoms, dtype=np.int64)


def _names(one: Reconstruction, slab: Slab) -> tuple[str, str]:
    """Name both outermost planes, with the share of their sites that is filled."""
    name = slab.top_termination if one.origin == "top" else slab.bottom_termination
    left, moved = f"{name}({1 - one.share})", f"{name}({one.share})"
    return (moved, left) if one.origin == "top" else (left, moved)


def _words(one: Reconstruction, slab: Slab) -> str:
    name = slab.top_termination if one.origin == "top" else slab.bottom_termination
    other = "bottom" if one.origin == "top" else "top"
    rows = "; ".join(",".join(str(int(x)) for x in row) for row in one.transform)
    moved = f"{one.share} of the {name} plane moved from the {one.origin} to the {other} face"
    return f"{moved}, in-plane supercell {rows}"


def _kind(one: Reconstruction, slab: Slab, names: tuple[str, str], thickness: float) -> SlabVariant:
    """Describe the slab by its own atoms, per primitive in-plane cell."""
    atoms = slab.atoms
    charges = np.asarray(atoms.arrays["formal_charge"])
    cells = round(float(np.linalg.det(one.transform)))
    rotations = space_group(atoms).rotations
    return SlabVariant(
        bottom_termination=names[0],
        top_termination=names[1],
        n_planes=one.cut.last - one.cut.first + 2,
        thickness=thickness,
        symmetric=bool((rotations[:, 2, 2] == -1).any()),
        stoichiometric=True,
        charge=round(float(charges.sum()) / cells, 9) + 0.0,
        dipole=round(float(charges @ atoms.positions[:, 2]) / cells, 9) + 0.0,
    )
