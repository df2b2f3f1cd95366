"""Springs between atoms: inside molecules, and along the bonds of tetrahedral semiconductors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdstruct.running.mock.tables import covalent_radius
from qdstruct.running.mock.topology import Molecules, Pairs, find_pairs, neighbour_lists
from qdstruct.running.vaspfiles.inputs import PoscarStructure

__all__ = ["Springs", "molecular_springs", "tetrahedral_springs"]

FloatArray = NDArray[np.float64]
_Rows = dict[tuple[int, int, tuple[int, int, int]], tuple[float, float]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Springs:
    """Harmonic springs ½ κ (r − r₀)²."""

    pairs: Pairs
    """Which atoms."""
    rest: FloatArray
    """r₀, Å."""
    constant: FloatArray
    """κ, eV/Å²."""

    @property
    def atoms(self) -> NDArray[np.int64]:
        """Atoms that a spring ends at, ascending."""
        return np.unique(np.concatenate([self.pairs.first, self.pairs.second]))

    def joined(self, more: Springs) -> Springs:
        """Return these springs and `more`."""
        return Springs(
            pairs=Pairs(
                first=np.concatenate([self.pairs.first, more.pairs.first]),
                second=np.concatenate([self.pairs.second, more.pairs.second]),
                image=np.concatenate([self.pairs.image, more.pairs.image]),
            ),
            rest=np.concatenate([self.rest, more.rest]),
            constant=np.concatenate([self.constant, more.constant]),
        )


def molecular_springs(
    structure: PoscarStructure, molecules: Molecules, table: dict[str, Any]
) -> Springs:
    """Return springs across one, two and (between planar atoms) three bonds of molecules.

    Rest lengths are those of tabulated bonds and ideal angles; across a planar bond the nearer of
    the cis and trans distances.
    """
    rows: _Rows = {}
    size = _Sizes(structure.symbols, molecules, table["lengths"])
    for i, j, image in molecules.bonds():
        rows[(i, j, image)] = (size.bond(i, j), table["stretch"])
    for i, j, image, middle, _ in molecules.two_bonds_apart():
        rows.setdefault((i, j, image), (size.across(i, middle, j), table["bend"]))
    for i, c, d, j, _, _, image in molecules.three_bonds_apart():
        vector = structure.positions[j] + np.array(image) @ structure.cell
        now = float(np.linalg.norm(vector - structure.positions[i]))
        choices = size.planar(i, c, d, j)
        rest = choices[int(np.argmin(np.abs(np.array(choices) - now)))]
        reverse = (j, i, (-image[0], -image[1], -image[2]))
        if (i, j, image) not in rows and reverse not in rows:
            rows[(i, j, image)] = (rest, table["twist"])
    return _as_springs(rows)


def tetrahedral_springs(structure: PoscarStructure, table: dict[str, Any]) -> Springs:
    """Return springs along and across the bonds of tetrahedral semiconductors.

    Cation and anion of a listed pair are bonded when they are closer than ``reach`` times the
    length of the bond; two neighbours of one atom are held at the tetrahedral distance √(8/3) d.
    """
    rows: _Rows = {}
    positions, cell = structure.positions, structure.cell
    symbols = np.array(structure.symbols)
    for name, length in table["lengths"].items():
        one, other = (symbols == part for part in name.split("-"))
        if not one.any() or not other.any():
            continue
        pairs = find_pairs(positions, cell, table["reach"] * length)
        pairs = pairs.select(
            (one[pairs.first] & other[pairs.second]) | (other[pairs.first] & one[pairs.second])
        )
        network = neighbour_lists(pairs, len(symbols))
        for i, j, image in network.bonds():
            rows[(i, j, image)] = (length, table["stretch"])
        for i, j, image, _, _ in network.two_bonds_apart():
            rows[(i, j, image)] = (float(np.sqrt(8 / 3)) * length, table["bend"])
    return _as_springs(rows)


def _as_springs(rows: _Rows) -> Springs:
    return Springs(
        pairs=Pairs(
            first=np.array([k[0] for k in rows], dtype=np.int64),
            second=np.array([k[1] for k in rows], dtype=np.int64),
            image=np.array([k[2] for k in rows], dtype=np.int64).reshape(-1, 3),
        ),
        rest=np.array([v[0] for v in rows.values()], dtype=float),
        constant=np.array([v[1] for v in rows.values()], dtype=float),
    )


class _Sizes:
    """Rest lengths from tabulated bonds and ideal angles."""

    def __init__(
        self, symbols: tuple[str, ...], molecules: Molecules, lengths: dict[str, float]
    ) -> None:
        self._symbols = symbols
        self._coordination = [len(n) for n in molecules.neighbours]
        self._lengths = lengths

    def bond(self, i: int, j: int) -> float:
        names = sorted(
            (self._symbols[k], f"{self._symbols[k]}{self._coordination[k]}") for k in (i, j)
        )
        for key in (f"{names[0][1]}-{names[1][1]}", f"{names[0][0]}-{names[1][0]}"):
            if key in self._lengths:
                return float(self._lengths[key])
        return covalent_radius(self._symbols[i]) + covalent_radius(self._symbols[j])

    def angle(self, middle: int) -> float:
        planar = self._coordination[middle] == 3 and self._symbols[middle] == "C"
        return float(np.radians(120.0 if planar else 109.47))

    def across(self, i: int, middle: int, j: int) -> float:
        a, b = self.bond(i, middle), self.bond(middle, j)
        return float(np.sqrt(a * a + b * b - 2 * a * b * np.cos(self.angle(middle))))

    def planar(self, i: int, c: int, d: int, j: int) -> tuple[float, float]:
        a, m, b = self.bond(i, c), self.bond(c, d), self.bond(d, j)
        first, second = self.angle(c), self.angle(d)
        along = m - a * np.cos(first) - b * np.cos(second)
        up, down = a * np.sin(first), b * np.sin(second)
        return float(np.hypot(along, up - down)), float(np.hypot(along, up + down))
