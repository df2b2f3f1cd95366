"""GFN1-xTB through tblite: basis, density, energies per cell, and whole job directories."""

import json

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from engine_jobs import STATIC, calculate, hydrogen_sulfide, job, task_of, write_inputs

from qdstruct.errors import InputError
from qdstruct.outputs import completeness_problems, read_calculation, read_grid, read_projected_dos

pytest.importorskip("tblite")

from qdstruct.running.engines.xtb import BOHR, start_xtb, supercell_repeats
from qdstruct.running.engines.xtb_basis import crystal_parameters, reference_electrons
from qdstruct.running.engines.xtb_density import basis_values, density_on_grid


def heavy() -> Atoms:
    """Every kind of shell of the project's crystals: s, p and d from 3s to 6p."""
    atoms = Atoms("CsPbBrCd", [[0, 0, 0], [2.2, 1.9, 1.6], [1.2, -1.7, -1.5], [-2, 1, 2]])
    atoms.set_cell([9.0] * 3)
    atoms.pbc = True
    atoms.translate([4.1, 4.4, 4.3])
    return atoms


@pytest.mark.parametrize(
    ("atoms", "points"), [(hydrogen_sulfide(), 64), (heavy(), 48)], ids=["H2S", "CsPbBrCd"]
)
def test_our_basis_functions_overlap_as_those_of_tblite(tmp_path, atoms, points) -> None:
    task = task_of(write_inputs(tmp_path, atoms, ISMEAR=0, SIGMA=0.5))
    engine = start_xtb(task, tmp_path)
    engine.evaluate(task.structure.positions, task.structure.cell)
    theirs = engine._result.get("overlap-matrix")
    grid = (points, points, points)
    values = basis_values(task.structure, (1, 1, 1), grid, (0, points)).reshape(len(theirs), -1)
    ours = values @ values.T * task.structure.volume / values.shape[1]
    np.testing.assert_allclose(ours, theirs, atol=2e-3)
    density = density_on_grid(task.structure, (1, 1, 1), engine._result.get("density-matrix"), grid)
    electrons = sum(reference_electrons(symbol) for symbol in task.structure.symbols)
    assert density.mean() * task.structure.volume == pytest.approx(electrons, abs=2e-3)


def test_short_cells_are_repeated_only_along_directions_with_k_points() -> None:
    cell = np.diag([4.0, 5.0, 30.0])
    assert supercell_repeats(cell, (4, 4, 1)) == (2, 2, 1)
    assert supercell_repeats(cell, (1, 1, 1)) == (1, 1, 1)
    assert supercell_repeats(np.diag([2.0, 8.0, 9.0]), (3, 3, 3)) == (3, 1, 1)


def test_a_repeated_cell_is_the_supercell_per_cell(tmp_path) -> None:
    small = bulk("PbS", "rocksalt", a=5.9362, cubic=True)
    small.positions[1] += [0.05, 0.02, 0.0]
    one = task_of(write_inputs(tmp_path / "one", small, "2 1 1", ISMEAR=0, SIGMA=0.05))
    two = task_of(write_inputs(tmp_path / "two", small * (2, 1, 1), ISMEAR=0, SIGMA=0.05))
    folded, plain = start_xtb(one, tmp_path), start_xtb(two, tmp_path)
    ours = folded.evaluate(one.structure.positions, one.structure.cell)
    theirs = plain.evaluate(two.structure.positions, two.structure.cell)
    assert ours.energy == pytest.approx(theirs.energy / 2, abs=1e-6)
    np.testing.assert_allclose(ours.strain_derivative, theirs.strain_derivative / 2, atol=1e-5)
    np.testing.assert_allclose(ours.forces.sum(axis=0), 0.0, atol=1e-5)
    moved = one.structure.positions.copy()
    moved[0, 0] += 0.01
    higher = folded.evaluate(moved, one.structure.cell).energy
    moved[0, 0] -= 0.02
    lower = folded.evaluate(moved, one.structure.cell).energy
    assert -(higher - lower) / 0.02 == pytest.approx(ours.forces[0, 0], abs=2e-3)


def test_the_halogen_bond_correction_is_left_out() -> None:
    assert "halogen" not in crystal_parameters()
    assert {"repulsion", "dispersion", "element"} <= set(crystal_parameters())


@pytest.fixture(scope="module")
def static(tmp_path_factory):
    folder = tmp_path_factory.mktemp("static")
    write_inputs(folder, hydrogen_sulfide(), **STATIC, NGXF=48, NGYF=48, NGZF=48, IVDW=12)
    calculate(folder, "xtb", start_xtb)
    return folder


def test_a_static_run_is_whole_for_our_own_check(static) -> None:
    files = ("OUTCAR", "vasprun.xml", "CONTCAR", "CHGCAR", "LOCPOT", "DOSCAR")
    assert completeness_problems(static, job("static", *files)) == []
    found = read_calculation(static)
    assert found.engine.startswith("tblite 0.")
    assert "GFN1-xTB" in found.engine
    assert "IVDW = 12" in found.engine
    assert not found.is_mock
    assert found.n_electrons == 8
    assert not (static / "LOCPOT").exists()
    document = json.loads((static / "qdstruct-engine.json").read_text())
    assert "no common zero" in document["not_calculated"]["LOCPOT"]


def test_the_density_holds_the_valence_electrons(static) -> None:
    grid = read_grid(static / "CHGCAR")
    volume = abs(np.linalg.det(np.asarray(grid.atoms.cell)))
    assert float(grid.values.mean()) * volume == pytest.approx(8, abs=5e-3)


def test_the_projected_states_add_up(static) -> None:
    dos = read_projected_dos(static)
    total, energy = dos.total.values[0], np.asarray(dos.total["energy"])
    everything = dos.projected.sum(("atom", "orbital")).values[0]
    np.testing.assert_allclose(everything, total, atol=2e-3)
    below = energy < dos.fermi_level
    step = energy[1] - energy[0]
    assert total[below].sum() * step == pytest.approx(8, abs=0.05)


def test_charges_follow_electronegativity(static) -> None:
    document = json.loads((static / "qdstruct-engine.json").read_text())
    by_symbol = dict(
        zip(read_calculation(static).atoms.symbols, document["atomic_charges"], strict=True)
    )
    assert by_symbol["S"] < 0 < by_symbol["H"]
    assert sum(document["atomic_charges"]) == pytest.approx(0, abs=1e-4)
    assert document["incar_tags_left_aside"] == ["IVDW = 12"]


def test_a_relaxation_finds_the_bond_length_of_the_method(tmp_path) -> None:
    atoms = hydrogen_sulfide()
    atoms.positions[1] += 0.1 * (atoms.positions[1] - atoms.positions[0])
    folder = write_inputs(
        tmp_path, atoms, IBRION=2, NSW=40, EDIFFG=-0.02, ISMEAR=0, SIGMA=0.05, LCHARG=".FALSE."
    )
    calculate(folder, "xtb", start_xtb)
    assert completeness_problems(folder, job("relax", "OUTCAR", "CONTCAR")) == []
    relaxed = read_calculation(folder)
    sulfur = list(relaxed.atoms.symbols).index("S")
    lengths = relaxed.atoms.get_distances(sulfur, [i for i in range(3) if i != sulfur], mic=True)
    assert np.ptp(lengths) < 0.01
    assert lengths.mean() == pytest.approx(1.336, abs=0.04)  # experiment, CRC Handbook
    assert relaxed.max_force < 0.02


def test_a_relaxation_stops_when_asked_and_leaves_a_geometry(tmp_path) -> None:
    atoms = hydrogen_sulfide()
    atoms.positions[1] += 0.2
    folder = write_inputs(tmp_path, atoms, IBRION=2, NSW=40, EDIFFG=-0.001, SIGMA=0.05, ISMEAR=0)
    (folder / "STOPCAR").write_text("LSTOP = .TRUE.\n")
    assert "STOPCAR" in calculate(folder, "xtb", start_xtb)
    assert (folder / "CONTCAR").exists()
    assert not (folder / "vasprun.xml").exists()


def test_what_cannot_be_honoured_is_refused_before_anything_is_written(tmp_path) -> None:
    folder = write_inputs(tmp_path, hydrogen_sulfide(), LSORBIT=".TRUE.", ISPIN=2)
    with pytest.raises(InputError, match="spin–orbit coupling, spin polarisation"):
        calculate(folder, "xtb", start_xtb)
    assert sorted(path.name for path in folder.iterdir()) == ["INCAR", "KPOINTS", "POSCAR"]


def test_an_element_without_parameters_is_named(tmp_path) -> None:
    folder = write_inputs(tmp_path, Atoms("U", cell=[6] * 3, pbc=True), ISMEAR=0)
    with pytest.raises(InputError, match="no parameters for U"):
        calculate(folder, "xtb", start_xtb)


def test_bohr_is_that_of_ase() -> None:
    from ase.units import Bohr

    assert pytest.approx(Bohr, rel=1e-8) == BOHR
