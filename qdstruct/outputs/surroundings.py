"""What the files beside an output say about its calculation: atoms, smearing, tags."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qdstruct.errors import OutputError
from qdstruct.outputs.calculation import (
    calculation_atoms,
    initial_atoms,
    looks_like_mock_outcar,
    set_regions,
)
from qdstruct.outputs.header import read_structure
from qdstruct.outputs.reader import TextReader
from qdstruct.outputs.streams import find_output, open_output
from qdstruct.outputs.tags import read_tags
from qdstruct.outputs.vasprun import read_vasprun, read_vasprun_head

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "directory_atoms",
    "directory_is_mock",
    "directory_smearing",
    "directory_tags",
    "read_initial_and_final",
]

DEFAULT_SIGMA = 0.2
"""eV: VASP's SIGMA where nothing says otherwise."""
MOCK_TITLES = ("vasprun.xml", "CHGCAR", "LOCPOT", "CONTCAR")
"""Files in whose beginning the mock says that it wrote them."""


def directory_atoms(directory: Path) -> Atoms | None:
    """Return the final structure from CONTCAR or, if there is none, the one in POSCAR; or None.

    ``region`` of each atom is taken from ``job.json`` where there is one.

    Raises
    ------
    OutputError
        If the file there is cannot be read.
    """
    for name in ("CONTCAR", "POSCAR"):
        path = find_output(directory, name)
        if path is not None and (path.is_dir() or path.stat().st_size > 0):
            with open_output(path) as stream:
                return set_regions(read_structure(TextReader(stream)), directory)
    return None


def directory_tags(directory: Path) -> dict[str, Any]:
    """Return the INCAR tags; from vasprun.xml where there is no INCAR, empty where neither is."""
    incar = find_output(directory, "INCAR")
    if incar is not None:
        return read_tags(incar)
    run = find_output(directory, "vasprun.xml")
    if run is None:
        return {}
    head = read_vasprun_head(run)
    return {**head.parameters, **head.incar}


def directory_smearing(directory: Path) -> float:
    """Return SIGMA in eV (0 with tetrahedra), VASP's default where no file states it."""
    tags = directory_tags(directory)
    if (tags.get("ISMEAR") or 0) <= -4:
        return 0.0
    value = tags.get("SIGMA")
    return float(value) if isinstance(value, int | float) else DEFAULT_SIGMA


def directory_is_mock(directory: Path) -> bool:
    """Whether OUTCAR, vasprun.xml or the title of a grid or structure says that a mock made it."""
    if looks_like_mock_outcar(directory):
        return True
    for name in MOCK_TITLES:
        path = find_output(directory, name)
        if path is not None and path.is_file() and path.stat().st_size:
            with open_output(path) as stream:
                if b"qdstruct-mock" in stream.read(1024):
                    return True
    return False


def read_initial_and_final(directory: Path) -> tuple[Atoms, Atoms]:
    """Return the structure a relaxation started from and the one it ended with.

    Taken from vasprun.xml, else from POSCAR and CONTCAR; ``region`` from ``job.json`` where there
    is one.

    Raises
    ------
    OutputError
        If a file is missing or damaged, or the two hold different atoms.
    """
    directory = Path(directory)
    run = find_output(directory, "vasprun.xml")
    if run is not None:
        whole = read_vasprun(run)
        return initial_atoms(whole), calculation_atoms(whole)
    pair = []
    for name in ("POSCAR", "CONTCAR"):
        path = find_output(directory, name)
        if path is None:
            raise OutputError(
                f"{directory}: there is neither vasprun.xml nor {name} here",
                hint="both the initial and the relaxed structure are needed",
            )
        with open_output(path) as stream:
            pair.append(set_regions(read_structure(TextReader(stream)), directory))
    initial, final = pair
    if not np.array_equal(initial.numbers, final.numbers):
        raise OutputError(f"{directory}: POSCAR and CONTCAR hold different atoms")
    return initial, final
