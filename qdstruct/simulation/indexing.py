"""Find which phase along which zone axis gives a set of spots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.geometry import SpaceGroup, reduce_miller
from qdstruct.model.patterns import IndexedSpot, SpotIndexing
from qdstruct.simulation.electron import zone_axis_pattern
from qdstruct.simulation.families import crystal_symmetry, family_keys, systematically_absent
from qdstruct.simulation.scattering_factors import electron_factor
from qdstruct.simulation.structure_factor import check_periodic, element_sums, reflections

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["index_overlapping", "index_spots"]

Miller = tuple[int, int, int]
Point = tuple[float, float]
WEAK = 1e-6
STRONG = 0.05
MAX_BASIS_SPOTS = 6
"""Pairs of the shortest spots are tried as the basis of the pattern."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Crystal:
    """All reflections of one phase that may explain a spot."""

    name: str
    atoms: Atoms
    group: SpaceGroup | None
    hkl: NDArray[np.int64]
    g: NDArray[np.float64]
    length: NDArray[np.float64]
    intensity: NDArray[np.float64]
    representative: NDArray[np.bool_]
    """One of each symmetry family: enough as first of the two basis reflections."""


def index_spots(
    spots: Sequence[Point],
    candidates: Sequence[tuple[str, Atoms]],
    *,
    tolerance: float = 0.03,
    angle_tolerance: float = 2.0,
    limit: int = 10,
) -> tuple[SpotIndexing, ...]:
    """Rank phases and zone axes by how well they explain measured spots.

    Parameters
    ----------
    spots : sequence of (x, y)
        Positions in 1/Å, x to the right and y upwards; one of each pair ±g is enough.
    candidates : sequence of (name, Atoms)
        Phases to try; indices refer to their cells.
    tolerance : float
        Relative error of a length (calibration of the microscope included).
    angle_tolerance : float
        Error of an angle between two spots, degrees.
    limit : int
        How many explanations to return.

    Returns
    -------
    tuple of SpotIndexing
        Best score first; zone axes that the crystal's symmetry makes equal appear once. A pattern
        has a centre of symmetry, so a zone and its opposite, turned, fit equally well; the one
        returned keeps the sense of rotation of the image.

    Raises
    ------
    InputError
        Fewer than two spots that are not on a line, tolerances out of range, or no explanation.

    Notes
    -----
    Pairs of short spots are compared with pairs of allowed reflections by length and angle; each
    pair that fits fixes zone and turn, the turn is refined on all spots, and the score counts what
    is explained (`SpotIndexing.score`). Kinematic absences are respected.
    """
    measured = _measured(spots, tolerance, angle_tolerance)
    found: dict[tuple[str, Miller], SpotIndexing] = {}
    for name, atoms in candidates:
        crystal = _crystal(name, atoms, float(np.abs(measured).max()) * (1 + tolerance))
        for explanation in _explanations(crystal, measured, tolerance, angle_tolerance):
            key = (name, _zone_family(explanation.zone, crystal.group))
            if key not in found or explanation.score > found[key].score + 1e-9:
                found[key] = explanation
    if not found:
        raise InputError(
            f"none of {', '.join(name for name, _ in candidates)} explains the spots within "
            f"{100 * tolerance:g} % and {angle_tolerance:g}°",
            hint="check the pixel size, raise the tolerance, or offer another phase",
        )
    ranked = sorted(found.values(), key=lambda explanation: -explanation.score)
    return tuple(ranked[:limit])


def index_overlapping(
    spots: Sequence[Point],
    candidates: Sequence[tuple[str, Atoms]],
    *,
    crystals: int = 2,
    tolerance: float = 0.03,
    angle_tolerance: float = 2.0,
) -> tuple[SpotIndexing, ...]:
    """Explain the spots of several overlapping crystals, one after the other.

    The best explanation is taken, its spots are removed, and the rest is indexed again; a crystal
    is accepted while at least two spots that are not on a line remain and can be explained.

    Parameters
    ----------
    spots, candidates, tolerance, angle_tolerance
        As `index_spots`.
    crystals : int
        Largest number of crystals.

    Returns
    -------
    tuple of SpotIndexing
        One per crystal, in the order found. Parallel zones and the difference of the turns are
        their orientation relation.
    """
    rest = [(float(x), float(y)) for x, y in spots]
    found: list[SpotIndexing] = []
    for _ in range(crystals):
        try:
            best = index_spots(
                rest,
                candidates,
                tolerance=tolerance,
                angle_tolerance=angle_tolerance,
                limit=1,
            )[0]
        except InputError:
            if not found:
                raise
            break
        found.append(best)
        explained = {spot.measured for spot in best.spots}
        rest = [spot for spot in rest if spot not in explained]
    return tuple(found)


def _measured(
    spots: Sequence[Point], tolerance: float, angle_tolerance: float
) -> NDArray[np.complex128]:
    values = np.array([complex(x, y) for x, y in spots])
    if not (0 < tolerance < 0.3 and 0 < angle_tolerance < 20):
        raise InputError(
            f"tolerances of {tolerance:g} and {angle_tolerance:g}° are impossible",
            hint="0 to 0.3 (relative length) and 0 to 20 degrees",
        )
    if len(values) < 2 or not np.isfinite(values).all() or (np.abs(values) == 0).any():
        raise InputError(
            "at least two spots are needed, none of them at the origin",
            hint="give spots as 'x,y;x,y' in 1/Å from the undiffracted beam",
        )
    if np.abs(np.sin(np.angle(values / values[0]))).max() < np.sin(np.radians(5)):
        raise InputError(
            "all spots lie on one line through the origin: no zone axis follows",
            hint="add a spot in another direction",
        )
    return values


def _crystal(name: str, atoms: Atoms, max_g: float) -> _Crystal:
    check_periodic(atoms, name)
    half = reflections(np.asarray(atoms.cell), max_g)
    if len(half) == 0:
        empty = np.zeros(0)
        return _Crystal(
            name=name,
            atoms=atoms,
            group=None,
            hkl=np.zeros((0, 3), dtype=np.int64),
            g=np.zeros((0, 3)),
            length=empty,
            intensity=empty,
            representative=np.zeros(0, dtype=bool),
        )
    total = np.zeros(len(half), dtype=complex)
    for symbol, sums in element_sums(atoms, half).items():
        total += electron_factor(symbol, half.length / 2) * sums
    intensity = np.abs(total) ** 2
    group = crystal_symmetry(atoms)
    allowed = ~systematically_absent(half.hkl, group) & (intensity > WEAK * intensity.max())
    half, intensity = half.pick(allowed), intensity[allowed]
    _, first = np.unique(family_keys(half.hkl, group), return_index=True)
    representative = np.zeros(2 * len(half), dtype=bool)
    representative[first] = True
    return _Crystal(
        name=name,
        atoms=atoms,
        group=group,
        hkl=np.concatenate([half.hkl, -half.hkl]),
        g=np.concatenate([half.g, -half.g]),
        length=np.concatenate([half.length, half.length]),
        intensity=np.concatenate([intensity, intensity]),
        representative=representative,
    )


def _explanations(
    crystal: _Crystal,
    measured: NDArray[np.complex128],
    tolerance: float,
    angle_tolerance: float,
) -> list[SpotIndexing]:
    order = np.argsort(np.abs(measured), kind="stable")[:MAX_BASIS_SPOTS]
    tried: set[tuple[Miller, int]] = set()
    found = []
    for i, j in combinations(order.tolist(), 2):
        for first, second in _pairs(crystal, measured[i], measured[j], tolerance, angle_tolerance):
            zone, x = _frame(crystal, first, second, measured[i], measured[j])
            turn = float(np.angle(measured[i] / _place(crystal.g[first], x)))
            key = (zone, round(np.degrees(turn) / angle_tolerance))
            if key in tried:
                continue
            tried.add(key)
            explanation = _explain(crystal, measured, zone, x, turn, tolerance)
            if explanation is not None:
                found.append(explanation)
    return found


def _pairs(
    crystal: _Crystal, one: complex, two: complex, tolerance: float, angle_tolerance: float
) -> list[tuple[int, int]]:
    """Return pairs of reflections with the lengths of two spots and the angle between them."""
    if abs(np.sin(np.angle(two / one))) < np.sin(np.radians(5)):
        return []
    fits_one = np.abs(crystal.length / abs(one) - 1) <= tolerance
    fits_two = np.flatnonzero(np.abs(crystal.length / abs(two) - 1) <= tolerance)
    found = []
    for first in np.flatnonzero(fits_one & crystal.representative).tolist():
        cosine = crystal.g[fits_two] @ crystal.g[first]
        cosine /= crystal.length[fits_two] * crystal.length[first]
        angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
        wanted = abs(np.degrees(np.angle(two / one)))
        near = np.abs(angle - wanted) <= angle_tolerance
        found += [(first, int(second)) for second in fits_two[near]]
    return found


def _frame(
    crystal: _Crystal, first: int, second: int, one: complex, two: complex
) -> tuple[Miller, NDArray[np.float64]]:
    """Return the zone and the (2, 3) axes of a pattern that turns like the image."""
    h1, h2 = crystal.hkl[first], crystal.hkl[second]
    cross = np.cross(h1, h2)
    if np.angle(two / one) < 0:
        cross = -cross
    zone = reduce_miller(cross)
    direction = np.asarray(zone) @ np.asarray(crystal.atoms.cell)
    direction = direction / np.linalg.norm(direction)
    x = crystal.g[first] / crystal.length[first]
    return zone, np.array([x, np.cross(direction, x)])


def _place(g: NDArray[np.float64], axes: NDArray[np.float64]) -> complex:
    x, y = axes @ g
    return complex(x, y)


def _explain(
    crystal: _Crystal,
    measured: NDArray[np.complex128],
    zone: Miller,
    axes: NDArray[np.float64],
    turn: float,
    tolerance: float,
) -> SpotIndexing | None:
    members = np.flatnonzero(crystal.hkl @ np.asarray(zone) == 0)
    flat = crystal.g[members] @ axes.T
    places = flat[:, 0] + 1j * flat[:, 1]
    for _ in range(2):
        turned = places * np.exp(1j * turn)
        distance = np.abs(measured[:, None] - turned[None, :])
        nearest = distance.argmin(axis=1)
        error = distance[np.arange(len(measured)), nearest] / np.abs(measured)
        fits = error <= 1.5 * tolerance
        if fits.sum() < 2:
            return None
        turn += float(np.angle((measured[fits] * turned[nearest[fits]].conj()).sum()))
    turned = places * np.exp(1j * turn)
    kept = np.flatnonzero(fits)
    error = np.abs(measured[kept] - turned[nearest[kept]]) / np.abs(measured[kept])
    rms = float(np.sqrt((error**2).mean()))
    missing = _missing(crystal.intensity[members], turned, measured, tolerance)
    return SpotIndexing(
        phase=crystal.name,
        zone=zone,
        turn=_turn_of_pattern(crystal, zone, axes, turn),
        spots=tuple(
            IndexedSpot(
                hkl=_as_tuple(crystal.hkl[members[nearest[i]]]),
                measured=(float(measured[i].real), float(measured[i].imag)),
                predicted=(float(turned[nearest[i]].real), float(turned[nearest[i]].imag)),
            )
            for i in kept.tolist()
        ),
        n_spots=len(measured),
        rms=rms,
        missing=missing,
        score=float(len(kept) / len(measured) - 0.25 * rms / tolerance - 0.25 * missing),
    )


def _as_tuple(hkl: NDArray[np.int64]) -> Miller:
    h, k, l = (int(index) for index in hkl)  # noqa: E741 - the crystallographer's letters
    return (h, k, l)


def _missing(
    intensity: NDArray[np.float64],
    turned: NDArray[np.complex128],
    measured: NDArray[np.complex128],
    tolerance: float,
) -> float:
    """Return the part of the strong predicted spots that were not measured (±g count as one)."""
    strong = turned[intensity >= STRONG * intensity.max()]
    strong = strong[np.abs(strong) <= np.abs(measured).max()]
    if len(strong) == 0:
        return 0.0
    both = np.concatenate([measured, -measured])
    nearest = np.abs(strong[:, None] - both[None, :]).min(axis=1)
    return float((nearest > 1.5 * tolerance * np.abs(strong)).mean())


def _turn_of_pattern(
    crystal: _Crystal, zone: Miller, axes: NDArray[np.float64], turn: float
) -> float:
    """Return the turn relative to the x axis that `zone_axis_pattern` gives the zone, degrees."""
    longest = float(crystal.length[crystal.hkl @ np.asarray(zone) == 0].min()) * 1.01
    pattern = zone_axis_pattern(crystal.atoms, name=crystal.name, zone=zone, max_g=longest)
    first = next(spot for spot in pattern.spots if not spot.forbidden)
    g = np.asarray(first.hkl) @ np.linalg.inv(np.asarray(crystal.atoms.cell)).T
    here = np.degrees(np.angle(_place(g, axes)) + turn) - first.angle
    return float((here + 180) % 360 - 180)


def _zone_family(zone: Miller, group: SpaceGroup | None) -> Miller:
    """Return the last, in lexicographic order, of the zones equivalent by symmetry."""
    if group is None:
        return max(zone, _as_tuple(-np.asarray(zone)))
    images = np.unique(group.rotations, axis=0) @ np.asarray(zone)
    return max(_as_tuple(sign * image) for image in images for sign in (1, -1))
