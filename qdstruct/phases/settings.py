"""Changing the axes of a crystal: conventional cell, orthorhombic settings, pseudo-cubic cell."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.errors import PhaseError
from qdstruct.geometry import conventional_axes, reduce_miller, space_group
from qdstruct.model import Miller, Phase
from qdstruct.phases.describe import cell_caveats

__all__ = ["convert_miller", "in_setting"]

CONVENTIONAL = "conventional"
"""Name of the setting with the axes of the International Tables, found by spglib."""
PSEUDO_CUBIC = "pseudocubic"
"""Name of the setting whose axes follow the Pb–X–Pb chains of a perovskite."""
DIAGONAL = np.array([[0.5, 0.5, 0.0], [-0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
"""Rows: pseudo-cubic axes of a √2 × √2 × 1 cell (P4/mbm) in fractions of its axes."""
FRAMES = {221: np.eye(3), 127: DIAGONAL, 62: DIAGONAL * np.array([[1.0], [1.0], [0.5]])}
"""Space group → pseudo-cubic axes in fractions of the cell axes; 62 in the setting Pbnm."""
REPEATS = {221: (1, 1, 1), 127: (2, 2, 1), 62: (2, 2, 2)}
"""Space group → pseudo-cubic cells along each axis after which the structure repeats."""


def in_setting(phase: Phase, setting: str) -> Phase:
    """Return the same crystal with other cell axes; no atom moves.

    Parameters
    ----------
    phase : Phase
        An orthorhombic crystal or a perovskite; any crystal for ``conventional``.
    setting : str
        A Hermann–Mauguin symbol of the same space group (``Pnma``, ``Pbnm``, ``Pnam``, …);
        ``conventional``, for files that hold the primitive cell of a centred lattice; or
        ``pseudocubic``: the smallest block of pseudo-cubic cells that repeats, 2×2×2 for Pbnm,
        2×2×1 for P4/mbm, one cell for Pm-3m.

    Returns
    -------
    Phase
        The cell in the new setting. The Cartesian frame is kept, so directions compare.

    Raises
    ------
    PhaseError
        If the crystal has no such setting.
    """
    if setting.casefold() == CONVENTIONAL:
        setting = CONVENTIONAL
    matrix = _matrix(phase, setting)
    if _is_pseudo_cubic(setting):
        matrix = np.array(REPEATS[phase.space_group_number])[:, None] * matrix
    return _with_axes(phase, matrix, setting)


def convert_miller(hkl: ArrayLike, phase: Phase, other_setting: str) -> Miller:
    """Return the indices that the plane (hkl) of `phase` has in another setting.

    Parameters
    ----------
    hkl : three integers
        Indices in the phase's own cell. Their common factor is an order of reflection and is kept:
        (220) of Pbnm is (200) of the pseudo-cubic cell, with the same spacing.
    phase : Phase
        The crystal the indices belong to.
    other_setting : str
        As in `in_setting`; here ``pseudocubic`` means the single pseudo-cubic cell, a ≈ 5.9 Å.

    Raises
    ------
    PhaseError
        If the crystal has no such setting.
    MatchError
        If `hkl` is (0, 0, 0) or not three integers.

    Notes
    -----
    Indices transform like the axes: with new axes ``P @ cell``, h' = P h (International Tables A,
    chapter 1.5). Where h' has halves (superlattice planes such as (100) of Pbnm in the
    pseudo-cubic cell) it is doubled: the same direction, half the spacing.
    """
    reduce_miller(hkl)
    indices = _matrix(phase, other_setting) @ np.asarray(hkl, dtype=float)
    if not np.allclose(indices, np.rint(indices), atol=1e-6):
        indices = 2 * indices
    h, k, l = (round(i) for i in indices.tolist())  # noqa: E741 - the crystallographer's letters
    return (h, k, l)


def _is_pseudo_cubic(setting: str) -> bool:
    return setting.replace("-", "").replace("_", "").casefold() == PSEUDO_CUBIC


def _matrix(phase: Phase, setting: str) -> NDArray[np.float64]:
    """Return P with new axes (rows) = P @ cell."""
    if setting.casefold() == CONVENTIONAL:
        return conventional_axes(phase.atoms)
    if not _is_pseudo_cubic(setting):
        return _orthorhombic(phase, setting)
    frame = FRAMES.get(phase.space_group_number)
    if frame is None:
        raise _no_pseudo_cubic(phase)
    if phase.space_group_number == 62:
        frame = np.asarray(frame @ _orthorhombic(phase, "Pbnm"))
    _check_chains(phase, frame)
    return frame


def _no_pseudo_cubic(phase: Phase) -> PhaseError:
    return PhaseError(
        f"{phase.name} ({phase.formula}, {phase.space_group_symbol}) has no pseudo-cubic cell",
        hint="perovskites ABX3 in Pm-3m, P4/mbm or Pnma (any axes) have one",
    )


def _check_chains(phase: Phase, frame: NDArray[np.float64]) -> None:
    """Refuse a crystal in which no species sits on the pseudo-cubic lattice, once per cell."""
    scaled = phase.atoms.get_scaled_positions() @ np.linalg.inv(frame)
    n_cells = round(1 / abs(np.linalg.det(frame)))
    counts = dict(zip(*np.unique(phase.atoms.numbers, return_counts=True), strict=True))
    for number, count in counts.items():
        sites = scaled[phase.atoms.numbers == number]
        offset = sites - sites[0]
        on_lattice = np.abs(offset - np.rint(offset)).max() < 0.02
        if count == n_cells and on_lattice and len(phase.atoms) == 5 * n_cells:
            return
    raise _no_pseudo_cubic(phase)


def _orthorhombic(phase: Phase, setting: str) -> NDArray[np.float64]:
    if phase.space_group_symbol.casefold() == setting.casefold():
        return np.eye(3)
    if not 16 <= phase.space_group_number <= 74:
        raise PhaseError(
            f"{phase.name} is {phase.space_group_symbol}, not orthorhombic: no setting '{setting}'",
            hint="every crystal has 'conventional'; only orthorhombic ones change between Pnma, "
            "Pbnm, …",
        )
    found = {}
    for order in sorted(permutations(range(3)), key=_is_odd):
        matrix: NDArray[np.float64] = np.eye(3)[list(order)]
        matrix[2] *= -1.0 if _is_odd(order) else 1.0
        symbol = space_group(_with_axes(phase, matrix, setting).atoms).symbol
        if symbol.casefold() == setting.casefold():
            return matrix
        found[symbol] = order
    raise PhaseError(
        f"{phase.name} has no setting '{setting}'", hint=f"it has {', '.join(sorted(found))}"
    )


def _is_odd(order: tuple[int, ...]) -> bool:
    return bool(np.linalg.det(np.eye(3)[list(order)]) < 0)


def _with_axes(phase: Phase, matrix: NDArray[np.float64], setting: str) -> Phase:
    from ase.build import make_supercell

    integers = np.rint(matrix)
    if not np.allclose(matrix, integers):
        raise PhaseError(
            f"{phase.name}: the axes of '{setting}' are no multiples of the cell's axes",
            hint="the file holds a supercell: give its unit cell",
        )
    atoms = make_supercell(phase.atoms, integers.astype(int), wrap=True)
    atoms.arrays.pop("spacegroup_kinds", None)
    n_cells = round(abs(np.linalg.det(matrix)))
    group, old = space_group(atoms), cell_caveats(phase.atoms, space_group(phase.atoms))
    kept = tuple(caveat for caveat in phase.caveats if caveat not in old)
    return replace(
        phase,
        atoms=atoms,
        name=f"{phase.name} ({setting})",
        setting=setting,
        space_group_number=group.number,
        space_group_symbol=group.symbol,
        formula_units=phase.formula_units * n_cells,
        caveats=(*kept, *cell_caveats(atoms, group)),
        aliases=(),
    )
