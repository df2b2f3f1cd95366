"""The validator that every build passes, and that anyone can run on any structure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import reduce
from math import gcd
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.bulk_likeness import compare_regions
from qdstruct.building.charges import contact_distance, formal_charges
from qdstruct.building.part_comparison import CONNECTED
from qdstruct.building.whole_molecules import molecule_problems
from qdstruct.errors import BuildError
from qdstruct.geometry.neighbours import NeighbourPairs, find_molecules, neighbour_pairs
from qdstruct.model import Phase, Problem, StructureReport

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["CLASH_FACTOR", "check_structure", "examine_structure"]

CLASH_FACTOR = 0.7
"""Two atoms clash when closer than this times the sum of their covalent radii."""

MOST_REPORTED = 20
"""Findings of one kind beyond this many are only counted."""


def check_structure(
    atoms: Atoms,
    *,
    formula: str | None = None,
    charge: float = 0.0,
    regions: Mapping[str, Phase] | None = None,
    max_strain: float = 0.05,
    strains: Mapping[str, ArrayLike] | None = None,
    clash_factor: float = CLASH_FACTOR,
) -> tuple[Problem, ...]:
    """Say everything that is wrong with a structure.

    Parameters and errors are those of `examine_structure`, which also tells what was measured.

    Returns
    -------
    tuple of Problem
        Empty when nothing is wrong.
    """
    return examine_structure(
        atoms,
        formula=formula,
        charge=charge,
        regions=regions,
        max_strain=max_strain,
        strains=strains,
        clash_factor=clash_factor,
    ).problems


def examine_structure(
    atoms: Atoms,
    *,
    formula: str | None = None,
    charge: float = 0.0,
    regions: Mapping[str, Phase] | None = None,
    max_strain: float = 0.05,
    strains: Mapping[str, ArrayLike] | None = None,
    clash_factor: float = CLASH_FACTOR,
) -> StructureReport:
    """Measure a structure against what it should be.

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
        The bulk crystal of each region, for example ``{"film": phase}``: deformation, bond lengths,
        coordination, symmetry and handedness of the region are compared with it
        (`compare_regions`).
    max_strain : float
        Largest principal strain of a region in any direction, and by what fraction its mean bond
        lengths may differ from the bulk's.
    strains : mapping, optional
        (2, 2) in-plane strain that each region is said to carry, as in `Interface.film_strain`.
    clash_factor : float
        Fraction of the sum of covalent radii below which two atoms clash.

    Returns
    -------
    StructureReport
        Problems, and what was measured of each region.

    Raises
    ------
    BuildError
        If there is nothing to check: no atoms, or positions that are not numbers; or if a stated
        strain is no symmetric 2 x 2 matrix.
    """
    if len(atoms) == 0:
        raise BuildError("the structure has no atoms")
    if not (np.isfinite(atoms.positions).all() and np.isfinite(np.asarray(atoms.cell)).all()):
        raise BuildError("the structure has positions or cell vectors that are not numbers")
    pairs = neighbour_pairs(atoms, CONNECTED)
    net = float(formal_charges(atoms).sum())
    crystals = dict(regions or {})
    compared = compare_regions(
        atoms, crystals, max_strain=max_strain, stated_strains=strains, pairs=pairs
    )
    found = [
        *_box_problems(atoms),
        *_clashes(atoms, pairs, clash_factor),
        *_composition_problems(atoms, formula),
        *_charge_problems(atoms, net, charge),
        *molecule_problems(atoms, missing_charge=charge - net, crystals=crystals.values()),
        *_coordination_problems(atoms, pairs),
        *compared.problems,
    ]
    return StructureReport(problems=tuple(_shortened(found)), parts=compared.parts)


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


def _charge_problems(atoms: Atoms, net: float, wanted: float) -> Iterator[Problem]:
    if abs(net - wanted) > 1e-6:
        yield Problem(
            kind="charge",
            message=f"the net formal charge of {atoms.get_chemical_formula()} is {net:+g} e, not "
            f"{f'{wanted:+g}' if wanted else '0'} e",
        )
    electrons = int(atoms.numbers.sum()) - round(wanted)
    if electrons % 2:
        yield Problem(
            kind="electrons",
            message=f"{electrons} electrons, an odd number: a radical, unless that is meant",
        )


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
    """Return the highest coordination of at least a quarter of the atoms: that of the inside.

    Where none is so frequent, as with many different sites, the most frequent one.
    """
    counts = np.bincount(numbers)
    frequent = np.flatnonzero(counts * 4 >= len(numbers))
    return int(frequent.max() if len(frequent) else np.argmax(counts))


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
