"""Letting the atoms of a structure go before an expensive calculation does it."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import BuildError, RunError
from qdstruct.model import Relaxation

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

__all__ = ["relax_structure"]

LONGEST_STEP = 0.1
"""Å an atom moves in one step at most."""

RelaxationProgress = Callable[[int, float, float], None]


def relax_structure(
    atoms: Atoms,
    calculator: Calculator,
    *,
    fmax: float = 0.1,
    max_steps: int = 200,
    on_progress: RelaxationProgress | None = None,
) -> Relaxation:
    """Move atoms downhill in energy, the cell kept, until the forces are small.

    Parameters
    ----------
    atoms : Atoms
        An interface, slab or particle; atoms held by a constraint or marked in a ``fixed`` array
        stay where they are.
    calculator : ASE calculator
        With energies and forces (`interface_calculator`, or any other).
    fmax : float
        Largest force on a free atom at which to stop, eV/Å.
    max_steps : int
        Steps after which to stop in any case.
    on_progress : callable, optional
        Called after each step with the steps done, the energy in eV and the largest force in eV/Å.

    Returns
    -------
    Relaxation
        Also when interrupted (Ctrl-C) or not converged: `converged` says so, and relaxing its atoms
        goes on from there.

    Raises
    ------
    BuildError
        For a force or a number of steps that is not positive, or if no atom is free.
    RunError
        If the calculator fails or returns what is no number.

    Notes
    -----
    FIRE, the fast inertial relaxation engine (Bitzek, Koskinen, Gähler, Moseler and Gumbsch, Phys.
    Rev. Lett. 97, 170201 (2006)), as ASE implements it: it goes downhill also where the energy
    curves the wrong way, from which quasi-Newton steps run away.
    """
    from ase.optimize import FIRE

    if not (np.isfinite(fmax) and fmax > 0) or max_steps < 1:
        raise BuildError(
            f"a relaxation to {fmax:g} eV/Å within {max_steps} steps does not exist",
            hint="both are positive, for example 0.1 and 200",
        )
    moving = _with_constraint(atoms)
    moving.calc = calculator
    start = perf_counter()
    energy_before, force_before = _state(moving)
    optimizer = FIRE(moving, logfile=None, maxstep=LONGEST_STEP)
    best = (energy_before, moving.positions.copy())
    energy, force, steps, converged = energy_before, force_before, 0, force_before < fmax
    try:
        while not converged and steps < max_steps:
            optimizer.step()
            steps += 1
            energy, force = _state(moving)
            converged = force < fmax
            if energy < best[0]:
                best = (energy, moving.positions.copy())
            if on_progress is not None:
                on_progress(steps, energy, force)
    except KeyboardInterrupt:
        moving.positions = best[1]
        energy, force = _state(moving)
        converged = False
    relaxed = atoms.copy()
    relaxed.positions = moving.positions
    return Relaxation(
        atoms=relaxed,
        method=str(getattr(calculator, "name", type(calculator).__name__)),
        energy_before=energy_before,
        energy=energy,
        force_before=force_before,
        force=force,
        steps=steps,
        converged=bool(converged),
        farthest=float(np.linalg.norm(moving.positions - atoms.positions, axis=1).max()),
        seconds=perf_counter() - start,
    )


def _with_constraint(atoms: Atoms) -> Atoms:
    """Return a copy whose atoms marked as fixed are held."""
    from ase.constraints import FixAtoms

    moving = atoms.copy()
    marked = moving.arrays.get("fixed")
    if marked is not None and np.any(marked) and not moving.constraints:
        moving.set_constraint(FixAtoms(mask=np.asarray(marked, dtype=bool)))
    held: set[int] = set()
    for constraint in moving.constraints:
        held.update(int(i) for i in constraint.get_indices())
    if len(held) == len(moving):
        raise BuildError("every atom is fixed: nothing can relax")
    return moving


def _state(atoms: Atoms) -> tuple[float, float]:
    """Return the energy in eV and the largest force on a free atom in eV/Å."""
    try:
        energy = float(atoms.get_potential_energy())
        forces: NDArray[np.float64] = atoms.get_forces()
    except Exception as error:  # any engine, any failure: it is named and passed on
        raise RunError(
            f"the calculator failed on {atoms.get_chemical_formula()}: "
            f"{type(error).__name__}: {error}"
        ) from error
    largest = float(np.linalg.norm(forces, axis=1).max())
    if not (np.isfinite(energy) and np.isfinite(largest)):
        raise RunError(f"the calculator returned {energy} eV and {largest} eV/Å")
    return energy, largest
