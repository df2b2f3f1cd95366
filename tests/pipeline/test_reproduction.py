"""Published against ours: every verdict is recomputed here by other means."""

from __future__ import annotations

import math
import re

import pytest

from qdstruct.errors import InputError
from qdstruct.pipeline.reproduction import (
    NOT_COMPUTABLE,
    compare_systems,
    published_numbers,
    reproduce,
)
from qdstruct.pipeline.reproduction import costs as costing
from qdstruct.pipeline.reproduction.calculations import calculation_of
from qdstruct.pipeline.reproduction.numbers import PublishedNumber
from qdstruct.pipeline.reproduction.table import _compare
from qdstruct.simulation.assembly import measured_assemblies
from qdstruct.study import study_names


@pytest.fixture(scope="module")
def rows():
    return {(row.system, row.quantity): row for row in reproduce("all")}


def test_every_number_has_a_row(rows) -> None:
    assert len(reproduce("all")) == len(published_numbers())
    assert {row.verdict for row in rows.values()} == {"agrees", "differs", NOT_COMPUTABLE}
    assert all(row.reason for row in rows.values())
    assert all((row.ours is None) == (row.verdict == NOT_COMPUTABLE) for row in rows.values())


@pytest.mark.parametrize(
    ("hkl", "published"), [("110", 21.38), ("200", 30.41), ("211", 37.47), ("220", 43.56)]
)
def test_cubic_lines_within_three_hundredths(rows, hkl: str, published: float) -> None:
    """Bragg's law for a = 5.874 Å and λ = 1.54056 Å, written out."""
    row = rows["CsPbBr3 cubic", f"XRD 2theta ({hkl})"]
    norm = math.sqrt(sum(int(i) ** 2 for i in hkl))
    by_hand = 2 * math.degrees(math.asin(1.54056 * norm / (2 * 5.874)))
    assert float(row.ours) == pytest.approx(by_hand, abs=0.005)
    assert abs(by_hand - published) < 0.03
    assert row.verdict == "agrees"


def test_lead_sulfide_lines_differ_by_one_percent_of_the_cell(rows) -> None:
    for hkl in ("111", "200", "220"):
        row = rows["PbS", f"XRD 2theta ({hkl})"]
        assert row.verdict == "differs"
        assert "+1." in row.reason
        assert "%" in row.reason


def test_known_inconsistencies_are_found(rows) -> None:
    differing = {key for key, row in rows.items() if row.verdict == "differs"}
    assert {
        ("CsPbBr3 supraparticle", "coherence length"),
        ("CsPbBr3 LbL film", "C10DT minus C3DT period"),
        ("CsPbBr3/ZnS", "lattice mismatch"),
        ("CsPbBr3-PbS", "PbS (200) shift pure->heterostructure"),
    } <= differing


def test_a_changed_number_changes_the_verdict() -> None:
    number = next(n for n in published_numbers() if n.quantity == "NC-NC distance")
    assert _compare(number).verdict == "agrees"
    wrong = PublishedNumber(**(vars(number) | {"value": 12.4}))
    assert _compare(wrong).verdict == "differs"


def test_small_angle_maxima_are_simulated_and_agree_to_the_last_printed_digit(rows) -> None:
    for plane, order in (("100", 1), ("110", 2), ("200", 4), ("210", 5)):
        row = rows["CsPbBr3 supraparticle", f"SAXS q {{{plane}}}"]
        assert row.verdict == "agrees"
        assert abs(float(row.ours) - float(row.published)) <= 0.005
        assert float(row.ours) == pytest.approx(2 * math.pi / 11.4 * math.sqrt(order), abs=0.002)
        assert "maximum of S(q)" in row.reason
    for quantity, period in (
        ("SAXS drop-cast", 10.1), ("SAXS C10DT out of plane", 8.1), ("SAXS C3DT out of plane", 7.7),
    ):  # fmt: skip
        row = rows["CsPbBr3 LbL film", quantity]
        q, spacing = map(float, row.ours.split(","))
        assert row.verdict == "agrees"
        assert spacing == pytest.approx(period, abs=0.02)
        assert q == pytest.approx(float(row.published.split(",")[0]), abs=0.0051)


def test_a_peak_elsewhere_would_differ() -> None:
    number = next(n for n in published_numbers() if n.quantity == "SAXS q {200}")
    wrong = PublishedNumber(**(vars(number) | {"value": 1.12}))
    assert _compare(wrong).verdict == "differs"


def test_alignment_and_transport(rows) -> None:
    assert rows["CsPbBr3-PMA2PbBr4", "band alignment"].ours == "type II"
    length = rows["CsPbBr3-PMA2PbBr4", "D, mu, L_D e heterojunction"]
    assert length.verdict == "agrees"
    assert float(length.ours.split(",")[2]) == pytest.approx(181, abs=1)


def test_reports_leave_out_what_cannot_be_computed() -> None:
    rows = compare_systems(["CsPbBr3/CdS"])
    assert rows
    assert all(row.verdict != NOT_COMPUTABLE for row in rows)


def test_unknown_system_lists_the_known() -> None:
    with pytest.raises(InputError, match="CsPbBr3/CdS"):
        reproduce("CsPbBr3/CdTe")


def test_both_readings_of_the_sulfide_relation(rows) -> None:
    """{211} of zinc blende is √(8/6) wider than {220}; the two are 30° apart about [111]."""
    first = rows["CsPbBr3/CdS", "orientation relation"]
    second = rows["CsPbBr3/CdS", "interface planes"]
    assert first.verdict == second.verdict == "agrees"
    for row, norm in ((first, 6), (second, 8)):
        assert f"d {5.818 / math.sqrt(norm):.4f} and {5.874 / math.sqrt(8):.4f} Å" in row.ours
        assert "{211} 30° from them" in row.reason
        assert "every 60°" in row.reason
        assert "every 90°" in row.reason
        assert "coincidence cell" in row.reason


def test_the_printed_fringe_of_the_layers_lies_in_its_zone_and_is_extinct(rows) -> None:
    row = rows["CsPbBr3-PMA2PbBr4", "zone axes"]
    assert "0.2937 nm: yes" in row.ours
    assert f"{33.3529 / 70:.4f} nm: yes" in row.ours
    assert row.verdict == "differs"
    assert "extinct" in row.reason


def test_whole_planes_against_one_layer(rows) -> None:
    row = rows["CsPbBr3-PMA2PbBr4", "layer thickness vs planes"]
    for times, norm in ((4, 2), (5, 3), (3, 1)):
        assert f"{times * 5.874 / math.sqrt(norm):.2f} Å" in row.ours


def test_the_type_of_the_measured_edges(rows) -> None:
    """CB −0.9 and −1.0 V, VB +1.6 and +1.4 V against RHE: both steps in the same direction."""
    row = rows["CdS", "CB, VB vs RHE"]
    assert row.ours == "type II with CsPbBr3"
    assert row.verdict == "agrees"


def test_the_page_of_the_documentation_is_what_the_command_writes() -> None:
    from pathlib import Path

    from qdstruct.pipeline.reproduction.documents import csv_table, markdown_page

    page = Path(__file__).resolve().parents[2] / "docs" / "reproduction.md"
    kept = set(page.read_text(encoding="utf-8").splitlines())
    written = markdown_page(reproduce("all"), ())
    missing = [line for line in written.splitlines() if line and line not in kept]
    assert missing == [], "run: qdstruct reproduce all --format md > docs/reproduction.md"
    assert len(csv_table(reproduce("all")).splitlines()) == len(published_numbers()) + 1


def test_attraction_localises_the_vacancies_in_stored_runs(rows) -> None:
    """The row says that nothing was computed for it, and how the runs are repeated."""
    row = rows["CsPbBr3 supraparticle", "MC eps"]
    assert row.verdict == "agrees"
    shares = re.findall(r"(\S+) kT: (\d+)–(\d+) %", row.ours)
    assert [share[0] for share in shares] == ["0", "−0.5", "−1"]
    assert int(shares[0][2]) < 50 < int(shares[2][1])
    assert "were made before" in row.reason
    assert row.reason.count("qdstruct assembly --well=") == len(measured_assemblies())


def test_every_published_calculation_has_its_command() -> None:
    """What is printed as the outcome of DFT or of dynamics names the tree that would give it."""
    words = ("interface energy", "average charge difference", "DFT CB", "NA-MD", "phonon mode")
    numbers = [n for n in published_numbers() if n.quantity.startswith(words)]
    assert len(numbers) > 15
    for number in numbers:
        calculation = calculation_of(number)
        assert calculation is not None, number.quantity
        assert calculation.study in (*study_names(), "")
        row = _compare(number)
        assert row.verdict == NOT_COMPUTABLE
        assert "needs VASP: qdstruct" in row.reason


def test_costs_stand_beside_every_number_that_needs_them(monkeypatch) -> None:
    """A small tree instead of the shipped ones: which of them belong to which number is kept."""
    monkeypatch.setattr(costing, "_study_size", lambda study: (len(study), 3, 7.5, "a model"))
    costs = costing.calculation_costs()
    numbers = [number for cost in costs for number in cost.numbers]
    assert {n.quantity for n in numbers} >= {"NA-MD energy relaxation", "phonon mode CdS"}
    ligand = next(cost for cost in costs if not cost.calculation.study)
    assert ligand.n_atoms == 37
    assert ligand.core_hours > 1
    assert all(cost.core_hours == 7.5 for cost in costs if cost.calculation.study)
