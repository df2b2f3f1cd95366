"""Published orientation relations, spot geometries and layer counts of both pairs."""

from __future__ import annotations

from functools import cache

import numpy as np

from qdstruct import matching, phases, simulation
from qdstruct.errors import MatchError
from qdstruct.geometry import plane_spacing
from qdstruct.model import Miller, OrientationRelation, PublishedComparison
from qdstruct.pipeline.reproduction.numbers import PublishedNumber, row

__all__ = ["RULES"]

_CDS, _PEROVSKITE, _LAYERED = "CdS-zincblende", "CsPbBr3-cubic", "PMA2PbBr4"
_READINGS: dict[str, Miller] = {
    "orientation relation": (-2, 1, 1),
    "interface planes": (-2, 0, 2),
}
"""Printed quantity → the plane of CdS that is put on (220) of cubic CsPbBr3, [111] ∥ [001]."""
LARGEST_CELL = 600.0
"""Å² up to which a coincidence cell is looked for."""
POSSIBLE = 0.5
"""Degrees by which two parallels may contradict each other."""


@cache
def _relation(plane: Miller) -> OrientationRelation:
    return matching.orientation(
        phases.load(_CDS), phases.load(_PEROVSKITE), planes=(plane, (2, 2, 0)),
        directions=((1, 1, 1), (0, 0, 1)), max_area=LARGEST_CELL,
    )  # fmt: skip


def reading(number: PublishedNumber) -> PublishedComparison | None:
    """Examine a reading of the CsPbBr3/CdS relation: is it possible, and what fits in it."""
    plane = _READINGS.get(number.quantity)
    if plane is None or number.system != "CsPbBr3/CdS":
        return None
    relation = _relation(plane)
    possible = relation.inconsistency <= POSSIBLE
    film, substrate = relation.film_spacing, relation.substrate_spacing
    ours = (
        f"({' '.join(map(str, plane))})S || (2 2 0)C, [111]S || [001]C: "
        f"{'possible' if possible else 'impossible'}, d {film:.4f} and {substrate:.4f} Å"
    )
    return row(number, ours, possible, f"{_fit_of(relation)}; {_spot_angle()}")


def _fit_of(relation: OrientationRelation) -> str:
    spacing = 100 * (relation.film_spacing / relation.substrate_spacing - 1)
    words = f"spacings differ by {spacing:+.2f} %"
    if relation.match is None:
        return f"{words}; no coincidence cell up to {LARGEST_CELL:g} Å²"
    strains = ", ".join(f"{100 * strain:+.2f}" for strain in relation.match.principal_strains)
    return (
        f"{words}; coincidence cell {relation.match.area:.0f} Å², strains {strains} %, turned by "
        f"{relation.match_twist or 0.0:.1f}°"
    )


def _angles(name: str, zone: Miller, families: tuple[int, ...]) -> list[float]:
    """Return the angles of the spots of some families, h² + k² + l², in a zone-axis pattern."""
    atoms = phases.load(name).atoms
    spots = simulation.zone_axis_pattern(atoms, name=name, zone=zone, max_g=0.6).spots
    return [spot.angle for spot in spots if sum(i * i for i in spot.hkl) in families]


def _spot_angle() -> str:
    """Say how far {211} is from {220} in the pattern of CdS along [111]."""
    first, second = _angles(_CDS, (1, 1, 1), (8,)), _angles(_CDS, (1, 1, 1), (6,))
    apart = min(abs((a - b + 90) % 180 - 90) for a in first for b in second) if second else 30.0
    square = _angles(_PEROVSKITE, (0, 0, 1), (8,))
    return (
        f"in the Fourier transform {len(first)} {{220}} spots of CdS every "
        f"{_step(first):.0f}°, {{211}} {apart:.0f}° from them, beside {len(square)} {{220}} spots "
        f"of CsPbBr3 every {_step(square):.0f}°"
    )


def _step(angles: list[float]) -> float:
    """Return the smallest angle between neighbouring spots, degrees."""
    ordered = np.sort(np.asarray(angles) % 360)
    steps = np.diff(np.append(ordered, ordered[0] + 360))
    return float(steps[steps > 1.0].min())


def zone_axes(number: PublishedNumber) -> PublishedComparison | None:
    """Ask whether the printed fringes lie in the printed zone axes of CsPbBr3/PMA2PbBr4."""
    if number.quantity != "zone axes" or number.system != "CsPbBr3-PMA2PbBr4":
        return None
    cubic, layered = phases.load(_PEROVSKITE), phases.load(_LAYERED)
    fringe: Miller = (7, 0, 0)
    within, seen = _in_zone((0, 0, 2), (0, 1, 0)), _in_zone(fringe, (0, 1, 1))
    extinct = matching.is_forbidden(layered, fringe)
    first = plane_spacing(cubic.atoms.cell, (0, 0, 2))
    second = plane_spacing(layered.atoms.cell, fringe)
    ours = (
        f"(002) in [010] at {first / 10:.4f} nm: {'yes' if within else 'no'}; (700) in [011] at "
        f"{second / 10:.4f} nm: {'yes' if seen else 'no'}"
    )
    reason = (
        "PMA2PbBr4 in Cmc2₁, whose long axis is a: printed [110] and (007) are [011] and (700)"
        + ("; (700) is extinct by centring, a spot there is no Bragg reflection" if extinct else "")
    )
    return row(number, ours, within and seen and not extinct, reason)


def _in_zone(hkl: Miller, zone: Miller) -> bool:
    """Say whether a reflection belongs to a zone axis: hu + kv + lw = 0 (Weiss)."""
    return sum(h * u for h, u in zip(hkl, zone, strict=True)) == 0


def basal_cell(number: PublishedNumber) -> PublishedComparison | None:
    """Look for a coincidence cell of the interface that was calculated."""
    if number.quantity != "DFT interface planes":
        return None
    film, substrate = phases.load(_PEROVSKITE), phases.load(_LAYERED)
    try:
        best = matching.find_matches(
            film, substrate, (1, 1, 1), (1, 0, 0), max_area=LARGEST_CELL, max_strain=0.05
        )[0]
    except MatchError as error:
        return row(number, "no cell within the bounds", False, error.message)
    ours = f"{best.area:.0f} Å², largest strain {100 * best.max_strain:.2f} %"
    reason = (
        "(005) is (500) in Cmc2₁, extinct, and is the basal plane, as (100) here: a vertical "
        "junction; smallest cell within 5 % strain"
    )
    return row(number, ours, best.max_strain <= 0.05, reason)


_COUNTS: tuple[tuple[int, Miller], ...] = ((4, (1, 1, 0)), (5, (1, 1, 1)), (3, (1, 0, 0)))


def layer_counts(number: PublishedNumber) -> PublishedComparison | None:
    """Compare whole numbers of planes of CsPbBr3 with the thickness of one layer."""
    if number.quantity != "layer thickness vs planes":
        return None
    cell = phases.load(_PEROVSKITE).atoms.cell
    layer = float(phases.load(_LAYERED).atoms.cell.lengths()[0]) / 2
    lengths = [times * plane_spacing(cell, hkl) for times, hkl in _COUNTS]
    off = [100 * (length / layer - 1) for length in lengths]
    words = [f"{a:.2f} Å ({b:+.1f} %)" for a, b in zip(lengths, off, strict=True)]
    ranked = sorted(off, key=abs) == off
    reason = (
        f"one layer is a/2 = {layer:.2f} Å in Cmc2₁; the order of the printed mismatches, (110) "
        f"before (111) before (100), {'holds' if ranked else 'does not hold'}"
    )
    return row(number, ", ".join(words), ranked, reason)


def measured_edges(number: PublishedNumber) -> PublishedComparison | None:
    """Say which type the measured edges of CdS and CsPbBr3 make; the paper states type II."""
    from qdstruct.pipeline.reproduction.carriers import measured_kind

    if number.quantity != "CB, VB vs RHE" or number.system != "CdS":
        return None
    kind, conduction, valence = measured_kind("CdS", "CsPbBr3")
    reason = (
        f"conduction edges {conduction:.1f} eV and valence edges {valence:.1f} eV apart; the paper "
        "says type II"
    )
    return row(number, f"{kind} with CsPbBr3", kind == "type II", reason)


RULES = (reading, zone_axes, basal_cell, layer_counts, measured_edges)
