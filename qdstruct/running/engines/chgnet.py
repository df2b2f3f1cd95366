"""CHGNet, a trained force field, run as a separate program: energies and relaxations only.

B. Deng et al., Nature Machine Intelligence 5, 1031 (2023).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError, RunError
from qdstruct.running.engines.backend import Electrons, Method, Task
from qdstruct.running.engines.session import Maker
from qdstruct.running.engines.springs import bonds
from qdstruct.running.engines.worker import Worker
from qdstruct.running.vaspfiles.facts import Evaluation
from qdstruct.running.vaspfiles.inputs import PoscarStructure

__all__ = ["chgnet_maker"]

FloatArray = NDArray[np.float64]


def chgnet_maker(words: Sequence[str]) -> Maker:
    """Return what starts CHGNet; `words` is the command of its interpreter."""

    def make(task: Task, directory: Path) -> _Chgnet:
        return _Chgnet(task, directory, words)

    return make


class _Chgnet:
    """CHGNet on the CPU; there are no electrons in it."""

    honoured = frozenset({"ISMEAR", "SIGMA", "ISPIN"})  # of electrons, which there are none of

    def __init__(self, task: Task, directory: Path, command: Sequence[str]) -> None:
        _refuse_electrons(task)
        structure = task.structure
        self._structure = structure
        script = Path(__file__).parent / "workers" / "chgnet_worker.py"
        self._worker = Worker(command, script, directory)
        answer = self._ask(
            do="start",
            symbols=list(structure.symbols),
            cell=structure.cell.tolist(),
            threads=int(os.environ.get("OMP_NUM_THREADS", "1")),
        )
        self.method = Method(
            program=str(answer["program"]),
            version=str(answer["version"]),
            summary=f"trained force field, model {answer['model']}",
            platform=f"ASE {answer['ase']}, torch {answer['torch']}",
            details={"command": list(command), "model": answer["model"]},
        )
        self.labels = dict.fromkeys(structure.symbols, (0.0, f"CHGNet {answer['model']}"))

    def evaluate(self, positions: FloatArray, cell: FloatArray) -> Evaluation:
        """Ask the model about one geometry."""
        answer = self._ask(do="forces", positions=positions.tolist(), cell=cell.tolist())
        volume = abs(float(np.linalg.det(cell)))
        return Evaluation(
            energy=float(answer["energy"]),
            forces=np.array(answer["forces"]),
            strain_derivative=np.array(answer["stress"]) * volume,
        )

    def spring_network(self) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
        """Return the bonds of the first geometry."""
        return bonds(self._structure)

    def electrons(self, structure: PoscarStructure) -> Electrons | None:  # noqa: ARG002
        """Return None: the model has no electrons."""
        return None

    def close(self) -> None:
        """End the worker."""
        self._worker.close()

    def _ask(self, **request: Any) -> dict[str, Any]:
        try:
            return self._worker.ask(request)
        except RunError as error:
            raise RunError(f"CHGNet: {error.message}") from error


def _refuse_electrons(task: Task) -> None:
    """Refuse whatever needs electrons, before anything is loaded.

    Raises
    ------
    InputError
        Naming what is asked for.
    """
    wanted = [
        what
        for what, asked in (
            ("a charge density (LCHARG)", task.wants_density),
            ("a potential (LVHAR)", task.wants_potential),
            ("densities of states (LORBIT)", task.wants_states),
        )
        if asked
    ]
    if wanted:
        raise InputError(
            f"not possible with the engine chgnet: {', '.join(wanted)}; a force field has no "
            "electrons",
            hint="relax with it, and calculate these with vasp, gpaw or xtb in a tree of its own",
        )
