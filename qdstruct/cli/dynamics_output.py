"""What the command dynamics prints and writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from qdstruct.cli.output import MOCK, print_table

if TYPE_CHECKING:
    from pathlib import Path

    from qdstruct.analysis import Decay, GapDynamics
    from qdstruct.model import BandSeries
    from qdstruct.pipeline.dynamics import Decays

__all__ = [
    "decay_document",
    "gap_document",
    "print_decays",
    "print_gap",
    "write_decays",
    "write_gap",
]


def gap_document(series: BandSeries, pair: tuple[int, int], gap: GapDynamics) -> dict[str, Any]:
    """Return the gap along a trajectory as one JSON document."""
    return {
        "bands": list(pair),
        "n_steps": len(series.energies),
        "time_step": float(gap.gap["time"][1]),
        "mean": gap.mean,
        "deviation": gap.deviation,
        "dephasing_time": gap.dephasing_time,
        "gaussian_dephasing": {"time": gap.gaussian.time, "uncertainty": gap.gaussian.uncertainty},
        "window": gap.density.attrs["window"],
        "padding": gap.density.attrs["padding"],
        "resolution": gap.density.attrs["resolution"],
        "is_mock": _mock(series),
        "peaks": [peak.to_dict() for peak in gap.peaks],
    }


def _mock(series: BandSeries) -> bool:
    from qdstruct.pipeline.dynamics import made_by_mock

    return made_by_mock(series)


def print_gap(series: BandSeries, pair: tuple[int, int], gap: GapDynamics) -> None:
    """Print the gap, its dephasing and the lines of its spectrum."""
    reached = "not within the range" if gap.dephasing_time is None else f"{gap.dephasing_time:.2f}"
    print_table(
        f"Gap between bands {pair[0]} and {pair[1]}, {len(series.energies)} steps of "
        f"{float(gap.gap['time'][1]):g} fs" + (f" ({MOCK})" if _mock(series) else ""),
        ["Quantity", "Value", "Unit"],
        [
            ("mean gap", f"{gap.mean:.4f}", "eV"),
            ("standard deviation", f"{1000 * gap.deviation:.1f}", "meV"),
            ("dephasing time, D = 1/e", reached, "fs"),
            ("Gaussian dephasing, τ", f"{gap.gaussian.time:.2f} ± {gap.gaussian.uncertainty:.2g}",
             "fs"),
        ],
    )  # fmt: skip
    told = gap.density.attrs
    padded = f"zero-padded to {told['padding']} times its length"
    print_table(
        "Spectral density",
        ["Wave number (cm⁻¹)", "Share"],
        [(f"{peak.wavenumber:.1f}", f"{peak.weight:.3f}") for peak in gap.peaks],
        note=f"of the autocorrelation up to {float(gap.correlation['time'][-1]):g} fs, window "
        f"{told['window']}, {padded if told['padding'] > 1 else 'no zero padding'}; a point every "
        f"{float(gap.density['wavenumber'][1]):.1f} cm⁻¹, lines at least "
        f"{told['resolution']:.1f} cm⁻¹ wide",
    )


def decay_document(decays: Decays) -> dict[str, Any]:
    """Return the decays of surface hopping as one JSON document."""

    def fitted(decay: Decay | None) -> dict[str, Any] | None:
        return None if decay is None else decay.to_dict()

    return {
        "states": list(decays.states),
        "n_samples": len(decays.hopping.sources),
        "population": fitted(decays.population_fit),
        "energy": fitted(decays.energy_fit),
        "notes": list(decays.notes),
    }


def print_decays(decays: Decays) -> None:
    """Print time constants with their errors."""
    rows = [
        (name, f"{fit.time:.1f}", f"± {fit.uncertainty:.2g}", fit.form)
        for name, fit in (("population", decays.population_fit), ("energy", decays.energy_fit))
        if fit is not None
    ]
    print_table(
        f"Decay of state{'s' if len(decays.states) > 1 else ''} "
        f"{', '.join(map(str, decays.states))}, {len(decays.hopping.sources)} trajectories",
        ["", "τ (fs)", "Error (1σ)", "Form"],
        rows,
        note="\n".join(decays.notes) or None,
    )


def write_gap(target: Path, series: BandSeries, gap: GapDynamics) -> None:
    """Write curves as csv and a figure."""
    from qdstruct.report.assembly_figures import write_figure
    from qdstruct.report.dynamics_figure import gap_figure
    from qdstruct.report.style import mark_mock

    mock = _mock(series)
    for name, array, column in (
        ("gap", gap.gap, "gap (eV)"),
        ("autocorrelation", gap.correlation, "autocorrelation (eV^2)"),
        ("spectral_density", gap.density, "spectral density (eV^2 fs)"),
        ("dephasing", gap.dephasing, "dephasing function"),
    ):
        axis = str(array.dims[0])
        unit = str(array[axis].attrs["unit"])
        heading = [f"{'wave number' if axis == 'wavenumber' else axis} ({unit})", column]
        _csv(target / f"{name}.csv", heading, [array[axis].to_numpy(), array.to_numpy()],
             mock=mock)  # fmt: skip
    figure = gap_figure(
        gap.gap, gap.correlation, gap.density, gap.dephasing, gaussian=gap.gaussian.time
    )
    if mock:
        mark_mock(figure)
    write_figure(figure, target / "gap.png", force=True)
    typer.echo(f"wrote csv files and gap.png to {target}", err=True)


def write_decays(target: Path, decays: Decays) -> None:
    """Write curves as csv and a figure."""
    from qdstruct.report.assembly_figures import write_figure
    from qdstruct.report.dynamics_figure import decay_figure

    time = decays.hopping.time
    curves, labels = [], []
    for fit in (decays.population_fit, decays.energy_fit):
        curves.append(None if fit is None else fit.curve(time))
        labels.append("" if fit is None else f"τ = {fit.time:.0f} ± {fit.uncertainty:.0f} fs")
    _csv(
        target / "decays.csv",
        ["time (fs)", "population", "energy (eV)"],
        [time, decays.population, decays.energy],
    )
    figure = decay_figure(
        time, decays.population, decays.energy, population_curve=curves[0],
        energy_curve=curves[1], labels=(labels[0], labels[1]),
    )  # fmt: skip
    write_figure(figure, target / "decays.png", force=True)
    typer.echo(f"wrote decays.csv and decays.png to {target}", err=True)


def _csv(path: Path, heading: list[str], columns: list[Any], *, mock: bool = False) -> None:
    from qdstruct.files import write_atomically

    comment = f"# {MOCK}\n" if mock else ""
    rows = [",".join(f"{value:.8g}" for value in row) for row in zip(*columns, strict=True)]
    write_atomically(path, comment + "\n".join([",".join(heading), *rows]) + "\n")
