"""One run of an engine in a job's directory, from the input files to the last output file."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from qdstruct.errors import InputError
from qdstruct.files import write_atomically
from qdstruct.running.engines.backend import Backend, Electrons, Task
from qdstruct.running.engines.outcar import outcar
from qdstruct.running.engines.tags import ignored_tags, refuse_impossible
from qdstruct.running.ionic import ionic_steps
from qdstruct.running.restart import ENGINE_FILE
from qdstruct.running.vaspfiles.elements import mass
from qdstruct.running.vaspfiles.facts import DensityOfStates, IonicStep
from qdstruct.running.vaspfiles.grids import grid_file
from qdstruct.running.vaspfiles.inputs import read_incar, read_kpoints, read_poscar
from qdstruct.running.vaspfiles.listings import doscar, eigenval, xdatcar_frame, xdatcar_header
from qdstruct.running.vaspfiles.settings import Settings, read_settings
from qdstruct.running.vaspfiles.text import Stamp, poscar_text
from qdstruct.running.vaspfiles.vasprun import ParameterGroups, Species, VasprunWriter

__all__ = ["Maker", "run_session"]

Maker = Callable[[Task, Path], Backend]
"""Starts an engine on a task in a directory."""


def run_session(directory: Path, name: str, make: Maker) -> None:
    """Calculate what the input files in `directory` ask for.

    CONTCAR is replaced after every ionic step; all other files appear whole at the end. A STOPCAR
    with ``LSTOP = .TRUE.`` ends a relaxation after the present step, without results.

    Parameters
    ----------
    directory : Path
        Holds INCAR, KPOINTS and POSCAR.
    name : str
        Name of the engine, for messages.
    make : callable
        Starts the engine.

    Raises
    ------
    InputError
        When an input file cannot be read, or asks for what this engine cannot do.
    RunError
        When the calculation fails.
    """
    began = time.monotonic()
    incar = read_incar(directory / "INCAR")
    refuse_impossible(incar, name)
    structure = read_poscar(directory / "POSCAR")
    kpoints = read_kpoints(directory / "KPOINTS", incar, structure.cell)
    if kpoints.style == "Explicit":
        raise InputError(
            f"not possible with the engine {name}: an explicit list of k-points",
            hint="give a Γ-centred mesh, or run this job with VASP",
        )
    settings = read_settings(incar, structure, kpoints)
    task = Task(incar=incar, settings=settings, kpoints=kpoints, structure=structure)
    backend = make(task, directory)
    try:
        stamp = _stamp(backend, ignored_tags(incar, backend.honoured))
        _say(f"{stamp.program} {stamp.version}: {stamp.subversion}")
        steps = _move(task, backend, directory, stamp)
        if steps is None:
            _say("stopped by STOPCAR; CONTCAR holds the last geometry")
            return
        electrons = backend.electrons(steps[-1].structure)
    finally:
        backend.close()
    _Results(task, backend, stamp, steps, electrons, time.monotonic() - began).write(directory)
    _say("done")


def _move(task: Task, backend: Backend, directory: Path, stamp: Stamp) -> list[IonicStep] | None:
    """Follow the geometries; None when STOPCAR ended the run before its last one."""
    steps: list[IonicStep] = []
    trajectory = [xdatcar_header(task.structure, stamp.mark)]
    for number, step in enumerate(ionic_steps(task.structure, backend, task.settings), start=1):
        steps.append(step)
        trajectory.append(xdatcar_frame(number, step.structure))
        write_atomically(directory / "CONTCAR", poscar_text(step.structure, stamp.mark))
        largest = float((step.result.forces**2).sum(axis=1).max() ** 0.5)
        _say(f"step {number:4d}  E = {step.result.energy:16.6f} eV  max|F| = {largest:9.4f} eV/Å")
        if not step.last and _stop_requested(directory):
            return None
    write_atomically(directory / "XDATCAR", "".join(trajectory))
    return steps


def _stop_requested(directory: Path) -> bool:
    path = directory / "STOPCAR"
    return path.exists() and read_incar(path).flag("LSTOP", False)


def _stamp(backend: Backend, ignored: tuple[str, ...]) -> Stamp:
    method = backend.method
    aside = f"; left aside: {', '.join(ignored)}" if ignored else ""
    now = datetime.now(UTC).astimezone()
    return Stamp(
        program=method.program,
        version=method.version,
        subversion=f"{method.summary}{aside}",
        platform=method.platform,
        mark=f"{method.program} {method.version} through qdstruct, {method.summary}",
        date=(now.strftime("%Y %m %d"), now.strftime("%H:%M:%S")),
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class _Results:
    """Everything a finished run leaves, written beside and renamed."""

    def __init__(
        self,
        task: Task,
        backend: Backend,
        stamp: Stamp,
        steps: list[IonicStep],
        electrons: Electrons | None,
        seconds: float,
    ) -> None:
        self._task, self._backend, self._stamp = task, backend, stamp
        self._steps, self._electrons, self._seconds = steps, electrons, seconds
        self._final = steps[-1].structure

    def write(self, directory: Path) -> None:
        """Write grids and lists first, vasprun.xml, which says that all is done, last."""
        electrons, mark = self._electrons, self._stamp.mark
        if electrons is not None:
            if electrons.density is not None:
                field = electrons.density * self._final.volume
                write_atomically(directory / "CHGCAR", grid_file(self._final, [field], mark))
            if electrons.potential is not None:
                content = grid_file(self._final, [electrons.potential], mark)
                write_atomically(directory / "LOCPOT", content)
            settings = self._resolved(electrons)
            if electrons.copies == 1:
                text = eigenval(electrons.levels, electrons.kpoints, settings, self._final, mark)
                write_atomically(directory / "EIGENVAL", text)
            text = doscar(electrons.dos, settings, self._final, mark)
            write_atomically(directory / "DOSCAR", text)
        ignored = ignored_tags(self._task.incar, self._backend.honoured)
        write_atomically(
            directory / "OUTCAR",
            outcar(self._backend.method, self._steps, electrons, ignored, self._seconds),
        )
        write_atomically(directory / ENGINE_FILE, self._document(ignored))
        write_atomically(directory / "vasprun.xml", self._vasprun())

    def _resolved(self, electrons: Electrons) -> Settings:
        import dataclasses

        spins, _, bands = electrons.levels.eigenvalues.shape
        return dataclasses.replace(
            self._task.settings,
            ispin=spins,
            nbands=bands,
            nelect=self._valence(),
            nedos=len(electrons.dos.energies),
        )

    def _valence(self) -> float:
        return sum(self._backend.labels[symbol][0] for symbol in self._final.symbols)

    def _document(self, ignored: tuple[str, ...]) -> str:
        method, electrons = self._backend.method, self._electrons
        document = {
            "program": method.program,
            "version": method.version,
            "method": method.summary,
            "platform": method.platform,
            "details": method.details,
            "not_calculated": method.lacks if self._task.wants_potential else {},
            "incar_tags_left_aside": list(ignored),
            "species": {
                symbol: {"electrons": count, "label": label}
                for symbol, (count, label) in self._backend.labels.items()
            },
            "ionic_steps": len(self._steps),
            "wall_seconds": round(self._seconds, 3),
            "electrons_in_density": electrons.notes.get("electrons") if electrons else None,
            "notes": electrons.notes if electrons else {},
        }
        if electrons is not None and electrons.charges is not None:
            document["atomic_charges"] = [round(float(q), 6) for q in electrons.charges]
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"

    def _vasprun(self) -> str:
        text = io.StringIO()
        writer = VasprunWriter(text, self._stamp)
        electrons = self._electrons
        writer.header(
            self._task.incar,
            self._parameters(),
            self._task.kpoints if electrons is None else electrons.kpoints,
            self._task.structure,
            self._species(),
        )
        for step in self._steps:
            last = step is self._steps[-1]
            writer.ionic_step(
                step,
                [],
                electrons.levels if electrons and electrons.copies == 1 and last else None,
                self._dos() if last else None,
                self._resolved(electrons) if electrons else self._task.settings,
            )
        writer.end(self._final)
        return text.getvalue()

    def _dos(self) -> DensityOfStates | None:
        return self._electrons.dos if self._electrons else None

    def _species(self) -> list[Species]:
        return [
            Species(
                symbol=symbol,
                count=count,
                mass=mass(symbol),
                valence=self._backend.labels[symbol][0],
                label=self._backend.labels[symbol][1],
            )
            for symbol, count in self._final.groups
        ]

    def _parameters(self) -> ParameterGroups:
        """Return only what was used; tags of VASP's numerics would be untrue here."""
        s = self._task.settings
        groups: dict[str, dict[str, object]] = {
            "general": {"SYSTEM": s.system},
            "ionic": {"NSW": s.nsw, "IBRION": s.ibrion, "ISIF": s.isif, "EDIFFG": s.ediffg},
        }
        electrons = self._electrons
        if electrons is not None:
            spins, _, bands = electrons.levels.eigenvalues.shape
            groups["electronic"] = {"NELECT": self._valence(), "NBANDS": bands}
            groups["electronic smearing"] = {"ISMEAR": -1, "SIGMA": s.sigma}
            groups["electronic spin"] = {
                "ISPIN": spins, "LNONCOLLINEAR": False, "LSORBIT": False,
            }  # fmt: skip
            groups["dos"] = {"LORBIT": s.lorbit, "NEDOS": len(electrons.dos.energies)}
        else:
            groups["machine learned force fields"] = {"ML_LMLFF": True}
        return groups
