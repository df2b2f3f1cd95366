"""Charge difference of Gaussian sheets whose transfer is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from electronic_factories import grid, sheet_density, two_regions
from scipy.stats import norm
from xarray import DataArray

from qdstruct.analysis import charge_difference, difference_grid, interface_height
from qdstruct.errors import InputError, OutputError
from qdstruct.model import Grid
from qdstruct.model.electronic import AveragedGrid

SHAPE = (3, 3, 160)
MOVED, WIDTH = 0.3, 0.5


def parts(shift: float = 0.0) -> tuple[Grid, Grid, Grid]:
    """Film loses `MOVED` electrons at 7 Å, the substrate gains them at 4 Å."""
    atoms = two_regions()
    atoms.translate([0, 0, shift])
    below = [(10.0, 4.0 + shift, 0.6)]
    above = [(6.0, 7.0 + shift, 0.6)]
    moved = [(MOVED, 4.0 + shift, WIDTH), (-MOVED, 7.0 + shift, WIDTH)]
    whole = grid(atoms, sheet_density(atoms, SHAPE, below + above + moved), "AB/CHGCAR")
    film = grid(atoms[2:], sheet_density(atoms, SHAPE, above), "film/CHGCAR")
    substrate = grid(atoms[:2], sheet_density(atoms, SHAPE, below), "substrate/CHGCAR")
    return whole, film, substrate


@pytest.mark.parametrize("shift", [0.0, -6.0, 14.3])
def test_a_known_transfer_is_found_wherever_the_slab_lies(shift: float) -> None:
    whole, film, substrate = parts(shift)
    height = interface_height(whole.atoms, list(whole.atoms.arrays["region"]))
    assert height == pytest.approx((5.5 + shift) % 20)
    found = charge_difference(whole, film, substrate, interface_height=height)
    expected = -MOVED * (1 - 2 * norm.cdf(-1.5 / WIDTH))
    assert found.transferred == pytest.approx(expected, abs=1e-9)
    assert found.integral == pytest.approx(0.0, abs=1e-12)
    assert found.n_electrons == pytest.approx((16.0, 6.0, 10.0))
    assert found.area == pytest.approx(16.0)
    assert found.sources == ("AB/CHGCAR", "film/CHGCAR", "substrate/CHGCAR")


def test_the_displaced_curve_is_the_integral_of_the_profile() -> None:
    whole, film, substrate = parts()
    found = charge_difference(whole, film, substrate, interface_height=5.5)
    z = found.profile.z.values
    exact = MOVED * (norm.cdf((z - 4.0) / WIDTH) - norm.cdf((z - 7.0) / WIDTH))
    assert np.allclose(found.displaced, exact, atol=1e-9)
    gauss = norm.pdf(z, 4.0, WIDTH) - norm.pdf(z, 7.0, WIDTH)
    assert np.allclose(found.profile, MOVED * gauss / 16.0, atol=1e-12)
    assert found.displaced.attrs["unit"] == "electrons"
    assert np.all(np.diff(z) > 0)


def test_the_difference_grid_is_the_plain_difference() -> None:
    whole, film, substrate = parts()
    found = difference_grid(whole, {"film": film, "substrate": substrate})
    assert np.allclose(found.values, whole.values - film.values - substrate.values)


def averaged(part: Grid) -> AveragedGrid:
    count = part.values.shape[2]
    profile = DataArray(
        part.values.mean(axis=(0, 1)), dims=("z",), coords={"z": np.arange(count) * 20 / count}
    )
    return AveragedGrid(
        profile=profile, axis=2, shape=SHAPE, atoms=part.atoms, quantity=part.quantity,
        source=part.source,
    )  # fmt: skip


def test_planar_averages_alone_give_the_same_result() -> None:
    grids = parts()
    full = charge_difference(*grids, interface_height=5.5)
    small = charge_difference(*(averaged(part) for part in grids), interface_height=5.5)
    assert small.transferred == pytest.approx(full.transferred, abs=1e-12)
    assert np.allclose(small.displaced, full.displaced, atol=1e-12)
    with pytest.raises(InputError, match="averaged along cell vector 2, not along 0"):
        charge_difference(*(averaged(part) for part in grids), interface_height=5.5, axis=0)


def changed(part: Grid, **changes: object) -> Grid:
    fields = {"values": part.values, "atoms": part.atoms.copy(), "source": part.source}
    fields.update(changes)  # type: ignore[arg-type]
    return Grid(quantity="charge density", **fields)  # type: ignore[arg-type]


def moved(atoms: Atoms, vector: list[float], only: int | None = None) -> Atoms:
    copy = atoms.copy()
    if only is None:
        copy.translate(vector)
    else:
        copy.positions[only] += vector
    return copy


def renamed(atoms: Atoms) -> Atoms:
    copy = atoms.copy()
    copy.symbols[0] = "Zn"
    return copy


def stretched(atoms: Atoms) -> Atoms:
    copy = atoms.copy()
    copy.set_cell(np.asarray(copy.cell) * 1.01, scale_atoms=True)
    return copy


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda f: changed(f, values=np.ones((3, 3, 150))), "grid of 3 × 3 × 150 points"),
        (lambda f: changed(f, atoms=stretched(f.atoms)), "another cell"),
        (lambda f: changed(f, atoms=moved(f.atoms, [0, 0, 0.5])), "shifted by .*another origin"),
        (lambda f: changed(f, atoms=moved(f.atoms, [0, 0, 0.5], 1)), r"atom 2 \(S\) has no count"),
        (lambda f: changed(f, atoms=renamed(f.atoms)), r"atom 1 \(Zn\)"),
        (lambda f: changed(f, atoms=f.atoms[:1]), "1 atoms of AB/CHGCAR belong to no part"),
        (lambda f: changed(f, values=f.values * 1.5), "16.000 electrons, its parts 9.000"),
    ],
)
def test_grids_that_do_not_belong_together_are_refused(change, reason: str) -> None:
    whole, film, substrate = parts()
    with pytest.raises(OutputError, match=reason):
        charge_difference(whole, change(film), substrate, interface_height=5.5)


def test_an_atom_in_both_parts_is_refused() -> None:
    whole, film, _ = parts()
    with pytest.raises(OutputError, match="in two parts"):
        charge_difference(whole, film, film, interface_height=5.5)


def test_a_potential_is_no_density() -> None:
    whole, film, substrate = parts()
    other = grid(film.atoms, film.values, "LOCPOT", "potential")
    with pytest.raises(InputError, match="charge density is needed"):
        charge_difference(whole, other, substrate, interface_height=5.5)


def test_the_interface_needs_both_sides() -> None:
    with pytest.raises(InputError, match="substrate and of the film"):
        interface_height(two_regions(), ["film"] * 4)
    with pytest.raises(InputError, match="3 regions"):
        interface_height(two_regions(), ["film"] * 3)


def test_the_second_interface_of_a_periodic_stack_is_not_mistaken_for_the_first() -> None:
    z = [0.0, 3.0, 6.0, 9.5, 13.0, 16.5]
    atoms = Atoms("Pb3Cd3", positions=[[0, 0, h] for h in z], cell=[4, 4, 20], pbc=True)
    regions = ["substrate"] * 3 + ["film"] * 3
    assert interface_height(atoms, regions) == pytest.approx(7.75)
    atoms.translate([0, 0, 9])
    assert interface_height(atoms, regions) == pytest.approx(16.75)


def test_a_ligand_layer_is_a_third_part_and_counts_with_the_film() -> None:
    whole, film, substrate = parts()
    with_ligand = whole.atoms + Atoms("C", positions=[[1, 1, 12]])
    shape, moved = whole.values.shape, 0.2
    layer = sheet_density(with_ligand, shape, [(4.0, 12.0, 0.4)])
    bond = sheet_density(with_ligand, shape, [(-moved, 11.0, 0.3), (moved, 12.5, 0.3)])
    three = {
        "whole": grid(with_ligand, whole.values + layer + bond, "ABL"),
        "film": grid(film.atoms, film.values, "A"),
        "substrate": grid(substrate.atoms, substrate.values, "B"),
    }
    ligand = grid(Atoms("C", positions=[[1, 1, 12]], cell=with_ligand.cell, pbc=True), layer, "L")
    height = interface_height(whole.atoms, whole.atoms.arrays["region"])
    plain = charge_difference(whole, film, substrate, interface_height=height)
    found = charge_difference(**three, others={"ligand": ligand}, interface_height=height)
    assert found.integral == pytest.approx(0, abs=1e-9)
    assert found.n_electrons[-1] == pytest.approx(4.0)
    assert found.sources == ("ABL", "A", "B", "L")
    assert found.transferred == pytest.approx(plain.transferred, abs=1e-3)
    with pytest.raises(OutputError, match="belong to no part"):
        charge_difference(**three, interface_height=height)
    regions = difference_grid(
        three["whole"],
        {"film": three["film"], "substrate": three["substrate"], "ligand": ligand},
    ).atoms.arrays["region"]
    assert regions.tolist().count("ligand") == 1
