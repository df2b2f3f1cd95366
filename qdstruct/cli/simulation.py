"""Commands: xrd and diffraction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.output import JsonOption

if TYPE_CHECKING:
    from pathlib import Path

    from qdstruct.model import PowderPattern, SpotPattern

__all__ = ["commands"]

commands = typer.Typer()
MOST_ROWS = 40


def _warn(message: str) -> None:
    typer.echo(f"qdstruct: warning: {message}", err=True)


def _numbers(text: str, count: int, what: str) -> list[float]:
    import math

    from qdstruct.errors import InputError

    try:
        values = [float(word) for word in text.replace(" ", ",").split(",") if word]
    except ValueError:
        values = []
    if len(values) != count or not all(math.isfinite(value) for value in values):
        raise InputError(f"'{text}' is not {what}: {count} numbers with a comma between them")
    return values


@commands.command("xrd")
def xrd(
    structures: Annotated[
        list[str], typer.Argument(metavar="FILE_OR_PHASE…", help="Phase names or structure files.")
    ],
    anode: Annotated[
        str, typer.Option(help="CuKa, CuKa1, MoKa, …, or a wavelength in Å.")
    ] = "CuKa",
    two_theta: Annotated[
        str, typer.Option("--range", metavar="LOW,HIGH", help="Range of 2θ in degrees.")
    ] = "10,60",
    size: Annotated[
        str | None, typer.Option(help="Crystallite size for Scherrer broadening: 16nm, 160A, 16.")
    ] = None,
    step: Annotated[float, typer.Option(help="Step of the profile in degrees.")] = 0.02,
    min_intensity: Annotated[
        float, typer.Option(help="Leave out lines below this percentage of the strongest.")
    ] = 1e-7,
    csv: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the profile(s) as CSV.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the CSV file.")] = False,
    json: JsonOption = False,
) -> None:
    """Powder X-ray diffraction: indexed lines and profile.

    Example: qdstruct xrd CsPbBr3-cubic PbS-galena --anode CuKa1 --range 10,60 --size 16nm
    """
    from qdstruct import phases
    from qdstruct.cli.output import print_json
    from qdstruct.simulation import PowderSettings, powder_pattern

    low, high = _numbers(two_theta, 2, "a range of angles")
    patterns = []
    for structure in structures:
        phase = phases.load(structure)
        pattern = powder_pattern(
            phase.atoms,
            name=phase.name,
            anode=anode,
            two_theta_range=(low, high),
            size_nm=None if size is None else _nanometres(size),
            step=step,
            settings=PowderSettings(min_intensity=min_intensity),
        )
        patterns.append(pattern)
    if csv is not None:
        _write_profiles(patterns, csv, force=force)
    if json:
        documents = [_powder_document(pattern) for pattern in patterns]
        print_json(documents[0] if len(documents) == 1 else {"patterns": documents})
        return
    for pattern in patterns:
        _print_lines(pattern)


def _nanometres(text: str) -> float:
    import re

    from qdstruct.errors import InputError

    match = re.fullmatch(r"\s*([0-9.eE+-]+)\s*(nm|A|Å)?\s*", text)
    try:
        value = float(match.group(1)) if match else float("nan")
    except ValueError:
        value = float("nan")
    if not value > 0 or match is None:
        raise InputError(f"'{text}' is not a size", hint="write for example 16nm or 160A")
    return value / 10 if match.group(2) in ("A", "Å") else value


def _powder_document(pattern: PowderPattern) -> dict[str, Any]:
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


def _print_lines(pattern: PowderPattern) -> None:
    from qdstruct.cli.output import print_table

    shown = sorted(pattern.peaks, key=lambda peak: -peak.intensity)[:MOST_ROWS]
    rows = [
        [
            f"{peak.two_theta:.3f}",
            f"{peak.d:.4f}",
            " ".join(_indices(hkl) for hkl in peak.hkl[:3]) + (" …" if len(peak.hkl) > 3 else ""),
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


def _indices(hkl: tuple[int, int, int]) -> str:
    return "(" + " ".join(str(index) for index in hkl) + ")"


def _write_profiles(patterns: list[PowderPattern], name: str, *, force: bool) -> None:
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


@commands.command("diffraction")
def diffraction(
    structure: Annotated[
        str, typer.Argument(metavar="FILE_OR_PHASE", help="Phase name or structure file.")
    ],
    zone: Annotated[
        str, typer.Option(metavar="U,V,W", help="Zone axis in the axes of the file's cell.")
    ],
    max_g: Annotated[float, typer.Option(help="Largest 1/d in 1/Å.")] = 1.0,
    json: JsonOption = False,
) -> None:
    """Kinematic electron diffraction along a zone axis: indexed spots.

    Example: qdstruct diffraction CdS-zincblende --zone 1,1,1 --max-g 0.8
    """
    from qdstruct import phases
    from qdstruct.cli.output import parse_miller, print_json
    from qdstruct.simulation import zone_axis_pattern

    phase = phases.load(structure)
    pattern = zone_axis_pattern(phase.atoms, name=phase.name, zone=parse_miller(zone), max_g=max_g)
    if json:
        print_json(_spot_document(pattern))
    else:
        _print_spots(pattern, phase.space_group_symbol)


def _spot_document(pattern: SpotPattern) -> dict[str, Any]:
    return {
        "phase": pattern.phase,
        "zone": list(pattern.zone),
        "max_g": pattern.max_g,
        "spots": [
            {
                "hkl": list(spot.hkl),
                "g": spot.length,
                "position": list(spot.g),
                "angle": spot.angle,
                "intensity": spot.intensity,
                "forbidden": spot.forbidden,
                "double_diffraction": spot.double_diffraction,
            }
            for spot in pattern.spots
        ],
    }


def _print_spots(pattern: SpotPattern, space_group: str) -> None:
    from qdstruct.cli.output import print_table

    rows = [
        [
            _indices(spot.hkl),
            f"{spot.length:.4f}",
            f"{1 / spot.length:.4f}",
            f"{spot.angle:.2f}",
            f"{spot.intensity:.3g}",
            _forbidden_word(spot.forbidden, spot.double_diffraction),
        ]
        for spot in pattern.spots
    ]
    zone = " ".join(str(index) for index in pattern.zone)
    print_table(
        f"{pattern.phase} ({space_group}) along [{zone}], axes of the file's cell; "
        f"1/d ≤ {pattern.max_g:g} 1/Å",
        ["hkl", "g / Å⁻¹", "d / Å", "angle / °", "intensity", ""],
        rows,
    )


def _forbidden_word(forbidden: bool, double: bool) -> str:
    if not forbidden:
        return ""
    return "forbidden (double diffraction)" if double else "forbidden"
