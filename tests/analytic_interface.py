"""An interface that was never calculated: every number in its VASP files is chosen.

CdTe on PbS in a cell that is neither orthogonal nor upright. Each constant below is an answer
that an analysis of the files has to find.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ase import Atoms
from electronic_factories import sheet_density
from vasp_factories import banded_dos, grid_text, vasprun_text, write_density

CELL = [[4.0, 0.0, 0.0], [2.0, 3.5, 0.0], [1.0, 0.5, 36.0]]
AREA = 14.0
SUBSTRATE_PLANES = (3.0, 6.0, 9.0, 12.0)
FILM_PLANES = (14.5, 17.0, 19.5, 22.0)
PLANE = 13.25
TRANSFERRED = 0.25
VALENCE_OFFSET, CONDUCTION_OFFSET = -0.6, -0.5
"""Of the local DOS: film minus substrate, eV."""
STEP = -1.3
"""Potential of the film minus that of the substrate across the interface, eV."""
VACUUM_BELOW, VACUUM_ABOVE, FERMI = 4.0, 4.7, 0.2
SLAB_VACUUM = {"film": (4.2, 4.9), "substrate": (3.8, 4.5)}
"""Vacuum level below and above each free slab, eV."""
SLAB_EDGES = {"film": (-1.4, 0.8), "substrate": (-1.1, 0.9)}
"""Valence and conduction edge of each free slab on the scale of its potential, eV."""
BULK_EDGES = {"film": (2.0, 4.1), "substrate": (1.0, 3.0)}
BULK_POTENTIAL = {"film": -7.5, "substrate": -7.2}
BULK_CORES = {"film": -62.0, "substrate": -51.0}
INTERFACE_CORES = {"film": -60.0, "substrate": -48.2}
ENERGIES = {"interface": -100.0, "film": -45.0, "substrate": -50.0, "bulk film": -11.6,
            "bulk substrate": -12.8}  # fmt: skip
STATES = {"PARCHG.0010.0001": (11.0, 1.0), "PARCHG.0011.0001": (15.0, 1.0)}
"""Centre and width of each state, Å."""
ENERGY_AXIS = np.linspace(-6, 6, 1201)
SHAPE = (4, 4, 360)
ELEMENTS = {"film": ("Cd", "Te"), "substrate": ("Pb", "S")}


def interface() -> Atoms:
    """Eight PbS and eight CdTe atoms, grouped by element as VASP groups them."""
    symbols, scaled = [], []
    for planes, pair in ((SUBSTRATE_PLANES, ("Pb", "S")), (FILM_PLANES, ("Cd", "Te"))):
        for place, symbol in enumerate(pair):
            for z in planes:
                symbols.append(symbol)
                scaled.append([0.5 * place, 0.5 * place, z / 36.0])
    return Atoms(symbols, scaled_positions=scaled, cell=CELL, pbc=True)


def side(name: str) -> Atoms:
    """The atoms of one side in the cell of the interface."""
    whole = interface()
    return whole[[symbol in ELEMENTS[name] for symbol in whole.get_chemical_symbols()]]


def bulk(name: str) -> Atoms:
    """One layer of a crystal, repeated along c."""
    height = {"film": 2.5, "substrate": 3.0}[name]
    return Atoms(
        ELEMENTS[name], scaled_positions=[[0, 0, 0], [0.5, 0.5, 0]],
        cell=[CELL[0], CELL[1], [0.0, 0.0, height]], pbc=True,
    )  # fmt: skip


def write_directories(root: Path) -> Path:
    """Write the calculations as somebody might have left them, and return `root`."""
    _write_interface(root / "run7" / "final")
    _write_states(root / "run7" / "parchg")
    for name in ("film", "substrate"):
        _write_part(root / f"only {name}", name)
        _write_bulk(root / "bulk" / "_".join(ELEMENTS[name]), name)
    (root / "notes.txt").write_text("these are mine")
    return root


def _tags(**tags: object) -> dict[str, object]:
    return {"SIGMA": 0.01, "LORBIT": 11, "NSW": 0, **tags}


def _write_interface(folder: Path) -> None:
    folder.mkdir(parents=True)
    atoms = interface()
    film = np.isin(atoms.get_chemical_symbols(), ELEMENTS["film"])
    projected = np.zeros((16, 1, len(ENERGY_AXIS), 4))
    for atom, in_film in enumerate(film):
        edges = (-1.0 + VALENCE_OFFSET, 1.0 + CONDUCTION_OFFSET) if in_film else (-1.0, 1.0)
        density = banded_dos(ENERGY_AXIS, *edges, height=0.2)
        projected[atom, 0] = np.outer(density, [0.1, 0.2, 0.3, 0.4])
    total = projected.sum(axis=(0, 3)) / 0.9
    text = vasprun_text(
        atoms, energies=ENERGY_AXIS + FERMI, projected=projected, total=total, fermi=FERMI,
        energy=ENERGIES["interface"], electrons=32.0, tags=_tags(),
    )  # fmt: skip
    (folder / "vasprun.xml").write_text(text)
    sheets = [(16.0, 7.5, 1.5), (16.0, 18.0, 1.5), (-TRANSFERRED, 12.0, 0.25),
              (TRANSFERRED, 14.5, 0.25)]  # fmt: skip
    write_density(folder / "CHGCAR", atoms, sheet_density(atoms, SHAPE, sheets))
    below, above = (VACUUM_BELOW, VACUUM_ABOVE)
    potential = _potential((1.5, PLANE, -6.0, 3.0), (PLANE, 23.25, -6.0 + STEP, 2.5), below, above)
    _write_potential(folder, atoms, potential)
    cores = [INTERFACE_CORES["film" if f else "substrate"] for f in film]
    (folder / "OUTCAR").write_text(outcar(cores))


def _potential(*stretches: object) -> np.ndarray:
    """Plateaus that oscillate with their layer period, two vacuum levels, a sheet at 30.5 Å."""
    *materials, below, above = stretches
    z = np.arange(SHAPE[2]) * 36.0 / SHAPE[2]
    values = np.where((z > 20.0) & (z < 30.5), above, below)
    for start, end, level, period in materials:  # type: ignore[misc]
        inside = (z >= start) & (z < end)
        values = np.where(inside, level + 2.0 * np.cos(2 * np.pi * (z - start) / period), values)
    return np.asarray(values)


def _write_potential(folder: Path, atoms: Atoms, profile: np.ndarray) -> None:
    values = np.broadcast_to(profile, (4, 4, len(profile)))
    (folder / "LOCPOT").write_text(grid_text(atoms, [values]))


def _write_states(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "INCAR").write_text("LPARD = .TRUE.\nIBAND = 10 11\nNSW = 0\n")
    atoms = interface()
    for name, (centre, width) in STATES.items():
        write_density(folder / name, atoms, sheet_density(atoms, SHAPE, [(1.0, centre, width)]))


def _write_part(folder: Path, name: str) -> None:
    """One side alone: also the free slab with its two vacuum levels."""
    folder.mkdir(parents=True)
    atoms = side(name)
    centre = {"film": 18.0, "substrate": 7.5}[name]
    density = sheet_density(atoms, SHAPE, [(16.0, centre, 1.5)])
    write_density(folder / "CHGCAR", atoms, density)
    valence, conduction = SLAB_EDGES[name]
    (folder / "vasprun.xml").write_text(_vasprun(atoms, valence, conduction, ENERGIES[name], 16.0))
    low, high, period = {"film": (PLANE, 23.25, 2.5), "substrate": (1.5, 13.5, 3.0)}[name]
    below, above = SLAB_VACUUM[name]
    z = np.arange(SHAPE[2]) * 0.1
    sheet = (low + high) / 2 + 18.0
    far = (z - (low + high) / 2) % 36.0
    values = np.where(far < (sheet - (low + high) / 2), above, below)
    inside = (z >= low) & (z < high)
    values = np.where(inside, -7.0 + 2.0 * np.cos(2 * np.pi * (z - low) / period), values)
    _write_potential(folder, atoms, values)


def _vasprun(atoms: Atoms, valence: float, conduction: float, energy: float, n: float) -> str:
    """A vasprun.xml with a total DOS with these edges (absolute) and the Fermi level between."""
    fermi = (valence + conduction) / 2
    axis = ENERGY_AXIS + fermi
    density = banded_dos(axis, valence + 1e-9, conduction - 1e-9, height=0.2 * len(atoms))
    return vasprun_text(
        atoms, energies=axis, total=density[None], fermi=fermi, energy=energy, electrons=n,
        tags=_tags(LORBIT=0),
    )  # fmt: skip


def _write_bulk(folder: Path, name: str) -> None:
    folder.mkdir(parents=True)
    atoms = bulk(name)
    valence, conduction = BULK_EDGES[name]
    energy = ENERGIES[f"bulk {name}"]
    (folder / "vasprun.xml").write_text(_vasprun(atoms, valence, conduction, energy, 4.0))
    wave = 2.0 * np.cos(2 * np.pi * np.arange(30) / 30)
    _write_potential(folder, atoms, BULK_POTENTIAL[name] + wave)
    (folder / "OUTCAR").write_text(outcar([BULK_CORES[name]] * 2))


def outcar(cores: list[float]) -> str:
    """An OUTCAR that states the potentials at the cores."""
    pairs = "".join(f"{i:8d}{value:9.4f}" + ("\n" if i % 5 == 0 else "")
                    for i, value in enumerate(cores, 1))  # fmt: skip
    return (
        " vasp.6.4.2 20Jul23 (build test) complex\n"
        f"   number of dos      NEDOS =   1201   number of ions     NIONS = {len(cores):6d}\n"
        " average (electrostatic) potential at core\n  the test charge radii are     1.0\n"
        "  (the norm of the test charge is              1.0000)\n"
        f"{pairs}\n\n General timing and accounting informations for this job:\n"
    )
