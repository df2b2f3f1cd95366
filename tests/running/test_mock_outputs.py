"""pymatgen and ASE open every file that the mock writes."""

import numpy as np
import pytest
from ase.calculators.vasp import VaspChargeDensity
from ase.io import read
from mock_jobs import RELAX, as_structure, crystal, run_job, write_job
from pymatgen.electronic_structure.core import Orbital, OrbitalType, Spin
from pymatgen.io.vasp.inputs import Poscar
from pymatgen.io.vasp.outputs import (
    Chgcar,
    Eigenval,
    Locpot,
    Oszicar,
    Outcar,
    Vasprun,
    Xdatcar,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:No POTCAR file:UserWarning"),
]


@pytest.fixture(scope="module")
def relaxed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("relaxed")
    structure = as_structure(crystal("CsPbBr3-Pnma"))
    write_job(folder, structure, **RELAX, LORBIT=11, NEDOS=501, LVHAR=".TRUE.", SYSTEM="CsPbBr3")
    run_job(folder)
    return folder


@pytest.fixture(scope="module")
def spin(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spin")
    structure = as_structure(crystal("CdS-zincblende"))
    tags = {"ISPIN": 2, "LORBIT": 10, "ISMEAR": 0, "SIGMA": 0.05, "NELECT": 73}
    write_job(folder, structure, mesh="1 1 1", **tags)
    run_job(folder)
    return folder


def vasprun(folder):
    return Vasprun(folder / "vasprun.xml", parse_potcar_file=False)


def test_vasprun_in_pymatgen(relaxed):
    run = vasprun(relaxed)
    assert run.converged
    assert run.vasp_version == "6.4.2-qdstruct-mock"
    assert "mock" in run.generator["VERSION"].lower()
    assert run.final_energy == pytest.approx(Oszicar(relaxed / "OSZICAR").final_energy, abs=1e-5)
    assert run.potcar_symbols == ["PAW_PBE Br MOCK", "PAW_PBE Cs_sv MOCK", "PAW_PBE Pb_d MOCK"]
    assert run.run_type == "PBE"
    assert run.incar["NSW"] == 100
    assert run.parameters["NELM"] == 60
    assert run.incar["LVHAR"] is True
    assert len(run.actual_kpoints) == 8
    assert sum(run.actual_kpoints_weights) == pytest.approx(1)
    gap, cbm, vbm, direct = run.eigenvalue_band_properties
    assert gap == pytest.approx(2.37, abs=0.02)
    assert direct
    assert vbm < run.efermi < cbm
    np.testing.assert_allclose(
        run.final_structure.frac_coords % 1,
        Poscar.from_file(relaxed / "CONTCAR").structure.frac_coords % 1,
        atol=1e-9,
    )
    assert run.as_dict()["output"]["final_energy"] == run.final_energy
    assert run.get_computed_entry(inc_structure=True).energy == run.final_energy
    assert len(run.get_trajectory()) == len(run.ionic_steps)


def test_projected_dos_in_pymatgen(relaxed):
    run = vasprun(relaxed)
    assert not run.dos_has_errors
    assert len(run.pdos) == 20
    assert set(run.pdos[0]) == set(list(Orbital)[:9])
    dos = run.complete_dos
    by_element = dos.get_element_dos()
    inside = sum(d.densities[Spin.up] for d in by_element.values())
    assert (inside <= run.tdos.densities[Spin.up] + 1e-3).all()
    below = run.idos.densities[Spin.up][np.searchsorted(run.tdos.energies, run.efermi)]
    assert below == pytest.approx(4 * 44, abs=0.05)
    top = (run.tdos.energies < run.efermi) & (run.tdos.energies > run.efermi - 3)
    bromine = by_element[next(e for e in by_element if e.symbol == "Br")]
    assert bromine.densities[Spin.up][top].sum() > 0.5 * inside[top].sum()


def test_outcar_in_pymatgen(relaxed):
    outcar, run = Outcar(relaxed / "OUTCAR"), vasprun(relaxed)
    assert outcar.efermi == pytest.approx(run.efermi, abs=1e-4)
    assert outcar.nelect == 176
    assert outcar.final_energy == pytest.approx(run.final_energy, abs=1e-7)
    assert len(outcar.charge) == 20
    assert outcar.charge[0]["tot"] > 4
    assert len(outcar.drift) == len(run.ionic_steps)
    assert len(outcar.electrostatic_potential) == 20
    assert outcar.data["nbands"] == run.parameters["NBANDS"]
    assert "mock" in (relaxed / "OUTCAR").read_text().splitlines()[0]
    outcar.read_pseudo_zval()
    assert outcar.zval_dict == {"Br": 7.0, "Cs": 9.0, "Pb": 14.0}


def test_ase_reads_xml_and_outcar_alike(relaxed):
    xml = read(relaxed / "vasprun.xml", index=":")
    text = read(relaxed / "OUTCAR", index=":", format="vasp-out")
    assert len(xml) == len(text) > 2
    for a, b in zip(xml, text, strict=True):
        assert a.get_chemical_formula() == b.get_chemical_formula()
        assert a.get_potential_energy() == pytest.approx(b.get_potential_energy(), abs=1e-7)
        np.testing.assert_allclose(a.get_forces(), b.get_forces(), atol=2e-6)
        np.testing.assert_allclose(a.get_stress(), b.get_stress(), atol=1e-6)
        np.testing.assert_allclose(a.positions, b.positions, atol=1e-5)
    assert xml[-1].calc.get_fermi_level() == pytest.approx(
        text[-1].calc.get_fermi_level(), abs=1e-4
    )
    assert len(xml[-1].calc.get_ibz_k_points()) == 8


def test_small_files(relaxed):
    run = vasprun(relaxed)
    steps = len(run.ionic_steps)
    oszicar = Oszicar(relaxed / "OSZICAR")
    assert len(oszicar.ionic_steps) == len(oszicar.electronic_steps) == steps
    assert len(Xdatcar(relaxed / "XDATCAR").structures) == steps
    assert len(read(relaxed / "XDATCAR", index=":", format="vasp-xdatcar")) == steps
    eigenval = Eigenval(relaxed / "EIGENVAL")
    assert eigenval.nelect == 176
    np.testing.assert_allclose(
        eigenval.eigenvalue_band_properties[:3], run.eigenvalue_band_properties[:3], atol=1e-3
    )
    contcar = read(relaxed / "CONTCAR", format="vasp")
    np.testing.assert_allclose(
        contcar.positions, read(relaxed / "vasprun.xml").positions, atol=1e-7
    )


def test_grids_in_pymatgen_and_ase(relaxed):
    charge, field = Chgcar.from_file(relaxed / "CHGCAR"), Locpot.from_file(relaxed / "LOCPOT")
    assert charge.data["total"].mean() == pytest.approx(176, rel=1e-6)
    assert charge.dim == field.dim
    assert field.data["total"].mean() == pytest.approx(0, abs=1e-6)
    ase_charge = VaspChargeDensity(str(relaxed / "CHGCAR"))
    volume = ase_charge.atoms[0].get_volume()
    np.testing.assert_allclose(ase_charge.chg[0] * volume, charge.data["total"], rtol=1e-9)
    heaviest = np.unravel_index(charge.data["total"].argmax(), charge.dim)
    lead = [s.frac_coords for s in charge.structure if s.specie.symbol == "Pb"]
    away = np.array(heaviest) / charge.dim - np.array(lead)
    away = (away - np.round(away)) @ charge.structure.lattice.matrix
    assert np.linalg.norm(away, axis=1).min() < 0.3


def test_every_file_says_that_it_is_a_mock(relaxed):
    for name in ("OUTCAR", "vasprun.xml", "CONTCAR", "CHGCAR", "LOCPOT", "XDATCAR", "EIGENVAL",
                 "DOSCAR", "MOCK"):  # fmt: skip
        head = "".join((relaxed / name).read_text().splitlines(keepends=True)[:8])
        assert "mock" in head.lower(), name


def test_doscar_columns(relaxed, spin):
    lines = (relaxed / "DOSCAR").read_text().splitlines()
    assert len(lines) == 5 + 1 + 501 + 20 * 502
    assert len(lines[6].split()) == 3
    assert len(lines[6 + 502].split()) == 10
    first = np.loadtxt(lines[6:507])
    np.testing.assert_allclose(first[:, 0], vasprun(relaxed).tdos.energies, atol=1e-3)
    spin_lines = (spin / "DOSCAR").read_text().splitlines()
    assert len(spin_lines[6].split()) == 5
    assert len(spin_lines[6 + 302].split()) == 7


def test_spin_polarised_run(spin):
    run = vasprun(spin)
    assert run.is_spin
    assert set(run.tdos.densities) == {Spin.up, Spin.down}
    assert set(run.pdos[0]) == {OrbitalType.s, OrbitalType.p, OrbitalType.d}
    outcar = Outcar(spin / "OUTCAR")
    assert outcar.spin
    assert outcar.total_mag == pytest.approx(1.0)
    assert len(outcar.magnetization) == 8
    charge = Chgcar.from_file(spin / "CHGCAR")
    assert charge.is_spin_polarized
    atoms = read(spin / "OUTCAR", format="vasp-out")
    assert {k.s for k in atoms.calc.kpts} == {0, 1}
    ase_charge = VaspChargeDensity(str(spin / "CHGCAR"))
    assert ase_charge.is_spin_polarized()


def test_without_lorbit_there_are_no_projections(tmp_path):
    structure = as_structure(crystal("PbS-galena"))
    run_job(write_job(tmp_path, structure, mesh="1 1 1", LCHARG=".FALSE."))
    run = vasprun(tmp_path)
    assert run.pdos == []
    assert run.tdos.densities[Spin.up].max() > 0
    assert Outcar(tmp_path / "OUTCAR").charge == ()
    assert not (tmp_path / "CHGCAR").exists()
    assert not (tmp_path / "LOCPOT").exists()


def test_static_run_has_one_step_and_the_given_geometry(tmp_path):
    structure = as_structure(crystal("CdS-wurtzite"))
    run_job(write_job(tmp_path, structure, NSW=0))
    run = vasprun(tmp_path)
    assert len(run.ionic_steps) == 1
    assert run.converged
    np.testing.assert_allclose(run.final_structure.frac_coords, structure.scaled, atol=1e-9)


def test_non_selfconsistent_run_keeps_the_density(tmp_path):
    structure = as_structure(crystal("CdS-zincblende"))
    run_job(write_job(tmp_path, structure, mesh="2 2 2"))
    before = (tmp_path / "CHGCAR").read_bytes()
    write_job(tmp_path, structure, mesh="3 3 3", ICHARG=11, LORBIT=11)
    run_job(tmp_path)
    assert (tmp_path / "CHGCAR").read_bytes() == before
    assert len(vasprun(tmp_path).actual_kpoints) == 14
    assert len(vasprun(tmp_path).pdos) == 8


def test_selective_dynamics_survives_the_writers(tmp_path):
    atoms = crystal("CdS-wurtzite")
    flags = np.zeros((4, 3), dtype=bool)
    flags[2:] = True
    structure = as_structure(atoms, selective=flags)
    run_job(write_job(tmp_path, structure, **RELAX))
    contcar = Poscar.from_file(tmp_path / "CONTCAR")
    assert np.array(contcar.selective_dynamics).tolist() == structure.selective.tolist()
    final = vasprun(tmp_path).final_structure
    assert np.array(final.site_properties["selective_dynamics"]).tolist() == (
        structure.selective.tolist()
    )
    assert len(read(tmp_path / "vasprun.xml").constraints) == 1
