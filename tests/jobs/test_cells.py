"""Vacuum, dipole centre, k-mesh and FFT grid of a cell."""

from __future__ import annotations

import itertools
import warnings
from functools import cache
from typing import Any

import jobs_factories as make
import numpy as np
import pytest
from ase import Atoms
from ase.build import fcc111
from ase.lattice import BCC, BCT, FCC, HEX, ORCC, ORCF, ORCI, RHL
from hypothesis import given, settings
from hypothesis import strategies as st

from qdstruct.jobs.cells import (
    cell_heights,
    dipole_centre,
    empty_heights,
    fft_grid,
    has_dipole,
    irreducible_points,
    kpoint_mesh,
    vacuum_axes,
)

BRAVAIS = (FCC, BCC, BCT, ORCF, ORCI, ORCC, HEX, RHL)
lengths = st.floats(3.0, 30.0)


@pytest.mark.parametrize("start", [0.0, 0.2, 0.37, 0.5, 0.81])
def test_dipole_centre_follows_a_slab_across_the_cell_face(start: float) -> None:
    slab = make.make_interface().atoms
    before = dipole_centre(slab, 2)[2]
    slab.positions[:, 2] += start * slab.cell[2, 2]
    slab.wrap()
    after = dipole_centre(slab, 2)[2]
    assert (after - before - start + 0.5) % 1.0 - 0.5 == pytest.approx(0.0, abs=2e-6)


def test_dipole_centre_of_a_slab_cut_by_the_face_is_not_in_the_vacuum() -> None:
    cell = [4.0, 4.0, 20.0]
    atoms = Atoms("Pb2", positions=[[0, 0, 1.0], [0, 0, 19.0]], cell=cell, pbc=True)
    assert dipole_centre(atoms, 2)[2] == pytest.approx(0.0, abs=1e-6)
    ordinary_mean = atoms.get_scaled_positions()[:, 2].mean()
    assert ordinary_mean == pytest.approx(0.5)


def test_dipole_centre_of_a_compact_slab_is_its_centre_of_mass() -> None:
    atoms = Atoms("PbS", positions=[[0, 0, 10.0], [0, 0, 10.5]], cell=[4, 4, 60], pbc=True)
    expected = atoms.get_center_of_mass()[2] / 60
    assert dipole_centre(atoms, 2)[2] == pytest.approx(expected, abs=1e-4)


@settings(deadline=None)
@given(
    heights=st.lists(st.floats(0.0, 18.0), min_size=1, max_size=8),
    vacuum=st.floats(6.5, 20.0),
    start=st.floats(0.0, 1.0),
)
def test_the_step_opposite_the_centre_keeps_clear_of_atoms(
    heights: list[float], vacuum: float, start: float
) -> None:
    period = max(heights) - min(heights) + vacuum
    symbols = ["Pb" if index % 2 else "H" for index in range(len(heights))]
    atoms = Atoms(symbols, positions=[[0, 0, z] for z in heights], cell=[9, 9, period], pbc=True)
    atoms.positions[:, 2] += start * period
    step = dipole_centre(atoms, 2)[2] + 0.5
    away = atoms.get_scaled_positions()[:, 2] - step
    assert np.abs(away - np.rint(away)).min() * period >= 3.0 - 1e-4


def test_only_asymmetric_slabs_carry_a_dipole() -> None:
    symmetric = fcc111("Au", (1, 1, 5), vacuum=8.0, periodic=True)
    assert not has_dipole(symmetric, 2)
    lopsided = symmetric.copy()
    lopsided.symbols[int(np.argmax(lopsided.positions[:, 2]))] = "Ag"
    assert has_dipole(lopsided, 2)
    assert has_dipole(make.make_interface().atoms, 2)


def test_vacuum_is_found_where_it_is_even_across_the_face() -> None:
    interface = make.make_interface()
    assert vacuum_axes(interface.atoms) == (2,)
    assert empty_heights(interface.atoms)[2] == pytest.approx(make.VACUUM)
    interface.atoms.positions[:, 2] += 0.7 * interface.atoms.cell[2, 2]
    assert empty_heights(interface.atoms)[2] == pytest.approx(make.VACUUM)
    assert vacuum_axes(make.perovskite_cell()) == ()


def test_heights_of_an_oblique_cell() -> None:
    cell = np.array([[4.0, 0, 0], [2.0, 3.0, 0], [1.0, 1.0, 10.0]])
    volume = abs(np.linalg.det(cell))
    areas = [np.linalg.norm(np.cross(cell[(i + 1) % 3], cell[(i + 2) % 3])) for i in range(3)]
    assert cell_heights(cell) == pytest.approx(volume / np.array(areas))


@settings(deadline=None)
@given(a=lengths, b=lengths, c=lengths, spacing=st.floats(0.1, 0.6))
def test_mesh_of_an_orthogonal_cell_is_as_dense_as_asked_and_no_denser(
    a: float, b: float, c: float, spacing: float
) -> None:
    mesh = kpoint_mesh(np.diag([a, b, c]), spacing)
    for count, length in zip(mesh, (a, b, c), strict=True):
        step = 2 * np.pi / length / count
        assert step <= spacing * (1 + 1e-3)
        assert count == 1 or 2 * np.pi / length / (count - 1) > spacing * (1 - 1e-3)


@cache
def unimodular() -> Any:
    entries = np.array(list(itertools.product((-1, 0, 1), repeat=9))).reshape(-1, 3, 3)
    return entries[np.isclose(np.abs(np.linalg.det(entries)), 1)]


def rotations(cell: Any) -> list[Any]:
    """Rotations of a lattice, which leave its metric as it is, in fractions of reciprocal axes."""
    metric = np.asarray(cell) @ np.asarray(cell).T
    entries = unimodular()
    turned = entries @ metric @ entries.transpose(0, 2, 1)
    kept = entries[np.isclose(turned, metric, atol=1e-6).all(axis=(1, 2))]
    return [np.rint(np.linalg.inv(each)).astype(int) for each in kept]


@pytest.mark.parametrize("lattice", BRAVAIS, ids=lambda lattice: lattice.__name__)
@settings(max_examples=6, deadline=None)
@given(st.data())
def test_mesh_has_every_symmetry_of_any_bravais_lattice(lattice: Any, data: st.DataObject) -> None:
    ratio = st.floats(1.05, 1.6).map(lambda x: round(x, 3))
    a, angle = 4.5, data.draw(st.floats(62, 80))
    b, c = a * data.draw(ratio), a * data.draw(ratio) ** 2
    values = {"a": a, "b": b, "c": max(c, b + 0.1), "alpha": angle}
    cell = lattice(**{name: values[name] for name in lattice.parameters}).tocell()
    spacing = data.draw(st.floats(0.1, 0.6))
    mesh = np.array(kpoint_mesh(np.asarray(cell), spacing))
    steps = 2 * np.pi * np.linalg.norm(cell.reciprocal(), axis=1) / mesh
    assert steps.max() <= spacing * (1 + 1e-3)
    found = rotations(cell)
    assert len(found) >= 4
    points = np.stack(np.meshgrid(*map(np.arange, mesh), indexing="ij"), -1).reshape(-1, 3) / mesh
    for rotation in found:  # k turns with the axes, which are rows here
        again = points @ rotation * mesh
        assert np.abs(again - np.rint(again)).max() < 1e-9


def test_the_example_of_anatase_that_unequal_counts_would_break() -> None:
    """Titania in its primitive cell, a = 3.785, c = 9.514 Å: reciprocal axes of two lengths."""
    a, c = 3.785, 9.514
    cell = np.array([[-a, a, c], [a, -a, c], [a, a, -c]]) / 2
    assert len(set(kpoint_mesh(cell, 0.35))) == 1


def test_one_point_along_vacuum() -> None:
    assert kpoint_mesh(np.diag([6.0, 6.0, 6.0]), 0.2, (2,)) == (6, 6, 1)


@settings(max_examples=15, deadline=None)
@given(a=lengths, c=st.floats(10.0, 80.0), cutoff=st.sampled_from([280.0, 400.0, 500.0, 520.0]))
def test_grid_is_the_one_pymatgen_expects_of_vasp(a: float, c: float, cutoff: float) -> None:
    from pymatgen.core import Lattice, Structure
    from pymatgen.io.vasp.sets import MPStaticSet

    structure = Structure(Lattice.tetragonal(a, c), ["Pb"], [[0, 0, 0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = MPStaticSet(structure)
        for precision in ("Accurate", "Normal", "Single"):
            fine = expected.calculate_ng(custom_encut=cutoff, custom_prec=precision)[1]
            assert fft_grid(np.diag([a, a, c]), cutoff, precision) == tuple(fine)


@settings(deadline=None)
@given(a=lengths, b=lengths, c=lengths, cutoff=st.floats(200, 800))
def test_grid_sizes_are_even_products_of_small_primes(
    a: float, b: float, c: float, cutoff: float
) -> None:
    for size in fft_grid(np.diag([a, b, c]), cutoff, "Accurate"):
        assert size % 2 == 0
        for prime in (2, 3, 5, 7):
            while size % prime == 0:
                size //= prime
        assert size == 1


@pytest.mark.parametrize("mesh", [(1, 1, 1), (2, 2, 2), (4, 4, 4), (5, 5, 5)])
def test_irreducible_points_of_a_cubic_crystal(mesh: tuple[int, int, int]) -> None:
    from pymatgen.io.ase import AseAtomsAdaptor
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    atoms = make.perovskite_cell()
    analyzer = SpacegroupAnalyzer(AseAtomsAdaptor.get_structure(atoms))
    assert irreducible_points(atoms, mesh) == len(analyzer.get_ir_reciprocal_mesh(mesh))
