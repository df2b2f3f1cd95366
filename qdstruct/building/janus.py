"""Particles of two crystals: Janus particles, oriented by the match of two facets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.carving import Body, carve
from qdstruct.building.interface import matched_slabs, stack_slabs
from qdstruct.building.nanocrystal import in_open_box
from qdstruct.building.neutral import neutral_particle
from qdstruct.building.shapes import between_planes, cuboid_facets, plane_bounds
from qdstruct.building.slab import Cut, choose_cut
from qdstruct.building.stack import plane_stack
from qdstruct.building.strain import StrainOn
from qdstruct.building.supercells import matched_transforms
from qdstruct.building.terminations import named_planes
from qdstruct.errors import BuildError
from qdstruct.geometry import reduce_miller
from qdstruct.model import CoincidenceMatch, Interface, Miller, Nanocrystal, Phase

__all__ = ["build_janus"]

CapShape = Literal["hemisphere", "sphere", "cuboid"]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Frame:
    """How a crystal lies in the laboratory: ``lab = crystal @ matrix + origin``."""

    matrix: NDArray[np.float64]
    origin: NDArray[np.float64]

    def place(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Carry (n, 3) points of the crystal's frame into the laboratory."""
        return np.asarray(points @ self.matrix + self.origin)

    def back(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        """Carry one point of the laboratory into the crystal's frame."""
        return np.asarray((point - self.origin) @ np.linalg.inv(self.matrix))


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
        As in `build_interface`, which places the two crystals.
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
        If the facet is no face of the core, or a shape or size does not exist.
    """
    chosen = cuboid_facets(core, match.substrate_hkl) if core_facets is None else core_facets
    facets = [reduce_miller(facet) for facet in chosen]
    facet = _facet_index(facets, match)
    edges = [float(e) for e in np.broadcast_to(np.asarray(core_size, dtype=float), 3)]
    size = edges[0] if cap_size is None else float(cap_size)
    if not np.isfinite([*edges, size]).all() or min(*edges, size) <= 0:
        raise BuildError(f"sizes are positive lengths in Å, not {core_size} and {cap_size}")
    upper = choose_cut(plane_stack(cap, match.film_hkl), layers=1, bottom=cap_termination)
    lower = choose_cut(plane_stack(core, match.substrate_hkl), layers=1, top=core_termination)
    slabs = matched_slabs(upper, lower, match, 0.0)
    planar = stack_slabs(
        *slabs, match=match, strain_on=strain_on, gap=gap, shift=shift, vacuum=10.0
    )
    core_frame, cap_frame = _frames(lower, upper, match, planar)
    body, extent = _core_body(core, facets, facet, edges, lower)
    core_atoms = carve(core, body)
    core_atoms.positions = core_frame.place(core_atoms.positions)
    middle = core_frame.place(body.centre[None])[0] * [1, 1, 0]
    height = size / 2 if cap_height is None else cap_height
    floor = planar.gap - _half_gap_below(upper)
    cap_body = _cap_body(cap_shape, size, height, middle, islands, cap_frame, floor)
    cap_atoms = carve(cap, cap_body)
    cap_atoms.positions = cap_frame.place(cap_atoms.positions)
    if not len(core_atoms) or not len(cap_atoms):
        raise BuildError("the core or the cap holds no atom", hint="choose larger sizes")
    core_atoms.set_array("region", np.array(["core"] * len(core_atoms), dtype="<U9"))
    cap_atoms.set_array("region", np.array(["cap"] * len(cap_atoms), dtype="<U9"))
    ids = cap_atoms.arrays["molecule"]
    ids[ids >= 0] += core_atoms.arrays["molecule"].max() + 1
    atoms = core_atoms + cap_atoms
    removed, charge = "", float(atoms.arrays["formal_charge"].sum())
    if neutral:
        atoms, removed, charge = neutral_particle(atoms)
    return Nanocrystal(
        atoms=in_open_box(atoms, vacuum),
        kind="janus",
        shape=f"cuboid with {cap_shape}" + ("s" if len(islands) > 1 else ""),
        phase_names=(core.name, cap.name),
        size=extent,
        removed=removed,
        charge=round(charge, 6) + 0.0,
        match=match,
        gap=planar.gap,
    )


def _frames(
    lower: Cut, upper: Cut, match: CoincidenceMatch, planar: Interface
) -> tuple[_Frame, _Frame]:
    """Place both crystals exactly as the planar interface does, the core's top atom at z = 0.

    Slabs are cut with the origin of the crystal on the z axis and deformed about it, so the
    supercell vectors, the normal and the height of the contact plane fix the map.
    """
    target = np.asarray(planar.atoms.cell)[:2, :2]
    transforms = matched_transforms(upper.stack, lower.stack, match)
    top = _heights(lower, lower.last).max()
    bottom = _heights(upper, upper.first).min()
    across = np.asarray(planar.shift) @ target
    below = _Frame(matrix=_matrix(lower, transforms[1], target), origin=np.array([0.0, 0.0, -top]))
    above = _Frame(
        matrix=_matrix(upper, transforms[0], target),
        origin=np.array([across[0], across[1], planar.gap - bottom]),
    )
    return below, above


def _matrix(
    cut: Cut, transform: NDArray[np.int64], target: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Carry the unstrained supercell and the normal of a crystal onto the shared cell and z."""
    basis = np.vstack([transform @ cut.stack.plane.vectors, cut.stack.plane.normal])
    images = np.zeros((3, 3))
    images[:2, :2] = target
    images[2, 2] = 1.0
    return np.asarray(np.linalg.inv(basis) @ images)


def _heights(cut: Cut, index: int) -> NDArray[np.float64]:
    """Heights of the atoms of one plane of a cut along the normal, from the crystal's origin, Å."""
    stack = cut.stack
    repeat, within = divmod(index, stack.n_planes)
    members = np.isin(stack.unit_of, stack.planes[within].units)
    return np.asarray(stack.positions[members, 2] + repeat * stack.spacing)


def _half_gap_below(cut: Cut) -> float:
    """Half the distance from the first plane of a cut to the plane below it, Å."""
    return (cut.stack.plane_height(cut.first) - cut.stack.plane_height(cut.first - 1)) / 2


def _facet_index(facets: list[Miller], match: CoincidenceMatch) -> int:
    wanted = reduce_miller(match.substrate_hkl)
    if wanted not in facets:
        raise BuildError(
            f"the facet {wanted} of the match is no face of the core {facets}",
            hint="give the core facets so that one of them is the substrate plane of the match",
        )
    return facets.index(wanted)


def _core_body(
    core: Phase, facets: list[Miller], facet: int, edges: list[float], cut: Cut
) -> tuple[Body, tuple[float, float, float]]:
    """Return the cuboid whose face `facet` ends in the contact plane of the cut."""
    names = named_planes(cut.stack)
    termination = names[cut.last % cut.stack.n_planes]
    normals, bounds = [], []
    for k, hkl in enumerate(facets):
        stack = plane_stack(core, hkl)
        normals.append(stack.plane.normal)
        wanted = termination if termination in named_planes(stack) else None
        lower, upper, extent = plane_bounds(stack, edges[k], wanted)
        if k == facet:
            top = (stack.plane_height(cut.last) + stack.plane_height(cut.last + 1)) / 2
            lower, upper = top - (upper - lower), top
        bounds.append((lower, upper, extent))
    body = between_planes(
        np.array(normals), np.array([b[0] for b in bounds]), np.array([b[1] for b in bounds])
    )
    return body, (bounds[0][2], bounds[1][2], bounds[2][2])


def _cap_body(
    shape: str,
    size: float,
    height: float,
    middle: NDArray[np.float64],
    islands: Sequence[tuple[float, float]],
    frame: _Frame,
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
