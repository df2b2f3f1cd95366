"""Every distinct way to cut a crystal along a plane, with its charge and dipole."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from math import ceil
from typing import Literal

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.charges import contact_distance
from qdstruct.building.stack import PlaneStack, plane_stack
from qdstruct.errors import BuildError
from qdstruct.geometry import normal_shifts, reduce_miller
from qdstruct.geometry.neighbours import NeighbourPairs, neighbour_pairs
from qdstruct.model import Phase, Termination

__all__ = [
    "Face",
    "cut_valences",
    "ion_charges",
    "named_planes",
    "natural_cut",
    "resolve_termination",
    "terminations",
]

Face = Literal["top", "bottom"]

BOND_REACH = 4.5
"""Å: longer contacts carry no bond valence worth counting."""

SUFFIXES = "abcdefghijklmnopqrstuvwxyz"


def terminations(phase: Phase, hkl: ArrayLike) -> tuple[Termination, ...]:
    """Enumerate the distinct terminations of the planes (hkl) of a crystal.

    Parameters
    ----------
    phase : Phase
        The crystal.
    hkl : three integers
        Miller indices in the phase's own cell.

    Returns
    -------
    tuple of Termination
        From the lowest plane of the repeat to the highest; none lost, none twice.

    Notes
    -----
    A termination is an atomic plane that ends the crystal. The same names serve both faces:
    used at the **top** face it is the highest plane kept (the cut lies above it, where `height`
    says), used at the **bottom** face it is the lowest plane kept (the cut lies below it).
    Planes that a symmetry operation keeping the normal carries into one another are one
    termination; planes that only an operation reversing the normal relates are two, because they
    differ as top faces (the two ammonium planes of a layered perovskite).

    The Tasker type is that of the cut above the plane, with the repeat below it: 1 when every
    plane is neutral, 2 when charged planes leave the repeat without dipole, 3 otherwise
    (Tasker, J. Phys. C 12, 4977 (1979)).
    """
    stack = plane_stack(phase, reduce_miller(hkl))
    names = named_planes(stack)
    valences = cut_valences(stack)
    found = []
    for index, name in enumerate(names):
        if name in names[:index]:
            continue
        top = stack.plane_height(index) + 0.5 * (
            stack.plane_height(index + 1) - stack.plane_height(index)
        )
        dipole = repeat_dipole(stack, index)
        found.append(
            Termination(
                name=name,
                height=float(top / stack.spacing % 1.0),
                layer_charge=_clean(stack.planes[index].charge),
                tasker_type=_tasker(stack, dipole),
                dipole=_clean(dipole),
                cut_above=float(valences[index]) / stack.plane.area,
                cut_below=float(valences[index - 1]) / stack.plane.area,
            )
        )
    return tuple(found)


def _clean(value: float) -> float:
    return round(float(value), 9) + 0.0


def repeat_dipole(stack: PlaneStack, index: int) -> float:
    """Return the dipole along the normal of the repeat whose top plane is `index`, in e Å."""
    indices = range(index + 1 - stack.n_planes, index + 1)
    charges = np.array([stack.planes[i % stack.n_planes].charge for i in indices])
    heights = np.array([stack.plane_height(i) for i in indices])
    return float(charges @ (heights - heights.mean()))


def _tasker(stack: PlaneStack, dipole: float) -> int:
    if all(abs(plane.charge) < 1e-6 for plane in stack.planes):
        return 1
    return 2 if abs(dipole) < 1e-2 else 3


@lru_cache(maxsize=128)
def named_planes(stack: PlaneStack) -> tuple[str, ...]:
    """Name every plane of the repeat; equal names mean equivalent planes."""
    orbits = _orbits(stack)
    compositions = [plane.composition for plane in stack.planes]
    firsts = [i for i in range(stack.n_planes) if orbits[i] == i]
    repeated = Counter(compositions[i] for i in firsts)
    names: dict[int, str] = {}
    used: Counter[str] = Counter()
    for i in firsts:
        base = compositions[i]
        names[i] = f"{base}-{_suffix(used[base])}" if repeated[base] > 1 else base
        used[base] += 1
    return tuple(names[orbit] for orbit in orbits)


def _suffix(index: int) -> str:
    word = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, len(SUFFIXES))
        word = SUFFIXES[rest] + word
    return word


def _orbits(stack: PlaneStack) -> list[int]:
    """For every plane, the lowest plane that a normal-preserving operation carries onto it."""
    shifts = normal_shifts(stack.phase.atoms, stack.plane)
    heights = np.array([plane.height for plane in stack.planes])
    orbits: list[int] = []
    for i, plane in enumerate(stack.planes):
        orbit = i
        for j in range(i):
            apart = (heights[i] - heights[j] - shifts + stack.spacing / 2) % stack.spacing
            alike = stack.planes[j].composition == plane.composition
            if alike and np.abs(apart - stack.spacing / 2).min() < 0.02:
                orbit = orbits[j]
                break
        orbits.append(orbit)
    return orbits


def natural_cut(stack: PlaneStack) -> int:
    """Return the plane below the cut that nature prefers.

    The smallest dipole comes first, then the least bond valence cut (none between the organic
    layers of a layered perovskite), then the plane of the less charged ions (CsBr before PbBr2),
    then the lowest plane.
    """
    indices = np.arange(stack.n_planes)
    dipoles = np.array([abs(repeat_dipole(stack, int(i))) for i in indices])
    valences = np.round(cut_valences(stack), 3)
    order = np.lexsort((indices, ion_charges(stack), valences, np.round(dipoles, 2)))
    return int(order[0])


def ion_charges(stack: PlaneStack) -> NDArray[np.float64]:
    """Return the mean absolute charge of the ions of each plane, e."""
    members = [np.isin(stack.unit_of, plane.units) for plane in stack.planes]
    return np.array([round(float(np.abs(stack.charges[own]).mean()), 6) for own in members])


@lru_cache(maxsize=128)
def cut_valences(stack: PlaneStack) -> NDArray[np.float64]:
    """Return the bond valence cut above each plane, per primitive in-plane cell.

    Notes
    -----
    A bond of length r has the valence exp((r₀ − r)/0.37 Å) (Brown and Altermatt, Acta Cryst. B41,
    244 (1985)); here r₀ is the contact distance of the pair (`contact_distance`), so the values
    rank cuts rather than measure energies. Ions of like charge do not bond. Contacts of molecules
    count one tenth, as hydrogen bonds and dispersion do beside ionic bonds.
    """
    repeats = 2 * ceil(BOND_REACH / stack.spacing) + 1
    positions, planes, units = [], [], []
    for repeat in range(repeats):
        positions.append(stack.positions + repeat * stack.step)
        planes.append(stack.plane_of[stack.unit_of] + repeat * stack.n_planes)
        units.append(stack.unit_of + repeat * len(stack.centres))
    plane, unit = np.concatenate(planes), np.concatenate(units)
    numbers = np.tile(stack.numbers, repeats)
    cell = np.diag([0.0, 0.0, (repeats + 1) * stack.spacing + BOND_REACH])
    cell[:2, :2] = stack.vectors
    atoms = Atoms(numbers, np.concatenate(positions), cell=cell, pbc=(True, True, False))
    pairs = neighbour_pairs(atoms, BOND_REACH)
    rising = plane[pairs.second] > plane[pairs.first]
    pairs = pairs.select(rising & (unit[pairs.first] != unit[pairs.second]))
    valences = _pair_valences(stack, pairs, numbers)
    middle = (repeats // 2) * stack.n_planes
    found = np.zeros(stack.n_planes)
    for index in range(stack.n_planes):
        crossing = (plane[pairs.first] <= middle + index) & (plane[pairs.second] > middle + index)
        found[index] = valences[crossing].sum()
    found.flags.writeable = False
    return found


def _pair_valences(
    stack: PlaneStack, pairs: NeighbourPairs, numbers: NDArray[np.int64]
) -> NDArray[np.float64]:
    size = len(stack.numbers)
    first, second = pairs.first % size, pairs.second % size
    molecular = stack.molecular[stack.unit_of]
    soft = molecular[first] | molecular[second]
    kinds, inverse = np.unique(
        np.stack([numbers[first], numbers[second], soft], axis=1), axis=0, return_inverse=True
    )
    contacts = np.array(
        [
            contact_distance(chemical_symbols[a], chemical_symbols[b], molecular=bool(m))
            for a, b, m in kinds
        ]
    )
    like = (stack.charges[first] * stack.charges[second] > 0) & ~soft
    valences = np.exp((contacts[inverse.ravel()] - pairs.distances) / 0.37)
    return np.where(like, 0.0, np.where(soft, 0.1, 1.0) * valences)


def resolve_termination(stack: PlaneStack, name: str, face: Face) -> int:
    """Find the plane called `name`; a base name picks the variant easiest to cut.

    Parameters
    ----------
    stack : PlaneStack
        The planes.
    name : str
        ``CsBr``, ``Br-b``; ``Br`` alone when ``Br-a`` and ``Br-b`` exist picks the one that cuts
        the least bond valence for this face. Case does not matter.
    face : {"top", "bottom"}
        Which face of the slab the plane ends.

    Raises
    ------
    BuildError
        If there is none; the message lists those that exist.
    """
    names = named_planes(stack)
    wanted = name.strip().lower()
    exact = [i for i, known in enumerate(names) if known.lower() == wanted]
    if exact:
        return exact[0]
    base = [i for i, p in enumerate(stack.planes) if p.composition.lower() == wanted]
    if base:
        valences = cut_valences(stack)
        outside = [valences[i if face == "top" else i - 1] for i in base]
        return base[int(np.argmin(np.round(outside, 3)))]
    hkl = ",".join(str(i) for i in stack.plane.hkl)
    raise BuildError(
        f"{stack.phase.name} ({hkl}) has no termination '{name}'",
        hint="choose one of: " + ", ".join(dict.fromkeys(names)),
    )
