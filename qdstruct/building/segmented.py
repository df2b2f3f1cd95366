"""Segmented particles: two crystals alternating along one axis, in the frame of a match."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.carving import Body, carve
from qdstruct.building.contact import contact_height
from qdstruct.building.cut import Cut, choose_cut
from qdstruct.building.nanocrystal import in_open_box
from qdstruct.building.neutral import neutral_particle
from qdstruct.building.placement import Frame
from qdstruct.building.shapes import UNITS_HINT, WHOLE, refuse_less_than_a_cell
from qdstruct.building.slab_atoms import cut_atoms
from qdstruct.building.stack import PlaneStack, plane_stack
from qdstruct.building.strain import StrainOn, shared_cell
from qdstruct.building.supercells import matched_transforms
from qdstruct.errors import BuildError
from qdstruct.model import CoincidenceMatch, Nanocrystal, Phase

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["build_segmented"]

MOST_SEGMENTS = 200
"""More is taken for a slip of the pen."""


def build_segmented(
    first: Phase,
    second: Phase,
    match: CoincidenceMatch,
    *,
    lengths: Sequence[float],
    width: float | Sequence[float],
    first_termination: str | None = None,
    second_termination: str | None = None,
    strain_on: StrainOn = "film",
    gap: float | None = None,
    shift: tuple[float, float] = (0.0, 0.0),
    neutral: bool = True,
    vacuum: float = 10.0,
) -> Nanocrystal:
    """Stack segments of two crystals on each other, first and second in turn.

    Parameters
    ----------
    first, second : Phase
        The two crystals; the lowest segment is of the first.
    match : CoincidenceMatch
        Film = second, substrate = first: its planes meet at every junction.
    lengths : sequence of at least two floats
        Length of each segment along the axis from the lowest, Å; each becomes the nearest whole
        number of plane spacings.
    width : float or two floats
        Edges across the axis, along the first coincidence vector and perpendicular to it, Å.
    first_termination, second_termination : str, optional
        The plane with which each crystal begins and ends. Without it a segment holds whole
        repeats, cut where nature would.
    strain_on : {"film", "substrate", "both"}
        Who takes the misfit across the axis; "film" is the second crystal.
    gap : float, optional
        Distance of the facing outermost atoms at every junction, Å; from radii when left out
        (`contact_height`), for each of the two senses of stacking on its own.
    shift : two floats
        How far the second crystal is shifted against the first, in fractions of the coincidence
        cell, the same at every junction.
    neutral : bool
        Take out the least bound surface ions until the formal charge is zero.
    vacuum : float
        Empty space on every side of the box, Å.

    Returns
    -------
    Nanocrystal
        ``region`` is "first" or "second", the array ``segment`` counts from 0 at the bottom; the
        axis is +z. ``size`` holds the two edges and the whole length.

    Raises
    ------
    BuildError
        For fewer than two segments, segments shorter or narrower than one cell of their crystal,
        or gaps or terminations that do not exist.
    """
    spans, edges = _checked(lengths, width, gap)
    stacks = plane_stack(first, match.substrate_hkl), plane_stack(second, match.film_hkl)
    _refuse_slivers(stacks, spans, edges)
    names = first_termination, second_termination
    above, below = matched_transforms(stacks[1], stacks[0], match)
    transforms = below, above
    thin = [choose_cut(stacks[k], layers=1, bottom=names[k], top=names[k]) for k in (0, 1)]
    own = [np.asarray(cut_atoms(thin[k], transforms[k]).cell)[:2, :2] for k in (0, 1)]
    target = shared_cell(own[1], own[0], strain_on)
    gaps = _gaps(thin, transforms, target, shift) if gap is None else (gap, gap)
    aside = np.asarray(shift, dtype=float) @ target
    parts, height, offset = [], 0.0, np.zeros(2)
    for number, span in enumerate(spans):
        kind = number % 2
        cut = _segment_cut(stacks[kind], span, names[kind])
        frame = _frame(cut, transforms[kind], target, offset, height)
        part = carve((first, second)[kind], _block(cut, frame, edges))
        part.positions = frame.place(part.positions)
        parts.append(part)
        height = float(part.positions[:, 2].max(initial=height)) + gaps[kind]
        offset = offset + _drift(cut, thin[kind], frame) + (aside if kind == 0 else -aside)
    atoms = _joined(parts)
    length = float(np.ptp(atoms.positions[:, 2]))
    removed, charge = "", float(atoms.arrays["formal_charge"].sum())
    if neutral:
        atoms, removed, charge = neutral_particle(atoms)
    return Nanocrystal(
        atoms=in_open_box(atoms, vacuum),
        kind="segmented",
        shape=f"cuboid of {len(spans)} segments",
        phase_names=(first.name, second.name),
        size=(edges[0], edges[1], length),
        removed=removed,
        charge=round(charge, 6) + 0.0,
        match=match,
        gap=gaps[0],
    )


def _checked(
    lengths: Sequence[float], width: float | Sequence[float], gap: float | None
) -> tuple[list[float], tuple[float, float]]:
    spans = [float(length) for length in lengths]
    if not 2 <= len(spans) <= MOST_SEGMENTS:
        raise BuildError(
            f"a segmented particle of {len(spans)} segments does not exist",
            hint=f"give 2 to {MOST_SEGMENTS} lengths, from the lowest segment on",
        )
    across = np.atleast_1d(np.asarray(width, dtype=float))
    if len(across) not in (1, 2):
        raise BuildError(f"the width is one length or two, not {len(across)}")
    edges = float(across[0]), float(across[-1])
    if not np.isfinite([*spans, *edges]).all() or min(*spans, *edges) <= 0:
        raise BuildError(f"sizes are positive lengths in Å, not {[*spans, *edges]}")
    if gap is not None and not (np.isfinite(gap) and gap > 0):
        raise BuildError(
            f"a gap of {gap:g} Å cannot be built", hint="leave it out to let the radii decide"
        )
    return spans, edges


def _refuse_slivers(
    stacks: Sequence[PlaneStack], spans: Sequence[float], edges: tuple[float, float]
) -> None:
    """Refuse segments shorter than one repeat of their crystal, and rods narrower than one cell."""
    for number, span in enumerate(spans):
        stack = stacks[number % 2]
        if span < WHOLE * stack.spacing:
            raise BuildError(
                f"segment {number} of {span:g} Å is shorter than one repeat of {stack.phase.name} "
                f"{stack.plane.hkl} ({stack.spacing:.2f} Å)",
                hint=UNITS_HINT,
            )
    for stack in stacks:
        refuse_less_than_a_cell(stack.phase, min(edges), "a width")


def _gaps(
    thin: Sequence[Cut],
    transforms: Sequence[NDArray[np.int64]],
    target: NDArray[np.float64],
    shift: tuple[float, float],
) -> tuple[float, float]:
    """Return the contact heights of the second crystal on the first, and of the first on it."""
    layers = []
    for cut, transform, moved in zip(thin, transforms, ((0.0, 0.0), shift), strict=True):
        frame = _frame(cut, transform, target, np.asarray(moved) @ target, 0.0)
        atoms = cut_atoms(cut, transform)
        flat = np.asarray(atoms.cell)[:2, :2]
        atoms.positions[:, :2] = (
            atoms.positions[:, :2] @ np.linalg.inv(flat) @ target + frame.origin[:2]
        )
        layers.append(atoms)
    return (
        contact_height(layers[0], layers[1], target),
        contact_height(layers[1], layers[0], target),
    )


def _segment_cut(stack: PlaneStack, length: float, termination: str | None) -> Cut:
    """Return the planes of a segment: as many repeats as come nearest to the length."""
    layers = max(1, round(length / stack.spacing))
    return choose_cut(stack, layers=layers, bottom=termination, top=termination)


def _frame(
    cut: Cut,
    transform: NDArray[np.int64],
    target: NDArray[np.float64],
    offset: NDArray[np.float64],
    height: float,
) -> Frame:
    """Carry the crystal into the laboratory so that the cut's lowest atoms are at a height."""
    plane = cut.stack.plane
    basis = np.vstack([transform @ plane.vectors, plane.normal])
    images = np.zeros((3, 3))
    images[:2, :2] = target
    images[2, 2] = 1.0
    members = np.isin(cut.stack.unit_of, cut.stack.planes[cut.first].units)
    lowest = float(cut.stack.positions[members, 2].min())
    return Frame(
        matrix=np.asarray(np.linalg.inv(basis) @ images),
        origin=np.array([offset[0], offset[1], height - lowest]),
    )


def _drift(cut: Cut, thin: Cut, frame: Frame) -> NDArray[np.float64]:
    """Return how far, across the axis, a segment's last plane lies from that of the thin cut, Å.

    Repeats of a crystal are not always straight above each other; following them gives every
    junction the registry of the thin cuts from which the gaps come.
    """
    n_planes = cut.stack.n_planes
    repeats = cut.last // n_planes - thin.last // n_planes
    return np.asarray(repeats * (cut.stack.plane.step @ frame.matrix)[:2])


def _joined(parts: Sequence[Atoms]) -> Atoms:
    """Put the segments together, with ``region`` and ``segment``.

    Raises
    ------
    BuildError
        If one of them holds no atom.
    """
    joined = parts[0][:0]
    for number, part in enumerate(parts):
        if not len(part):
            raise BuildError(f"segment {number} holds no atom", hint="choose larger sizes")
        region = ("first", "second")[number % 2]
        part.set_array("region", np.array([region] * len(part), dtype="<U9"))
        part.set_array("segment", np.full(len(part), number))
        ids = part.arrays["molecule"]
        ids[ids >= 0] += joined.arrays["molecule"].max(initial=-1) + 1
        joined = joined + part
    return joined


def _block(cut: Cut, frame: Frame, edges: tuple[float, float]) -> Body:
    """Return the segment as a body in its crystal's frame: the planes of the cut, edge to edge."""
    stack = cut.stack
    base = frame.origin[2]
    low = base + (stack.plane_height(cut.first) + stack.plane_height(cut.first - 1)) / 2
    high = base + (stack.plane_height(cut.last) + stack.plane_height(cut.last + 1)) / 2
    limits = np.asarray(edges) / 2

    def inside(points: NDArray[np.float64]) -> NDArray[np.bool_]:
        lab = frame.place(points)
        across = (np.abs(lab[:, :2]) <= limits + 1e-6).all(axis=1)
        return np.asarray(across & (lab[:, 2] > low) & (lab[:, 2] < high))

    centre = frame.back(np.array([0.0, 0.0, (low + high) / 2]))
    radius = 1.1 * float(np.linalg.norm([*limits, (high - low) / 2]))
    return Body(centre=centre, radius=radius, inside=inside)
