"""Published powder lines beside computed ones, with the reason where they disagree."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.errors import InputError
from qdstruct.geometry import plane_spacing
from qdstruct.model.patterns import PowderPattern
from qdstruct.model.results import PublishedComparison
from qdstruct.resources import data_folder
from qdstruct.units import WAVELENGTHS

__all__ = ["PublishedLine", "compare_cell", "compare_lines", "published_lines"]

Miller = tuple[int, int, int]
ANGLE_TOLERANCE = 0.03
"""Degrees 2θ within which a printed line agrees with the computed one."""
_QUANTITY = re.compile(r"XRD 2theta \((-?\d)(-?\d)(-?\d)\)")


@dataclass(frozen=True, kw_only=True)
class PublishedLine:
    """One line of a powder pattern as a paper prints it."""

    system: str
    """Material, for example ``PbS``."""
    hkl: Miller
    """Indices in the cell of the phase it is compared with."""
    two_theta: float
    """Degrees, as printed."""
    wavelength: float = WAVELENGTHS["CuKa1"]
    """Å."""
    source: str = ""
    """Publication and place in it."""


def published_lines(system: str | None = None) -> tuple[PublishedLine, ...]:
    """Return the powder lines of ``structures/published.json``, of one system or of all.

    Parameters
    ----------
    system : str, optional
        ``CsPbBr3 cubic`` or ``PbS``.
    """
    path = data_folder("structures") / "published.json"
    found = []
    for record in json.loads(path.read_text(encoding="utf-8"))["numbers"]:
        match = _QUANTITY.fullmatch(record["quantity"])
        if match is None or (system is not None and record["system"] != system):
            continue
        h, k, l = (int(index) for index in match.groups())  # noqa: E741
        found.append(
            PublishedLine(
                system=record["system"],
                hkl=(h, k, l),
                two_theta=float(record["value"]),
                source=f"{record['source']}, {record['where']}",
            )
        )
    return tuple(found)


def compare_lines(
    pattern: PowderPattern, published: Sequence[PublishedLine]
) -> tuple[PublishedComparison, ...]:
    """Set published line positions beside those of the pattern's cell.

    Parameters
    ----------
    pattern : PowderPattern
        Computed pattern of the phase; its cell is what positions are computed from, at the
        published line's own wavelength.
    published : sequence of PublishedLine
        What was printed.

    Returns
    -------
    tuple of PublishedComparison
        One row per line: both angles, whether they agree within 0.03°, and the lattice parameter
        that the printed angle implies if the whole cell is scaled; for several lines also whether
        one cell explains all of them.

    Raises
    ------
    InputError
        If the pattern has no cell (finite particle), or a line cannot be reached.
    """
    if pattern.cell is None:
        raise InputError(f"{pattern.phase}: a pattern without a unit cell has no indexed lines")
    return compare_cell(pattern.phase, pattern.cell, published)


def compare_cell(
    phase: str, cell: ArrayLike, published: Sequence[PublishedLine]
) -> tuple[PublishedComparison, ...]:
    """Set published line positions beside those of a cell; see `compare_lines`.

    Parameters
    ----------
    phase : str
        Name of the crystal, for the reasons.
    cell : (3, 3) array
        Lattice vectors as rows, Å; the lines' indices refer to it.
    published : sequence of PublishedLine
        What was printed.

    Raises
    ------
    InputError
        If a line cannot be reached.
    """
    subject = _Subject(phase=phase, cell=np.asarray(cell, dtype=float))
    scales = [_implied_scale(subject, line) for line in published]
    return tuple(
        _comparison(subject, line, scale, scales)
        for line, scale in zip(published, scales, strict=True)
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Subject:
    """The crystal that printed lines are held against."""

    phase: str
    cell: NDArray[np.float64]


def _bragg(d: float, wavelength: float, what: str) -> float:
    sine = wavelength / (2 * d)
    if sine >= 1:
        raise InputError(f"{what}: no reflection, λ/2 = {wavelength / 2:.4f} Å exceeds d = {d:.4f}")
    return float(2 * np.degrees(np.arcsin(sine)))


def _implied_scale(subject: _Subject, line: PublishedLine) -> float:
    if not 0 < line.two_theta < 180:
        raise InputError(f"{line.system} {line.hkl}: {line.two_theta}° is not a 2θ")
    printed_d = line.wavelength / (2 * np.sin(np.radians(line.two_theta) / 2))
    return float(printed_d / plane_spacing(subject.cell, line.hkl))


def _comparison(
    subject: _Subject, line: PublishedLine, scale: float, scales: Sequence[float]
) -> PublishedComparison:
    d = plane_spacing(subject.cell, line.hkl)
    ours = _bragg(d, line.wavelength, f"{subject.phase} {line.hkl}")
    agrees = abs(ours - line.two_theta) <= ANGLE_TOLERANCE + 1e-9
    indices = "".join(str(index) for index in line.hkl)
    return PublishedComparison(
        system=line.system,
        quantity=f"XRD 2θ ({indices})",
        published=f"{line.two_theta:.2f}",
        ours=f"{ours:.2f}",
        unit="°",
        verdict="agrees" if agrees else "differs",
        reason=_reason(subject, line, ours, scale, scales, agrees),
        source=line.source,
    )


def _reason(
    subject: _Subject,
    line: PublishedLine,
    ours: float,
    scale: float,
    scales: Sequence[float],
    agrees: bool,
) -> str:
    a = float(np.linalg.norm(subject.cell[0]))
    said = (
        f"{subject.phase}, λ = {line.wavelength:.5f} Å, a = {a:.4f} Å; ours − published = "
        f"{ours - line.two_theta:+.3f}°; the printed angle implies a = {a * scale:.4f} Å "
        f"({100 * (scale - 1):+.2f} %)"
    )
    if agrees or len(scales) < 2:
        return said
    values = np.asarray(scales)
    mean, spread = float(values.mean()), float(np.ptp(values))
    if spread <= _angle_scatter(line):
        return (
            f"{said}; all {len(values)} printed lines belong to one cell, a = {a * mean:.3f} Å, "
            f"{100 * (mean - 1):+.2f} % from this phase: another lattice parameter, not another "
            "structure or a misreading of one line"
        )
    return (
        f"{said}; the {len(values)} printed lines imply a from {a * values.min():.4f} to "
        f"{a * values.max():.4f} Å: no single cell gives all of them"
    )


def _angle_scatter(line: PublishedLine) -> float:
    """Relative spread of d that reading angles to ±0.03° allows: Δd/d = Δθ cot θ, both ways."""
    theta = np.radians(line.two_theta) / 2
    return float(2 * np.radians(ANGLE_TOLERANCE / 2) / np.tan(theta)) + 1e-6
