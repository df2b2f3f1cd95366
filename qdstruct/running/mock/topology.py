"""Who is near whom in a periodic cell, and which atoms form molecules."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from qdstruct.running.mock.tables import covalent_radius

__all__ = ["Molecules", "Network", "Pairs", "find_molecules", "find_pairs", "neighbour_lists"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Image = tuple[int, int, int]
Neighbour = tuple[int, Image]

_BONDING = frozenset({"H", "C", "N", "O", "S", "P", "F", "Cl", "Br", "I"})
_HALOGENS = frozenset({"F", "Cl", "Br", "I"})


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Each pair of atoms within a distance once, with the image of the second atom."""

    first: IntArray
    """(P,), index of the first atom."""
    second: IntArray
    """(P,), index of the second atom."""
    image: IntArray
    """(P, 3), lattice translation of the second atom."""

    def vectors(self, positions: FloatArray, cell: FloatArray) -> FloatArray:
        """Return (P, 3) vectors from the first to the second atom, Å."""
        difference: FloatArray = positions[self.second] + self.image @ cell - positions[self.first]
        return difference

    def select(self, mask: NDArray[np.bool_]) -> Pairs:
        """Return the pairs for which `mask` is true."""
        return Pairs(first=self.first[mask], second=self.second[mask], image=self.image[mask])


def find_pairs(positions: FloatArray, cell: FloatArray, cutoff: float) -> Pairs:
    """Return every pair of atoms (images included) closer than `cutoff`.

    Parameters
    ----------
    positions : (N, 3) array
        Cartesian, Å; need not lie inside the cell.
    cell : (3, 3) array
        Lattice vectors, Å.
    cutoff : float
        Å. Any number of images is visited, so the cell may be smaller than the cutoff.
    """
    scaled = np.linalg.solve(cell.T, positions.T).T
    turns = np.floor(scaled).astype(np.int64)
    inside = (scaled - turns) @ cell
    heights = 1.0 / np.linalg.norm(np.linalg.inv(cell), axis=0)
    reach = [int(np.floor(cutoff / height)) + 1 for height in heights]
    later = np.triu(np.ones((len(inside), len(inside)), dtype=bool), k=1)
    difference = inside[None, :, :] - inside[:, None, :]
    found: list[tuple[IntArray, IntArray, IntArray]] = []
    for image in product(*(range(-n, n + 1) for n in reach)):
        if image < (0, 0, 0):
            continue
        shifted = difference + np.asarray(image) @ cell
        near = np.einsum("ijk,ijk->ij", shifted, shifted) < cutoff**2
        if image == (0, 0, 0):
            near &= later
        i, j = np.nonzero(near)
        if len(i):
            found.append((i, j, np.asarray(image) - turns[j] + turns[i]))
    if not found:
        empty = np.zeros(0, dtype=np.int64)
        return Pairs(first=empty, second=empty, image=np.zeros((0, 3), dtype=np.int64))
    return Pairs(
        first=np.concatenate([f[0] for f in found]),
        second=np.concatenate([f[1] for f in found]),
        image=np.concatenate([f[2] for f in found]),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Bonds, and what follows from them."""

    neighbours: tuple[tuple[Neighbour, ...], ...]
    """For each atom the bonded atoms and their images."""

    def bonds(self) -> list[tuple[int, int, Image]]:
        """Return each bond once."""
        return [
            (i, j, s)
            for i, bonded in enumerate(self.neighbours)
            for j, s in bonded
            if _once(i, j, s)
        ]

    def two_bonds_apart(self) -> list[tuple[int, int, Image, int, Image]]:
        """Return (first, second, image of second, middle, image of middle), each once."""
        found = []
        for middle, bonded in enumerate(self.neighbours):
            for (i, a), (j, b) in combinations(bonded, 2):
                found.append((i, j, _minus(b, a), middle, _minus((0, 0, 0), a)))
        return found

    def three_bonds_apart(self) -> list[tuple[int, int, int, int, Image, Image, Image]]:
        """Return chains i-c-d-j across planar bonds: (i, c, d, j, image of c, of d, of j)."""
        found = []
        for c, d, s in self.bonds():
            if len(self.neighbours[c]) != 3 or len(self.neighbours[d]) != 3:
                continue
            for (i, a), (j, b) in product(self.neighbours[c], self.neighbours[d]):
                outward = (i, a) != (d, s) and (j, _plus(b, s)) != (c, (0, 0, 0))
                if outward and (i, a) != (j, _plus(b, s)):
                    back = _minus((0, 0, 0), a)
                    found.append((i, c, d, j, back, _plus(s, back), _plus(_plus(b, s), back)))
        return found


def neighbour_lists(pairs: Pairs, n_atoms: int) -> Network:
    """Return the network in which every one of `pairs` is a bond."""
    neighbours: list[list[Neighbour]] = [[] for _ in range(n_atoms)]
    rows = zip(pairs.first.tolist(), pairs.second.tolist(), pairs.image.tolist(), strict=True)
    for i, j, (x, y, z) in rows:
        neighbours[i].append((j, (x, y, z)))
        neighbours[j].append((i, (-x, -y, -z)))
    return Network(neighbours=tuple(tuple(around) for around in neighbours))


@dataclass(frozen=True, kw_only=True, eq=False)
class Molecules(Network):
    """Molecules among the atoms; ions have no bonds."""

    organic: NDArray[np.bool_]
    """(N,), True for atoms that belong to a molecule."""
    charges: FloatArray
    """(N,), share of the molecule's formal charge that an atom carries, e."""


def _once(i: int, j: int, image: Image) -> bool:
    return (i, (0, 0, 0)) < (j, image) if i != j else image > (0, 0, 0)


def _plus(a: Image, b: Image) -> Image:
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def _minus(a: Image, b: Image) -> Image:
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def find_molecules(symbols: tuple[str, ...], positions: FloatArray, cell: FloatArray) -> Molecules:
    """Find covalently bonded groups that contain hydrogen or carbon.

    Two atoms among H, C, N, O, S, P and halogens are bonded when they are closer than 1.2 times
    the sum of their covalent radii; halogens bond to carbon only, and hydrogen to its nearest
    partner only. Everything else is an ion.
    """
    neighbours = _bonded(symbols, positions, cell)
    organic = _in_molecules(symbols, neighbours)
    kept = tuple(tuple(n) if organic[i] else () for i, n in enumerate(neighbours))
    return Molecules(neighbours=kept, organic=organic, charges=_molecular_charges(symbols, kept))


def _bonded(
    symbols: tuple[str, ...], positions: FloatArray, cell: FloatArray
) -> list[list[Neighbour]]:
    if not {"H", "C"} & set(symbols):
        return [[] for _ in symbols]
    pairs = find_pairs(positions, cell, 2.6)
    lengths = np.linalg.norm(pairs.vectors(positions, cell), axis=1)
    closest: dict[int, float] = {}
    accepted = []
    for index in np.argsort(lengths, kind="stable"):
        i, j = int(pairs.first[index]), int(pairs.second[index])
        if not _may_bond(symbols[i], symbols[j], float(lengths[index])):
            continue
        if any(symbols[k] == "H" and k in closest for k in (i, j)):
            continue
        closest.setdefault(i, float(lengths[index]))
        closest.setdefault(j, float(lengths[index]))
        accepted.append(index)
    bonded = neighbour_lists(pairs.select(np.isin(np.arange(len(lengths)), accepted)), len(symbols))
    return [list(around) for around in bonded.neighbours]


def _may_bond(a: str, b: str, length: float) -> bool:
    if not {a, b} <= _BONDING or a == b == "H":
        return False
    if (a in _HALOGENS and b != "C") or (b in _HALOGENS and a != "C"):
        return False
    return length < 1.2 * (covalent_radius(a) + covalent_radius(b))


def _in_molecules(symbols: tuple[str, ...], neighbours: list[list[Neighbour]]) -> NDArray[np.bool_]:
    organic = np.zeros(len(symbols), dtype=bool)
    for start, symbol in enumerate(symbols):
        if symbol not in ("H", "C") or organic[start] or not neighbours[start]:
            continue
        stack = [start]
        while stack:
            atom = stack.pop()
            if not organic[atom]:
                organic[atom] = True
                stack.extend(j for j, _ in neighbours[atom])
    return organic


def _molecular_charges(
    symbols: tuple[str, ...], neighbours: tuple[tuple[Neighbour, ...], ...]
) -> FloatArray:
    charges = np.zeros(len(symbols))
    for atom, bonded in enumerate(neighbours):
        around = [j for j, _ in bonded]
        if symbols[atom] == "N" and len(around) == 4:
            protons = [j for j in around if symbols[j] == "H"] or [atom]
            charges[protons] += 1.0 / len(protons)
        elif symbols[atom] == "C" and _is_amidinium(symbols, around):
            protons = [
                h
                for n in around
                if symbols[n] == "N"
                for h, _ in neighbours[n]
                if symbols[h] == "H"
            ]
            charges[protons] += 1.0 / len(protons)
        elif symbols[atom] == "C":
            bare = [j for j in around if symbols[j] == "O" and len(neighbours[j]) == 1]
            if len(bare) == 2:
                charges[bare] -= 0.5
        elif symbols[atom] == "S" and len(around) == 1:
            charges[atom] -= 1.0
    return charges


def _is_amidinium(symbols: tuple[str, ...], around: list[int]) -> bool:
    return sorted(symbols[j] for j in around) == ["H", "N", "N"]
