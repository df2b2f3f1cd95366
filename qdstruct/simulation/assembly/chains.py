"""Event chains: rows of cubes that push each other along, without a rejected move.

A cube moves along an edge of the box until it touches another, which carries on with the length
that is left (Bernard, Krauth and Wilson, Phys. Rev. E 80, 056704 (2009)). In a square well it may
also have to hand over where a pair would leave the well: with probability 1 − exp(−ΔE/kT) of that
pair alone (factorised Metropolis filter, Michel, Kapfer and Krauth, J. Chem. Phys. 140, 054116
(2014)). Whole rows flow in one move, which is what a crystal with vacancies needs to forget its
start.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qdstruct.simulation.assembly.moves import _cell_of, _contacts, _nearest, _relocate, _wrapped
from qdstruct.simulation.assembly.overlap import compiled

__all__ = ["run_chains", "touching_distance"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_MARGIN = 1e-9
"""Cubes stop this short of touching, so that rounding never makes them overlap."""
LONGEST_STEP = 0.6
"""σ: a cube that meets nothing is looked at again after this length."""
LONGEST_HALF = float(np.sqrt(3.0) / 2)
"""σ: half the diagonal of a cube."""
SMALLEST_BOX = 2 * (np.sqrt(3.0) + LONGEST_STEP)
"""σ: in a smaller box a cube could meet two images of another."""


@compiled
def touching_distance(
    x: float, y: float, z: float, direction: int, sign: float, first: Floats, second: Floats
) -> float:
    """Return how far the first cube can move along an axis of the box until it touches the second.

    Parameters
    ----------
    x, y, z : float
        From the first centre to the second, in edge lengths.
    direction, sign : int, float
        The axis 0, 1 or 2 and ±1.
    first, second : (3, 3) array
        Edge directions of each cube, rows, orthonormal.

    Returns
    -------
    float
        Infinite if it never does. The projections on each of the 15 separating axes overlap for an
        interval of lengths; the cubes do where all 15 do.
    """
    begin, end = -np.inf, np.inf
    axis = np.empty(3)
    for number in range(15):
        if number < 3:
            for c in range(3):
                axis[c] = first[number, c]
        elif number < 6:
            for c in range(3):
                axis[c] = second[number - 3, c]
        else:
            i, j = (number - 6) // 3, (number - 6) % 3
            for c in range(3):
                c1, c2 = (c + 1) % 3, (c + 2) % 3
                axis[c] = first[i, c1] * second[j, c2] - first[i, c2] * second[j, c1]
        reach = 0.0
        for i in range(3):
            one = first[i, 0] * axis[0] + first[i, 1] * axis[1] + first[i, 2] * axis[2]
            two = second[i, 0] * axis[0] + second[i, 1] * axis[1] + second[i, 2] * axis[2]
            reach += 0.5 * (abs(one) + abs(two))
        if reach < 1e-9:
            continue
        away = x * axis[0] + y * axis[1] + z * axis[2]
        speed = sign * axis[direction]
        if abs(speed) < 1e-12:
            if abs(away) >= reach:
                return np.inf
            continue
        low, high = (away - reach) / speed, (away + reach) / speed
        begin, end = max(begin, min(low, high)), min(end, max(low, high))
        if begin >= end or end <= 0.0:
            return np.inf
    return max(begin, 0.0)


@compiled
def _well_event(
    square: float, ahead: float, well: float, well_square: float, rng: np.random.Generator
) -> float:
    """Return where the moving cube hands over at the edge of a pair's well, or infinity."""
    root = ahead * ahead - square + well_square
    if root <= 0.0:
        return np.inf
    edge = np.sqrt(root)
    place = ahead + edge if well < 0.0 else ahead - edge
    if place <= 0.0 or rng.random() < np.exp(-abs(well)):
        return np.inf
    return float(place)


@compiled
def _half_extent(axes: Floats, k: int) -> float:
    """Return half the width of a cube along an edge of the box."""
    return float(0.5 * (abs(axes[0, k]) + abs(axes[1, k]) + abs(axes[2, k])))


@compiled
def _span(cells: int, along: bool, sign: float) -> tuple[int, int]:
    """Offsets of the cells to visit along one edge, two ahead, each cell once."""
    if not along:
        return (-1, 2) if cells >= 3 else (0, cells)
    if cells < 4:
        return (0, cells)
    return (-1, 3) if sign > 0 else (-2, 2)


@compiled
def _next_event(
    n: int,
    direction: int,
    sign: float,
    left: float,
    positions: Floats,
    axes: Floats,
    box: Floats,
    grid: Integers,
    members: Integers,
    filled: Integers,
    well: float,
    well_square: float,
    rng: np.random.Generator,
) -> tuple[float, int]:
    """Return how far cube n goes and which cube carries on; −1 if none does."""
    step, other = min(left, LONGEST_STEP), -1
    x, y, z = positions[n]
    d1, d2 = (direction + 1) % 3, (direction + 2) % 3
    half, half_1, half_2 = (
        _half_extent(axes[n], direction), _half_extent(axes[n], d1), _half_extent(axes[n], d2)
    )  # fmt: skip
    cell = _cell_of(x, y, z, box, grid)
    k0, j0, i0 = cell % grid[2], (cell // grid[2]) % grid[1], cell // (grid[2] * grid[1])
    for di in range(*_span(grid[0], direction == 0, sign)):
        for dj in range(*_span(grid[1], direction == 1, sign)):
            for dk in range(*_span(grid[2], direction == 2, sign)):
                here = ((i0 + di) % grid[0] * grid[1] + (j0 + dj) % grid[1]) * grid[2]
                here += (k0 + dk) % grid[2]
                for slot in range(filled[here]):
                    m = members[here, slot]
                    if m == n:
                        continue
                    dx = _nearest(positions[m, 0] - x, box[0])
                    dy = _nearest(positions[m, 1] - y, box[1])
                    dz = _nearest(positions[m, 2] - z, box[2])
                    square = dx * dx + dy * dy + dz * dz
                    ahead = sign * (dx if direction == 0 else dy if direction == 1 else dz)
                    if well != 0.0:
                        place = _well_event(square, ahead, well, well_square, rng)
                        if place < step:
                            step, other = max(0.0, place - _MARGIN), m
                    if ahead < 0.0 and square > 3.0:
                        continue
                    # edges of the box are separating axes: across the motion projections stay,
                    # along it they meet after `ahead` minus both half widths
                    across_1 = abs(dy if direction == 0 else dz if direction == 1 else dx) - half_1
                    across_2 = abs(dz if direction == 0 else dx if direction == 1 else dy) - half_2
                    if across_1 >= LONGEST_HALF or across_2 >= LONGEST_HALF:
                        continue
                    if across_1 >= _half_extent(axes[m], d1):
                        continue
                    if across_2 >= _half_extent(axes[m], d2):
                        continue
                    if ahead - half - _half_extent(axes[m], direction) >= step + _MARGIN:
                        continue
                    place = touching_distance(dx, dy, dz, direction, sign, axes[n], axes[m])
                    if place < step + _MARGIN:
                        step, other = max(0.0, place - _MARGIN), m
    return step, other


@compiled
def run_chains(
    rng: np.random.Generator,
    positions: Floats,
    axes: Floats,
    box: Floats,
    grid: Integers,
    members: Integers,
    filled: Integers,
    places: Integers,
    well: float,
    well_square: float,
    free: Floats,
    length: float,
    n_chains: int,
) -> int:
    """Make event chains, each from a cube drawn at random in a direction drawn at random.

    Parameters
    ----------
    rng, positions, axes, box, grid, members, filled, places, well, well_square, free
        As `run_moves`; every edge of the box is at least `SMALLEST_BOX`.
    length : float
        Sum of all displacements of one chain, σ.
    n_chains : int
        How many.

    Returns
    -------
    int
        Change of the number of pairs within the well; not counted, 0, where the well is 0.
    """
    change = 0
    for _ in range(n_chains):
        n = int(rng.random() * positions.shape[0])
        direction = int(3 * rng.random())
        sign = 1.0 if rng.random() < 0.5 else -1.0
        if free[direction] == 0.0:
            continue
        left = length
        while left > 0.0:
            step, other = _next_event(
                n, direction, sign, left, positions, axes, box, grid, members, filled,
                well, well_square, rng,
            )  # fmt: skip
            x, y, z = positions[n]
            if well != 0.0:
                change -= _contacts(
                    n, x, y, z, axes[n], positions, axes, box, grid, members, filled,
                    well_square, False,
                )  # fmt: skip
            positions[n, direction] = _wrapped(
                positions[n, direction] + sign * step, box[direction]
            )
            x, y, z = positions[n]
            cell = _cell_of(x, y, z, box, grid)
            if cell != places[n, 0]:
                _relocate(n, cell, members, filled, places)
            if well != 0.0:
                change += _contacts(
                    n, x, y, z, axes[n], positions, axes, box, grid, members, filled,
                    well_square, False,
                )  # fmt: skip
            left -= step if step > 0.0 else _MARGIN
            if other >= 0:
                n = other
    return change
