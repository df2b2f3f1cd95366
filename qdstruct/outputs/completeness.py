"""Whether a finished job left everything whole; silence is not success."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.errors import OutputError
from qdstruct.model import Job
from qdstruct.outputs.calculation import (
    calculation_atoms,
    electronically_converged,
    engine_document,
    free_forces,
    has_electrons,
    ionically_converged,
)
from qdstruct.outputs.grids import GRID_FILES, check_grid_file
from qdstruct.outputs.header import read_structure
from qdstruct.outputs.kinds import kind_problems
from qdstruct.outputs.projections import ProjectionTable
from qdstruct.outputs.reader import TextReader
from qdstruct.outputs.streams import find_output, open_output
from qdstruct.outputs.vasprun import Vasprun, read_vasprun

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["completeness_problems"]

ENDS_EARLY = frozenset({"states"})
"""Kinds after which VASP stops without finishing vasprun.xml and OUTCAR."""
NEEDS_FORCES = frozenset({"relax", "displacement", "md"})
_OUTCAR_END = b"General timing and accounting"
_POSITION_TOLERANCE = 1e-3
"""Å by which two files of one calculation may print an atom differently."""


def completeness_problems(directory: Path, job: Job) -> list[str]:
    """List everything that a finished job should have left behind and did not.

    Parameters
    ----------
    directory : Path
        The job's directory.
    job : Job
        What was calculated, and which files it provides.

    Returns
    -------
    list of str
        One sentence per problem, naming file and place; empty when vasprun.xml is complete, SCF
        and (for a relaxation) forces are converged, energies are finite, and every file of
        ``job.provides`` is whole and describes the same atoms. Files that an engine other than
        VASP does not calculate are not missed; ``qdstruct-engine.json`` says why.
    """
    directory = Path(directory)
    problems: list[str] = []
    run: Vasprun | None = None
    final: Atoms | None = None
    try:
        run = None if job.kind in ENDS_EARLY else _read(directory)
        final = calculation_atoms(run) if run is not None and run.cell is not None else None
    except OutputError as error:
        problems.append(error.message)
    if run is not None:
        problems += _calculation_problems(run, job)
        problems += kind_problems(directory, run, job)
    lacking = _not_calculated(directory)
    for name in job.provides:
        if name != "vasprun.xml" and name not in lacking:
            problems += _file_problems(directory, name, final)
    return problems


def _not_calculated(directory: Path) -> frozenset[str]:
    """Files that the engine says it does not write, and why, in ``qdstruct-engine.json``."""
    found = engine_document(directory).get("not_calculated")
    return frozenset(found) if isinstance(found, dict) else frozenset()


def _read(directory: Path) -> Vasprun:
    path = find_output(directory, "vasprun.xml")
    if path is None:
        raise OutputError(f"{directory}: there is no vasprun.xml here, so nothing was finished")
    return read_vasprun(path, ProjectionTable)


def _calculation_problems(run: Vasprun, job: Job) -> Iterator[str]:
    if run.n_ionic_steps == 0:
        yield f"{run.path}: no ionic step was finished."
        return
    if run.energy is None:
        yield f"{run.path}: the last ionic step has no total energy."
    if run.fermi_level is None and has_electrons(run):
        yield f"{run.path}: the Fermi level is missing."
    if run.forces is None and job.kind in NEEDS_FORCES:
        yield f"{run.path}: the last ionic step has no forces."
    if run.parameters.get("NELECT") is None and has_electrons(run):
        yield f"{run.path}: the number of electrons (NELECT) is missing."
    if not electronically_converged(run):
        yield (
            f"{run.path}: the SCF of ionic step {run.n_ionic_steps} stopped after NELM = "
            f"{run.parameters.get('NELM')} steps without reaching EDIFF."
        )
    if job.kind == "relax" and not ionically_converged(run):
        yield _relaxation_problem(run)
    if job.regions and len(job.regions) != len(run.symbols):
        yield (
            f"{run.path}: {len(run.symbols)} atoms, but job.json gives the region of "
            f"{len(job.regions)}."
        )
    yield from _dos_problems(run, job)


def _relaxation_problem(run: Vasprun) -> str:
    forces = free_forces(run)
    largest = float(np.linalg.norm(forces, axis=1).max()) if forces is not None else float("nan")
    limit = int(run.parameters.get("NSW") or 0)
    why = "NSW was reached" if run.n_ionic_steps >= limit else "the relaxation stopped early"
    return (
        f"{run.path}: after {run.n_ionic_steps} of {limit} ionic steps the largest force is "
        f"{largest:.4f} eV/Å, EDIFFG asks for {run.parameters.get('EDIFFG')} ({why})."
    )


def _dos_problems(run: Vasprun, job: Job) -> Iterator[str]:
    asked = int(run.parameters.get("LORBIT") or 0)
    if asked >= 10 and not run.has_projections:
        yield f"{run.path}: LORBIT = {asked} asked for a projected DOS, but there is none."
    if job.kind == "dos" and asked < 10:
        yield f"{run.path}: a DOS job ran without LORBIT, so nothing is projected on atoms."
    if job.kind == "dos" and run.total_dos is not None and not run.total_dos.any():
        yield f"{run.path}: the total DOS is zero everywhere (is EMIN…EMAX right?)."


def _file_problems(directory: Path, name: str, final: Atoms | None) -> Iterator[str]:
    path = find_output(directory, name)
    if path is None:
        yield f"{directory}: {name} is missing."
        return
    try:
        found = _check(path, name)
    except OutputError as error:
        yield error.message
        return
    if found is not None and final is not None:
        yield from _difference(path, found, final)


def _check(path: Path, name: str) -> Atoms | None:
    """Read one file to its end; the structure it states, where it states one."""
    if any(name.startswith(start) for start in GRID_FILES):
        return check_grid_file(path)[0]
    with open_output(path) as stream:
        if name in ("CONTCAR", "POSCAR"):
            return read_structure(TextReader(stream))
        tail = b""
        while chunk := stream.read(1 << 20):
            tail = (tail + chunk)[-(1 << 14) :]
    if name == "OUTCAR" and _OUTCAR_END not in tail:
        raise OutputError(
            f"{path}: does not end with the timing summary that VASP writes last, so the run was "
            "killed or crashed."
        )
    return None


def _difference(path: Path, found: Atoms, final: Atoms) -> Iterator[str]:
    if found.get_chemical_symbols() != final.get_chemical_symbols():
        yield (
            f"{path}: describes {found.get_chemical_formula()} in another order or composition "
            f"than vasprun.xml ({final.get_chemical_formula()})."
        )
        return
    if not np.allclose(found.cell, final.cell, atol=_POSITION_TOLERANCE):
        yield f"{path}: its cell is not that of the last step in vasprun.xml."
        return
    apart = found.get_scaled_positions(wrap=False) - final.get_scaled_positions(wrap=False)
    apart -= np.round(apart)
    distance = np.linalg.norm(apart @ np.asarray(final.cell), axis=1)
    if distance.max() > _POSITION_TOLERANCE and not path.name.startswith("CONTCAR"):
        worst = int(distance.argmax())
        yield (
            f"{path}: atom {worst + 1} lies {distance[worst]:.3f} Å from where vasprun.xml ends; "
            "the two files belong to different runs."
        )
