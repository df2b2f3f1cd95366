import numpy as np
import pytest
from mock_jobs import RELAX, as_structure, crystal, run_job, stacked, write_job
from pymatgen.io.vasp.outputs import Oszicar, Vasprun

from qdstruct.running.ionic import ionic_steps
from qdstruct.running.mock.forces import PairModel
from qdstruct.running.vaspfiles.inputs import read_incar, read_kpoints, read_poscar
from qdstruct.running.vaspfiles.settings import read_settings


def steps_of(folder, structure, **tags):
    write_job(folder, structure, **tags)
    incar = read_incar(folder / "INCAR")
    mesh = read_kpoints(folder / "KPOINTS", incar, structure.cell)
    settings = read_settings(incar, structure, mesh)
    return list(ionic_steps(structure, PairModel(structure), settings))


@pytest.mark.parametrize("name", ["CsPbBr3-Pnma", "CdS-wurtzite", "Cs4PbBr6", "PMA2PbBr4"])
def test_relaxation_lowers_the_energy_and_meets_the_force_criterion(tmp_path, name):
    steps = steps_of(tmp_path, as_structure(crystal(name)), **RELAX)
    assert steps[-1].converged
    assert len(steps) < 100
    assert steps[-1].result.energy < steps[0].result.energy
    assert np.linalg.norm(steps[-1].result.forces, axis=1).max() < 0.02
    assert [step.last for step in steps] == [False] * (len(steps) - 1) + [True]


@pytest.mark.parametrize("name", ["CsPbBr3-Pnma", "PbS-galena", "CdS-wurtzite"])
def test_cell_relaxation_keeps_the_lattice_roughly(tmp_path, name):
    structure = as_structure(crystal(name))
    steps = steps_of(tmp_path, structure, **{**RELAX, "ISIF": 3, "NSW": 150})
    assert steps[-1].converged
    ratio = np.linalg.norm(steps[-1].structure.cell, axis=1) / np.linalg.norm(
        structure.cell, axis=1
    )
    np.testing.assert_allclose(ratio, 1, atol=0.07)


@pytest.mark.parametrize("isif", [2, 4, 7])
def test_isif_says_what_may_change(tmp_path, isif):
    atoms = crystal("CdS-wurtzite")
    atoms.set_cell(np.array(atoms.cell) @ np.diag([1.02, 1.0, 0.98]), scale_atoms=True)
    structure = as_structure(atoms)
    last = steps_of(tmp_path, structure, **{**RELAX, "ISIF": isif})[-1].structure
    if isif == 2:
        np.testing.assert_array_equal(last.cell, structure.cell)
    elif isif == 4:
        assert last.volume == pytest.approx(structure.volume, rel=2e-3)
        assert not np.allclose(last.cell, structure.cell, rtol=1e-3)
    else:
        shape = last.cell / np.cbrt(last.volume)
        np.testing.assert_allclose(shape, structure.cell / np.cbrt(structure.volume), atol=1e-6)
        np.testing.assert_allclose(last.scaled, structure.scaled, atol=1e-12)


def test_an_interface_holds_together(tmp_path):
    lower, upper = crystal("PbS-galena") * (1, 1, 2), crystal("CsPbBr3-cubic") * (1, 1, 2)
    structure, side = stacked(lower, upper, 2.9, 15)
    steps = steps_of(tmp_path, structure, **RELAX)
    assert steps[-1].converged
    z = steps[-1].structure.positions[:, 2]
    below, above = (z[np.array(side) == name] for name in ("lower", "upper"))
    assert 2.2 < above.min() - below.max() < 3.3
    assert np.ptp(below) == pytest.approx(np.ptp(lower.positions[:, 2]), abs=0.6)
    assert np.ptp(above) == pytest.approx(np.ptp(upper.positions[:, 2]), abs=0.6)


def test_a_polar_slab_of_cds_stays_whole(tmp_path):
    atoms = crystal("CdS-zincblende") * (1, 1, 2)
    atoms.center(vacuum=8, axis=2)
    structure = as_structure(atoms)
    steps = steps_of(tmp_path, structure, **RELAX)
    assert steps[-1].converged
    moved = np.linalg.norm(steps[-1].structure.positions - structure.positions, axis=1)
    assert moved.max() < 0.6


def test_selective_dynamics_is_respected(tmp_path):
    atoms = crystal("CsPbBr3-Pnma")
    free = np.ones((len(atoms), 3), dtype=bool)
    free[0] = False
    free[1] = [True, False, True]
    structure = as_structure(atoms, selective=free)
    order = np.argsort(atoms.numbers, kind="stable").tolist()
    last = steps_of(tmp_path, structure, **RELAX)[-1].structure
    fixed, partly = order.index(0), order.index(1)
    np.testing.assert_allclose(last.scaled[fixed], structure.scaled[fixed], atol=1e-12)
    assert last.scaled[partly, 1] == pytest.approx(structure.scaled[partly, 1], abs=1e-12)
    assert np.abs(last.scaled - structure.scaled).max() > 1e-3
    assert read_poscar(tmp_path / "POSCAR").selective.tolist() == structure.selective.tolist()


def test_energy_criterion_ends_a_relaxation_earlier_than_a_tight_force_criterion(tmp_path):
    structure = as_structure(crystal("CsPbBr3-Pnma"))
    loose = steps_of(tmp_path / "a", structure, **{**RELAX, "EDIFFG": 0.01})
    tight = steps_of(tmp_path / "b", structure, **{**RELAX, "EDIFFG": -0.001})
    assert loose[-1].converged
    assert tight[-1].converged
    assert len(loose) < len(tight)
    assert abs(loose[-1].result.energy - loose[-2].result.energy) < 0.01


@pytest.mark.filterwarnings("ignore:.*is an unconverged VASP run")
def test_running_out_of_steps_is_not_convergence(tmp_path):
    structure = as_structure(crystal("Cs4PbBr6"))
    run_job(write_job(tmp_path, structure, **{**RELAX, "NSW": 3}))
    run = Vasprun(tmp_path / "vasprun.xml", parse_potcar_file=False)
    assert len(run.ionic_steps) == 3
    assert not run.converged_ionic
    assert run.converged_electronic


def test_a_relaxed_structure_has_the_same_energy_in_a_static_run(tmp_path):
    structure = as_structure(crystal("PMA2PbBr4"))
    run_job(write_job(tmp_path / "relax", structure, mesh="1 1 1", **RELAX))
    again = read_poscar(tmp_path / "relax" / "CONTCAR")
    run_job(write_job(tmp_path / "static", again, mesh="1 1 1", LCHARG=".FALSE."))
    relaxed = Oszicar(tmp_path / "relax" / "OSZICAR").final_energy
    assert Oszicar(tmp_path / "static" / "OSZICAR").final_energy == pytest.approx(relaxed, abs=1e-5)


def test_molecular_dynamics_conserves_energy(tmp_path):
    structure = as_structure(crystal("CsPbBr3-cubic") * (2, 2, 2))
    steps = steps_of(tmp_path, structure, IBRION=0, NSW=100, POTIM=2, TEBEG=300)
    totals = np.array([step.result.energy + step.kinetic for step in steps])
    kinetic = np.array([step.kinetic for step in steps])
    assert len(steps) == 100
    assert np.ptp(totals) < 0.05 * kinetic.max()
    assert kinetic[0] == pytest.approx(1.5 * 40 * 8.617e-5 * 300, rel=0.3)
