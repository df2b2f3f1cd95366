"""What is written is what other programs read: ASE and pymatgen, every format, every atom."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.io import read

from qdstruct import phases
from qdstruct.building import build_nanocrystal, build_slab, place_ligands, write_structure
from qdstruct.building.export import check_destination
from qdstruct.errors import DestinationError

NOTE = {"made_by": "a test", "film": "γ-CsPbI₃", "hkl": [1, 1, 0]}


def oblique() -> Atoms:
    """A slab in a hexagonal cell, with its lower planes held."""
    from ase.constraints import FixAtoms

    atoms = build_slab(phases.load("CdS-zincblende"), (1, 1, 1), layers=3, vacuum=12).atoms
    atoms = atoms.repeat((2, 1, 1))
    held = atoms.positions[:, 2] < atoms.positions[:, 2].min() + 3
    atoms.set_constraint(FixAtoms(mask=held))
    atoms.set_array("fixed", held)
    return atoms


def covered() -> Atoms:
    """A particle with molecules, not periodic."""
    dot = build_nanocrystal(phases.load("CsPbBr3-cubic"), cells=2, termination="CsBr").atoms
    return place_ligands(dot, phases.load_molecule("benzylammonium"), coverage=0.3).atoms


BUILT = {"slab": oblique, "particle": covered}
NAMES = ["POSCAR", "a.vasp", "a.cif", "a.extxyz", "a.lmp"]


def with_ase(path: Path) -> Atoms:
    return read(path, format="lammps-data") if path.suffix == ".lmp" else read(path)


def with_pymatgen(path: Path) -> Atoms:
    from pymatgen.core import Structure
    from pymatgen.io.ase import AseAtomsAdaptor
    from pymatgen.io.lammps.data import LammpsData

    if path.suffix == ".lmp":
        structure = LammpsData.from_file(str(path), atom_style="charge").structure
    else:
        structure = Structure.from_file(path)
    return AseAtomsAdaptor.get_atoms(structure)


def surroundings(atoms: Atoms, periodic: bool) -> np.ndarray:
    """Each atom's element and its sorted distances up to 6 Å, in an order of their own."""
    body = atoms.copy()
    body.pbc = periodic
    table = body.get_all_distances(mic=periodic)
    table[table > 6] = 9.0
    near = np.sort(table, axis=1)[:, :25]
    rows = np.column_stack([atoms.numbers, near])
    return rows[np.lexsort(np.round(rows, 4).T[::-1])]


@pytest.mark.parametrize("kind", BUILT)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("reader", [with_ase, with_pymatgen])
def test_every_atom_comes_back(kind, name, reader, tmp_path) -> None:
    if name == "a.extxyz" and reader is with_pymatgen:
        pytest.skip("pymatgen does not read extended XYZ")
    atoms = BUILT[kind]()
    path = tmp_path / name
    write_structure(path, atoms, provenance=NOTE)
    again = reader(path)
    assert again.get_chemical_formula() == atoms.get_chemical_formula()
    periodic = bool(atoms.pbc.any())
    assert surroundings(again, periodic) == pytest.approx(surroundings(atoms, periodic), abs=2e-4)
    assert again.cell.cellpar() == pytest.approx(atoms.cell.cellpar(), abs=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_the_note_stands_in_every_file(name, tmp_path) -> None:
    path = tmp_path / name
    write_structure(path, oblique(), provenance=NOTE)
    text = path.read_text(encoding="utf-8")
    if name == "a.extxyz":
        assert "'film': '\\u03b3-CsPbI\\u2083'" in text.replace("\\\\", "\\")
        return
    assert json.loads(text.splitlines()[0].removeprefix("# ")) == NOTE


def test_the_same_atoms_are_held() -> None:
    """Grouping by element in the POSCAR carries selective dynamics along."""
    from io import StringIO

    from pymatgen.io.vasp import Poscar

    from qdstruct.building.export import _poscar

    atoms = oblique()
    text = _poscar(atoms, "{}")
    flags = np.array(Poscar.from_str(text).selective_dynamics)
    again = read(StringIO(text), format="vasp")
    assert (flags == flags[:, :1]).all()
    expected = atoms.positions[atoms.arrays["fixed"], 2].max()
    assert (again.positions[~flags[:, 0], 2] <= expected + 1e-6).all()
    assert (again.positions[flags[:, 0], 2] > expected + 1e-6).all()


def test_lammps_has_the_formal_charges_and_extended_xyz_the_arrays(tmp_path) -> None:
    atoms = covered()
    write_structure(tmp_path / "a.lmp", atoms, provenance=NOTE)
    lammps = with_ase(tmp_path / "a.lmp")
    assert lammps.get_initial_charges() == pytest.approx(atoms.arrays["formal_charge"])
    write_structure(tmp_path / "a.extxyz", atoms, provenance=NOTE)
    again = with_ase(tmp_path / "a.extxyz")
    for name in ("region", "molecule", "formal_charge", "layer"):
        assert (again.arrays[name] == atoms.arrays[name]).all()
    assert not again.pbc.any()


def test_places_that_cannot_be_written(tmp_path) -> None:
    with pytest.raises(DestinationError, match="no structure format has this name"):
        check_destination(tmp_path / "a.docx")
    with pytest.raises(DestinationError, match="does not exist"):
        check_destination(tmp_path / "nowhere" / "a.cif")
    (tmp_path / "a.cif").write_text("mine")
    with pytest.raises(DestinationError, match="exists already"):
        write_structure(tmp_path / "a.cif", oblique(), provenance=NOTE)
    assert (tmp_path / "a.cif").read_text() == "mine"
