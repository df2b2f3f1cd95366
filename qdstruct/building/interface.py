"""Vertical interfaces: a film slab on a substrate slab in one coincidence cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.contact import contact_height, contact_heights
from qdstruct.building.cut import Cut, choose_cut
from qdstruct.building.registry import shift_grid
from qdstruct.building.slab import slab_from_cut
from qdstruct.building.stack import plane_stack
from qdstruct.building.strain import StrainOn, right_stretch, shared_cell
from qdstruct.building.supercells import matched_transforms
from qdstruct.errors import BuildError
from qdstruct.model import CoincidenceMatch, Interface, Phase, Slab

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["build_interface", "check_request", "matched_slabs", "stack_slabs"]

CLOSEST_STEP = 0.3
"""Å: grid of the shifts tried for "closest"."""


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
    strain_on: StrainOn = "film",
    gap: float | None = None,
    shift: tuple[float, float] | Literal["closest"] = (0.0, 0.0),
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
    strain_on : {"film", "substrate", "both"}
        Who takes the misfit.
    gap : float, optional
        Distance in Å from the highest atom of the substrate to the lowest of the film. Without
        it the two bodies touch: no pair is closer than the sum of its radii
        (`contact_distance`) and one pair is exactly at it.
    shift : two floats or "closest"
        In-plane shift of the film in fractions of the coincidence cell vectors. "closest" tries
        the irreducible shifts on a 0.3 Å grid and takes the one at which the two bodies come
        closest, so that ions rest in hollows and beside their counter-ions: a geometric choice,
        not an energy.
    vacuum : float
        Empty height above the film in Å. 0 closes the stack periodically, with a second interface
        of the same gap rule.
    sandwich : bool
        Put a second substrate slab on top, so that the film has two interfaces.
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
    check_request(gap, (0.0, 0.0) if shift == "closest" else shift, vacuum, fix_outer_layers)
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
    if shift == "closest":
        shift = _closest_shift(film_slab, substrate_slab, match, strain_on)
    return stack_slabs(
        film_slab,
        substrate_slab,
        match=match,
        strain_on=strain_on,
        gap=gap,
        shift=shift,
        vacuum=vacuum,
        sandwich=sandwich,
        fix_outer_layers=fix_outer_layers,
    )


def check_request(
    gap: float | None, shift: tuple[float, float], vacuum: float = 0.0, fix_outer_layers: int = 0
) -> None:
    """Refuse a gap, shift, vacuum or number of fixed layers that means nothing.

    Raises
    ------
    BuildError
        Unless the gap is positive, the shift two finite numbers and the rest 0 or more.
    """
    if gap is not None and not (np.isfinite(gap) and gap > 0):
        raise BuildError(
            f"a gap of {gap:g} Å cannot be built", hint="leave it out to let the radii decide"
        )
    if not (np.isfinite(vacuum) and vacuum >= 0):
        raise BuildError(f"a vacuum of {vacuum:g} Å does not exist", hint="0 Å or more")
    if len(shift) != 2 or not np.isfinite(shift).all():
        raise BuildError(f"the in-plane shift is two fractions, not {shift!r}")
    if fix_outer_layers < 0:
        raise BuildError(f"{fix_outer_layers} fixed layers do not exist", hint="0 or more")


def _closest_shift(
    film: Slab, substrate: Slab, match: CoincidenceMatch, strain_on: StrainOn
) -> tuple[float, float]:
    """Return the shift of the irreducible cell at which the film comes to rest lowest."""
    cells = [np.asarray(slab.atoms.cell)[:2, :2] for slab in (film, substrate)]
    target = shared_cell(cells[0], cells[1], strain_on)
    shifts = shift_grid(match, target, CLOSEST_STEP)
    upper, lower = _part(film, target, "film"), _part(substrate, target, "substrate")
    heights = contact_heights(lower, upper, target, shifts)
    best = shifts[int(np.argmin(np.round(heights, 6)))]
    return float(best[0]), float(best[1])


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
    strain_on: StrainOn,
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
