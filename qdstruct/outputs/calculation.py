"""The facts of one finished calculation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import OutputError
from qdstruct.model import FinishedCalculation
from qdstruct.outputs.streams import find_output, open_output
from qdstruct.outputs.vasprun import Vasprun, read_vasprun

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "calculation_atoms",
    "density_electrons",
    "electronically_converged",
    "engine_document",
    "finished_calculation",
    "free_forces",
    "has_electrons",
    "initial_atoms",
    "ionically_converged",
    "job_regions",
    "looks_like_mock",
    "looks_like_mock_outcar",
    "read_calculation",
    "require_output",
    "set_regions",
]

ENGINE_FILE = "qdstruct-engine.json"
"""Written by engines other than VASP: what exactly was calculated, and what was not."""
_MISPRINTED = {"D": "H", "r": "Zr", "X": "Xe"}
"""Symbols that vasprun.xml prints for deuterium and, in some versions, for zirconium and xenon."""


def require_output(directory: Path, name: str) -> Path:
    """Return the file `name` of `directory` (plain or compressed), or `directory` if it is a file.

    Raises
    ------
    OutputError
        If there is none.
    """
    if directory.is_file():
        return directory
    if not directory.is_dir():
        raise OutputError(f"{directory}: this directory does not exist")
    path = find_output(directory, name)
    if path is None:
        raise OutputError(
            f"{directory}: there is no {name} here", hint="has the job run, and did it finish?"
        )
    return path


def read_calculation(directory: Path) -> FinishedCalculation:
    """Read the facts that every analysis starts from.

    Parameters
    ----------
    directory : Path
        A directory with vasprun.xml (plain or compressed), or that file itself. ``region`` of
        each atom is taken from ``job.json`` where there is one.

    Raises
    ------
    OutputError
        If the file is missing, truncated, or lacks energy, forces or structure.
    """
    return finished_calculation(read_vasprun(require_output(Path(directory), "vasprun.xml")))


def finished_calculation(run: Vasprun) -> FinishedCalculation:
    """Turn a parsed vasprun.xml into the facts of the calculation."""
    if run.n_ionic_steps == 0:
        raise OutputError(
            f"{run.path}: no ionic step was finished", hint="look at the end of OUTCAR and rerun"
        )
    wanted = [("total energy", run.energy)]
    if has_electrons(run):
        wanted += [
            ("Fermi level", run.fermi_level),
            ("number of electrons (NELECT)", run.parameters.get("NELECT")),
        ]
    missing = [what for what, value in wanted if value is None]
    if missing:
        raise OutputError(f"{run.path}: the file does not state the {' or the '.join(missing)}")
    forces = free_forces(run)
    largest = float(np.linalg.norm(forces, axis=1).max()) if forces is not None else 0.0
    return FinishedCalculation(
        atoms=calculation_atoms(run),
        energy=float(run.energy or 0.0),
        fermi_level=run.fermi_level,
        converged=electronically_converged(run) and ionically_converged(run),
        n_ionic_steps=run.n_ionic_steps,
        max_force=largest,
        n_electrons=float(run.parameters["NELECT"]) if has_electrons(run) else None,
        engine=engine_line(run),
        is_mock=looks_like_mock(run),
    )


def has_electrons(run: Vasprun) -> bool:
    """Whether anything but a machine-learned force field (ML_LMLFF) made the numbers."""
    return not run.parameters.get("ML_LMLFF") or run.fermi_level is not None


def calculation_atoms(run: Vasprun, regions: Sequence[str] | None = None) -> Atoms:
    """Return the final structure with ``region`` from `regions` or the directory's job.json."""
    return _atoms(run, run.cell, run.scaled_positions, regions)


def initial_atoms(run: Vasprun, regions: Sequence[str] | None = None) -> Atoms:
    """Return the structure the calculation started from, as `calculation_atoms` the final one."""
    return _atoms(run, run.initial_cell, run.initial_scaled_positions, regions)


def _atoms(
    run: Vasprun,
    cell: NDArray[np.float64] | None,
    scaled_positions: NDArray[np.float64] | None,
    regions: Sequence[str] | None,
) -> Atoms:
    from ase import Atoms
    from ase.data import atomic_numbers

    if cell is None or scaled_positions is None or not run.symbols:
        raise OutputError(f"{run.path}: the file holds no structure")
    symbols = [_MISPRINTED.get(symbol, symbol) for symbol in run.symbols]
    unknown = [symbol for symbol in symbols if atomic_numbers.get(symbol, 0) == 0]
    if unknown:
        raise OutputError(f"{run.path}: '{unknown[0]}' is not a chemical element")
    atoms = Atoms(symbols, scaled_positions=scaled_positions, cell=cell, pbc=True)
    if regions is None:
        return set_regions(atoms, run.path.parent)
    if len(regions) == len(atoms):
        atoms.set_array("region", np.array(list(regions)))
    return atoms


def set_regions(atoms: Atoms, directory: Path) -> Atoms:
    """Put ``region`` on each atom from the directory's job.json, where there is a fitting one."""
    known = job_regions(directory)
    if len(known) == len(atoms):
        atoms.set_array("region", np.array(known))
    return atoms


def job_regions(directory: Path) -> list[str]:
    """Return the regions listed in job.json; none where the file is absent or not ours."""
    try:
        document = json.loads((directory / "job.json").read_text(encoding="utf-8"))
        regions = document["regions"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [str(region) for region in regions] if isinstance(regions, list) else []


def engine_document(directory: Path) -> dict[str, Any]:
    """Return what an engine other than VASP says about its run; empty where there is nothing."""
    try:
        document = json.loads((directory / ENGINE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def density_electrons(directory: Path) -> float | None:
    """Return how many electrons CHGCAR holds, where that is not NELECT; None for VASP.

    GPAW writes the density of all electrons, cores included.
    """
    found = engine_document(directory).get("electrons_in_density")
    return float(found) if isinstance(found, int | float) else None


def free_forces(run: Vasprun) -> NDArray[np.float64] | None:
    """Return the forces of the last step with the components of fixed coordinates set to zero."""
    if run.forces is None or run.movable is None or run.movable.shape != run.forces.shape:
        return run.forces
    return np.where(run.movable, run.forces, 0.0)


def electronically_converged(run: Vasprun) -> bool:
    """Whether the last ionic step ended by EDIFF and not by NELM."""
    limit = run.parameters.get("NELM")
    if limit is None or run.n_electronic_steps < int(limit):
        return True
    change, bound = run.last_energy_change, run.parameters.get("EDIFF")
    return change is not None and bound is not None and change < float(bound)


def ionically_converged(run: Vasprun) -> bool:
    """Whether a relaxation reached EDIFFG; True where nothing was relaxed."""
    steps = int(run.parameters.get("NSW") or 0)
    if steps <= 1 or run.parameters.get("IBRION") in (-1, 0):
        return True
    bound = float(run.parameters.get("EDIFFG") or 0.0)
    forces = free_forces(run)
    if bound < 0 and forces is not None:
        return bool(np.linalg.norm(forces, axis=1).max() <= -bound)
    return run.n_ionic_steps < steps


def engine_line(run: Vasprun) -> str:
    """Program, version and build as the file states them."""
    keys = ("program", "version", "subversion")
    return " ".join(run.generator[key] for key in keys if run.generator.get(key))


def looks_like_mock(run: Vasprun) -> bool:
    """Whether vasprun.xml or the first lines of OUTCAR say that a mock made the numbers."""
    if "mock" in " ".join(run.generator.values()).lower():
        return True
    return looks_like_mock_outcar(run.path.parent)


def looks_like_mock_outcar(directory: Path) -> bool:
    """Whether the first lines of OUTCAR say that a mock made the numbers."""
    outcar = find_output(directory, "OUTCAR")
    if outcar is None or outcar.is_dir() or outcar.stat().st_size == 0:
        return False
    with open_output(outcar) as stream:
        return b"mock" in stream.read(4096).lower()
