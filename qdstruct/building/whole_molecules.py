"""Whether molecules are whole: in one piece, no carbon, nitrogen or hydrogen short of bonds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.geometry.neighbours import NeighbourPairs, bonds, find_molecules
from qdstruct.model import Phase, Problem

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["molecule_problems"]

OPEN_SIDE = 0.8
"""An atom whose two or three unit bond vectors add up to more has lost a neighbour: 1 where it
has, 0 in a planar or linear molecule, 0.6 in fullerene, 0.7 in the ring of cyclopropene."""

LEAST_BONDS = {"H": 1, "C": 2, "N": 1}
"""With fewer bonds than these a molecule was cut."""


def molecule_problems(
    atoms: Atoms, *, missing_charge: float = 0.0, crystals: Iterable[Phase] = ()
) -> Iterator[Problem]:
    """Find molecules that were cut, torn or robbed of a hydrogen.

    Parameters
    ----------
    atoms : Atoms
        The ``molecule`` array is used where present.
    missing_charge : float
        Charge asked for minus the net formal charge, e. An ammonium ion without one of its
        hydrogens is a whole, neutral amine: it is found by comparison with the other molecules of
        its kind and with those of the bulk crystals, else by the positive charge that is missing.
    crystals : iterable of Phase
        Bulk crystals of the structure's parts.
    """
    pairs = bonds(atoms)
    degree = np.bincount(pairs.first, minlength=len(atoms))
    symbols = np.array(atoms.get_chemical_symbols())
    if "molecule" in atoms.arrays:
        yield from _torn(atoms)
    if not ({"H", "C"} <= set(symbols.tolist())):
        return
    for element, number in LEAST_BONDS.items():
        for i in np.flatnonzero((symbols == element) & (degree < number)):
            yield Problem(
                kind="molecule",
                message=f"{element} {i} has {degree[i]} bonds: a molecule was cut",
                atoms=(int(i),),
            )
    open_sided = _open(pairs, degree)
    for i in np.flatnonzero((symbols == "C") & open_sided):
        yield Problem(
            kind="molecule",
            message=f"C {i} has only {degree[i]} bonds and room for another: a molecule was cut",
            atoms=(int(i),),
        )
    amines = np.flatnonzero((symbols == "N") & (degree == 3) & open_sided)
    yield from _robbed_ammonium(atoms, pairs, amines, missing_charge, crystals)


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


@dataclass(frozen=True)
class _Kind:
    """Molecules with the same atoms but hydrogen."""

    formulas: Counter[str]
    """How often each formula occurs that holds an ammonium nitrogen."""

    @property
    def usual(self) -> str:
        """The most frequent one."""
        return self.formulas.most_common(1)[0][0] if self.formulas else ""


def _robbed_ammonium(
    atoms: Atoms,
    pairs: NeighbourPairs,
    amines: NDArray[np.int64],
    missing_charge: float,
    crystals: Iterable[Phase],
) -> Iterator[Problem]:
    """Amines where an ammonium ion belongs."""
    if not len(amines):
        return
    kinds = _ammonium_kinds(atoms)
    for phase in crystals:
        for skeleton, kind in _ammonium_kinds(phase.atoms).items():
            kinds[skeleton].formulas.update(kind.formulas)
    ids = find_molecules(atoms).ids
    symbols = np.array(atoms.get_chemical_symbols())
    ionic = bool((ids < 0).any())
    for nitrogen in (int(i) for i in amines):
        members = np.flatnonzero(ids == ids[nitrogen]) if ids[nitrogen] >= 0 else [nitrogen]
        formula = _hill(symbols[members])
        usual = kinds[_skeleton(symbols[members])].usual
        hydrogens = int((symbols[pairs.second[pairs.first == nitrogen]] == "H").sum())
        if usual and usual != formula:
            reason = f"its like in this crystal are {usual}"
        elif ionic and missing_charge > 0.5:
            reason = f"the structure lacks {missing_charge:+g} e"
        else:
            continue
        yield Problem(
            kind="molecule",
            message=f"N {nitrogen} of the molecule {formula} has {hydrogens} hydrogen atoms and an "
            f"open side, and {reason}: an ammonium ion that lost one of its hydrogens",
            atoms=(nitrogen,),
        )


def _ammonium_kinds(atoms: Atoms) -> dict[tuple[tuple[str, int], ...], _Kind]:
    """Formulas of the molecules with a nitrogen of four bonds, by their atoms but hydrogen."""
    kinds: dict[tuple[tuple[str, int], ...], _Kind] = defaultdict(lambda: _Kind(Counter()))
    pairs = bonds(atoms)
    degree = np.bincount(pairs.first, minlength=len(atoms))
    symbols = np.array(atoms.get_chemical_symbols())
    ids = find_molecules(atoms).ids
    order = np.argsort(ids, kind="stable")
    starts = np.searchsorted(ids[order], np.arange(ids.max(initial=-1) + 2))
    for nitrogen in np.flatnonzero((symbols == "N") & (degree == 4) & (ids >= 0)):
        members = order[starts[ids[nitrogen]] : starts[ids[nitrogen] + 1]]
        kinds[_skeleton(symbols[members])].formulas[_hill(symbols[members])] += 1
    return kinds


def _skeleton(symbols: NDArray[np.str_]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(s for s in symbols.tolist() if s != "H").items()))


def _hill(symbols: NDArray[np.str_]) -> str:
    from ase.formula import Formula

    return str(Formula.from_list(symbols.tolist()).format("hill"))
