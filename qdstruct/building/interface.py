"""Vertical interfaces: a film slab on a substrate slab in one coincidence cell."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.contact import contact_height
from qdstruct.building.cut import Cut, choose_cut
from qdstruct.building.registry import shift_grid
from qdstruct.building.shift_rules import FacingSlabs, ShiftRule
from qdstruct.building.slab_atoms import slab_from_cut
from qdstruct.building.stack import plane_stack
from qdstruct.building.strain import StrainOn, film_share, right_stretch, shared_cell
from qdstruct.building.supercells import matched_transforms
from qdstruct.errors import BuildError
from qdstruct.model import CoincidenceMatch, Interface, Phase, Slab, StrainPartition

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["build_interface", "check_request", "matched_slabs", "stack_slabs"]

SHIFT_STEP = 0.3
"""Å: grid of the shifts among which a rule chooses."""


def build_interface(
    film: Phase,
    substrate: Phase,
    match: CoincidenceMatch,
    *,
    film_layers: int = 2,
    substrate_layers: int = 2,
    film_termination: str | None = None,
    substrate_termination: str | None = None,
    film_top_termination: str | None = None,
    substrate_bottom_termination: str | None = None,
    strain_on: StrainOn | StrainPartition = "film",
    gap: float | Literal["ionic"] | None = None,
    shift: tuple[float, float] | ShiftRule = (0.0, 0.0),
    vacuum: float = 15.0,
    sandwich: bool = False,
    fix_outer_layers: int = 0,
) -> Interface:
    """Build a film on a substrate in the coincidence cell of a match.

    Parameters
    ----------
    film, substrate : Phase
        The two crystals of the match.
    match : CoincidenceMatch
        Which supercells coincide.
    film_layers, substrate_layers : int
        Repeats of each lattice-plane spacing.
    film_termination : str, optional
        The film's plane in contact with the substrate (its bottom face).
    substrate_termination : str, optional
        The substrate's plane in contact with the film (its top face).
    film_top_termination, substrate_bottom_termination : str, optional
        The outer faces; when given together with the inner one the slab goes on until it is
        reached, otherwise each slab holds whole repeats.
    strain_on : {"film", "substrate", "both"} or StrainPartition
        Who takes the misfit. A partition (`matching.partition_strain`) shares it as it says, for
        example with the least elastic energy.
    gap : float or "ionic", optional
        Distance in Å from the highest atom of the substrate to the lowest of the film. Without
        it the two bodies touch: no pair is closer than the sum of its radii
        (`contact_distance`) and one pair is exactly at it. "ionic": the least energy of the ionic
        model.
    shift : two floats, or "closest", "ionic" or "geometric"
        In-plane shift of the film in fractions of the coincidence cell vectors, or the rule that
        chooses it from a 0.3 Å grid over the irreducible shifts (`FacingSlabs.best_shift`).
        "closest" brings unlike charges close by the energy of the ionic model, and falls back on
        geometry where that does not apply: a guess to start from, not a relaxation.
    vacuum : float
        Empty height above the film in Å. 0 closes the stack periodically, with a second interface
        of the same gap rule.
    sandwich : bool
        Put a second substrate slab on top, so that the film has two interfaces; needs vacuum,
        since without it the film has two interfaces already.
    fix_outer_layers : int
        How many atomic planes to hold fixed at each outer face (a ``fixed`` array and an ASE
        constraint, hence selective dynamics in POSCAR).

    Returns
    -------
    Interface
        Cell vector c is along z exactly; molecules are whole.

    Raises
    ------
    BuildError
        For a termination, gap, vacuum, shift or supercell that cannot be built.
    """
    check_request(
        gap if not isinstance(gap, str) else None,
        (0.0, 0.0) if isinstance(shift, str) else shift,
        vacuum,
        fix_outer_layers,
        sandwich=sandwich,
    )
    film_stack = plane_stack(film, match.film_hkl)
    substrate_stack = plane_stack(substrate, match.substrate_hkl)
    film_cut = choose_cut(
        film_stack, layers=film_layers, bottom=film_termination, top=film_top_termination
    )
    substrate_cut = choose_cut(
        substrate_stack,
        layers=substrate_layers,
        top=substrate_termination,
        bottom=substrate_bottom_termination,
    )
    film_slab, substrate_slab = matched_slabs(film_cut, substrate_cut, match, vacuum)
    share = strain_on if isinstance(strain_on, str) else film_share(strain_on, match)
    rule = "given"
    if isinstance(shift, str) or isinstance(gap, str):
        facing = _facing(film_slab, substrate_slab, film, substrate, share)
        if isinstance(shift, str):
            shifts = shift_grid(match, facing.cell, SHIFT_STEP)
            shift, rule = facing.best_shift(shift, shifts)
        if isinstance(gap, str):
            if gap != "ionic":
                raise BuildError(f"a gap is a length in Å or 'ionic', not '{gap}'")
            gap = facing.ionic_gap(shift)
    built = stack_slabs(
        film_slab,
        substrate_slab,
        match=match,
        strain_on=share,
        gap=gap,
        shift=shift,
        vacuum=vacuum,
        sandwich=sandwich,
        fix_outer_layers=fix_outer_layers,
    )
    return replace(built, shift_rule=rule)


def _facing(
    film_slab: Slab,
    substrate_slab: Slab,
    film: Phase,
    substrate: Phase,
    strain_on: StrainOn | NDArray[np.float64],
) -> FacingSlabs:
    """Return both slabs in their common cell."""
    cells = [np.asarray(slab.atoms.cell)[:2, :2] for slab in (film_slab, substrate_slab)]
    cell = shared_cell(cells[0], cells[1], strain_on)
    return FacingSlabs(
        lower=_part(substrate_slab, cell, "substrate"),
        upper=_part(film_slab, cell, "film"),
        cell=cell,
        film=film,
        substrate=substrate,
    )


def check_request(
    gap: float | None,
    shift: tuple[float, float],
    vacuum: float = 0.0,
    fix_outer_layers: int = 0,
    *,
    sandwich: bool = False,
) -> None:
    """Refuse a gap, shift, vacuum or number of fixed layers that means nothing.

    Raises
    ------
    BuildError
        Unless the gap is positive, the shift two finite numbers and the rest 0 or more; and for a
        sandwich without vacuum, whose outer slabs would be pressed onto each other.
    """
    if gap is not None and not (np.isfinite(gap) and gap > 0):
        raise BuildError(
            f"a gap of {gap:g} Å cannot be built", hint="leave it out to let the radii decide"
        )
    if not (np.isfinite(vacuum) and vacuum >= 0):
        raise BuildError(f"a vacuum of {vacuum:g} Å does not exist", hint="0 Å or more")
    if len(shift) != 2 or not np.isfinite(shift).all():
        raise BuildError(f"the in-plane shift is two fractions, not {shift!r}")
    if fix_outer_layers < 0 or not float(fix_outer_layers).is_integer():
        raise BuildError(
            f"{fix_outer_layers} fixed layers do not exist", hint="a whole number, 0 or more"
        )
    if sandwich and vacuum == 0:
        raise BuildError(
            "a sandwich without vacuum presses its two outer slabs onto each other",
            hint="leave out the sandwich: without vacuum the film has two interfaces already",
        )


def matched_slabs(
    film: Cut, substrate: Cut, match: CoincidenceMatch, vacuum: float
) -> tuple[Slab, Slab]:
    """Return both slabs in the coincidence supercell of a match, each unstrained.

    Raises
    ------
    BuildError
        If the match does not belong to the crystals, or the supercells are mirror images.
    """
    film_transform, substrate_transform = matched_transforms(film.stack, substrate.stack, match)
    return (
        slab_from_cut(film, film_transform, vacuum=vacuum),
        slab_from_cut(substrate, substrate_transform, vacuum=vacuum),
    )


def stack_slabs(
    film: Slab,
    substrate: Slab,
    *,
    match: CoincidenceMatch | None,
    strain_on: StrainOn | NDArray[np.float64],
    gap: float | None,
    shift: tuple[float, float],
    vacuum: float,
    sandwich: bool = False,
    fix_outer_layers: int = 0,
    geometry: str = "vertical",
) -> Interface:
    """Put one slab on another; both already hold the coincidence supercell, x along its first row.

    Parameters are those of `build_interface`; `geometry` is the label of the result.

    Raises
    ------
    BuildError
        If the two cells are mirror images or the vacuum does not fit the request.
    """
    cells = [np.asarray(slab.atoms.cell)[:2, :2] for slab in (film, substrate)]
    target = shared_cell(cells[0], cells[1], strain_on)
    upper = _part(film, target, "film")
    lower = _part(substrate, target, "substrate")
    _shift(upper, shift, target)
    bodies, gaps = [lower], []
    for body in [upper, *([lower.copy()] if sandwich else [])]:
        distance = contact_height(bodies[-1], body, target) if gap is None else gap
        body.positions[:, 2] += (
            bodies[-1].positions[:, 2].max() + distance - body.positions[:, 2].min()
        )
        bodies.append(body)
        gaps.append(distance)
    atoms = _join(bodies)
    height = float(np.ptp(atoms.positions[:, 2]))
    if vacuum == 0:
        closing = contact_height(bodies[-1], bodies[0], target) if gap is None else gap
        atoms.cell[2, 2] = height + closing
    else:
        atoms.cell[2, 2] = height + vacuum
    atoms.cell[:2, :2] = target
    if fix_outer_layers:
        _fix(atoms, bodies, fix_outer_layers)
    return Interface(
        atoms=atoms,
        geometry=geometry,
        film=film,
        substrate=substrate,
        match=match,
        film_strain=right_stretch(cells[0], target),
        substrate_strain=right_stretch(cells[1], target),
        gap=float(gaps[0]),
        shift=(float(shift[0]), float(shift[1])),
        vacuum=vacuum,
        interface_height=float(lower.positions[:, 2].max() + gaps[0] / 2),
    )


def _part(slab: Slab, target: NDArray[np.float64], region: str) -> Atoms:
    """Deform a slab into the shared cell; molecules move as a whole and keep their shape."""
    atoms = slab.atoms.copy()
    deform = np.linalg.solve(np.asarray(atoms.cell)[:2, :2], target) - np.eye(2)
    atoms.positions[:, :2] += _anchors(atoms) @ deform
    atoms.positions[:, 2] -= atoms.positions[:, 2].min()
    atoms.cell[:2, :2] = target
    atoms.set_array("region", np.array([region] * len(atoms), dtype="<U9"))
    return atoms


def _anchors(atoms: Atoms) -> NDArray[np.float64]:
    """In-plane position of each framework atom, or of the centre of its molecule, (N, 2), Å."""
    anchors = atoms.positions[:, :2].copy()
    ids = atoms.arrays["molecule"]
    inside = ids >= 0
    if inside.any():
        counts = np.bincount(ids[inside])
        for axis in range(2):
            sums = np.bincount(ids[inside], weights=atoms.positions[inside, axis])
            anchors[inside, axis] = (sums / counts)[ids[inside]]
    return np.asarray(anchors)


def _shift(atoms: Atoms, shift: tuple[float, float], cell: NDArray[np.float64]) -> None:
    """Shift a body in the plane and wrap it back into the cell, molecules whole."""
    anchors = _anchors(atoms) @ np.linalg.inv(cell)
    moved = anchors + np.asarray(shift)
    atoms.positions[:, :2] += (moved - np.floor(moved + 1e-6) - anchors) @ cell


def _join(bodies: list[Atoms]) -> Atoms:
    joined = bodies[0].copy()
    for body in bodies[1:]:
        body = body.copy()
        ids = body.arrays["molecule"]
        ids[ids >= 0] += joined.arrays["molecule"].max() + 1
        if (body.arrays["region"] == "substrate").all():
            body.arrays["layer"] += bodies[0].arrays["layer"].max() + 1
        joined.extend(body)
    joined.pbc = True
    return joined


def _fix(atoms: Atoms, bodies: list[Atoms], count: int) -> None:
    from ase.constraints import FixAtoms

    first, last = bodies[0].arrays["layer"], bodies[-1].arrays["layer"]
    n_planes = min(len(np.unique(first)), len(np.unique(last)))
    if count >= n_planes:
        raise BuildError(
            f"{count} fixed planes at each face leave nothing free in a slab of {n_planes} planes",
            hint="fix fewer planes or build thicker slabs",
        )
    middle = np.zeros(sum(len(body) for body in bodies[1:-1]), dtype=bool)
    fixed = np.concatenate([first < count, middle, last > last.max() - count])
    atoms.set_array("fixed", fixed)
    atoms.set_constraint(FixAtoms(mask=fixed))
