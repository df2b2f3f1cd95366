"""How each layer of a slab or interface was strained by its relaxation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.analysis.densities import atomic_planes, plane_heights
from qdstruct.analysis.heights import cell_height, heights
from qdstruct.errors import InputError
from qdstruct.model import LayerStrain

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["LayerStrain", "layer_strain", "local_deformation"]

NEIGHBOUR_RANGE = 6.0
"""Å within which atoms of the same region count as neighbours."""
_FLATTEST = 0.05
"""Smallest ratio of the least to the greatest extent of a neighbourhood that spans space."""


def layer_strain(
    initial: Atoms,
    final: Atoms,
    *,
    regions: Sequence[str] | None = None,
    imposed: Mapping[str, ArrayLike] | None = None,
    cutoff: float = NEIGHBOUR_RANGE,
    axis: int = 2,
) -> tuple[LayerStrain, ...]:
    """Measure the strain of every atomic plane between an initial and a relaxed structure.

    The deformation gradient F of each atom is the affine map that fits its neighbours of the same
    region best (M. L. Falk and J. S. Langer, Phys. Rev. E 57, 7192 (1998), eq. 2.11-2.13); of a
    plane it is the mean over the atoms. Strain is U − 1 with U = (FᵀF)^½, so rotations do not
    count. Atoms at a free surface have neighbours on one side only, which is enough.

    Parameters
    ----------
    initial, final : Atoms
        The same N atoms in the same order; images may be wrapped, the cell may have changed.
    regions : sequence of str, optional
        Region of each atom; the array ``region`` of `initial` by default, one region without it.
    imposed : mapping of str to (3, 3) array, optional
        Deformation gradient that a region carries in `initial` already, for instance that of the
        coincidence cell; the strain is then measured from the unstrained crystal, F·F₀.
    cutoff : float
        Å within which atoms of the same region are neighbours.
    axis : int
        Cell vector that crosses the layers.

    Returns
    -------
    tuple of LayerStrain
        Region by region, each from the bottom.

    Raises
    ------
    InputError
        If the structures are not of the same atoms, or regions do not fit.
    """
    names = _regions(initial, regions)
    places, moved = _unwrapped(initial, final)
    frame = _frame(initial, axis)
    local = local_deformation(initial, final, regions=names, cutoff=cutoff)
    shifts = (moved - places) @ frame.T
    shifts -= shifts.mean(axis=0)
    final_heights, period = moved @ _frame(final, axis)[2], cell_height(final, axis)
    z = heights(initial, axis)
    layers: list[LayerStrain] = []
    for region in dict.fromkeys(names):
        members = np.flatnonzero(np.array(names) == region)
        start = np.eye(3) if imposed is None or region not in imposed else np.asarray(
            imposed[region], dtype=np.float64
        )  # fmt: skip
        labelled = {label: members[part]
                    for label, part in atomic_planes(initial[members], axis).items()}  # fmt: skip
        planes = list(labelled.values())
        levels = plane_heights([z[plane] for plane in planes], cell_height(initial, axis))
        centres = [_centre(final_heights[plane], period) for plane in planes]
        for number, (label, plane) in enumerate(labelled.items()):
            gradients = [local[atom] @ start for atom in plane if np.isfinite(local[atom]).all()]
            strain = _strain(gradients, frame)
            last = number == len(planes) - 1
            before = None if last else levels[number + 1] - levels[number]
            gap = before
            if before is not None:
                gap = before + _nearest(centres[number + 1] - centres[number] - before, period)
            layers.append(
                LayerStrain(
                    region=region,
                    label=label,
                    height=float(levels[number]),
                    n_atoms=len(plane),
                    in_plane=None if strain is None else strain[:2, :2],
                    normal=None if strain is None else float(strain[2, 2]),
                    shear=None if strain is None else strain[:2, 2],
                    spread=_spread(gradients, frame),
                    spacing=gap,
                    spacing_strain=gap / before - 1 if gap is not None and before else None,
                    displacement=shifts[plane].mean(axis=0),
                    rumpling=float(_offsets(final_heights[plane], period).std()),
                )
            )
    return tuple(layers)


def local_deformation(
    initial: Atoms,
    final: Atoms,
    *,
    regions: Sequence[str] | None = None,
    cutoff: float = NEIGHBOUR_RANGE,
) -> NDArray[np.float64]:
    """Return the deformation gradient around each atom, (N, 3, 3); NaN where it is not defined.

    Parameters
    ----------
    initial, final, regions, cutoff
        As `layer_strain`.

    Raises
    ------
    InputError
        As `layer_strain`.
    """
    from ase.neighborlist import neighbor_list

    names = np.array(_regions(initial, regions))
    places, moved = _unwrapped(initial, final)
    i, j, shift = neighbor_list("ijS", initial, cutoff)
    same = names[i] == names[j]
    i, j, shift = i[same], j[same], shift[same]
    before = places[j] + shift @ np.asarray(initial.cell) - places[i]
    after = moved[j] + shift @ np.asarray(final.cell) - moved[i]
    count = len(initial)
    outer_before, outer_after = np.zeros((count, 3, 3)), np.zeros((count, 3, 3))
    np.add.at(outer_before, i, before[:, :, None] * before[:, None, :])
    np.add.at(outer_after, i, after[:, :, None] * before[:, None, :])
    result = np.full((count, 3, 3), np.nan)
    extents = np.sqrt(np.clip(np.linalg.eigvalsh(outer_before), 0, None))
    spanned = extents[:, 0] > _FLATTEST * np.maximum(extents[:, 2], 1e-12)
    result[spanned] = outer_after[spanned] @ np.linalg.inv(outer_before[spanned])
    return result


def _regions(atoms: Atoms, regions: Sequence[str] | None) -> list[str]:
    if regions is not None:
        if len(regions) != len(atoms):
            raise InputError(f"{len(regions)} regions given for {len(atoms)} atoms")
        return [str(region) for region in regions]
    if "region" in atoms.arrays:
        return [str(region) for region in atoms.arrays["region"]]
    return ["all"] * len(atoms)


def _unwrapped(initial: Atoms, final: Atoms) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both sets of positions, the final ones at the images nearest to the initial ones."""
    if not np.array_equal(initial.numbers, final.numbers):
        raise InputError(
            "the initial and the relaxed structure hold different atoms, or in another order",
            hint="take POSCAR and CONTCAR of the same run",
        )
    first = initial.get_scaled_positions(wrap=False)
    second = final.get_scaled_positions(wrap=False)
    second = second - np.round(second - first)
    return first @ np.asarray(initial.cell), second @ np.asarray(final.cell)


def _frame(atoms: Atoms, axis: int) -> NDArray[np.float64]:
    """Return the rows (first in-plane direction, second, normal), right-handed."""
    cell = np.asarray(atoms.cell)
    first = cell[(axis + 1) % 3] / np.linalg.norm(cell[(axis + 1) % 3])
    normal = np.cross(cell[(axis + 1) % 3], cell[(axis + 2) % 3])
    normal *= np.sign(normal @ cell[axis]) / np.linalg.norm(normal)
    return np.array([first, np.cross(normal, first), normal])


def _centre(z: NDArray[np.float64], period: float) -> float:
    """Return the mean of heights whose images may lie on both sides of the cell's edge."""
    return float(z[0] + _offsets(z, period).mean())


def _offsets(z: NDArray[np.float64], period: float) -> NDArray[np.float64]:
    """Return the heights relative to the first, at the images nearest to it."""
    return np.asarray((z - z[0] + period / 2) % period - period / 2, dtype=np.float64)


def _nearest(difference: float, period: float) -> float:
    """Return a difference of heights at the image nearest to zero."""
    return (difference + period / 2) % period - period / 2


def _strain(
    gradients: list[NDArray[np.float64]], frame: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Return U − 1 of the mean deformation gradient, in the frame of the layer."""
    if not gradients:
        return None
    mean = frame @ np.mean(gradients, axis=0) @ frame.T
    values, vectors = np.linalg.eigh(mean.T @ mean)
    return np.asarray(vectors @ np.diag(np.sqrt(values)) @ vectors.T - np.eye(3))


def _spread(gradients: list[NDArray[np.float64]], frame: NDArray[np.float64]) -> float | None:
    strains = [_strain([each], frame) for each in gradients]
    values = [each[2, 2] for each in strains if each is not None]
    return float(np.std(values)) if values else None
