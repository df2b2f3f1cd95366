"""Command: xrd."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.output import JsonOption
from qdstruct.cli.xrd_output import (
    powder_document,
    print_lines,
    print_maxima,
    print_published,
    write_profiles,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ase import Atoms
    from matplotlib.figure import Figure

    from qdstruct.model import PowderPattern

__all__ = ["commands"]

commands = typer.Typer()
VACUUM_GAP = 8.0
"""Å: an empty layer wider than this in a cell is vacuum."""


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
        str | None,
        typer.Option(help="Crystallite size: 16nm, 160A, 16; or one for each structure: 12nm,6nm."),
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
    spread: Annotated[
        float, typer.Option(help="Log-normal spread of the sizes in --debye, % of the mean.")
    ] = 0.0,
    microstrain: Annotated[float, typer.Option(help="Root-mean-square strain in %.")] = 0.0,
    instrument: Annotated[float, typer.Option(help="Instrumental width in degrees.")] = 0.1,
    doublet: Annotated[bool, typer.Option("--doublet", help="Draw Kα1 and Kα2 apart.")] = False,
    texture: Annotated[
        str | None,
        typer.Option(metavar="H,K,L,R", help="March-Dollase: plane and r (r < 1: plates on it)."),
    ] = None,
    displacement: Annotated[
        list[str] | None,
        typer.Option("-b", "--b-iso", metavar="EL=B", help="Isotropic B in Å², as Cs=5.2; repeat."),
    ] = None,
    fit: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Measured pattern: fit amounts of the phases to it."),
    ] = None,
    published: Annotated[
        str | None,
        typer.Option(metavar="SYSTEM", help="Compare with printed lines: 'CsPbBr3 cubic' or PbS."),
    ] = None,
    step: Annotated[float, typer.Option(help="Step of the profile in degrees.")] = 0.02,
    min_intensity: Annotated[
        float, typer.Option(help="Leave out lines below this percentage of the strongest.")
    ] = 1e-7,
    csv: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the profile(s) as CSV.")
    ] = None,
    figure: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Draw it, over the measured pattern with --fit."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the files.")] = False,
    json: JsonOption = False,
) -> None:
    """Powder X-ray diffraction: indexed lines and profile.

    Example: qdstruct xrd CsPbBr3-cubic PbS-galena --anode CuKa1 --range 10,60 --size 16nm
    Example: qdstruct xrd CsPbBr3-cubic --debye --size 16nm --shape cube
    Example: qdstruct xrd CsPbBr3-cubic PbS-galena --fit measured.xy --size 12nm --figure fit.png
    Example: qdstruct xrd PbS-galena --published PbS
    """
    from qdstruct.cli.output import print_json
    from qdstruct.cli.reading import displacements, numbers, read_structure
    from qdstruct.simulation import PowderSettings

    _refuse_outputs(csv, figure, force=force)
    low, high = numbers(two_theta, 2, "a range of angles")
    sizes = _sizes(size, len(structures))
    read = [read_structure(structure, tensors=True) for structure in structures]
    b_iso = displacements(displacement or [], [atoms for _, atoms in read])
    settings = PowderSettings(
        b_iso=b_iso,
        preferred_orientation=None if texture is None else _texture(texture),
        doublet=doublet,
        min_intensity=min_intensity,
    )
    words = {"anode": anode, "instrument_fwhm": instrument, "settings": settings}
    if fit is not None:
        _fit(fit, read, sizes, words, csv, figure, force=force, json=json)
        return
    words |= {"two_theta_range": (low, high), "step": step}
    if debye:
        patterns = [
            _particle_pattern(*one, size_nm, spread / 100, shape, words)
            for one, size_nm in zip(read, sizes, strict=True)
        ]
    else:
        words |= {"microstrain": microstrain / 100}
        patterns = [
            _crystal_pattern(*one, words | {"size_nm": size_nm})
            for one, size_nm in zip(read, sizes, strict=True)
        ]
    if csv is not None:
        write_profiles(patterns, csv, force=force)
    if figure is not None:
        from qdstruct.report.figures import powder_figure
        from qdstruct.report.style import figure_style

        with figure_style():
            drawn = powder_figure(patterns)
        _write_figure(drawn, figure)
    if published is not None:
        print_published(patterns, published, json=json)
        return
    if json:
        documents = [powder_document(pattern) for pattern in patterns]
        print_json(documents[0] if len(documents) == 1 else {"patterns": documents})
        return
    for pattern in patterns:
        print_lines(pattern) if pattern.peaks else print_maxima(pattern)


def _refuse_outputs(csv: str | None, figure: str | None, *, force: bool) -> None:
    from pathlib import Path

    from qdstruct.files import refuse_existing
    from qdstruct.report.assembly_figures import figure_format

    if figure is not None:
        figure_format(Path(figure))
    for name in (csv, figure):
        if name is not None:
            refuse_existing(Path(name), force=force)


def _write_figure(figure: Figure, name: str) -> None:
    from pathlib import Path

    from qdstruct.report.assembly_figures import write_figure

    write_figure(figure, Path(name))
    typer.echo(f"wrote {name}", err=True)


def _sizes(text: str | None, count: int) -> list[float | None]:
    """Read one size for all structures, or one for each, in nm."""
    from qdstruct.cli.reading import nanometres
    from qdstruct.errors import InputError

    if text is None:
        return [None] * count
    found: list[float | None] = [nanometres(word) for word in text.split(",")]
    if len(found) not in (1, count):
        raise InputError(
            f"'{text}' are {len(found)} sizes for {count} structures",
            hint="give one size, or one for each structure",
        )
    return found * count if len(found) == 1 else found


def _texture(text: str) -> tuple[tuple[int, int, int], float]:
    from qdstruct.cli.reading import numbers
    from qdstruct.errors import InputError

    h, k, l, r = numbers(text, 4, "a plane and March's r")  # noqa: E741 - crystallographer's l
    if any(index != int(index) for index in (h, k, l)):
        raise InputError(f"'{text}' does not begin with three integers")
    return (int(h), int(k), int(l)), r


def _fit(
    file: str,
    read: list[tuple[str, Atoms]],
    sizes_nm: list[float | None],
    words: dict[str, Any],
    csv: str | None,
    figure: str | None,
    *,
    force: bool,
    json: bool,
) -> None:
    from pathlib import Path

    from qdstruct.cli.output import print_json, print_table
    from qdstruct.files import write_atomically
    from qdstruct.simulation import fit_mixture, read_pattern

    angle, counts = read_pattern(Path(file))
    sizes = {name: size for (name, _), size in zip(read, sizes_nm, strict=True) if size is not None}
    result = fit_mixture(angle, counts, read, sizes_nm=sizes, **words)
    if csv is not None:
        table = result.curve.to_dataframe().to_csv()
        write_atomically(Path(csv), table, force=force)
        typer.echo(f"wrote {csv}", err=True)
    if figure is not None:
        from qdstruct.report.mixture_figure import mixture_figure

        _write_figure(mixture_figure(result, str(words["anode"])), figure)
    if json:
        fractions = [part.to_dict() for part in result.fractions]
        print_json({"fractions": fractions, "r_wp": result.r_wp})
        return
    print_table(
        f"{file}: weight fractions of the phases offered, R_wp = {100 * result.r_wp:.1f} %",
        ["phase", "weight / %", "± / %"],
        [
            [p.phase, f"{100 * p.weight_fraction:.1f}", f"{100 * p.uncertainty:.1f}"]
            for p in result.fractions
        ],
        note="Cells and sizes are not refined; the ± is statistical only.",
    )


def _crystal_pattern(name: str, atoms: Atoms, words: dict[str, Any]) -> PowderPattern:
    from qdstruct.cli.reading import warn
    from qdstruct.simulation import powder_pattern, widest_gaps

    pattern = powder_pattern(atoms, name=name, **words)
    gaps = widest_gaps(atoms)
    if gaps.max() > VACUUM_GAP:
        warn(
            f"{name}: {gaps.max():.1f} Å along {'abc'[int(gaps.argmax())]} are empty; the pattern "
            "is that of the periodic stack with its vacuum"
        )
    return pattern


def _isotropic(name: str, atoms: Atoms, given: Mapping[str, float]) -> dict[str, float]:
    """Return B by element: what was given, else what stands for the file's tensors, and say so."""
    from qdstruct.cli.reading import warn
    from qdstruct.simulation import equivalent_isotropic

    found = {e: b for e, b in equivalent_isotropic(atoms).items() if e not in given}
    if found:
        said = ", ".join(f"{element} {b:.2f}" for element, b in found.items())
        warn(
            f"{name}: the Debye sum takes displacement tensors as isotropic, B = {said} Å² "
            "(8π² tr U/3, mean of each element)"
        )
    return found | dict(given)


def _particle_pattern(
    name: str,
    atoms: Atoms,
    size_nm: float | None,
    spread: float,
    shape: str,
    words: dict[str, Any],
) -> PowderPattern:
    from qdstruct.errors import InputError
    from qdstruct.simulation import cut_particle, debye_pattern, ensemble_pattern, find_domains

    finite = not atoms.pbc.any()
    if finite and size_nm is not None:
        raise InputError(
            f"{name} is a finite particle already: --size has no meaning for it",
            hint="leave out --size, or give a crystal",
        )
    if not finite and size_nm is None:
        raise InputError(f"{name} is a crystal: --debye needs the particle's --size")
    settings = {
        "anode": words["anode"],
        "two_theta_range": words["two_theta_range"],
        "step": words["step"],
        "b_iso": _isotropic(name, atoms, words["settings"].b_iso),
    }
    if spread and size_nm is not None:
        return ensemble_pattern(
            atoms, name=name, size_nm=size_nm, spread=spread, shape=shape, **settings
        )
    if size_nm is None:
        domains, rest = find_domains(atoms)
        parts = [*domains, *([rest] if len(rest) else [])]
        on_sites = len(atoms) - len(rest)
        typer.echo(
            f"{name}: {on_sites} of {len(atoms)} atoms in {len(domains)} perfect domains", err=True
        )
    else:
        parts = [cut_particle(atoms, name=name, size_nm=size_nm, shape=shape)]
    return debye_pattern(parts, name=name, **settings)
