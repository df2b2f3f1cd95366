"""Published numbers of films and supraparticles: periods, SAXS peaks, coherence lengths."""

from __future__ import annotations

import math
import re

from qdstruct.model import PublishedComparison
from qdstruct.pipeline.reproduction.numbers import PublishedNumber, published_numbers, row

__all__ = ["RULES"]


def _printed(system: str, quantity: str) -> float:
    for number in published_numbers():
        if (number.system, number.quantity) == (system, quantity):
            return float(number.value)
    raise KeyError((system, quantity))


def supraparticle_peak(number: PublishedNumber) -> PublishedComparison | None:
    """Compare a SAXS peak of a simple-cubic lattice: q = 2π √(h² + k² + l²)/a."""
    found = re.fullmatch(r"SAXS q \{(\d)(\d)(\d)\}", number.quantity)
    if found is None:
        return None
    period = _printed(number.system, "NC-NC distance")
    ours = 2 * math.pi / period * math.hypot(*(int(index) for index in found.groups()))
    agrees = abs(ours - float(number.value)) <= 0.011
    return row(number, f"{ours:.3f}", agrees, f"simple cubic lattice of period {period} nm")


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
    reason = f"2π/Δq with the printed width {width} nm⁻¹: one of the two is off by ten"
    return row(number, f"{ours:.1f}", agrees, reason)


def film_period(number: PublishedNumber) -> PublishedComparison | None:
    """Compare a film's period with its peak: d = 2π/q."""
    if number.system != "CsPbBr3 LbL film" or not number.quantity.startswith("SAXS"):
        return None
    q, printed = (float(value) for value in number.value)
    ours = 2 * math.pi / q
    agrees = abs(ours - printed) <= 0.06
    return row(number, f"{q:g}, {ours:.2f}", agrees, f"2π/q with q = {q} nm⁻¹")


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


RULES = (
    supraparticle_peak,
    supraparticle_period,
    coherence_length,
    film_period,
    film_thickness,
    linker_period,
    linker_difference,
)
