"""Bader charges, layers and dynamics on the page, in csv files and among the checks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from charge_factories import acf_text, write_calculation
from trajectory_factories import write_trajectory
from vasp_factories import poscar_head

from qdstruct.analysis import vacuum_gap
from qdstruct.model import CalculatedResults, DirectoryResults
from qdstruct.pipeline.analysing.further import (
    bader_result,
    dynamics_result,
    further_checks,
    layer_results,
    trajectory_below,
)
from qdstruct.pipeline.analysing.systems import Workbench
from qdstruct.report import write_directory_page
from qdstruct.report.further_figures import bader_figure


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    root = tmp_path_factory.mktemp("runs")
    places = [root / name for name in ("static", "relax", "steps")]
    for place in places:
        place.mkdir()
    atoms = write_calculation(places[0], [7.0, 1.0])
    (places[0] / "ACF.dat").write_text(acf_text(atoms, [6.9, 1.1]))
    slab = bulk("PbS", "rocksalt", a=6.0, cubic=True).repeat((1, 1, 2))
    slab.center(vacuum=7.0, axis=2)
    slab = slab[np.argsort(slab.numbers)]
    assert vacuum_gap(slab) is not None
    (places[1] / "POSCAR").write_text(poscar_head(slab))
    slab.positions[:, 2] = 7.0 + 1.03 * (slab.positions[:, 2] - 7.0)
    (places[1] / "CONTCAR").write_text(poscar_head(slab))
    write_trajectory(places[2], 200)
    (places[2] / "0001" / "INCAR").write_text("IBRION = 0\nNSW = 200\nPOTIM = 1.0\n")
    return Workbench(
        systems={}, absent=lambda role, name: f"{role}/{name}", label=lambda path: path.name,
        bader_place=places[0], relaxation=places[1], trajectory=trajectory_below(root),
    )  # fmt: skip


@pytest.fixture(scope="module")
def found(bench: Workbench) -> CalculatedResults:
    bader, layers, motion = bader_result(bench), layer_results(bench), dynamics_result(bench)
    assert bader is not None
    assert motion is not None
    return CalculatedResults(
        bader=bader, layers=layers, dynamics=motion[0], dynamics_bands=motion[1],
        checks=further_checks(bader, motion[0], bench.sources),
    )  # fmt: skip


def test_what_was_calculated_is_found_and_its_sums_come_out(
    bench: Workbench, found: CalculatedResults
) -> None:
    assert found.bader is not None
    assert found.bader.by_group("element") == pytest.approx({"Pb": -0.9, "S": 4.9}, abs=1e-3)
    assert [layer.normal for layer in found.layers] == pytest.approx([0.03] * 4, abs=1e-6)
    assert found.dynamics_bands == (2, 3)
    electrons, rule = found.checks
    assert electrons.holds
    assert electrons.source == "static (ACF.dat found in place)"
    assert found.dynamics is not None
    assert rule.found == pytest.approx(1e6 * found.dynamics.deviation**2, rel=1e-9)
    assert rule.holds
    again = CalculatedResults.from_dict(found.to_dict())
    assert again.layers[0].in_plane == pytest.approx(found.layers[0].in_plane)
    assert again.dynamics is not None
    assert np.allclose(again.dynamics.density, found.dynamics.density)


def test_a_wrong_sum_fails_its_check(found: CalculatedResults) -> None:
    assert found.dynamics is not None
    broken = CalculatedResults.from_dict(found.to_dict())
    assert broken.dynamics is not None
    broken.dynamics.density[5] += 0.01 * float(broken.dynamics.density.max())
    (check,) = further_checks(None, broken.dynamics, {})
    assert not check.holds


def test_page_and_csv_hold_them(found: CalculatedResults, tmp_path: Path) -> None:
    results = DirectoryResults(directory="runs", systems=(), interface=None, calculated=found,
                               sources={"bader charges": "static"}, versions={})  # fmt: skip
    files = write_directory_page(results, tmp_path / "page.html", figures_folder=tmp_path,
                                 formats=("png",))  # fmt: skip
    page = (tmp_path / "page.html").read_text()
    for words in ("Bader charges", "+4.9", "Strain of the layers", "+3.00", "Dynamics of the gap",
                  "window hann, zero-padded to 4 times", "∫J dω/π", "#dynamics"):  # fmt: skip
        assert words in page, words
    names = {path.name for path in files}
    for name in ("bader", "layers", "dynamics"):
        assert {f"{name}.csv", f"{name}.png"} <= names
    lines = (tmp_path / "dynamics.csv").read_text().splitlines()
    assert lines[0].startswith("time (fs),gap (eV),lag (fs),autocorrelation of the gap (eV^2)")
    assert lines[1].startswith("0,2.4,0,")
    assert lines[-1].startswith(",,,,,")


def test_what_cannot_be_read_is_noted(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "CHGCAR").write_text("nothing")
    (tmp_path / "ACF.dat").write_text("nothing")
    broken = Workbench(
        systems={}, absent=bench.absent, label=bench.label, bader_place=tmp_path,
        relaxation=tmp_path, trajectory=tmp_path,
    )  # fmt: skip
    assert bader_result(broken) is None
    assert layer_results(broken) == ()
    assert dynamics_result(broken) is None
    assert [note.split(":")[0] for note in broken.notes] == [
        "Bader charges", "Strain of the layers", "Dynamics of the gap",
    ]  # fmt: skip
    assert trajectory_below(tmp_path) is None


def test_heights_do_not_jump_at_the_edge_of_the_cell(found: CalculatedResults) -> None:
    assert found.bader is not None
    atoms = found.bader.atoms.copy()
    atoms.set_cell([8, 8, 30])
    atoms.positions[:] = [[0, 0, 29.5], [0, 0, 2.5]]
    figure = bader_figure(replace(found.bader, atoms=atoms))
    assert sorted(float(line.get_xdata()[0]) for line in figure.axes[0].lines[:2]) == (
        pytest.approx([-0.5, 2.5])
    )
