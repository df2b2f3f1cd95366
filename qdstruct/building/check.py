"""The validator that every build passes, and that anyone can run on any structure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import reduce
from math import gcd
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.bulk_likeness import handedness_problems, strain_problems
from qdstruct.building.charges import contact_distance, formal_charges
from qdstruct.building.neighbours import NeighbourPairs, bonds, find_molecules, neighbour_pairs
from qdstruct.errors import BuildError
from qdstruct.model import Phase, Problem

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["CLASH_FACTOR", "check_structure"]

CLASH_FACTOR = 0.7
"""Two atoms clash when closer than this times the sum of their covalent radii."""

OPEN_SIDE = 0.8
"""A carbon whose two or three unit bond vectors add up to more has lost a neighbour: 1 where it
has, 0 in a planar or linear molecule, 0.6 in fullerene, 0.7 in the ring of cyclopropene."""

MOST_REPORTED = 20
"""Findings of one kind beyond this many are only counted."""


def check_structure(
    atoms: Atoms,
    *,
    formula: str | None = None,
    charge: float = 0.0,
    regions: Mapping[str, Phase] | None = None,
    max_strain: float = 0.05,
    clash_factor: float = CLASH_FACTOR,
) -> tuple[Problem, ...]:
    """Say everything that is wrong with a structure.

    Parameters
    ----------
    atoms : Atoms
        A crystal, slab, interface or particle. The arrays ``molecule``, ``region`` and ``layer``
        are used where present.
    formula : str, optional
        Composition asked for; compared after division by the common factor.
    charge : float
        Net formal charge asked for, e.
    regions : mapping, optional
        The bulk crystal of each region, for example ``{"film": phase}``: bond lengths inside the
        region are compared with it, and the handedness of a chiral crystal.
    max_strain : float
        By what fraction bond lengths inside a region may differ from the bulk's.
    clash_factor : float
        Fraction of the sum of covalent radii below which two atoms clash.

    Returns
    -------
    tuple of Problem
        Empty when nothing is wrong.

    Raises
    ------
    BuildError
        If there is nothing to check: no atoms, or positions that are not numbers.
    """
    if len(atoms) == 0:
        raise BuildError("the structure has no atoms")
    if not (np.isfinite(atoms.positions).all() and np.isfinite(np.asarray(atoms.cell)).all()):
        raise BuildError("the structure has positions or cell vectors that are not numbers")
    pairs = neighbour_pairs(atoms, 4.6)
    found = [
        *_box_problems(atoms),
        *_clashes(atoms, pairs, clash_factor),
        *_composition_problems(atoms, formula),
        *_charge_problems(atoms, charge),
        *_molecule_problems(atoms),
        *_coordination_problems(atoms, pairs),
    ]
    for region, phase in (regions or {}).items():
        found += strain_problems(atoms, region, phase, max_strain)
        found += handedness_problems(atoms, region, phase)
    return tuple(_shortened(found))


def _shortened(found: list[Problem]) -> Iterator[Problem]:
    counts: Counter[str] = Counter()
    for problem in found:
        counts[problem.kind] += 1
        if counts[problem.kind] <= MOST_REPORTED:
            yield problem
    for kind, count in counts.items():
        if count > MOST_REPORTED:
            more = count - MOST_REPORTED
            yield Problem(kind=kind, message=f"and {more} more problems of this kind")


def _box_problems(atoms: Atoms) -> Iterator[Problem]:
    """Find periodic directions without a cell vector, and particles larger than their box."""
    lengths = atoms.cell.lengths()
    for axis in range(3):
        if atoms.pbc[axis] and lengths[axis] < 1e-6:
            yield Problem(kind="box", message=f"periodic along {'abc'[axis]} without a cell vector")
    if atoms.pbc.all() or atoms.pbc.any() or atoms.cell.rank < 3:
        return
    fractional = atoms.cell.scaled_positions(atoms.positions)
    extents = np.ptp(fractional, axis=0)
    for axis in (int(k) for k in np.flatnonzero(extents > 1)):
        yield Problem(
            kind="box",
            message=f"the particle is {extents[axis]:.2f} times longer than its box along "
            f"{'abc'[axis]}",
        )


def _clashes(atoms: Atoms, pairs: NeighbourPairs, factor: float) -> Iterator[Problem]:
    from ase.data import covalent_radii

    radii = covalent_radii[atoms.numbers]
    distances = pairs.distances
    limits = factor * (radii[pairs.first] + radii[pairs.second])
    for k in np.flatnonzero((distances < limits) & (pairs.first <= pairs.second)):
        i, j = int(pairs.first[k]), int(pairs.second[k])
        yield Problem(
            kind="clash",
            message=f"{atoms.symbols[i]} {i} and {atoms.symbols[j]} {j} are {distances[k]:.2f} Å "
            f"apart, closer than {limits[k]:.2f} Å ({factor:g} × the sum of covalent radii)",
            atoms=(i, j),
        )


def _composition_problems(atoms: Atoms, formula: str | None) -> Iterator[Problem]:
    if formula is None:
        return
    from ase.formula import Formula

    try:
        wanted = Formula(formula).count()
    except ValueError:
        raise BuildError(f"'{formula}' is not a chemical formula") from None
    counted = Counter(atoms.get_chemical_symbols())
    if _reduced(wanted) != _reduced(counted):
        yield Problem(
            kind="composition",
            message=f"the composition is {atoms.get_chemical_formula()}, not a multiple of "
            f"{formula}",
        )


def _reduced(counts: Mapping[str, int]) -> dict[str, int]:
    divisor = reduce(gcd, counts.values())
    return {element: number // divisor for element, number in counts.items()}


def _charge_problems(atoms: Atoms, wanted: float) -> Iterator[Problem]:
    net = float(formal_charges(atoms).sum())
    if abs(net - wanted) > 1e-6:
        yield Problem(
            kind="charge",
            message=f"the net formal charge of {atoms.get_chemical_formula()} is {net:+g} e, not "
            f"{wanted:+g} e",
        )
    electrons = int(atoms.numbers.sum()) - round(wanted)
    if electrons % 2:
        yield Problem(
            kind="electrons",
            message=f"{electrons} electrons, an odd number: a radical, unless that is meant",
        )


def _molecule_problems(atoms: Atoms) -> Iterator[Problem]:
    """Molecules must be in one piece, and no carbon, nitrogen or hydrogen may lack neighbours.

    An ammonium that lost a hydrogen is an amine, whole but neutral: the charge shows it.
    """
    pairs = bonds(atoms)
    degree = np.bincount(pairs.first, minlength=len(atoms))
    symbols = np.array(atoms.get_chemical_symbols())
    if "molecule" in atoms.arrays:
        yield from _torn(atoms)
    hydrogenated = bool(np.any(symbols == "H")) and bool(np.any(symbols == "C"))
    if not hydrogenated:
        return
    least = {"H": 1, "C": 2, "N": 1}
    for element, number in least.items():
        for i in np.flatnonzero((symbols == element) & (degree < number)):
            yield Problem(
                kind="molecule",
                message=f"{element} {i} has {degree[i]} bonds: a molecule was cut",
                atoms=(int(i),),
            )
    for i in np.flatnonzero((symbols == "C") & _open(pairs, degree)):
        yield Problem(
            kind="molecule",
            message=f"C {i} has only {degree[i]} bonds and room for another: a molecule was cut",
            atoms=(int(i),),
        )


def _open(pairs: NeighbourPairs, degree: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which atoms of two or three bonds have a side without any.

    Unit vectors along the bonds of a linear or planar atom add up to nothing; those of a phenyl
    or methylene carbon without its hydrogen add up to 1, and of a methyl carbon to 1 as well.
    """
    directions = pairs.vectors / np.maximum(pairs.distances, 1e-6)[:, None]
    sums = np.array([np.bincount(pairs.first, directions[:, k], len(degree)) for k in range(3)])
    return np.asarray(np.isin(degree, (2, 3)) & (np.linalg.norm(sums, axis=0) > OPEN_SIDE))


def _torn(atoms: Atoms) -> Iterator[Problem]:
    labels = np.asarray(atoms.arrays["molecule"])
    pieces = find_molecules(atoms).ids
    for label in np.unique(labels[labels >= 0]):
        members = np.flatnonzero(labels == label)
        parts = np.unique(pieces[members])
        size = int((pieces == parts[0]).sum())
        if len(parts) > 1 or parts[0] < 0:
            message = f"molecule {label} is in {len(parts)} pieces"
        elif size > len(members):
            message = f"molecule {label} is bonded to atoms that do not belong to it"
        else:
            continue
        yield Problem(kind="molecule", message=message, atoms=tuple(int(i) for i in members))


def _coordination_problems(atoms: Atoms, pairs: NeighbourPairs) -> Iterator[Problem]:
    """Polyvalent cations keep at least half of their usual neighbours and never gain half more."""
    charges = formal_charges(atoms)
    molecular = find_molecules(atoms).ids >= 0
    symbols = np.array(atoms.get_chemical_symbols())
    partners = _bonded(atoms, pairs, charges, molecular, symbols)
    regions = np.asarray(atoms.arrays.get("region", np.full(len(atoms), "")))
    cations = (charges >= 2) & ~molecular
    for region, element in sorted({(regions[i], symbols[i]) for i in np.flatnonzero(cations)}):
        members = np.flatnonzero(cations & (regions == region) & (symbols == element))
        numbers = partners[members]
        usual = _usual(numbers)
        where = f" of the {region}" if region else ""
        for i in members[(numbers < usual / 2) | (numbers > 1.5 * usual)]:
            yield Problem(
                kind="coordination",
                message=f"{element} {i}{where} has {partners[i]} anions around it where {usual} "
                "are usual",
                atoms=(int(i),),
            )


def _usual(numbers: NDArray[np.int64]) -> int:
    """Return the highest coordination of at least a quarter of the atoms: that of the inside."""
    counts = np.bincount(numbers)
    return int(np.flatnonzero(counts * 4 >= len(numbers)).max())


def _bonded(
    atoms: Atoms,
    pairs: NeighbourPairs,
    charges: NDArray[np.float64],
    molecular: NDArray[np.bool_],
    symbols: NDArray[np.str_],
) -> NDArray[np.int64]:
    """Count, for every atom, the ions of opposite sign within 1.2 contact distances."""
    opposite = charges[pairs.first] * charges[pairs.second] < 0
    ionic = opposite & ~molecular[pairs.first] & ~molecular[pairs.second]
    chosen = pairs.select(ionic)
    contacts = {
        (a, b): contact_distance(a, b)
        for a, b in set(zip(symbols[chosen.first], symbols[chosen.second], strict=True))
    }
    limits = np.array(
        [
            1.2 * contacts[a, b]
            for a, b in zip(symbols[chosen.first], symbols[chosen.second], strict=True)
        ]
    )
    near = chosen.distances < limits if len(limits) else np.zeros(0, dtype=bool)
    counts = np.bincount(chosen.first[near], minlength=len(atoms))
    return np.asarray(counts, dtype=np.int64)
