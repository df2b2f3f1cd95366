"""Screening: one table, the same whether run at once, in parallel or after an interruption."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from matching_factories import perovskite, rocksalt, zincblende

from qdstruct import matching
from qdstruct.errors import DestinationError, MatchError
from qdstruct.matching.screening import partial_file

SETTINGS = matching.ScreenSettings(max_area=150.0)


def films():
    return [rocksalt(name="PbS"), zincblende(name="CdS"), zincblende(5.4145, "ZnS", "ZnS")]


def substrates():
    return [perovskite(name="cubic"), perovskite(6.1, "expanded")]


def rows(path):
    with path.open() as stream:
        return list(csv.DictReader(stream))


def test_table_holds_the_front_of_every_pair(tmp_path):
    output = tmp_path / "table.csv"
    results = matching.screen(films(), substrates(), output, settings=SETTINGS, n_workers=1)
    assert [(r.film, r.substrate) for r in results] == [
        (f.name, s.name) for f in films() for s in substrates()
    ]
    table = rows(output)
    assert len(table) == sum(len(result.rows) for result in results) > 0
    front = matching.pareto_front(
        matching.scan_matches(films()[0], substrates()[0], max_area=150.0)
    )
    mine = [row for row in table if (row["film"], row["substrate"]) == ("PbS", "cubic")]
    assert [float(row["area"]) for row in mine] == pytest.approx([m.area for m in front])
    assert not partial_file(output).exists()


def test_parallel_equals_serial(tmp_path):
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    matching.screen(films(), substrates(), one, settings=SETTINGS, n_workers=1)
    matching.screen(films(), substrates(), two, settings=SETTINGS, n_workers=2)
    assert one.read_text() == two.read_text()


def test_interrupted_screening_continues(tmp_path):
    output, whole = tmp_path / "table.csv", tmp_path / "whole.csv"
    matching.screen(films(), substrates(), whole, settings=SETTINGS, n_workers=1)

    def stop(done, _total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        matching.screen(
            films(), substrates(), output, settings=SETTINGS, n_workers=1, on_progress=stop
        )
    assert not output.exists()
    partial = partial_file(output)
    with partial.open("a") as stream:
        stream.write('{"film": "torn')  # killed in the middle of a line
    seen = []
    matching.screen(
        films(), substrates(), output, settings=SETTINGS, n_workers=1,
        on_progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert seen == [(4, 6), (5, 6), (6, 6)]
    assert output.read_text() == whole.read_text()


def test_other_bounds_or_structures_start_afresh(tmp_path):
    output = tmp_path / "table.csv"

    def stop(done, _total):
        raise KeyboardInterrupt

    for settings in (SETTINGS, replace(SETTINGS, max_area=120.0)):
        with pytest.raises(KeyboardInterrupt):
            matching.screen(
                films(), substrates(), output, settings=settings, n_workers=1, on_progress=stop
            )
        assert len(partial_file(output).read_text().splitlines()) == 2


def test_a_pair_that_fails_is_named_and_the_rest_goes_on(tmp_path):
    broken = rocksalt(name="slab")
    broken.atoms.pbc = [True, True, False]
    results = matching.screen(
        [broken, rocksalt(name="PbS")], substrates()[:1], tmp_path / "t.csv",
        settings=SETTINGS, n_workers=1,
    )  # fmt: skip
    assert "periodic in three directions" in results[0].error
    assert results[1].error is None
    assert results[1].rows


def test_per_facet_fronts_are_supersets(tmp_path):
    wide = replace(SETTINGS, per_facet=True)
    a = matching.screen(films()[:1], substrates()[:1], tmp_path / "a.json", settings=SETTINGS)
    b = matching.screen(films()[:1], substrates()[:1], tmp_path / "b.json", settings=wide)
    assert len(b[0].rows) >= len(a[0].rows)
    document = json.loads((tmp_path / "b.json").read_text())
    assert len(document["rows"]) == len(b[0].rows)


def test_destinations_are_checked_before_work_starts(tmp_path):
    output = tmp_path / "table.csv"
    output.write_text("precious")
    with pytest.raises(DestinationError, match="exists already"):
        matching.screen(films(), substrates(), output, settings=SETTINGS)
    assert output.read_text() == "precious"
    with pytest.raises(DestinationError, match="ends in"):
        matching.screen(films(), substrates(), tmp_path / "table.xls", settings=SETTINGS)
    with pytest.raises(DestinationError, match="cannot be written"):
        matching.screen(films(), substrates(), tmp_path / "no" / "table.csv", settings=SETTINGS)
    with pytest.raises(MatchError, match="more than once"):
        matching.screen([rocksalt(), rocksalt()], substrates(), tmp_path / "t.csv")
    with pytest.raises(MatchError, match="needs films"):
        matching.screen([], substrates(), tmp_path / "t.csv")


def test_parquet_or_a_clear_word(tmp_path):
    output = tmp_path / "table.parquet"
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        with pytest.raises(DestinationError, match="pyarrow"):
            matching.screen(films(), substrates(), output, settings=SETTINGS)
        assert not output.exists()
        return
    results = matching.screen(films(), substrates(), output, settings=SETTINGS, n_workers=1)
    assert parquet.read_table(output).num_rows == sum(len(r.rows) for r in results)


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from matching_factories import perovskite, rocksalt
from qdstruct import matching

if __name__ == "__main__":
    films = [rocksalt(5.5 + 0.01 * i, name=f"film {i}") for i in range(40)]
    matching.screen(
        films, [perovskite(name="substrate")], Path(sys.argv[1]), n_workers=2,
        settings=matching.ScreenSettings(max_index=2, max_area=300.0),
    )
"""


@pytest.mark.slow
def test_killed_screening_leaves_no_process_and_continues(tmp_path):
    """SIGKILL in the middle: workers end, no table stands, the next run finishes."""
    script, output = tmp_path / "screen.py", tmp_path / "table.csv"
    script.write_text(KILLED)
    helpers = str(Path(__file__).parents[1])
    command = [sys.executable, str(script), str(output), helpers]
    process = subprocess.Popen(command, start_new_session=True)
    partial = partial_file(output)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if partial.is_file() and len(partial.read_text().splitlines()) > 3:
            break
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert not output.exists()
    for _ in range(100):
        if not _session_lives(process.pid):
            break
        time.sleep(0.1)
    assert not _session_lives(process.pid)
    finished = len(partial.read_text().splitlines()) - 1
    assert finished > 0
    subprocess.run(command, check=True)
    assert len({row["film"] for row in rows(output)}) == 40


def _session_lives(session):
    try:
        os.killpg(session, 0)
    except ProcessLookupError:
        return False
    return True
