"""Janus particles: a second crystal on one facet, oriented by the match of two planes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.carving import Body, carve
from qdstruct.building.nanocrystal import in_open_box
from qdstruct.building.neutral import neutral_particle
from qdstruct.building.placement import Frame, Placement, join_parts, place_crystals
from qdstruct.building.shapes import between_planes, refuse_less_than_a_cell
from qdstruct.building.strain import StrainOn
from qdstruct.errors import BuildError
from qdstruct.model import CoincidenceMatch, Nanocrystal, Phase

__all__ = ["build_janus"]

CapShape = Literal["hemisphere", "sphere", "cuboid"]


def build_janus(
    core: Phase,
    cap: Phase,
    match: CoincidenceMatch,
    *,
    core_size: float | Sequence[float],
    cap_size: float | None = None,
    cap_shape: CapShape = "hemisphere",
    cap_height: float | None = None,
    core_facets: Sequence[ArrayLike] | None = None,
    core_termination: str | None = None,
    cap_termination: str | None = None,
    strain_on: StrainOn = "film",
    gap: float | None = None,
    shift: tuple[float, float] = (0.0, 0.0),
    islands: Sequence[tuple[float, float]] = ((0.0, 0.0),),
    neutral: bool = True,
    vacuum: float = 10.0,
) -> Nanocrystal:
    """Grow a second crystal on one facet of a cuboid nanocrystal.

    Parameters
    ----------
    core, cap : Phase
        The cuboid's crystal and the crystal that grows on it.
    match : CoincidenceMatch
        Film = cap, substrate = core: its planes are the facet and the cap's contact plane, its
        coincidence cell orients the cap.
    core_size : float or three floats
        Edges of the cuboid along its facet normals, Å.
    cap_size : float, optional
        Diameter of the hemisphere or sphere, or in-plane edge of the cuboid, Å; the core's edge
        when left out.
    cap_shape : {"hemisphere", "sphere", "cuboid"}
        A sphere is cut by the facet at a quarter of its diameter.
    cap_height : float, optional
        Height of a cuboid cap, Å; half its edge when left out.
    core_facets : three Miller indices, optional
        Faces of the core; the match's substrate plane must be one of them. `cuboid_facets` chooses
        when left out.
    core_termination, cap_termination : str, optional
        Planes in contact; the core ends in the same plane on its other faces where it can.
    strain_on : {"film", "substrate", "both"}
        Who takes the misfit in the plane; "film" keeps the core as it is.
    gap, shift
        As in `build_interface`, which places the two crystals; the shift is two fractions.
    islands : sequence of (x, y)
        Centres of the caps on the facet, Å from its middle, along and across the first
        coincidence vector; several make islands.
    neutral : bool
        Take out the least bound surface ions until the formal charge is zero.
    vacuum : float
        Empty space on every side of the box, Å.

    Returns
    -------
    Nanocrystal
        ``region`` is "core" or "cap"; the facet normal is +z.

    Raises
    ------
    BuildError
        If the facet is no face of the core, a shape or size does not exist, or caps overlap or lie
        beside the facet.
    """
    placed = place_crystals(
        core,
        cap,
        match,
        core_size=core_size,
        core_facets=core_facets,
        core_termination=core_termination,
        guest_termination=cap_termination,
        strain_on=strain_on,
        gap=gap,
        shift=shift,
    )
    size = placed.extent[0] if cap_size is None else float(cap_size)
    if not (np.isfinite(size) and size > 0):
        raise BuildError(f"a cap of {size:g} Å does not exist")
    refuse_less_than_a_cell(cap, size, "a cap")
    _check_islands(islands, size, placed)
    body = between_planes(placed.normals, placed.lower, placed.upper)
    core_atoms = carve(core, body)
    core_atoms.positions = placed.core.place(core_atoms.positions)
    middle = placed.core.place(body.centre[None])[0] * [1, 1, 0]
    height = size / 2 if cap_height is None else cap_height
    cap_body = _cap_body(cap_shape, size, height, middle, islands, placed.guest, placed.floor)
    cap_atoms = carve(cap, cap_body)
    cap_atoms.positions = placed.guest.place(cap_atoms.positions)
    atoms = join_parts(core_atoms, cap_atoms, "cap")
    removed, charge = "", float(atoms.arrays["formal_charge"].sum())
    if neutral:
        atoms, removed, charge = neutral_particle(atoms)
    return Nanocrystal(
        atoms=in_open_box(atoms, vacuum),
        kind="janus",
        shape=f"cuboid with {cap_shape}" + ("s" if len(islands) > 1 else ""),
        phase_names=(core.name, cap.name),
        size=placed.extent,
        removed=removed,
        charge=round(charge, 6) + 0.0,
        match=match,
        gap=placed.gap,
        warnings=_overhangs(islands, size, cap, placed),
    )


def _overhangs(
    islands: Sequence[tuple[float, float]], size: float, cap: Phase, placed: Placement
) -> tuple[str, ...]:
    """Say which caps reach beyond the facet by more than a cell of their crystal."""
    allowed = float(np.cbrt(cap.atoms.get_volume()))
    found = []
    for centre in islands:
        beyond = max(
            along + size / 2 - placed.extent[k] / 2 for k, along in _along_edges(centre, placed)
        )
        if beyond > allowed:
            found.append(
                f"the cap of {size:g} Å at {centre} Å reaches {beyond:.1f} Å beyond the facet "
                f"({' × '.join(f'{edge:.1f}' for edge in placed.extent)} Å core)"
            )
    return tuple(found)


def _along_edges(centre: tuple[float, float], placed: Placement) -> list[tuple[int, float]]:
    """Return the faces beside the facet and how far towards each a point on the facet lies, Å."""
    lab = placed.normals @ np.linalg.inv(placed.core.matrix).T
    lengths = np.linalg.norm(lab, axis=1)
    beside = [k for k in range(3) if abs(lab[k, 2]) < 0.5 * lengths[k]]
    return [(k, abs(float(lab[k, :2] @ centre)) / float(lengths[k])) for k in beside]


def _check_islands(islands: Sequence[tuple[float, float]], size: float, placed: Placement) -> None:
    """Refuse caps beside the facet, and caps that run into each other.

    Raises
    ------
    BuildError
        For these, and for no cap at all.
    """
    if not islands:
        raise BuildError("a Janus particle has at least one cap")
    for centre in islands:
        for k, along in _along_edges(centre, placed):
            if along > placed.extent[k] / 2:
                raise BuildError(
                    f"the cap at {centre} Å lies beside the facet, which reaches "
                    f"{placed.extent[k] / 2:.1f} Å from its middle"
                )
    for one, other in combinations(islands, 2):
        apart = float(np.hypot(one[0] - other[0], one[1] - other[1]))
        if apart < size:
            raise BuildError(
                f"caps of {size:g} Å at {one} and {other} Å overlap: they are {apart:.1f} Å apart",
                hint="move them apart or make them smaller",
            )


def _cap_body(
    shape: str,
    size: float,
    height: float,
    middle: NDArray[np.float64],
    islands: Sequence[tuple[float, float]],
    frame: Frame,
    floor: float,
) -> Body:
    """Return the cap as a body in its own crystal's frame; `floor` is the height of the cut, Å."""
    shapes = {"hemisphere": 0.0, "sphere": size / 4, "cuboid": 0.0}
    if shape not in shapes:
        raise BuildError(f"the cap shape '{shape}' is unknown", hint="hemisphere, sphere or cuboid")
    centres = [middle + np.array([x, y, shapes[shape]]) for x, y in islands]
    spread = max(float(np.linalg.norm(centre - centres[0])) for centre in centres)

    def inside(points: NDArray[np.float64]) -> NDArray[np.bool_]:
        lab = frame.place(points)
        found = np.zeros(len(points), dtype=bool)
        for centre in centres:
            apart = lab - centre
            if shape == "cuboid":
                flat = np.abs(apart[:, :2]).max(axis=1) <= size / 2
                found |= flat & (lab[:, 2] - floor <= height)
            else:
                found |= np.linalg.norm(apart, axis=1) <= size / 2
        return found & (lab[:, 2] > floor)

    reach = 1.1 * (np.hypot(size, max(size, height)) + spread)
    return Body(centre=frame.back(centres[0]), radius=float(reach), inside=inside)
