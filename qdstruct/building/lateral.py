"""Lateral junctions: a layered crystal beside another, its layers running into the interface."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.aligned_cell import aligned_match
from qdstruct.building.contact import clearances, contact_heights, contact_table, lateral_distances
from qdstruct.building.cut import Cut, choose_cut
from qdstruct.building.interface import check_request, matched_slabs, stack_slabs
from qdstruct.building.junction import BOND_STRETCH, octahedral_bonds, report_junction
from qdstruct.building.registry import shift_grid
from qdstruct.building.stack import plane_stack
from qdstruct.building.strain import StrainOn, shared_cell
from qdstruct.building.terminations import named_planes
from qdstruct.errors import BuildError
from qdstruct.model import CoincidenceMatch, Interface, Junction, Phase, Slab

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["build_lateral"]

BOND_SCALE = 0.95
"""Ionic radii overestimate the Pb–Br bond (3.15 Å against 2.97 Å in CsPbBr3); bridges are built
with contact distances scaled by this."""

SHIFT_STEP = 0.4
"""Å: grid of the in-plane shifts that are tried."""

ROOM = 0.85
"""Ions of the film's contact plane closer to the substrate than this times their contact distance
are taken out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Attempt:
    """One way to join the two slabs."""

    interface: Interface
    junction: Junction

    @property
    def rank(self) -> tuple[float, ...]:
        """Smaller is better: corner bridges and whole octahedra first, then unstrained bonds.

        Octahedra that would share an edge or a face count against the attempt.
        """
        bridges = self.junction.bridges
        shared = Counter((b.atoms[0], b.atoms[2]) for b in bridges)
        corners = [b for b in bridges if shared[b.atoms[0], b.atoms[2]] == 1 and b.angle > 100]
        broken = len(self.junction.broken_film) + len(self.junction.broken_substrate)
        misshapen = len(bridges) - len(corners)
        stretch = sum(abs(b.film_length - b.substrate_length) for b in corners)
        failures = broken + 2 * misshapen - 2 * len(corners)
        return (failures, bool(self.junction.removed), stretch, self.interface.gap)


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
    For every pair of terminations and every shift of a 0.4 Å grid the film is lowered until its
    atoms touch those of the substrate; ions of the film's outermost plane do not take part, and
    those without room are taken out afterwards, as many of each sign as keeps the film neutral
    (each layer of the substrate ends in halide of its own, which takes the place of the film's).
    The pair with the most bridges and fewest broken octahedra is kept.
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
    attempts = []
    for upper, lower in _cuts(
        film, substrate, match, film_layers, substrate_layers, film_termination,
        substrate_termination,
    ):  # fmt: skip
        slabs = matched_slabs(upper, lower, match, vacuum)
        attempts += _attempts(*slabs, match, strain_on, gap, shift, vacuum, usual)
    if not attempts:
        raise BuildError(
            "no termination pair leaves the two crystals in contact without clashes",
            hint="choose other faces or terminations, or give a gap",
        )
    best = min(attempts, key=lambda attempt: attempt.rank)
    return replace(best.interface, geometry="lateral", junction=best.junction)


def _cuts(
    film: Phase,
    substrate: Phase,
    match: CoincidenceMatch,
    film_layers: int,
    substrate_layers: int,
    film_termination: str | None,
    substrate_termination: str | None,
) -> list[tuple[Cut, Cut]]:
    film_stack = plane_stack(film, match.film_hkl)
    substrate_stack = plane_stack(substrate, match.substrate_hkl)
    bottoms = [film_termination] if film_termination else sorted(set(named_planes(film_stack)))
    tops = (
        [substrate_termination]
        if substrate_termination
        else sorted(set(named_planes(substrate_stack)))
    )
    return [
        (
            choose_cut(film_stack, layers=film_layers, bottom=bottom),
            choose_cut(substrate_stack, layers=substrate_layers, top=top),
        )
        for bottom in bottoms
        for top in tops
    ]


def _usual_coordination(phase: Phase) -> dict[str, int]:
    bonds = octahedral_bonds(phase.atoms)
    counts = np.bincount(bonds.first, minlength=len(phase.atoms))
    symbols = np.array(phase.atoms.get_chemical_symbols())
    return {
        str(symbol): int(np.median(counts[symbols == symbol]))
        for symbol in sorted(set(symbols[np.unique(bonds.first)]))
    }


def _attempts(
    film: Slab,
    substrate: Slab,
    match: CoincidenceMatch,
    strain_on: StrainOn,
    gap: float | None,
    shift: tuple[float, float] | None,
    vacuum: float,
    usual: dict[str, int],
) -> list[_Attempt]:
    """Place one slab pair at the most promising shifts."""
    cells = [np.asarray(slab.atoms.cell)[:2, :2] for slab in (film, substrate)]
    cell = shared_cell(cells[0], cells[1], strain_on)
    shifts = (
        shift_grid(match, cell, SHIFT_STEP) if shift is None else np.array([shift], dtype=float)
    )
    upper, lower = _in_cell(film.atoms, cell), _in_cell(substrate.atoms, cell)
    body = upper[~_spare(upper, upper.arrays["layer"] == 0)]
    heights = contact_heights(lower, body, cell, shifts, scale=BOND_SCALE)
    lowest = float(body.positions[:, 2].min() - upper.positions[:, 2].min())
    gaps = heights - lowest if gap is None else np.full(len(shifts), gap)
    promising = _promising(lower, body, cell, shifts, heights)
    found = []
    for k in promising:
        built = stack_slabs(
            film, substrate, match=match, strain_on=strain_on, gap=float(gaps[k]),
            shift=(float(shifts[k, 0]), float(shifts[k, 1])), vacuum=vacuum,
        )  # fmt: skip
        if vacuum == 0 and gap is None:
            built = _closed(built)
        cleared = _clear(built)
        if cleared is not None:
            trimmed, removed = cleared
            junction = report_junction(
                trimmed.atoms, interface_height=built.interface_height, coordination=usual,
                removed=removed,
            )  # fmt: skip
            found.append(_Attempt(interface=trimmed, junction=junction))
    return found


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


def _promising(
    lower: Atoms,
    body: Atoms,
    cell: NDArray[np.float64],
    shifts: NDArray[np.float64],
    heights: NDArray[np.float64],
    keep: int = 6,
) -> NDArray[np.int64]:
    """Shifts at which most cations of one side sit at bonding distance from the other's anions."""
    near = lower[lower.positions[:, 2] > lower.positions[:, 2].max() - 5.0]
    face = body[body.positions[:, 2] < body.positions[:, 2].min() + 2.0]
    charges = [atoms.arrays["formal_charge"] for atoms in (near, face)]
    framework = [atoms.arrays["molecule"] < 0 for atoms in (near, face)]
    ionic = np.outer(*framework) & (np.outer(*charges) <= -2)
    limits = np.where(ionic, BOND_STRETCH * contact_table(near, face), 0.0)
    depth = near.positions[:, 2] - near.positions[:, 2].max()
    rise = face.positions[:, 2] - face.positions[:, 2].min()
    scores = []
    for shift, height in zip(shifts, heights, strict=True):
        lateral = lateral_distances(
            near.positions[:, :2], face.positions[:, :2] + shift @ cell, cell
        )
        vertical = height + rise[None, :] - depth[:, None]
        scores.append(int((np.hypot(lateral, vertical) < limits).sum()))
    return np.lexsort((heights, -np.array(scores)))[:keep]


def _clear(built: Interface) -> tuple[Interface, str] | None:
    """Take out ions of the film's contact plane that have no room, keeping the film neutral."""
    atoms = built.atoms
    regions = np.asarray(atoms.arrays["region"])
    plane = (regions == "film") & (np.asarray(atoms.arrays["layer"]) == 0)
    clearance = clearances(atoms, regions)
    crowded = (regions == "film") & (clearance < ROOM)
    movable = _spare(atoms, plane)
    if (crowded & ~movable).any():
        return None
    removed = _neutral_removal(atoms.arrays["formal_charge"], clearance, movable, crowded)
    if removed is None:
        return None
    formula = atoms[removed].get_chemical_formula(mode="hill") if removed.any() else ""
    kept = atoms[~removed]
    inside = np.asarray(kept.arrays["region"]) == "film"
    lowest = float(kept.positions[inside, 2].min())
    highest = float(kept.positions[~inside, 2].max())
    trimmed = replace(
        built, atoms=kept, gap=lowest - highest, interface_height=(lowest + highest) / 2
    )
    return trimmed, formula


def _spare(atoms: Atoms, plane: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Ions of a plane that may be taken out: those of a plane of single charges, such as CsBr."""
    charges = np.abs(np.asarray(atoms.arrays["formal_charge"]))
    return plane & bool((charges[plane] == 1).all())


def _neutral_removal(
    charges: NDArray[np.float64],
    clearance: NDArray[np.float64],
    plane: NDArray[np.bool_],
    crowded: NDArray[np.bool_],
) -> NDArray[np.bool_] | None:
    """Add the most crowded counter-ions of the plane until what is removed is neutral."""
    removed = crowded.copy()
    net = float(charges[removed].sum())
    for i in np.argsort(clearance, kind="stable"):
        if abs(net) < 1e-6:
            break
        if plane[i] and not removed[i] and charges[i] * net < 0 and abs(charges[i]) <= abs(net):
            removed[i] = True
            net += float(charges[i])
    return removed if abs(net) < 1e-6 else None
