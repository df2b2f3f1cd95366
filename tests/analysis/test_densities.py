"""Gathered densities of states: nothing gets lost between groups."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from electronic_factories import projected_dos

from qdstruct.analysis import atomic_planes, broadened, dos_by
from qdstruct.errors import InputError


@pytest.mark.parametrize("by", ["region", "element", "region-element", "layer", "orbital"])
@pytest.mark.parametrize("spins", [1, 2])
def test_groups_add_up_to_the_projected_total(by: str, spins: int) -> None:
    projected = projected_dos(spins=spins)
    gathered = dos_by(projected, by)
    assert gathered.dims == (by, "energy")
    assert gathered.attrs["unit"] == "states/eV"
    whole = projected.projected.astype(float).sum(("atom", "spin", "orbital"))
    assert np.allclose(gathered.sum(by), whole, rtol=1e-12)
    assert gathered.attrs["remainder"] == pytest.approx(0.2, abs=1e-6)


def test_the_energy_axis_starts_from_the_fermi_level() -> None:
    projected = projected_dos(fermi=1.5)
    gathered = dos_by(projected, "region")
    assert np.allclose(gathered.energy, projected.projected.energy - 1.5)
    assert gathered.attrs["reference"] == "Fermi level"
    assert gathered.region.values.tolist() == ["substrate", "film"]


def test_magnetisation_components_are_not_added_to_the_density() -> None:
    projected = projected_dos(spins=4)
    total = projected.projected.sel(spin="total").astype(float).sum(("atom", "orbital"))
    assert np.allclose(dos_by(projected, "element").sum("element"), total)


def test_a_mapping_of_atoms_is_a_grouping_and_the_rest_is_stated() -> None:
    projected = projected_dos()
    gathered = dos_by(projected, {"first": [0], "others": [1, 2]})
    assert gathered.dims[0] == "group"
    expected = projected.projected[0].astype(float).sum(("spin", "orbital"))
    assert np.allclose(gathered.sel(group="first"), expected)
    assert gathered.attrs["remainder"] > 0.2
    with pytest.raises(InputError, match="outside 0…3"):
        dos_by(projected, {"x": [4]})
    with pytest.raises(InputError, match="twice"):
        dos_by(projected, {"x": [1, 1]})


def test_unknown_groupings_and_missing_regions_are_refused() -> None:
    projected = projected_dos()
    with pytest.raises(InputError, match="gathered by 'colour'"):
        dos_by(projected, "colour")
    del projected.atoms.arrays["region"]
    with pytest.raises(InputError, match="film and which substrate"):
        dos_by(projected, "region")


def test_broadening_keeps_the_states_and_spreads_a_line_by_its_width() -> None:
    projected = projected_dos()
    line = dos_by(projected, "element")[:1]
    values = np.zeros_like(line.values)
    values[0, 500] = 1.0
    smooth = broadened(line.copy(data=values), 0.2)
    energy = np.asarray(line.energy)
    assert float(smooth.sum()) == pytest.approx(1.0)
    variance = float((smooth.values[0] * (energy - energy[500]) ** 2).sum())
    assert np.sqrt(variance) == pytest.approx(0.2, rel=1e-2)


def test_planes_are_counted_from_the_bottom_across_the_cell_edge() -> None:
    atoms = Atoms(
        "Pb6",
        positions=[[0, 0, z] for z in (19.9, 0.1, 3.0, 3.1, 6.0, 19.8)],
        cell=[4, 4, 20],
        pbc=True,
    )
    planes = atomic_planes(atoms)
    assert [plane.tolist() for plane in planes.values()] == [[0, 1, 5], [2, 3], [4]]
    assert list(planes) == ["1 (z = −0.07 Å)", "2 (z = 3.05 Å)", "3 (z = 6.00 Å)"]


def test_planes_of_a_stack_through_the_cell_edge_rise_from_the_first() -> None:
    positions = [[0, 0, z] for z in (15.0, 18.0, 1.0, 4.0)]
    atoms = Atoms("Pb4", positions=positions, cell=[4, 4, 20], pbc=True)
    heights = [label.split("= ")[1] for label in atomic_planes(atoms)]
    assert heights == ["15.00 Å)", "18.00 Å)", "21.00 Å)", "24.00 Å)"]


def test_layers_carry_their_heights() -> None:
    gathered = dos_by(projected_dos(), "layer")
    assert gathered.height.values.tolist() == pytest.approx([4.0, 7.0])
