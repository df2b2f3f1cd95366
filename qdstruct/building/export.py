"""Writing structures: the format follows the suffix, and every file says where it came from."""

from __future__ import annotations

import json
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qdstruct.building.charges import formal_charges
from qdstruct.errors import DestinationError
from qdstruct.files import refuse_existing, write_atomically

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["FORMATS", "check_destination", "write_structure"]

FORMATS = "POSCAR (or .vasp), .cif, .extxyz (or .xyz), .lmp (or .data)"
"""What a destination may be called."""


def write_structure(
    path: Path, atoms: Atoms, *, provenance: dict[str, Any], force: bool = False
) -> None:
    """Write atoms in the format named by the suffix.

    Parameters
    ----------
    path : Path
        ``POSCAR*`` or ``*.vasp`` (grouped by element; selective dynamics where atoms are fixed),
        ``*.cif``, ``*.extxyz`` (with every per-atom array), ``*.lmp`` or ``*.data`` (LAMMPS data,
        style ``charge`` with formal charges).
    atoms : Atoms
        The structure.
    provenance : dict
        What the structure is and how it was made; goes into the file's comment.
    force : bool
        Replace an existing file.

    Raises
    ------
    DestinationError
        For a suffix that names no format, or a file that exists or cannot be written.
    """
    kind = check_destination(path, force=force)
    note = json.dumps(provenance, ensure_ascii=True, separators=(", ", ": "))
    writers = {"poscar": _poscar, "cif": _cif, "extxyz": _extxyz, "lammps": _lammps}
    write_atomically(path, writers[kind](atoms, note), force=force)


def check_destination(path: Path, *, force: bool = False) -> str:
    """Return the format that a path names, if a structure can be written there.

    Raises
    ------
    DestinationError
        As `write_structure`.
    """
    kind = _kind(path)
    refuse_existing(path, force=force)
    if not path.parent.is_dir():
        raise DestinationError(f"{path}: the folder {path.parent} does not exist")
    return kind


def _kind(path: Path) -> str:
    suffix = path.suffix.lower()
    if path.name.upper().startswith(("POSCAR", "CONTCAR")) or suffix in (".vasp", ".poscar"):
        return "poscar"
    kinds = {".cif": "cif", ".extxyz": "extxyz", ".xyz": "extxyz", ".lmp": "lammps"}
    kinds[".data"] = "lammps"
    if suffix not in kinds:
        raise DestinationError(f"{path}: no structure format has this name", hint=f"use {FORMATS}")
    return kinds[suffix]


def _poscar(atoms: Atoms, note: str) -> str:
    from ase.io.vasp import write_vasp

    stream = StringIO()
    write_vasp(stream, atoms, direct=True, sort=True)
    return _with_first_line(stream.getvalue(), note)


def _with_first_line(text: str, note: str) -> str:
    return note + "\n" + text.split("\n", 1)[1]


def _cif(atoms: Atoms, note: str) -> str:
    from ase.io.cif import write_cif

    stream = BytesIO()
    write_cif(stream, _wrapped(atoms))
    return f"# {note}\n" + stream.getvalue().decode()


def _wrapped(atoms: Atoms) -> Atoms:
    wrapped = atoms.copy()
    wrapped.wrap()
    return wrapped


def _extxyz(atoms: Atoms, note: str) -> str:
    from ase.io.extxyz import write_extxyz

    labelled = atoms.copy()
    labelled.info = {**labelled.info, "provenance": note.replace('"', "'")}
    labelled.set_constraint()
    stream = StringIO()
    write_extxyz(stream, [labelled])
    return stream.getvalue()


def _lammps(atoms: Atoms, note: str) -> str:
    from ase.io.lammpsdata import write_lammps_data

    charged = atoms.copy()
    charges = atoms.arrays.get("formal_charge")
    charged.set_initial_charges(formal_charges(atoms) if charges is None else np.asarray(charges))
    charged.set_constraint()
    stream = StringIO()
    write_lammps_data(stream, charged, atom_style="charge", masses=True)
    return _with_first_line(stream.getvalue(), f"# {note}")
