"""Symmetric, stoichiometric and non-polar slabs: which exist on a plane, and the one to build."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache, reduce
from math import gcd
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from qdstruct.building.cut import Cut
from qdstruct.building.stack import PlaneStack, plane_stack
from qdstruct.building.terminations import (
    Face,
    cut_valences,
    ion_charges,
    named_planes,
    resolve_termination,
)
from qdstruct.errors import BuildError
from qdstruct.geometry import normal_shifts, reduce_miller
from qdstruct.model import Phase, SlabVariant

__all__ = [
    "VARIANTS",
    "Variant",
    "choose_variant",
    "describe_cut",
    "has_variant",
    "impossible_slab",
    "slab_variants",
]

Variant = Literal["symmetric", "stoichiometric", "nonpolar"]

VARIANTS: Final = get_args(Variant)
"""What a slab can be asked to be."""

SAME_HEIGHT = 0.02
"""Å: planes closer than this are the same."""


def slab_variants(phase: Phase, hkl: ArrayLike, *, layers: int = 2) -> tuple[SlabVariant, ...]:
    """List every slab of at least `layers` repeats and less than one more.

    Parameters
    ----------
    phase : Phase
        The crystal.
    hkl : three integers
        Miller indices in the phase's own cell.
    layers : int
        Repeats of the plane spacing, at least.

    Returns
    -------
    tuple of SlabVariant
        One for each pair of terminations and number of planes, thinnest first.

    Raises
    ------
    BuildError
        For less than one layer.
    MatchError
        If (hkl) is no lattice plane.
    """
    if layers < 1:
        raise BuildError(f"slabs of {layers} layers do not exist", hint="ask for at least one")
    found: dict[tuple[str, str, int], SlabVariant] = {}
    for cut in _cuts(plane_stack(phase, reduce_miller(hkl)), layers):
        one = describe_cut(cut)
        found.setdefault((one.bottom_termination, one.top_termination, one.n_planes), one)
    return tuple(sorted(found.values(), key=lambda one: one.n_planes))


def _cuts(stack: PlaneStack, layers: int) -> list[Cut]:
    return [
        Cut(stack=stack, first=first, last=first + layers * stack.n_planes - 1 + extra,
            n_layers=layers)
        for extra in range(stack.n_planes)
        for first in range(stack.n_planes)
    ]  # fmt: skip


def describe_cut(cut: Cut) -> SlabVariant:
    """Say what kind of slab a cut gives.

    Notes
    -----
    Symmetric: an operation of the crystal that reverses the normal carries the lowest plane onto
    the highest, and with it the slab onto itself. Equal names of both faces are not enough: the two
    sulphur faces of a CdS(111) slab are different. Non-polar: neither net charge nor dipole along
    the normal, from formal charges at the atoms' own heights (Tasker, J. Phys. C 12, 4977 (1979)).
    """
    return _described(cut.stack, cut.first, cut.last)


@lru_cache(maxsize=256)
def _described(stack: PlaneStack, first: int, last: int) -> SlabVariant:
    cut = Cut(stack=stack, first=first, last=last, n_layers=1)
    names = named_planes(stack)
    sums = _mirror_sums(stack)
    apart = stack.plane_height(cut.first) + stack.plane_height(cut.last) - np.array(sums)
    apart = (apart + stack.spacing / 2) % stack.spacing - stack.spacing / 2
    charge, dipole = _moments(cut)
    return SlabVariant(
        bottom_termination=names[cut.first % stack.n_planes],
        top_termination=names[cut.last % stack.n_planes],
        n_planes=cut.last - cut.first + 1,
        thickness=stack.plane_height(cut.last) - stack.plane_height(cut.first),
        symmetric=bool(len(apart)) and bool(np.abs(apart).min() < SAME_HEIGHT),
        stoichiometric=_formula(cut) == _formula(Cut(stack=stack, first=0,
                                                     last=stack.n_planes - 1, n_layers=1)),
        charge=charge,
        dipole=dipole,
    )  # fmt: skip


@lru_cache(maxsize=128)
def _mirror_sums(stack: PlaneStack) -> tuple[float, ...]:
    """Return the sums of the heights of planes that a normal-reversing operation exchanges."""
    return tuple(normal_shifts(stack.phase.atoms, stack.plane, reverse=True))


def _moments(cut: Cut) -> tuple[float, float]:
    """Net charge (e) and dipole along the normal (e Å) per primitive in-plane cell."""
    stack = cut.stack
    planes = stack.plane_of[stack.unit_of]
    charge, dipole = 0.0, 0.0
    for index in range(cut.first, cut.last + 1):
        repeat, within = divmod(index, stack.n_planes)
        own = planes == within
        charge += float(stack.charges[own].sum())
        heights = stack.positions[own, 2] + repeat * stack.spacing
        dipole += float(stack.charges[own] @ heights)
    middle = (stack.plane_height(cut.first) + stack.plane_height(cut.last)) / 2
    return round(charge, 9) + 0.0, round(dipole - charge * middle, 9) + 0.0


def _formula(cut: Cut) -> dict[int, int]:
    """Atoms of a cut by element, divided by their common factor."""
    stack = cut.stack
    planes = stack.plane_of[stack.unit_of]
    counts: Counter[int] = Counter()
    for index in range(cut.first, cut.last + 1):
        counts.update(stack.numbers[planes == index % stack.n_planes].tolist())
    divisor = reduce(gcd, counts.values())
    return {element: count // divisor for element, count in counts.items()}


def has_variant(stack: PlaneStack, variant: Variant, *, layers: int = 2) -> bool:
    """Say whether some run of whole planes gives a slab of this kind."""
    return any(getattr(describe_cut(cut), variant) for cut in _cuts(stack, layers))


def choose_variant(
    stack: PlaneStack,
    variant: Variant,
    *,
    layers: int = 2,
    bottom: str | None = None,
    top: str | None = None,
) -> Cut:
    """Choose the planes of a slab that is symmetric, stoichiometric or non-polar.

    Parameters
    ----------
    stack : PlaneStack
        The crystal along its normal.
    variant : {"symmetric", "stoichiometric", "nonpolar"}
        What it has to be.
    layers : int
        Repeats of the plane spacing, at least; less than one more is taken.
    bottom, top : str, optional
        Terminations it has to have.

    Returns
    -------
    Cut
        Of several, the one that is also most of the rest (non-polar before stoichiometric before
        symmetric), then the one with the least bond valence cut, the least charged ions outside
        and the fewest planes.

    Raises
    ------
    BuildError
        If there is none; the message lists the slabs that do exist.
    """
    if variant not in VARIANTS:
        raise BuildError(f"a slab is not built '{variant}'", hint=f"one of {', '.join(VARIANTS)}")
    wanted = _wanted(stack, bottom, top)
    cuts = [(cut, describe_cut(cut)) for cut in _cuts(stack, layers)]
    valences, ions = cut_valences(stack), ion_charges(stack)
    fitting = [
        (cut, one)
        for cut, one in cuts
        if getattr(one, variant)
        and wanted["bottom"] in (None, one.bottom_termination)
        and wanted["top"] in (None, one.top_termination)
    ]
    if not fitting:
        raise impossible_slab(stack, variant, layers=layers, bottom=bottom, top=top)

    def cost(pair: tuple[Cut, SlabVariant]) -> tuple[float, ...]:
        cut, one = pair
        first, last = cut.first % stack.n_planes, cut.last % stack.n_planes
        broken = round(float(valences[last] + valences[first - 1]), 3)
        polar = (not one.nonpolar, not one.stoichiometric, not one.symmetric)
        return (*polar, broken, float(ions[first] + ions[last]), one.n_planes, cut.first)

    return min(fitting, key=cost)[0]


def _wanted(stack: PlaneStack, bottom: str | None, top: str | None) -> dict[Face, str | None]:
    """Resolve the terminations asked for, face by face."""
    names = named_planes(stack)
    asked: list[tuple[Face, str | None]] = [("bottom", bottom), ("top", top)]
    return {
        face: None if name is None else names[resolve_termination(stack, name, face)]
        for face, name in asked
    }


def impossible_slab(
    stack: PlaneStack, variant: str, *, layers: int, bottom: str | None, top: str | None
) -> BuildError:
    """Return the error for a slab that does not exist; it lists those that do."""
    wanted = _wanted(stack, bottom, top)
    known = [describe_cut(cut) for cut in _cuts(stack, layers)]
    hkl = ",".join(str(i) for i in stack.plane.hkl)
    faces = [f"{name} at the {face}" for face, name in wanted.items() if name is not None]
    where = f" with {' and '.join(faces)}" if faces else ""
    reasons = {
        "symmetric": "no operation of the crystal that reverses the normal exchanges two planes",
        "nonpolar": "every one carries a charge or a dipole, and moving whole ions from "
        "face to face does not take it away",
        "stoichiometric": "no number of planes has the composition of the crystal",
    }
    reason = f": {reasons[variant]}" if not any(getattr(one, variant) for one in known) else ""
    listed = dict.fromkeys(_words(one) for one in sorted(known, key=lambda one: one.n_planes))
    return BuildError(
        f"{stack.phase.name} ({hkl}) has no {variant} slab{where}{reason}",
        hint="there are: " + "; ".join(list(listed)[:12]),
    )


def _words(one: SlabVariant) -> str:
    kinds = [name for name in VARIANTS if getattr(one, name)]
    polar = [] if one.nonpolar else [f"{one.charge:+g} e, {one.dipole:+.2f} e Å"]
    faces = f"{one.bottom_termination} | {one.top_termination}"
    planes = f"{one.n_planes} plane{'s' if one.n_planes > 1 else ''}"
    return f"{faces} ({', '.join([planes, *kinds, *polar])})"
