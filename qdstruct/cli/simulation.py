"""Commands: xrd, diffraction and saxs; what reads words for them and for the images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.output import JsonOption

if TYPE_CHECKING:
    from pathlib import Path

    from ase import Atoms

    from qdstruct.model import PowderPattern, SmallAngleCurve, SpotPattern
    from qdstruct.simulation import LayerStack, SimpleCubicArray

__all__ = ["commands", "nanometres", "numbers", "read_structure", "warn"]

commands = typer.Typer()
MOST_ROWS = 40
VACUUM_GAP = 8.0
"""Å: an empty layer wider than this in a cell is vacuum."""


def warn(message: str) -> None:
    """Print a warning on stderr."""
    typer.echo(f"qdstruct: warning: {message}", err=True)


def numbers(text: str, count: int, what: str) -> list[float]:
    """Read numbers with commas or spaces between them.

    Raises
    ------
    InputError
        If they are not `count` finite numbers.
    """
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
    debye: Annotated[
        bool,
        typer.Option(
            "--debye",
            help="Debye sum of one finite particle: a crystal is cut to --size and --shape, "
            "a file without a cell is taken as it is.",
        ),
    ] = False,
    shape: Annotated[
        str, typer.Option(help="Particle for --debye: cube, sphere, or cells (whole cells).")
    ] = "cube",
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
    Example: qdstruct xrd CsPbBr3-cubic --debye --size 16nm --shape cube
    """
    from qdstruct.cli.output import print_json

    low, high = numbers(two_theta, 2, "a range of angles")
    size_nm = None if size is None else nanometres(size)
    patterns = []
    for structure in structures:
        name, atoms = read_structure(structure)
        if debye:
            patterns.append(
                _particle_pattern(name, atoms, anode, (low, high), size_nm, shape, step)
            )
        else:
            patterns.append(
                _crystal_pattern(name, atoms, anode, (low, high), size_nm, step, min_intensity)
            )
    if csv is not None:
        _write_profiles(patterns, csv, force=force)
    if json:
        documents = [_powder_document(pattern) for pattern in patterns]
        print_json(documents[0] if len(documents) == 1 else {"patterns": documents})
        return
    for pattern in patterns:
        _print_lines(pattern) if pattern.peaks else _print_maxima(pattern)


def read_structure(text: str) -> tuple[str, Atoms]:
    """Return name and atoms; a file is read as it is, without a search for its symmetry."""
    from pathlib import Path

    from qdstruct import phases

    path = Path(text)
    if path.suffix and path.is_file():
        return path.stem, phases.read_atoms(path)
    phase = phases.load(text)
    return phase.name, phase.atoms


def _crystal_pattern(
    name: str,
    atoms: Atoms,
    anode: str,
    span: tuple[float, float],
    size_nm: float | None,
    step: float,
    min_intensity: float,
) -> PowderPattern:
    from qdstruct.simulation import PowderSettings, powder_pattern, widest_gaps

    pattern = powder_pattern(
        atoms,
        name=name,
        anode=anode,
        two_theta_range=span,
        size_nm=size_nm,
        step=step,
        settings=PowderSettings(min_intensity=min_intensity),
    )
    gaps = widest_gaps(atoms)
    if gaps.max() > VACUUM_GAP:
        warn(
            f"{name}: {gaps.max():.1f} Å along {'abc'[int(gaps.argmax())]} are empty; the pattern "
            "is that of the periodic stack with its vacuum"
        )
    return pattern


def _particle_pattern(
    name: str,
    atoms: Atoms,
    anode: str,
    span: tuple[float, float],
    size_nm: float | None,
    shape: str,
    step: float,
) -> PowderPattern:
    from qdstruct.errors import InputError
    from qdstruct.simulation import cut_particle, debye_pattern

    finite = not atoms.pbc.any()
    if finite and size_nm is not None:
        raise InputError(
            f"{name} is a finite particle already: --size has no meaning for it",
            hint="leave out --size, or give a crystal",
        )
    if not finite and size_nm is None:
        raise InputError(f"{name} is a crystal: --debye needs the particle's --size")
    part = (
        atoms if size_nm is None else cut_particle(atoms, name=name, size_nm=size_nm, shape=shape)
    )
    return debye_pattern([part], name=name, anode=anode, two_theta_range=span, step=step)


def _print_maxima(pattern: PowderPattern) -> None:
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


def nanometres(text: str, *, zero: bool = False, bare: str = "nm") -> float:
    """Read a length such as ``16nm`` or ``160A`` and return it in nm.

    Parameters
    ----------
    text : str
        What the user typed.
    zero : bool
        Allow zero.
    bare : {"nm", "A"}
        Unit of a number without one.

    Raises
    ------
    InputError
        If it is not a length.
    """
    import re

    from qdstruct.errors import InputError

    match = re.fullmatch(r"\s*([0-9.eE+-]+)\s*(nm|A|Å)?\s*", text)
    try:
        value = float(match.group(1)) if match else float("nan")
    except ValueError:
        value = float("nan")
    if not (value > 0 or (zero and value == 0)) or match is None:
        raise InputError(f"'{text}' is not a size", hint="write for example 16nm or 160A")
    return value / 10 if (match.group(2) or bare) in ("A", "Å") else value


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
    from qdstruct.cli.output import parse_miller, print_json
    from qdstruct.simulation import zone_axis_pattern

    name, atoms = read_structure(structure)
    pattern = zone_axis_pattern(atoms, name=name, zone=parse_miller(zone), max_g=max_g)
    if json:
        print_json(_spot_document(pattern))
    else:
        _print_spots(pattern)


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


def _print_spots(pattern: SpotPattern) -> None:
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
        f"{pattern.phase} along [{zone}], axes of the file's cell; 1/d ≤ {pattern.max_g:g} 1/Å",
        ["hkl", "g / Å⁻¹", "d / Å", "angle / °", "intensity", ""],
        rows,
    )


def _forbidden_word(forbidden: bool, double: bool) -> str:
    if not forbidden:
        return ""
    return "forbidden (double diffraction)" if double else "forbidden"


@commands.command("saxs")
def saxs(
    size: Annotated[str, typer.Option(help="Core size: 8nm, or three edges 6nm,8nm,12nm.")],
    shape: Annotated[str, typer.Option(help="sphere, cube or cuboid.")] = "cube",
    shell: Annotated[str, typer.Option(help="Thickness of a shell, for example 1.2nm.")] = "0nm",
    contrast: Annotated[
        str,
        typer.Option(metavar="CORE,SHELL", help="Scattering length densities above the medium's."),
    ] = "1,0",
    polydispersity: Annotated[float, typer.Option(help="Relative spread of the core size.")] = 0.0,
    spacing: Annotated[
        str | None, typer.Option(help="Simple-cubic superlattice: centre-to-centre distance.")
    ] = None,
    cells: Annotated[
        str, typer.Option(metavar="N,N,N", help="Particles along each axis of the superlattice.")
    ] = "10,10,10",
    vacancies: Annotated[float, typer.Option(help="Fraction of empty sites.")] = 0.0,
    period: Annotated[
        str | None, typer.Option(help="Layered film seen along its normal: repeat distance.")
    ] = None,
    layers: Annotated[int, typer.Option(help="Layers of the film.")] = 10,
    disorder: Annotated[
        str, typer.Option(help="Spread of positions (superlattice) or of distances (film).")
    ] = "0nm",
    q_range: Annotated[
        str, typer.Option("--range", metavar="LOW,HIGH", help="Range of q in 1/nm.")
    ] = "0.1,2",
    points: Annotated[int, typer.Option(help="Number of points.")] = 500,
    json: JsonOption = False,
) -> None:
    """Small-angle scattering of particles, supraparticles and films; q in 1/nm.

    Example: qdstruct saxs --size 8nm --spacing 11.4nm --cells 12,12,12 --disorder 0.5nm
    Example: qdstruct saxs --size 7nm --period 8.1nm --layers 14 --disorder 0.6nm
    """
    import numpy as np

    from qdstruct.cli.output import print_json
    from qdstruct.errors import InputError
    from qdstruct.simulation import ParticleShape, small_angle_curve

    low, high = numbers(q_range, 2, "a range of q")
    if not (0 < low < high and 3 <= points <= 1_000_000):
        raise InputError(f"q from {low:g} to {high:g} 1/nm in {points} points is not a range")
    core, outer = numbers(contrast, 2, "a pair of contrasts")
    edges = [10 * nanometres(word) for word in size.split(",")]
    edges = edges * 3 if len(edges) == 1 else edges
    if len(edges) != 3:
        raise InputError(f"'{size}' is not a size: give one length or three")
    particle = ParticleShape(
        kind=shape,
        size=(edges[0], edges[1], edges[2]),
        shell=10 * nanometres(shell, zero=True),
        core_contrast=core,
        shell_contrast=outer,
    )
    curve = small_angle_curve(
        np.linspace(low, high, points) / 10,
        particle,
        name=f"{shape} of {size}",
        arrangement=_arrangement(spacing, cells, vacancies, period, layers, disorder),
        polydispersity=polydispersity,
    )
    print_json(_small_angle_document(curve)) if json else _print_small_angle(curve)


def _arrangement(
    spacing: str | None,
    cells: str,
    vacancies: float,
    period: str | None,
    layers: int,
    disorder: str,
) -> SimpleCubicArray | LayerStack | None:
    from qdstruct.errors import InputError
    from qdstruct.simulation import LayerStack, SimpleCubicArray

    spread = 10 * nanometres(disorder, zero=True)
    if spacing is not None and period is not None:
        raise InputError("--spacing makes a superlattice and --period a film: give one of them")
    if period is not None:
        return LayerStack(period=10 * nanometres(period), layers=layers, disorder=spread)
    if spacing is None:
        return None
    n = [int(number) for number in numbers(cells, 3, "a number of cells")]
    return SimpleCubicArray(
        spacing=10 * nanometres(spacing),
        cells=(n[0], n[1], n[2]),
        disorder=spread,
        vacancies=vacancies,
    )


def _small_angle_document(curve: SmallAngleCurve) -> dict[str, Any]:
    columns = ("intensity", "form_factor", "structure_factor")
    return {
        "name": curve.name,
        "unit": "q in 1/nm, spacing in nm",
        "maxima": [
            {"q": maximum.q * 10, "spacing": maximum.spacing / 10, "height": maximum.height}
            for maximum in curve.maxima
        ],
        "curve": {
            "q": (curve.curve["q"].to_numpy() * 10).tolist(),
            **{name: curve.curve[name].to_numpy().tolist() for name in columns},
        },
    }


def _print_small_angle(curve: SmallAngleCurve) -> None:
    from qdstruct.cli.output import print_table

    if not curve.maxima:
        typer.echo(f"{curve.name}: no structure factor; --json has the form factor")
        return
    strongest = max(maximum.height for maximum in curve.maxima)
    shown = [m for m in curve.maxima if m.height - 1 >= 0.02 * (strongest - 1)]
    print_table(
        f"{curve.name}: maxima of the structure factor",
        ["q / nm⁻¹", "2π/q / nm", "S(q)"],
        [[f"{m.q * 10:.4f}", f"{m.spacing / 10:.3f}", f"{m.height:.3f}"] for m in shown],
        note="Finite arrays ripple between the lattice maxima; --json has curve and form factor.",
    )
