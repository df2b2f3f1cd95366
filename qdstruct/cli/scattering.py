"""Command: saxs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.output import JsonOption

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qdstruct.model import SmallAngleCurve
    from qdstruct.simulation import LayerStack, SimpleCubicArray

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("saxs")
def saxs(
    size: Annotated[
        str | None, typer.Option(help="Core size: 8nm, or three edges 6nm,8nm,12nm.")
    ] = None,
    structure: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Instead: every atom of a particle, superlattice or film."
        ),
    ] = None,
    along: Annotated[
        str | None,
        typer.Option(metavar="X,Y,Z", help="With --structure: q along this direction only."),
    ] = None,
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
    Example: qdstruct saxs --structure supraparticle.extxyz --range 0.2,2
    """
    import numpy as np

    from qdstruct.cli.output import print_json
    from qdstruct.cli.reading import numbers
    from qdstruct.errors import InputError
    from qdstruct.simulation import ParticleShape, small_angle_curve

    low, high = numbers(q_range, 2, "a range of q")
    if not (0 < low < high and 3 <= points <= 1_000_000):
        raise InputError(
            f"q from {low:g} to {high:g} 1/nm in {points} points is not a range",
            hint="give --range LOW,HIGH with 0 < LOW < HIGH, and 3 to 1,000,000 --points",
        )
    if (size is None) == (structure is None) or (along is not None and structure is None):
        raise InputError(
            "small-angle scattering is that of a --size or of a --structure",
            hint="give one of them; --along goes with --structure",
        )
    if size is None:
        curve = _of_atoms(str(structure), along, np.linspace(low, high, points) / 10)
        print_json(_small_angle_document(curve)) if json else _print_small_angle(curve)
        return
    core, outer = numbers(contrast, 2, "a pair of contrasts")
    edges = [_angstroms(word) for word in size.split(",")]
    edges = edges * 3 if len(edges) == 1 else edges
    if len(edges) != 3:
        raise InputError(f"'{size}' is not a size", hint="give one length, or three with commas")
    particle = ParticleShape(
        kind=shape,
        size=(edges[0], edges[1], edges[2]),
        shell=_angstroms(shell, zero=True),
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


def _angstroms(text: str, *, zero: bool = False) -> float:
    """Read a length in Å; a number alone is in nm, as everything here, and that is said."""
    from qdstruct.cli.reading import nanometres, note_bare_length

    length = 10 * nanometres(text, zero=zero)
    if not text.rstrip().endswith(("m", "A", "Å")):
        note_bare_length(text.strip(), "nm")
    return length


def _of_atoms(file: str, along: str | None, q: NDArray[np.float64]) -> SmallAngleCurve:
    """Return the curve of every atom in a file."""
    from qdstruct import phases
    from qdstruct.cli.reading import numbers
    from qdstruct.errors import InputError
    from qdstruct.simulation import atomic_small_angle_curve

    atoms = phases.read_atoms(file)
    if atoms.pbc.any():
        raise InputError(
            f"{file}: a periodic crystal has no small-angle scattering of its own",
            hint="give a particle or superlattice in .extxyz, as 'qdstruct build' writes it",
        )
    direction = None if along is None else numbers(along, 3, "a direction")
    return atomic_small_angle_curve(q, atoms, name=file, along=direction)


def _arrangement(
    spacing: str | None,
    cells: str,
    vacancies: float,
    period: str | None,
    layers: int,
    disorder: str,
) -> SimpleCubicArray | LayerStack | None:
    from qdstruct.cli.reading import numbers
    from qdstruct.errors import InputError
    from qdstruct.simulation import LayerStack, SimpleCubicArray

    spread = _angstroms(disorder, zero=True)
    if spacing is not None and period is not None:
        raise InputError("--spacing makes a superlattice and --period a film: give one of them")
    if period is not None:
        return LayerStack(period=_angstroms(period), layers=layers, disorder=spread)
    if spacing is None:
        return None
    n = [int(number) for number in numbers(cells, 3, "a number of cells")]
    if n != numbers(cells, 3, "a number of cells"):
        raise InputError(f"'{cells}' are not whole numbers of particles", hint="as in 12,12,12")
    return SimpleCubicArray(
        spacing=_angstroms(spacing),
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
        typer.echo(f"{curve.name}: no maxima of a structure factor; --json has the form factor")
        return
    strongest = max(maximum.height for maximum in curve.maxima)
    shown = [m for m in curve.maxima if m.height - 1 >= 0.02 * (strongest - 1)]
    print_table(
        f"{curve.name}: maxima of the structure factor",
        ["q / nm⁻¹", "2π/q / nm", "S(q)"],
        [[f"{m.q * 10:.4f}", f"{m.spacing / 10:.3f}", f"{m.height:.3f}"] for m in shown],
        note="Finite arrays ripple between the lattice maxima. With --spacing or --period, ripples "
        "below 0.7 · 2π/distance are left out. --json has curve and form factor.",
    )
