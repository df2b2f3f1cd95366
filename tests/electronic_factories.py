"""Electronic structures with known answers: densities of states, charges and potentials."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from vasp_factories import banded_dos
from xarray import DataArray

from qdstruct.model import Grid, ProjectedDos

ENERGIES = np.linspace(-5, 5, 1001)


def two_regions() -> Atoms:
    atoms = Atoms(
        "PbSCdS",
        positions=[[0, 0, 4], [2, 2, 4], [0, 0, 7], [2, 2, 7]],
        cell=[4, 4, 20],
        pbc=True,
    )
    atoms.set_array("region", np.array(["substrate", "substrate", "film", "film"]))
    return atoms


def projected_dos(
    *,
    film: tuple[float, float] = (-1.0, 1.0),
    substrate: tuple[float, float] = (-1.0, 1.0),
    fermi: float = 0.0,
    spins: int = 1,
    smearing: float = 0.05,
    height: float = 1.0,
    leak: float = 0.0,
) -> ProjectedDos:
    """Two atoms per region; edges in eV relative to the Fermi level; 80 % of the total projected.

    `leak` is a constant density per atom in the gaps (states of the neighbour reaching over).
    """
    atoms = two_regions()
    energy = ENERGIES + fermi
    names = {1: ["total"], 2: ["up", "down"], 4: ["total", "x", "y", "z"]}[spins]
    table = np.zeros((4, spins, ENERGIES.size, 4), dtype=np.float32)
    share = np.array([0.1, 0.2, 0.3, 0.4])
    for atom, (lower, upper) in enumerate([substrate, substrate, film, film]):
        density = banded_dos(ENERGIES, lower, upper, height) + leak
        density = np.outer(density, share)
        table[atom, 0] = density / (2 if spins == 2 else 1)
        if spins == 2:
            table[atom, 1] = density / 2
        if spins == 4:
            table[atom, 3] = 0.3 * density
    coords = {
        "atom": np.arange(4), "spin": names, "energy": energy, "orbital": ["s", "py", "pz", "px"],
    }  # fmt: skip
    projected = DataArray(table, dims=("atom", "spin", "energy", "orbital"), coords=coords)
    count = 1 if spins == 4 else spins
    total = DataArray(
        table[:, :count].astype(float).sum(axis=(0, 3)) / 0.8,
        dims=("spin", "energy"),
        coords={"spin": names[:count], "energy": energy},
        attrs={"unit": "states/eV", "smearing_width": smearing},
    )
    return ProjectedDos(
        projected=projected, total=total, fermi_level=fermi, atoms=atoms, source="test",
        is_mock=False,
    )  # fmt: skip


def sheet_density(
    atoms: Atoms, shape: tuple[int, int, int], sheets: list[tuple[float, float, float]]
) -> np.ndarray:
    """Electrons/Å³ of periodic Gaussian sheets (electrons, height in Å, width in Å)."""
    period = float(atoms.cell[2, 2])
    area = atoms.cell.volume / period
    z = np.arange(shape[2]) * period / shape[2]
    profile = np.zeros(shape[2])
    for electrons, height, width in sheets:
        for image in (-2, -1, 0, 1, 2):
            x = (z - height - image * period) / width
            profile += electrons * np.exp(-0.5 * x**2) / (width * np.sqrt(2 * np.pi) * area)
    return np.broadcast_to(profile, shape).copy()


def grid(atoms: Atoms, values: np.ndarray, source: str, quantity: str = "charge density") -> Grid:
    return Grid(values=values, atoms=atoms, quantity=quantity, source=source)
