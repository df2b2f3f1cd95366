"""Shapes of particles as bodies in a crystal: cuboids on chosen facets, spheres, Wulff forms."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.carving import Body
from qdstruct.building.stack import PlaneStack, plane_stack
from qdstruct.building.terminations import (
    named_planes,
    natural_cut,
    resolve_termination,
    terminations,
)
from qdstruct.errors import BuildError
from qdstruct.geometry import primitive_lattice, reduce_miller
from qdstruct.model import Miller, Phase

__all__ = [
    "between_planes",
    "cuboid",
    "cuboid_facets",
    "plane_bounds",
    "refuse_less_than_a_cell",
    "sphere",
]


MOST_REPEATS = 1000
"""Repeats along an edge; a particle of so many would hold 10⁹ cells."""

WHOLE = 0.98
"""A length may fall short of one repeat by this factor: published edges are rounded."""

UNITS_HINT = "lengths without a unit are Å: 3 nm is 3nm or 30"


def plane_bounds(
    stack: PlaneStack, size: float, termination: str | None
) -> tuple[float, float, float]:
    """Choose the two planes between which a particle lies.

    Parameters
    ----------
    stack : PlaneStack
        The crystal along the facet normal.
    size : float
        Wanted distance between the two outermost planes, Å.
    termination : str, optional
        The plane on both faces; where nature would cut when left out.

    Returns
    -------
    lower, upper, extent : float
        Heights of the two cuts (midway to the next plane outside) and the distance between the
        outermost planes, Å.

    Raises
    ------
    BuildError
        If the size is smaller than the least distance of two such planes, or a thousand times
        larger.
    """
    if size > MOST_REPEATS * stack.spacing:
        raise BuildError(
            f"a particle of {size / 10:g} nm holds too many atoms to be written",
            hint=UNITS_HINT,
        )
    names = named_planes(stack)
    index = natural_cut(stack) if termination is None else resolve_termination(
        stack, termination, "top"
    )  # fmt: skip
    reach = int(np.ceil(size / stack.spacing)) + 2
    indices = np.arange(-reach * stack.n_planes, (reach + 1) * stack.n_planes)
    ends = [int(i) for i in indices if names[i % stack.n_planes] == names[index]]
    heights = np.array([stack.plane_height(i) for i in ends])
    extents = heights[None, :] - heights[:, None]
    error = np.abs(extents - size) + 1e-3 * np.abs(heights[None, :] + heights[:, None])
    error[extents <= 1e-6] = np.inf
    first, last = np.unravel_index(int(np.argmin(error)), error.shape)
    extent = float(extents[first, last])
    least = float(extents[extents > 1e-6].min())
    if size < WHOLE * least:
        raise BuildError(
            f"a particle of {size:g} Å is thinner than one repeat of {stack.phase.name} "
            f"{stack.plane.hkl} ({least:.2f} Å)",
            hint=UNITS_HINT,
        )
    lower = (stack.plane_height(ends[first]) + stack.plane_height(ends[first] - 1)) / 2
    upper = (stack.plane_height(ends[last]) + stack.plane_height(ends[last] + 1)) / 2
    return lower, upper, extent


def cuboid_facets(phase: Phase, containing: ArrayLike | None = None) -> list[Miller]:
    """Choose three mutually perpendicular faces of low index for a cuboid.

    Parameters
    ----------
    phase : Phase
        The crystal.
    containing : three integers, optional
        A face that must be among them.

    Returns
    -------
    list of three Miller indices
        The least polar choice (lowest Tasker types), then the lowest indices: {100} of cubic
        CsPbBr3, and its pseudo-cubic faces (110), (1-10), (001) in Pbnm.

    Raises
    ------
    BuildError
        If no three faces with indices up to 1 are perpendicular within 2°.
    """
    reciprocal = np.linalg.inv(np.asarray(phase.atoms.cell)).T
    fixed = None if containing is None else reduce_miller(containing)
    steps = product((1, 0, -1), repeat=3)
    faces: list[Miller] = [(h, k, i) for h, k, i in steps if (h, k, i) > (0, 0, 0)]
    if fixed is not None and fixed not in faces:
        faces.append(fixed)
    normals = {h: np.asarray(h) @ reciprocal for h in faces}
    normals = {h: vector / np.linalg.norm(vector) for h, vector in normals.items()}
    polarity: dict[Miller, int] = {}
    best: tuple[int, int, list[Miller]] | None = None
    for triple in combinations(faces, 3):
        if fixed is not None and fixed not in triple:
            continue
        if any(abs(float(normals[a] @ normals[b])) > 0.035 for a, b in combinations(triple, 2)):
            continue
        for face in triple:
            if face not in polarity:
                polarity[face] = min(t.tasker_type for t in terminations(phase, face))
        polar = sum(polarity[face] for face in triple)
        rank = (polar, sum(abs(index) for face in triple for index in face))
        if best is None or rank < best[:2]:
            best = (*rank, list(triple))
    if best is None:
        raise BuildError(
            f"{phase.name} has no three perpendicular faces of low index",
            hint="name three facets, or carve a sphere or a Wulff form",
        )
    return best[2]


def cuboid(
    phase: Phase,
    facets: Sequence[ArrayLike],
    sizes: Sequence[float],
    termination: str | None = None,
) -> tuple[Body, tuple[float, float, float]]:
    """Return the body between three pairs of facets, and its edges in Å.

    Parameters
    ----------
    phase : Phase
        The crystal.
    facets : three Miller indices
        Normals of the faces, not in one plane.
    sizes : three floats
        Wanted edge along each normal, Å; the nearest whole number of planes is taken.
    termination : str, optional
        Plane on all faces, where the facet has it.

    Raises
    ------
    BuildError
        If the facets do not enclose a body, or a size is too small.
    """
    if len(facets) != 3 or len(sizes) != 3:
        raise BuildError("a cuboid has three facets and three sizes")
    if min(sizes) <= 0:
        raise BuildError(f"sizes are positive lengths, not {list(sizes)}")
    stacks = [plane_stack(phase, reduce_miller(facet)) for facet in facets]
    normals = np.array([stack.plane.normal for stack in stacks])
    if abs(np.linalg.det(normals)) < 0.1:
        raise BuildError(f"the facets {[s.plane.hkl for s in stacks]} do not enclose a body")
    bounds = [
        plane_bounds(stack, size, termination) for stack, size in zip(stacks, sizes, strict=True)
    ]
    lower = np.array([bound[0] for bound in bounds])
    upper = np.array([bound[1] for bound in bounds])
    extents = (bounds[0][2], bounds[1][2], bounds[2][2])
    return between_planes(normals, lower, upper), extents


def between_planes(
    normals: NDArray[np.float64], lower: NDArray[np.float64], upper: NDArray[np.float64]
) -> Body:
    """Return the parallelepiped ``lower < normals @ r < upper``.

    Parameters
    ----------
    normals : (3, 3) array
        Unit normals as rows.
    lower, upper : (3,) arrays
        Heights of the faces above the origin, Å.
    """
    inverse = np.linalg.inv(normals)
    centre = inverse @ ((lower + upper) / 2)
    signs = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)])
    corners = (signs * (upper - lower) / 2) @ inverse.T

    def inside(points: NDArray[np.float64]) -> NDArray[np.bool_]:
        heights = points @ normals.T
        return np.asarray(((heights > lower) & (heights < upper)).all(axis=1))

    radius = float(np.linalg.norm(corners, axis=1).max())
    return Body(centre=centre, radius=radius, inside=inside)


def refuse_less_than_a_cell(phase: Phase, size: float, what: str) -> None:
    """Refuse a body in which not even one primitive cell of the crystal finds room.

    Parameters
    ----------
    phase : Phase
        The crystal.
    size : float
        Diameter or edge, Å.
    what : str
        What is so small, for the message.

    Raises
    ------
    BuildError
        If the size is less than the shortest vector of the primitive lattice.
    """
    least = float(np.linalg.norm(primitive_lattice(phase.atoms), axis=1).min())
    if size < WHOLE * least:
        raise BuildError(
            f"{what} of {size:g} Å is smaller than one cell of {phase.name} ({least:.2f} Å)",
            hint=UNITS_HINT,
        )


def sphere(centre: ArrayLike, diameter: float) -> Body:
    """Return a sphere, Å.

    Raises
    ------
    BuildError
        For a diameter that is not positive.
    """
    if not diameter > 0:
        raise BuildError(f"a diameter of {diameter:g} Å does not exist")
    middle = np.asarray(centre, dtype=float)

    def inside(points: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.asarray(np.linalg.norm(points - middle, axis=1) <= diameter / 2 + 1e-6)

    return Body(centre=middle, radius=diameter / 2, inside=inside)
