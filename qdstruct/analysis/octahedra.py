"""Bonds, octahedra and their tilts, and the strain of each atomic layer across an interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.analysis.densities import atomic_planes
from qdstruct.analysis.heights import cell_height, heights
from qdstruct.errors import InputError
from qdstruct.model import Record

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["LayerSpacing", "Octahedron", "bond_lengths", "layer_spacings", "octahedra"]


@dataclass(frozen=True, kw_only=True)
class Octahedron(Record):
    """One six-fold coordinated atom and the cage around it."""

    centre: int
    """Index of the central atom."""
    corners: tuple[int, ...]
    """Indices of the six corner atoms, in three opposite pairs."""
    height: float
    """Height of the centre along the normal, Å."""
    mean_bond: float
    """Mean distance from centre to corner, Å."""
    elongation: float
    """Bond length distortion (1/6) Σ (dᵢ − d̄)²/d̄² (dimensionless)."""
    angle_variance: float
    """Variance of the twelve right angles, (1/11) Σ (αᵢ − 90°)² in degrees²."""
    tilt: float
    """Angle between the octahedron's axis nearest the normal and the normal, degrees."""


@dataclass(frozen=True, kw_only=True)
class LayerSpacing(Record):
    """Distance from one atomic plane to the next like it, against the unstrained crystal."""

    lower: str
    """Label of the lower plane."""
    upper: str
    """Label of the upper plane."""
    height: float
    """Middle between the two planes, Å."""
    spacing: float
    """Å."""
    strain: float
    """spacing / reference − 1."""


def bond_lengths(
    atoms: Atoms, first: str, second: str, *, cutoff: float
) -> list[tuple[int, int, float]]:
    """List every bond between two elements no longer than `cutoff` Å.

    Parameters
    ----------
    atoms : Atoms
        Periodic structure.
    first, second : str
        Elements.
    cutoff : float
        Å.

    Returns
    -------
    list of (index, index, distance)
        Indices of `first` and of `second`; a pair bonded through several images comes several
        times, an atom bonded to its own image once for each direction.
    """
    from ase.neighborlist import neighbor_list

    symbols = np.array(atoms.get_chemical_symbols())
    i, j, distance = neighbor_list("ijd", atoms, cutoff)
    keep = (symbols[i] == first) & (symbols[j] == second)
    if first == second:
        keep &= i <= j
    return [
        (int(a), int(b), float(d)) for a, b, d in zip(i[keep], j[keep], distance[keep], strict=True)
    ]


def octahedra(
    atoms: Atoms, centre: str, corner: str, *, cutoff: float, axis: int = 2
) -> tuple[Octahedron, ...]:
    """Find the octahedra of a structure, with distortion and tilt.

    Distortions are those of K. Robinson, G. V. Gibbs, P. H. Ribbe, Science 172, 567 (1971) (angle
    variance) and I. D. Brown, R. D. Shannon, Acta Cryst. A 29, 266 (1973) (bond length
    distortion). An atom with another number of corners within `cutoff` is left out: it lies at a
    surface, an interface or a vacancy.

    Parameters
    ----------
    atoms : Atoms
        Periodic structure.
    centre, corner : str
        Elements, for example Pb and Br.
    cutoff : float
        Å: between the bond length and the next shell.
    axis : int
        Cell vector whose plane normal is the reference of the tilt.

    Raises
    ------
    InputError
        If no atom has six corners.
    """
    from ase.neighborlist import neighbor_list

    symbols = np.array(atoms.get_chemical_symbols())
    i, j, vectors = neighbor_list("ijD", atoms, cutoff)
    bonded = (symbols[i] == centre) & (symbols[j] == corner)
    i, j, vectors = i[bonded], j[bonded], vectors[bonded]
    normal = _normal(atoms, axis)
    z = heights(atoms, axis)
    found = []
    for atom in np.unique(i):
        mine = i == atom
        if mine.sum() == 6:
            found.append(_octahedron(int(atom), j[mine], vectors[mine], normal, float(z[atom])))
    if not found:
        raise InputError(
            f"no {centre} atom has six {corner} neighbours within {cutoff:g} Å",
            hint="is the cut-off between the bond length and the next shell?",
        )
    return tuple(sorted(found, key=lambda octahedron: octahedron.height))


def layer_spacings(
    atoms: Atoms, members: Sequence[int], *, reference: float, repeat: int = 1, axis: int = 2
) -> tuple[LayerSpacing, ...]:
    """Measure the strain along the normal layer by layer from relaxed positions.

    Parameters
    ----------
    atoms : Atoms
        The relaxed interface.
    members : sequence of int
        Atoms of one material.
    reference : float
        Unstrained distance between a plane and the one `repeat` planes above it, Å.
    repeat : int
        Planes per repeat of the crystal along the normal.

    Raises
    ------
    InputError
        If there are too few planes, or the reference is not positive.
    """
    if reference <= 0:
        raise InputError(f"a layer spacing of {reference:g} Å is impossible")
    part = atoms[list(members)]
    planes = atomic_planes(part, axis)
    labels, groups = list(planes), list(planes.values())
    if len(groups) <= repeat:
        raise InputError(
            f"{len(groups)} atomic planes hold no pair {repeat} apart",
            hint="a thicker slab, or a smaller repeat",
        )
    period, z = cell_height(part, axis), heights(part, axis)
    base = z[groups[0][0]] - period / 4
    centres = np.array([((z[group] - base) % period).mean() for group in groups])
    result = []
    for k in range(len(groups) - repeat):
        spacing = float(centres[k + repeat] - centres[k])
        result.append(
            LayerSpacing(
                lower=labels[k],
                upper=labels[k + repeat],
                height=float(((centres[k] + centres[k + repeat]) / 2 + base) % period),
                spacing=spacing,
                strain=spacing / reference - 1,
            )
        )
    return tuple(result)


def _normal(atoms: Atoms, axis: int) -> NDArray[np.float64]:
    cell = np.asarray(atoms.cell)
    normal = np.cross(cell[(axis + 1) % 3], cell[(axis + 2) % 3])
    return np.asarray(normal / np.linalg.norm(normal), dtype=np.float64)


def _octahedron(
    centre: int,
    corners: NDArray[np.int64],
    vectors: NDArray[np.float64],
    normal: NDArray[np.float64],
    height: float,
) -> Octahedron:
    lengths = np.linalg.norm(vectors, axis=1)
    units = vectors / lengths[:, None]
    cosines = units @ units.T
    pairs = _opposite_pairs(cosines)
    order = [k for pair in pairs for k in pair]
    axes = np.array([units[a] - units[b] for a, b in pairs])
    axes /= np.linalg.norm(axes, axis=1)[:, None]
    right = [
        np.degrees(np.arccos(np.clip(cosines[a, b], -1, 1)))
        for n, first in enumerate(pairs)
        for second in pairs[n + 1 :]
        for a in first
        for b in second
    ]
    mean = lengths.mean()
    steepest = np.abs(axes @ normal).max()
    return Octahedron(
        centre=centre,
        corners=tuple(int(corners[k]) for k in order),
        height=height,
        mean_bond=float(mean),
        elongation=float((((lengths - mean) / mean) ** 2).mean()),
        angle_variance=float(((np.array(right) - 90.0) ** 2).sum() / 11),
        tilt=float(np.degrees(np.arccos(min(1.0, steepest)))),
    )


def _opposite_pairs(cosines: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pair the six directions so that each pair points most nearly apart."""
    left = list(range(6))
    pairs = []
    while left:
        best = min(
            ((a, b) for n, a in enumerate(left) for b in left[n + 1 :]),
            key=lambda pair: cosines[pair],
        )
        pairs.append(best)
        left = [k for k in left if k not in best]
    return pairs
