"""Densities of Gaussian atoms with known charges, as files of a finished calculation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ase import Atoms
from vasp_factories import vasprun_text, write_density

SHAPE = (24, 24, 48)


def gaussian_pair() -> Atoms:
    """Two atoms whose dividing plane is halfway by symmetry."""
    return Atoms("PbS", positions=[[3, 3, 3], [3, 3, 9]], cell=[6, 6, 12], pbc=True)


def gaussians(atoms: Atoms, electrons: list[float], width: float = 0.6) -> np.ndarray:
    """Periodic Gaussians in electrons/Å³ on the grid of `SHAPE`; each holds its `electrons`."""
    axes = [np.arange(n) / n for n in SHAPE]
    places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    density = np.zeros(SHAPE)
    for place, count in zip(atoms.get_scaled_positions(), electrons, strict=True):
        apart = places - place
        apart = (apart - np.round(apart)) @ np.asarray(atoms.cell)
        bump = np.exp(-(apart**2).sum(axis=-1) / (2 * width**2))
        density += count * bump / (bump.mean() * atoms.cell.volume)
    return density


def write_calculation(directory: Path, electrons: list[float]) -> Atoms:
    """CHGCAR with `electrons` on each atom, AECCAR0 and AECCAR2 that add up to equal atoms."""
    atoms = gaussian_pair()
    write_density(directory / "CHGCAR", atoms, gaussians(atoms, electrons))
    write_density(directory / "AECCAR0", atoms, gaussians(atoms, [40.0, 40.0], 0.4))
    write_density(directory / "AECCAR2", atoms, gaussians(atoms, [8.0, 8.0], 0.6))
    (directory / "vasprun.xml").write_text(vasprun_text(atoms, electrons=sum(electrons)))
    return atoms


def acf_text(
    atoms: Atoms, electrons: list[float], *, vacuum: float = 0.0, total: float | None = None
) -> str:
    """An ACF.dat in the format of Henkelman's program, version 1.05."""
    rule = " " + "-" * 80 + "\n"
    text = (
        "    #         X           Y           Z       CHARGE      MIN DIST   ATOMIC VOL\n" + rule
    )
    for i, (place, count) in enumerate(zip(atoms.positions, electrons, strict=True)):
        text += f"{i + 1:5d}" + "".join(f"{x:12.6f}" for x in (*place, count, 1.5, 216.0)) + "\n"
    total = sum(electrons) + vacuum if total is None else total
    return (
        f"{text}{rule}    VACUUM CHARGE:        {vacuum:12.4f}\n"
        f"    VACUUM VOLUME:               0.0000\n    NUMBER OF ELECTRONS:  {total:12.4f}\n"
    )


PROGRAM = '''#!{python}
"""Stands in for Henkelman's program: divides the cell by nearest atoms of the reference."""
import sys
import numpy as np
sys.path[:0] = {path!r}
from pathlib import Path
from qdstruct.outputs import read_grid
from charge_factories import acf_text
assert sys.argv[1:] == ["CHGCAR", "-ref", "CHGCAR_sum"], sys.argv
density = read_grid(Path("CHGCAR"), quantity="charge density")
reference = read_grid(Path("CHGCAR_sum"), quantity="charge density")
assert abs(reference.integral - 96) < 1e-6, reference.integral
half = density.values.shape[2] // 2
parts = [density.values[:, :, 1:half], density.values[:, :, half + 1:]]
planes = (density.values[:, :, 0] + density.values[:, :, half]).sum() / 2
volume = density.atoms.cell.volume / density.values.size
counts = [float((part.sum() + planes) * volume) for part in parts]
Path("ACF.dat").write_text(acf_text(density.atoms, counts))
print("  GRID BASED BADER ANALYSIS  (Version 1.05 08/19/23)")
'''
