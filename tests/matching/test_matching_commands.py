"""The commands mismatch, match, orient and screen as a user meets them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from qdstruct.cli.app import app
from qdstruct.errors import InputError, MatchError

runner = CliRunner()


def run(*arguments):
    result = runner.invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


PAIR = ("CdS-zincblende", "CsPbBr3-Pbnm")


@pytest.mark.parametrize("command", ["mismatch", "match", "orient", "screen"])
def test_help_has_an_example(command):
    assert "Example: qdstruct" in run(command, "-h")


def test_match_prints_one_json_document_with_the_known_cell():
    text = run("match", *PAIR, "--film-hkl", "001", "--substrate-hkl", "001", "--json")
    document = json.loads(text)
    assert (document["film"], document["substrate"]) == PAIR
    first = document["matches"][0]
    assert first["area"] == pytest.approx(67.75, abs=0.1)
    assert max(map(abs, first["principal_strains"])) < 0.006
    cell = np.array(first["substrate_transform"]) @ np.array(first["substrate_plane_vectors"])
    assert np.linalg.norm(cell, axis=1) == pytest.approx([8.207, 8.255])
    film = np.array(first["film_transform"]) @ np.array(first["film_plane_vectors"])
    assert np.linalg.norm(film, axis=1) == pytest.approx([5.818 * np.sqrt(2)] * 2)
    assert np.allclose(first["strain"], np.transpose(first["strain"]))
    assert first["site_overlap"]["score"] > 0.5


def test_numbers_are_those_that_find_matches_gives():
    from qdstruct import matching, phases

    planes = ("--film-hkl", "001", "--substrate-hkl", "110")
    document = json.loads(run("match", *PAIR, *planes, "--max-area", "300", "--json"))
    film, substrate = (phases.load(name) for name in PAIR)
    listed = matching.find_matches(film, substrate, (0, 0, 1), (1, 1, 0), max_area=300)
    assert [m.number for m in listed] == list(range(1, len(listed) + 1))
    for row in document["matches"]:
        assert listed[row["number"] - 1].area == pytest.approx(row["area"])
        assert listed[row["number"] - 1].max_strain == pytest.approx(row["max_strain"])


def test_match_table_is_readable():
    text = run("match", *PAIR, "--top", "3")
    assert "area Å²" in text
    assert "(001)" in text
    assert "∥" in text


def test_all_streams_the_same_rows_in_both_formats():
    arguments = ("match", *PAIR, "--film-hkl", "001", "--all")
    document = json.loads(run(*arguments, "--json"))
    lines = run(*arguments).strip().splitlines()
    assert len(lines) == 1 + len(document["matches"])
    assert all(m["max_strain"] <= 0.05 + 1e-9 for m in document["matches"])
    assert {tuple(m["film_hkl"]) for m in document["matches"]} == {(0, 0, 1)}
    best = json.loads(run(*arguments, "--json", "--top", "2"))
    ranked = sorted((round(m["area"], 6), m["max_strain"]) for m in document["matches"])
    assert [round(m["area"], 6) for m in best["matches"]] == [row[0] for row in ranked[:2]]


def test_match_without_a_fit_names_the_nearest_miss():
    with pytest.raises(MatchError) as caught:
        runner.invoke(app, ["match", *PAIR, "--max-area", "60"], catch_exceptions=False)
    assert "would be enough" in caught.value.hint


@pytest.mark.parametrize(
    "arguments",
    [
        ("match", *PAIR, "--film-hkl", "0,0,0"),
        ("match", *PAIR, "--film-hkl", "abc"),
        ("match", *PAIR, "--max-area", "-5"),
        ("match", *PAIR, "--max-strain", "nan"),
        ("match", *PAIR, "--max-index", "0"),
        ("match", "CdS-zincblend", "CsPbBr3-Pbnm"),
        ("mismatch", *PAIR, "--planes", "220"),
        ("orient", *PAIR, "--planes", "220|220"),
        ("orient", *PAIR, "--planes", "220|220", "--directions", "220|000"),
    ],
)
def test_bad_input_is_an_input_error(arguments):
    with pytest.raises(InputError):
        runner.invoke(app, list(arguments), catch_exceptions=False)


def test_mismatch_of_given_planes():
    document = json.loads(
        run("mismatch", "PMA2PbBr4", "CsPbBr3-cubic", "--planes", "6,0,0|100", "--json")
    )
    (row,) = document["mismatches"]
    assert row["over_film"] == pytest.approx(5.874 / (33.3529 / 6) - 1, abs=1e-4)
    assert "over film %" in run("mismatch", "PMA2PbBr4", "CsPbBr3-cubic", "--max-index", "1")


def test_orient_reports_the_impossible():
    arguments = ("orient", "CdS-zincblende", "CsPbBr3-cubic", "--planes", "220|220")
    document = json.loads(run(*arguments, "--directions", "001|111", "--json"))
    assert document["inconsistency"] == pytest.approx(54.7356, abs=1e-3)
    assert np.shape(document["rotation"]) == (3, 3)
    assert "misses by 54.74°" in run(*arguments, "--directions", "001|111")


def test_screen_writes_the_table(tmp_path):
    output = tmp_path / "table.csv"
    document = json.loads(
        run(
            "screen", "--film", "PbS-galena", "--film", "CdS-zincblende",
            "--substrate", "CsPbBr3-cubic", "-o", str(output), "--jobs", "1", "--json",
        )
    )  # fmt: skip
    assert document["pairs"] == 2
    assert len(output.read_text().splitlines()) == 1 + len(document["rows"])
