"""Moves atoms and cell downhill: L-BFGS with a trust radius; and plain molecular dynamics.

L-BFGS: J. Nocedal, Math. Comput. 35, 773 (1980). The cell is treated as in ASE's
``UnitCellFilter``: E. B. Tadmor et al., Phys. Rev. B 59, 235 (1999).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qdstruct.running.vaspfiles.elements import mass
from qdstruct.running.vaspfiles.facts import Evaluation, IonicStep
from qdstruct.running.vaspfiles.inputs import PoscarStructure
from qdstruct.running.vaspfiles.settings import Settings
from qdstruct.units import BOLTZMANN

__all__ = ["ForceModel", "ionic_steps"]

FloatArray = NDArray[np.float64]
_MEMORY = 12
_LARGEST_STEP = 0.2
_ION_STIFFNESS = 3.0
"""eV/Å² of an atom outside molecules, the guess before anything is learned."""
_CELL_STIFFNESS = 3.0
_FS = 0.09822694788464063
"""One femtosecond in Å (u/eV)^½."""


class ForceModel(Protocol):
    """What gives energies and forces."""

    def evaluate(self, positions: FloatArray, cell: FloatArray) -> Evaluation:
        """Energy, forces and strain derivative of a geometry: positions (N, 3), cell (3, 3), Å."""
        ...

    def spring_network(self) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
        """Bonded atoms: first, second, force constant in eV/Å²; a guess is enough."""
        ...


def ionic_steps(
    structure: PoscarStructure, model: ForceModel, settings: Settings
) -> Iterator[IonicStep]:
    """Yield the geometries VASP would visit, the first being the POSCAR itself."""
    if not settings.moves:
        result = model.evaluate(structure.positions, structure.cell)
        yield IonicStep(structure=structure, result=result, last=True, converged=True)
    elif settings.ibrion == 0:
        yield from _dynamics(structure, model, settings)
    else:
        yield from _relaxation(structure, model, settings)


class _Freedom:
    """Generalised coordinates: atoms in the undeformed cell, and the deformation gradient."""

    def __init__(self, structure: PoscarStructure, isif: int) -> None:
        self._start = structure
        self._atoms_move = isif not in (5, 6, 7)
        self._cell_moves = isif >= 3
        self._isif = isif
        self._atoms = len(structure.symbols)
        self._scale = 1.6 * float(np.sqrt(self._atoms))
        self._allowed = _allowed_directions(structure)

    def coordinates(self) -> FloatArray:
        return np.concatenate([self._start.positions, self._scale * np.eye(3)])

    def geometry(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        deformation = x[-3:] / self._scale
        return x[:-3] @ deformation.T, self._start.cell @ deformation.T

    def downhill(self, x: FloatArray, result: Evaluation) -> tuple[FloatArray, float]:
        """Return the generalised forces and the largest one, eV/Å."""
        deformation = x[-3:] / self._scale
        forces = np.zeros_like(x)
        largest = 0.0
        if self._atoms_move:
            free = np.einsum("nij,nj->ni", self._allowed, result.forces)
            forces[:-3] = free @ deformation
            largest = float(np.linalg.norm(free, axis=1).max())
        if self._cell_moves:
            strain = self._wanted_strain(result.strain_derivative)
            forces[-3:] = -np.linalg.solve(deformation, strain.T).T / self._scale
            largest = max(largest, float(np.abs(strain).max()) / self._atoms)
        return forces, largest

    def _wanted_strain(self, derivative: FloatArray) -> FloatArray:
        symmetric = 0.5 * (derivative + derivative.T)
        isotropic = np.trace(symmetric) / 3 * np.eye(3)
        if self._isif in (4, 5):
            return np.asarray(symmetric - isotropic)
        if self._isif in (7, 8):
            return np.asarray(isotropic)
        return np.asarray(symmetric)


def _allowed_directions(structure: PoscarStructure) -> FloatArray:
    """Return (N, 3, 3) projectors on the directions that selective dynamics leaves free."""
    projectors = np.tile(np.eye(3), (len(structure.symbols), 1, 1))
    if structure.selective is None:
        return projectors
    for atom, free in enumerate(structure.selective):
        basis = structure.cell[free]
        projectors[atom] = basis.T @ np.linalg.pinv(basis.T) if free.any() else 0.0
    return projectors


def _relaxation(
    structure: PoscarStructure, model: ForceModel, settings: Settings
) -> Iterator[IonicStep]:
    freedom = _Freedom(structure, settings.isif)
    x = freedom.coordinates()
    minimiser = _Lbfgs(_preconditioner(model, len(structure.symbols)))
    previous: float | None = None
    for number in range(1, settings.nsw + 1):
        positions, cell = freedom.geometry(x)
        result = model.evaluate(positions, cell)
        forces, largest = freedom.downhill(x, result)
        if settings.ediffg < 0:
            converged = largest < -settings.ediffg
        else:
            change = np.inf if previous is None else abs(result.energy - previous)
            converged = change < settings.ediffg or largest < 1e-8
        scaled = np.linalg.solve(cell.T, positions.T).T
        yield IonicStep(
            structure=structure.moved(scaled, cell),
            result=result,
            last=converged or number == settings.nsw,
            converged=converged,
        )
        if converged:
            return
        x = x + minimiser.step(x, forces, result.energy)
        previous = result.energy


def _preconditioner(model: ForceModel, n_atoms: int) -> FloatArray:
    """Return the inverse of a stiffness in which bonded atoms move together.

    A graph Laplacian of the springs as in D. Packwood et al., J. Chem. Phys. 144, 164109 (2016);
    the last three rows belong to the cell.
    """
    first, second, constant = model.spring_network()
    stiffness = np.zeros((n_atoms + 3, n_atoms + 3))
    np.add.at(stiffness, (first, second), -constant / 3)
    np.add.at(stiffness, (second, first), -constant / 3)
    np.fill_diagonal(stiffness, np.diag(stiffness) - stiffness.sum(axis=1) + _ION_STIFFNESS)
    stiffness[-3:, -3:] = _CELL_STIFFNESS * np.eye(3)
    return np.asarray(np.linalg.inv(stiffness))


class _Lbfgs:
    def __init__(self, inverse_stiffness: FloatArray) -> None:
        self._inverse = inverse_stiffness
        self._moves: list[FloatArray] = []
        self._changes: list[FloatArray] = []
        self._x: FloatArray | None = None
        self._forces: FloatArray | None = None
        self._energy = np.inf
        self._trust = _LARGEST_STEP

    def step(self, x: FloatArray, forces: FloatArray, energy: float) -> FloatArray:
        if self._x is not None and self._forces is not None:
            self._learn(x - self._x, self._forces - forces, energy)
        self._x, self._forces, self._energy = x.copy(), forces.copy(), energy
        direction = self._newton(forces)
        if float((direction * forces).sum()) <= 0:
            self._moves, self._changes = [], []
            direction = self._inverse @ forces
        longest = float(np.linalg.norm(direction, axis=1).max())
        return direction * min(1.0, self._trust / max(longest, 1e-12))

    def _learn(self, move: FloatArray, change: FloatArray, energy: float) -> None:
        if energy > self._energy + 1e-6:
            self._trust = max(0.5 * self._trust, 0.02)
        else:
            self._trust = min(1.3 * self._trust, _LARGEST_STEP)
        if float((move * change).sum()) > 1e-10:
            self._moves = [*self._moves, move][-_MEMORY:]
            self._changes = [*self._changes, change][-_MEMORY:]

    def _newton(self, forces: FloatArray) -> FloatArray:
        q = forces.copy()
        weights = []
        for s, y in zip(reversed(self._moves), reversed(self._changes), strict=True):
            a = float((s * q).sum() / (s * y).sum())
            weights.append(a)
            q = q - a * y
        if self._moves:
            s, y = self._moves[-1], self._changes[-1]
            softened = self._inverse @ q
            q = softened * float((s * y).sum() / (y * (self._inverse @ y)).sum())
        else:
            q = self._inverse @ q
        for s, y, a in zip(self._moves, self._changes, reversed(weights), strict=True):
            q = q + s * (a - float((y * q).sum() / (s * y).sum()))
        return q


def _dynamics(
    structure: PoscarStructure, model: ForceModel, settings: Settings
) -> Iterator[IonicStep]:
    """Velocity Verlet at constant energy; start velocities of TEBEG from a fixed seed."""
    masses = np.array([mass(s) for s in structure.symbols])[:, None]
    allowed = _allowed_directions(structure)
    thermal = np.sqrt(BOLTZMANN * settings.temperature / masses)
    velocities = np.random.default_rng(0).normal(size=structure.scaled.shape) * thermal
    velocities -= (velocities * masses).sum(axis=0) / masses.sum()
    velocities = np.einsum("nij,nj->ni", allowed, velocities)
    time = settings.potim * _FS
    positions = structure.positions
    result = model.evaluate(positions, structure.cell)
    for number in range(1, settings.nsw + 1):
        scaled = np.linalg.solve(structure.cell.T, positions.T).T
        yield IonicStep(
            structure=structure.moved(scaled),
            result=result,
            last=number == settings.nsw,
            converged=number == settings.nsw,
            kinetic=float(0.5 * (masses * velocities**2).sum()),
        )
        accelerations = np.einsum("nij,nj->ni", allowed, result.forces) / masses
        positions = positions + time * velocities + 0.5 * time**2 * accelerations
        result = model.evaluate(positions, structure.cell)
        after = np.einsum("nij,nj->ni", allowed, result.forces) / masses
        velocities = velocities + 0.5 * time * (accelerations + after)
