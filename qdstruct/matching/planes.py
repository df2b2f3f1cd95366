"""Plane-by-plane mismatch of interplanar spacings."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.errors import MatchError
from qdstruct.geometry import plane_spacing, reciprocal_cell, space_group
from qdstruct.model import Miller, Phase, PlaneMismatch

__all__ = ["is_forbidden", "plane_families", "plane_mismatches"]

EXTINCT = 1e-6
"""|F| over the sum of all atomic numbers below which a structure factor counts as zero."""


def plane_families(phase: Phase, max_index: int) -> tuple[Miller, ...]:
    """List one plane of every family {hkl} up to an index, multiples such as (200) included.

    Parameters
    ----------
    phase : Phase
        The crystal; its Laue group decides what is equivalent (d(hkl) = d(−h−k−l)).
    max_index : int
        Largest absolute index in the cell of the phase's file, at least 1.

    Returns
    -------
    tuple of Miller
        Widest spacing first; each family is named by its member with the fewest minus signs and
        then the largest h, k, l.

    Raises
    ------
    MatchError
        If `max_index` is below 1.
    """
    if max_index < 1:
        raise MatchError(f"the largest Miller index must be at least 1, not {max_index}")
    rotations = space_group(phase.atoms).rotations
    rotations = np.unique(np.concatenate([rotations, -rotations]), axis=0)
    span = range(-max_index, max_index + 1)
    candidates = sorted(
        (hkl for hkl in product(span, span, span) if any(hkl)),
        key=lambda hkl: (sum(i < 0 for i in hkl), [-i for i in hkl]),
    )
    seen: set[tuple[int, ...]] = set()
    found: list[Miller] = []
    for hkl in candidates:
        if hkl not in seen:
            seen |= {tuple(row) for row in (np.asarray(hkl) @ rotations).tolist()}
            found.append(hkl)
    reciprocal = reciprocal_cell(phase.atoms.cell)
    return tuple(
        sorted(found, key=lambda hkl: round(float(np.linalg.norm(np.array(hkl) @ reciprocal)), 9))
    )


def is_forbidden(phase: Phase, hkl: ArrayLike) -> bool:
    """Tell whether the structure factor of a plane vanishes.

    Notes
    -----
    F(hkl) = Σ_j Z_j exp(2πi h·x_j) with the atomic numbers as scattering factors: the sum is
    zero for systematic absences (centring, glide planes, screw axes) and for atoms on special
    positions, whatever the scattering factors, because it vanishes element by element; each
    element is therefore tested alone.
    """
    phases = np.exp(2j * np.pi * (phase.atoms.get_scaled_positions() @ np.asarray(hkl)))
    numbers = phase.atoms.numbers
    total = EXTINCT * float(numbers.sum())
    return all(abs(phases[numbers == z].sum()) * z < total for z in set(numbers.tolist()))


def plane_mismatches(
    film: Phase,
    substrate: Phase,
    *,
    max_index: int = 2,
    planes: Iterable[tuple[ArrayLike, ArrayLike]] | None = None,
) -> tuple[PlaneMismatch, ...]:
    """Compare the spacings of planes of two crystals in all three definitions in use.

    Parameters
    ----------
    film, substrate : Phase
        The crystals.
    max_index : int
        Without `planes`: every family of either crystal up to this index is compared.
    planes : iterable of (film hkl, substrate hkl), optional
        Only these pairs, indices taken as written: (2, 0, 0) has half the spacing of (1, 0, 0).

    Returns
    -------
    tuple of PlaneMismatch
        Smallest absolute mismatch over the film first; pairs given explicitly keep their order.

    Raises
    ------
    MatchError
        For (0, 0, 0) or indices that are not integers.
    """
    if planes is not None:
        return tuple(_mismatch(film, substrate, _checked(f), _checked(s)) for f, s in planes)
    film_planes = [
        (hkl, plane_spacing(film.atoms.cell, hkl), is_forbidden(film, hkl))
        for hkl in plane_families(film, max_index)
    ]
    substrate_planes = [
        (hkl, plane_spacing(substrate.atoms.cell, hkl), is_forbidden(substrate, hkl))
        for hkl in plane_families(substrate, max_index)
    ]
    rows = [_row(f, s) for f in film_planes for s in substrate_planes]
    return tuple(sorted(rows, key=lambda row: abs(row.over_film)))


def _checked(hkl: ArrayLike) -> Miller:
    values = np.asarray(hkl, dtype=float)
    if values.shape != (3,) or not np.isfinite(values).all() or (values % 1).any():
        raise MatchError(f"Miller indices are three integers, not {hkl!r}")
    if not values.any():
        raise MatchError(
            "(0, 0, 0) is not a lattice plane", hint="give at least one index that is not zero"
        )
    return _as_miller(values)


def _as_miller(values: NDArray[np.float64]) -> Miller:
    h, k, l = (int(i) for i in values)  # noqa: E741 - the crystallographer's letters
    return (h, k, l)


def _mismatch(film: Phase, substrate: Phase, f: Miller, s: Miller) -> PlaneMismatch:
    return _row(
        (f, plane_spacing(film.atoms.cell, f), is_forbidden(film, f)),
        (s, plane_spacing(substrate.atoms.cell, s), is_forbidden(substrate, s)),
    )


def _row(film: tuple[Miller, float, bool], substrate: tuple[Miller, float, bool]) -> PlaneMismatch:
    difference = substrate[1] - film[1]
    return PlaneMismatch(
        film_hkl=film[0],
        substrate_hkl=substrate[0],
        film_spacing=film[1],
        substrate_spacing=substrate[1],
        over_film=difference / film[1],
        over_substrate=difference / substrate[1],
        over_mean=2 * difference / (film[1] + substrate[1]),
        film_forbidden=film[2],
        substrate_forbidden=substrate[2],
    )
