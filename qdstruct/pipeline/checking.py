"""From a structure and what it is said to be to a report: phases → building."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qdstruct import building, phases
from qdstruct.errors import PhaseError
from qdstruct.model import Phase, StructureReport

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["Statement", "check_built", "check_file", "read_statement"]

LONGEST_NOTE = 100_000
"""Bytes of a line that are searched for a note."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What a file, or the command that builds it, says a structure is."""

    formula: str | None = None
    """Composition of the whole."""
    charge: float = 0.0
    """Net formal charge, e."""
    crystals: Mapping[str, str] = field(default_factory=dict)
    """Region → name of its bulk crystal."""
    whole: str | None = None
    """Name of the one crystal that all atoms are of."""
    strains: Mapping[str, Any] = field(default_factory=dict)
    """Region → (2, 2) in-plane strain."""
    substrate_formula: str | None = None
    """Composition of the substrate, which lies below: parts a file without regions."""

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Statement:
        """Read the facts that the build commands write into their files."""
        crystals = dict(zip(facts.get("regions", ()), facts.get("phases", ()), strict=False))
        sides = [side for side in ("film", "substrate") if isinstance(facts.get(side), str)]
        crystals |= {side: facts[side] for side in sides}
        return cls(
            formula=facts.get("formula"),
            charge=float(facts.get("charge", 0.0)),
            crystals=crystals,
            whole=None if crystals else facts.get("phase"),
            strains={side: facts[f"{side}_strain"] for side in sides if f"{side}_strain" in facts},
            substrate_formula=facts.get("substrate_formula"),
        )


def read_statement(path: Path) -> Statement:
    """Return what a structure file written by a build command says it is.

    The note stands in the comment of a POSCAR, CIF or LAMMPS file and in the header of an extended
    XYZ file. Files without one state nothing.
    """
    with path.open("rb") as stream:
        first, second = (stream.readline(LONGEST_NOTE).decode("utf-8", "replace") for _ in "12")
    header = re.search(r'provenance="([^"]*)"', second)
    note = header[1].replace("'", '"') if header else first.lstrip("# ").strip()
    try:
        facts = json.loads(note)
    except ValueError:
        return Statement()
    return Statement.of(facts) if isinstance(facts, dict) and "made_by" in facts else Statement()


def check_file(
    path: Path,
    *,
    formula: str | None = None,
    charge: float | None = None,
    crystals: Mapping[str, str] | None = None,
    max_strain: float = 0.05,
    as_stated: bool = True,
) -> tuple[Atoms, StructureReport, tuple[str, ...]]:
    """Examine a structure file against what is asked and what the file itself states.

    Parameters
    ----------
    path : Path
        Any structure file.
    formula, charge, crystals
        Composition, net formal charge in e and bulk crystal of each region (phase name or file).
        What is left out is taken from the note that the build commands write.
    max_strain : float
        Largest principal strain where none is stated.
    as_stated : bool
        False leaves the note of the file aside.

    Returns
    -------
    atoms, report, remarks
        The structure, what was found and measured, and what could not be compared and why.

    Raises
    ------
    PhaseError
        If the file, or a crystal asked for, cannot be read.
    BuildError
        If there is nothing to check.
    """
    atoms = phases.read_atoms(path)
    stated = read_statement(path) if as_stated else Statement()
    known = {region: phases.load(name) for region, name in (crystals or {}).items()}
    stated = _with_one_region(stated, atoms)
    loaded, remarks = _loaded(stated, set(known))
    known = {**loaded, **known}
    if "region" not in atoms.arrays and stated.substrate_formula is not None:
        atoms.set_array("region", _sides(atoms, stated.substrate_formula))
    if "region" not in atoms.arrays and loaded:
        known = {region: phase for region, phase in known.items() if region not in loaded}
        remarks += ("the file does not say which atom belongs to which crystal: bulk not compared",)
    report = building.examine_structure(
        atoms,
        formula=stated.formula if formula is None else formula,
        charge=stated.charge if charge is None else charge,
        regions=known,
        max_strain=max_strain,
        strains={region: stated.strains[region] for region in known if region in stated.strains},
    )
    return atoms, report, remarks


def check_built(
    atoms: Atoms, facts: Mapping[str, Any], crystals: Mapping[str, Phase] | None = None
) -> StructureReport:
    """Examine what was just built against what the build command says of it.

    Parameters
    ----------
    atoms : Atoms
        The structure.
    facts : mapping
        What will be written into its file.
    crystals : mapping, optional
        Bulk crystal of each region; loaded by the names in the facts where left out.
    """
    stated = _with_one_region(Statement.of(facts), atoms)
    known = dict(crystals or {})
    known = {**_loaded(stated, set(known))[0], **known}
    present = set(np.unique(np.asarray(atoms.arrays.get("region", []))).tolist())
    known = {region: phase for region, phase in known.items() if region in present}
    return building.examine_structure(
        atoms,
        charge=stated.charge,
        regions=known,
        strains={region: stated.strains[region] for region in known if region in stated.strains},
    )


def _with_one_region(stated: Statement, atoms: Atoms) -> Statement:
    """Where all atoms are said to be of one crystal, give them one region and state that."""
    if stated.whole is None:
        return stated
    if "region" not in atoms.arrays:
        atoms.set_array("region", np.full(len(atoms), "slab", dtype="<U9"))
    regions = np.unique(np.asarray(atoms.arrays["region"])).tolist()
    if len(regions) != 1:
        return stated
    return replace(stated, crystals={str(regions[0]): stated.whole})


def _loaded(stated: Statement, given: set[str]) -> tuple[dict[str, Phase], tuple[str, ...]]:
    """Load the crystals that are stated and not given; say which are unknown here."""
    loaded, remarks = {}, []
    for region, name in stated.crystals.items():
        if region in given:
            continue
        try:
            loaded[region] = phases.load(name)
        except PhaseError:
            remarks.append(
                f"the {region} is said to be {name}, which is no known phase and so was not "
                f"compared: {_option(region)} takes its file"
            )
    return loaded, tuple(remarks)


def _option(region: str) -> str:
    return f"--{region}" if region in ("film", "substrate") else f"--region {region}="


def _sides(atoms: Atoms, substrate_formula: str) -> NDArray[np.str_]:
    """Part film and substrate: of each element the lowest belong to the substrate."""
    from ase.formula import Formula

    sides = np.full(len(atoms), "film", dtype="<U9")
    symbols = np.array(atoms.get_chemical_symbols())
    for element, count in Formula(substrate_formula).count().items():
        own = np.flatnonzero(symbols == element)
        sides[own[np.argsort(atoms.positions[own, 2], kind="stable")[:count]]] = "substrate"
    return sides
