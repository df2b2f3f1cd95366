"""The compiled Metropolis moves of hard cubes with a square well, over cell lists.

Lengths are in cube edges σ, energies in kT. The state is five arrays: ``positions`` (n, 3) inside
the box, ``axes`` (n, 3, 3) with the edge directions as rows, and the cell lists ``members``
(cells, capacity), ``filled`` (cells,) and ``places`` (n, 2) = (cell, slot) of each cube.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qdstruct.simulation.assembly.overlap import compiled, cubes_overlap

__all__ = ["SLIDE", "TRANSLATE", "TURN", "fill_cells", "inspect", "run_moves"]

TRANSLATE, TURN, SLIDE = 0, 1, 2
"""Kinds of move: a small displacement, a small rotation, a long displacement along one axis
of the box, which lets a row flow into a vacancy."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@compiled
def _cell_of(x: float, y: float, z: float, box: Floats, grid: Integers) -> int:
    i = min(int(x / box[0] * grid[0]), grid[0] - 1)
    j = min(int(y / box[1] * grid[1]), grid[1] - 1)
    k = min(int(z / box[2] * grid[2]), grid[2] - 1)
    return int((i * grid[1] + j) * grid[2] + k)


@compiled
def fill_cells(
    positions: Floats, box: Floats, grid: Integers, capacity: int
) -> tuple[Integers, Integers, Integers]:
    """Sort cubes into cells.

    Parameters
    ----------
    positions : (n, 3) array
        Centres inside the box.
    box : (3,) array
        Edges of the periodic box.
    grid : (3,) array
        Cells along each edge; a cell's edge must be at least √3.
    capacity : int
        Most cubes that fit into one cell.

    Returns
    -------
    members, filled, places : int64 arrays
        As described at the top of this module.
    """
    n_cells = grid[0] * grid[1] * grid[2]
    members = np.full((n_cells, capacity), -1, dtype=np.int64)
    filled = np.zeros(n_cells, dtype=np.int64)
    places = np.zeros((positions.shape[0], 2), dtype=np.int64)
    for n in range(positions.shape[0]):
        cell = _cell_of(positions[n, 0], positions[n, 1], positions[n, 2], box, grid)
        members[cell, filled[cell]] = n
        places[n, 0] = cell
        places[n, 1] = filled[cell]
        filled[cell] += 1
    return members, filled, places


@compiled
def _relocate(n: int, cell: int, members: Integers, filled: Integers, places: Integers) -> None:
    """Take a cube out of its cell (the last of the cell takes its slot) and into another."""
    old, slot = places[n, 0], places[n, 1]
    last = members[old, filled[old] - 1]
    members[old, slot] = last
    places[last, 1] = slot
    filled[old] -= 1
    members[old, filled[old]] = -1
    members[cell, filled[cell]] = n
    places[n, 0] = cell
    places[n, 1] = filled[cell]
    filled[cell] += 1


@compiled
def _reach(cells: int) -> tuple[int, int]:
    """Offsets of the cells to visit along one edge, each cell once even in a small box."""
    return (-1, 2) if cells >= 3 else (0, cells)


@compiled
def _nearest(d: float, edge: float) -> float:
    """Return a difference of two coordinates inside the box, to the nearest image."""
    if d > 0.5 * edge:
        return d - edge
    if d < -0.5 * edge:
        return d + edge
    return d


@compiled
def _to_cell(x: float, i: int, width: float, edge: float, cells: int) -> float:
    """Return the squared distance of a coordinate from the slab of a cell; 0 in small boxes."""
    if cells < 3:
        return 0.0
    d = abs(_nearest((i + 0.5) * width - x, edge)) - 0.5 * width
    return d * d if d > 0.0 else 0.0


@compiled
def _contacts(
    n: int,
    x: float,
    y: float,
    z: float,
    own: Floats,
    positions: Floats,
    axes: Floats,
    box: Floats,
    grid: Integers,
    members: Integers,
    filled: Integers,
    well_square: float,
    check: bool,
) -> int:
    """Count the cubes within the well of cube n placed at (x, y, z); −1 if it would overlap."""
    cell = _cell_of(x, y, z, box, grid)
    k0 = cell % grid[2]
    j0 = (cell // grid[2]) % grid[1]
    i0 = cell // (grid[2] * grid[1])
    edge_x, edge_y, edge_z = box[0] / grid[0], box[1] / grid[1], box[2] / grid[2]
    furthest = max(3.0, well_square)
    count = 0
    for di in range(*_reach(grid[0])):
        i = (i0 + di) % grid[0]
        to_x = _to_cell(x, i, edge_x, box[0], grid[0])
        for dj in range(*_reach(grid[1])):
            j = (j0 + dj) % grid[1]
            to_xy = to_x + _to_cell(y, j, edge_y, box[1], grid[1])
            if to_xy >= furthest:
                continue
            for dk in range(*_reach(grid[2])):
                k = (k0 + dk) % grid[2]
                if to_xy + _to_cell(z, k, edge_z, box[2], grid[2]) >= furthest:
                    continue
                other_cell = (i * grid[1] + j) * grid[2] + k
                for slot in range(filled[other_cell]):
                    m = members[other_cell, slot]
                    dx = _nearest(positions[m, 0] - x, box[0])
                    dy = _nearest(positions[m, 1] - y, box[1])
                    dz = _nearest(positions[m, 2] - z, box[2])
                    square = dx * dx + dy * dy + dz * dz
                    if square >= furthest or m == n:
                        continue
                    if check and cubes_overlap(dx, dy, dz, own, axes[m]):
                        return -1
                    if square < well_square:
                        count += 1
    return count


@compiled
def inspect(
    positions: Floats,
    axes: Floats,
    box: Floats,
    grid: Integers,
    members: Integers,
    filled: Integers,
    well_square: float,
) -> tuple[int, int]:
    """Count afresh the pairs within the well and the cubes that overlap another.

    Returns
    -------
    pairs, overlapping : int
        Pairs whose centres are within the well; cubes with at least one overlap.
    """
    twice, overlapping = 0, 0
    for n in range(positions.shape[0]):
        x, y, z = positions[n]
        twice += _contacts(
            n, x, y, z, axes[n], positions, axes, box, grid, members, filled, well_square, False
        )
        clear = _contacts(
            n, x, y, z, axes[n], positions, axes, box, grid, members, filled, well_square, True
        )
        overlapping += 1 if clear < 0 else 0
    return twice // 2, overlapping


@compiled
def _turned(own: Floats, largest: float, rng: np.random.Generator, turned: Floats) -> None:
    """Rotate by an angle uniform in ±largest about an axis uniform on the sphere."""
    c = 2.0 * rng.random() - 1.0
    s = np.sqrt(1.0 - c * c)
    azimuth = 2.0 * np.pi * rng.random()
    u0, u1, u2 = s * np.cos(azimuth), s * np.sin(azimuth), c
    angle = largest * (2.0 * rng.random() - 1.0)
    ca, sa = np.cos(angle), np.sin(angle)
    for i in range(2):
        v0, v1, v2 = own[i, 0], own[i, 1], own[i, 2]
        along = (1.0 - ca) * (u0 * v0 + u1 * v1 + u2 * v2)
        turned[i, 0] = v0 * ca + (u1 * v2 - u2 * v1) * sa + u0 * along
        turned[i, 1] = v1 * ca + (u2 * v0 - u0 * v2) * sa + u1 * along
        turned[i, 2] = v2 * ca + (u0 * v1 - u1 * v0) * sa + u2 * along
    norm = np.sqrt(turned[0, 0] ** 2 + turned[0, 1] ** 2 + turned[0, 2] ** 2)
    dot = 0.0
    for k in range(3):
        turned[0, k] /= norm
        dot += turned[0, k] * turned[1, k]
    for k in range(3):
        turned[1, k] -= dot * turned[0, k]
    norm = np.sqrt(turned[1, 0] ** 2 + turned[1, 1] ** 2 + turned[1, 2] ** 2)
    for k in range(3):
        turned[1, k] /= norm
    for k in range(3):
        k1, k2 = (k + 1) % 3, (k + 2) % 3
        turned[2, k] = turned[0, k1] * turned[1, k2] - turned[0, k2] * turned[1, k1]


@compiled
def _wrapped(x: float, edge: float) -> float:
    x -= edge * np.floor(x / edge)
    return x if x < edge else 0.0


@compiled
def run_moves(
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
    steps: Floats,
    shares: Floats,
    free: Floats,
    n_moves: int,
) -> tuple[int, Integers]:
    """Make Metropolis moves of cubes drawn at random (Metropolis et al., J. Chem. Phys. 1953).

    Every proposal is as probable as its reverse, so accepting with min(1, exp(−ΔE/kT)) keeps
    detailed balance as long as `steps` are not changed.

    Parameters
    ----------
    rng : numpy.random.Generator
        Its state is advanced.
    positions, axes, members, filled, places : arrays
        State, changed in place (see the top of this module).
    box, grid : (3,) arrays
        Periodic box and its cells.
    well, well_square : float
        Energy of a pair within the well in kT, negative for attraction; its range squared.
    steps : (3,) array
        Largest displacement, largest rotation (radians), largest slide along one axis.
    shares : (2,) array
        Parts of the moves that are rotations and slides; the rest are displacements.
    free : (3,) array
        1 or 0 for each direction in which cubes may move (for tests in one dimension).
    n_moves : int
        How many.

    Returns
    -------
    pairs : int
        Change of the number of pairs within the well; not counted, 0, where the well is 0.
    made : (3, 2) int64 array
        Tried and accepted moves of each kind.
    """
    made = np.zeros((3, 2), dtype=np.int64)
    change = 0
    turned = np.empty((3, 3))
    for _ in range(n_moves):
        n = int(rng.random() * positions.shape[0])
        choice = rng.random()
        x, y, z = positions[n]
        if choice < shares[0]:
            made[TURN, 0] += 1
            _turned(axes[n], steps[TURN], rng, turned)
            found = _contacts(
                n, x, y, z, turned, positions, axes, box, grid, members, filled, 0.0, True
            )
            if found >= 0:
                for i in range(3):  # axes[n] = turned takes seconds to compile
                    for k in range(3):
                        axes[n, i, k] = turned[i, k]
                made[TURN, 1] += 1
            continue
        kind = SLIDE if choice < shares[0] + shares[1] else TRANSLATE
        made[kind, 0] += 1
        if kind == SLIDE:
            direction = int(3 * rng.random())
            length = steps[SLIDE] * (2.0 * rng.random() - 1.0)
            x += length * free[0] if direction == 0 else 0.0
            y += length * free[1] if direction == 1 else 0.0
            z += length * free[2] if direction == 2 else 0.0
        else:
            x += steps[TRANSLATE] * (2.0 * rng.random() - 1.0) * free[0]
            y += steps[TRANSLATE] * (2.0 * rng.random() - 1.0) * free[1]
            z += steps[TRANSLATE] * (2.0 * rng.random() - 1.0) * free[2]
        x, y, z = _wrapped(x, box[0]), _wrapped(y, box[1]), _wrapped(z, box[2])
        new = _contacts(
            n, x, y, z, axes[n], positions, axes, box, grid, members, filled, well_square, True
        )
        if new < 0:
            continue
        gained = 0
        if well != 0.0:
            old = _contacts(
                n, positions[n, 0], positions[n, 1], positions[n, 2], axes[n],
                positions, axes, box, grid, members, filled, well_square, False,
            )  # fmt: skip
            gained = new - old
            if well * gained > 0.0 and rng.random() >= np.exp(-well * gained):
                continue
        change += gained
        made[kind, 1] += 1
        positions[n, 0], positions[n, 1], positions[n, 2] = x, y, z
        cell = _cell_of(x, y, z, box, grid)
        if cell != places[n, 0]:
            _relocate(n, cell, members, filled, places)
    return change, made
