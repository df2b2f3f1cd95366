"""Published numbers beside ours, for the systems a study names.

Only what follows from the crystal structures alone is computed here: line positions, lattice plane
spacings and their mismatch. Ours is never bent to fit; where the two differ, the reason says which
lattice parameter the printed number would need.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from qdstruct import phases
from qdstruct.geometry import plane_spacing
from qdstruct.model import Miller, Phase, PublishedComparison
from qdstruct.resources import data_folder
from qdstruct.units import WAVELENGTHS

__all__ = ["PublishedNumber", "compare_systems", "published_numbers"]

_PHASE_OF = {
    "CsPbBr3 cubic": "CsPbBr3-cubic",
    "CsPbBr3 HRTEM": "CsPbBr3-cubic",
    "CsPbBr3": "CsPbBr3-cubic",
    "PbS": "PbS-galena",
    "PbS HRTEM": "PbS-galena",
    "CdS zb": "CdS-zincblende",
}
LINE_TOLERANCE = 0.03
"""Degrees in 2θ within which a line position agrees."""
SPACING_TOLERANCE = 0.01
"""Relative: what a lattice fringe in a micrograph is usually good for."""


@dataclass(frozen=True)
class PublishedNumber:
    """One number as printed."""

    system: str
    """Material or interface, as the source names it."""
    quantity: str
    """What it is."""
    value: Any
    """Number, list of numbers or text."""
    unit: str
    """As printed."""
    uncertainty: float | None
    """As printed."""
    formula: str | None
    """How the authors obtained it."""
    source: str
    """Publication."""
    where: str
    """Place in it."""


@cache
def published_numbers() -> tuple[PublishedNumber, ...]:
    """Return every published number that comes with qdstruct."""
    path = data_folder("structures") / "published.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    return tuple(PublishedNumber(**number) for number in document["numbers"])


def compare_systems(systems: Sequence[str]) -> tuple[PublishedComparison, ...]:
    """Compare the published numbers of these systems that follow from crystal structures."""
    rows = []
    for number in published_numbers():
        phase_name = _PHASE_OF.get(number.system)
        if number.system not in systems or phase_name is None:
            continue
        hkl = _indices(number.quantity)
        if hkl is None or not isinstance(number.value, int | float):
            continue
        phase = phases.load(phase_name)
        if number.quantity.startswith("XRD 2theta"):
            rows.append(_compare_line(number, phase, hkl))
        elif number.quantity.startswith("d"):
            rows.append(_compare_spacing(number, phase, hkl))
    return tuple(rows)


def _indices(quantity: str) -> Miller | None:
    found = re.search(r"[({](\d)(\d)(\d)[)}]$", quantity)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _compare_line(number: PublishedNumber, phase: Phase, hkl: Miller) -> PublishedComparison:
    wavelength = WAVELENGTHS["CuKa1"]
    ours = 2 * math.degrees(math.asin(wavelength / (2 * plane_spacing(phase.atoms.cell, hkl))))
    difference = ours - float(number.value)
    agrees = abs(difference) <= LINE_TOLERANCE
    implied = wavelength / (2 * math.sin(math.radians(float(number.value) / 2)))
    reason = (
        f"{_cell_of(phase)}, Cu Kα1 {wavelength} Å; ours − published {difference:+.3f}°"
        f"{'' if agrees else _implied(phase, hkl, implied)}"
    )
    return _row(number, f"{ours:.2f}", "°", agrees, reason)


def _compare_spacing(number: PublishedNumber, phase: Phase, hkl: Miller) -> PublishedComparison:
    ours = plane_spacing(phase.atoms.cell, hkl)
    relative = ours / float(number.value) - 1
    agrees = abs(relative) <= SPACING_TOLERANCE
    reason = (
        f"{_cell_of(phase)}; ours − published {100 * relative:+.2f} %"
        f"{'' if agrees else _implied(phase, hkl, float(number.value))}"
    )
    return _row(number, f"{ours:.4f}", "Å", agrees, reason)


def _row(
    number: PublishedNumber, ours: str, unit: str, agrees: bool, reason: str
) -> PublishedComparison:
    return PublishedComparison(
        system=number.system,
        quantity=number.quantity,
        published=f"{number.value:g}",
        ours=ours,
        unit=unit,
        verdict="agrees" if agrees else "differs",
        reason=reason,
        source=f"{number.source}, {number.where}",
    )


def _cell_of(phase: Phase) -> str:
    return f"{phase.name}, a = {phase.atoms.cell.lengths()[0]:.4f} Å"


def _implied(phase: Phase, hkl: Miller, spacing: float) -> str:
    edge = phase.atoms.cell.lengths()[0]
    implied = edge * spacing / plane_spacing(phase.atoms.cell, hkl)
    return (
        f"; the printed value needs a = {implied:.4f} Å, "
        f"{100 * (implied / edge - 1):+.2f} % from this cell"
    )
