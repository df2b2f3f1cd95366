"""What the xrd command prints and writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from qdstruct.model import PowderPattern

__all__ = ["powder_document", "print_lines", "print_maxima", "print_published", "write_profiles"]

MOST_ROWS = 40


def print_published(patterns: list[PowderPattern], system: str, *, json: bool) -> None:
    """Print published line positions beside ours, or write them as JSON."""
    from qdstruct.cli.output import print_json, print_table
    from qdstruct.errors import InputError
    from qdstruct.simulation import compare_lines, published_lines

    lines = published_lines(system)
    if not lines:
        known = sorted({line.system for line in published_lines()})
        raise InputError(f"no published lines of '{system}'", hint=f"known are {', '.join(known)}")
    rows = [row for pattern in patterns for row in compare_lines(pattern, lines)]
    if json:
        print_json({"rows": [row.to_dict() for row in rows]})
        return
    print_table(
        f"Published lines of {system} and ours",
        ["line", "published / °", "ours / °", "verdict", "reason"],
        [[r.quantity, r.published, r.ours or "-", r.verdict, r.reason] for r in rows],
        note=f"Published: {lines[0].source}",
    )


def print_maxima(pattern: PowderPattern) -> None:
    """Print the maxima of a profile that has no indexed lines."""
    import numpy as np

    from qdstruct.cli.output import print_table

    angle = pattern.pattern.coords["two_theta"].to_numpy()
    height = pattern.pattern.to_numpy()
    top = 1 + np.flatnonzero((height[1:-1] > height[:-2]) & (height[1:-1] >= height[2:]))
    top = np.sort(top[np.argsort(-height[top])][:MOST_ROWS])
    d = pattern.wavelength / (2 * np.sin(np.radians(angle[top]) / 2))
    print_table(
        f"{pattern.phase}: Debye sum of {pattern.pattern.attrs['n_atoms']} atoms, "
        f"{pattern.anode}, λ = {pattern.wavelength:.5f} Å",
        ["2θ of maximum / °", "d / Å", "height"],
        [
            [f"{angle[i]:.3f}", f"{spacing:.4f}", f"{height[i]:.3g}"]
            for i, spacing in zip(top.tolist(), d.tolist(), strict=True)
        ],
        note="A finite particle has maxima, not indexed lines; --json or --csv has the profile.",
    )


def powder_document(pattern: PowderPattern) -> dict[str, Any]:
    """Return a pattern in the documented form of --json."""
    return {
        "phase": pattern.phase,
        "anode": pattern.anode,
        "wavelength": pattern.wavelength,
        "peaks": [
            {
                "two_theta": peak.two_theta,
                "d": peak.d,
                "hkl": [list(hkl) for hkl in peak.hkl],
                "multiplicity": peak.multiplicity,
                "intensity": peak.intensity,
            }
            for peak in pattern.peaks
        ],
        "pattern": {
            "two_theta": pattern.pattern.coords["two_theta"].to_numpy().tolist(),
            "intensity": pattern.pattern.to_numpy().tolist(),
        },
    }


def print_lines(pattern: PowderPattern) -> None:
    """Print the strongest lines of an indexed pattern."""
    from qdstruct.cli.output import print_table
    from qdstruct.cli.reading import indices

    shown = sorted(pattern.peaks, key=lambda peak: -peak.intensity)[:MOST_ROWS]
    rows = [
        [
            f"{peak.two_theta:.3f}",
            f"{peak.d:.4f}",
            " ".join(indices(hkl) for hkl in peak.hkl[:3]) + (" …" if len(peak.hkl) > 3 else ""),
            str(peak.multiplicity),
            f"{peak.intensity:.3g}",
        ]
        for peak in sorted(shown, key=lambda peak: peak.two_theta)
    ]
    hidden = len(pattern.peaks) - len(shown)
    print_table(
        f"{pattern.phase}: {pattern.anode}, λ = {pattern.wavelength:.5f} Å; hkl in the file's cell",
        ["2θ / °", "d / Å", "hkl", "multiplicity", "intensity"],
        rows,
        note=f"{hidden} weaker lines are not shown; --json lists all." if hidden else None,
    )


def write_profiles(patterns: list[PowderPattern], name: str, *, force: bool) -> None:
    """Write the profiles as columns of a CSV file."""
    from pathlib import Path

    from qdstruct.files import write_atomically

    grid = patterns[0].pattern.coords["two_theta"].to_numpy()
    columns = [grid, *(pattern.pattern.to_numpy() for pattern in patterns)]
    quoted = [pattern.phase.replace('"', "'") for pattern in patterns]
    lines = ["two_theta_deg," + ",".join(f'"{phase} intensity"' for phase in quoted)]
    for values in zip(*columns, strict=True):
        lines.append(f"{values[0]:.5f}," + ",".join(f"{value:.6g}" for value in values[1:]))
    path: Path = Path(name)
    write_atomically(path, "\n".join(lines) + "\n", force=force)
    typer.echo(f"wrote {path}", err=True)
