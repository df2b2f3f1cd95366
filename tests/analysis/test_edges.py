"""Band edges and the type of alignment, on densities of states whose edges are known."""

from __future__ import annotations

import numpy as np
import pytest
from electronic_factories import projected_dos
from hypothesis import given, settings
from hypothesis import strategies as st

from qdstruct.analysis import alignment_type, band_edges
from qdstruct.errors import InputError
from qdstruct.model import BandEdges


def edges_of(**options) -> dict[str, BandEdges]:
    return {edges.group: edges for edges in band_edges(projected_dos(**options))}


def test_known_edges_are_found_within_the_stated_uncertainty() -> None:
    found = edges_of(film=(-0.83, 1.21), substrate=(-1.37, 0.64), fermi=3.3)
    for group, (lower, upper) in {"film": (-0.83, 1.21), "substrate": (-1.37, 0.64)}.items():
        edges = found[group]
        assert abs(edges.valence_maximum - lower) <= edges.uncertainty
        assert abs(edges.conduction_minimum - upper) <= edges.uncertainty
        assert edges.uncertainty == pytest.approx(0.01 + 0.05)
        assert edges.gap == pytest.approx(upper - lower, abs=0.021)


@pytest.mark.parametrize("spins", [1, 2, 4])
def test_spin_does_not_move_the_edges(spins: int) -> None:
    assert edges_of(spins=spins, film=(-0.5, 1.5))["film"].gap == pytest.approx(2.0, abs=0.021)


def test_states_reaching_over_from_the_neighbour_do_not_close_the_gap() -> None:
    assert edges_of(leak=0.015)["film"].gap == pytest.approx(2.0, abs=0.021)
    assert edges_of(leak=0.03)["film"].gap == 0.0


def test_the_tail_of_the_neighbours_band_is_no_band() -> None:
    projected = projected_dos(film=(-1.2, 0.8), substrate=(-1.0, 1.1))
    table = projected.projected
    film = table[2:].sum("atom").values
    table[0] += 0.05 * film
    found = {edges.group: edges for edges in band_edges(projected)}
    assert found["substrate"].conduction_minimum == pytest.approx(1.1, abs=0.011)
    assert found["film"].conduction_minimum == pytest.approx(0.8, abs=0.011)
    assert found["substrate"].tail_spread < 0.011
    assert alignment_type(found["film"], found["substrate"])[0] == "type II"


@pytest.mark.parametrize("tail", [0.0, 0.05])
def test_a_thin_band_within_the_neighbours_band_keeps_its_edge(tail: float) -> None:
    """Few states per eV are a band where they do not follow the neighbour's."""
    projected = projected_dos(film=(-1.2, 9.0), substrate=(-1.0, 1.0), height=0.5)
    table = projected.projected
    energy = table["energy"].values
    own = np.where(energy >= 1.2, np.interp(energy, [1.2, 4.0], [0.03, 0.1]), 0.0)
    own = np.where(energy >= 4.2, 0.5, own)
    above = table[0].sum(("spin", "orbital")).values * (energy > 0)
    table[2:, 0, :, 0] += (own + tail * above).astype(np.float32)
    found = {edges.group: edges for edges in band_edges(projected)}["film"]
    if not tail:
        assert found.conduction_minimum == pytest.approx(1.2, abs=0.011)
    assert abs(found.conduction_minimum - 1.2) <= found.uncertainty
    assert found.tail_spread > 1.0
    assert found.uncertainty > found.tail_spread


@pytest.mark.parametrize(
    ("film", "substrate", "kind", "says"),
    [
        ((-0.5, 0.7), (-1.5, 1.6), "type I", "both go to the film"),
        ((-1.5, 1.7), (-0.6, 0.5), "type I", "both go to the substrate"),
        ((-0.3, 1.7), (-1.4, 0.6), "type II", "electrons go to the substrate, holes to the film"),
        ((-1.4, 0.6), (-0.3, 1.7), "type II", "electrons go to the film, holes to the substrate"),
        ((0.4, 2.2), (-1.9, -0.3), "type III", "valence band of the film reaches 0."),
        ((-1.9, -0.3), (0.4, 2.2), "type III", "valence band of the substrate reaches 0."),
        ((-0.5, 1.02), (-1.4, 1.0), "quasi-type II", "conduction offset is smaller"),
        ((-1.03, 0.5), (-1.0, 1.0), "quasi-type II", "valence offset is smaller"),
        ((-0.02, 2.0), (-1.9, 0.02), "quasi-type III", "comes within 0.0"),
        ((-1.0, 1.0), (-1.0, 1.0), "undetermined", "both offsets"),
        ((0.0, 0.0), (-1.0, 1.0), "undetermined", "no gap found in the DOS of film"),
    ],
)
def test_every_alignment_is_told_apart(
    film: tuple[float, float], substrate: tuple[float, float], kind: str, says: str
) -> None:
    found = edges_of(film=film, substrate=substrate)
    answer, reason = alignment_type(found["film"], found["substrate"])
    assert answer == kind
    assert says in reason


edges = st.floats(-3, 3)


@settings(deadline=None)
@given(edges, st.floats(0.2, 3), edges, st.floats(0.2, 3), edges)
def test_the_type_depends_neither_on_the_order_nor_on_the_reference(
    first: float, first_gap: float, second: float, second_gap: float, shift: float
) -> None:
    def region(name: str, lower: float, gap: float) -> BandEdges:
        return BandEdges(
            group=name, valence_maximum=lower, conduction_minimum=lower + gap,
            threshold=0.02, uncertainty=0.1,
        )  # fmt: skip

    a, b = region("film", first, first_gap), region("substrate", second, second_gap)
    kind = alignment_type(a, b)[0]
    assert alignment_type(b, a)[0] == kind
    close = min(
        abs(abs(x - y) - np.hypot(0.1, 0.1))
        for x in (first, first + first_gap)
        for y in (second, second + second_gap)
    )
    if close > 1e-9:
        moved = alignment_type(
            region("film", first + shift, first_gap),
            region("substrate", second + shift, second_gap),
        )
        assert moved[0] == kind


def test_a_threshold_must_be_positive_and_groups_must_be_atoms() -> None:
    with pytest.raises(InputError, match="threshold of 0"):
        band_edges(projected_dos(), threshold=0)
    with pytest.raises(InputError, match="groups of atoms"):
        band_edges(projected_dos(), "orbital")


def test_an_empty_dos_has_no_gap() -> None:
    found = band_edges(projected_dos(height=0.0))
    assert all(edges.gap == 0.0 for edges in found)
    assert np.isfinite([edges.uncertainty for edges in found]).all()
