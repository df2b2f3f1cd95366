"""One independent Monte Carlo run: its state, its series, and how it is saved and continued."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdstruct.model.assembly import AssemblySeries, AssemblySettings
from qdstruct.simulation.assembly.lattice import starting_positions
from qdstruct.simulation.assembly.vacancies import alignment_order, row_gaps

__all__ = ["Sample", "Walker"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SHARES = (0.35, 0.15)
"""Parts of the moves that are rotations, and slides by up to a lattice constant."""
FIRST_STEPS = (0.05, 0.05)
"""Largest displacement, σ, and rotation, radians, before they are adapted."""
LIMITS = ((1e-4, 1e-4), (0.5, np.pi))
CHAINS = 0.02
"""Event chains per move."""
CHAIN_LENGTH = 3.0
"""Displacements of one chain added up, lattice constants."""
AIM = 0.35
"""Acceptance to which the steps are adapted."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What is kept of one configuration."""

    sweep: int
    """Sweeps made."""
    energy: float
    """Per cube, kT."""
    gaps: tuple[tuple[float, ...], ...]
    """Row gap of each vacancy along x, y and z, lattice constants."""
    alignment: float
    """Orientational order."""


@dataclass(kw_only=True)
class Walker:
    """The changing state of one seed; `Walker.start` makes one."""

    settings: AssemblySettings
    """What is simulated."""
    seed: int
    """Of the random numbers."""
    rng: np.random.Generator
    """Random numbers (PCG64), whose state is saved with the rest."""
    positions: Floats
    """(n, 3) centres, σ."""
    axes: Floats
    """(n, 3, 3) edge directions, rows."""
    steps: Floats
    """(3,) largest displacement, largest rotation (radians), largest slide."""
    sweep: int = 0
    """Sweeps made."""
    pairs: int = 0
    """Pairs within the well, kept up to date from move to move."""
    made: NDArray[np.int64] = field(default_factory=lambda: np.zeros((3, 2), dtype=np.int64))
    """Tried and accepted moves of each kind after the warm-up."""
    samples: list[Sample] = field(default_factory=list)
    """In order; the first is the start."""

    @classmethod
    def start(cls, settings: AssemblySettings, seed: int) -> Walker:
        """Place the cubes and take the first sample."""
        rng = np.random.default_rng(seed)
        positions = starting_positions(settings, rng)
        walker = cls(
            settings=settings,
            seed=seed,
            rng=rng,
            positions=positions,
            axes=np.tile(np.eye(3), (len(positions), 1, 1)),
            steps=np.array([*FIRST_STEPS, settings.lattice_constant]),
        )
        walker.pairs = walker.counted()[0]
        walker.take_sample()
        return walker

    @property
    def done(self) -> bool:
        """True when all sweeps are made."""
        return self.sweep >= self.settings.sweeps

    def counted(self) -> tuple[int, int]:
        """Return pairs within the well and cubes that overlap another, counted afresh."""
        from qdstruct.simulation.assembly.moves import inspect

        box, grid, (members, filled, _) = self._cells()
        pairs, overlapping = inspect(
            self.positions, self.axes, box, grid, members, filled, self.settings.well_range**2
        )
        return int(pairs), int(overlapping)

    def advance(self) -> None:
        """Make the sweeps up to the next sample, and take it."""
        wanted = min(self.settings.sample_every, self.settings.sweeps - self.sweep)
        while wanted > 0:
            sweeps, adapting = self._stretch(wanted)
            made = self._moves(sweeps * len(self.positions))
            if adapting:
                self._adapt(made)
            if self.sweep >= self.settings.warm_up:
                self.made = self.made + made
            self.sweep += sweeps
            wanted -= sweeps
        self.take_sample()

    def take_sample(self) -> None:
        """Measure the configuration as it is."""
        settings = self.settings
        gaps = row_gaps(self.positions, settings.lattice_constant, settings.sites)
        self.samples.append(
            Sample(
                sweep=self.sweep,
                energy=settings.well * self.pairs / len(self.positions),
                gaps=tuple(tuple(row) for row in gaps.tolist()),
                alignment=alignment_order(self.axes),
            )
        )

    def series(self) -> AssemblySeries:
        """Return what was sampled so far."""
        samples, after = self.samples, self.settings.warm_up
        gaps = np.array([s.gaps for s in samples]).reshape(len(samples), -1, 3)
        kept = np.array([s.sweep > after for s in samples])
        smallest = gaps.min(axis=2)
        nothing = np.full(len(samples), np.nan)
        accepted_part = self.made[:, 1] / np.maximum(self.made[:, 0], 1)
        return AssemblySeries(
            seed=self.seed,
            sweep=np.array([s.sweep for s in samples], dtype=np.int64),
            energy=np.array([s.energy for s in samples]),
            opening=smallest.mean(axis=1) if smallest.size else nothing,
            localised=(smallest > 0.5).mean(axis=1) if smallest.size else nothing,
            alignment=np.array([s.alignment for s in samples]),
            openings=smallest[kept],
            widest=gaps[kept].max(axis=2),
            acceptance=(float(accepted_part[0]), float(accepted_part[1]), float(accepted_part[2])),
            steps=(float(self.steps[0]), float(np.degrees(self.steps[1]))),
            overlapping=self.counted()[1],
        )

    def _stretch(self, wanted: int) -> tuple[int, bool]:
        """Return how many sweeps to make at once, and whether to adapt the steps after them."""
        warm_up = self.settings.warm_up
        if 2 * self.sweep < warm_up:
            return min(wanted, 10), True
        return (min(wanted, warm_up - self.sweep) if self.sweep < warm_up else wanted), False

    def _cells(self) -> tuple[Floats, Integers, tuple[Integers, Integers, Integers]]:
        from qdstruct.simulation.assembly.moves import fill_cells

        box = np.full(3, self.settings.box)
        grid = np.maximum(1, (box / np.sqrt(3.0)).astype(np.int64))
        capacity = int(2 * np.prod(box / grid + 1.0)) + 8
        return box, grid, fill_cells(self.positions, box, grid, capacity)

    def _moves(self, count: int) -> NDArray[np.int64]:
        from qdstruct.simulation.assembly.chains import SMALLEST_BOX, run_chains
        from qdstruct.simulation.assembly.moves import run_moves

        box, grid, (members, filled, places) = self._cells()
        change, made = run_moves(
            self.rng, self.positions, self.axes, box, grid, members, filled, places,
            self.settings.well, self.settings.well_range**2, self.steps,
            np.array(SHARES), np.ones(3), count,
        )  # fmt: skip
        if self.settings.box >= SMALLEST_BOX:
            chains = max(1, round(CHAINS * count))
            change += run_chains(
                self.rng, self.positions, self.axes, box, grid, members, filled, places,
                self.settings.well, self.settings.well_range**2, np.ones(3),
                CHAIN_LENGTH * self.settings.lattice_constant, chains,
            )  # fmt: skip
        self.pairs = self.pairs + int(change) if self.settings.well else self.counted()[0]
        return np.asarray(made)

    def _adapt(self, made: NDArray[np.int64]) -> None:
        for kind in range(2):
            tried, accepted = made[kind]
            factor = np.clip(accepted / max(tried, 1) / AIM, 0.8, 1.25)
            self.steps[kind] = np.clip(self.steps[kind] * factor, LIMITS[0][kind], LIMITS[1][kind])

    def to_dict(self) -> dict[str, Any]:
        """Return the whole state as plain JSON values; `from_dict` continues bit for bit."""
        return {
            "seed": self.seed,
            "rng": self.rng.bit_generator.state,
            "positions": self.positions.tolist(),
            "axes": self.axes.tolist(),
            "steps": self.steps.tolist(),
            "sweep": self.sweep,
            "pairs": self.pairs,
            "made": self.made.tolist(),
            "samples": [[s.sweep, s.energy, s.gaps, s.alignment] for s in self.samples],
        }

    @classmethod
    def from_dict(cls, settings: AssemblySettings, data: dict[str, Any]) -> Walker:
        """Rebuild a walker from what `to_dict` returned."""
        rng = np.random.default_rng(data["seed"])
        rng.bit_generator.state = data["rng"]
        samples = [
            Sample(sweep=sweep, energy=energy, gaps=tuple(map(tuple, gaps)), alignment=alignment)
            for sweep, energy, gaps, alignment in data["samples"]
        ]
        return cls(
            settings=settings,
            seed=data["seed"],
            rng=rng,
            positions=np.array(data["positions"], dtype=np.float64).reshape(-1, 3),
            axes=np.array(data["axes"], dtype=np.float64).reshape(-1, 3, 3),
            steps=np.array(data["steps"], dtype=np.float64),
            sweep=data["sweep"],
            pairs=data["pairs"],
            made=np.array(data["made"], dtype=np.int64),
            samples=samples,
        )
