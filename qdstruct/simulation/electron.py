"""Kinematic electron diffraction: spots of one zone axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.geometry import reduce_miller
from qdstruct.model.patterns import Spot, SpotPattern
from qdstruct.simulation.displacements import without
from qdstruct.simulation.families import crystal_symmetry, systematically_absent
from qdstruct.simulation.scattering_factors import electron_factor
from qdstruct.simulation.structure_factor import (
    Reflections,
    check_periodic,
    element_sums,
    zone_reflections,
)

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "ZoneReflections",
    "pattern_axes",
    "zone_axis_pattern",
    "zone_frame",
    "zone_structure_factors",
]

Miller = tuple[int, int, int]
FORBIDDEN_FRACTION = 1e-9
"""|F|² below this part of the strongest spot's is zero to rounding."""


def zone_axis_pattern(
    atoms: Atoms,
    *,
    name: str,
    zone: tuple[int, int, int],
    max_g: float = 1.0,
    b_iso: dict[str, float] | None = None,
) -> SpotPattern:
    """Return the spots of the zero-order Laue zone of one zone axis.

    Parameters
    ----------
    atoms : Atoms
        One periodic cell. Zone and spots are indexed in its axes.
    name : str
        What the pattern is called.
    zone : three integers
        Direction [uvw] that points from the crystal to the observer; a common factor is divided
        out.
    max_g : float
        Largest 1/d in 1/Å.
    b_iso : dict, optional
        Isotropic displacement B in Å² by element, in place of tensors ``u_cartesian`` of these
        atoms (see `powder_pattern`); 0 where not given.

    Returns
    -------
    SpotPattern
        Spots by length (ties by angle), direct beam left out. x points along the shortest allowed
        reflection (of several, the one with the largest h, then k, then l), y is zone × x, angles
        run counter-clockwise from x.

    Raises
    ------
    InputError
        Zone 0,0,0, max_g not positive, or no spot inside max_g.

    Notes
    -----
    Spots satisfy hu + kv + lw = 0. I = |F|², F = Σ f_e(s) exp(−B s²) exp(2πi h·x), with f_e by
    Mott–Bethe. Forbidden spots are kept and marked: those absent by the space group, and those
    whose |F|² vanishes (special positions). `double_diffraction` marks the forbidden ones that are
    the sum of two allowed ones, which a thick crystal lights up.
    """
    found = zone_structure_factors(atoms, name=name, zone=zone, max_g=max_g, b_iso=b_iso)
    positions = zone_frame(found, atoms, zone)
    intensity = np.where(found.forbidden, 0.0, np.abs(found.factors) ** 2)
    strongest = intensity[~found.forbidden].max() if (~found.forbidden).any() else 1.0
    return SpotPattern(
        phase=name,
        zone=reduce_miller(zone),
        spots=_spots(found, positions, 100 * intensity / strongest),
        max_g=float(max_g),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class ZoneReflections:
    """The reflections of one zone, both of each Friedel pair."""

    hkl: NDArray[np.int64]
    """(M, 3)."""
    g: NDArray[np.float64]
    """(M, 3) reciprocal vectors in the frame of the atoms, 1/Å."""
    length: NDArray[np.float64]
    """(M,) 1/d in 1/Å."""
    factors: NDArray[np.complex128]
    """(M,) F = Σ f_e exp(−B s²) exp(2πi h·x) in Å."""
    forbidden: NDArray[np.bool_]
    """(M,) F vanishes by symmetry."""


def zone_structure_factors(
    atoms: Atoms,
    *,
    name: str,
    zone: tuple[int, int, int],
    max_g: float,
    b_iso: dict[str, float] | None = None,
) -> ZoneReflections:
    """Return the electron structure factors of one zone; parameters as `zone_axis_pattern`."""
    if not np.any(zone):
        raise InputError(
            "0,0,0 is not a zone axis", hint="give three integers, not all zero, such as 0,0,1"
        )
    if not (np.isfinite(max_g) and 0 < max_g <= 10):
        raise InputError(
            f"max_g = {max_g} is not a limit of 1/d between 0 and 10 1/Å",
            hint="for example --max-g 0.8",
        )
    check_periodic(atoms, name)
    atoms = without(atoms, b_iso or {})
    axis = reduce_miller(zone)
    half = zone_reflections(np.asarray(atoms.cell), axis, max_g)
    if len(half) == 0:
        raise InputError(
            f"{name}: no spot of zone {list(axis)} has 1/d ≤ {max_g:g} 1/Å",
            hint="raise --max-g",
        )
    factors = _factors(atoms, half, b_iso or {})
    intensity = np.abs(factors) ** 2
    forbidden = systematically_absent(half.hkl, crystal_symmetry(atoms))
    forbidden |= intensity <= FORBIDDEN_FRACTION * intensity.max()
    return ZoneReflections(
        hkl=np.concatenate([half.hkl, -half.hkl]),
        g=np.concatenate([half.g, -half.g]),
        length=np.concatenate([half.length, half.length]),
        factors=np.concatenate([factors, factors.conj()]),
        forbidden=np.concatenate([forbidden, forbidden]),
    )


def _factors(atoms: Atoms, found: Reflections, b_iso: dict[str, float]) -> NDArray[np.complex128]:
    s = found.length / 2
    total = np.zeros(len(found), dtype=complex)
    for symbol, sums in element_sums(atoms, found).items():
        total += electron_factor(symbol, s) * np.exp(-b_iso.get(symbol, 0.0) * s**2) * sums
    return total


def zone_frame(
    found: ZoneReflections, atoms: Atoms, zone: tuple[int, int, int]
) -> NDArray[np.float64]:
    """Return (M, 2) positions of the spots, x along the first of the shortest allowed ones."""
    return np.asarray(np.round(found.g @ pattern_axes(found, atoms, zone).T, 12) + 0.0)


def pattern_axes(
    found: ZoneReflections, atoms: Atoms, zone: tuple[int, int, int]
) -> NDArray[np.float64]:
    """Return (2, 3) unit vectors x and y of the pattern in the frame of the atoms."""
    some = (~found.forbidden).any()
    candidates = np.flatnonzero(~found.forbidden) if some else np.arange(len(found.hkl))
    shortest = found.length[candidates].min()
    candidates = candidates[found.length[candidates] < shortest * (1 + 1e-6)]
    first = max(candidates.tolist(), key=lambda i: tuple(found.hkl[i]))
    x = found.g[first] / found.length[first]
    direction = np.asarray(zone) @ np.asarray(atoms.cell)
    return np.array([x, np.cross(direction / np.linalg.norm(direction), x)])


def _spots(
    found: ZoneReflections, positions: NDArray[np.float64], intensity: NDArray[np.float64]
) -> tuple[Spot, ...]:
    angle = np.degrees(np.arctan2(positions[:, 1], positions[:, 0])) % 360
    angle[angle > 360 - 1e-9] = 0.0
    double = _double_diffraction(found.hkl, found.forbidden)
    order = np.lexsort((np.round(angle, 6), np.round(found.length, 9)))
    return tuple(
        Spot(
            hkl=_miller(found.hkl[i]),
            g=(float(positions[i, 0]), float(positions[i, 1])),
            length=float(found.length[i]),
            angle=float(angle[i]),
            intensity=float(intensity[i]),
            forbidden=bool(found.forbidden[i]),
            double_diffraction=bool(double[i]),
        )
        for i in order
    )


def _miller(hkl: NDArray[np.int64]) -> Miller:
    h, k, l = (int(index) for index in hkl)  # noqa: E741 - the crystallographer's letters
    return (h, k, l)


def _double_diffraction(hkl: NDArray[np.int64], forbidden: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark forbidden spots g = g₁ + g₂ with both g₁ and g₂ allowed and in the list."""
    allowed = {tuple(row) for row in hkl[~forbidden].tolist()}
    marked = np.zeros(len(hkl), dtype=bool)
    for i in np.flatnonzero(forbidden):
        rest = (hkl[i] - hkl[~forbidden]).tolist()
        marked[i] = any(tuple(row) in allowed for row in rest)
    return marked
