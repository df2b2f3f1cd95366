"""Band edges of each region, and how two regions' bands line up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.analysis.densities import atom_groups, dos_by
from qdstruct.errors import InputError
from qdstruct.model import BandEdges, ProjectedDos

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["THRESHOLD", "alignment_type", "band_edges", "find_gap", "total_band_edges"]

THRESHOLD = 0.02
"""States/eV per atom below which a density counts as zero: a few per cent of a typical band."""
TAIL = 0.2
"""Where another region has more than 1/TAIL times the density per atom, a region's own may be the
tail of the neighbour's states reaching across the interface, and not a band."""
ONSET = 0.3
"""eV from the edge of the neighbour's band over which the share of its tail is measured."""
GROWTH = 2.0
"""Times the share at the onset up to which a density is still the tail: evanescent states decay
more slowly the closer they come to the region's own band."""
SMALLEST_GAP = 0.15
"""eV: narrower empty stretches are spacings between levels of a finite k-mesh, not gaps."""
REACH = 2.0
"""eV from the Fermi level within which a region's gap is looked for."""


def band_edges(
    projected: ProjectedDos,
    by: str | Mapping[str, Sequence[int]] = "region",
    *,
    threshold: float = THRESHOLD,
    broadening: float = 0.0,
    spin: str | None = None,
) -> tuple[BandEdges, ...]:
    """Find the valence and conduction edge of each group of atoms from its density of states.

    The gap of a group is the stretch of its DOS (per atom, summed over spin and orbitals) that
    stays at or below `threshold`, is wider than 0.15 eV and contains the Fermi level; grouping by
    region, a density below a fifth of another region's counts as zero where it is that region's
    tail: no more than `threshold` above twice the share of the neighbour's density that it has
    in the first 0.3 eV of the neighbour's band. Where no such stretch contains the Fermi level
    (in a broken-gap junction it crosses both materials' bands), it is the widest one within 2
    eV of it. A group without such a stretch is metallic and gets both edges at the Fermi level.

    Parameters
    ----------
    projected : ProjectedDos
        The DOS.
    by : str or mapping
        As for `dos_by`; ``region`` by default.
    threshold : float
        States/eV per atom that count as zero.
    broadening : float
        Standard deviation in eV of an additional Gaussian broadening; twice of it goes into the
        uncertainty, the distance at which a smeared edge of a usual band meets the threshold.
    spin : str, optional
        ``up`` or ``down``: the edges of one channel of a spin-polarised calculation.

    Returns
    -------
    tuple of BandEdges
        One per group, in eV relative to the Fermi level; the uncertainty is the energy step plus
        the smearing width, and in quadrature how far an edge moves when the threshold is halved
        or doubled, and when all that is below a fifth of another region's is taken for its tail.

    Raises
    ------
    InputError
        If the threshold is not positive or the grouping is not by atoms.
    """
    if not threshold > 0:
        raise InputError(f"a threshold of {threshold} states/eV cannot separate bands from a gap")
    if by == "orbital":
        raise InputError("band edges need groups of atoms", hint="choose region, element or layer")
    table = dos_by(projected, by, broadening=broadening, spin=spin)
    energy = np.asarray(table["energy"])
    resolution = _resolution(energy, projected.total) + 2 * broadening
    groups = atom_groups(projected.atoms, by)
    counts = np.array([max(len(members), 1) for members in groups.values()])
    densities = np.asarray(table) / counts[:, None]
    found = []
    for index, label in enumerate(groups):
        density, others = densities[index], np.delete(densities, index, axis=0)
        if by != "region" or not len(others):
            found.append(_edges(label, energy, density, threshold, resolution))
            continue
        highest = others.max(axis=0)
        strict = np.where(density >= TAIL * highest, density, 0.0)
        kept = _without_tail(energy, density, highest, threshold, resolution)
        edges = _edges(label, energy, kept, threshold, resolution)
        found.append(_with_tail_spread(edges, find_gap(energy, strict, threshold, resolution)))
    return tuple(found)


def _without_tail(
    energy: NDArray[np.float64],
    density: NDArray[np.float64],
    highest: NDArray[np.float64],
    threshold: float,
    resolution: float,
) -> NDArray[np.float64]:
    """Set to zero what is proportional to the neighbour's density on each side of the gap."""
    low = density < TAIL * highest
    whole = find_gap(energy, np.where(low, 0.0, density), threshold, resolution)
    if whole is None:
        return density
    plain = find_gap(energy, density, threshold, resolution)
    inside = plain is not None and whole[0] <= plain[0] and plain[1] <= whole[1]
    middle = sum(plain if plain is not None and inside else whole) / 2
    kept = density.copy()
    for side in (energy >= middle, energy < middle):
        filled = np.flatnonzero(side & (highest > threshold))
        if not filled.size:
            continue
        onset = energy[filled[np.argmin(np.abs(energy[filled] - middle))]]
        near = filled[np.abs(energy[filled] - onset) <= ONSET]
        share = float(np.median(density[near] / highest[near]))
        if share < TAIL:
            kept[side & low & (density - GROWTH * share * highest <= threshold)] = 0.0
    return kept


def _with_tail_spread(edges: BandEdges, strict: tuple[float, float] | None) -> BandEdges:
    """Count into the uncertainty how far the edges move with every low density left out."""
    lower, upper = strict or (0.0, 0.0)
    spread = max(abs(lower - edges.valence_maximum), abs(upper - edges.conduction_minimum))
    return replace(edges, tail_spread=spread, uncertainty=math.hypot(edges.uncertainty, spread))


def total_band_edges(
    total: DataArray, n_atoms: int, *, group: str, threshold: float = THRESHOLD
) -> BandEdges:
    """Find the edges of a whole structure from its total density of states.

    Parameters
    ----------
    total : DataArray
        States/eV, dims (spin, energy) with energy and the attribute ``fermi_level`` in eV on one
        scale, as `qdstruct.outputs.read_total_dos` gives it.
    n_atoms : int
        Atoms in the cell; the threshold is per atom.
    group : str
        Name of what the edges belong to.
    threshold : float
        States/eV per atom that count as zero.

    Returns
    -------
    BandEdges
        Relative to the Fermi level.
    """
    energy = np.asarray(total["energy"]) - float(total.attrs["fermi_level"])
    density = np.asarray(total, dtype=np.float64).sum(axis=0) / n_atoms
    return _edges(group, energy, density, threshold, _resolution(energy, total))


def _resolution(energy: NDArray[np.float64], total: DataArray) -> float:
    step = float(energy[-1] - energy[0]) / (len(energy) - 1)
    return step + float(total.attrs.get("smearing_width", 0.0))


def _edges(
    group: str,
    energy: NDArray[np.float64],
    density: NDArray[np.float64],
    threshold: float,
    resolution: float,
) -> BandEdges:
    gap = find_gap(energy, density, threshold, resolution)
    spread = 0.0
    for other in (threshold / 2, threshold * 2) if gap else ():
        moved = find_gap(energy, density, other, resolution)
        if gap and moved:
            spread = max(spread, abs(moved[0] - gap[0]), abs(moved[1] - gap[1]))
    valence, conduction = gap or (0.0, 0.0)
    return BandEdges(
        group=group,
        valence_maximum=valence,
        conduction_minimum=conduction,
        threshold=threshold,
        uncertainty=math.hypot(resolution, spread),
        threshold_spread=spread,
    )


def find_gap(
    energy: NDArray[np.float64],
    density: NDArray[np.float64],
    threshold: float,
    tolerance: float,
) -> tuple[float, float] | None:
    """Return the edges of the gap at (or nearest to) energy zero, or None for a metal.

    Parameters
    ----------
    energy : (M,) array
        eV relative to the Fermi level, ascending.
    density : (M,) array
        States/eV per atom.
    threshold : float
        What counts as zero.
    tolerance : float
        eV by which the Fermi level may lie outside the gap and still count as inside.
    """
    filled = np.flatnonzero(density > threshold)
    if filled.size < 2:
        return None
    lower, upper = energy[filled[:-1]], energy[filled[1:]]
    wide = upper - lower >= SMALLEST_GAP
    distance = np.maximum(0.0, np.maximum(lower, -upper))
    for reach in (tolerance, REACH):
        found = np.flatnonzero(wide & (distance <= reach))
        if found.size:
            best = found[np.argmax(upper[found] - lower[found])]
            return float(lower[best]), float(upper[best])
    return None


def alignment_type(film: BandEdges, substrate: BandEdges) -> tuple[str, str]:
    """Say how the bands of two regions line up, and why.

    Parameters
    ----------
    film, substrate : BandEdges
        On one energy axis.

    Returns
    -------
    kind : str
        ``type I`` (one gap inside the other), ``type II`` (staggered), ``type III`` (broken gap);
        ``quasi-type II/III`` when an offset that decides is smaller than its uncertainty;
        ``undetermined`` when a region has no gap or both offsets drown in their uncertainty.
    reason : str
        The offsets with their uncertainty (of the two edges, added in quadrature), and
        where electrons and holes go.
    """
    uncertainty = math.hypot(film.uncertainty, substrate.uncertainty)
    metallic = [edges.group for edges in (film, substrate) if edges.gap <= 0]
    if metallic:
        return "undetermined", f"no gap found in the DOS of {' and '.join(metallic)}"
    valence = film.valence_maximum - substrate.valence_maximum
    conduction = film.conduction_minimum - substrate.conduction_minimum
    offsets = (
        f"valence edge of the {film.group} {_signed(valence)} eV and conduction edge "
        f"{_signed(conduction)} eV relative to the {substrate.group} "
        f"({f'± {uncertainty:.2f} eV' if uncertainty else 'uncertainty not given'})"
    )
    broken = max(
        film.valence_maximum - substrate.conduction_minimum,
        substrate.valence_maximum - film.conduction_minimum,
    )
    if broken > -uncertainty and (broken > 0 or min(abs(valence), abs(conduction)) > uncertainty):
        higher = film if film.valence_maximum > substrate.valence_maximum else substrate
        lower = substrate if higher is film else film
        kind = "type III" if broken > uncertainty else "quasi-type III"
        reach = (
            f"reaches {broken:.2f} eV above" if broken > 0 else f"comes within {-broken:.2f} eV of"
        )
        return kind, (
            f"{offsets}; the valence band of the {higher.group} {reach} the conduction band of the "
            f"{lower.group}"
        )
    return _nested_or_staggered(film, substrate, valence, conduction, uncertainty, offsets)


def _nested_or_staggered(
    film: BandEdges,
    substrate: BandEdges,
    valence: float,
    conduction: float,
    uncertainty: float,
    offsets: str,
) -> tuple[str, str]:
    holes = film if valence > 0 else substrate
    electrons = film if conduction < 0 else substrate
    close = [
        name
        for name, offset in (("valence", valence), ("conduction", conduction))
        if abs(offset) <= uncertainty
    ]
    if len(close) == 2:
        return "undetermined", f"{offsets}; both offsets are smaller than their uncertainty"
    if close:
        return "quasi-type II", (
            f"{offsets}; the {close[0]} offset is smaller than its uncertainty, so that carrier "
            "spreads over both sides and type I and II cannot be told apart"
        )
    if holes is electrons:
        return "type I", f"{offsets}; electrons and holes both go to the {holes.group}"
    return "type II", (
        f"{offsets}; electrons go to the {electrons.group}, holes to the {holes.group}"
    )


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
