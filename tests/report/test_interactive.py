"""What a browser draws again is what the static figure shows."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest
from report_factories import make_results

from qdstruct.report import study_figures
from qdstruct.report.interactive import plot_data, plot_json
from qdstruct.report.page_figures import drawn_figures
from qdstruct.report.plot_text import runs


@pytest.fixture(scope="module")
def figures():
    results = make_results()
    flat = dataclasses.replace(results.calculated, charge_field=None)
    drawn = study_figures(dataclasses.replace(results, calculated=flat))
    drawn_figures(drawn)
    return drawn


def decoded(array) -> np.ndarray:
    if "n" in array:
        return np.linspace(array["from"], array["to"], array["n"])
    values = [np.nan if v is None else v for v in array["v"]]
    return np.array(values, dtype=float) * 10.0 ** -array["d"]


def marks(data, kind: str, series: str):
    return [m for p in data["panels"] for m in p["marks"]
            if m["kind"] == kind and m["series"] == series]  # fmt: skip


def test_lines_are_live_and_pictures_are_not(figures) -> None:
    live = {name for name, figure in figures.items() if plot_json(name, figure)}
    assert live == {"match", "dos_region", "dos_region_element", "dos_element", "alignment",
                    "potential", "charge", "powder"}  # fmt: skip


@pytest.mark.parametrize("name", ["dos_region", "potential", "powder"])
def test_every_line_keeps_its_numbers(figures, name) -> None:
    """To a part in ten thousand of the range of the coordinate."""
    data = plot_data(figures[name])
    assert data is not None
    drawn = [mark for panel in data["panels"] for mark in panel["marks"] if mark["kind"] == "line"]
    lines = [
        line for axes in figures[name].axes for line in axes.lines
        if len(line.get_xdata()) > 2 and line.get_linestyle() != "None"
    ]  # fmt: skip
    assert len(drawn) == len(lines) > 0
    for mark, line in zip(drawn, lines, strict=True):
        for axis, values in zip("xy", line.get_data(), strict=True):
            values = np.asarray(values, dtype=float)
            kept = decoded(data["arrays"][mark[axis]])
            assert np.abs(kept - values).max() <= 1e-4 * max(np.ptp(values), 1e-9)


def test_what_belongs_to_a_series_goes_with_it(figures) -> None:
    data = plot_data(figures["dos_region"])
    assert data is not None
    kinds = {m["kind"] for p in data["panels"] for m in p["marks"] if m["series"] == "film"}
    assert kinds == {"line", "fill", "arrow", "words"}
    potential = plot_data(figures["potential"])
    assert potential is not None
    names = {m["series"] for p in potential["panels"] for m in p["marks"]}
    assert names == {"planar average", "macroscopic average", "vacuum level", "Fermi level",
                     "film", "substrate"}  # fmt: skip


def test_a_ring_marks_the_match_that_is_built(figures) -> None:
    data = plot_data(figures["match"])
    assert data is not None
    (ring,) = marks(data, "points", "built")
    assert ring["ring"]
    (matches,) = marks(data, "points", "match")
    areas = decoded(data["arrays"][matches["x"]])
    np.testing.assert_allclose(areas, [35.0, 70.0, 105.0, 140.0, 175.0])


def test_what_the_mock_made_says_so(figures) -> None:
    said = {name: json.loads(plot_json(name, figure) or "{}").get("note")
            for name, figure in figures.items()}  # fmt: skip
    assert said["dos_region"] == said["charge"] == "MOCK calculations, not physics"
    assert said["powder"] == said["match"] == ""


def test_formulas_become_runs_of_letters() -> None:
    assert runs("E − E$_F$ (eV)") == [["E − E", 0], ["F", -1], [" (eV)", 0]]
    assert runs("10$^{-3}$ e/Å$^3$") == [["10", 0], ["−3", 1], [" e/Å", 0], ["3", 1]]
    assert runs(r"$1\bar{2}0$…") == [["12\u03050", 0], ["…", 0]]
    assert runs("") == []


def test_data_cannot_close_their_script(figures) -> None:
    text = str(drawn_figures({"powder": figures["powder"]})["powder"])
    block = re.search(r"<script[^>]*>(.*?)</script>", text, re.S)
    assert block is not None
    assert json.loads(block[1])["name"] == "powder"
