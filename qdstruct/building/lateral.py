"""Lateral junctions: a layered crystal beside another, its layers running into the interface."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.aligned_cell import aligned_match
from qdstruct.building.contact import contact_heights
from qdstruct.building.cut import choose_cut
from qdstruct.building.interface import check_request, matched_slabs, stack_slabs
from qdstruct.building.junction import octahedral_bonds, report_junction
from qdstruct.building.junction_search import BOND_SCALE, JunctionSearch, Placement
from qdstruct.building.registry import shift_grid
from qdstruct.building.stack import plane_stack
from qdstruct.building.strain import StrainOn, shared_cell
from qdstruct.building.terminations import named_planes
from qdstruct.errors import BuildError
from qdstruct.model import CoincidenceMatch, Interface, Phase, Slab

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["build_lateral"]

COARSE = (0.8, 0.4)
"""Å: steps of shift and height in the first search, over all pairs of terminations."""

FINE = (0.2, 0.15)
"""Å: steps in the second search, around the best of the first."""

REFINED = 4
"""How many of the best coarse placements are refined."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pair:
    """Two slabs with their faces, ready to be joined."""

    film: Slab
    substrate: Slab
    cell: NDArray[np.float64]
    search: JunctionSearch


def build_lateral(
    film: Phase,
    substrate: Phase,
    *,
    film_hkl: ArrayLike,
    substrate_hkl: ArrayLike,
    film_direction: ArrayLike | None = None,
    substrate_direction: ArrayLike | None = None,
    film_layers: int = 3,
    substrate_layers: int = 2,
    film_termination: str | None = None,
    substrate_termination: str | None = None,
    max_area: float = 400.0,
    max_strain: float = 0.05,
    strain_on: StrainOn = "film",
    gap: float | None = None,
    shift: tuple[float, float] | None = None,
    vacuum: float = 15.0,
) -> Interface:
    """Join a layered crystal (substrate) and another crystal (film) side by side.

    The interface normal is +z and lies in the layers of the substrate, so the interface plane
    contains the stacking axis and every layer ends at the interface.

    Parameters
    ----------
    film, substrate : Phase
        For example cubic CsPbBr3 and PMA2PbBr4.
    film_hkl, substrate_hkl : three integers
        The faces that meet. The substrate's face must contain its stacking axis.
    film_direction, substrate_direction : three integers, optional
        In-plane directions that run parallel: by default the substrate's stacking axis and the
        film direction that fits it in the smallest cell. For the published pair
        (110) ∥ layers the film direction is [110]; for (111) ∥ layers it is [111].
    film_layers, substrate_layers : int
        Repeats of each plane spacing along the normal.
    film_termination, substrate_termination : str, optional
        Planes in contact; all are tried when left out.
    max_area, max_strain, strain_on
        Bounds of the coincidence cell, and who is deformed.
    gap : float, optional
        Å between the highest atom of the substrate and the lowest of the film; found so that the
        two just touch when left out.
    shift : two floats, optional
        In-plane shift in fractions of the cell; the best of a grid when left out.
    vacuum : float
        Å; 0 makes a periodic ribbon with a second junction.

    Returns
    -------
    Interface
        ``geometry`` is "lateral" and ``junction`` lists the bridges between the octahedra of both
        sides, the octahedra that stay broken and the ions taken out. It is a starting structure
        for relaxation, not a relaxed one.

    Raises
    ------
    BuildError, MatchError
        If the gap, shift or vacuum means nothing, or faces, directions, terminations or
        bounds leave nothing to build.

    Notes
    -----
    All pairs of terminations are tried, and of film planes that hold polyvalent cations also what
    is left without these (the CsBr of a CsPbBr plane), which closes the octahedra behind. On a grid
    of shifts and heights, refined around the best places, singly charged ions of the film within
    3.2 Å of its face that have no room are taken out, with as many counter-ions as keep the film
    neutral: each layer of the substrate ends in halide of its own, which takes the place of the
    film's. Kept is the place with the most sound bridges (corner-sharing, above 120°, no bond
    beyond the contact distance), and among these the one with the fewest open octahedra.
    """
    check_request(gap, (0.0, 0.0) if shift is None else shift, vacuum)
    match = aligned_match(
        film,
        substrate,
        film_hkl,
        substrate_hkl,
        film_direction=film_direction,
        substrate_direction=substrate_direction,
        max_area=max_area,
        max_strain=max_strain,
    )
    usual = _usual_coordination(film) | _usual_coordination(substrate)
    pairs = [
        _paired(upper, lower, strain_on, usual)
        for upper, lower in _slabs(
            film, substrate, match, (film_layers, substrate_layers),
            (film_termination, substrate_termination), vacuum,
        )
    ]  # fmt: skip
    found = _searched(pairs, match, shift, gap)
    if not found:
        raise BuildError(
            "no termination pair leaves the two crystals in contact without clashes",
            hint="choose other faces or terminations, or give a gap",
        )
    pair, place = found[0]
    built = stack_slabs(
        pair.film, pair.substrate, match=match, strain_on=strain_on, gap=place.height,
        shift=place.shift, vacuum=vacuum, geometry="lateral",
    )  # fmt: skip
    if vacuum == 0 and gap is None:
        built = _closed(built)
    built, removed = _without(built, place.removed)
    junction = report_junction(
        built.atoms, interface_height=built.interface_height, coordination=usual, removed=removed
    )
    return replace(built, junction=junction)


def _searched(
    pairs: list[_Pair],
    match: CoincidenceMatch,
    shift: tuple[float, float] | None,
    gap: float | None,
) -> list[tuple[_Pair, Placement]]:
    """Search all pairs coarsely, then the best places finely; best first."""
    rough: list[tuple[_Pair, Placement]] = []
    for pair in pairs:
        shifts = (
            shift_grid(match, pair.cell, COARSE[0]) if shift is None else np.array([shift], float)
        )
        places = pair.search.placements(shifts, rise=COARSE[1], height=gap)
        best = sorted(places, key=_cost)[:REFINED]
        rough += [(pair, place) for place in best]
    rough.sort(key=lambda one: one[1].cost)
    if shift is not None and gap is not None:
        return rough
    steps = np.arange(-COARSE[0], COARSE[0] + FINE[0] / 2, FINE[0])
    around = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    refined = list(rough)
    for pair, place in rough[:REFINED]:
        nearby = np.array([place.shift]) + (around @ np.linalg.inv(pair.cell))
        shifts = np.array([place.shift]) if shift is not None else nearby % 1.0
        places = pair.search.placements(shifts, rise=FINE[1], height=gap)
        refined += [(pair, other) for other in sorted(places, key=_cost)[:1]]
    refined.sort(key=lambda one: one[1].cost)
    return refined


def _cost(place: Placement) -> tuple[float, ...]:
    return place.cost


def _slabs(
    film: Phase,
    substrate: Phase,
    match: CoincidenceMatch,
    layers: tuple[int, int],
    terminations: tuple[str | None, str | None],
    vacuum: float,
) -> Iterator[tuple[Slab, Slab]]:
    """Yield the slabs of every pair of terminations, in the coincidence cell."""
    film_stack = plane_stack(film, match.film_hkl)
    substrate_stack = plane_stack(substrate, match.substrate_hkl)
    bottoms = [terminations[0]] if terminations[0] else sorted(set(named_planes(film_stack)))
    tops = [terminations[1]] if terminations[1] else sorted(set(named_planes(substrate_stack)))
    for bottom, top in product(bottoms, tops):
        lower = choose_cut(substrate_stack, layers=layers[1], top=top)
        whole = choose_cut(film_stack, layers=layers[0], bottom=bottom)
        yield matched_slabs(whole, lower, match, vacuum)
        longer = choose_cut(film_stack, layers=layers[0], bottom=bottom, top=bottom)
        upper, beneath = matched_slabs(longer, lower, match, vacuum)
        stripped = _stripped(upper)
        if stripped is not None:
            yield stripped, beneath


def _stripped(film: Slab) -> Slab | None:
    """Leave the polyvalent cations out of the lowest plane, where that makes the slab neutral."""
    charges = np.asarray(film.atoms.arrays["formal_charge"])
    polyvalent = (charges >= 2) & (np.asarray(film.atoms.arrays["layer"]) == 0)
    if not polyvalent.any() or abs(charges[~polyvalent].sum()) > 1e-6:
        return None
    kept = film.atoms[~polyvalent]
    if not (np.asarray(kept.arrays["layer"]) == 0).any():
        return None
    formula = kept[np.asarray(kept.arrays["layer"]) == 0].symbols.formula.reduce()[0]
    return replace(film, atoms=kept, bottom_termination=f"{formula:metal}", kind=None)


def _paired(film: Slab, substrate: Slab, strain_on: StrainOn, usual: dict[str, int]) -> _Pair:
    cells = [np.asarray(slab.atoms.cell)[:2, :2] for slab in (film, substrate)]
    cell = shared_cell(cells[0], cells[1], strain_on)
    search = JunctionSearch(
        _in_cell(film.atoms, cell), _in_cell(substrate.atoms, cell), cell, usual
    )
    return _Pair(film=film, substrate=substrate, cell=cell, search=search)


def _usual_coordination(phase: Phase) -> dict[str, int]:
    bonds = octahedral_bonds(phase.atoms)
    counts = np.bincount(bonds.first, minlength=len(phase.atoms))
    symbols = np.array(phase.atoms.get_chemical_symbols())
    return {
        str(symbol): int(np.median(counts[symbols == symbol]))
        for symbol in sorted(set(symbols[np.unique(bonds.first)]))
    }


def _closed(built: Interface) -> Interface:
    """Let the film's upper face touch the next image of the substrate: the second junction."""
    atoms = built.atoms.copy()
    film = np.asarray(atoms.arrays["region"]) == "film"
    cell = np.asarray(atoms.cell)[:2, :2]
    distance = contact_heights(atoms[film], atoms[~film], cell, [(0.0, 0.0)], scale=BOND_SCALE)[0]
    heights = atoms.positions[:, 2]
    atoms.cell[2, 2] = heights[film].max() - heights[~film].min() + distance
    return replace(built, atoms=atoms)


def _in_cell(atoms: Atoms, cell: NDArray[np.float64]) -> Atoms:
    moved = atoms.copy()
    own = np.asarray(atoms.cell)[:2, :2]
    moved.positions[:, :2] = atoms.positions[:, :2] @ np.linalg.inv(own) @ cell
    return moved


def _without(built: Interface, unwanted: NDArray[np.bool_]) -> tuple[Interface, str]:
    """Take ions out of the film; return what is left and what was taken, as a formula."""
    film = np.flatnonzero(np.asarray(built.atoms.arrays["region"]) == "film")
    removed = np.zeros(len(built.atoms), dtype=bool)
    removed[film[unwanted]] = True
    formula = built.atoms[removed].get_chemical_formula(mode="hill") if removed.any() else ""
    kept = built.atoms[~removed]
    inside = np.asarray(kept.arrays["region"]) == "film"
    lowest = float(kept.positions[inside, 2].min())
    highest = float(kept.positions[~inside, 2].max())
    trimmed = replace(
        built, atoms=kept, gap=lowest - highest, interface_height=(lowest + highest) / 2
    )
    return trimmed, formula
