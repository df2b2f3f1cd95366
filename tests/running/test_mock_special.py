"""What the mock writes for core levels, basins, states, optics and orbitals, read by pymatgen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mock_jobs import as_structure, crystal, run_job, write_job
from pymatgen.io.vasp.outputs import Chgcar, Outcar, Vasprun

from qdstruct.errors import InputError
from qdstruct.model import Job
from qdstruct.outputs import completeness_problems

STATIC = {"IBRION": -1, "NSW": 0, "ISMEAR": 0, "SIGMA": 0.05, "EDIFF": 1e-5}
COARSE = {"NGXF": 20, "NGYF": 20, "NGZF": 20}


def job(folder: Path, **tags: object) -> Path:
    words = {tag: str(value).upper() for tag, value in {**STATIC, **COARSE, **tags}.items()}
    return write_job(folder, as_structure(crystal("PbS-galena")), **words)


def problems(folder: Path, kind: str, *provides: str) -> list[str]:
    found = Job(name="x", kind=kind, subject="x", provides=("OUTCAR", "vasprun.xml", *provides))
    return completeness_problems(folder, found)


def test_core_levels_of_every_atom(tmp_path: Path) -> None:
    run_job(job(tmp_path, ICORELEVEL=1, LORBIT=11))
    levels = Outcar(tmp_path / "OUTCAR").read_core_state_eigen()
    sulfur, lead = levels[0], levels[-1]
    assert set(sulfur) == {"1s", "2s", "2p"}
    assert {"1s", "4f", "5p"} <= set(lead)
    assert lead["1s"][-1] < sulfur["1s"][-1] < sulfur["2s"][-1] < 0
    assert problems(tmp_path, "core-levels") == []


def test_a_run_without_core_levels_is_not_whole(tmp_path: Path) -> None:
    run_job(job(tmp_path))
    (found,) = problems(tmp_path, "core-levels")
    assert "holds no core eigenvalues (ICORELEVEL)" in found


def test_core_and_valence_densities_hold_all_electrons(tmp_path: Path) -> None:
    run_job(job(tmp_path, LAECHG=True, LCHARG=True))
    whole = sum(
        Chgcar.from_file(tmp_path / name).data["total"].mean() for name in ("AECCAR0", "AECCAR2")
    )
    assert whole == pytest.approx(4 * (82 + 16), abs=1e-6)
    assert problems(tmp_path, "bader", "CHGCAR", "AECCAR0", "AECCAR2") == []


def test_states_need_orbitals_and_hold_two_electrons(tmp_path: Path) -> None:
    job(tmp_path, LPARD=True, LSEPB=True, LSEPK=False, IBAND="40 41")
    with pytest.raises(InputError, match="LPARD needs the orbitals"):
        run_job(tmp_path)
    (tmp_path / "WAVECAR").write_text("orbitals")
    run_job(tmp_path)
    names = ("PARCHG.0040.ALLK", "PARCHG.0041.ALLK")
    for name in names:
        assert Chgcar.from_file(tmp_path / name).data["total"].mean() == pytest.approx(2, abs=1e-9)
    top, bottom = (Chgcar.from_file(tmp_path / name).data["total"] for name in names)
    assert not np.allclose(top, bottom)
    states = Job(name="x", kind="states", subject="x", provides=names)
    assert completeness_problems(tmp_path, states) == []
    (tmp_path / names[0]).write_bytes((tmp_path / names[0]).read_bytes()[:3000])
    (found,) = completeness_problems(tmp_path, states)
    assert names[0] in found


def test_all_states_of_an_interval_in_one_file(tmp_path: Path) -> None:
    job(tmp_path, LPARD=True, LSEPB=False, NBMOD=-3, EINT="-1.5 0.0")
    (tmp_path / "WAVECAR").write_text("orbitals")
    run_job(tmp_path)
    assert Chgcar.from_file(tmp_path / "PARCHG").data["total"].mean() == pytest.approx(2)


def test_the_dielectric_function_starts_at_the_gap(tmp_path: Path) -> None:
    run_job(job(tmp_path, LOPTICS=True, NEDOS=1001, NBANDS=100, LCHARG=False))
    found = Vasprun(tmp_path / "vasprun.xml", parse_potcar_file=False)
    energies, real, imaginary = (np.array(part) for part in found.dielectric)
    gap = found.eigenvalue_band_properties[0]
    assert np.all(imaginary[energies < gap - 0.5] < 1e-3)
    assert imaginary[:, 0].max() > 0
    assert real[0, 0] > 1
    assert problems(tmp_path, "optics") == []
    run_job(job(tmp_path))
    (missing,) = problems(tmp_path, "optics")
    assert "holds no dielectric function" in missing


def test_orbitals_are_written_where_they_are_asked_for(tmp_path: Path) -> None:
    run_job(job(tmp_path))
    assert not (tmp_path / "WAVECAR").exists()
    run_job(job(tmp_path, LWAVE=True))
    assert "MOCK" in (tmp_path / "WAVECAR").read_text()


def test_dynamics_that_stopped_early_are_not_whole(tmp_path: Path) -> None:
    job(tmp_path, IBRION=0, NSW=4, TEBEG=300, POTIM=1.0)
    run_job(tmp_path)
    assert problems(tmp_path, "md", "CONTCAR", "XDATCAR") == []
    (tmp_path / "STOPCAR").write_text("LSTOP = .TRUE.\n")
    run_job(tmp_path)
    (found,) = problems(tmp_path, "md", "CONTCAR", "XDATCAR")
    assert "the dynamics ended after 1 of 4 steps" in found
