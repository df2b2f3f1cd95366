"""Grids written for viewers are read back by us, pymatgen and ASE."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from vasp_factories import rock_salt_pair

from qdstruct.errors import DestinationError, InputError
from qdstruct.model import Grid
from qdstruct.outputs import read_grid, write_grid


def example(quantity: str = "charge density") -> Grid:
    values = np.random.default_rng(0).normal(size=(3, 4, 7))
    return Grid(values=values, atoms=rock_salt_pair(), quantity=quantity, source="test")


@pytest.mark.parametrize(
    ("name", "quantity"), [("CHGCAR_difference", "charge density"), ("LOCPOT", "potential")]
)
def test_the_vasp_format_comes_back(tmp_path: Path, name: str, quantity: str) -> None:
    from pymatgen.io.vasp.outputs import Chgcar

    grid = example(quantity)
    write_grid(tmp_path / name, grid)
    again = read_grid(tmp_path / name)
    assert np.allclose(again.values, grid.values, rtol=1e-10)
    assert again.quantity == quantity
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = Chgcar.from_file(str(tmp_path / name))
    factor = grid.atoms.cell.volume if quantity == "charge density" else 1.0
    assert np.allclose(peer.data["total"], grid.values * factor, rtol=1e-10)


def test_a_cube_is_read_by_ase_with_the_same_charge(tmp_path: Path) -> None:
    from ase.io.cube import read_cube
    from ase.units import Bohr

    grid = example()
    write_grid(tmp_path / "difference.cube", grid)
    with (tmp_path / "difference.cube").open() as file:
        peer = read_cube(file)
    assert np.allclose(peer["atoms"].positions, grid.atoms.positions, atol=1e-5)
    assert peer["atoms"].get_chemical_symbols() == ["Pb", "Pb", "S", "S"]
    assert np.allclose(peer["data"] / Bohr**3, grid.values, rtol=2e-5, atol=1e-6)


def test_nothing_is_overwritten_and_mixed_order_is_refused(tmp_path: Path) -> None:
    write_grid(tmp_path / "CHGCAR", example())
    with pytest.raises(DestinationError, match="exists already"):
        write_grid(tmp_path / "CHGCAR", example())
    mixed = Grid(
        values=np.ones((2, 2, 2)), atoms=rock_salt_pair()[[0, 2, 1, 3]],
        quantity="charge density", source="test",
    )  # fmt: skip
    with pytest.raises(InputError, match="not grouped by element"):
        write_grid(tmp_path / "CHGCAR2", mixed)
