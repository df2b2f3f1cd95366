"""Job directories for the tests of the mock VASP."""

import io
from itertools import groupby
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import read

from qdstruct.resources import data_folder
from qdstruct.running.mock.run import run
from qdstruct.running.vaspfiles.inputs import PoscarStructure
from qdstruct.running.vaspfiles.text import poscar_text

RELAX = {"IBRION": 2, "NSW": 100, "EDIFFG": -0.02, "EDIFF": 1e-5, "ISMEAR": 0, "SIGMA": 0.05}


def crystal(name: str) -> Atoms:
    return read(data_folder("structures") / f"{name}.cif")


def as_structure(atoms: Atoms, selective=None) -> PoscarStructure:
    order = np.argsort(atoms.numbers, kind="stable")
    atoms = atoms[order]
    symbols = tuple(atoms.get_chemical_symbols())
    return PoscarStructure(
        comment="test",
        cell=np.array(atoms.cell),
        scaled=atoms.get_scaled_positions(wrap=False),
        symbols=symbols,
        groups=tuple((s, len(list(g))) for s, g in groupby(symbols)),
        selective=None if selective is None else np.asarray(selective)[order],
    )


def write_job(folder: Path, structure: PoscarStructure, mesh="2 2 2", **tags) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "POSCAR").write_text(poscar_text(structure, "test"))
    (folder / "INCAR").write_text("".join(f"{t} = {v}\n" for t, v in tags.items()))
    (folder / "KPOINTS").write_text(f"mesh\n0\nGamma\n{mesh}\n0 0 0\n")
    return folder


def run_job(folder: Path) -> str:
    screen = io.StringIO()
    assert run(folder, screen) == 0
    return screen.getvalue()


def stacked(lower: Atoms, upper: Atoms, gap: float, vacuum: float) -> tuple[PoscarStructure, list]:
    """Upper slab strained onto the lower one; returns the structure and each atom's side."""
    upper = upper.copy()
    upper.set_cell([lower.cell[0], lower.cell[1], upper.cell[2]], scale_atoms=True)
    both = lower.copy()
    both.positions[:, 2] -= both.positions[:, 2].min()
    upper.positions[:, 2] += both.positions[:, 2].max() + gap - upper.positions[:, 2].min()
    both += upper
    height = both.positions[:, 2].max() + vacuum
    both.set_cell([lower.cell[0], lower.cell[1], [0, 0, height]])
    both.positions[:, 2] += vacuum / 2
    side = np.array(["lower"] * len(lower) + ["upper"] * len(upper))
    return as_structure(both), side[np.argsort(both.numbers, kind="stable")].tolist()


def part(structure: PoscarStructure, keep: list[bool]) -> PoscarStructure:
    symbols = tuple(s for s, k in zip(structure.symbols, keep, strict=True) if k)
    return PoscarStructure(
        comment="part",
        cell=structure.cell,
        scaled=structure.scaled[np.array(keep)],
        symbols=symbols,
        groups=tuple((s, len(list(g))) for s, g in groupby(symbols)),
    )
