"""Series of single points collected from a tree."""

from __future__ import annotations

import json
from pathlib import Path

import jobs_factories as make
import pytest
from ase.io import read
from typer.testing import CliRunner
from vasp_factories import vasprun_text

from qdstruct.cli.app import app
from qdstruct.errors import InputError
from qdstruct.jobs import SeriesPoint, write_structure_tree, write_tree
from qdstruct.model import CalculationSettings, ConvergenceSettings, JobTree, RunRecord
from qdstruct.pipeline.series_results import energy_series


def finish(root: Path, name: str, energy: float) -> None:
    atoms = read(root / name / "POSCAR")
    (root / name / "vasprun.xml").write_text(vasprun_text(atoms, energy=energy))
    (root / name / "OUTCAR").write_text("whole")
    record = RunRecord(
        state="done", engine="x", attempts=1, host="h", pid=1, started="2026-01-01T00:00:00Z"
    )
    (root / name / "run.json").write_text(json.dumps(record.to_dict()))


@pytest.fixture
def tree(tmp_path: Path) -> tuple[Path, JobTree]:
    root = tmp_path / "tree"
    root.mkdir()
    interface = make.make_interface()
    points = [
        SeriesPoint(name=f"registry/{shift}", subject="x", cell="interface", atoms=interface.atoms)
        for shift in ("0.000-0.000", "0.000-0.500")
    ] + [
        SeriesPoint(name=f"convergence/film-layers-{n}", subject="x", cell="slab",
                    atoms=interface.atoms)
        for n in (2, 4)
    ]  # fmt: skip
    made = write_tree(
        root, study_name="s", film=make.film_phase(), substrate=make.substrate_phase(),
        interface=interface, series=tuple(points),
        settings=CalculationSettings(
            preset="quick", include=("convergence",),
            convergence=ConvergenceSettings(cutoffs=(300.0, 500.0), spacings=(0.4, 0.8)),
        ),
    )  # fmt: skip
    return root, made


def test_what_converges_is_printed(tree: tuple[Path, JobTree]) -> None:
    root, _ = tree
    for name, energy in {
        "convergence/film-cutoff-300": -9.0, "convergence/film-cutoff-500": -9.1,
        "convergence/film-spacing-0.4": -9.3, "convergence/film-spacing-0.8": -9.2,
        "convergence/film-layers-2": -40.0, "convergence/film-layers-4": -59.0,
        "registry/0.000-0.000": -100.0, "registry/0.000-0.500": -100.5,
    }.items():  # fmt: skip
        finish(root, name, energy)
    found = {each.name: each for each in energy_series(root)}
    cutoff = found["film-cutoff"]
    assert cutoff.points == ("300", "500")
    assert cutoff.changes == pytest.approx((1000 * 0.1 / 2, 0.0))
    assert found["film-spacing"].points == ("0.8", "0.4")  # finest last
    assert found["film-spacing"].changes == pytest.approx((50.0, 0.0))
    assert found["film-layers"].changes == (None, pytest.approx(-9.5))
    area = make.PEROVSKITE**2
    assert found["registry"].changes == pytest.approx((500 / area, 0.0))
    assert found["substrate-cutoff"].energies == (None, None)
    done = CliRunner().invoke(app, ["series", str(root)])
    assert done.exit_code == 0
    assert "not done" in done.output
    document = json.loads(CliRunner().invoke(app, ["series", str(root), "--json"]).stdout)
    assert len(document["series"]) == 6


def test_a_tree_without_series(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    write_structure_tree(
        tmp_path / "tree", study_name="x", subject="x", atoms=make.film_phase().atoms,
        settings=CalculationSettings(preset="quick"),
    )  # fmt: skip
    with pytest.raises(InputError, match="has no series"):
        energy_series(tmp_path / "tree")
