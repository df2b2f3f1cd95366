"""What each kind of fit reads from its table and options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qdstruct.model.fits import SpectrumFit
    from qdstruct.simulation.spectra import DataTable

__all__ = ["KINDS", "FitRequest"]


@dataclass(frozen=True, kw_only=True)
class FitRequest:
    """The options of one fit, checked by the kind that uses them."""

    x: str | None
    y: str | None
    sigma: str | None
    span: str | None
    model: str | None
    components: int
    counts: bool
    signed: bool
    response: str | None
    wavelength: bool
    photon: float
    gap: float | None
    mass: float | None
    permittivity: float | None
    phonon: float | None
    dimensions: int
    temperature: float
    lifetime: float | None
    cutoff: str | None
    units: str


def _span(text: str | None) -> tuple[float, float] | None:
    from qdstruct.cli.reading import numbers

    if text is None:
        return None
    low, high = numbers(text, 2, "a range")
    return (min(low, high), max(low, high))


def _data(table: DataTable, request: FitRequest, *, ordered: bool, cut: bool = True) -> Any:
    """Return x, y and sigma, rising where order matters, cut to the range."""
    import numpy as np

    from qdstruct.errors import InputError

    x, y = table.column(request.x, 0), table.column(request.y, 1)
    sigma = None if request.sigma is None else table.column(request.sigma, 2)
    if sigma is not None and (sigma <= 0).any():
        raise InputError(
            f"{table.name}: line {table.lines[int(np.argmax(sigma <= 0))]}: a standard deviation "
            "must be above zero"
        )
    order = np.arange(len(x))
    if ordered and table.ordered(x, request.x, 0):
        order = order[::-1]
    span = _span(request.span) if cut else None
    if span is not None:
        order = order[(x[order] >= span[0]) & (x[order] <= span[1])]
        if not len(order):
            raise InputError(f"{table.name}: no point between {span[0]:g} and {span[1]:g}")
    return x[order], y[order], None if sigma is None else sigma[order]


def _kinetics(table: DataTable, request: FitRequest) -> SpectrumFit:
    from qdstruct.errors import InputError
    from qdstruct.simulation.spectra import fit_kinetics

    time, intensity, sigma = _data(table, request, ordered=True)
    if not request.signed:
        table.refuse_negative(
            table.column(request.y, 1),
            table.index(request.y, 1),
            "change the sign of a bleach; for noise about a subtracted background say "
            "--allow-negative",
        )
    width, column = None, None
    if request.response is not None and request.response.startswith("column="):
        if request.span is not None:
            raise InputError("a response column and --range do not go together")
        column = table.column(request.response.removeprefix("column="), 2)
    elif request.response is not None:
        from qdstruct.cli.reading import numbers

        (width,) = numbers(request.response, 1, "a width")
    return fit_kinetics(
        time, intensity, components=request.components, response_fwhm=width, response=column,
        counts=request.counts, sigma=sigma,
        units=(request.units, "counts" if request.counts else "a.u."),
    )  # fmt: skip


def _energy(table: DataTable, request: FitRequest) -> SpectrumFit:
    from qdstruct.simulation.spectra import fit_energy

    temperature, energy, sigma = _data(table, request, ordered=False)
    return fit_energy(temperature, energy, model=request.model or "bose-einstein", sigma=sigma)


def _linewidth(table: DataTable, request: FitRequest) -> SpectrumFit:
    from qdstruct.errors import InputError
    from qdstruct.simulation.spectra import fit_linewidth

    model = request.model or "full"
    if model not in ("full", "optical"):
        raise InputError(f"unknown model '{model}' of Γ(T)", hint="known are full, optical")
    temperature, width, sigma = _data(table, request, ordered=False)
    table.refuse_negative(width, table.index(request.y, 1), "widths are in meV, above zero")
    return fit_linewidth(
        temperature, width, acoustic=model == "full", phonon=request.phonon, sigma=sigma
    )


def _tunnelling(table: DataTable, request: FitRequest) -> SpectrumFit:
    from qdstruct.simulation.spectra import fit_tunnelling

    spacing, shift, sigma = _data(table, request, ordered=False)
    mass = 1.0 if request.mass is None else request.mass
    return fit_tunnelling(spacing, shift, mass=mass, sigma=sigma)


def _tauc(table: DataTable, request: FitRequest) -> SpectrumFit:
    from qdstruct.simulation.spectra import fit_tauc, wavelength_to_energy

    x, absorbance, _ = _data(table, request, ordered=True, cut=False)
    table.refuse_negative(
        table.column(request.y, 1),
        table.index(request.y, 1),
        "subtract the background so that no absorbance is below zero",
    )
    if request.wavelength:
        table.refuse_negative(x, table.index(request.x, 0), "wavelengths are positive")
        x, absorbance = wavelength_to_energy(x)[::-1], absorbance[::-1]
    return fit_tauc(x, absorbance, transition=request.model or "direct", span=_span(request.span))


def _ups(table: DataTable, request: FitRequest) -> SpectrumFit:
    from qdstruct.simulation.spectra import fit_ups

    energy, intensity, _ = _data(table, request, ordered=True, cut=False)
    table.refuse_negative(
        table.column(request.y, 1), table.index(request.y, 1), "counts are not negative"
    )
    return fit_ups(
        energy, intensity, photon=request.photon,
        gap=None if request.gap is None else (request.gap, 0.0),
        cutoff_span=_span(request.cutoff), edge_span=_span(request.span),
    )  # fmt: skip


def _brus(table: DataTable, request: FitRequest) -> SpectrumFit:
    from qdstruct.errors import InputError
    from qdstruct.simulation.spectra import fit_brus

    if request.permittivity is None or request.permittivity <= 0:
        raise InputError("Brus' equation needs the relative permittivity", hint="--permittivity 7")
    size, energy, sigma = _data(table, request, ordered=False)
    return fit_brus(
        size, energy, permittivity=request.permittivity, gap=request.gap, mass=request.mass,
        sigma=sigma,
    )  # fmt: skip


def _diffusion(table: DataTable, request: FitRequest) -> SpectrumFit:
    from qdstruct.simulation.spectra import fit_diffusion

    time, msd, sigma = _data(table, request, ordered=True)
    return fit_diffusion(
        time, msd, dimensions=request.dimensions, temperature=request.temperature,
        lifetime=request.lifetime, sigma=sigma,
    )  # fmt: skip


KINDS: dict[str, Callable[[DataTable, FitRequest], SpectrumFit]] = {
    "kinetics": _kinetics,
    "energy": _energy,
    "linewidth": _linewidth,
    "tunnelling": _tunnelling,
    "tauc": _tauc,
    "ups": _ups,
    "brus": _brus,
    "diffusion": _diffusion,
}
"""By the word a user types."""
