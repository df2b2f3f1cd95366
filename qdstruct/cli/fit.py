"""Command: fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from qdstruct.cli.output import JsonOption

if TYPE_CHECKING:
    from qdstruct.cli.fit_requests import FitRequest
    from qdstruct.model.fits import SpectrumFit
    from qdstruct.simulation.spectra import DataTable

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("fit")
def fit(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="kinetics, energy, linewidth, tunnelling, tauc, ups, bands, brus or diffusion.",
        ),
    ],
    file: Annotated[str, typer.Argument(metavar="FILE.csv", help="Columns of numbers.")],
    x: Annotated[str | None, typer.Option("--x", help="Column of x: name or number.")] = None,
    y: Annotated[str | None, typer.Option("--y", help="Column of y.")] = None,
    sigma: Annotated[
        str | None, typer.Option("--sigma", help="Column of standard deviations of y.")
    ] = None,
    span: Annotated[
        str | None, typer.Option("--range", metavar="LOW,HIGH", help="Part of x to use.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="energy: varshni, bose-einstein, expansion, two-oscillator; tauc: direct, "
            "indirect, …; linewidth: full, optical."
        ),
    ] = None,
    components: Annotated[int, typer.Option(help="kinetics: exponentials, 1 to 3.")] = 1,
    counts: Annotated[bool, typer.Option("--counts", help="kinetics: Poisson weights.")] = False,
    signed: Annotated[
        bool, typer.Option("--allow-negative", help="kinetics: accept values below zero.")
    ] = False,
    response: Annotated[
        str | None,
        typer.Option(help="kinetics: width of a Gaussian response (0.2), or column=NAME."),
    ] = None,
    wavelength: Annotated[
        bool, typer.Option("--wavelength", help="tauc: x is a wavelength in nm.")
    ] = False,
    photon: Annotated[float, typer.Option(help="ups: photon energy, eV (He I).")] = 21.218,
    gap: Annotated[float | None, typer.Option(help="ups, brus: band gap, eV.")] = None,
    mass: Annotated[
        float | None, typer.Option(help="tunnelling: mass (default 1); brus: reduced mass, mₑ.")
    ] = None,
    permittivity: Annotated[float | None, typer.Option(help="brus: of the dot.")] = None,
    phonon: Annotated[float | None, typer.Option(help="linewidth: known E_LO, meV.")] = None,
    dimensions: Annotated[int, typer.Option(help="diffusion: directions seen.")] = 1,
    temperature: Annotated[float, typer.Option(help="diffusion: kelvin.")] = 298.15,
    lifetime: Annotated[float | None, typer.Option(help="diffusion: ns, for L = √(Dτ).")] = None,
    cutoff: Annotated[
        str | None, typer.Option("--cutoff-range", metavar="LOW,HIGH", help="ups: straight part.")
    ] = None,
    units: Annotated[str, typer.Option(help="kinetics: unit of time.")] = "ns",
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Write the curve as csv.")
    ] = None,
    figure: Annotated[
        str | None, typer.Option("--figure", metavar="FILE", help="Draw it: .png, .pdf, .svg.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite output files.")] = False,
    json: JsonOption = False,
) -> None:
    """Fit a spectrum or a series with uncertainties: decays, E(T), Γ(T), gaps, sizes, diffusion.

    The first column is x and the second y, unless --x and --y say otherwise.

    Example: qdstruct fit kinetics trpl.csv --components 2 --counts --figure trpl.png
    Example: qdstruct fit tauc absorption.csv --wavelength --model direct
    """
    from pathlib import Path

    from qdstruct.cli.fit_output import fit_document, print_fit
    from qdstruct.cli.fit_requests import KINDS, FitRequest
    from qdstruct.cli.output import print_json
    from qdstruct.errors import InputError
    from qdstruct.simulation.spectra import read_table

    request = FitRequest(
        x=x, y=y, sigma=sigma, span=span, model=model, components=components, counts=counts,
        signed=signed, response=response, wavelength=wavelength, photon=photon, gap=gap, mass=mass,
        permittivity=permittivity, phonon=phonon, dimensions=dimensions, temperature=temperature,
        lifetime=lifetime, cutoff=cutoff, units=units,
    )  # fmt: skip
    if kind not in (*KINDS, "bands"):
        raise InputError(
            f"unknown kind of fit '{kind}'", hint=f"known are {', '.join((*KINDS, 'bands'))}"
        )
    _check_outputs(output, figure, force=force)
    table = read_table(Path(file))
    if kind == "bands":
        _bands(table, output, figure, force=force, json=json)
        return
    if kind == "brus" and len(table.headings) == 1:
        _sizes(table, request, json=json)
        return
    result = KINDS[kind](table, request)
    _write(result, output, figure, force=force)
    print_json(fit_document(result)) if json else print_fit(result)


def _check_outputs(output: str | None, figure: str | None, *, force: bool) -> None:
    from pathlib import Path

    from qdstruct.files import refuse_existing

    for name in (output, figure):
        if name is not None:
            refuse_existing(Path(name), force=force)
    if figure is not None:
        from qdstruct.report.assembly_figures import figure_format

        figure_format(Path(figure))


def _write(result: SpectrumFit, output: str | None, figure: str | None, *, force: bool) -> None:
    from pathlib import Path

    from qdstruct.files import write_atomically

    if output is not None:
        curve = result.curve
        x, names = curve["x"], ("measured", "fitted", "residual")
        lines = [f"{x.attrs['long_name']} ({x.attrs['units']})," + ",".join(names)]
        columns = [x.to_numpy(), *(curve[name].to_numpy() for name in names)]
        lines += [",".join(f"{v:.8g}" for v in row) for row in zip(*columns, strict=True)]
        write_atomically(Path(output), "\n".join(lines) + "\n", force=force)
        typer.echo(f"wrote {output}", err=True)
    if figure is not None:
        from qdstruct.report.assembly_figures import write_figure
        from qdstruct.report.fit_figures import fit_figure

        write_figure(fit_figure(result), Path(figure), force=force)
        typer.echo(f"wrote {figure}", err=True)


def _sizes(table: DataTable, request: FitRequest, *, json: bool) -> None:
    """Turn one column of diameters into energies, or of energies into diameters."""
    from qdstruct.cli.output import print_json, print_table
    from qdstruct.errors import InputError
    from qdstruct.simulation.spectra import brus_energy, brus_size

    heading = table.headings[0].lower()
    if None in (request.gap, request.mass, request.permittivity) or not (
        heading.startswith(("energy", "diameter"))
    ):
        raise InputError(
            f"{table.name}: one column is converted when it is headed 'energy' or 'diameter' and "
            "--gap, --mass and --permittivity are given",
            hint="give two columns, diameter and energy, to fit",
        )
    values = table.column(None, 0)
    table.refuse_negative(values, 0, "sizes and energies are positive")
    words = {
        "gap": float(request.gap or 0.0),
        "mass": float(request.mass or 0.0),
        "permittivity": float(request.permittivity or 0.0),
    }
    given_energy = heading.startswith("energy")
    other = brus_size(values, **words) if given_energy else brus_energy(values, **words)
    energies, sizes = (values, other) if given_energy else (other, values)
    if json:
        print_json({"diameter_nm": sizes.tolist(), "energy_eV": energies.tolist(), **words})
        return
    rows = [[f"{d:.3f}", f"{e:.4f}"] for d, e in zip(sizes, energies, strict=True)]
    print_table("Brus 1984: sphere, infinite walls", ["Diameter / nm", "Energy / eV"], rows)


def _bands(
    table: DataTable, output: str | None, figure: str | None, *, force: bool, json: bool
) -> None:
    """Place the levels of the materials of a table side by side."""
    from pathlib import Path

    from qdstruct.cli.fit_output import band_levels_of, print_bands
    from qdstruct.cli.output import print_json
    from qdstruct.errors import InputError
    from qdstruct.simulation.spectra import band_offsets

    if output is not None:
        raise InputError("a band diagram has no curve to write with -o", hint="use --json")
    levels = band_levels_of(table)
    offsets = [band_offsets(levels[0], other) for other in levels[1:]]
    if figure is not None:
        from qdstruct.report.assembly_figures import write_figure
        from qdstruct.report.fit_figures import band_diagram_figure

        write_figure(band_diagram_figure(levels), Path(figure), force=force)
        typer.echo(f"wrote {figure}", err=True)
    if json:
        print_json(
            {
                "materials": [level.to_dict() for level in levels],
                "offsets": [offset.to_dict() for offset in offsets],
            }
        )
        return
    print_bands(levels, offsets)
