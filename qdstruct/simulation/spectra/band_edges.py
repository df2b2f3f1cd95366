"""Band gaps from absorption (Tauc), band edges from photoemission (UPS), and level diagrams."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.model.fits import BandLevels, BandOffsets, FittedValue, SpectrumFit
from qdstruct.simulation.spectra.fitting import Axis, labelled_curve
from qdstruct.simulation.spectra.straight import StraightPart, straight_part
from qdstruct.units import HC

__all__ = [
    "HE_I",
    "TRANSITIONS",
    "band_levels",
    "band_offsets",
    "fit_tauc",
    "fit_ups",
    "wavelength_to_energy",
]

Floats = NDArray[np.float64]

HE_I = 21.218
"""Photon energy of the He I line, eV (Moore, NSRDS-NBS 35: 58.433 nm)."""
TRANSITIONS = {
    "direct": 2.0,
    "indirect": 0.5,
    "direct-forbidden": 2 / 3,
    "indirect-forbidden": 1 / 3,
}
"""Exponent r of (αE)^r that makes the edge straight (Tauc, Grigorovici and Vancu 1966)."""


def wavelength_to_energy(wavelength: Floats) -> Floats:
    """Return photon energies in eV of wavelengths in nm, E = hc/λ."""
    return HC / 10.0 / wavelength


def fit_tauc(
    energy: Floats,
    absorbance: Floats,
    *,
    transition: str = "direct",
    span: tuple[float, float] | None = None,
) -> SpectrumFit:
    """Read the optical gap off a Tauc plot: (αE)^r = B (E − E_g).

    Tauc, Grigorovici and Vancu, Phys. Status Solidi 15, 627 (1966). Absorbance in place of α only
    changes B. Excitonic peaks at the edge pull a Tauc gap down; the method knows nothing of them.

    Parameters
    ----------
    energy, absorbance : (n,) arrays
        Rising eV, and absorbance or absorption coefficient, not negative.
    transition : str
        One of `TRANSITIONS`.
    span : (float, float), optional
        Straight part in eV; found automatically if not given (`straight_part`).

    Returns
    -------
    SpectrumFit
        E_g with its error (statistical, and over other choices of the straight part), slope and
        range; the curve holds (αE)^r and the line.
    """
    if transition not in TRANSITIONS:
        raise InputError(
            f"unknown transition '{transition}'", hint=f"known are {', '.join(TRANSITIONS)}"
        )
    if (energy <= 0).any():
        raise InputError("photon energies must be positive", hint="wavelengths? say --wavelength")
    if (absorbance < 0).any():
        raise InputError(
            f"negative absorbance at {energy[np.argmax(absorbance < 0)]:g} eV",
            hint="subtract the background so that no point is below zero, or cut the range",
        )
    power = TRANSITIONS[transition]
    plot = (absorbance * energy) ** power
    part = straight_part(energy, plot, span=span)
    return _edge_fit(
        f"tauc ({transition})",
        energy,
        plot,
        (part,),
        formula=f"(αE)^{power:.3g} = B (E − E_g)",
        source="Tauc, Grigorovici and Vancu, Phys. Status Solidi 15, 627 (1966)",
        axes=(Axis(name="photon energy", unit="eV"), Axis(name=f"(αE)^{power:.3g}", unit="a.u.")),
        derived=(_ev("E_g", part.crossing, part.error, f"optical gap, {transition}"),),
    )


def fit_ups(
    energy: Floats,
    intensity: Floats,
    *,
    photon: float = HE_I,
    gap: tuple[float, float] | None = None,
    cutoff_span: tuple[float, float] | None = None,
    edge_span: tuple[float, float] | None = None,
) -> SpectrumFit:
    """Read work function and valence edge off a photoemission spectrum.

    Φ = hν − E_cutoff and E_F − E_VBM = E_edge, both by extrapolating the straight part to the
    background (Cahen and Kahn, Adv. Mater. 15, 271 (2003)).

    Parameters
    ----------
    energy, intensity : (n,) arrays
        Binding energy relative to the Fermi level, rising, eV; counts (any bias corrected).
    photon : float
        hν, eV.
    gap : (float, float), optional
        Optical gap and its error, for the conduction band.
    cutoff_span, edge_span : (float, float), optional
        Straight parts; found automatically if not given: the cut-off falls above half of hν, the
        valence edge rises between −1 eV and 7 eV.

    Returns
    -------
    SpectrumFit
        Work function, edge, ionisation energy, and electron affinity if the gap is given.
    """
    if photon <= 0:
        raise InputError("the photon energy must be positive")
    cutoff = _cutoff(energy, intensity, photon, cutoff_span)
    edge = _valence_edge(energy, intensity, edge_span)
    work = _ev("phi", photon - cutoff.crossing, cutoff.error, "work function hν − E_cutoff")
    valence = _ev("E_F-E_VBM", edge.crossing, edge.error, "Fermi level above the valence edge")
    levels = band_levels("sample", work, valence, gap)
    values = [work, valence, levels.ionisation_energy]
    if gap is not None:
        values.append(levels.electron_affinity)
    return _edge_fit(
        "ups",
        energy,
        intensity,
        (edge, cutoff),
        formula="Φ = hν − E_cutoff; E_F − E_VBM = E_edge",
        source="Cahen and Kahn, Adv. Mater. 15, 271 (2003)",
        axes=(Axis(name="binding energy", unit="eV"), Axis(name="intensity", unit="counts")),
        derived=tuple(values),
    )


def _cutoff(
    energy: Floats, intensity: Floats, photon: float, span: tuple[float, float] | None
) -> StraightPart:
    kept = energy > 0.5 * photon
    if span is None and kept.sum() < 10:
        raise InputError(
            f"fewer than 10 points above {0.5 * photon:.1f} eV, where the cut-off lies",
            hint="binding energies are wanted; check --photon, or give --cutoff-range",
        )
    x, y = (energy, intensity) if span is not None else (energy[kept], intensity[kept])
    peak = int(np.argmax(y))
    if span is None and len(y) - peak < 10:
        raise InputError(
            "no secondary-electron cut-off: the intensity does not fall at the largest binding "
            "energies",
            hint="record 1 eV beyond the cut-off, or give --cutoff-range",
        )
    tail = y[_tail(y)]
    level = float(tail.mean()) if len(tail) else 0.0
    error = float(tail.std() / np.sqrt(len(tail))) if len(tail) else 0.0
    if span is not None:
        return straight_part(x, y, rising=False, level=level, level_error=error, span=span)
    return straight_part(x[peak:], y[peak:], rising=False, level=level, level_error=error)


def _tail(y: Floats) -> NDArray[np.bool_]:
    """Return the points beyond the cut-off: the last two thirds of those near the last level."""
    last = y[-max(3, len(y) // 50) :].mean()
    above = np.flatnonzero(y > last + 0.05 * (y.max() - last))
    start = (above[-1] if len(above) else len(y) - 1) + 1
    return np.arange(len(y)) >= min(start + (len(y) - start) // 3, len(y) - 1)


def _valence_edge(
    energy: Floats, intensity: Floats, span: tuple[float, float] | None
) -> StraightPart:
    near = energy < 0.0
    if near.sum() < 3:
        near = energy < energy[0] + 0.1 * (min(7.0, energy[-1]) - energy[0])
    if not near.any():
        raise InputError("no points at the Fermi level to take the background from")
    background = intensity[near]
    level = float(background.mean())
    error = float(background.std() / np.sqrt(len(background)))
    if span is not None:
        return straight_part(energy, intensity, level=level, level_error=error, span=span)
    kept = (energy > -1.0) & (energy < 7.0)
    if kept.sum() < 10:
        raise InputError(
            "fewer than 10 points between −1 and 7 eV, where the valence edge lies",
            hint="binding energies relative to the Fermi level are wanted, or give --edge-range",
        )
    x, y = energy[kept], intensity[kept]
    rise = level + 0.6 * (y.max() - level)
    top = int(np.argmax(y > rise)) + 1
    start = max(0, min(top - 10, int(0.5 * top)))
    return straight_part(x[start:top], y[start:top], level=level, level_error=error)


def _edge_fit(
    kind: str,
    x: Floats,
    y: Floats,
    parts: Sequence[StraightPart],
    *,
    formula: str,
    source: str,
    axes: tuple[Axis, Axis],
    derived: tuple[FittedValue, ...],
) -> SpectrumFit:
    line = np.full(len(x), np.nan)
    residual, warnings, parameters, n = 0.0, [], [], 0
    for number, part in enumerate(parts, start=1):
        suffix = "" if len(parts) == 1 else str(number)
        on = (x >= part.low) & (x <= part.high)
        ends = (x >= min(part.low, part.crossing)) & (x <= max(part.high, part.crossing))
        line[ends] = part.line(x[ends])
        residual += float(((y[on] - part.line(x[on])) ** 2).sum())
        n += part.n_points
        word = "found" if part.automatic else "given"
        parameters += [
            _plain(f"low{suffix}", part.low, "eV", f"start of the straight part, {word}"),
            _plain(f"high{suffix}", part.high, "eV", f"end of the straight part, {word}"),
            _plain(f"slope{suffix}", part.slope, "1/eV", "slope of the line"),
        ]
        if part.r_squared < 0.99:
            warnings.append(
                f"the part from {part.low:.3g} to {part.high:.3g} eV is not straight "
                f"(r² = {part.r_squared:.3f})"
            )
    freedom = max(n - 2 * len(parts), 1)
    criterion = n * float(np.log(max(residual, 1e-300) / n))
    return SpectrumFit(
        kind=kind,
        formula=formula,
        source=source,
        parameters=tuple(parameters),
        derived=derived,
        n_points=n,
        reduced_chi_square=residual / freedom,
        r_squared=min(part.r_squared for part in parts),
        aic=criterion + 4 * len(parts),
        bic=criterion + 2 * len(parts) * float(np.log(n)),
        weighting="all points of the straight part alike",
        warnings=tuple(warnings),
        curve=labelled_curve(x, y, line, axes),
    )


def _plain(name: str, value: float, unit: str, meaning: str) -> FittedValue:
    return FittedValue(name=name, value=value, error=None, unit=unit, meaning=meaning)


def _ev(name: str, value: float, error: float | None, meaning: str) -> FittedValue:
    return FittedValue(name=name, value=value, error=error, unit="eV", meaning=meaning)


def _together(*errors: float | None) -> float | None:
    known = [error for error in errors if error is not None]
    return float(np.sqrt(sum(error**2 for error in known))) if known else None


def band_levels(
    material: str,
    work_function: FittedValue,
    fermi_above_valence: FittedValue,
    gap: tuple[float, float | None] | None,
) -> BandLevels:
    """Place the band edges below the vacuum level.

    I = Φ + (E_F − E_VBM) and χ = I − E_g (Cahen and Kahn, Adv. Mater. 15, 271 (2003)), with the
    optical gap for the transport gap: smaller by the exciton binding energy.

    Parameters
    ----------
    material : str
        Name.
    work_function, fermi_above_valence : FittedValue
        Φ and E_F − E_VBM, eV.
    gap : (float, float or None), optional
        E_g and its error; 0 when unknown, which puts χ at I.
    """
    value, error = gap or (0.0, None)
    ionisation = work_function.value + fermi_above_valence.value
    uncertain = _together(work_function.error, fermi_above_valence.error)
    return BandLevels(
        material=material,
        work_function=work_function,
        ionisation_energy=_ev("I", ionisation, uncertain, "ionisation energy"),
        electron_affinity=_ev(
            "chi", ionisation - value, _together(uncertain, error), "electron affinity"
        ),
        gap=_ev("E_g", value, error, "band gap"),
    )


def band_offsets(first: BandLevels, second: BandLevels) -> BandOffsets:
    """Compare two materials at a common vacuum level.

    Anderson, Solid-State Electron. 5, 341 (1962).

    Parameters
    ----------
    first, second : BandLevels
        Materials before contact; a real interface adds its dipole.

    Returns
    -------
    BandOffsets
        How far the edges of the second lie above those of the first, and the type.
    """
    valence = first.ionisation_energy.value - second.ionisation_energy.value
    conduction = first.electron_affinity.value - second.electron_affinity.value
    if (
        first.electron_affinity.value >= second.ionisation_energy.value
        or second.electron_affinity.value >= first.ionisation_energy.value
    ):
        kind = "III (broken)"
    else:
        kind = "II (staggered)" if valence * conduction > 0 else "I (straddling)"
    return BandOffsets(
        first=first.material,
        second=second.material,
        valence=_ev(
            "dE_V", valence, _together(first.ionisation_energy.error,
                                       second.ionisation_energy.error),
            "valence-band offset",
        ),
        conduction=_ev(
            "dE_C", conduction, _together(first.electron_affinity.error,
                                          second.electron_affinity.error),
            "conduction-band offset",
        ),
        alignment=kind,
    )  # fmt: skip
