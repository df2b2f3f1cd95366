"""Published numbers of films and supraparticles: periods, SAXS peaks, coherence lengths."""

from __future__ import annotations

import math
import re
from functools import cache

import numpy as np

from qdstruct import simulation
from qdstruct.model import PublishedComparison
from qdstruct.model.patterns import CurveMaximum
from qdstruct.pipeline.reproduction.numbers import PublishedNumber, published_numbers, row
from qdstruct.simulation.assembly import measured_assemblies

__all__ = ["RULES"]

_SUPRAPARTICLE = "CsPbBr3 supraparticle"
Q_TOLERANCE = 0.005
"""1/nm: places of maxima are printed with two decimals."""
LAYERS, SPREAD = 20, 0.5
"""Layers of the published films, and the spread of their distances in nm."""


def _printed(system: str, quantity: str) -> float:
    for number in published_numbers():
        if (number.system, number.quantity) == (system, quantity):
            return float(number.value)
    raise KeyError((system, quantity))


@cache
def supraparticle_maxima(cells: int) -> tuple[CurveMaximum, ...]:
    """Return the maxima of S(q) of a block of cells³ particles, with the printed period and gaps.

    q in 1/nm. Displacements lower the maxima and leave them in place; none is printed, none is put
    in.
    """
    array = simulation.SimpleCubicArray(
        spacing=10 * _printed(_SUPRAPARTICLE, "NC-NC distance"),
        cells=(cells, cells, cells),
        vacancies=_printed(_SUPRAPARTICLE, "bulk vacancies") / 100,
    )
    q = np.linspace(0.03, 0.14, 801)
    return simulation.structure_maxima(10 * q, simulation.array_structure_factor(q, array))


def supraparticle_peak(number: PublishedNumber) -> PublishedComparison | None:
    """Compare a SAXS peak with the nearest maximum of the simulated S(q) of a supraparticle."""
    found = re.fullmatch(r"SAXS q \{(\d)(\d)(\d)\}", number.quantity)
    if found is None:
        return None
    period = _printed(number.system, "NC-NC distance")
    extent = _printed(number.system, "coherence length")
    cells = round(extent / period)
    maxima = supraparticle_maxima(cells)
    peak = min(maxima, key=lambda maximum: abs(maximum.q - float(number.value)))
    agrees = abs(peak.q - float(number.value)) <= Q_TOLERANCE
    law = 2 * math.pi / period * math.hypot(*(int(index) for index in found.groups()))
    reason = (
        f"maximum of S(q) of {cells}³ particles (the printed {extent:g} nm), period {period} nm, "
        f"{_printed(number.system, 'bulk vacancies'):g} % empty: S = {peak.height:.2f}; "
        f"2π√(h²+k²+l²)/a = {law:.3f}; tolerance {Q_TOLERANCE} nm⁻¹, the last printed digit"
    )
    if found.groups() == ("2", "0", "0"):
        reason += (
            ". Weak beside {210}: 6 planes against 24; a maximum of its own from some eight "
            "particles along an edge on, below that it is the flank of {210}"
        )
    return row(number, f"{peak.q:.3f}", agrees, reason)


def supraparticle_period(number: PublishedNumber) -> PublishedComparison | None:
    """Compare the period with the first peak: a = 2π/q."""
    if number.quantity != "NC-NC distance":
        return None
    q = _printed(number.system, "SAXS q {100}")
    ours = 2 * math.pi / q
    agrees = abs(ours - float(number.value)) <= float(number.uncertainty or 0.1)
    return row(number, f"{ours:.2f}", agrees, f"2π/q with q = {q} nm⁻¹")


def coherence_length(number: PublishedNumber) -> PublishedComparison | None:
    """Compare the extent with the width: L = 2π/Δq."""
    if number.quantity != "coherence length":
        return None
    width = _printed(number.system, "fwhm {100}")
    ours = 2 * math.pi / width
    agrees = abs(ours / float(number.value) - 1) <= 0.02
    maxima = supraparticle_maxima(2)
    reason = (
        f"2π/Δq with the printed width {width} nm⁻¹: one of the two is off by ten. Simulated, "
        f"{ours:.0f} nm (two particles along an edge) have {len(maxima)} broad maxima "
        f"({', '.join(f'{m.q:.2f}' for m in maxima)} nm⁻¹) instead of the four printed ones; "
        f"{float(number.value):.0f} nm have all four"
    )
    return row(number, f"{ours:.1f}", agrees, reason)


def film_period(number: PublishedNumber) -> PublishedComparison | None:
    """Compare a film's peak with the simulated S(q) along the line of its printed period."""
    if number.system != "CsPbBr3 LbL film" or not number.quantity.startswith("SAXS"):
        return None
    q, printed = (float(value) for value in number.value)
    stack = simulation.LayerStack(period=10 * printed, layers=LAYERS, disorder=10 * SPREAD)
    grid = np.linspace(0.045, 0.1, 551)
    maxima = simulation.structure_maxima(10 * grid, simulation.stack_structure_factor(grid, stack))
    peak = max(maxima, key=lambda maximum: maximum.height)
    agrees = abs(peak.q - q) <= Q_TOLERANCE
    reason = (
        f"maximum of S(q) of {LAYERS} layers {printed} nm apart, distances spread by {SPREAD} nm "
        f"(assumed; without spread it moves by less than 0.001); 2π/q = {peak.spacing:.2f} nm; "
        f"tolerance {Q_TOLERANCE} nm⁻¹, the last printed digit"
    )
    return row(number, f"{peak.q:.3f}, {peak.spacing:.2f}", agrees, reason)


def film_thickness(number: PublishedNumber) -> PublishedComparison | None:
    """Compare the thickness of twenty layers."""
    if not number.quantity.startswith("thickness N=20"):
        return None
    period = _printed(number.system, "period C3DT")
    ours = 20 * period
    measured = float(number.value[0])
    agrees = abs(ours - measured) <= float(number.uncertainty or 0)
    reason = f"20 × {period} nm; measured {measured:g} ± {number.uncertainty:g} nm"
    return row(number, f"{ours:.0f}", agrees, reason)


def linker_period(number: PublishedNumber) -> PublishedComparison | None:
    """Compare the period of a C3DT film with particle size plus linker length."""
    if number.quantity != "period C3DT":
        return None
    size, linker = _printed("CsPbBr3 QD", "size"), _printed("C3DT", "S-S length")
    ours = size + linker
    reason = f"{size} nm particle + {linker} nm linker; the measured out-of-plane period is 7.7 nm"
    return row(number, f"{ours:.2f}", abs(ours - float(number.value)) <= 0.01, reason)


def linker_difference(number: PublishedNumber) -> PublishedComparison | None:
    """Compare the difference of the two linkers with that of the two periods."""
    if number.quantity != "C10DT minus C3DT period":
        return None
    linkers = _printed("C10DT", "S-S length") - _printed("C3DT", "S-S length")
    periods = 8.1 - 7.7
    reason = (
        "the linkers differ by more than the measured periods (8.1 and 7.7 nm): the chains do "
        "not stand upright, or particles interpenetrate"
    )
    return row(number, f"{linkers:.2f}, {periods:.2f}", abs(linkers - periods) <= 0.1, reason)


def vacancy_localisation(number: PublishedNumber) -> PublishedComparison | None:
    """Compare what attraction does to the vacancies of a crystal of cubes with stored runs."""
    if number.quantity != "MC eps":
        return None
    found = {
        well: [run for run in measured_assemblies() if run.well == well]
        for well in (float(value) for value in number.value)
    }
    shares, commands = [], []
    for well, runs in found.items():
        parts = sorted(100 * run.localised.value for run in runs)
        shares.append(f"{well:g} kT: {parts[0]:.0f}–{parts[-1]:.0f} %" if parts else
                      f"{well:g} kT: not computed")  # fmt: skip
        commands += [run.command for run in runs]
    weak, strong = (found[min(found, key=key)] for key in (abs, lambda well: -abs(well)))
    agrees = max(r.localised.value for r in weak) < 0.5 < min(r.localised.value for r in strong)
    reason = (
        "published is what attraction does: the vacancies of hard cubes are spread along a row, "
        "with 1 kT they are empty sites. Ours is the share of vacancies that are one empty site, "
        "from opposite starts (970 cubes, φ = 0.8, three seeds each, numbers of seed and "
        "sweeps in the command). These runs were made before and are kept with the package, "
        "because they take minutes; nothing is computed for this table. To repeat: "
        + "; ".join(commands)
    )
    return row(number, "localised at " + ", ".join(shares).replace("-", "−"), agrees, reason)


RULES = (
    vacancy_localisation,
    supraparticle_peak,
    supraparticle_period,
    coherence_length,
    film_period,
    film_thickness,
    linker_period,
    linker_difference,
)
