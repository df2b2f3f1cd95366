"""A one-dimensional tight-binding interface, whose band edges are known in closed form.

Two diatomic chains (Rice and Mele, Phys. Rev. Lett. 49, 1455 (1982)) joined end to end: with site
energies ε ± δ and one hopping t, the bulk bands lie between |δ| and √(δ² + 4t²) either side of ε.
"""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from xarray import DataArray

from qdstruct.analysis import align_by_edges, band_edges, dos_by, dos_map, region_zones
from qdstruct.model import ProjectedDos

CENTRE = {"substrate": 0.0, "film": -0.35}
HALF_GAP = {"substrate": 1.1, "film": 1.3}
HOPPING = 0.9
CELLS = 40
SMEARING = 0.02
ENERGY = np.linspace(-4.5, 4.5, 1801)


@pytest.fixture(scope="module")
def junction() -> ProjectedDos:
    """Local densities of states of a chain of 40 + 40 cells, from exact diagonalisation.

    Smeared as ISMEAR = 0 does, exp(−(E/σ)²).
    """
    sites = 4 * CELLS
    regions = ["substrate"] * (2 * CELLS) + ["film"] * (2 * CELLS)
    onsite = [CENTRE[r] + HALF_GAP[r] * (-1) ** i for i, r in enumerate(regions)]
    chain = np.diag(onsite) + HOPPING * (np.eye(sites, k=1) + np.eye(sites, k=-1))
    values, vectors = np.linalg.eigh(chain)
    lines = np.exp(-(((ENERGY[:, None] - values) / SMEARING) ** 2)) / (SMEARING * np.sqrt(np.pi))
    local = 2 * (vectors**2) @ lines.T
    atoms = Atoms(
        ["Pb", "S"] * CELLS + ["Cd", "Te"] * CELLS,
        positions=[[0, 0, 5 + 1.5 * i] for i in range(sites)],
        cell=[[4, 0, 0], [2, 3.4, 0], [0.6, 0, 1.5 * sites + 20]], pbc=True,
    )  # fmt: skip
    atoms.set_array("region", np.array(regions))
    fermi = float(values[sites // 2 - 1] + values[sites // 2]) / 2
    table = local[:, None, :, None].astype(np.float32)
    coords = {"atom": np.arange(sites), "spin": ["total"], "energy": ENERGY, "orbital": ["s"]}
    return ProjectedDos(
        projected=DataArray(table, dims=("atom", "spin", "energy", "orbital"), coords=coords),
        total=DataArray(
            local.sum(axis=0)[None], dims=("spin", "energy"),
            coords={"spin": ["total"], "energy": ENERGY}, attrs={"smearing_width": SMEARING},
        ),
        fermi_level=fermi, atoms=atoms, source="chain", is_mock=False,
    )  # fmt: skip


def test_the_edges_of_both_chains_are_the_closed_forms(junction: ProjectedDos) -> None:
    edges = {edge.group: edge for edge in band_edges(junction)}
    for name, edge in edges.items():
        middle = CENTRE[name] - junction.fermi_level
        assert edge.tail_spread < 0.03
        reach = 1.6 * SMEARING + (ENERGY[1] - ENERGY[0]) + edge.tail_spread
        assert edge.valence_maximum == pytest.approx(middle - HALF_GAP[name], abs=reach)
        assert edge.conduction_minimum == pytest.approx(middle + HALF_GAP[name], abs=reach)
    found = align_by_edges(edges["film"], edges["substrate"])
    assert found.valence_offset == pytest.approx(-0.55, abs=0.02)
    assert found.conduction_offset == pytest.approx(-0.15, abs=0.02)
    assert found.kind == "type II"


def test_the_core_has_the_bulk_edges_and_the_zones_hold_every_atom(junction: ProjectedDos) -> None:
    regions = junction.atoms.arrays["region"].tolist()
    zones = region_zones(junction.atoms, regions, depth=6.0)
    assert list(zones) == ["substrate, outer", "substrate, core", "substrate, interface",
                           "film, interface", "film, core", "film, outer"]  # fmt: skip
    assert np.sort(np.concatenate(list(zones.values()))).tolist() == list(range(len(regions)))
    assert zones["substrate, interface"].max() == 2 * CELLS - 1
    assert zones["film, interface"].min() == 2 * CELLS
    edges = {e.group: e for e in band_edges(junction, {k: v.tolist() for k, v in zones.items()})}
    core = edges["film, core"]
    assert core.gap == pytest.approx(2 * HALF_GAP["film"], abs=0.1)


def test_no_state_is_lost_in_layers_or_in_the_map(junction: ProjectedDos) -> None:
    step = ENERGY[1] - ENERGY[0]
    layers = dos_by(junction, "layer")
    assert float(layers.sum()) * step == pytest.approx(2 * 4 * CELLS, rel=1e-3)
    assert abs(layers.attrs["remainder"]) < 1e-6
    table = dos_map(junction, window=(-5, 5))
    spacing = float(table.attrs["height"]) / table.sizes["z"]
    assert float(table.sum()) * step * spacing == pytest.approx(2 * 4 * CELLS, rel=1e-3)
    gap = table.sel(energy=CENTRE["substrate"] - junction.fermi_level, method="nearest")
    assert float(gap.max()) < 0.05 * float(table.max())


def test_a_broadening_widens_edges_within_the_uncertainty_it_adds(junction: ProjectedDos) -> None:
    sharp, soft = (
        {e.group: e for e in band_edges(junction, broadening=width)} for width in (0.0, 0.1)
    )
    for name in ("film", "substrate"):
        assert soft[name].gap < sharp[name].gap
        assert soft[name].uncertainty > sharp[name].uncertainty + 0.09
        assert soft[name].threshold_spread > 0
