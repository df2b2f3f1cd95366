"""GFN1-xTB through tblite: Γ only, in a supercell where the cell is short.

C. Bannwarth, E. Caldeweyher, S. Ehlert et al., WIREs Comput. Mol. Sci. 11, e1493 (2021); method:
S. Grimme, C. Bannwarth, P. Shushkov, J. Chem. Theory Comput. 13, 1989 (2017).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError, RunError
from qdstruct.running.engines.backend import Electrons, Method, Task
from qdstruct.running.engines.springs import bonds
from qdstruct.running.engines.states import density_of_states, fermi_level, lowdin_weights
from qdstruct.running.engines.xtb_basis import (
    BOHR,
    crystal_parameters,
    element_shells,
    reference_electrons,
)
from qdstruct.running.engines.xtb_density import density_on_grid
from qdstruct.running.vaspfiles.facts import Evaluation, Levels
from qdstruct.running.vaspfiles.inputs import KpointMesh, PoscarStructure
from qdstruct.units import BOLTZMANN

__all__ = ["start_xtb", "supercell_repeats"]

FloatArray = NDArray[np.float64]
HARTREE = 27.211386245988
"""eV, CODATA 2018."""
LEAST_LENGTH = 8.0
"""Å; along directions with several k-points shorter cells are repeated until they are this long."""
_ROOM_TEMPERATURE = 300.0
_MOST_ITERATIONS = 300


def start_xtb(task: Task, directory: Path) -> _Xtb:  # noqa: ARG001 (every engine gets both)
    """Start GFN1-xTB on a task.

    Raises
    ------
    InputError
        When an element has no parameters.
    """
    return _Xtb(task)


def supercell_repeats(cell: FloatArray, divisions: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return how often each cell vector is repeated for a Γ-point calculation.

    Directions with one k-point (vacuum, long vectors) are left as they are; the others are
    repeated until they are `LEAST_LENGTH` long, but not beyond the number of k-points, with
    which the repeated cell would be exactly as fine as the mesh.
    """
    lengths = np.linalg.norm(cell, axis=1)
    x, y, z = (
        min(n, max(1, int(np.ceil(LEAST_LENGTH / length - 1e-6))))
        for n, length in zip(divisions, lengths, strict=True)
    )
    return x, y, z


class _Xtb:
    """tblite's calculator, and what it says about one unit cell."""

    honoured = frozenset({"SIGMA", "ISMEAR", "ISPIN"})

    def __init__(self, task: Task) -> None:
        from importlib.metadata import version

        settings, structure = task.settings, task.structure
        self._task = task
        self._repeats = supercell_repeats(structure.cell, task.kpoints.divisions)
        self._copies = int(np.prod(self._repeats))
        smeared = settings.ismear > -4 and settings.sigma > 0
        self._width = settings.sigma if smeared else BOLTZMANN * _ROOM_TEMPERATURE
        self._calculator: Any = None
        self._result: Any = None
        for symbol in dict.fromkeys(structure.symbols):
            element_shells(symbol)
        self.labels = {
            symbol: (reference_electrons(symbol), f"GFN1-xTB {symbol}")
            for symbol in dict.fromkeys(structure.symbols)
        }
        folded = "×".join(map(str, self._repeats))
        self.method = Method(
            program="tblite",
            version=version("tblite"),
            summary=f"GFN1-xTB without halogen-bond term, Γ of a {folded} supercell, "
            f"kT = {self._width:.3f} eV",
            platform="tblite Python API",
            lacks={
                "LOCPOT": "the levels of GFN1-xTB have no common zero with an electrostatic "
                "potential, so vacuum levels and offsets taken from one would be wrong"
            },
            details={
                "supercell": list(self._repeats),
                "k-points asked for": list(task.kpoints.divisions),
                "electronic temperature (K)": round(self._width / BOLTZMANN, 1),
                "smearing": "Fermi–Dirac, closed shell",
                "dispersion": "D3(BJ), part of GFN1-xTB",
                "halogen-bond correction": "left out: fitted for molecules, not for crystals",
                "projection": "Löwdin: squares of S^(1/2) C, summed over an atom's s, p and d",
                "density in CHGCAR": "valence density of the minimal basis, from the density "
                "matrix and the Gaussian expansions of its Slater functions",
                "boundary": "periodic along all axes, no dipole correction",
            },
        )

    def evaluate(self, positions: FloatArray, cell: FloatArray) -> Evaluation:
        """Converge the charges of one geometry; energies are per unit cell."""
        offsets = _offsets(self._repeats) @ cell
        everywhere = (offsets[:, None, :] + positions[None, :, :]).reshape(-1, 3) / BOHR
        lattice = cell * np.array(self._repeats)[:, None] / BOHR
        result = self._singlepoint(everywhere, lattice)
        energy = float(result.get("energy")) * HARTREE
        forces = -np.asarray(result.get("gradient")) * HARTREE / BOHR
        strain = np.asarray(result.get("virial")) * HARTREE
        energy += 0.5 * self._width * self._entropy(result)
        return Evaluation(
            energy=energy / self._copies,
            forces=forces.reshape(self._copies, -1, 3).mean(axis=0),
            strain_derivative=strain / self._copies,
        )

    def spring_network(self) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
        """Return the bonds of the first geometry."""
        return bonds(self._task.structure)

    def electrons(self, structure: PoscarStructure) -> Electrons:
        """Return levels, projections, density and potential of the geometry evaluated last."""
        result, settings = self._result, self._task.settings
        energies = np.asarray(result.get("orbital-energies")) * HARTREE
        filled = np.asarray(result.get("orbital-occupations")) / 2
        n_electrons = sum(self.labels[symbol][0] for symbol in structure.symbols)
        fermi = fermi_level(energies, n_electrons * self._copies, self._width)
        weights = lowdin_weights(
            np.asarray(result.get("overlap-matrix")),
            np.asarray(result.get("orbital-coefficients")),
            self._atoms_of_functions(structure),
            self._momenta_of_functions(structure),
        )
        dos = density_of_states(
            energies, weights / self._copies, fermi=fermi, width=settings.sigma, settings=settings
        )
        density = None
        notes: dict[str, Any] = {"fermi level": "from the levels and their smearing"}
        if self._task.wants_density:
            density = self._density(structure)
            notes["electrons on the grid"] = float(density.mean() * structure.volume)
            notes["electrons"] = n_electrons
        charges = np.asarray(result.get("charges")).reshape(self._copies, -1).mean(axis=0)
        return Electrons(
            levels=Levels(
                fermi=fermi, eigenvalues=energies[None, None], occupations=filled[None, None]
            ),
            kpoints=_gamma(),
            copies=self._copies,
            dos=dos,
            density=density,
            charges=charges,
            notes=notes,
        )

    def close(self) -> None:
        """Let go of tblite's objects."""
        self._calculator = self._result = None

    def _singlepoint(self, positions: FloatArray, lattice: FloatArray) -> Any:
        """Run tblite, from the last charges where there are some, gently where that fails."""
        from tblite.exceptions import TBLiteRuntimeError, TBLiteValueError
        from tblite.interface import Calculator

        if self._calculator is None:
            from ase.data import atomic_numbers

            numbers = np.array([atomic_numbers[s] for s in self._task.structure.symbols])
            self._calculator = Calculator(
                crystal_parameters(), np.tile(numbers, self._copies), positions, 0, None,
                lattice=lattice, periodic=np.array([True] * 3),
            )  # fmt: skip
            for name, value in (
                ("verbosity", 0), ("save-integrals", 1), ("max-iter", _MOST_ITERATIONS),
                ("temperature", self._width / HARTREE),
            ):  # fmt: skip
                self._calculator.set(name, value)
        else:
            self._calculator.update(positions=positions, lattice=lattice)
        try:
            self._result = self._calculator.singlepoint(self._result)
        except TBLiteValueError as error:
            raise InputError(f"xtb: {error}") from error
        except TBLiteRuntimeError:
            self._calculator.set("mixer-damping", 0.1)
            try:
                self._result = self._calculator.singlepoint()
            except TBLiteRuntimeError as error:
                raise RunError(
                    f"xtb: the charges did not converge within {_MOST_ITERATIONS} iterations: "
                    f"{error}",
                    hint="polar or badly placed slabs do this; widen SIGMA, or mend the geometry",
                ) from error
        return self._result

    def _entropy(self, result: Any) -> float:
        """Electronic entropy S/k of the supercell; the energy for zero width is F + TS/2."""
        filled = np.asarray(result.get("orbital-occupations")) / 2
        inside = filled[(filled > 1e-12) & (filled < 1 - 1e-12)]
        return float(-2 * (inside * np.log(inside) + (1 - inside) * np.log(1 - inside)).sum())

    def _atoms_of_functions(self, structure: PoscarStructure) -> NDArray[np.intp]:
        """Return for each function of the supercell its atom in the unit cell."""
        one = np.repeat(
            np.arange(len(structure.symbols)),
            [sum(2 * s.momentum + 1 for s in element_shells(x)) for x in structure.symbols],
        )
        return np.tile(one, self._copies)

    def _momenta_of_functions(self, structure: PoscarStructure) -> NDArray[np.intp]:
        """Return for each function of the supercell its angular momentum."""
        one = [
            shell.momentum
            for symbol in structure.symbols
            for shell in element_shells(symbol)
            for _ in range(2 * shell.momentum + 1)
        ]
        return np.tile(np.array(one, dtype=np.intp), self._copies)

    def _density(self, structure: PoscarStructure) -> FloatArray:
        offsets = _offsets(self._repeats)
        repeats = np.array(self._repeats)
        scaled = (offsets[:, None, :] + structure.scaled[None]).reshape(-1, 3) / repeats
        supercell = PoscarStructure(
            comment=structure.comment,
            cell=structure.cell * repeats[:, None],
            scaled=scaled,
            symbols=structure.symbols * self._copies,
            groups=structure.groups,
        )
        matrix = np.asarray(self._result.get("density-matrix"))
        return density_on_grid(supercell, self._repeats, matrix, self._task.settings.grid)


def _offsets(repeats: tuple[int, int, int]) -> FloatArray:
    """Return (copies, 3) whole cell vectors of the unit cells in the supercell."""
    return np.array(list(np.ndindex(*repeats)), dtype=float)


def _gamma() -> KpointMesh:
    return KpointMesh(
        style="Gamma",
        divisions=(1, 1, 1),
        shift=(0.0, 0.0, 0.0),
        points=np.zeros((1, 3)),
        weights=np.ones(1),
    )
