"""The golden run: the whole main job on the mock, from the study file to the page."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ase.io import read

from qdstruct.model import JobTree, StudyResults
from qdstruct.pipeline.demo import demo
from qdstruct.resources import data_folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Path, StudyResults]:
    root = tmp_path_factory.mktemp("demo") / "a demo with spaces"
    return root, demo(root)


def test_every_job_is_done_once(finished) -> None:
    _, results = finished
    assert {job.state for job in results.jobs} == {"done"}
    assert {job.attempts for job in results.jobs} == {1}
    names = {job.name for job in results.jobs}
    assert {
        "bulk-film/relax", "bulk-film/static", "bulk-film/dos", "bulk-substrate/relax",
        "slab-film/static", "slab-substrate/static", "interface/relax", "interface/static",
        "interface/dos", "difference/film", "difference/substrate",
    } <= names  # fmt: skip


def test_no_result_says_where_qdstruct_is_installed(finished) -> None:
    root, results = finished
    installation = str(data_folder("structures").parent)
    kept = [root / "results.json", root / "tree.json", *(root / "structures").iterdir()]
    assert len(kept) > 5
    for path in kept:
        assert installation not in path.read_text(encoding="utf-8"), path
    assert results.substrate.source_file == "structures/CsPbBr3-Pbnm.cif"


def test_the_match_is_the_known_one(finished) -> None:
    """a(Pbnm) = 8.207 and b = 8.255 Å against √2 × 5.818 = 8.228 Å."""
    _, results = finished
    match = results.matches[results.chosen_match]
    assert match.area == pytest.approx(8.207 * 8.255, abs=1e-3)
    edge = np.sqrt(2) * 5.818
    expected = sorted((8.207 / edge - 1, 8.255 / edge - 1))
    assert sorted(match.principal_strains) == pytest.approx(expected, abs=1e-6)


def test_relaxed_geometry_flows_into_the_later_jobs(finished) -> None:
    root, _ = finished
    relaxed = read(root / "interface/relax/CONTCAR")
    static = read(root / "interface/static/POSCAR")
    film = read(root / "difference/film/POSCAR")
    substrate = read(root / "difference/substrate/POSCAR")
    assert np.abs(relaxed.positions - read(root / "interface/relax/POSCAR").positions).max() > 1e-3
    np.testing.assert_allclose(static.get_scaled_positions(), relaxed.get_scaled_positions(),
                               atol=1e-6)  # fmt: skip
    assert len(film) + len(substrate) == len(static)
    together = np.vstack([film.positions, substrate.positions])
    for position in static.positions:
        offsets = np.linalg.norm(together - position, axis=1)
        assert offsets.min() < 1e-4


def test_difference_conserves_electrons(finished) -> None:
    _, results = finished
    difference = results.calculated.charge_difference
    assert difference is not None
    whole, film, substrate = difference.n_electrons
    assert whole == pytest.approx(film + substrate, abs=1e-4)
    assert abs(difference.integral) < 1e-3
    assert np.abs(np.asarray(difference.profile)).max() > 0


def test_densities_of_states_have_edges(finished) -> None:
    _, results = finished
    assert results.calculated.dos_by_region is not None
    assert {edge.group for edge in results.calculated.band_edges} >= {"film", "substrate"}
    assert all(edge.gap > 0.5 for edge in results.calculated.band_edges)
    assert results.calculated.alignment is not None
    assert results.calculated.alignment.startswith("type ")


def test_patterns(finished) -> None:
    _, results = finished
    assert len(results.powder) == 3
    assert {(s.phase, s.zone) for s in results.spots} == {
        ("CsPbBr3-cubic", (0, 0, 1)),
        ("CdS-zincblende", (1, 1, 1)),
    }


def test_published_lines_agree_and_differ_where_they_should(finished) -> None:
    _, results = finished
    lines = [row for row in results.published if row.quantity.startswith("XRD 2theta")]
    assert len(lines) == 4
    assert {row.verdict for row in lines} == {"agrees"}


def test_the_mock_is_named_everywhere(finished) -> None:
    root, results = finished
    assert results.is_mock
    assert "Mock calculation." in (root / "report.html").read_text(encoding="utf-8")
    for name in ("OUTCAR", "CONTCAR", "CHGCAR"):
        head = (root / "interface/static" / name).read_text(encoding="utf-8")[:2000]
        assert "mock" in head.lower()


def test_every_figure_has_its_numbers_beside_it(finished) -> None:
    """One csv per figure, every column named, numbers with their unit, the mock's marked."""
    root, _ = finished
    drawn = {path.stem for path in (root / "figures").iterdir() if path.suffix in (".pdf", ".png")}
    assert len(drawn) > 10
    made_up = drawn - {"powder", "spots", "match"}
    for name in drawn:
        with (root / "figures" / f"{name}.csv").open(encoding="utf-8") as stream:
            text = stream.read()
        assert text.startswith("# MOCK") == (name in made_up), name
        heading, *rows = list(
            csv.reader(text.removeprefix("# MOCK calculations, not physics\n").splitlines())
        )
        assert all(heading), name
        assert rows, name
        assert {len(row) for row in rows} == {len(heading)}, name
        columns = zip(heading, zip(*rows, strict=True), strict=True)
        numeric = [column for column, cells in columns if any(map(is_decimal, cells))]
        assert numeric, name
        assert all("(" in column for column in numeric), (name, numeric)


def is_decimal(cell: str) -> bool:
    """Whether a cell holds a measured number: counts and indices need no unit."""
    return "." in cell and cell.replace(".", "").replace("-", "").replace("e", "").isdigit()


def test_saved_results_are_the_results(finished) -> None:
    root, results = finished
    saved = StudyResults.from_dict(json.loads((root / "results.json").read_text()))
    assert saved.to_dict() == results.to_dict()


def test_running_again_does_nothing_twice(finished, monkeypatch) -> None:
    """No job runs again; the same figures need not be drawn again to see that."""
    root, _ = finished
    drawn = []
    monkeypatch.setattr(
        "qdstruct.pipeline.demo.write_everything", lambda place, _: drawn.append(place)
    )
    before = {path: path.stat().st_mtime_ns for path in root.rglob("OUTCAR")}
    again = demo(root)
    assert {job.attempts for job in again.jobs} == {1}
    assert {path: path.stat().st_mtime_ns for path in root.rglob("OUTCAR")} == before
    assert drawn == [root]


def test_tree_reads_back(finished) -> None:
    root, _ = finished
    tree = JobTree.from_dict(json.loads((root / "tree.json").read_text()))
    seen: set[str] = set()
    for job in tree.jobs:
        assert set(job.parents) <= seen
        seen.add(job.name)


@pytest.mark.slow
def test_killed_driver_continues(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    cli = [sys.executable, "-m", "qdstruct"]
    prepare = [*cli, "prepare", "cspbbr3-pbs", str(root), "--preset", "quick"]
    subprocess.run(prepare, check=True, capture_output=True)
    arguments = [*cli, "run", str(root), "--engine", "mock", "--jobs", "2"]
    environment = os.environ | {"QDSTRUCT_MOCK_DELAY": "0.05"}
    driver = subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not list(root.glob("*/*/run.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    status = subprocess.run([*cli, "status", str(root), "--json"], capture_output=True, check=True)
    jobs = json.loads(status.stdout)["jobs"]
    assert {job["state"] for job in jobs} == {"done"}
    assert max(job["attempts"] for job in jobs) <= 2
