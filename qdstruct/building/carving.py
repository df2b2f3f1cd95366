"""Cutting bodies out of an infinite crystal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.charges import balanced_charges
from qdstruct.building.stack import number_units, unit_centres
from qdstruct.errors import BuildError
from qdstruct.geometry.neighbours import find_molecules
from qdstruct.model import Phase

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["Body", "carve"]

MOST_CELLS = 100_000_000
"""Unit cells looked at for one body; more would need over 100 GB for the atoms they hold."""

Inside = Callable[[NDArray[np.float64]], NDArray[np.bool_]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Body:
    """A region of space in the Cartesian frame of a crystal's file."""

    centre: NDArray[np.float64]
    """(3,) Å."""
    radius: float
    """Å: nothing of the body is farther than this from its centre."""
    inside: Inside
    """Says for (n, 3) points which lie in the body."""


def carve(phase: Phase, body: Body) -> Atoms:
    """Return the atoms of a crystal whose unit (atom or molecule) has its centre in a body.

    Returns
    -------
    Atoms
        Not periodic, in the frame of the phase's file, with ``molecule`` and ``formal_charge``.

    Raises
    ------
    BuildError
        For a body so large that its atoms could not be held.
    """
    from ase import Atoms

    cell = np.asarray(phase.atoms.cell)
    molecules = find_molecules(phase.atoms)
    unit_of = number_units(molecules.ids)
    positions = phase.atoms.positions + molecules.images @ cell
    centres = unit_centres(positions, unit_of)
    charges = balanced_charges(phase.atoms, molecules)
    middle = body.centre @ np.linalg.inv(cell)
    reach = body.radius * np.linalg.norm(np.linalg.inv(cell), axis=0) + 1.0
    low, high = np.floor(middle - reach), np.ceil(middle + reach)
    if np.prod(high - low + 1) > MOST_CELLS:
        raise BuildError(
            f"a body of {2 * body.radius / 10:.0f} nm across holds too many atoms to be written",
            hint="lengths without a unit are Å: 160 is 16 nm",
        )
    ranges = [np.arange(low[k], high[k] + 1) for k in range(3)]
    plane = np.stack(np.meshgrid(ranges[1], ranges[2], indexing="ij"), axis=-1).reshape(-1, 2)
    copies, units = [], []
    for first in ranges[0]:
        origins = np.column_stack([np.full(len(plane), first), plane]) @ cell
        points = (origins[:, None] + centres[None]).reshape(-1, 3)
        kept = np.flatnonzero(body.inside(points))
        copies.append(origins[kept // len(centres)])
        units.append(kept % len(centres))
    origins, chosen = np.concatenate(copies), np.concatenate(units)
    return _assemble(Atoms, phase, positions, unit_of, charges, origins, chosen)


def _assemble(
    make: type[Atoms],
    phase: Phase,
    positions: NDArray[np.float64],
    unit_of: NDArray[np.int64],
    charges: NDArray[np.float64],
    origins: NDArray[np.float64],
    chosen: NDArray[np.int64],
) -> Atoms:
    """Put the atoms of every chosen unit at its copy's origin."""
    order = np.argsort(unit_of, kind="stable")
    sizes = np.bincount(unit_of)
    starts = np.cumsum(sizes) - sizes
    counts = sizes[chosen]
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    members = order[np.repeat(starts[chosen], counts) + within]
    molecular = counts > 1
    ids = np.where(molecular, np.cumsum(molecular) - 1, -1)
    atoms = make(
        numbers=phase.atoms.numbers[members],
        positions=np.repeat(origins, counts, axis=0) + positions[members],
        pbc=False,
    )
    atoms.set_array("molecule", np.repeat(ids, counts).astype(np.int64))
    atoms.set_array("formal_charge", charges[members])
    return atoms
