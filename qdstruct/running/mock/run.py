"""One run in a job directory, from the input files to the last output file."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from qdstruct.running.ionic import ionic_steps
from qdstruct.running.mock.density import (
    electrons_per_atom,
    vacuum_level,
    valence_density,
)
from qdstruct.running.mock.electronic import (
    MockLevels,
    density_of_states,
    find_levels,
)
from qdstruct.running.mock.failures import ERROR_TEXTS, Failure, requested_failure
from qdstruct.running.mock.forces import PairModel
from qdstruct.running.mock.outcar import OutcarWriter
from qdstruct.running.mock.parameters import vasp_parameters
from qdstruct.running.mock.selfconsistency import electronic_steps
from qdstruct.running.mock.special import (
    core_levels,
    dielectric_function,
    require_orbitals,
    wants_states,
    write_all_electron,
    write_orbitals,
    write_states,
)
from qdstruct.running.mock.stamp import MARK, STAMP, vasp_version_line
from qdstruct.running.vaspfiles.electrostatics import hartree_potential
from qdstruct.running.vaspfiles.elements import mass, potential
from qdstruct.running.vaspfiles.facts import (
    DensityOfStates,
    ElectronicStep,
    Evaluation,
    IonicStep,
)
from qdstruct.running.vaspfiles.grids import check_chgcar, grid_file
from qdstruct.running.vaspfiles.inputs import (
    Incar,
    KpointMesh,
    PoscarStructure,
    read_incar,
    read_kpoints,
    read_poscar,
)
from qdstruct.running.vaspfiles.listings import (
    OSZICAR_HEADER,
    doscar,
    eigenval,
    oszicar_electronic,
    oszicar_ionic,
    xdatcar_frame,
    xdatcar_header,
)
from qdstruct.running.vaspfiles.settings import Settings, read_settings
from qdstruct.running.vaspfiles.text import poscar_text
from qdstruct.running.vaspfiles.vasprun import Species, VasprunWriter

__all__ = ["run"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Job:
    directory: Path
    incar: Incar
    structure: PoscarStructure
    kpoints: KpointMesh
    settings: Settings
    model: PairModel
    failure: Failure


class _StopError(Exception):
    """The run ends here with this exit code, its files as they are."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def run(directory: Path, screen: TextIO) -> int:
    """Calculate what the input files in `directory` ask for.

    Parameters
    ----------
    directory : Path
        Job directory; output files are written here, as VASP does.
    screen : TextIO
        Standard output.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    InputError
        If an input file is missing or asks for the impossible; no output is written.
    """
    job = _read(directory)
    if job.failure.mode == "no-output":
        return 0
    screen.write(f" running    1 mpi-ranks, on    1 nodes\n{vasp_version_line()}\n")
    types = "".join(f" {symbol}" for symbol, _ in job.structure.groups)
    screen.write(f" POSCAR found type information on POSCAR{types}\n")
    screen.write(
        f" POSCAR found : {len(job.structure.groups)} types and {len(job.structure.symbols)} ions\n"
    )
    screen.flush()
    try:
        _Run(job, screen).go()
    except _StopError as stop:
        return stop.code
    return 0


def _read(directory: Path) -> _Job:
    incar = read_incar(directory / "INCAR")
    structure = read_poscar(directory / "POSCAR")
    kpoints = read_kpoints(directory / "KPOINTS", incar, structure.cell)
    settings = read_settings(incar, structure, kpoints)
    if settings.icharg >= 10:
        check_chgcar(directory / "CHGCAR", structure, settings.grid)
    if wants_states(incar):
        require_orbitals(directory)
    return _Job(
        directory=directory,
        incar=incar,
        structure=structure,
        kpoints=kpoints,
        settings=settings,
        model=PairModel(structure),
        failure=requested_failure(directory),
    )


class _Run:
    def __init__(self, job: _Job, screen: TextIO) -> None:
        self._job = job
        self._screen = screen
        self._oszicar = (job.directory / "OSZICAR").open("w")
        self._xdatcar = (job.directory / "XDATCAR").open("w")
        self._outcar = OutcarWriter((job.directory / "OUTCAR").open("w"))
        self._vasprun = VasprunWriter((job.directory / "vasprun.xml").open("w"), STAMP)
        self._energy: float | None = None

    def go(self) -> None:
        """Write every file."""
        job = self._job
        (job.directory / "MOCK").write_text(f"{MARK}\n")
        self._outcar.header(job.incar, job.settings, job.kpoints, job.structure)
        self._vasprun.header(
            job.incar,
            vasp_parameters(job.settings),
            job.kpoints,
            job.structure,
            _species(job.structure),
        )
        self._xdatcar.write(xdatcar_header(job.structure, MARK))
        if wants_states(job.incar):
            self._states()
            return
        self._screen.write(" entering main loop\n")
        for number, step in enumerate(ionic_steps(job.structure, job.model, job.settings), 1):
            if self._ionic_step(number, step):
                return

    def _states(self) -> None:
        """Write densities of single states and stop, as VASP does: OUTCAR has no closing lines."""
        job = self._job
        _, levels = _levels(job, job.structure)
        write_states(job.directory, job.structure, job.incar, job.settings, levels)
        (job.directory / "CONTCAR").write_text(poscar_text(job.structure, MARK))
        for stream in (self._oszicar, self._xdatcar, self._outcar, self._vasprun):
            stream.abandon() if isinstance(stream, OutcarWriter | VasprunWriter) else stream.close()

    def _ionic_step(self, number: int, step: IonicStep) -> bool:
        """Write one geometry; True when it was the last and every file is complete."""
        job = self._job
        stopping = _stop_requested(job.directory)
        last = step.last or stopping
        if last and job.failure.mode == "nan-forces":
            step = _without_forces(step)
        electrons, levels = _levels(job, step.structure)
        electronic = self._electronic_loop(number, step, levels.moment)
        self._fail_in_the_middle(number, last)
        dos = density_of_states(levels, job.settings) if last else None
        cores = core_levels(step.structure, electrons, job.incar) if last else ""
        self._outcar.ionic_step(number, step, levels, electrons, job.settings, job.kpoints, cores)
        response = "" if dos is None else self._response(levels)
        self._vasprun.ionic_step(step, electronic, levels, dos, job.settings, response)
        change = 0.0 if self._energy is None else step.result.energy - self._energy
        change = step.result.energy if self._energy is None else change
        self._energy = step.result.energy
        self._show(self._oszicar, oszicar_ionic(number, step, change, levels.moment, job.settings))
        self._xdatcar.write(xdatcar_frame(number, step.structure))
        self._xdatcar.flush()
        (job.directory / "CONTCAR").write_text(poscar_text(step.structure, MARK))
        time.sleep(job.failure.delay)
        if stopping:
            self._outcar.soft_stop()
        elif last and step.converged and job.settings.ibrion in (1, 2, 3):
            self._outcar.reached()
            self._screen.write(
                " reached required accuracy - stopping structural energy minimisation\n"
            )
        if dos is not None:
            self._finish(step, electrons, levels, dos)
        return last

    def _response(self, levels: MockLevels) -> str:
        job = self._job
        return dielectric_function(levels, job.kpoints, job.settings, job.incar)

    def _electronic_loop(self, number: int, step: IonicStep, moment: float) -> list[ElectronicStep]:
        job = self._job
        electronic, done = electronic_steps(
            step.result.energy,
            len(job.structure.symbols),
            job.settings.ediff,
            job.settings.nelm,
            first=number == 1,
            converges=job.failure.mode != "scf",
        )
        self._show(self._oszicar, OSZICAR_HEADER)
        reason = "because EDIFF is reached" if done else "EDIFF was not reached (unconverged)"
        for one in electronic:
            self._show(self._oszicar, oszicar_electronic(one))
            last = reason if one is electronic[-1] else ""
            self._outcar.electronic_step(number, one, job.settings.nelect, moment, last)
        return electronic

    def _show(self, stream: TextIO, line: str) -> None:
        stream.write(line)
        stream.flush()
        self._screen.write(line)
        self._screen.flush()

    def _fail_in_the_middle(self, number: int, last: bool) -> None:
        mode = self._job.failure.mode
        if mode in ERROR_TEXTS and (number == 2 or last):
            self._screen.write(ERROR_TEXTS[mode])
            self._screen.flush()
            while mode == "zpotrf-hang":
                time.sleep(0.2)
            raise _StopError(1)
        if mode == "silent" and (number == 2 or last):
            raise _StopError(0)
        if mode == "killed" and (number == 2 or last):
            os.kill(os.getpid(), signal.SIGKILL)

    def _finish(
        self, step: IonicStep, electrons: FloatArray, levels: MockLevels, dos: DensityOfStates
    ) -> None:
        job = self._job
        settings, directory = job.settings, job.directory
        self._oszicar.close()
        self._xdatcar.close()
        (directory / "EIGENVAL").write_text(
            eigenval(levels, job.kpoints, settings, step.structure, MARK)
        )
        (directory / "DOSCAR").write_text(doscar(dos, settings, step.structure, MARK))
        self._write_grids(step.structure, electrons)
        self._vasprun.close(step.structure)
        self._outcar.close(dos, settings)

    def _write_grids(self, structure: PoscarStructure, electrons: FloatArray) -> None:
        settings, directory = self._job.settings, self._job.directory
        write_orbitals(directory, self._job.incar)
        writes_charge = settings.lcharg and settings.icharg < 10
        if not writes_charge and not settings.writes_locpot:
            return
        density = valence_density(structure, settings.grid, electrons)
        if writes_charge:
            fields = [density.values * structure.volume]
            if settings.ispin == 2:
                fields.append(np.zeros_like(density.values))
            content = grid_file(structure, fields, MARK)
            if self._job.failure.mode == "truncated-chgcar":
                content = content[: len(content) * 3 // 5]
            (directory / "CHGCAR").write_bytes(content)
            incar = self._job.incar
            write_all_electron(directory, structure, incar, settings.grid, density.values)
        if settings.writes_locpot:
            field = hartree_potential(
                density.values - density.positive,
                structure,
                settings.dipole_axis,
                settings.dipole_centre,
            )
            (directory / "LOCPOT").write_bytes(grid_file(structure, [field], MARK))


def _species(structure: PoscarStructure) -> list[Species]:
    return [
        Species(
            symbol=symbol,
            count=count,
            mass=mass(symbol),
            valence=potential(symbol).zval,
            label=f"PAW_PBE {potential(symbol).label} MOCK",
        )
        for symbol, count in structure.groups
    ]


def _levels(job: _Job, structure: PoscarStructure) -> tuple[FloatArray, MockLevels]:
    electrons = electrons_per_atom(structure, job.settings.nelect)
    levels = find_levels(
        structure,
        job.model.molecules,
        job.kpoints,
        job.settings,
        electrons,
        vacuum_level(structure, electrons),
    )
    return electrons, levels


def _stop_requested(directory: Path) -> bool:
    """Whether a STOPCAR asks for an end, as ``LSTOP`` or ``LABORT``."""
    path = directory / "STOPCAR"
    if not path.exists():
        return False
    tags = read_incar(path)
    return tags.flag("LSTOP", False) or tags.flag("LABORT", False)


def _without_forces(step: IonicStep) -> IonicStep:
    result = Evaluation(
        energy=step.result.energy,
        forces=np.full_like(step.result.forces, np.nan),
        strain_derivative=step.result.strain_derivative,
    )
    return IonicStep(structure=step.structure, result=result, last=True, converged=step.converged)
