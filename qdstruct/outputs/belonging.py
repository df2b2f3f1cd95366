"""Which calculations belong together: an interface and its two parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.outputs.sketch import CalculationSketch

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["InterfaceParts", "interface_parts"]

CELL_TOLERANCE = 1e-3
"""Å by which the cell vectors of the three may differ."""
POSITION_TOLERANCE = 0.01
"""Å by which an atom of a part may lie off its place in the whole and still be the same atom."""
MOVED = 1.5
"""Å up to which it is called a moved atom, not another one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class InterfaceParts:
    """Three calculations: an interface, and what lies above and below its plane, each alone."""

    whole: CalculationSketch
    """The interface AB."""
    film: CalculationSketch
    """The part that lies higher along the normal."""
    substrate: CalculationSketch
    """The part that lies lower."""
    regions: tuple[str, ...]
    """``film`` or ``substrate`` for each atom of the whole."""
    problems: tuple[str, ...]
    """Why densities of the three cannot be subtracted; empty when they can."""
    note: str
    """How film and substrate were told apart."""


def interface_parts(
    sketches: Sequence[CalculationSketch], axis: int = 2
) -> tuple[InterfaceParts, ...]:
    """Find every triple AB, A, B among calculations, those fit for a charge difference first.

    A and B belong to AB when their atoms together have the composition of AB, their cells are that
    of AB and every atom lies within 1.5 Å of an atom of AB. The densities can be subtracted
    (``problems`` is empty) when, moreover, every atom is exactly in place, the three have a CHGCAR
    and their grids agree. Of AB, A or B calculated in several directories (relaxation, static run,
    DOS) only the combination with the fewest problems is kept.

    Parameters
    ----------
    sketches : sequence of CalculationSketch
        What `sketch_calculation` made of the directories found.
    axis : int
        Cell vector that crosses the interface.
    """
    known = [each for each in sketches if each.atoms is not None]
    best: dict[tuple[str, ...], InterfaceParts] = {}
    for whole in known:
        parts = [(each, found) for each in known if (found := _places(whole, each)) is not None]
        for (first, first_places), (second, second_places) in combinations(parts, 2):
            places = np.concatenate([first_places, second_places])
            if len(places) != len(_atoms(whole)) or len(set(places.tolist())) != len(places):
                continue
            triple = _triple(whole, (first, first_places), (second, second_places), axis)
            key = (_formula(whole), *sorted((_formula(first), _formula(second))))
            if key not in best or len(triple.problems) < len(best[key].problems):
                best[key] = triple
    return tuple(
        sorted(best.values(), key=lambda triple: (len(triple.problems), triple.whole.name))
    )


def _atoms(sketch: CalculationSketch) -> Atoms:
    assert sketch.atoms is not None
    return sketch.atoms


def _formula(sketch: CalculationSketch) -> str:
    return str(_atoms(sketch).get_chemical_formula())


def _places(whole: CalculationSketch, part: CalculationSketch) -> NDArray[np.int64] | None:
    """Return the atom of `whole` at each atom of a smaller `part`; None if it is no part of it."""
    large, small = _atoms(whole), _atoms(part)
    if len(small) >= len(large):
        return None
    if np.abs(np.asarray(large.cell) - np.asarray(small.cell)).max() > CELL_TOLERANCE:
        return None
    if Counter(small.get_chemical_symbols()) - Counter(large.get_chemical_symbols()):
        return None
    distances = _distances(small, large)
    nearest = distances.argmin(axis=1)
    reach = distances[np.arange(len(small)), nearest]
    return nearest if reach.max() <= MOVED and len(set(nearest.tolist())) == len(small) else None


def _distances(part: Atoms, whole: Atoms) -> NDArray[np.float64]:
    """Return the distance of each atom of `part` to each of `whole`, infinite between elements."""
    apart = (
        part.get_scaled_positions(wrap=False)[:, None]
        - whole.get_scaled_positions(wrap=False)[None]
    )
    distance = np.linalg.norm((apart - np.round(apart)) @ np.asarray(whole.cell), axis=2)
    distance[part.numbers[:, None] != whole.numbers[None]] = np.inf
    return np.asarray(distance, dtype=np.float64)


def _triple(
    whole: CalculationSketch,
    first: tuple[CalculationSketch, NDArray[np.int64]],
    second: tuple[CalculationSketch, NDArray[np.int64]],
    axis: int,
) -> InterfaceParts:
    height, note = _heights(_atoms(whole), axis)
    upper, lower = (
        (first, second) if height[first[1]].mean() > height[second[1]].mean() else (second, first)
    )
    regions = np.full(len(height), "substrate", dtype=object)
    regions[upper[1]] = "film"
    return InterfaceParts(
        whole=whole,
        film=upper[0],
        substrate=lower[0],
        regions=tuple(str(region) for region in regions),
        problems=tuple(_problems(whole, upper[0]) + _problems(whole, lower[0])),
        note=note,
    )


def _heights(atoms: Atoms, axis: int) -> tuple[NDArray[np.float64], str]:
    """Return fractions along `axis` counted from the middle of the widest empty stretch."""
    fractions = atoms.get_scaled_positions(wrap=False)[:, axis] % 1.0
    ordered = np.sort(fractions)
    gaps = np.diff(np.append(ordered, ordered[0] + 1.0))
    widest = int(gaps.argmax())
    start = ordered[widest] + gaps[widest] / 2
    empty = gaps[widest] * float(np.linalg.norm(np.asarray(atoms.cell)[axis]))
    note = f"the part that lies higher above the widest empty stretch ({empty:.1f} Å) is the film"
    return (fractions - start) % 1.0, note


def _problems(whole: CalculationSketch, part: CalculationSketch) -> list[str]:
    problems = [
        f"{each.name} has no CHGCAR" for each in (whole, part) if "CHGCAR" not in each.found.files
    ]
    if not problems and whole.shape != part.shape:
        problems.append(
            f"{part.name} has a grid of {_times(part)} points, {whole.name} one of {_times(whole)}"
        )
    reach = _distances(_atoms(part), _atoms(whole)).min(axis=1)
    if reach.max() > POSITION_TOLERANCE:
        problems.append(
            f"atom {int(reach.argmax()) + 1} of {part.name} lies {reach.max():.3f} Å from its "
            f"place in {whole.name}"
        )
    return problems


def _times(sketch: CalculationSketch) -> str:
    return " × ".join(str(n) for n in sketch.shape) if sketch.shape else "no"
