"""Lines through the Brillouin zone between special points, in the axes of the job's own cell."""

from __future__ import annotations

import itertools
import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.geometry import reciprocal_cell
from qdstruct.model import KPath

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["band_path", "folding", "kpath_text"]

SPACING = 0.025
"""Largest distance between k-points on the longest line, 1/Å with 2π."""
SYMMETRY_TOLERANCE = 1e-3
"""Å within which the structure counts as symmetric."""


def band_path(atoms: Atoms, vacuum: tuple[int, ...] = ()) -> KPath | None:
    """Return the path for a band structure, or None where nothing disperses.

    A crystal takes the path of Hinuma et al., Comput. Mater. Sci. 128, 140 (2017) from seekpath,
    whose standardised primitive cell is undone: the points are given in the reciprocal vectors of
    `atoms` as it stands, so that cell and density of the parent can be used unchanged. With vacuum
    the path stays in the plane (or on the line) without it and joins the special points of that
    two-dimensional Bravais lattice (ASE's tables).

    Parameters
    ----------
    atoms : Atoms
        For a crystal a primitive cell; in a larger one the bands come out folded.
    vacuum : tuple of int
        Axes along which states do not disperse.
    """
    if len(vacuum) == 3:
        return None
    lines = _planar(atoms, vacuum) if vacuum else _spatial(atoms)
    ends = np.array([[start, end] for (_, start), (_, end) in lines])
    reciprocal = 2 * np.pi * reciprocal_cell(np.asarray(atoms.cell))
    longest = float(np.linalg.norm((ends[:, 1] - ends[:, 0]) @ reciprocal, axis=1).max())
    return KPath(
        labels=tuple((first, second) for (first, _), (second, _) in lines),
        ends=tuple((_three(first), _three(second)) for first, second in ends),
        points=max(10, int(np.ceil(longest / SPACING)) + 1),
    )


def folding(atoms: Atoms) -> int:
    """Count the primitive cells in a cell; 1 where symmetry finds no smaller one."""
    import spglib

    cell = (np.asarray(atoms.cell), atoms.get_scaled_positions(), atoms.numbers)
    try:
        found = spglib.find_primitive(cell, symprec=SYMMETRY_TOLERANCE)
    except spglib.SpglibError:
        found = None
    return 1 if found is None else max(1, len(atoms) // len(found[2]))


Line = tuple[tuple[str, NDArray[np.float64]], tuple[str, NDArray[np.float64]]]


def _spatial(atoms: Atoms) -> list[Line]:
    import seekpath

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=seekpath.SupercellWarning)  # preflight says so
        found = seekpath.get_path_orig_cell(
            (np.asarray(atoms.cell), atoms.get_scaled_positions(), atoms.numbers),
            symprec=SYMMETRY_TOLERANCE,
        )
    points = {name: np.asarray(k, dtype=float) for name, k in found["point_coords"].items()}
    return [
        ((_label(first), points[first]), (_label(second), points[second]))
        for first, second in found["path"]
    ]


def _planar(atoms: Atoms, vacuum: tuple[int, ...]) -> list[Line]:
    periodic = [axis not in vacuum for axis in range(3)]
    path = atoms.cell.bandpath(pbc=periodic, npoints=0)
    lines = []
    for group in path.path.split(","):
        names = _split(group)
        for first, second in itertools.pairwise(names):
            ends = [np.asarray(path.special_points[name], dtype=float) for name in (first, second)]
            lines.append(((_label(first), ends[0]), (_label(second), ends[1])))
    return lines


def _split(group: str) -> list[str]:
    """Split ``GM1K`` into ``G``, ``M1``, ``K``."""
    names: list[str] = []
    for letter in group:
        if letter.isalpha():
            names.append(letter)
        else:
            names[-1] += letter
    return names


def _three(point: NDArray[np.float64]) -> tuple[float, float, float]:
    first, second, third = (round(float(x), 12) for x in point)
    return (first, second, third)


def _label(name: str) -> str:
    return "Γ" if name in ("GAMMA", "G") else name


def kpath_text(path: KPath, comment: str) -> str:
    """Write KPOINTS in line mode."""
    lines = [" ".join(comment.split()), str(path.points), "Line-mode", "Reciprocal"]
    for names, ends in zip(path.labels, path.ends, strict=True):
        for name, point in zip(names, ends, strict=True):
            label = name.replace("Γ", "GAMMA")
            lines.append(" ".join(f"{x:14.10f}" for x in point) + f"  ! {label}")
        lines.append("")
    return "\n".join(lines)
