"""Core/shell particles: a second crystal all around a cuboid core."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.carving import Body, carve
from qdstruct.building.contact import clearances
from qdstruct.building.nanocrystal import in_open_box
from qdstruct.building.neutral import neutral_particle
from qdstruct.building.placement import Placement, join_parts, place_crystals
from qdstruct.building.shapes import between_planes, refuse_less_than_a_cell
from qdstruct.building.strain import StrainOn
from qdstruct.errors import BuildError
from qdstruct.model import CoincidenceMatch, Nanocrystal, Phase

__all__ = ["build_coreshell"]

ROOM = 0.85
"""Shell atoms closer to the core than this times their contact distance are left out."""


def build_coreshell(
    core: Phase,
    shell: Phase,
    match: CoincidenceMatch,
    *,
    core_size: float | Sequence[float],
    shell_thickness: float,
    core_facets: Sequence[ArrayLike] | None = None,
    core_termination: str | None = None,
    shell_termination: str | None = None,
    strain_on: StrainOn = "film",
    gap: float | None = None,
    shift: tuple[float, float] = (0.0, 0.0),
    neutral: bool = True,
    vacuum: float = 10.0,
) -> Nanocrystal:
    """Grow a second crystal all around a cuboid nanocrystal.

    Parameters
    ----------
    core, shell : Phase
        The cuboid's crystal and the crystal around it.
    match : CoincidenceMatch
        Film = shell, substrate = core: its planes meet on the upper facet, its coincidence cell
        orients the shell.
    core_size : float or three floats
        Edges of the core along its facet normals, Å.
    shell_thickness : float
        Thickness of the shell on every face, Å.
    core_facets, core_termination, shell_termination, strain_on, gap, shift, neutral, vacuum
        As in `build_janus`.

    Returns
    -------
    Nanocrystal
        ``region`` is "core" or "shell"; the facet normal is +z.

    Raises
    ------
    BuildError
        If the facet is no face of the core, or a size does not exist.

    Notes
    -----
    The shell is one crystal. It meets the upper facet as the planar interface of the match does;
    on the other faces its lattice simply goes on, and atoms without room beside the core (closer
    than 0.85 contact distances) are left out, so those faces are a start for relaxation.
    """
    if not (np.isfinite(shell_thickness) and shell_thickness > 0):
        raise BuildError(f"a shell of {shell_thickness:g} Å does not exist")
    refuse_less_than_a_cell(shell, shell_thickness, "a shell")
    placed = place_crystals(
        core,
        shell,
        match,
        core_size=core_size,
        core_facets=core_facets,
        core_termination=core_termination,
        guest_termination=shell_termination,
        strain_on=strain_on,
        gap=gap,
        shift=shift,
    )
    core_atoms = carve(core, between_planes(placed.normals, placed.lower, placed.upper))
    core_atoms.positions = placed.core.place(core_atoms.positions)
    shell_atoms = carve(shell, _shell_body(placed, shell_thickness))
    shell_atoms.positions = placed.guest.place(shell_atoms.positions)
    atoms = join_parts(core_atoms, shell_atoms, "shell")
    regions = np.asarray(atoms.arrays["region"])
    crowded = (regions == "shell") & (clearances(atoms, regions) < ROOM)
    molecules = np.asarray(atoms.arrays["molecule"])
    crowded |= (molecules >= 0) & np.isin(molecules, np.unique(molecules[crowded]))
    atoms = atoms[~crowded]
    removed, charge = "", float(atoms.arrays["formal_charge"].sum())
    if neutral:
        atoms, removed, charge = neutral_particle(atoms)
    return Nanocrystal(
        atoms=in_open_box(atoms, vacuum),
        kind="coreshell",
        shape="cuboid in cuboid",
        phase_names=(core.name, shell.name),
        size=placed.extent,
        removed=removed,
        charge=round(charge, 6) + 0.0,
        match=match,
        gap=placed.gap,
    )


def _shell_body(placed: Placement, thickness: float) -> Body:
    """Return what lies outside the core's faces, by at most the thickness, in the shell's frame."""
    outer = between_planes(placed.normals, placed.lower - thickness, placed.upper + thickness)
    inner = between_planes(placed.normals, placed.lower, placed.upper)
    to_core = np.linalg.inv(placed.core.matrix)

    def inside(points: NDArray[np.float64]) -> NDArray[np.bool_]:
        there = (placed.guest.place(points) - placed.core.origin) @ to_core
        return outer.inside(there) & ~inner.inside(there)

    centre = placed.guest.back(placed.core.place(outer.centre[None])[0])
    return Body(centre=centre, radius=1.1 * outer.radius, inside=inside)
