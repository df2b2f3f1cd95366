"""Heights along the interface normal: of atoms, of the interface plane, of the vacuum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["cell_area", "cell_height", "heights", "interface_height", "outer_cut"]


def cell_height(atoms: Atoms, axis: int = 2) -> float:
    """Return the repeat distance along the normal of the other two cell vectors, Å."""
    return float(abs(np.linalg.det(np.asarray(atoms.cell))) / cell_area(atoms, axis))


def cell_area(atoms: Atoms, axis: int = 2) -> float:
    """Return the area spanned by the two cell vectors other than `axis`, Å²."""
    cell = np.asarray(atoms.cell)
    return float(np.linalg.norm(np.cross(cell[(axis + 1) % 3], cell[(axis + 2) % 3])))


def heights(atoms: Atoms, axis: int = 2) -> NDArray[np.float64]:
    """Return the height of each atom along the normal, Å, in [0, height of the cell)."""
    fractions = atoms.get_scaled_positions(wrap=False)[:, axis] % 1.0
    return np.asarray(fractions * cell_height(atoms, axis), dtype=np.float64)


def outer_cut(atoms: Atoms, regions: Sequence[str], axis: int = 2) -> float:
    """Return the height in the middle of the widest gap from the film up to the next substrate.

    That gap is the vacuum of a slab, or the second interface of a periodic stack. Regions other
    than ``substrate`` (film, ligand) count as film.

    Raises
    ------
    InputError
        If there is not at least one atom on either side.
    """
    if len(regions) != len(atoms):
        raise InputError(f"{len(regions)} regions given for {len(atoms)} atoms")
    below = np.array([region == "substrate" for region in regions], dtype=bool)
    if below.all() or not below.any():
        raise InputError(
            "an interface needs atoms of the substrate and of the film",
            hint="are the regions film and substrate set?",
        )
    z = heights(atoms, axis)
    order = np.argsort(z, kind="stable")
    period = cell_height(atoms, axis)
    following = np.roll(order, -1)
    gaps = (z[following] - z[order]) % period
    upward = ~below[order] & below[following]
    best = int(np.argmax(np.where(upward, gaps, -1.0)))
    return float((z[order[best]] + gaps[best] / 2) % period)


def interface_height(atoms: Atoms, regions: Sequence[str], axis: int = 2) -> float:
    """Return the height midway between the topmost substrate plane and the lowest film plane.

    Parameters
    ----------
    atoms : Atoms
        N atoms, substrate below the film along `axis`; atoms may be wrapped across the cell.
    regions : sequence of str
        ``film``, ``substrate`` or ``ligand`` of each atom.
    axis : int
        Cell vector that crosses the interface.

    Returns
    -------
    float
        Å along the normal, in [0, height of the cell).

    Raises
    ------
    InputError
        If film or substrate has no atoms.
    """
    period = cell_height(atoms, axis)
    cut = outer_cut(atoms, regions, axis)
    above_cut = (heights(atoms, axis) - cut) % period
    names = np.asarray(list(regions))
    film = names == "film" if "film" in names else names != "substrate"
    middle = (above_cut[names == "substrate"].max() + above_cut[film].min()) / 2
    return float((middle + cut) % period)
