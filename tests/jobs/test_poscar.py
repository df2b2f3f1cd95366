"""POSCAR: order, regions, readers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.constraints import FixAtoms
from ase.io import read
from hypothesis import given, settings
from jobs_strategies import structures

from qdstruct.errors import OutputError
from qdstruct.jobs.poscar import (
    group_by_species,
    kpoints_text,
    poscar_text,
    read_poscar,
    region_names,
    species_of,
)


@settings(deadline=None)
@given(structures())
def test_grouping_is_stable_and_carries_everything_along(atoms: Atoms) -> None:
    grouped = group_by_species(atoms)
    names = grouped.get_chemical_symbols()
    assert species_of(grouped) == tuple(dict.fromkeys(atoms.get_chemical_symbols()))
    for name in set(names):
        where = [index for index, symbol in enumerate(names) if symbol == name]
        assert where == list(range(where[0], where[0] + len(where)))
        labels = grouped.arrays["label"][where]
        assert np.all(np.diff(labels) > 0)
    origin = grouped.arrays["label"]
    assert np.array_equal(grouped.positions, atoms.positions[origin])
    assert region_names(grouped) == tuple(atoms.arrays["region"][origin])


@settings(max_examples=25, deadline=None)
@given(structures())
def test_pymatgen_and_ase_read_the_same_atoms(atoms: Atoms) -> None:
    from pymatgen.io.vasp.inputs import Poscar

    grouped = group_by_species(atoms)
    text = poscar_text(grouped, "a comment\nof two lines")
    parsed = Poscar.from_str(text)
    assert [site.specie.symbol for site in parsed.structure] == grouped.get_chemical_symbols()
    assert parsed.structure.lattice.matrix == pytest.approx(np.asarray(grouped.cell), abs=1e-9)
    again = np.array([site.coords for site in parsed.structure])
    assert again == pytest.approx(grouped.positions, abs=1e-8)
    assert parsed.comment == "a comment of two lines"


def test_fixed_atoms_become_selective_dynamics(tmp_path: Path) -> None:
    from pymatgen.io.vasp.inputs import Poscar

    atoms = Atoms("PbSPbS", positions=np.arange(12).reshape(4, 3), cell=[9, 9, 20], pbc=True)
    atoms.set_constraint(FixAtoms([1, 2]))
    grouped = group_by_species(atoms)
    path = tmp_path / "POSCAR"
    path.write_text(poscar_text(grouped, "fixed"))
    flags = Poscar.from_file(path).selective_dynamics
    assert np.asarray(flags).tolist() == [[True] * 3, [False] * 3, [False] * 3, [True] * 3]
    (constraint,) = read(path, format="vasp").constraints
    assert sorted(constraint.index.tolist()) == [1, 2]
    assert poscar_text(read_poscar(path), "fixed") == path.read_text()


def test_kpoints_open_in_pymatgen() -> None:
    from pymatgen.io.vasp.inputs import Kpoints

    parsed = Kpoints.from_str(kpoints_text((1, 2, 1), "published\nmesh"))
    assert [tuple(row) for row in parsed.kpts] == [(1, 2, 1)]
    assert parsed.style.name == "Gamma"


@pytest.mark.parametrize(
    "text", ["", "x\n1.0\n1 0 0\n", "x\n1.0\n1 0 0\n0 1 0\n0 0 1\nPb\n2\nDirect\n0 0 0\n"]
)
def test_a_truncated_file_is_an_output_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "CONTCAR"
    path.write_text(text)
    with pytest.raises(OutputError, match="CONTCAR"):
        read_poscar(path)


def test_a_missing_file_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="missing"):
        read_poscar(tmp_path / "CONTCAR")
