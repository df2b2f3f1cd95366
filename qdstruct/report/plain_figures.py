"""Figures of single results: small-angle curve, image, strain map, potential, mixture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qdstruct.report.style import COLOURS, DOUBLE_COLUMN, SINGLE_COLUMN, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from qdstruct.model import (
        Micrograph,
        MixtureFit,
        PotentialProfile,
        SmallAngleCurve,
        StrainMap,
    )

__all__ = [
    "micrograph_figure",
    "mixture_figure",
    "potential_figure",
    "small_angle_figure",
    "strain_figure",
]


def small_angle_figure(curve: SmallAngleCurve) -> Figure:
    """Draw intensity against q on logarithmic scales, the maxima marked with their spacing."""
    figure = new_figure(SINGLE_COLUMN, 62)
    axes = figure.subplots()
    q, intensity = np.asarray(curve.curve["q"]), np.asarray(curve.curve["intensity"])
    axes.loglog(q, intensity, color=COLOURS[0])
    for maximum in curve.maxima[:4]:
        height = np.interp(maximum.q, q, intensity)
        axes.annotate(
            f"{maximum.spacing / 10:.2f} nm", (maximum.q, height), (0, 6), ha="center",
            textcoords="offset points", fontsize=6,
        )  # fmt: skip
    axes.set(xlabel="q (1/Å)", ylabel="intensity")
    axes.set_title(curve.name, loc="left")
    return figure


def micrograph_figure(micrograph: Micrograph) -> Figure:
    """Draw an image with its scale in Å."""
    figure = new_figure(SINGLE_COLUMN, 80)
    axes = figure.subplots()
    image = micrograph.image
    y, x = (np.asarray(image[name]) for name in image.dims)
    axes.imshow(
        np.asarray(image), cmap="gray", origin="lower", extent=(x[0], x[-1], y[0], y[-1])
    )  # fmt: skip
    axes.set(xlabel="x (Å)", ylabel="y (Å)")
    axes.set_title(micrograph.name, loc="left")
    return figure


def strain_figure(strain: StrainMap) -> Figure:
    """Draw the maps of a strain analysis side by side, strains in per cent, grey where none is."""
    names = [str(name) for name in strain.maps.data_vars][:4]
    figure = new_figure(DOUBLE_COLUMN, 62)
    rows = figure.subplots(1, len(names), squeeze=False, sharey=True)[0]
    for axes, name in zip(rows, names, strict=True):
        values = np.asarray(strain.maps[name], dtype=float)
        scale, unit = (1.0, "°") if name == "rotation" else (100.0, "%")
        limit = min(20.0, float(np.nanpercentile(np.abs(scale * values), 98)) or 1.0)
        y, x = (np.asarray(strain.maps[str(dim)]) for dim in strain.maps[name].dims)
        drawn = axes.imshow(
            scale * values, cmap="RdBu_r", vmin=-limit, vmax=limit,
            origin="lower", extent=(x[0], x[-1], y[0], y[-1]),
        )  # fmt: skip
        figure.colorbar(drawn, ax=axes, shrink=0.75, label=unit)
        axes.set_facecolor("0.75")
        axes.set_title(name, loc="left")
        axes.set_xlabel("x (Å)")
    rows[0].set_ylabel("y (Å)")
    return figure


def potential_figure(profile: PotentialProfile) -> Figure:
    """Draw planar and macroscopic average of a potential, vacuum levels and Fermi level."""
    figure = new_figure(SINGLE_COLUMN, 62)
    axes = figure.subplots()
    z = np.asarray(profile.profile["z"])
    axes.plot(z, np.asarray(profile.profile), color=COLOURS[5], linewidth=0.8, label="planar")
    axes.plot(z, np.asarray(profile.macroscopic), color=COLOURS[0], label="macroscopic")
    for level in profile.vacuum_levels:
        axes.hlines(level.level, level.start, level.end, color=COLOURS[1], linewidth=1.4)
        axes.annotate(f"{level.level:.2f}", (level.start, level.level), fontsize=6, va="bottom")
    if profile.fermi_level is not None:
        axes.axhline(profile.fermi_level, color="0.4", linestyle=":", linewidth=0.8)
        axes.annotate("E$_F$", (z[0], profile.fermi_level), fontsize=6, va="bottom")
    axes.set(xlabel="height z (Å)", ylabel="potential (eV)", xlim=(z[0], z[-1]))
    axes.legend(loc="best")
    return figure


def mixture_figure(fit: MixtureFit) -> Figure:
    """Draw measured and calculated pattern and their difference."""
    figure = new_figure(DOUBLE_COLUMN, 70)
    axes = figure.subplots()
    angle = np.asarray(fit.curve["two_theta"])
    measured, calculated = (np.asarray(fit.curve[name]) for name in ("measured", "calculated"))
    axes.plot(angle, measured, ".", color="0.5", markersize=1.5, label="measured")
    axes.plot(angle, calculated, color=COLOURS[1], linewidth=0.8, label="calculated")
    offset = measured.min() - 0.6 * np.ptp(measured - calculated)
    axes.plot(angle, measured - calculated + offset, color=COLOURS[0], linewidth=0.6,
              label="difference")  # fmt: skip
    axes.set(xlabel="2θ (°)", ylabel="counts", xlim=(angle[0], angle[-1]))
    shares = ", ".join(f"{f.phase} {100 * f.weight_fraction:.1f} %" for f in fit.fractions)
    axes.set_title(f"{shares}; R$_{{wp}}$ {100 * fit.r_wp:.1f} %", loc="left")
    axes.legend(loc="upper right")
    return figure
