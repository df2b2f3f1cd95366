"""GPAW, run as a separate program by an interpreter that has it (GPL: never imported here)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError, RunError
from qdstruct.files import write_atomically
from qdstruct.running.engines.backend import Electrons, Method, Task
from qdstruct.running.engines.session import Maker
from qdstruct.running.engines.springs import bonds
from qdstruct.running.engines.worker import Worker
from qdstruct.running.vaspfiles.facts import DensityOfStates, Evaluation, Levels
from qdstruct.running.vaspfiles.inputs import KpointMesh, PoscarStructure

__all__ = ["gpaw_maker"]

FloatArray = NDArray[np.float64]
SPACING = 0.2
"""Largest distance between points of GPAW's wave-function grid, Å."""
_FUNCTIONALS = {"PE": "PBE", "PS": "PBEsol", "RP": "RPBE", "RE": "revPBE", "CA": "LDA"}
DENSITY_FILE = "gpaw.gpw"
"""In a job's directory: the converged density, for the jobs that start from it."""
_ARRAYS = ".gpaw-arrays.npz"
_MOST_ITERATIONS = 333


def gpaw_maker(words: Sequence[str]) -> Maker:
    """Return what starts GPAW; `words` is the command of its interpreter."""

    def make(task: Task, directory: Path) -> _Gpaw:
        return _Gpaw(task, directory, words)

    return make


class _Gpaw:
    """GPAW in LCAO mode, Γ-centred mesh of KPOINTS, Fermi–Dirac smearing of width SIGMA."""

    honoured = frozenset({"GGA", "SIGMA", "ISPIN", "ISMEAR"})

    def __init__(self, task: Task, directory: Path, command: Sequence[str]) -> None:
        settings = task.settings
        if settings.moves and settings.isif > 2:
            raise InputError(
                f"not possible with the engine gpaw: ISIF = {settings.isif}",
                hint="GPAW has no stress in LCAO mode; keep the cell (ISIF = 2)",
            )
        functional = _FUNCTIONALS.get(settings.gga)
        if functional is None:
            raise InputError(
                f"not possible with the engine gpaw: GGA = {settings.gga}",
                hint=f"choose {', '.join(_FUNCTIONALS)}",
            )
        self._task, self._directory = task, directory
        self._source: Path | None = None
        script = Path(__file__).parent / "workers" / "gpaw_worker.py"
        self._worker = Worker(command, script, directory)
        self._parameters = _parameters(task, functional)
        structure = task.structure
        answer = self._ask(
            do="start",
            symbols=list(structure.symbols),
            cell=structure.cell.tolist(),
            text="gpaw.txt",
            parameters=self._parameters,
        )
        self.method = Method(
            program=str(answer["program"]),
            version=str(answer["version"]),
            summary=f"LCAO dzp, {functional}, h = {SPACING:.2f} Å",
            platform=f"ASE {answer['ase']}",
            details={
                "parameters": self._parameters,
                "command": list(command),
                "smearing": "Fermi–Dirac",
                "density in CHGCAR": "all electrons, cores included (get_all_electron_density, "
                "gridrefinement = 2)",
                "potential in LOCPOT": "electrostatic (Hartree) potential of pseudo charge and "
                "compensation charges, right outside the augmentation spheres",
                "boundary": "periodic along all axes, no dipole correction",
            },
        )
        self.labels: dict[str, tuple[float, str]] = dict.fromkeys(structure.symbols, (0.0, ""))

    def evaluate(self, positions: FloatArray, cell: FloatArray) -> Evaluation:
        """Converge the density of one geometry; energy extrapolated to zero width."""
        answer = self._taken_over() if not self._task.settings.moves else None
        if answer is None:
            answer = self._ask(do="forces", positions=positions.tolist(), cell=cell.tolist())
        return Evaluation(
            energy=float(answer["energy"]),
            forces=np.array(answer["forces"]),
            strain_derivative=np.full((3, 3), np.nan),
        )

    def _taken_over(self) -> dict[str, Any] | None:
        """Take a parent's converged density where it is the one that this job would find."""
        path = _parent_density(self._directory, self._parameters, self._task.settings.icharg >= 10)
        if path is None:
            return None
        answer = self._ask(
            do="fixed", density_from=str(path), scaled=self._task.structure.scaled.tolist()
        )
        if answer["energy"] is None:
            return None
        self._source = path
        self.method.details["density"] = (
            f"taken from {path.parent.name}, converged for the same atoms; energy and forces are "
            "those of that run, the states are found in its potential on this job's k-points"
        )
        return answer

    def spring_network(self) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
        """Return the bonds of the first geometry."""
        return bonds(self._task.structure)

    def electrons(self, structure: PoscarStructure) -> Electrons:
        """Fetch what the last geometry's density says."""
        task, settings = self._task, self._task.settings
        path = self._directory / _ARRAYS
        answer = self._ask(
            do="electronic",
            file=str(path),
            density=task.wants_density,
            potential=task.wants_potential,
            projected=task.wants_states,
            emin=settings.emin,
            emax=settings.emax,
            nedos=settings.nedos,
            width=settings.sigma,
        )
        try:
            with np.load(path) as loaded:
                arrays = {name: loaded[name] for name in loaded.files}
        except (OSError, ValueError) as error:
            raise RunError(f"{path}: cannot be read: {error}") from error
        finally:
            path.unlink(missing_ok=True)
        self._keep_density()
        for symbol, valence, name, kind in answer["setups"]:
            self.labels[symbol] = (float(valence), f"PAW {kind} {name} (GPAW data set)")
        return _electrons(arrays, structure, task)

    def _keep_density(self) -> None:
        """Leave the density for children, also one that was itself taken over on this mesh."""
        if self._source is not None:
            if self._task.settings.icharg < 10:
                for name in (DENSITY_FILE, f"{DENSITY_FILE}.json"):
                    content = self._source.with_name(name).read_bytes()
                    write_atomically(self._directory / name, content)
            return
        beside = self._directory / f".{DENSITY_FILE}"
        self._ask(do="save", file=str(beside))
        beside.replace(self._directory / DENSITY_FILE)
        write_atomically(
            self._directory / f"{DENSITY_FILE}.json", json.dumps(self._parameters) + "\n"
        )

    def close(self) -> None:
        """End GPAW."""
        self._worker.close()

    def _ask(self, **request: Any) -> dict[str, Any]:
        try:
            return self._worker.ask(request)
        except RunError as error:
            raise RunError(
                f"GPAW: {error.message}", hint="see gpaw.txt beside the inputs"
            ) from error


def _parent_density(directory: Path, parameters: dict[str, Any], any_mesh: bool) -> Path | None:
    """Return the density of the parent that job.json names, made with the same parameters."""
    try:
        job = json.loads((directory / "job.json").read_text(encoding="utf-8"))
        root: Path = directory.resolve().parents[len(Path(job["name"]).parts) - 1]
        if job.get("keep_region"):
            return None
        candidates: list[Path] = [
            root / job[key] for key in ("charge_from", "structure_from") if job.get(key)
        ]
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None
    for parent in candidates:
        with contextlib.suppress(OSError, ValueError):
            text = (parent / f"{DENSITY_FILE}.json").read_text(encoding="utf-8")
            free = ("kpts", "width") if any_mesh else ()
            theirs, ours = (
                {name: value for name, value in each.items() if name not in free}
                for each in (json.loads(text), parameters)
            )
            if theirs == ours and (parent / DENSITY_FILE).is_file():
                return parent / DENSITY_FILE
    return None


def _parameters(task: Task, functional: str) -> dict[str, Any]:
    settings = task.settings
    return {
        "mode": "lcao",
        "basis": "dzp",
        "xc": functional,
        "h": SPACING,
        "kpts": list(task.kpoints.divisions),
        "width": settings.sigma if settings.ismear > -4 else 0.05,
        "spinpol": False,
        "maxiter": _MOST_ITERATIONS,
    }


def _electrons(arrays: dict[str, FloatArray], structure: PoscarStructure, task: Task) -> Electrons:
    values, filled = arrays["eigenvalues"], arrays["occupations"]
    spins = len(values)
    per_state = 2.0 if spins == 1 else 1.0
    weights = arrays["weights"] / arrays["weights"].sum()
    fermi = float(arrays["fermi"])
    total = per_state * arrays["total"]
    step = arrays["dos_energies"][1] - arrays["dos_energies"][0]
    dos = DensityOfStates(
        fermi=fermi,
        energies=arrays["dos_energies"],
        total=total,
        integrated=np.cumsum(total, axis=1) * step,
        projected=per_state * arrays["projected"],
    )
    notes: dict[str, Any] = {}
    density = arrays.get("density")
    if density is not None:
        from ase.data import atomic_numbers

        notes["electrons on the grid"] = float(density.mean() * structure.volume)
        notes["electrons"] = float(sum(atomic_numbers[symbol] for symbol in structure.symbols))
    mesh = task.kpoints
    return Electrons(
        levels=Levels(
            fermi=fermi,
            eigenvalues=values,
            occupations=filled / (per_state * weights[None, :, None]),
        ),
        kpoints=KpointMesh(
            style=mesh.style,
            divisions=mesh.divisions,
            shift=mesh.shift,
            points=arrays["kpoints"],
            weights=weights,
        ),
        dos=dos,
        density=density,
        potential=arrays.get("potential"),
        notes=notes,
    )
