"""Polar faces made non-polar: a share of the ions of one face moves to the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, product
from math import comb, prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.cut import Cut
from qdstruct.building.slab_atoms import lattice_points
from qdstruct.building.stack import PlaneStack
from qdstruct.building.terminations import (
    Face,
    cut_valences,
    named_planes,
    resolve_termination,
)
from qdstruct.building.variants import describe_cut, impossible_slab
from qdstruct.errors import BuildError

__all__ = ["Reconstruction", "choose_reconstruction", "spread_ions"]

LARGEST_CELL = 16
"""Multiples of the in-plane cell among which ions are counted out."""

MOST_CHOICES = 20_000
"""Sets of ions looked at in one supercell."""

LARGEST_LOSS = Fraction(1, 2)
"""Part of a plane that was asked for by name that may leave it."""

EXACT = 1e-7
"""How far the ions to be moved may be from a whole number."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reconstruction:
    """Which ions of a polar slab change sides."""

    cut: Cut
    """The polar, stoichiometric slab."""
    share: Fraction
    """Part of the ions of the outermost plane that moves."""
    origin: Literal["top", "bottom"]
    """Face they leave."""
    transform: NDArray[np.int64]
    """(2, 2) in-plane supercell, in primitive vectors."""

    @property
    def plane(self) -> int:
        """Index of the plane that gives the ions, within the repeat."""
        index = self.cut.last if self.origin == "top" else self.cut.first
        return index % self.cut.stack.n_planes


def choose_reconstruction(
    stack: PlaneStack,
    *,
    layers: int,
    bottom: str | None = None,
    top: str | None = None,
    base: NDArray[np.int64],
    perpendicular: bool = False,
) -> Reconstruction:
    """Choose which ions to move so that a polar slab loses its dipole and keeps its composition.

    Parameters
    ----------
    stack : PlaneStack
        The crystal along its normal.
    layers : int
        Whole repeats of the plane spacing.
    bottom, top : str, optional
        Terminations of the slab before ions are moved; the ions leave a plane named here.
    base : (2, 2) integer array
        In-plane cell of which the supercell is a multiple.
    perpendicular : bool
        Whether the vectors of the supercell have to be perpendicular.

    Raises
    ------
    BuildError
        If no share of whole ions in up to 16 in-plane cells takes the dipole away, the
        terminations do not exist, or more than half of the named plane would have to go.

    Notes
    -----
    A slab of N whole repeats of height D has the dipole μ per in-plane cell. Ions of the total
    charge Q that go from the top plane to the sites that the crystal offers below the bottom plane
    move by N D exactly, so that Q = μ / (N D) takes the dipole away whatever the thickness: half of
    the plane for rock salt (111) and zinc blende (001), a quarter for zinc blende (111) (Tasker, J.
    Phys. C 12, 4977 (1979); Noguera, J. Phys. Condens. Matter 12, R367 (2000)).

    The rule: of all cuts, and of moving from top to bottom or back, the one that moves the fewest
    ions, breaks the least bond valence, and moves anions; of equals the first. Where a termination
    is named, only moves of at most half of the named plane count, so that its face keeps at least
    half of it and is not covered with the ions of the other; of two named planes either may give
    the ions, and the other is then covered with them. The supercell is the smallest that makes the
    ions whole numbers of every kind, and of those the one in which they lie farthest apart
    (`spread_ions`).
    """
    choices = list(_choices(stack, layers, bottom, top))
    if not choices:
        raise impossible_slab(stack, "nonpolar", layers=layers, bottom=bottom, top=top)
    named = {"bottom": bottom, "top": top}
    if any(named.values()):
        choices = [one for one in choices if named[one.origin] and one.share <= LARGEST_LOSS]
    if not choices:
        raise _lost_termination(stack, layers, bottom, top)
    valences = cut_valences(stack)

    def cost(one: Reconstruction) -> tuple[float, ...]:
        plane = stack.planes[one.plane]
        first, last = one.cut.first % stack.n_planes, one.cut.last % stack.n_planes
        moved = round(float(one.share) * len(plane.units), 6)
        broken = round(float(valences[last] + valences[first - 1]), 3)
        return moved, broken, float(plane.charge > 0), float(one.origin == "bottom"), one.cut.first

    best = min(choices, key=cost)
    return replace(best, transform=_supercell(best, base, perpendicular))


def _lost_termination(
    stack: PlaneStack, layers: int, bottom: str | None, top: str | None
) -> BuildError:
    """Return the error for a named plane of which less than half would stay."""
    names = named_planes(stack)
    asked: tuple[tuple[Face, str | None], ...] = (("bottom", bottom), ("top", top))
    wanted = {face: names[resolve_termination(stack, name, face)] for face, name in asked if name}
    kept = {
        (names[one.plane], one.origin): 1 - one.share
        for one in _choices(stack, layers, None, None)
        if one.share <= LARGEST_LOSS
    }
    hkl, opposite = (",".join(str(sign * i) for i in stack.plane.hkl) for sign in (1, -1))
    ways = [f"{name} at the {face} ({left} of it stays)" for (name, face), left in kept.items()]
    turned = [(name, "bottom" if face == "top" else "top") for face, name in wanted.items()]
    if all(one in kept for one in turned):
        ways.append(f"the same on the opposite face ({opposite})")
    faces = " and ".join(f"{name} at the {face}" for face, name in wanted.items())
    return BuildError(
        f"{stack.phase.name} ({hkl}) with {faces} does not become non-polar by moving at most "
        f"{LARGEST_LOSS} of the named plane to the other face",
        hint="possible: " + "; ".join([*ways, "no termination named"]),
    )


def _choices(
    stack: PlaneStack, layers: int, bottom: str | None, top: str | None
) -> Iterator[Reconstruction]:
    """Every stoichiometric cut with a share of one face that takes its dipole away."""
    names = named_planes(stack)
    low = None if bottom is None else names[resolve_termination(stack, bottom, "bottom")]
    high = None if top is None else names[resolve_termination(stack, top, "top")]
    for first in range(stack.n_planes):
        cut = Cut(stack=stack, first=first, last=first + layers * stack.n_planes - 1,
                  n_layers=layers)  # fmt: skip
        if low not in (None, names[first]) or high not in (None, names[cut.last % stack.n_planes]):
            continue
        needed = describe_cut(cut).dipole / (layers * stack.spacing)
        for origin, charge in (("top", needed), ("bottom", -needed)):
            index = cut.last if origin == "top" else cut.first
            own = stack.planes[index % stack.n_planes].charge
            share = 0.0 if abs(own) < EXACT else charge / own
            exact = Fraction(share).limit_denominator(LARGEST_CELL * 4)
            if 0 < share < 1 and abs(float(exact) - share) < EXACT:
                found = Reconstruction(cut=cut, share=exact, origin=origin,  # type: ignore[arg-type]
                                       transform=np.eye(2, dtype=np.int64))  # fmt: skip
                if _multiple(found) <= LARGEST_CELL:
                    yield found


def _kinds(one: Reconstruction) -> dict[tuple[int, ...], list[int]]:
    """Units of the plane that gives the ions, by what they consist of."""
    stack = one.cut.stack
    kinds: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for unit in stack.planes[one.plane].units:
        kinds[tuple(sorted(stack.numbers[stack.unit_of == unit].tolist()))].append(int(unit))
    return kinds


def _multiple(one: Reconstruction) -> int:
    """Smallest number of primitive in-plane cells in which whole ions of every kind move."""
    return int(np.lcm.reduce([(one.share * len(units)).denominator
                              for units in _kinds(one).values()]))  # fmt: skip


def _supercell(
    one: Reconstruction, base: NDArray[np.int64], perpendicular: bool
) -> NDArray[np.int64]:
    """Return the supercell in which the ions that move lie farthest apart, then the most compact.

    The candidates are all lattices of the least index (Hermite normal forms).
    """
    vectors = one.cut.stack.vectors
    cells = round(float(np.linalg.det(base)))
    multiple = int(np.lcm(cells, _multiple(one))) // cells
    forms = [
        np.array([[a, b], [0, multiple // a]]) @ base
        for a in range(1, multiple + 1)
        if multiple % a == 0
        for b in range(multiple // a)
    ]
    found = [_compact(form, vectors) for form in forms]
    if perpendicular:
        found = [one for one in found if abs(float(np.dot(*(one @ vectors)))) < 1e-4]

    def cost(transform: NDArray[np.int64]) -> tuple[float, ...]:
        spread = spread_ions(one, transform)[0]
        return -spread, round(float(np.linalg.norm(transform @ vectors, axis=1).sum()), 3)

    return min(found, key=cost)


def _compact(transform: NDArray[np.int64], vectors: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the shortest right-handed basis of the same in-plane lattice (Gauss)."""
    while True:
        first, second = transform @ vectors
        turns = round(float(first @ second / (first @ first)) - 1e-6)
        transform = np.array([transform[0], transform[1] - turns * transform[0]])
        lengths = np.linalg.norm(transform @ vectors, axis=1)
        if lengths[0] <= lengths[1] + 1e-6:
            return transform
        transform = np.array([transform[1], -transform[0]])


def spread_ions(one: Reconstruction, transform: NDArray[np.int64]) -> tuple[float, list[int]]:
    """Choose the ions of a supercell that move: the most evenly spaced.

    Returns the smallest distance between moved ions of one kind, periodic images included, in Å,
    and the places (unit of the plane, cell) counted unit after unit, as `cut_atoms` orders them.
    Of choices equally wide the one whose moved ions of different kinds lie closest together wins,
    so that pieces of crystal move rather than single ions, then the first.
    """
    stack = one.cut.stack
    cells = round(float(np.linalg.det(transform)))
    points = lattice_points(transform)
    units = [int(unit) for unit in stack.planes[one.plane].units]
    places = {unit: number for number, unit in enumerate(units)}
    groups = []
    for members in _kinds(one).values():
        at = [places[unit] * cells + cell for unit in members for cell in range(cells)]
        groups.append((at, int(one.share * len(members) * cells)))
    sites = np.array([stack.centres[unit, :2] + point @ stack.vectors
                      for unit in units for point in points])  # fmt: skip
    apart = _separations(sites, transform @ stack.vectors)
    if prod(comb(len(at), count) for at, count in groups) > MOST_CHOICES:
        raise BuildError("too many ways to choose the ions that move", hint="name a termination")
    best: tuple[tuple[float, float], list[int]] | None = None
    for choice in product(*(combinations(at, count) for at, count in groups)):
        alike = min(float(apart[np.ix_(own, own)].min()) for own in choice if own)
        mixed = sum(float(apart[np.ix_(a, b)].min(axis=1).sum())
                    for a, b in combinations(choice, 2))  # fmt: skip
        rank = (-round(alike, 3), round(mixed, 3))
        if best is None or rank < best[0]:
            best = (rank, sorted(place for own in choice for place in own))
    assert best is not None
    return -best[0][0], best[1]


def _separations(sites: NDArray[np.float64], cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """In-plane distances between sites to the nearest image; of a site to its own nearest image."""
    steps = np.array(list(product(range(-2, 3), repeat=2))) @ cell
    vectors = sites[:, None] - sites[None]
    distances = np.linalg.norm(vectors[:, :, None] + steps, axis=-1)
    distances[distances < 1e-6] = np.inf
    return np.asarray(distances.min(axis=-1))
