"""Fits and band levels as tables and JSON documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from qdstruct.model.fits import BandLevels, BandOffsets, FittedValue, SpectrumFit
    from qdstruct.simulation.spectra import DataTable

__all__ = ["band_levels_of", "fit_document", "print_bands", "print_fit"]


def _value(value: FittedValue) -> dict[str, Any]:
    return {
        "name": value.name, "value": value.value, "error": value.error, "unit": value.unit,
        "meaning": value.meaning, "fixed": value.fixed,
    }  # fmt: skip


def fit_document(result: SpectrumFit) -> dict[str, Any]:
    """Return a fit as plain JSON values; None where a line is not drawn."""
    import numpy as np

    def listed(name: str) -> list[float | None]:
        values = result.curve[name].to_numpy()
        return [float(v) if np.isfinite(v) else None for v in values]

    return {
        "kind": result.kind,
        "formula": result.formula,
        "source": result.source,
        "parameters": [_value(value) for value in result.parameters],
        "derived": [_value(value) for value in result.derived],
        "n_points": result.n_points,
        "reduced_chi_square": result.reduced_chi_square,
        "r_squared": result.r_squared,
        "aic": result.aic,
        "bic": result.bic,
        "weighting": result.weighting,
        "warnings": list(result.warnings),
        "curve": {name: listed(name) for name in ("x", "measured", "fitted")},
    }


def _row(value: FittedValue) -> list[str]:
    error = "fixed" if value.fixed else "" if value.error is None else f"± {value.error:.2g}"
    return [value.name, f"{value.value:.6g}", error, value.unit, value.meaning]


def print_fit(result: SpectrumFit) -> None:
    """Print values with errors, and warnings on stderr."""
    from qdstruct.cli.output import print_table

    print_table(
        f"{result.kind}: {result.formula}",
        ["", "Value", "Error (1σ)", "Unit", "Meaning"],
        [_row(value) for value in (*result.derived, *result.parameters)],
        note=f"{result.n_points} points, weighted: {result.weighting}; reduced χ² "
        f"{result.reduced_chi_square:.4g}, r² {result.r_squared:.5f}, AIC {result.aic:.1f}, "
        f"BIC {result.bic:.1f}\n{result.source}",
    )
    for warning in result.warnings:
        typer.echo(f"qdstruct: warning: {warning}", err=True)


def band_levels_of(table: DataTable) -> list[BandLevels]:
    """Read work functions, valence edges and gaps of materials."""
    from qdstruct.errors import InputError
    from qdstruct.model.fits import FittedValue
    from qdstruct.simulation.spectra import band_levels

    needed = ("material", "work_function", "edge", "gap")
    if any(name not in [h.lower() for h in table.headings] for name in needed):
        raise InputError(
            f"{table.name}: needs columns named {', '.join(needed)} "
            "(and work_function_error, edge_error, gap_error if known), in eV",
            hint="edge is E_F − E_VBM; qdstruct fit ups and tauc give all three",
        )

    def column(name: str) -> list[float]:
        return [float(value) for value in table.column(name, 0)]

    def errors(name: str) -> list[float | None]:
        known = f"{name}_error" in [h.lower() for h in table.headings]
        return list(column(f"{name}_error")) if known else [None] * len(table.cells)

    def values(name: str) -> list[FittedValue]:
        return [
            FittedValue(name=name, value=value, error=error, unit="eV", meaning=name)
            for value, error in zip(column(name), errors(name), strict=True)
        ]

    return [
        band_levels(material, work, edge, (gap.value, gap.error))
        for material, work, edge, gap in zip(
            table.text("material", 0), values("work_function"), values("edge"), values("gap"),
            strict=True,
        )
    ]  # fmt: skip


def _text(value: FittedValue, sign: str = "") -> str:
    error = "" if value.error is None else f" ± {value.error:.2f}"
    return f"{value.value:{sign}.2f}{error}"


def print_bands(levels: list[BandLevels], offsets: list[BandOffsets]) -> None:
    """Print levels, and offsets from the first material."""
    from qdstruct.cli.output import print_table

    print_table(
        "Levels below the vacuum level, eV",
        ["Material", "Work function", "Ionisation energy", "Electron affinity", "Gap"],
        [
            [level.material, *(_text(value) for value in (level.work_function,
             level.ionisation_energy, level.electron_affinity, level.gap))]
            for level in levels
        ],
    )  # fmt: skip
    if offsets:
        print_table(
            f"Edges above those of {levels[0].material}, common vacuum level (Anderson 1962), eV",
            ["Material", "Valence", "Conduction", "Type"],
            [
                [offset.second, _text(offset.valence, "+"), _text(offset.conduction, "+"),
                 offset.alignment]
                for offset in offsets
            ],
            note="Before contact: an interface adds its dipole (qdstruct analyze computes it).",
        )  # fmt: skip
