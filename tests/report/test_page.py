"""The report is one file, offline, complete, and says when its numbers are mocked."""

from __future__ import annotations

import base64
import csv
import dataclasses
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from report_factories import make_results

from qdstruct.errors import DestinationError
from qdstruct.model import CalculatedResults, StudyResults
from qdstruct.report import study_figures, write_figures, write_page
from qdstruct.report.charge_figures import sections_figure

VOID = {"meta", "link", "br", "input", "img", "hr", "path", "use"}


class Outline(HTMLParser):
    """Collects what a browser would load, and checks that tags close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs) -> None:
        values = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        self.loads += [v for k, v in values.items() if k in ("src", "srcset") and v]
        if tag == "link":
            self.loads.append(values.get("href") or "")
        if "id" in values:
            self.ids.append(values["id"] or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.open, tag
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def figures():
    return study_figures(make_results())


@pytest.fixture(scope="module")
def page(figures, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_page(make_results(), path, figures=figures)
    return path.read_text(encoding="utf-8")


def test_page_is_well_formed_and_loads_nothing(page: str) -> None:
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    assert outline.loads == []
    assert len(outline.ids) == len(set(outline.ids))
    assert "@import" not in page.split("<script", 1)[0]


def test_internal_links_have_targets(page: str) -> None:
    head = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    targets = set(re.findall(r'\bid="([^"]+)"', head))
    links = set(re.findall(r'href="#([^"]+)"', head))
    assert links
    assert links <= targets


def test_contacts_across_the_interface_are_listed(page: str) -> None:
    """Rock salt 6.5 Å above its like: highest plane at 2.966 Å, so 3.53 Å straight up."""
    row = re.search(r"Nearest pairs across the interface</th><td>([^<]*)", page)
    assert row is not None
    first = row.group(1).split(",")[0].split()
    atoms = make_results().interface.atoms
    regions = atoms.get_array("region")
    film, substrate = np.flatnonzero(regions == "film"), np.flatnonzero(regions == "substrate")
    apart = atoms.get_all_distances(mic=True)[np.ix_(film, substrate)]
    assert float(first[1]) == pytest.approx(apart.min(), abs=5e-3)
    assert first[2] == "Å"


def test_long_line_lists_say_that_they_are_cut(tmp_path) -> None:
    results = make_results(finished=False)
    pattern = results.powder[0]
    peaks = tuple(
        dataclasses.replace(pattern.peaks[0], two_theta=10 + 0.1 * n, intensity=float(n % 100))
        for n in range(90)
    )
    many = dataclasses.replace(results, powder=(dataclasses.replace(pattern, peaks=peaks),))
    write_page(many, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    listed = text.split("<details><summary>Lines of", 1)[1].split("</details>", 1)[0]
    assert "(90, the 60 strongest)" in listed
    shown = [float(cell) for cell in re.findall(r"<tr><td>([\d.]+)</td>", listed)]
    assert len(shown) == 60
    assert shown == sorted(shown)
    assert min(shown) == pytest.approx(10 + 0.1 * 30)


def test_user_text_is_escaped(page: str) -> None:
    assert "<b>invented</b>" not in page
    assert "&lt;b&gt;invented&lt;/b&gt;" in page
    assert "&lt;angle brackets&gt;" in page


def test_mock_banner_only_for_mock_numbers(page: str, tmp_path) -> None:
    assert "Mock calculation." in page
    write_page(make_results(is_mock=False, finished=False), tmp_path / "real.html")
    assert "Mock calculation." not in (tmp_path / "real.html").read_text(encoding="utf-8")


def test_viewer_holds_every_atom(page: str) -> None:
    block = re.search(r'id="structure">(.*?)</script>', page, re.S)
    assert block is not None
    data = json.loads(block.group(1))
    assert len(data["atoms"]) == 16
    assert {atom["r"] for atom in data["atoms"]} == {"film", "substrate"}
    assert len(data["edges"]) == 12


def test_unfinished_study_still_has_a_page(tmp_path) -> None:
    write_page(make_results(finished=False), tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert 'id="dos"' not in text
    assert 'id="jobs"' in text


def test_existing_page_is_kept_without_force(tmp_path) -> None:
    path = tmp_path / "report.html"
    path.write_text("mine")
    with pytest.raises(DestinationError):
        write_page(make_results(), path, force=False)
    assert path.read_text() == "mine"


def test_figures_and_their_data(tmp_path, figures) -> None:
    results = make_results()
    assert set(figures) == {
        "match", "dos_region", "dos_region_element", "dos_element", "alignment", "potential",
        "charge", "charge_sections", "charge_surfaces", "powder", "spots",
    }  # fmt: skip
    few = CalculatedResults(
        dos_by_region=results.calculated.dos_by_region, energies=results.calculated.energies
    )
    results = dataclasses.replace(results, calculated=few, powder=(), spots=(), matches=())
    files = {path.name for path in write_figures(results, tmp_path)}
    assert files == {"dos_region.pdf", "dos_region.png", "dos_region.csv", "energies.csv"}
    vectors = {path.name for path in write_figures(results, tmp_path, formats=("svg",))}
    assert vectors == {"dos_region.svg", "dos_region.csv", "energies.csv"}
    comments = (tmp_path / "dos_region.svg").read_text(encoding="utf-8")
    assert "<!-- MOCK calculations, not physics -->" in comments
    with (tmp_path / "dos_region.csv").open() as stream:
        assert stream.readline() == "# MOCK calculations, not physics\n"
        rows = list(csv.reader(stream))
    assert rows[0] == ["energy - Fermi level (eV)", "film (states/eV)", "substrate (states/eV)"]
    assert len(rows) == 402
    assert results.calculated.dos_by_region is not None
    assert float(rows[5][1]) == pytest.approx(float(results.calculated.dos_by_region[0, 4]))


@pytest.mark.parametrize(("axis", "shift"), [(0, (0, -7)), (1, (-7, 0)), (2, (0, 0))])
def test_sections_have_the_heights_of_the_calculation(tmp_path, axis, shift) -> None:
    results = make_results(is_mock=False)
    field = results.calculated.charge_field
    assert field is not None
    section = field.sections[0].assign_attrs(axis=axis, place="a plane")
    field = dataclasses.replace(field, sections=(section,))
    few = CalculatedResults(charge_field=field)
    write_figures(dataclasses.replace(results, calculated=few), tmp_path, figures={})
    with (tmp_path / "charge_sections.csv").open() as stream:
        rows = list(csv.reader(stream))
    assert (rows[0][2], rows[0][4]) == ("u (A)", "v (A)")
    first = (float(rows[1][2]), float(rows[1][4]))
    found = (first[0] - float(section["u"][0]), first[1] - float(section["v"][0]))
    assert found == pytest.approx(shift)
    axes = sections_figure(field).axes[0]
    assert axes.collections[0].get_datalim(axes.transData).y0 == pytest.approx(sum(shift))
    assert (axes.get_ylabel() == "height z (Å)") == (axis != 2)


def test_calculated_numbers_stand_on_the_page(page: str) -> None:
    """Offsets with uncertainty and terms, both vacuum levels, energy with area, checks, shares."""
    for words in (
        "+0.300", "± 0.140", "both edges of the film lie inside the gap", "−1.2500 eV",
        "2.000 ± 0.010 eV", "2.500 ± 0.010 eV", "4.000 eV", "4.500 eV", "0.500 eV",
        "+0.8011", "+50.00", "35.20", "11.7600", "holds", "substrate 90.0 %", "0.0321",
        "figures/charge-difference.vasp",
    ):  # fmt: skip
        assert words in page, words


def test_the_view_holds_the_charge_difference(page: str) -> None:
    """Counts of 1/32 of the level, x slowest, closed over both periodic directions."""
    text = re.search(r'<script type="application/json" id="structure">(.*?)</script>', page, re.S)
    assert text is not None
    field = json.loads(text[1])["field"]
    given = make_results().calculated.charge_field
    assert given is not None
    assert field["size"] == [13, 13, 40]
    assert field["origin"] == [0.0, 0.0, -7.0]
    counts = np.frombuffer(base64.b64decode(field["values"]), dtype=np.int8).reshape(13, 13, 40)
    expected = given.values[3, 4, 5] / given.level * field["level"]
    assert counts[3, 4, 5] == pytest.approx(expected, abs=0.51)
    np.testing.assert_array_equal(counts[0], counts[-1])
    assert 'id="field"' in page


def test_results_round_trip() -> None:
    results = make_results()
    text = json.dumps(results.to_dict(), allow_nan=False)
    assert json.dumps(StudyResults.from_dict(json.loads(text)).to_dict()) == text
