"""Published against ours: every verdict is recomputed here by other means."""

from __future__ import annotations

import math

import pytest

from qdstruct.errors import InputError
from qdstruct.pipeline.reproduction import (
    NOT_COMPUTABLE,
    compare_systems,
    published_numbers,
    reproduce,
)
from qdstruct.pipeline.reproduction.numbers import PublishedNumber
from qdstruct.pipeline.reproduction.table import _compare


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
