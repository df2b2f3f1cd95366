"""Reading any structure file that ASE, or else pymatgen, understands."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import PhaseError, PhaseWarning
from qdstruct.model import Phase
from qdstruct.phases import cif
from qdstruct.phases.describe import check_crystal, describe
from qdstruct.phases.displacements import displacement_tensors
from qdstruct.resources import data_folder

if TYPE_CHECKING:
    from ase import Atoms
    from ase.io.cif import CIFBlock

__all__ = ["read_atoms", "read_structure"]

KEPT_ARRAYS = ("region", "layer", "molecule", "fixed", "particle")
"""Per-atom arrays that survive reading; readers leave others that mean nothing here."""


def read_structure(path: str | Path) -> Phase:
    """Read a crystal from a file.

    Parameters
    ----------
    path : str or Path
        CIF, POSCAR/CONTCAR, extxyz, or anything else that ASE or pymatgen reads. Of a trajectory
        the last frame is taken.

    Returns
    -------
    Phase
        Named after the file's stem (or by ``_qdstruct_name`` in a CIF file); citation,
        temperature, setting and caveats where the CIF file has them.

    Raises
    ------
    PhaseError
        If the file is missing, a directory, empty, unreadable, not periodic, partly occupied,
        lacks sites that its own formula names, has coordinates that are not numbers or atoms that
        overlap. The message names the file and says what to do.

    Warns
    -----
    PhaseWarning
        If the file holds the primitive cell of a centred lattice, to which Miller indices then
        refer.
    """
    file = Path(path)
    _check_file(file)
    if _is_cif(file):
        return _read_cif(file)
    phase = describe(read_atoms(file), name=_stem(file), source_file=_origin(file))
    _warn_about_cell(file, phase.caveats)
    return phase


def _warn_about_cell(file: Path, caveats: tuple[str, ...]) -> None:
    for caveat in caveats:
        advice = f"'qdstruct phases {file} --setting conventional -o FILE' writes that cell"
        warnings.warn(f"{file}: {caveat}; {advice}", PhaseWarning, stacklevel=3)


def read_atoms(path: str | Path, *, displacements: bool = False) -> Atoms:
    """Read atoms from a file, periodic or not.

    Parameters
    ----------
    path : str or Path
        As `read_structure`.
    displacements : bool
        Take the anisotropic displacements of a CIF file too, as an array ``u_cartesian``
        (N, 3, 3) in Å² in the frame of the positions: see `displacement_tensors`. Whoever turns
        the atoms afterwards must turn it too.

    Raises
    ------
    PhaseError
        If the file is missing, a directory, empty, unreadable or holds no atoms. A CIF file is
        checked as `read_structure` does.
    """
    file = Path(path)
    _check_file(file)
    if _is_cif(file):
        block = cif.crystal_block(file)
        atoms = _cif_atoms(file, block)
        tensors = displacement_tensors(block, atoms, file) if displacements else None
        if tensors is not None:
            atoms.set_array("u_cartesian", tensors)
        return atoms
    atoms = _clean(_read_with_ase(file) or _read_with_pymatgen(file))
    if len(atoms) == 0:
        raise PhaseError(f"{file}: no atoms", hint="give a file with at least one atom")
    lost = ~np.isfinite(atoms.positions).all(axis=1)
    if lost.any():
        index = int(lost.argmax())
        raise PhaseError(
            f"{file}: the coordinates of atom {index + 1} ({atoms[index].symbol}) are not numbers",
            hint="correct the coordinates in the file",
        )
    return atoms


def _origin(file: Path) -> str:
    """Name a file: a shipped one as it is called everywhere, not by where it is installed."""
    shipped = data_folder("structures")
    if file.resolve().is_relative_to(shipped):
        return f"structures/{file.resolve().relative_to(shipped).as_posix()}"
    return str(file)


def _check_file(file: Path) -> None:
    if file.is_dir():
        raise PhaseError(
            f"{file}: this is a directory, not a structure file",
            hint=f"name the file in it, for example {file / 'CONTCAR'}",
        )
    if not file.exists():
        raise PhaseError(f"{file}: file not found", hint="check the path and the spelling")
    try:
        with file.open("rb") as stream:
            beginning = stream.read(4096)
    except OSError as error:
        raise PhaseError(
            f"{file}: cannot be read: {error.strerror}", hint="check its permissions"
        ) from error
    if not beginning.strip():
        raise PhaseError(f"{file}: this file is empty", hint="export the structure again")


def _is_cif(file: Path) -> bool:
    return file.suffix.lower() in (".cif", ".mcif")


def _stem(file: Path) -> str:
    if file.stem.upper() in ("POSCAR", "CONTCAR") and file.absolute().parent.name:
        return f"{file.absolute().parent.name}-{file.stem}"
    return file.stem


def _read_with_ase(file: Path) -> Atoms | None:
    import ase.io

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            atoms = ase.io.read(file)
        except KeyError as error:  # what ASE says of a symbol that it does not know
            _refuse_symbol(file, str(error.args[0]) if error.args else "")
            return None
        except Exception:  # readers fail in any way on a foreign file; pymatgen is asked next
            return None
    return atoms[-1] if isinstance(atoms, list) else atoms


def _refuse_symbol(file: Path, symbol: str) -> None:
    from ase.data import atomic_numbers

    if re.fullmatch("[A-Z][a-z]?", symbol) and symbol not in atomic_numbers:
        raise PhaseError(
            f"{file}: '{symbol}' is not an element",
            hint="correct the symbol; dummy atoms have no place in a structure",
        )


def _read_with_pymatgen(file: Path) -> Atoms:
    from pymatgen.core import Structure
    from pymatgen.io.ase import AseAtomsAdaptor

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            structure = Structure.from_file(str(file))
            ordered = structure.is_ordered
        except Exception as error:
            raise _unreadable(file, error) from error
    if not ordered:
        raise PhaseError(
            f"{file}: partly occupied sites",
            hint="choose one ordered arrangement and give every site occupancy 1",
        )
    return AseAtomsAdaptor.get_atoms(structure)


def _unreadable(file: Path, error: Exception) -> PhaseError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    return PhaseError(
        f"{file}: neither ASE nor pymatgen can read this file ({reason})",
        hint="give a CIF, POSCAR or extxyz file; the file name must tell its format",
    )


def _clean(atoms: Atoms) -> Atoms:
    from ase import Atoms

    plain = Atoms(numbers=atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    for name in KEPT_ARRAYS:
        if name in atoms.arrays:
            plain.set_array(name, atoms.arrays[name])
    held = _held(atoms)
    if "fixed" not in plain.arrays and held.any():
        plain.set_array("fixed", held)
    return plain


def _held(atoms: Atoms) -> NDArray[np.bool_]:
    """Atoms that a file holds in every direction (selective dynamics of a POSCAR)."""
    from ase.constraints import FixAtoms

    held = np.zeros(len(atoms), dtype=bool)
    for constraint in atoms.constraints:
        if isinstance(constraint, FixAtoms):
            held[constraint.index] = True
    return held


def _cif_atoms(file: Path, block: CIFBlock) -> Atoms:
    cif.check_sites(file, block)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            atoms = block.get_atoms(fractional_occupancies=False)
        except Exception:  # as in _read_with_ase
            atoms = _read_with_pymatgen(file)
    atoms = _clean(atoms)
    check_crystal(atoms, str(file))
    problem = cif.composition_problem(block, atoms)
    if problem:
        raise PhaseError(
            f"{file}: sites are missing or wrong: {problem}",
            hint="add the missing sites (often H) or correct _chemical_formula_sum",
        )
    return atoms


def _read_cif(file: Path) -> Phase:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            block = cif.crystal_block(file)
        except PhaseError:
            raise
        except Exception as error:
            raise _unreadable(file, error) from error
    atoms = _cif_atoms(file, block)
    name = cif.text(block, "_qdstruct_name")
    phase = describe(atoms, name=name or file.stem, source_file=_origin(file))
    _warn_about_cell(file, phase.caveats)
    temperature = cif.text(block, "_cell_measurement_temperature")
    return replace(
        phase,
        formula=(cif.text(block, "_chemical_formula_structural") if name else "") or phase.formula,
        setting=cif.text(block, "_qdstruct_setting") or phase.setting,
        citation=cif.text(block, "_qdstruct_citation") or _citation(block),
        temperature=_number(temperature),
        caveats=(*cif.items(block, "_qdstruct_caveat"), *phase.caveats),
        aliases=tuple(cif.items(block, "_qdstruct_alias")),
        reported_density=_number(cif.text(block, "_exptl_crystal_density_diffrn")),
        provenance=cif.text(block, "_qdstruct_found_in"),
    )


def _number(words: str) -> float | None:
    try:
        return float(words)
    except ValueError:
        return None


def _citation(block: CIFBlock) -> str | None:
    authors = ", ".join(name.split(",")[0] for name in cif.items(block, "_publ_author_name"))
    journal = cif.text(block, "_journal_name_full")
    place = " ".join(
        word
        for word in (cif.text(block, f"_journal_{k}") for k in ("volume", "page_first"))
        if word
    )
    year = cif.text(block, "_journal_year")
    doi = cif.text(block, "_journal_paper_doi") or cif.text(block, "_citation_doi")
    parts = [authors, f"{journal} {place}".strip(), f"({year})" if year else "", doi]
    return ", ".join(part for part in parts if part) or None
