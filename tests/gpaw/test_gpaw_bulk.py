"""GPAW for real: PbS and CdS against PBE values of other codes, and the sums that must hold.

Needs a Python with GPAW (tests/gpaw/install.sh), named by QDSTRUCT_GPAW_PYTHON; takes minutes.
"""

import os

import numpy as np
import pytest
from ase.build import bulk
from engine_jobs import STATIC, calculate, job, write_inputs

from qdstruct.outputs import completeness_problems, read_calculation, read_grid, read_projected_dos
from qdstruct.outputs.eigenval import read_eigenval
from qdstruct.running import find_engine
from qdstruct.running.engines.gpaw import gpaw_maker

pytestmark = [
    pytest.mark.gpaw,
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("QDSTRUCT_GPAW_PYTHON"), reason="QDSTRUCT_GPAW_PYTHON is not set"
    ),
]

CRYSTALS = {
    # PBE with VASP: materialsproject.org mp-21276, density 7.35 g/cm³ and gap 0.461 eV
    "PbS": ("rocksalt", 6.002, 0.461, 0.10, 20, 82 + 16),
    # PBE: Adv. Condens. Matter Phys. 2014, 361328, table 1: 5.944 Å and 1.04 eV
    "CdS": ("zincblende", 5.944, 1.04, 0.15, 18, 48 + 16),
}


def run(folder, name, scale=1.0, **tags):
    lattice, a = CRYSTALS[name][:2]
    atoms = bulk(name, lattice, a=a * scale)
    write_inputs(folder, atoms, "6 6 6", **{**STATIC, **tags}, GGA="PE")
    calculate(folder, "gpaw", gpaw_maker(find_engine("gpaw").command[4:]))
    return folder


@pytest.fixture(scope="module", params=list(CRYSTALS))
def crystal(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    return request.param, run(folder / "static", request.param, NEDOS=3001)


def test_the_run_is_whole(crystal) -> None:
    name, folder = crystal
    files = ("OUTCAR", "vasprun.xml", "CONTCAR", "CHGCAR", "LOCPOT", "DOSCAR")
    assert completeness_problems(folder, job("static", *files)) == []
    found = read_calculation(folder)
    assert found.engine.startswith("GPAW 2")
    assert found.n_electrons == CRYSTALS[name][4]
    assert found.max_force < 1e-6


def test_the_gap_is_that_of_other_codes(crystal) -> None:
    name, folder = crystal
    top, bottom = read_eigenval(folder / "EIGENVAL").edges(CRYSTALS[name][4])
    assert bottom - top == pytest.approx(CRYSTALS[name][2], abs=CRYSTALS[name][3])


def test_the_density_holds_all_electrons(crystal) -> None:
    name, folder = crystal
    grid = read_grid(folder / "CHGCAR")
    volume = abs(np.linalg.det(np.asarray(grid.atoms.cell)))
    assert float(grid.values.mean()) * volume == pytest.approx(CRYSTALS[name][5], abs=1e-3)


def test_the_projected_states_add_up(crystal) -> None:
    name, folder = crystal
    dos = read_projected_dos(folder)
    energy = np.asarray(dos.total["energy"])
    step = (energy[-1] - energy[0]) / (len(energy) - 1)
    below = energy < dos.fermi_level
    total = dos.total.values[0][below].sum() * step
    projected = dos.projected.sum(("atom", "orbital")).values[0][below].sum() * step
    assert total == pytest.approx(CRYSTALS[name][4], abs=0.05)
    assert projected == pytest.approx(total, rel=0.10)  # PAW projections are not a partition


def test_the_energy_is_lowest_near_the_lattice_constant_of_other_codes(crystal, tmp_path) -> None:
    name, folder = crystal
    scales = np.array([0.97, 1.0, 1.03])
    energies = [
        read_calculation(folder if s == 1.0 else run(tmp_path / f"{s}", name, s)).energy
        for s in scales
    ]
    second, first, _ = np.polyfit(scales, energies, 2)
    assert second > 0
    assert -first / (2 * second) == pytest.approx(1.0, abs=0.015)
