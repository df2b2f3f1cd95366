"""Lateral junctions: the published directions, connected octahedra, an honest report."""

from __future__ import annotations

import json

import numpy as np
import pytest

from qdstruct import phases
from qdstruct.building import build_lateral, check_structure
from qdstruct.building.aligned_cell import aligned_match
from qdstruct.building.registry import shift_cell, shift_grid
from qdstruct.errors import BuildError, MatchError
from qdstruct.model import Interface


@pytest.fixture(scope="module")
def pair():
    return phases.load("CsPbBr3-cubic"), phases.load("PMA2PbBr4")


@pytest.fixture(scope="module")
def junction(pair) -> Interface:
    return build_lateral(*pair, film_hkl=(0, 0, 1), substrate_hkl=(0, 1, 0),
                         film_direction=(1, 1, 0), film_layers=3, substrate_layers=2)  # fmt: skip


def test_published_110_pair_runs_along_the_stacking_axis(junction, pair) -> None:
    assert junction.geometry == "lateral"
    first_film, first_substrate = (
        junction.match.film_directions[0], junction.match.substrate_directions[0],
    )  # fmt: skip
    assert first_film == pytest.approx([4, 4, 0])
    assert first_substrate == pytest.approx([1, 0, 0])
    layer = np.linalg.norm(junction.atoms.cell[0]) / 2
    spacing = 5.874 / np.sqrt(2)
    assert 4 * spacing / layer == pytest.approx(1, abs=0.005)


def test_octahedra_connect_across(junction) -> None:
    report = junction.junction
    regions = junction.atoms.arrays["region"]
    symbols = junction.atoms.get_chemical_symbols()
    assert len(report.bridges) == 2
    for bridge in report.bridges:
        assert [symbols[i] for i in bridge.atoms] == ["Pb", "Br", "Pb"]
        assert [regions[bridge.atoms[0]], regions[bridge.atoms[2]]] == ["substrate", "film"]
        assert 2.7 < bridge.substrate_length < 3.3
        assert 2.7 < bridge.film_length < 3.3
        assert bridge.angle > 120
        ends = junction.atoms.get_distances(bridge.atoms[1], [bridge.atoms[0], bridge.atoms[2]],
                                            mic=True)  # fmt: skip
        assert ends == pytest.approx([bridge.substrate_length, bridge.film_length])
    assert report.broken_substrate == ()
    assert all(symbols[i] == "Pb" and regions[i] == "film" for i in report.broken_film)


def test_junction_is_sound(junction, pair) -> None:
    film, substrate = pair
    problems = check_structure(
        junction.atoms, regions={"film": film, "substrate": substrate}, max_strain=0.025
    )
    assert problems == ()
    ids = junction.atoms.arrays["molecule"]
    assert all((ids == one).sum() == 18 for one in range(ids.max() + 1))
    again = Interface.from_dict(json.loads(json.dumps(junction.to_dict())))
    assert again.junction == junction.junction


def test_the_111_junction_connects_four_of_its_six_layers(pair) -> None:
    """Every bridge shares a corner with bulk-like bonds; terminations are given to save time."""
    film, substrate = pair
    built = build_lateral(
        *pair, film_hkl=(1, 1, -2), substrate_hkl=(0, 1, 0), film_direction=(1, 1, 1),
        max_area=900, film_layers=4, substrate_layers=2, film_termination="CsPbBr",
        substrate_termination="Br-a",
    )  # fmt: skip
    report = built.junction
    assert len(report.bridges) == 4
    assert all(2.7 < length < 3.15 for bridge in report.bridges
               for length in (bridge.substrate_length, bridge.film_length))  # fmt: skip
    assert all(bridge.angle > 135 for bridge in report.bridges)
    assert len(report.broken_film) <= 6
    assert report.broken_substrate == ()
    regions = {"film": film, "substrate": substrate}
    assert check_structure(built.atoms, regions=regions, max_strain=0.025) == ()


def test_bridges_are_counted_the_plain_way(junction) -> None:
    """Every Br with a Pb of each side within 3.62 Å, counted over all distances."""
    atoms = junction.atoms
    distances = atoms.get_all_distances(mic=True)
    regions = atoms.arrays["region"]
    lead = {side: np.flatnonzero((atoms.numbers == 82) & (regions == side))
            for side in ("film", "substrate")}  # fmt: skip
    bromine = np.flatnonzero(atoms.numbers == 35)
    limit = 1.15 * (1.19 + 1.96)
    count = sum(
        (distances[i, lead["film"]] < limit).sum() * (distances[i, lead["substrate"]] < limit).sum()
        for i in bromine
    )
    assert count == len(junction.junction.bridges)


def test_111_planes_along_the_layers_need_a_long_cell(pair) -> None:
    match = aligned_match(*pair, (1, 1, -2), (0, 0, 1), film_direction=(1, 1, 1), max_area=900,
                          max_strain=0.04)  # fmt: skip
    assert match.film_directions[0] == pytest.approx([10, 10, 10])
    assert match.substrate_directions[0] == pytest.approx([3, 0, 0])
    with pytest.raises(MatchError, match="no cell up to 400"):
        aligned_match(*pair, (1, 1, -2), (0, 0, 1), film_direction=(1, 1, 1), max_area=400,
                      max_strain=0.04)  # fmt: skip


def test_aligned_match_maps_its_own_cells(pair) -> None:
    match = aligned_match(*pair, (0, 0, 1), (0, 1, 0), max_strain=0.04)
    cells = [
        transform @ vectors
        for transform, vectors in (
            (match.film_transform, match.film_plane_vectors),
            (match.substrate_transform, match.substrate_plane_vectors),
        )
    ]
    metrics = [cell @ cell.T for cell in cells]
    stretches = np.sqrt(np.linalg.eigvals(np.linalg.solve(metrics[0], metrics[1])).real)
    assert np.sort(stretches - 1) == pytest.approx(np.sort(match.principal_strains))
    assert np.linalg.norm(np.cross(*cells[1])) == pytest.approx(match.area)


def test_shift_cell_holds_both_lattices(pair) -> None:
    match = aligned_match(*pair, (0, 0, 1), (0, 1, 0), max_strain=0.04)
    small = shift_cell(match)
    for transform in (match.film_transform, match.substrate_transform):
        inside = np.linalg.inv(transform) @ np.linalg.inv(small)
        assert np.allclose(inside, np.rint(inside), atol=1e-9)
    grid = shift_grid(match, np.diag([33.3, 8.1]), 0.5)
    assert grid[0] == pytest.approx([0, 0])
    assert len(grid) == len(np.unique(np.round(grid, 9), axis=0))


def test_ribbon_without_vacuum_has_a_second_junction(junction, pair) -> None:
    film, substrate = pair
    ribbon = build_lateral(
        *pair, film_hkl=(0, 0, 1), substrate_hkl=(0, 1, 0), film_direction=(1, 1, 0), vacuum=0
    )
    atoms = ribbon.atoms
    assert len(atoms) == len(junction.atoms)
    assert check_structure(atoms, regions={"film": film, "substrate": substrate}) == ()
    regions = atoms.arrays["region"]
    top = atoms[regions == "film"].positions[:, 2].max()
    bottom = atoms[regions == "substrate"].positions[:, 2].min() + atoms.cell[2, 2]
    assert abs(bottom - top) < 4.5
    distances = atoms.get_all_distances(mic=True)
    assert distances[np.ix_(regions == "film", regions == "substrate")].min() > 2.0


def test_bad_requests(pair) -> None:
    with pytest.raises(BuildError, match="does not lie in the plane"):
        build_lateral(*pair, film_hkl=(0, 0, 1), substrate_hkl=(0, 1, 0), film_direction=(0, 0, 1))
    with pytest.raises(BuildError, match="gap of nan"):
        build_lateral(*pair, film_hkl=(0, 0, 1), substrate_hkl=(0, 1, 0), gap=float("nan"))
    with pytest.raises(BuildError, match="no cell axis"):
        build_lateral(*pair, film_hkl=(0, 0, 1), substrate_hkl=(1, 1, 1))
    with pytest.raises(MatchError, match="max_area"):
        build_lateral(*pair, film_hkl=(0, 0, 1), substrate_hkl=(0, 1, 0), max_area=20.0)
    with pytest.raises(BuildError, match="no termination 'Xe'"):
        build_lateral(
            *pair, film_hkl=(0, 0, 1), substrate_hkl=(0, 1, 0), film_termination="Xe"
        )  # fmt: skip
