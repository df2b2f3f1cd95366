"""What the mock leaves behind is read like VASP's own, and each of its failures is named."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from qdstruct.model import Job
from qdstruct.outputs import (
    completeness_problems,
    read_calculation,
    read_grid,
    read_outcar,
    read_projected_dos,
)

POSCAR = """PbS
1.0
5.93 0.0 0.0
0.0 5.93 0.0
0.0 0.0 5.93
Pb S
4 4
Direct
0.0 0.0 0.0
0.0 0.5 0.5
0.5 0.0 0.5
0.5 0.5 0.0
0.5 0.5 0.5
0.5 0.0 0.0
0.0 0.5 0.0
0.0 0.0 0.5
"""
INCAR = (
    "ENCUT = 200\nLORBIT = 11\nNEDOS = 301\nLVHAR = .TRUE.\nISMEAR = 0\nSIGMA = 0.05\nNELM = 40\n"
)
KPOINTS = "gamma\n0\nGamma\n1 1 1\n0 0 0\n"
PROVIDES = ("vasprun.xml", "OUTCAR", "CONTCAR", "CHGCAR", "LOCPOT", "DOSCAR")
JOB = Job(name="bulk/dos", kind="dos", subject="bulk PbS", provides=PROVIDES)


def run_mock(directory: Path, failure: str = "") -> None:
    for name, text in (("POSCAR", POSCAR), ("INCAR", INCAR), ("KPOINTS", KPOINTS)):
        (directory / name).write_text(text)
    subprocess.run(
        [sys.executable, "-m", "qdstruct.running.mock"], cwd=directory, check=False, timeout=120,
        capture_output=True, env={**os.environ, "QDSTRUCT_MOCK_FAIL": failure},
    )  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("mock")
    run_mock(directory)
    return directory


def test_a_run_of_the_mock_is_whole_and_marked(finished: Path) -> None:
    assert completeness_problems(finished, JOB) == []
    found = read_calculation(finished)
    assert found.is_mock
    assert found.converged
    density = read_grid(finished / "CHGCAR")
    assert density.integral == pytest.approx(found.n_electrons, rel=1e-6)
    outcar = read_outcar(finished)
    assert outcar.finished
    assert outcar.fermi_level == pytest.approx(found.fermi_level, abs=1e-3)
    assert outcar.core_potentials is not None
    assert len(outcar.core_potentials) == 8


def test_its_projections_equal_pymatgen(finished: Path) -> None:
    from pymatgen.io.vasp.outputs import Vasprun

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = Vasprun(str(finished / "vasprun.xml"), parse_potcar_file=False)
    ours = read_projected_dos(finished).projected
    tables = np.array([[list(s.values()) for s in atom.values()] for atom in theirs.pdos])
    assert np.array_equal(ours, tables.transpose(0, 2, 3, 1).astype(np.float32))


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        ("scf", "without reaching EDIFF"),
        ("truncated-chgcar", "CHGCAR, line"),
        ("silent", "breaks off"),
        ("nan-forces", "not a finite number"),
        ("no-output", "nothing was finished"),
    ],
)
def test_every_failure_is_named(tmp_path: Path, failure: str, says: str) -> None:
    run_mock(tmp_path, failure)
    problems = completeness_problems(tmp_path, JOB)
    assert problems
    assert says in problems[0]
