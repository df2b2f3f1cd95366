"""Domains found in particles whose lattice is not given."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal

from qdstruct.simulation import cut_particle, debye_intensity, find_domains

Q = np.linspace(0.3, 8.0, 40)


def perovskite():
    sites = [(0, 0, 0), (0.5, 0.5, 0.5), (0, 0.5, 0.5)]
    return crystal(["Cs", "Pb", "Br"], sites, spacegroup=221, cellpar=[5.874] * 3 + [90] * 3)


def orthorhombic():
    return crystal(
        ["Pb", "Cs", "Br", "Br"],
        [(0, 0.5, 0), (0.531, 0.25, 0.00702), (0.29347, 0.47611, 0.20607), (0.0037, 0.75, 0.0455)],
        spacegroup=62,
        cellpar=[8.244, 11.7351, 8.1982, 90, 90, 90],
    )


def wurtzite():
    sites = [(1 / 3, 2 / 3, 0), (1 / 3, 2 / 3, 0.3772)]
    return crystal(["Cd", "S"], sites, spacegroup=186, cellpar=[4.136, 4.136, 6.713, 90, 90, 120])


def particle(atoms, size_nm, shape="sphere"):
    parts = cut_particle(atoms, name="x", size_nm=size_nm, shape=shape).positions()
    symbols = [symbol for symbol, points in parts.items() for _ in points]
    return Atoms(symbols, positions=np.concatenate(list(parts.values())))


@pytest.mark.parametrize("make", [perovskite, orthorhombic, wurtzite])
def test_a_turned_crystal_is_found_whole_and_scatters_as_its_atoms(make):
    atoms = particle(make(), 4.6)
    atoms.rotate(37, (1, 2, 3))
    atoms.positions += [3.0, -20.0, 5.0]
    atoms = atoms[np.random.default_rng(0).permutation(len(atoms))]
    domains, rest = find_domains(atoms)
    assert len(domains) == 1
    assert len(rest) == 0
    assert len(domains[0]) == len(atoms)
    assert debye_intensity(Q, domains) == pytest.approx(debye_intensity(Q, [atoms]), rel=1e-5)
    assert np.linalg.det(domains[0].cell) != 0
    assert abs(np.linalg.det(domains[0].cell)) == pytest.approx(make().get_volume(), rel=1e-4)


def test_janus_particle_gives_two_domains_and_its_ligands_stay():
    core = particle(perovskite(), 3.6, "cells")
    cap = particle(bulk("CdS", "zincblende", a=5.832, cubic=True), 3.2, "cells")
    cap.rotate(20, "z")
    cap.positions[:, 2] += core.positions[:, 2].max() - cap.positions[:, 2].min() + 3.1
    ligands = Atoms("N5", positions=np.random.default_rng(2).uniform(-9, -5, (5, 3)))
    whole = core + cap + ligands
    domains, rest = find_domains(whole)
    assert sorted(len(domain) for domain in domains) == sorted([len(core), len(cap)])
    assert rest.get_chemical_symbols() == ["N"] * 5
    together = debye_intensity(Q, [*domains, rest])
    assert together == pytest.approx(debye_intensity(Q, [whole]), rel=1e-5)


def test_displaced_atoms_are_no_lattice():
    atoms = particle(perovskite(), 3.0)
    atoms.rattle(0.15, seed=3)
    domains, rest = find_domains(atoms)
    assert domains == []
    assert len(rest) == len(atoms)


def test_small_clusters_are_left_alone():
    atoms = particle(perovskite(), 1.2)
    domains, rest = find_domains(atoms)
    assert domains == []
    assert len(rest) == len(atoms)
