"""What a cell is like: its vacuum, its electrostatic centre, its k-mesh and its FFT grid."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.geometry import reciprocal_cell
from qdstruct.units import BOHR, HARTREE

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "cell_heights",
    "dipole_centre",
    "empty_heights",
    "even_smooth",
    "fft_grid",
    "has_dipole",
    "irreducible_points",
    "kpoint_mesh",
    "vacuum_axes",
]

VACUUM_GAP = 5.0
"""Å between atomic planes from which an empty layer counts as vacuum, not as packing."""
STEP_DISTANCE = 3.0
"""Å that the step of the dipole correction keeps from atoms where the vacuum allows it."""
SYMMETRY_TOLERANCE = 1e-2
"""Å within which a slab counts as symmetric."""
LATTICE_TOLERANCE = 1e-3
"""Å within which a lattice counts as symmetric."""


def cell_heights(cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance in Å between the two faces of the cell that each axis connects."""
    return np.asarray(1.0 / np.linalg.norm(reciprocal_cell(cell), axis=1))


def empty_heights(atoms: Atoms) -> NDArray[np.float64]:
    """Height in Å of the largest layer without atom centres along each axis.

    Periodic: a slab cut by the cell's face has one layer of vacuum, not two.
    """
    fractions = np.sort(np.asarray(atoms.get_scaled_positions(wrap=True)), axis=0)
    closed = np.vstack([fractions, fractions[:1] + 1.0])
    gaps = np.diff(closed, axis=0).max(axis=0)
    return np.asarray(gaps * cell_heights(np.asarray(atoms.cell)))


def vacuum_axes(atoms: Atoms) -> tuple[int, ...]:
    """Axes (0, 1, 2) along which the cell holds an empty layer thicker than `VACUUM_GAP`."""
    return tuple(int(axis) for axis in np.flatnonzero(empty_heights(atoms) > VACUUM_GAP))


def dipole_centre(atoms: Atoms, axis: int) -> tuple[float, float, float]:
    """DIPOL: where the dipole of a slab is counted from, in fractions of the cell.

    Along `axis` it is the circular mean of the atoms' fractional coordinates weighted by mass,
    θ = arg Σ mⱼ exp(2πi xⱼ), which follows a slab across the cell's face; an ordinary mean would
    put the centre of a slab that is cut by the face into the vacuum. Where the opposite plane, at
    which the correction has its step, would come within `STEP_DISTANCE` of an atom, the centre
    moves just as far as is needed. In the plane it is 1/2.
    """
    fractions = np.asarray(atoms.get_scaled_positions(wrap=True))[:, axis]
    mean = np.sum(np.asarray(atoms.get_masses()) * np.exp(2j * np.pi * fractions))
    start, width = _largest_gap(fractions)
    margin = min(STEP_DISTANCE / float(cell_heights(np.asarray(atoms.cell))[axis]), width / 2)
    step = (float(np.angle(mean)) / (2 * np.pi) + 0.5 - start) % 1.0
    if step > width:
        step = width if step - width < 1.0 - step else 0.0
    step = start + min(max(step, margin), width - margin)
    centre = [0.5, 0.5, 0.5]
    centre[axis] = round((step - 0.5) % 1.0, 6) % 1.0
    return (centre[0], centre[1], centre[2])


def _largest_gap(fractions: NDArray[np.float64]) -> tuple[float, float]:
    """Where the largest empty interval of a periodic axis starts, and how wide it is."""
    ordered = np.sort(fractions)
    gaps = np.diff(np.append(ordered, ordered[0] + 1.0))
    widest = int(np.argmax(gaps))
    return float(ordered[widest]), float(gaps[widest])


def has_dipole(atoms: Atoms, axis: int) -> bool:
    """Tell whether symmetry allows a dipole along `axis`.

    A slab with an operation that reverses the axis (mirror, inversion, two-fold axis in the
    plane) cannot carry one.
    """
    import spglib

    structure = (np.asarray(atoms.cell), atoms.get_scaled_positions(), atoms.numbers)
    try:
        symmetry = spglib.get_symmetry(structure, symprec=SYMMETRY_TOLERANCE)
    except spglib.SpglibError:
        symmetry = None
    if symmetry is None:
        return True
    return not bool(np.any(np.asarray(symmetry["rotations"])[:, axis, axis] == -1))


def kpoint_mesh(
    cell: NDArray[np.float64], spacing: float, vacuum: tuple[int, ...] = ()
) -> tuple[int, int, int]:
    """Γ-centred mesh with at most `spacing` between k-points.

    n = ⌈2π|b|/spacing⌉ along each reciprocal axis (b without 2π), and one point along axes with
    vacuum. Axes that a symmetry of the lattice mixes get the larger of their counts, so that the
    mesh has the lattice's symmetry, as VASP demands; primitive cells of body-centred tetragonal
    and orthorhombic lattices need it, whose reciprocal axes differ in length.

    Parameters
    ----------
    cell : (3, 3) array
        Rows in Å.
    spacing : float
        1/Å, with 2π.
    vacuum : tuple of int
        Axes along which states do not disperse.
    """
    lengths = 2 * np.pi * np.linalg.norm(reciprocal_cell(cell), axis=1)
    counts = [max(1, math.ceil(length / spacing - 1e-4)) for length in lengths]
    counts = [1 if axis in vacuum else count for axis, count in enumerate(counts)]
    return _three(_as_symmetric_as(cell, counts, vacuum))


def _as_symmetric_as(
    cell: NDArray[np.float64], counts: list[int], vacuum: tuple[int, ...]
) -> list[int]:
    """Raise counts until every rotation of the lattice maps the mesh onto itself.

    In fractions of the reciprocal axes a rotation is an integer matrix R, and the points n_j/N_j
    go over into each other when all R_ij N_i/N_j are integers.
    """
    import spglib

    try:
        found = spglib.get_symmetry((cell, [[0.0, 0.0, 0.0]], [1]), symprec=LATTICE_TOLERANCE)
    except spglib.SpglibError:
        found = None
    if found is None:
        return counts
    rotations = np.rint(np.linalg.inv(found["rotations"]).transpose(0, 2, 1)).astype(np.int64)
    raised = list(counts)
    while True:
        sizes = np.array(raised)
        broken = (rotations * sizes[:, None]) % sizes[None, :] != 0
        pairs = {(int(i), int(j)) for _, i, j in np.argwhere(broken)}
        pairs = {pair for pair in pairs if not set(pair) & set(vacuum)}
        if not pairs:
            return raised
        i, j = min(pairs)
        raised[i] = raised[j] = max(raised[i], raised[j])


def irreducible_points(atoms: Atoms, mesh: tuple[int, int, int]) -> int:
    """Count the k-points of a Γ-centred mesh that symmetry and time reversal leave distinct."""
    import spglib

    structure = (np.asarray(atoms.cell), atoms.get_scaled_positions(), atoms.numbers)
    try:
        mapping, _ = spglib.get_ir_reciprocal_mesh(mesh, structure, symprec=SYMMETRY_TOLERANCE)
    except (spglib.SpglibError, TypeError):
        return int(np.prod(mesh)) // 2 + 1
    return len(np.unique(mapping))


def fft_grid(cell: NDArray[np.float64], cutoff: float, precision: str) -> tuple[int, int, int]:
    """NGXF, NGYF, NGZF that VASP 6 chooses for a cell.

    The coarse grid holds all products of two orbitals (``Accurate``, ``Single``: every vector up
    to 2 G_cut, factor 4) or most of them (``Normal``: 3/2 G_cut, factor 3); the fine grid of
    ``Accurate`` and ``Normal`` has twice as many points (VASP wiki, NGX, NGXF and PREC). Sizes are
    even products of 2, 3, 5 and 7.

    Parameters
    ----------
    cell : (3, 3) array
        Rows in Å.
    cutoff : float
        ENCUT, eV.
    precision : str
        PREC.
    """
    letter = precision.strip().lower()
    factor = 3 if letter.startswith("n") or letter == "singlen" else 4
    scale = 1 if letter.startswith("s") else 2
    lengths = np.linalg.norm(np.asarray(cell, dtype=float), axis=1)
    waves = np.sqrt(cutoff / (HARTREE / 2)) * lengths / BOHR / (2 * np.pi)
    return _three([scale * even_smooth(int(factor * wave + 0.5)) for wave in waves])


def even_smooth(size: int) -> int:
    """Smallest even product of 2, 3, 5 and 7 that is at least `size`."""
    candidate = max(2, size + size % 2)
    while not _smooth(candidate):
        candidate += 2
    return candidate


def _smooth(number: int) -> bool:
    for prime in (2, 3, 5, 7):
        while number % prime == 0:
            number //= prime
    return number == 1


def _three(values: list[int]) -> tuple[int, int, int]:
    first, second, third = (int(value) for value in values)
    return (first, second, third)
