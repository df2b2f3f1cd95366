"""Which surface ions a particle loses so that it is neutral and nothing hangs loose."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.charges import contact_distance
from qdstruct.geometry.neighbours import neighbour_pairs

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["neutral_particle"]

LEAST_SHARE = 0.45
"""A polyvalent ion must keep this share of the bond valence it has inside."""

MOST_ROUNDS = 100

HANGING_SHARE = 0.1
"""A monovalent ion must keep this share."""


def neutral_particle(atoms: Atoms) -> tuple[Atoms, str, float]:
    """Take out ions until none hangs loose and the particle is neutral.

    Parameters
    ----------
    atoms : Atoms
        A particle with ``formal_charge``, ``molecule`` and ``region`` arrays.

    Returns
    -------
    atoms : Atoms
        What is left.
    removed : str
        What was taken out, as a formula.
    charge : float
        Net formal charge left, e; not zero only when no ion of the right charge remains.

    Notes
    -----
    The rule, reproducible to the atom: (1) polyvalent ions that keep less than 45 % of the bond
    valence that ions of their kind have inside, and monovalent ions with less than a tenth, are
    taken out, again and again until none is left; (2) while the particle is charged, the ion of
    the excess sign with the least bond valence goes, so corners before edges before faces; of
    equals the one farthest from the centre, then the one that comes first. An ion is never taken
    out when that would turn the sign of the charge. Both steps are repeated until neither finds
    anything. Whole molecules count as one ion. The bond
    valence is exp((r₀ − r)/0.37 Å), r₀ the contact distance of the pair.
    """
    if not np.any(atoms.arrays["formal_charge"]):
        return atoms, "", 0.0
    trimmer = _Trimmer(atoms)
    for _ in range(MOST_ROUNDS):
        before = int(trimmer.gone.sum())
        trimmer.take_hanging()
        trimmer.take_excess()
        if int(trimmer.gone.sum()) == before:
            break
    return atoms[~trimmer.gone], _formula(atoms, trimmer.gone), trimmer.net


class _Trimmer:
    """The bookkeeping of bond valences while ions are taken out."""

    def __init__(self, atoms: Atoms) -> None:
        self.charges = np.asarray(atoms.arrays["formal_charge"], dtype=float)
        self.molecules = np.asarray(atoms.arrays["molecule"])
        self.gone = np.zeros(len(atoms), dtype=bool)
        self.net = float(self.charges.sum())
        first, self.second, self.valence = _valences(atoms, self.charges)
        self.sums = np.bincount(first, weights=self.valence, minlength=len(atoms))
        self.starts = np.searchsorted(first, np.arange(len(atoms) + 1))
        self.usual = self._usual(atoms)
        self.distance = np.round(
            np.linalg.norm(atoms.positions - atoms.positions.mean(axis=0), axis=1), 3
        )

    def _usual(self, atoms: Atoms) -> NDArray[np.float64]:
        """Bond valence of ions of each kind inside: the 90th percentile."""
        usual = np.zeros(len(atoms))
        kinds = atoms.numbers * 10 + _region_numbers(atoms)
        for kind in np.unique(kinds[self.charges != 0]):
            members = (kinds == kind) & (self.charges != 0)
            usual[members] = np.quantile(self.sums[members], 0.9)
        return usual

    def take(self, index: int) -> None:
        """Take out one ion, with its whole molecule, and update its neighbours."""
        label = self.molecules[index]
        members = np.array([index]) if label < 0 else np.flatnonzero(self.molecules == label)
        for member in members[~self.gone[members]]:
            self.gone[member] = True
            self.net -= float(self.charges[member])
            bonds = slice(self.starts[member], self.starts[member + 1])
            np.subtract.at(self.sums, self.second[bonds], self.valence[bonds])

    def take_hanging(self) -> None:
        """Step 1: ions that keep too little of their bond valence."""
        share = np.where(np.abs(self.charges) >= 2, LEAST_SHARE, HANGING_SHARE)
        least = share * self.usual - 1e-9
        while True:
            loose = np.flatnonzero(~self.gone & (self.charges != 0) & (self.sums < least))
            if not len(loose):
                return
            for index in loose:
                self.take(int(index))

    def take_excess(self) -> None:
        """Step 2: the least bound ions of the sign in excess."""
        excess = (self.charges != 0) & (self.charges * self.net > 0)
        for pool in (excess & (self.sums < 0.97 * self.usual), excess):
            self._take_from(np.flatnonzero(pool))

    def _take_from(self, pool: NDArray[np.int64]) -> None:
        while abs(self.net) > 1e-6:
            possible = ~self.gone[pool] & (np.abs(self.charges[pool]) <= abs(self.net) + 1e-6)
            candidates = pool[possible]
            if not len(candidates):
                return
            least = np.round(self.sums[candidates], 4)
            weakest = candidates[least == least.min()]
            self.take(int(weakest[np.argmax(self.distance[weakest])]))


def _formula(atoms: Atoms, gone: NDArray[np.bool_]) -> str:
    counts = Counter(atoms[gone].get_chemical_symbols()) if gone.any() else Counter[str]()
    return "".join(f"{symbol}{counts[symbol]}" for symbol in sorted(counts))


def _valences(
    atoms: Atoms, charges: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Bond valences between charged atoms of opposite sign, sorted by the first atom."""
    charged = np.flatnonzero(charges)
    pairs = neighbour_pairs(atoms[charged], 4.5)
    first, second = charged[pairs.first], charged[pairs.second]
    opposite = charges[first] * charges[second] < 0
    first, second, lengths = first[opposite], second[opposite], pairs.distances[opposite]
    soft = np.asarray(atoms.arrays["molecule"]) >= 0
    codes = atoms.numbers[first] * 1000 + atoms.numbers[second]
    codes = codes * 2 + (soft[first] | soft[second])
    kinds, inverse = np.unique(codes, return_inverse=True)
    contacts = np.array([_contact(int(code)) for code in kinds])
    return first, second, np.exp((contacts[inverse] - lengths) / 0.37)


def _contact(code: int) -> float:
    from ase.data import chemical_symbols

    pair, soft = divmod(code, 2)
    one, other = divmod(pair, 1000)
    return contact_distance(chemical_symbols[one], chemical_symbols[other], molecular=bool(soft))


def _region_numbers(atoms: Atoms) -> NDArray[np.int64]:
    regions = atoms.arrays.get("region")
    if regions is None:
        return np.zeros(len(atoms), dtype=np.int64)
    return np.asarray(np.unique(regions, return_inverse=True)[1], dtype=np.int64)
