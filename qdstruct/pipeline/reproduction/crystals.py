"""Published numbers that follow from the crystals: lines, spacings, mismatches, molecules."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np

from qdstruct import matching, phases, simulation
from qdstruct.geometry import plane_spacing
from qdstruct.model import Miller, Phase, PublishedComparison
from qdstruct.pipeline.reproduction.numbers import PublishedNumber, published_numbers, row
from qdstruct.units import WAVELENGTHS

__all__ = ["RULES"]

_PHASE_OF = {
    "CsPbBr3 cubic": "CsPbBr3-cubic",
    "CsPbBr3 HRTEM": "CsPbBr3-cubic",
    "CsPbBr3": "CsPbBr3-cubic",
    "CsPbBr3 QD": "CsPbBr3-cubic",
    "PMA2PbBr4": "PMA2PbBr4",
    "PbS": "PbS-galena",
    "PbS HRTEM": "PbS-galena",
    "CdS zb": "CdS-zincblende",
}
SPACING_TOLERANCE = 0.01
"""Relative: what a lattice fringe in a micrograph is usually good for."""
MISMATCH_TOLERANCE = 0.02
"""Percentage points: mismatches are printed with two decimals."""
LENGTH_TOLERANCE = 0.01
"""nm: lengths of molecules are printed with two decimals."""


def line(number: PublishedNumber) -> PublishedComparison | None:
    """Compare a powder line: 2θ = 2 asin(λ/2d) with Cu Kα1."""
    hkl = _indices(number.quantity)
    if hkl is None or not number.quantity.startswith("XRD 2theta"):
        return None
    phase = phases.load(_PHASE_OF[number.system])
    printed = simulation.PublishedLine(
        system=number.system,
        hkl=hkl,
        two_theta=float(number.value),
        source=f"{number.source}, {number.where}",
    )
    others = (each for each in simulation.published_lines(number.system) if each.hkl != hkl)
    found = simulation.compare_cell(phase.name, phase.atoms.cell, [printed, *others])[0]
    return replace(found, quantity=number.quantity, unit=number.unit)


def two_theta(phase: Phase, hkl: Miller) -> float:
    """Return the Bragg angle 2θ of a plane for Cu Kα1, degrees."""
    sine = WAVELENGTHS["CuKa1"] / (2 * plane_spacing(phase.atoms.cell, hkl))
    return 2 * math.degrees(math.asin(sine))


def line_list(number: PublishedNumber) -> PublishedComparison | None:
    """Compare the approximate CdS lines."""
    if number.quantity != "XRD CdS 111/200/220":
        return None
    phase = phases.load("CdS-zincblende")
    ours = [two_theta(phase, hkl) for hkl in ((1, 1, 1), (2, 0, 0), (2, 2, 0))]
    off = [abs(a - b) for a, b in zip(ours, number.value, strict=True)]
    reason = (
        f"{_cell_of(phase)}, Cu Kα1; printed as approximate, to the degree; largest difference "
        f"{max(off):.2f}°, at (220), which is at 44°"
    )
    return row(number, ", ".join(f"{angle:.2f}" for angle in ours), max(off) <= 0.6, reason)


def spacing(number: PublishedNumber) -> PublishedComparison | None:
    """Compare a lattice plane spacing read from a micrograph or a table."""
    hkl = _indices(number.quantity)
    if hkl is None or not number.quantity.startswith(("d", "fringe")):
        return None
    if number.system not in _PHASE_OF:
        return None
    phase = phases.load(_PHASE_OF[number.system])
    in_nanometres = "nm" in number.unit
    printed = float(number.value) * (10 if in_nanometres else 1)
    remark = "; printed in Å, meant in nm" if "must be nm" in number.unit else ""
    if phase.name == "PMA2PbBr4":
        hkl = (hkl[2], 0, 0)
        remark += f"; the film's (00l) is (h00) in Cmc2₁, here {_plane(hkl)}"
    if matching.is_forbidden(phase, hkl):
        remark += ", forbidden by the structure factor"
    ours = plane_spacing(phase.atoms.cell, hkl)
    relative = ours / printed - 1
    agrees = abs(relative) <= SPACING_TOLERANCE
    tail = "" if agrees else _implied(phase, hkl, printed)
    value = f"{ours / 10:.4f}" if in_nanometres else f"{ours:.4f}"
    reason = f"{_cell_of(phase)}; ours − published {100 * relative:+.2f} %{remark}{tail}"
    return row(number, value, agrees, reason)


_LAYERED_PLANES: dict[str, tuple[Miller, Miller]] = {
    "mismatch (110)/(008)": ((1, 1, 0), (8, 0, 0)),
    "mismatch (111)/(0010)": ((1, 1, 1), (10, 0, 0)),
    "mismatch (100)/(006)": ((1, 0, 0), (6, 0, 0)),
}


def layered_mismatch(number: PublishedNumber) -> PublishedComparison | None:
    """Compare a 2D/3D mismatch in every cell of CsPbBr3 and all three definitions."""
    planes = _LAYERED_PLANES.get(number.quantity)
    if planes is None:
        return None
    layered = phases.load("PMA2PbBr4")
    candidates = {}
    for name in ("CsPbBr3-cubic", "CsPbBr3-tetragonal", "CsPbBr3-Pnma", "CsPbBr3-Pbnm"):
        found = matching.plane_mismatches(phases.load(name), layered, planes=[planes])[0]
        for definition in ("film", "substrate", "mean"):
            value = 100 * abs(getattr(found, f"over_{definition}"))
            candidates[f"{name}, over {_meaning(definition)}"] = value
    nearest = min(candidates, key=lambda key: abs(candidates[key] - float(number.value)))
    agrees = abs(candidates[nearest] - float(number.value)) <= MISMATCH_TOLERANCE
    cubic = ", ".join(
        f"{candidates[f'CsPbBr3-cubic, over {_meaning(d)}']:.2f} over {_meaning(d)}"
        for d in ("film", "substrate", "mean")
    )
    reason = (
        f"plane {_plane(planes[1])} of PMA2PbBr4 (Cmc2₁) for the printed (00l); cubic CsPbBr3: "
        f"{cubic}; nearest of all cells: {nearest}"
    )
    return row(number, f"{candidates[nearest]:.2f}", agrees, reason)


def _meaning(definition: str) -> str:
    return {"film": "CsPbBr3", "substrate": "PMA2PbBr4", "mean": "mean"}[definition]


def small_mismatch(number: PublishedNumber) -> PublishedComparison | None:
    """Compare the CdS and ZnS mismatches with cubic CsPbBr3."""
    partner = {
        ("CsPbBr3/CdS", "mismatch {220}/{220}"): "CdS-zincblende",
        ("CsPbBr3/ZnS", "lattice mismatch"): "ZnS-zincblende",
    }.get((number.system, number.quantity))
    if partner is None:
        return None
    host = phases.load("CsPbBr3-cubic")
    found = matching.plane_mismatches(phases.load(partner), host, planes=[((2, 2, 0), (2, 2, 0))])[
        0
    ]
    values = [100 * abs(v) for v in (found.over_film, found.over_substrate, found.over_mean)]
    printed = float(number.value)
    agrees = (
        max(values) <= printed + MISMATCH_TOLERANCE
        if "<" in number.unit
        else min(abs(value - printed) for value in values) <= 0.1
    )
    reason = (
        f"{{220}} of {partner} and of cubic CsPbBr3: {values[0]:.2f} over {partner}, "
        f"{values[1]:.2f} over CsPbBr3, {values[2]:.2f} over mean"
    )
    return row(number, f"{values[1]:.2f}", agrees, reason)


def strain_from_shift(number: PublishedNumber) -> PublishedComparison | None:
    """Turn a shift of a line into a strain and hold the other line of the phase against it."""
    found = re.fullmatch(r"(CsPbBr3|PbS) \((\d)(\d)(\d)\) shift .*", number.quantity)
    if found is None:
        return None
    before, after = (math.radians(float(angle) / 2) for angle in number.value)
    strain = 100 * (math.sin(before) / math.sin(after) - 1)
    other = "(220)" if "(200)" in number.quantity else "(200)"
    reason = (
        f"strain = d₂/d₁ − 1; one uniform strain would give the same value from {other} of "
        f"{found[1]}"
    )
    return row(number, f"strain {strain:+.2f} %", _uniform(found[1], strain), reason)


def _uniform(crystal: str, strain: float) -> bool:
    strains = []
    for number in published_numbers():
        if number.quantity.startswith(f"{crystal} (") and "shift" in number.quantity:
            before, after = (math.radians(float(angle) / 2) for angle in number.value)
            strains.append(100 * (math.sin(before) / math.sin(after) - 1))
    return max(abs(strain - other) for other in strains) <= 0.05


def molecule_length(number: PublishedNumber) -> PublishedComparison | None:
    """Compare the S–S length of a dithiol."""
    if number.quantity != "S-S length":
        return None
    atoms = phases.load_molecule(number.system)
    first, second = atoms.positions[atoms.symbols == "S"]
    ours = float(np.linalg.norm(first - second)) / 10
    reason = f"geometry: {atoms.info.get('method', 'as shipped')}, all-trans chain"
    agrees = abs(ours - float(number.value)) <= LENGTH_TOLERANCE
    return row(number, f"{ours:.3f}", agrees, reason)


def _indices(quantity: str) -> Miller | None:
    found = re.search(r"[({](\d)(\d)(\d)[)}](?: cubic)?$", quantity)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _plane(hkl: Miller) -> str:
    return "(" + " ".join(str(i) for i in hkl) + ")"


def _cell_of(phase: Phase) -> str:
    return f"{phase.name}, a = {phase.atoms.cell.lengths()[0]:.4f} Å"


def _implied(phase: Phase, hkl: Miller, spacing: float) -> str:
    edge = phase.atoms.cell.lengths()[0]
    implied = edge * spacing / plane_spacing(phase.atoms.cell, hkl)
    return (
        f"; the printed value needs a = {implied:.4f} Å, "
        f"{100 * (implied / edge - 1):+.2f} % from this cell"
    )


RULES = (
    line,
    line_list,
    spacing,
    layered_mismatch,
    small_mismatch,
    strain_from_shift,
    molecule_length,
)
