"""Two crystals placed in one laboratory frame, as the planar interface of their match is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.cut import Cut, choose_cut
from qdstruct.building.interface import check_request, matched_slabs, stack_slabs
from qdstruct.building.shapes import cuboid_facets, plane_bounds
from qdstruct.building.stack import plane_stack
from qdstruct.building.strain import StrainOn
from qdstruct.building.supercells import matched_transforms
from qdstruct.building.terminations import named_planes
from qdstruct.errors import BuildError
from qdstruct.geometry import reduce_miller
from qdstruct.model import CoincidenceMatch, Interface, Miller, Phase

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["Frame", "Placement", "join_parts", "place_crystals"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """How a crystal lies in the laboratory: ``lab = crystal @ matrix + origin``."""

    matrix: NDArray[np.float64]
    origin: NDArray[np.float64]

    def place(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Carry (n, 3) points of the crystal's frame into the laboratory."""
        return np.asarray(points @ self.matrix + self.origin)

    def back(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        """Carry one point of the laboratory into the crystal's frame."""
        return np.asarray((point - self.origin) @ np.linalg.inv(self.matrix))


@dataclass(frozen=True, kw_only=True, eq=False)
class Placement:
    """A cuboid core and a guest crystal on one of its facets, whose normal is +z."""

    core: Frame
    """Carries the core's crystal frame into the laboratory, its top atoms at z = 0."""
    guest: Frame
    """The same for the guest, strained as asked."""
    gap: float
    """Height of the guest's lowest atoms over the facet, Å."""
    floor: float
    """Height of the guest's cut, half a plane distance below its lowest plane, Å."""
    normals: NDArray[np.float64]
    """(3, 3) unit normals of the core's faces, rows, in its crystal frame."""
    lower: NDArray[np.float64]
    """(3,) heights of the lower cuts, Å."""
    upper: NDArray[np.float64]
    """(3,) heights of the upper cuts, Å."""
    extent: tuple[float, float, float]
    """Edges of the core from plane to plane, Å."""


def place_crystals(
    core: Phase,
    guest: Phase,
    match: CoincidenceMatch,
    *,
    core_size: float | Sequence[float],
    core_facets: Sequence[ArrayLike] | None,
    core_termination: str | None,
    guest_termination: str | None,
    strain_on: StrainOn,
    gap: float | None,
    shift: tuple[float, float],
) -> Placement:
    """Place a guest crystal on a facet of a cuboid core; parameters as in `build_janus`.

    Raises
    ------
    BuildError
        If the facet is no face of the core, or a size, gap or shift does not exist.
    """
    check_request(gap, shift)
    chosen = cuboid_facets(core, match.substrate_hkl) if core_facets is None else core_facets
    facets = [reduce_miller(facet) for facet in chosen]
    facet = _facet_index(facets, match)
    edges = [float(e) for e in np.broadcast_to(np.asarray(core_size, dtype=float), 3)]
    if not np.isfinite(edges).all() or min(edges) <= 0:
        raise BuildError(f"sizes are positive lengths in Å, not {core_size}")
    upper = choose_cut(plane_stack(guest, match.film_hkl), layers=1, bottom=guest_termination)
    lower = choose_cut(plane_stack(core, match.substrate_hkl), layers=1, top=core_termination)
    planar = stack_slabs(
        *matched_slabs(upper, lower, match, 0.0),
        match=match,
        strain_on=strain_on,
        gap=gap,
        shift=shift,
        vacuum=10.0,
    )
    core_frame, guest_frame = _frames(lower, upper, match, planar)
    normals, bounds = _faces(core, facets, facet, edges, lower)
    return Placement(
        core=core_frame,
        guest=guest_frame,
        gap=planar.gap,
        floor=planar.gap - _half_gap_below(upper),
        normals=normals,
        lower=bounds[:, 0],
        upper=bounds[:, 1],
        extent=(float(bounds[0, 2]), float(bounds[1, 2]), float(bounds[2, 2])),
    )


def _frames(
    lower: Cut, upper: Cut, match: CoincidenceMatch, planar: Interface
) -> tuple[Frame, Frame]:
    """Place both crystals exactly as the planar interface does, the core's top atom at z = 0.

    Slabs are cut with the origin of the crystal on the z axis and deformed about it, so the
    supercell vectors, the normal and the height of the contact plane fix the map.
    """
    target = np.asarray(planar.atoms.cell)[:2, :2]
    transforms = matched_transforms(upper.stack, lower.stack, match)
    top = _heights(lower, lower.last).max()
    bottom = _heights(upper, upper.first).min()
    across = np.asarray(planar.shift) @ target
    below = Frame(matrix=_matrix(lower, transforms[1], target), origin=np.array([0.0, 0.0, -top]))
    above = Frame(
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


def _faces(
    core: Phase, facets: list[Miller], facet: int, edges: list[float], cut: Cut
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return normals and (lower, upper, extent) of the cuboid whose face ends as the cut does."""
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
    return np.array(normals), np.array(bounds)


def join_parts(core: Atoms, guest: Atoms, label: str) -> Atoms:
    """Put the atoms of core and guest together, with ``region`` "core" and `label`.

    Raises
    ------
    BuildError
        If one of them holds no atom.
    """
    if not len(core) or not len(guest):
        raise BuildError(f"the core or the {label} holds no atom", hint="choose larger sizes")
    core.set_array("region", np.array(["core"] * len(core), dtype="<U9"))
    guest.set_array("region", np.array([label] * len(guest), dtype="<U9"))
    ids = guest.arrays["molecule"]
    ids[ids >= 0] += core.arrays["molecule"].max() + 1
    return core + guest
