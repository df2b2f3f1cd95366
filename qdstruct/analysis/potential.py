"""The electrostatic potential along the normal: averages, vacuum levels, dipole step, plateaus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.analysis.heights import cell_height, heights
from qdstruct.errors import InputError
from qdstruct.model.electronic import PotentialProfile, VacuumLevel

if TYPE_CHECKING:
    from ase import Atoms
    from xarray import DataArray

__all__ = [
    "layer_period",
    "macroscopic_average",
    "plateau",
    "potential_profile",
    "vacuum_gap",
]

SMALLEST_VACUUM = 6.0
"""Å between facing atoms below which a gap is no vacuum."""
ATOM_MARGIN = 2.5
"""Å beside the outermost atoms that still belong to the electron tails."""
JUMP = 0.02
"""eV by which neighbouring halves of the vacuum must differ to count as two levels."""
FLAT = 0.05
"""eV of residual variation above which a vacuum level is called not flat."""


def macroscopic_average(profile: DataArray, periods: Sequence[float]) -> DataArray:
    """Smooth a planar average over one or two windows, exactly on its Fourier series.

    Each window of width L multiplies the coefficient of wave number G by sin(GL/2)/(GL/2)
    (A. Baldereschi, S. Baroni, R. Resta, Phys. Rev. Lett. 61, 734 (1988); two different periods:
    L. Colombo, R. Resta, S. Baroni, Phys. Rev. B 44, 5572 (1991)).

    Parameters
    ----------
    profile : DataArray
        dims (z,), equally spaced over the whole period, with the cell's ``height`` in its
        attributes, as `qdstruct.outputs.planar_average` makes it.
    periods : sequence of float
        Widths of the windows, Å: the layer repeat of each material.

    Raises
    ------
    InputError
        If a window is not positive or wider than the cell.
    """
    height = _height(profile)
    values = np.fft.rfft(np.asarray(profile))
    index = np.arange(len(values))
    for period in periods:
        if not 0 < period <= height:
            raise InputError(
                f"a window of {period:g} Å does not fit a cell {height:g} Å high",
                hint="the window is the layer repeat of the crystal along the normal",
            )
        values = values * np.sinc(index * period / height)
    smooth = np.fft.irfft(values, n=profile.size)
    result = profile.copy(data=smooth)
    result.attrs["periods"] = list(periods)
    return result


def layer_period(atoms: Atoms, members: Sequence[int], axis: int = 2) -> float:
    """Find the layer repeat along the normal of some atoms of a structure.

    Atomic planes are compared by their composition; the repeat is the mean distance between
    planes p apart, with the smallest p for which every plane equals the one p below it. Where
    relaxation has split the planes unevenly, it is the first shift at which the profile of atomic
    numbers, smeared by 0.5 Å, agrees with itself (normalised correlation above 0.9).

    Parameters
    ----------
    atoms : Atoms
        The structure.
    members : sequence of int
        Atoms of one material.
    axis : int
        Cell vector that crosses the interface.

    Returns
    -------
    float
        Å.

    Raises
    ------
    InputError
        If no repeat shows: fewer than two repeats, or no order of the planes.
    """
    from qdstruct.analysis.densities import atomic_planes, plane_heights

    part = atoms[list(members)]
    planes = list(atomic_planes(part, axis).values())
    symbols = np.array(part.get_chemical_symbols())
    kinds = [tuple(sorted(symbols[plane])) for plane in planes]
    at = heights(part, axis)
    z = np.array(plane_heights([at[plane] for plane in planes], cell_height(part, axis)))
    for step in range(1, len(planes) // 2 + 1):
        if all(kinds[i] == kinds[i + step] for i in range(len(kinds) - step)):
            return float(np.mean(z[step:] - z[:-step]))
    shift = _correlated_shift(part, axis)
    if shift is not None:
        return shift
    raise InputError(
        f"the {len(planes)} atomic planes of {part.get_chemical_formula()} show no repeat along "
        "the normal",
        hint="give the periods explicitly: the layer repeats of the two bulk crystals",
    )


def _correlated_shift(part: Atoms, axis: int) -> float | None:
    """Return the shift at which a relaxed stack of layers agrees best with itself; None if none."""
    period, z = cell_height(part, axis), np.sort(heights(part, axis))
    order = np.argsort(heights(part, axis))
    start = int(np.argmax(np.diff(z, append=z[0] + period))) + 1
    z = np.roll(z, -start)
    z = (z - z[0]) % period
    weights = np.roll(np.asarray(part.numbers, dtype=np.float64)[order], -start)
    step = 0.02
    grid = np.arange(-1.0, z.max() + 1.0, step)
    profile = (weights * np.exp(-2 * (grid[:, None] - z) ** 2)).sum(axis=1)
    shifts = np.arange(int(1.5 / step), int(0.7 * z.max() / step))
    if shifts.size < 3:
        return None
    agreement = np.array([_agreement(profile[:-k], profile[k:]) for k in shifts])
    inner = agreement[1:-1]
    peaks = np.flatnonzero((inner > 0.9) & (inner >= agreement[:-2]) & (inner >= agreement[2:])) + 1
    return float(shifts[peaks[0]] * step) if peaks.size else None


def _agreement(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    first, second = first - first.mean(), second - second.mean()
    return float((first * second).sum() / np.sqrt((first**2).sum() * (second**2).sum()))


def vacuum_gap(atoms: Atoms, axis: int = 2) -> tuple[float, float] | None:
    """Return the top of the slab and the bottom of its next image, Å; None without a vacuum.

    The upper value may exceed the height of the cell.
    """
    z, period = np.sort(heights(atoms, axis)), cell_height(atoms, axis)
    gaps = np.diff(z, append=z[0] + period)
    widest = int(np.argmax(gaps))
    if gaps[widest] < SMALLEST_VACUUM:
        return None
    return float(z[widest]), float(z[widest] + gaps[widest])


def plateau(
    macroscopic: DataArray, start: float, end: float, *, inner: float = 0.5
) -> tuple[float, float]:
    """Return mean and half the range of a smoothed profile in the middle of a stretch, eV.

    Parameters
    ----------
    macroscopic : DataArray
        Smoothed profile over the whole period.
    start, end : float
        Ends of the material, Å; `end` may exceed the cell (periodic).
    inner : float
        Fraction of the stretch around its middle that is used.
    """
    margin = (1 - inner) * (end - start) / 2
    values = _stretch(macroscopic, start + margin, end - margin)
    return float(values.mean()), float(np.ptp(values) / 2)


def potential_profile(
    average: DataArray,
    atoms: Atoms,
    *,
    periods: Sequence[float] = (),
    fermi_level: float | None = None,
    axis: int = 2,
) -> PotentialProfile:
    """Analyse a planar-averaged electrostatic potential (LOCPOT written with LVHAR).

    The vacuum is the widest gap between atoms, less 2.5 Å beside either face. Where the potential
    jumps inside it (the sheet of a dipole correction, IDIPOL = 3) the two sides are averaged
    apart, each over the half that is farther from the atoms; a slab without a jump has the same
    level on both sides. A level is never the maximum of
    the potential: with two different faces that would report one of the two.

    Parameters
    ----------
    average : DataArray
        dims (z,) in eV, as `qdstruct.outputs.planar_average` makes it.
    atoms : Atoms
        The structure it belongs to.
    periods : sequence of float
        Windows of the macroscopic average, Å; empty leaves the profile unsmoothed.
    fermi_level : float, optional
        eV on the same scale, for work functions.
    axis : int
        Cell vector along which the profile runs.

    Raises
    ------
    InputError
        If the profile does not span the structure's cell.
    """
    height = _height(average)
    if abs(height - cell_height(atoms, axis)) > 1e-3:
        raise InputError(
            f"the profile is {height:.3f} Å high, the cell {cell_height(atoms, axis):.3f} Å",
            hint="profile and structure must come from the same calculation",
        )
    levels, notes = _vacuum_levels(average, atoms, axis)
    return PotentialProfile(
        profile=average,
        macroscopic=macroscopic_average(average, periods),
        periods=tuple(periods),
        vacuum_levels=levels,
        dipole_step=levels[1].level - levels[0].level if levels else None,
        fermi_level=fermi_level,
        source=str(average.attrs.get("source", "")),
        notes=notes,
    )


def _vacuum_levels(
    average: DataArray, atoms: Atoms, axis: int
) -> tuple[tuple[VacuumLevel, ...], tuple[str, ...]]:
    gap = vacuum_gap(atoms, axis)
    if gap is None:
        return (), (f"no vacuum: no gap between atoms is wider than {SMALLEST_VACUUM:g} Å",)
    top, bottom = gap[0] + ATOM_MARGIN, gap[1] - ATOM_MARGIN
    if bottom - top < 2.0:
        return (), (
            f"the vacuum of {gap[1] - gap[0]:.1f} Å is too thin: nothing is left of it "
            f"{ATOM_MARGIN:g} Å away from the atoms",
        )
    split, has_jump = _split(average, top, bottom)
    notes = []
    sides = []
    halves = (
        ("below", split[1], (split[1] + bottom) / 2),
        ("above", (top + split[0]) / 2, split[0]),
    )
    for side, start, end in halves:
        values = _stretch(average, start, end)
        spread = float(np.ptp(values) / 2)
        sides.append(
            VacuumLevel(
                side=side, level=float(values.mean()), uncertainty=spread, start=start, end=end
            )
        )
        if spread > FLAT:
            slope = (values[-1] - values[0]) / max(end - start, 1e-9)
            notes.append(
                f"the vacuum {side} the slab is not flat: it varies by {2 * spread:.2f} eV "
                f"({slope:+.3f} eV/Å); a dipole correction (LDIPOL, IDIPOL = 3) or more vacuum "
                "is needed"
            )
    if not has_jump and not notes:
        notes.append("one vacuum level: no dipole sheet in the vacuum, both faces share it")
    return tuple(sides), tuple(notes)


def _split(average: DataArray, top: float, bottom: float) -> tuple[tuple[float, float], bool]:
    """Return where the upper level ends and the lower begins, and whether the potential jumps.

    The jump of a dipole sheet is smeared over a few grid points. It is the place where the means
    of the ångström before and after differ most; it counts when that difference stands out from
    a mere slope.
    """
    z = np.linspace(top, bottom, 401)
    values = _sampled(average, z)
    step = z[1] - z[0]
    window = max(int(1.0 / step), 2)
    running = np.convolve(values, np.ones(window) / window, mode="valid")
    difference = running[window:] - running[:-window]
    best = int(np.argmax(np.abs(difference)))
    centre = float(z[best + window])
    elsewhere = np.median(np.abs(difference))
    jumps = abs(difference[best]) > max(JUMP, 3 * elsewhere)
    if not jumps or not top + 1.0 < centre < bottom - 1.0:
        middle = (top + bottom) / 2
        return (middle, middle), False
    return (centre - 0.75, centre + 0.75), True


def _sampled(profile: DataArray, z: NDArray[np.float64]) -> NDArray[np.float64]:
    height = _height(profile)
    values = np.interp(z, np.asarray(profile["z"]), np.asarray(profile), period=height)
    return np.asarray(values, dtype=np.float64)


def _stretch(profile: DataArray, start: float, end: float) -> NDArray[np.float64]:
    """Sample a periodic profile densely enough between two heights."""
    step = _height(profile) / profile.size
    return _sampled(profile, np.linspace(start, end, max(int((end - start) / step), 2) + 1))


def _height(profile: DataArray) -> float:
    """Return the period of a profile, Å: its attribute, or the spacing times the points."""
    if "height" in profile.attrs:
        return float(profile.attrs["height"])
    z = np.asarray(profile["z"])
    return float((z[-1] - z[0]) / (len(z) - 1) * len(z))
