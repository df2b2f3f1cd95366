"""Monte Carlo of cubes against statistics that are known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from scipy.stats import kstest

from qdstruct.simulation.assembly.chains import run_chains, touching_distance
from qdstruct.simulation.assembly.moves import (
    SLIDE,
    TRANSLATE,
    TURN,
    fill_cells,
    inspect,
    run_moves,
)
from qdstruct.simulation.assembly.overlap import cubes_overlap


class Gas:
    """A few cubes in a box, moved by the compiled kernel."""

    def __init__(self, positions, box, *, well=0.0, reach=1.14, shares=(0.4, 0.1), free=(1, 1, 1),
                 steps=(0.4, 0.5, 1.0), seed=1, chains=False):  # fmt: skip
        self.positions = np.array(positions, dtype=float)
        self.axes = np.tile(np.eye(3), (len(positions), 1, 1))
        self.box = np.array(box, dtype=float)
        self.grid = np.maximum(1, (self.box / np.sqrt(3)).astype(np.int64))
        self.cells = fill_cells(self.positions, self.box, self.grid, 200)
        self.well, self.reach, self.rng = well, reach, np.random.default_rng(seed)
        self.chains = chains
        self.rest = [np.array(x, dtype=float) for x in (steps, shares, free)]
        self.pairs = 0

    def move(self, count):
        if self.chains:
            self.pairs += run_chains(
                self.rng, self.positions, self.axes, self.box, self.grid, *self.cells, self.well,
                self.reach**2, self.rest[2], 1.7, max(1, count // 10),
            )  # fmt: skip
            count -= count // 2
        change, made = run_moves(
            self.rng, self.positions, self.axes, self.box, self.grid, *self.cells, self.well,
            self.reach**2, *self.rest, count,
        )  # fmt: skip
        self.pairs += change
        return made

    def differences(self):
        away = self.positions[:, None] - self.positions[None]
        return away - self.box * np.rint(away / self.box)

    def distances(self):
        return np.linalg.norm(self.differences(), axis=2)[np.triu_indices(len(self.positions), 1)]


def row_of(n, length, **options):
    """Cubes in a row that can move along x only: a gas of hard rods."""
    x = (np.arange(n) + 0.5) * length / n
    places = np.column_stack([x, np.full(n, 2.0), np.full(n, 2.0)])
    return Gas(places, (length, 4, 4), shares=(0.0, 0.3), free=(1, 0, 0), **options)


def surface_gaps(gas):
    x = np.sort(gas.positions[:, 0])
    return np.diff(np.append(x, x[0] + gas.box[0])) - 1.0


def test_one_cube_is_never_refused():
    made = Gas([[1, 1, 1]], (4, 4, 4)).move(3000)
    assert made[:, 0].sum() == 3000
    assert (made[:, 0] > 200).all()
    assert (made[:, 0] == made[:, 1]).all()


def test_two_cubes_in_a_large_box_have_the_pair_distribution_of_the_virial():
    """Hard cubes: the probability of r < √3 is (V(√3) − 11)/(V − 11), 11 σ³ excluded on average."""
    gas = Gas([[1, 1, 1], [3, 3, 3]], (5, 5, 5), steps=(1.5, 1.5, 2.5), seed=4)
    near = []
    for _ in range(30_000):
        gas.move(6)
        near.append(gas.distances()[0] < np.sqrt(3))
    ball = 4 / 3 * np.pi * 3**1.5
    blocks = np.array(near).reshape(50, -1).mean(axis=1)
    error = blocks.std(ddof=1) / np.sqrt(50)
    assert error < 0.004
    assert np.mean(near) == pytest.approx((ball - 11) / (125 - 11), abs=4 * error)


@pytest.mark.parametrize(("seed", "chains"), [(1, False), (2, False), (3, True)])
def test_gaps_of_a_row_are_those_of_the_tonks_gas(seed, chains):
    """On a ring, P(gap > g) = (1 − g/F)^(n−1) with the free length F (Tonks, Phys. Rev. 1936)."""
    n, length = 5, 7.0
    gas = row_of(n, length, seed=seed, chains=chains)
    gaps = []
    for _ in range(2000):
        gas.move(300)
        gaps.append(surface_gaps(gas)[0])
    free = length - n
    result = kstest(gaps, lambda g: 1 - np.clip(1 - g / free, 0, 1) ** (n - 1))
    assert result.pvalue > 1e-3
    assert np.mean(gaps) == pytest.approx(free / n, rel=0.06)


def test_contact_density_gives_the_equation_of_state_of_tonks():
    """βPσ = (n − 1)/F on a ring of n rods, which tends to ρ/(1 − ρ); read from the first gaps."""
    n, length, width = 6, 9.0, 0.15
    gas = row_of(n, length, seed=3)
    counts = []
    for _ in range(3000):
        gas.move(200)
        counts.append((surface_gaps(gas) < width).mean())
    free = length - n
    expected = 1 - (1 - width / free) ** (n - 1)
    blocks = np.array(counts).reshape(30, -1).mean(axis=1)
    error = blocks.std(ddof=1) / np.sqrt(30)
    assert error < 0.01
    assert np.mean(counts) == pytest.approx(expected, abs=4 * error)


@pytest.mark.parametrize("chains", [False, True])
@pytest.mark.parametrize("well", [-1.0, -2.0, 1.5])
def test_square_well_row_has_boltzmann_weights(well, chains):
    """Three rods on a ring: gaps are uniform on a triangle, weighted by exp(−pairs·well)."""
    length, reach = 4.9, 1.5
    free = length - 3

    def weight(power):
        grid = (np.arange(1200) + 0.5) * free / 1200
        a, b = np.meshgrid(grid, grid)
        inside = a + b < free
        pairs = sum((g < reach - 1).astype(int) for g in (a, b, free - a - b))[inside]
        return (pairs**power * np.exp(-well * pairs)).sum()

    gas = row_of(3, length, well=well, reach=reach, seed=7, chains=chains)
    gas.pairs = int((gas.distances() < reach).sum())
    pairs = []
    for _ in range(20_000):
        gas.move(20)
        pairs.append(gas.pairs)
    blocks = np.array(pairs).reshape(40, -1).mean(axis=1)
    error = blocks.std(ddof=1) / np.sqrt(40)
    assert error < 0.03
    assert np.mean(pairs) == pytest.approx(weight(1) / weight(0), abs=4 * error + 0.003)


def test_orientations_stay_uniform_and_orthonormal():
    gas = Gas([[1, 1, 1]], (4, 4, 4), shares=(1.0, 0.0))
    squares = []
    for _ in range(4000):
        gas.move(40)
        squares.append(gas.axes[0, :, 2] ** 2)
    assert gas.axes[0] @ gas.axes[0].T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(gas.axes[0]) == pytest.approx(1.0)
    assert np.mean(squares, axis=0) == pytest.approx(np.full(3, 1 / 3), abs=0.02)
    assert np.mean(np.square(squares), axis=0) == pytest.approx(np.full(3, 1 / 5), abs=0.02)


def test_kinds_of_moves_come_in_the_shares_asked_for():
    made = Gas([[1, 1, 1]], (4, 4, 4), shares=(0.5, 0.2)).move(20_000)[:, 0] / 20_000
    assert made[TURN] == pytest.approx(0.5, abs=0.02)
    assert made[SLIDE] == pytest.approx(0.2, abs=0.02)
    assert made[TRANSLATE] == pytest.approx(0.3, abs=0.02)


def test_moving_cubes_touch_where_the_overlap_test_says():
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(300):
        first, second = Rotation.random(2, rng=rng).as_matrix()
        away = rng.uniform(-2.2, 2.2, 3)
        if cubes_overlap(*away, first, second):
            continue
        direction, sign = int(rng.integers(3)), float(rng.choice([-1.0, 1.0]))
        length = touching_distance(*away, direction, sign, first, second)
        steps = np.linspace(0.0, 5.0, 1001)
        met = []
        for step in steps:
            place = away.copy()
            place[direction] -= sign * step
            met.append(cubes_overlap(*place, first, second))
        if np.isinf(length):
            assert sum(met) <= 1
            continue
        hits += 1
        assert not any(met[: int(length / 0.005)])
        if length < 4.9:
            place = away.copy()
            place[direction] -= sign * (length + 1e-7)
            assert cubes_overlap(*place, first, second)
    assert hits > 30


def test_chains_keep_cubes_apart_and_the_count_of_pairs():
    """121 turned cubes: after chains and moves nothing overlaps and no pair was forgotten."""
    sites = np.indices((5, 5, 5)).reshape(3, -1).T[:-4]
    gas = Gas(1.08 * (sites + 0.5), (5.4, 5.4, 5.4), well=-0.7, reach=1.14, chains=True, seed=5)
    inspected = (gas.positions, gas.axes, gas.box, gas.grid, gas.cells[0], gas.cells[1])
    gas.pairs = inspect(*inspected, gas.reach**2)[0]
    for _ in range(10):
        gas.move(2000)
    assert inspect(*inspected, gas.reach**2) == (gas.pairs, 0)
    assert np.ptp(gas.axes[:, 0, 0]) > 0.01
