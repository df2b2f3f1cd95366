"""Small job directories for the engines that calculate."""

import io
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
from ase import Atoms
from mock_jobs import as_structure

from qdstruct.model import Job
from qdstruct.running.engines.backend import Task
from qdstruct.running.engines.session import Maker, run_session
from qdstruct.running.vaspfiles.inputs import read_incar, read_kpoints, read_poscar
from qdstruct.running.vaspfiles.settings import read_settings
from qdstruct.running.vaspfiles.text import poscar_text

STATIC = {"ISMEAR": 0, "SIGMA": 0.05, "LORBIT": 11, "LCHARG": ".TRUE.", "LVHAR": ".TRUE."}


def write_inputs(folder: Path, atoms: Atoms, mesh: str = "1 1 1", **tags: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "POSCAR").write_text(poscar_text(as_structure(atoms), "test"))
    (folder / "INCAR").write_text("".join(f"{tag} = {value}\n" for tag, value in tags.items()))
    (folder / "KPOINTS").write_text(f"mesh\n0\nGamma\n{mesh}\n0 0 0\n")
    return folder


def task_of(folder: Path) -> Task:
    incar, structure = read_incar(folder / "INCAR"), read_poscar(folder / "POSCAR")
    kpoints = read_kpoints(folder / "KPOINTS", incar, structure.cell)
    settings = read_settings(incar, structure, kpoints)
    return Task(incar=incar, settings=settings, kpoints=kpoints, structure=structure)


def calculate(folder: Path, name: str, make: Maker) -> str:
    screen = io.StringIO()
    with redirect_stdout(screen):
        run_session(folder, name, make)
    return screen.getvalue()


def job(kind: str, *provides: str) -> Job:
    return Job(name=f"test/{kind}", kind=kind, subject="test", provides=provides)


def hydrogen_sulfide(box: float = 7.0) -> Atoms:
    """Experimental geometry: S–H 1.336 Å, H–S–H 92.1° (CRC Handbook), off the grid's axes."""
    half = np.radians(92.1 / 2)
    arm = 1.336 * np.array([[np.sin(half), 0, np.cos(half)], [-np.sin(half), 0, np.cos(half)]])
    atoms = Atoms("SHH", [np.zeros(3), *arm], cell=[box] * 3, pbc=True)
    atoms.rotate(33, (1, 2, 3))
    atoms.translate([3.1, 3.4, 3.3])
    return atoms
