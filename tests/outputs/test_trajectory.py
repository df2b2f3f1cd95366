"""Energies of a trajectory from one directory per step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from band_factories import band_data, eigenval_text, procar_text

from qdstruct.errors import InputError, OutputError
from qdstruct.outputs import read_band_series, step_directories
from qdstruct.pipeline.dynamics import gap_of


def write_steps(root: Path, count: int = 12, *, spins: int = 1) -> np.ndarray:
    """Steps whose bands rise by 0.01 eV each; (T, spin, k, band)."""
    energies, occupations, _ = band_data(spins=spins)
    found = []
    for step in range(1, count + 1):
        folder = root / f"{step:04d}"
        folder.mkdir()
        moved = np.round(energies + 0.01 * step * np.arange(4), 6)
        (folder / "EIGENVAL").write_text(eigenval_text(moved, occupations))
        (folder / "INCAR").write_text("NSW = 500; IBRION = 0; POTIM = 1.5\n")
        found.append(moved)
    return np.array(found)


def test_every_step_is_read_in_order(tmp_path: Path) -> None:
    energies = write_steps(tmp_path)
    series = read_band_series(tmp_path, kpoint=2)
    assert np.array_equal(series.energies, energies[:, 0, 1])
    assert (series.n_occupied, series.first_band, series.time_step) == (2, 1, 1.5)
    assert [Path(source).name for source in series.sources[:2]] == ["0001", "0002"]


def test_a_spin_must_be_chosen(tmp_path: Path) -> None:
    energies = write_steps(tmp_path, spins=2)
    with pytest.raises(InputError, match="spin-polarised"):
        read_band_series(tmp_path)
    series = read_band_series(tmp_path, spin="down")
    assert np.array_equal(series.energies, energies[:, 1, 0])
    with pytest.raises(InputError, match="has no k-point 9"):
        read_band_series(tmp_path, kpoint=9, spin="up")


def test_a_missing_or_other_step_is_named(tmp_path: Path) -> None:
    write_steps(tmp_path)
    (tmp_path / "0007" / "EIGENVAL").write_text(
        procar_text(*band_data(bands=6)).replace("PROCAR", "x")
    )
    with pytest.raises(OutputError, match=r"0007.EIGENVAL"):
        read_band_series(tmp_path)
    energies, occupations, _ = band_data(bands=6)
    (tmp_path / "0007" / "EIGENVAL").write_text(eigenval_text(energies, occupations))
    with pytest.raises(OutputError, match="other bands, spins or k-points"):
        read_band_series(tmp_path)
    for path in (tmp_path / "0007").iterdir():
        path.unlink()
    (tmp_path / "0007").rmdir()
    with pytest.raises(OutputError, match=r"step 7 is missing \(1 of 12 are\)"):
        step_directories(tmp_path)
    with pytest.raises(OutputError, match="no directories 0001"):
        step_directories(tmp_path / "0001")


def test_the_snapshots_of_a_tree_take_the_time_step_of_its_run(tmp_path: Path) -> None:
    root = tmp_path / "dynamics" / "snapshots"
    root.mkdir(parents=True)
    write_steps(root)
    for step in root.iterdir():
        (step / "INCAR").write_text("NSW = 0\n")
    assert read_band_series(root).time_step is None
    (tmp_path / "dynamics" / "run").mkdir()
    (tmp_path / "dynamics" / "run" / "INCAR").write_text("NSW = 500; IBRION = 0; POTIM = 0.5\n")
    assert read_band_series(root).time_step == 0.5
    assert gap_of(tmp_path)[1] == (2, 3)


def test_eigtxt_brings_its_bands_and_step(tmp_path: Path) -> None:
    rows = np.round(np.random.default_rng(0).normal(size=(15, 3)), 8)
    np.savetxt(tmp_path / "EIGTXT", rows, fmt="%.16f")
    plain = read_band_series(tmp_path)
    assert np.allclose(plain.energies, rows)
    assert (plain.first_band, plain.time_step) == (1, None)
    (tmp_path / "inp").write_text("&NAMDPARA BMIN = 325, BMAX = 327, POTIM = 2 /\n")
    found = read_band_series(tmp_path)
    assert (found.first_band, found.time_step, found.n_occupied) == (325, 2.0, None)
    (tmp_path / "inp").write_text("&NAMDPARA BMIN = 325, BMAX = 329 /\n")
    with pytest.raises(OutputError, match="3 bands, but inp says BMIN = 325, BMAX = 329"):
        read_band_series(tmp_path)
