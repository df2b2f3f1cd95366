"""Reads INCAR, KPOINTS and POSCAR as VASP does, with nothing but numpy."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError

__all__ = ["Incar", "KpointMesh", "PoscarStructure", "read_incar", "read_kpoints", "read_poscar"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class PoscarStructure:
    """A periodic cell as POSCAR states it; atoms keep the order of the file."""

    comment: str
    """First line of the file."""
    cell: FloatArray
    """(3, 3), rows are lattice vectors, Å."""
    scaled: FloatArray
    """(N, 3), fractional coordinates."""
    symbols: tuple[str, ...]
    """Element of each atom."""
    groups: tuple[tuple[str, int], ...]
    """Consecutive runs of one element: (symbol, count), as in the two header lines."""
    selective: NDArray[np.bool_] | None = None
    """(N, 3), True where the coordinate may move; None without selective dynamics."""

    @property
    def volume(self) -> float:
        """Cell volume, Å³."""
        return abs(float(np.linalg.det(self.cell)))

    @property
    def positions(self) -> FloatArray:
        """(N, 3), Cartesian, Å."""
        return self.scaled @ self.cell

    def moved(
        self, scaled: NDArray[np.floating[Any]], cell: FloatArray | None = None
    ) -> PoscarStructure:
        """Return the same atoms elsewhere."""
        return PoscarStructure(
            comment=self.comment,
            cell=self.cell if cell is None else cell,
            scaled=np.asarray(scaled, dtype=float),
            symbols=self.symbols,
            groups=self.groups,
            selective=self.selective,
        )


@dataclass(frozen=True, kw_only=True)
class Incar:
    """The tags of an INCAR file, and what VASP assumes where a tag is absent."""

    tags: dict[str, str] = field(default_factory=dict)
    """Upper-case tag → text to the right of the equals sign."""

    def text(self, tag: str, default: str) -> str:
        """Return the first word of a tag."""
        words = self.tags.get(tag, "").split()
        return words[0] if words else default

    def integer(self, tag: str, default: int) -> int:
        """Return a tag as an integer."""
        return int(self._number(tag, default))

    def real(self, tag: str, default: float) -> float:
        """Return a tag as a real number; Fortran's ``1D-5`` is understood."""
        return self._number(tag, default)

    def flag(self, tag: str, default: bool) -> bool:
        """Return a logical tag; ``.TRUE.``, ``T``, ``.F.`` and the like are understood."""
        if tag not in self.tags:
            return default
        first = self.text(tag, "").strip(".").upper()[:1]
        if first not in ("T", "F"):
            raise InputError(
                f"INCAR: {tag} = {self.tags[tag]!r} is not a logical value",
                hint="write .TRUE. or .FALSE.",
            )
        return first == "T"

    def reals(self, tag: str) -> list[float]:
        """Return a list of numbers; ``3*0.5`` repeats; empty when the tag is absent."""
        values: list[float] = []
        for word in self.tags.get(tag, "").split():
            times, _, value = word.rpartition("*")
            values += [_to_float(value, tag)] * (int(times) if times else 1)
        return values

    def _number(self, tag: str, default: float) -> float:
        return _to_float(self.text(tag, repr(default)), tag)


def _to_float(word: str, tag: str) -> float:
    try:
        return float(word.upper().replace("D", "E"))
    except ValueError as error:
        raise InputError(f"INCAR: {tag} = {word!r} is not a number") from error


def _text(path: Path) -> str:
    try:
        content = path.read_text()
    except FileNotFoundError as error:
        raise InputError(
            f"{path.name}: no such file in {path.parent.resolve()}",
            hint="run inside a job directory with INCAR, POSCAR and KPOINTS",
        ) from error
    if not content.strip() and path.name != "INCAR":
        raise InputError(f"{path.name} is empty")
    return content


def read_incar(path: Path) -> Incar:
    """Read an INCAR file: comments, several tags on a line and continuation lines.

    Raises
    ------
    InputError
        If the file is missing or a line is neither a tag nor a comment.
    """
    text = _text(path).replace("\\\n", " ")
    tags: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        for part in re.split(r"[#!]", line, maxsplit=1)[0].split(";"):
            if not part.strip():
                continue
            name, equals, value = part.partition("=")
            if equals and name.strip():
                tags.setdefault(name.strip().upper(), value.strip().strip('"'))
            elif number > 1:
                raise InputError(f"INCAR line {number}: expected TAG = value, found {part!r}")
    return Incar(tags=tags)


def read_poscar(path: Path) -> PoscarStructure:
    """Read a POSCAR file of VASP 5 or later (element symbols on line six).

    Raises
    ------
    InputError
        If the file is missing, truncated or malformed; the line is named.
    """
    lines = _text(path).splitlines()
    try:
        return _parse_poscar(lines)
    except (ValueError, IndexError) as error:
        raise InputError(
            f"{path.name}: not a POSCAR file of VASP 5 or later ({error})",
            hint="it needs comment, scale, three vectors, elements, counts, mode, coordinates",
        ) from error


def _parse_poscar(lines: list[str]) -> PoscarStructure:
    cell = np.array([line.split()[:3] for line in lines[2:5]], dtype=float)
    scale = [float(word) for word in lines[1].split()[:3]]
    if scale[0] < 0:
        factor = np.full(3, np.cbrt(-scale[0] / abs(np.linalg.det(cell))))
    else:
        factor = np.array(scale if len(scale) == 3 else scale[:1] * 3)
    cell = cell * factor
    names = [re.split(r"[_/]", word)[0] for word in lines[5].split()]
    if not names or any(not re.fullmatch(r"[A-Z][a-z]?", name) for name in names):
        raise ValueError(f"line 6 has no element symbols: {lines[5]!r}")
    counts = [int(word) for word in lines[6].split("!")[0].split()]
    if len(counts) != len(names) or min(counts) < 1:
        raise ValueError(f"line 7 does not give one count for each of {' '.join(names)}")
    selective = lines[7].strip()[:1] in ("S", "s")
    first = 9 if selective else 8
    cartesian = lines[first - 1].strip()[:1] in ("C", "c", "K", "k")
    rows = [line.split() for line in lines[first : first + sum(counts)]]
    if len(rows) != sum(counts):
        raise ValueError(f"{sum(counts)} atoms announced, {len(rows)} lines of coordinates found")
    coordinates = np.array([row[:3] for row in rows], dtype=float)
    if coordinates.shape != (sum(counts), 3):
        raise ValueError("a coordinate line has fewer than three numbers")
    if abs(np.linalg.det(cell)) < 1e-6:
        raise ValueError("the lattice vectors span no volume")
    if cartesian:
        coordinates = np.linalg.solve(cell.T, (coordinates * factor).T).T
    flags = np.array([[w.upper().strip(".")[:1] == "T" for w in r[3:6]] for r in rows])
    return PoscarStructure(
        comment=lines[0].strip(),
        cell=cell,
        scaled=coordinates,
        symbols=tuple(s for s, n in zip(names, counts, strict=True) for _ in range(n)),
        groups=tuple(zip(names, counts, strict=True)),
        selective=flags.reshape(-1, 3) if selective else None,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class KpointMesh:
    """k-points after time-reversal symmetry, in fractions of the reciprocal vectors."""

    style: str
    """``Gamma``, ``Monkhorst-Pack`` or ``Explicit``."""
    divisions: tuple[int, int, int]
    """Subdivisions along the reciprocal vectors; (0, 0, 0) for an explicit list."""
    shift: tuple[float, float, float]
    """Shift of the mesh, in units of its step."""
    points: FloatArray
    """(K, 3)."""
    weights: FloatArray
    """(K,), summing to one."""


def read_kpoints(path: Path, incar: Incar, cell: FloatArray) -> KpointMesh:
    """Read KPOINTS, or make the mesh of KSPACING (default 0.5 1/Å) when the file is absent.

    Parameters
    ----------
    path : Path
        The KPOINTS file.
    incar : Incar
        For ``KSPACING`` and ``KGAMMA``.
    cell : (3, 3) array
        Lattice vectors, Å.

    Raises
    ------
    InputError
        If the file exists but is malformed.
    """
    lengths = 2 * np.pi * np.linalg.norm(np.linalg.inv(cell), axis=0)
    if not path.exists():
        spacing = incar.real("KSPACING", 0.5)
        divisions = tuple(max(1, int(np.ceil(length / spacing - 1e-9))) for length in lengths)
        style = "Gamma" if incar.flag("KGAMMA", True) else "Monkhorst-Pack"
        return _automatic(style, divisions, (0.0, 0.0, 0.0))
    lines = [line.split("!")[0] for line in _text(path).splitlines()]
    try:
        return _parse_kpoints(lines, cell, lengths)
    except (ValueError, IndexError) as error:
        raise InputError(f"{path.name}: not a KPOINTS file ({error})") from error


def _parse_kpoints(lines: list[str], cell: FloatArray, lengths: FloatArray) -> KpointMesh:
    count = int(lines[1].split()[0])
    kind = lines[2].strip()[:1].upper()
    if count == 0 and kind == "A":
        size = float(lines[3].split()[0])
        divisions = tuple(max(1, int(size * length / (2 * np.pi) + 0.5)) for length in lengths)
        return _automatic("Gamma", divisions, (0.0, 0.0, 0.0))
    if count == 0:
        if kind not in ("G", "M"):
            raise ValueError(f"line 3 is neither Gamma nor Monkhorst-Pack: {lines[2]!r}")
        divisions = tuple(int(word) for word in lines[3].split()[:3])
        shift = tuple(float(w) for w in lines[4].split()[:3]) if len(lines) > 4 else ()
        style = "Gamma" if kind == "G" else "Monkhorst-Pack"
        return _automatic(style, divisions, shift or (0.0, 0.0, 0.0))
    if kind == "L":
        points = _line_mode(lines[4:], count)
        weights = np.ones(len(points))
        cartesian = lines[3].strip()[:1].upper() in ("C", "K")
    else:
        rows = np.array([line.split()[:4] for line in lines[3 : 3 + count]], dtype=float)
        points, weights, cartesian = rows[:, :3], rows[:, 3], kind in ("C", "K")
    if cartesian:
        points = points @ cell.T / np.linalg.norm(cell[0])
    return KpointMesh(
        style="Explicit",
        divisions=(0, 0, 0),
        shift=(0.0, 0.0, 0.0),
        points=points,
        weights=weights / weights.sum(),
    )


def _line_mode(lines: list[str], count: int) -> FloatArray:
    ends = np.array([line.split()[:3] for line in lines if line.strip()], dtype=float)
    steps = np.linspace(0, 1, count)[:, None]
    return np.concatenate([a + steps * (b - a) for a, b in zip(ends[::2], ends[1::2], strict=True)])


def _automatic(style: str, divisions: tuple[int, ...], shift: tuple[float, ...]) -> KpointMesh:
    if len(divisions) != 3 or min(divisions) < 1:
        raise ValueError(f"subdivisions {divisions} are not three positive integers")
    axes = []
    for n, s in zip(divisions, shift, strict=True):
        offset = s if style == "Gamma" else s + 0.5 * (1 - n % 2)
        axes.append((np.arange(n) + offset) / n)
    mesh = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    mesh = mesh - np.round(mesh - 1e-9)
    kept: list[FloatArray] = []
    weights: list[float] = []
    seen: dict[tuple[int, ...], int] = {}
    for point in mesh:
        mirror = seen.get(_key(-point))
        if mirror is None:
            seen[_key(point)] = len(kept)
            kept.append(point)
            weights.append(1.0)
        else:
            weights[mirror] += 1.0
    total = np.array(weights)
    return KpointMesh(
        style=style,
        divisions=(divisions[0], divisions[1], divisions[2]),
        shift=(shift[0], shift[1], shift[2]),
        points=np.array(kept),
        weights=total / total.sum(),
    )


def _key(point: FloatArray) -> tuple[int, ...]:
    return tuple(round(x) for x in np.mod(point, 1.0) * 1e7 % 9999999.5)
