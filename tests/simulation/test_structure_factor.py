"""Phase sums: the engines against the sum written out, symmetry and extinction rules."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st

from qdstruct.errors import InputError
from qdstruct.simulation import nufft
from qdstruct.simulation.structure_factor import (
    element_sums,
    reflections,
    widest_gaps,
    zone_reflections,
)

CELL = np.array([[7.1, 0.3, 0.0], [-1.2, 8.4, 0.5], [0.4, 0.9, 11.0]])


def random_cell(n_atoms, seed=0):
    rng = np.random.default_rng(seed)
    symbols = rng.choice(["Pb", "S", "Cs"], n_atoms)
    return Atoms(symbols, scaled_positions=rng.uniform(-1, 2, (n_atoms, 3)), cell=CELL, pbc=True)


def written_out(atoms, which):
    symbols = np.array(atoms.get_chemical_symbols())
    phases = np.exp(2j * np.pi * which.g @ atoms.positions.T)
    return {symbol: phases[:, symbols == symbol].sum(axis=1) for symbol in set(symbols)}


@pytest.mark.parametrize("engine", ["dense", "nufft"])
def test_engines_equal_the_sum_written_out(engine):
    if engine == "nufft":
        pytest.importorskip("finufft")
    atoms = random_cell(60)
    which = reflections(CELL, 0.8, 0.1)
    expected = written_out(atoms, which)
    tolerance = 1e-10 if engine == "dense" else 1e-5
    for symbol, sums in element_sums(atoms, which, engine=engine).items():
        assert np.abs(sums - expected[symbol]).max() < tolerance


def test_dense_engine_may_work_in_pieces(monkeypatch):
    from qdstruct.simulation import structure_factor

    atoms = random_cell(40)
    which = reflections(CELL, 0.6)
    whole = element_sums(atoms, which, engine="dense")
    monkeypatch.setattr(structure_factor, "_CHUNK", 10)
    for symbol, sums in element_sums(atoms, which, engine="dense").items():
        assert sums == pytest.approx(whole[symbol])


@settings(max_examples=30, deadline=None)
@given(
    lengths=st.tuples(*[st.floats(2, 12)] * 3),
    angles=st.tuples(*[st.floats(65, 115)] * 3),
    max_g=st.floats(0.2, 0.7),
)
def test_shell_holds_one_of_each_friedel_pair_and_misses_none(lengths, angles, max_g):
    cell = np.asarray(Atoms(cell=[*lengths, *angles]).cell)
    found = reflections(cell, max_g)
    box = np.stack(np.meshgrid(*[np.arange(-9, 10)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    length = np.linalg.norm(box @ np.linalg.inv(cell).T, axis=1)
    expected = {tuple(row) for row in box[(length <= max_g) & (length > 0)].tolist()}
    ours = {tuple(row) for row in found.hkl.tolist()}
    assert ours | {tuple(-i for i in row) for row in ours} == expected
    assert 2 * len(ours) == len(expected)


def test_engine_names_are_checked(monkeypatch):
    with pytest.raises(InputError, match="unknown engine"):
        nufft.chosen_engine("fast", 1)
    monkeypatch.setattr(nufft, "has_finufft", lambda: False)
    with pytest.raises(InputError, match="not installed"):
        nufft.chosen_engine("nufft", 1)
    assert nufft.chosen_engine("auto", 10**9) == "dense"


def test_too_many_reflections_are_refused_before_memory_is_used():
    with pytest.raises(InputError, match="too many"):
        reflections(np.eye(3) * 2000.0, 1.0)


@settings(max_examples=30, deadline=None)
@given(
    zone=st.tuples(*[st.integers(-4, 4)] * 3).filter(lambda z: np.gcd.reduce(z) == 1),
    angles=st.tuples(*[st.floats(65, 115)] * 3),
)
def test_zone_lists_the_reflections_of_the_sphere_that_belong_to_it(zone, angles):
    cell = np.asarray(Atoms(cell=[5.1, 7.3, 9.2, *angles]).cell)
    sphere = reflections(cell, 0.7)
    expected = {tuple(row) for row in sphere.hkl[sphere.hkl @ np.array(zone) == 0].tolist()}
    found = zone_reflections(cell, zone, 0.7)
    assert {tuple(row) for row in found.hkl.tolist()} == expected
    assert len(found) == len(expected)


def test_few_reflections_in_a_large_box_are_summed_one_by_one():
    atoms = random_cell(30)
    which = zone_reflections(CELL, (3, -4, 5), 1.2)
    assert np.prod(np.ptp(which.hkl, axis=0) + 1.0) > 20 * len(which)
    expected = written_out(atoms, which)
    for symbol, sums in element_sums(atoms, which, engine="dense").items():
        assert sums == pytest.approx(expected[symbol])


def test_widest_gap_is_the_vacuum_even_across_the_cell_border():
    atoms = Atoms("Pb3", positions=[[0, 0, 1.0], [1, 1, 3.0], [2, 2, 28.0]], cell=[4, 5, 30.0])
    assert widest_gaps(atoms)[2] == pytest.approx(25.0)
    assert widest_gaps(atoms)[0] == pytest.approx(2.0)
