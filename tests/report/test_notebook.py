"""In a notebook every result is a table, and those that can be drawn are a picture as well."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
from html.parser import HTMLParser
from importlib import import_module

import pytest
from report_factories import make_results

import qdstruct
from qdstruct import building, matching, model, phases, simulation
from qdstruct.model.display import field_notes, value_words
from qdstruct.report.notebook import DRAWINGS, picture

RECORDS = [
    kind
    for kind in vars(model).values()
    if inspect.isclass(kind) and issubclass(kind, model.Record) and kind is not model.Record
]


class Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        self.text.append(data)


def cells(record) -> list[str]:
    parser = Cells()
    parser.feed(record._repr_html_())
    assert parser.open == []
    return parser.text


@pytest.fixture(scope="module")
def results():
    film, substrate = phases.load("CdS-zincblende"), phases.load("CsPbBr3-Pbnm")
    match = matching.find_matches(film, substrate, (0, 0, 1), (0, 0, 1), max_area=100)[0]
    interface = qdstruct.build_interface(film, substrate, match, film_layers=1, substrate_layers=1)
    return {
        "Phase": film,
        "CoincidenceMatch": match,
        "Interface": interface,
        "Slab": building.build_slab(film, (1, 1, 0), layers=3),
        "PowderPattern": simulation.powder_pattern(film.atoms, name=film.name),
        "SpotPattern": simulation.zone_axis_pattern(film.atoms, name=film.name, zone=(0, 0, 1)),
    }


def test_every_field_of_every_type_says_what_it_is() -> None:
    for kind in RECORDS:
        notes = field_notes(kind)
        for field in dataclasses.fields(kind):
            assert notes.get(field.name), f"{kind.__name__}.{field.name}"


def test_every_public_type_is_a_table_in_a_notebook() -> None:
    """Whatever `qdstruct.model` makes public as a dataclass, whether it is a record or not."""
    public = [getattr(model, name) for name in model.__all__]
    types = [kind for kind in public if inspect.isclass(kind) and dataclasses.is_dataclass(kind)]
    assert len(types) > 80
    assert [kind.__name__ for kind in types if not hasattr(kind, "_repr_html_")] == []
    assert set(types) <= set(RECORDS)
    for kind in types:
        record = object.__new__(kind)
        for field in dataclasses.fields(kind):
            object.__setattr__(record, field.name, None)
        assert f"<b>{kind.__name__}</b>" in record._repr_html_()


def test_names_in_what_a_field_means_are_set_as_code(results) -> None:
    text = results["Interface"]._repr_html_()
    assert "<code>vertical</code>" in text
    assert "`" not in text


def test_tables_hold_values_and_meanings(results) -> None:
    text = cells(results["CoincidenceMatch"])
    assert "area" in text
    assert f"{results['CoincidenceMatch'].area:.6g}" in text
    text = cells(results["Interface"])
    assert any(word.endswith("Å") and "atoms" in word for word in text)
    for record in results.values():
        assert len(record._repr_html_()) < 10_000


def test_markup_in_names_is_escaped() -> None:
    text = model.Problem(kind="<b>", message="a & b < c")._repr_html_()
    assert "&lt;b&gt;" in text
    assert "a &amp; b &lt; c" in text


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.1234567891, "0.123457"), (True, "yes"), ((1, 2), "1, 2"), ({"a": 1.5}, "a 1.5")],
)
def test_values_in_words(value, words) -> None:
    assert value_words(value) == words


def test_drawn_types_exist() -> None:
    for module, name in DRAWINGS:
        assert issubclass(getattr(import_module(module), name), model.Record)


@pytest.mark.parametrize("name", ["Phase", "Interface", "Slab", "PowderPattern", "SpotPattern"])
def test_pictures(results, name) -> None:
    assert picture(results[name]).startswith(b"\x89PNG")


def test_results_of_an_analysis_have_pictures() -> None:
    calculated = make_results().calculated
    for record in (calculated.alignments[0], model.LevelSet.of(calculated.alignments[0]),
                   calculated.potentials[0], calculated.charge_field):  # fmt: skip
        assert picture(record).startswith(b"\x89PNG")


def test_what_cannot_be_drawn_has_no_picture(results) -> None:
    assert picture(results["CoincidenceMatch"]) is None


def test_an_import_in_ipython_registers_the_pictures_without_matplotlib() -> None:
    pytest.importorskip("IPython")
    code = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
import qdstruct
assert 'matplotlib' not in sys.modules
phase = qdstruct.load_phase('PbS')
data, _ = shell.display_formatter.format(phase)
assert data['image/png'][:4] == b'\\x89PNG', data.keys()
assert '<table>' in data['text/html']
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
