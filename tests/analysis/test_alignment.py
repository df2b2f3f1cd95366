"""Alignment by every route: shared sums, published values and invariance of the zero."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdstruct.analysis import (
    align_by_edges,
    align_by_reference,
    align_by_vacuum,
    align_measured,
    shifted_edges,
)
from qdstruct.errors import InputError
from qdstruct.model.electronic import BandAlignment, BandEdges


def edges(group: str, valence: float, conduction: float, uncertainty: float = 0.05) -> BandEdges:
    return BandEdges(
        group=group, valence_maximum=valence, conduction_minimum=conduction,
        threshold=0.02, uncertainty=uncertainty,
    )  # fmt: skip


def test_the_measured_edges_of_the_thesis_are_type_two() -> None:
    """Yang, PhD thesis 2024, Fig. 4-9: UPS and Tauc values of PMA2PbBr4 and CsPbBr3."""
    found = align_measured(
        "PMA2PbBr4", "CsPbBr3",
        work_functions=(4.85, 4.56), fermi_to_valence=(0.45, 1.40), gaps=(3.06, 2.37),
    )  # fmt: skip
    assert found.kind == "type II"
    assert found.film.valence_maximum == pytest.approx(-5.30)
    assert found.substrate.valence_maximum == pytest.approx(-5.96)
    assert found.substrate.conduction_minimum == pytest.approx(-3.59)
    assert found.valence_offset == pytest.approx(0.66)
    assert found.conduction_offset == pytest.approx(1.35)
    assert "electrons go to the CsPbBr3, holes to the PMA2PbBr4" in found.reason
    assert found.terms["CsPbBr3 work function"] == 4.56


@pytest.mark.parametrize(("uncertainty", "kind"), [(0.03, "type II"), (0.1, "quasi-type II")])
def test_an_offset_of_a_tenth_needs_a_sharper_method(uncertainty: float, kind: str) -> None:
    """Qiu et al. 2023 find a conduction offset of about 0.1 eV, CdS below CsPbBr3.

    The valence offset used here is no published number: any staggered value gives the same type.
    """
    cap = edges("CdS", -2.0, 0.4, uncertainty)
    core = edges("CsPbBr3", -1.3, 0.5, uncertainty)
    assert align_by_edges(cap, core).kind == kind


def test_vacuum_alignment_subtracts_each_slabs_own_level() -> None:
    found = align_by_vacuum(
        edges("film", 1.0, 3.0), edges("substrate", -2.0, 0.5),
        film_vacuum=7.0, substrate_vacuum=3.5, uncertainty=0.01, sources=("a", "b"),
    )  # fmt: skip
    assert found.film.valence_maximum == pytest.approx(-6.0)
    assert found.substrate.conduction_minimum == pytest.approx(-3.0)
    assert found.valence_offset == pytest.approx(-0.5)
    assert found.uncertainty == pytest.approx(0.06 * 2**0.5)
    assert found.reference == "vacuum"
    assert found.sources == ("a", "b")


def test_the_reference_route_adds_the_step_across_the_interface() -> None:
    found = align_by_reference(
        edges("film", 2.0, 4.0), edges("substrate", 1.0, 4.5),
        film_bulk_reference=-8.0, substrate_bulk_reference=-9.5,
        film_interface_reference=-3.0, substrate_interface_reference=-3.4,
    )  # fmt: skip
    assert found.valence_offset == pytest.approx((2.0 + 8.0) - (1.0 + 9.5) + 0.4)
    assert found.terms["step across the interface"] == pytest.approx(0.4)
    assert found.kind == "type II"
    with pytest.raises(InputError, match="no reference level"):
        align_by_reference(
            edges("film", 2.0, 4.0), edges("substrate", 1.0, 4.5), film_bulk_reference=0,
            substrate_bulk_reference=0, film_interface_reference=0,
            substrate_interface_reference=0, method="guess",
        )  # fmt: skip


levels = st.floats(-10, 10)


@settings(deadline=None)
@given(levels, levels, levels)
def test_the_zero_of_no_calculation_matters(film: float, substrate: float, whole: float) -> None:
    """Adding a constant to everything one calculation prints changes no offset."""

    def offset(a: float, b: float, c: float) -> float:
        return align_by_reference(
            shifted_edges(edges("film", 2.0, 4.0), a),
            shifted_edges(edges("substrate", 1.0, 4.5), b),
            film_bulk_reference=-8.0 + a, substrate_bulk_reference=-9.5 + b,
            film_interface_reference=-3.0 + c, substrate_interface_reference=-3.4 + c,
            method="core levels",
        ).valence_offset  # fmt: skip

    assert offset(film, substrate, whole) == pytest.approx(offset(0, 0, 0), abs=1e-9)


def test_impossible_measurements_are_refused() -> None:
    with pytest.raises(InputError, match="gap of -1"):
        align_measured("a", "b", work_functions=(4, 4), fermi_to_valence=(1, 1), gaps=(-1, 2))


def test_an_alignment_survives_json(tmp_path: Path) -> None:
    found = align_by_edges(edges("film", -1, 1), edges("substrate", -2, 0.5), sources=("x",))
    again = BandAlignment.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again == found
