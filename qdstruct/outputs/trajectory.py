"""Band energies along a trajectory: a directory for each step, or Hefei-NAMD's EIGTXT."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from qdstruct.errors import InputError, OutputError
from qdstruct.model.bands import BandEnergies
from qdstruct.model.trajectory import BandSeries
from qdstruct.outputs.eigenval import read_band_energies
from qdstruct.outputs.namelist import read_namd_tags
from qdstruct.outputs.streams import find_output
from qdstruct.outputs.surroundings import directory_tags
from qdstruct.outputs.tables import read_number_table

__all__ = ["read_band_series", "step_directories"]


def step_directories(root: Path) -> tuple[Path, ...]:
    """Return the directories of the steps (``0001``, ``0002``, … or ``1``, ``2``, …) in order.

    Raises
    ------
    OutputError
        If there are none, or numbers are missing between the first and the last: a gap would
        distort the time axis.
    """
    numbered = {int(p.name): p for p in Path(root).iterdir() if p.is_dir() and p.name.isdigit()}
    if not numbered:
        raise OutputError(
            f"{root}: there are no directories 0001, 0002, … here",
            hint="one directory for each step of the trajectory, named by its number",
        )
    first, last = min(numbered), max(numbered)
    missing = [number for number in range(first, last + 1) if number not in numbered]
    if missing:
        raise OutputError(
            f"{root}: step {missing[0]} is missing ({len(missing)} of {last - first + 1} are)",
            hint="calculate it, or move the steps after the gap elsewhere",
        )
    return tuple(numbered[number] for number in sorted(numbered))


def read_band_series(
    root: Path,
    *,
    kpoint: int = 1,
    spin: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> BandSeries:
    """Read the energies of every step of a trajectory.

    Parameters
    ----------
    root : Path
        A directory with EIGTXT (and ``inp``, from which bands and time step are taken), or with one
        numbered directory for each step, each with EIGENVAL, vaspout.h5, PROCAR or vasprun.xml. The
        time step is POTIM, the temperature TEBEG, of the molecular dynamics there, or in a
        directory ``run`` beside it.
    kpoint : int
        Which k-point, from 1.
    spin : {"up", "down"}, optional
        Which spin of a spin-polarised calculation.
    progress : callable, optional
        Called with steps done and steps in all.

    Raises
    ------
    OutputError
        If a step is missing or damaged, or has other bands or k-points than the first.
    InputError
        If there is no such k-point or spin, or a spin must be chosen.
    """
    root = Path(root)
    if not root.is_dir():
        raise InputError(f"{root}: this directory does not exist")
    table = find_output(root, "EIGTXT")
    if table is not None:
        return _from_eigtxt(root, table)
    steps = step_directories(root)
    first = read_band_energies(steps[0])
    channel = _channel(first, kpoint, spin)
    energies = np.empty((len(steps), first.energies.shape[2]))
    occupied = []
    for index, directory in enumerate(steps):
        bands = first if index == 0 else read_band_energies(directory)
        if bands.energies.shape != first.energies.shape or not np.allclose(
            bands.kpoints, first.kpoints, atol=1e-6
        ):
            raise OutputError(f"{bands.source}: other bands, spins or k-points than {first.source}")
        energies[index] = bands.energies[channel, kpoint - 1]
        occupied.append(_occupied(bands, channel, kpoint - 1))
        if progress is not None:
            progress(index + 1, len(steps))
    counts = {count for count in occupied if count is not None}
    return BandSeries(
        energies=energies,
        first_band=1,
        n_occupied=counts.pop() if len(counts) == 1 and None not in occupied else None,
        time_step=_dynamics_tag("POTIM", steps[0], root.parent / "run"),
        temperature=_dynamics_tag("TEBEG", steps[0], root.parent / "run"),
        sources=tuple(str(directory) for directory in steps),
    )


def _dynamics_tag(name: str, *directories: Path) -> float | None:
    """Return a number from INCAR of the first of the directories that is molecular dynamics."""
    for directory in directories:
        tags = directory_tags(directory) if directory.is_dir() else {}
        value = tags.get(name)
        if tags.get("NSW") and tags.get("IBRION") == 0 and isinstance(value, int | float):
            return float(value)
    return None


def _from_eigtxt(root: Path, path: Path) -> BandSeries:
    energies = read_number_table(path, "energies")
    inp = find_output(root, "inp")
    tags = read_namd_tags(inp) if inp is not None else {}
    low, high, step = tags.get("BMIN"), tags.get("BMAX"), tags.get("POTIM")
    warmth = tags.get("TEMP")
    if isinstance(low, int) and isinstance(high, int) and high - low + 1 != energies.shape[1]:
        raise OutputError(
            f"{path}: {energies.shape[1]} bands, but inp says BMIN = {low}, BMAX = {high}"
        )
    return BandSeries(
        energies=energies,
        first_band=low if isinstance(low, int) else 1,
        n_occupied=None,
        time_step=float(step) if isinstance(step, int | float) else None,
        temperature=float(warmth) if isinstance(warmth, int | float) else None,
        sources=(str(path),),
    )


def _channel(bands: BandEnergies, kpoint: int, spin: str | None) -> int:
    labels = [str(label) for label in bands.energies["spin"].values]
    if not 1 <= kpoint <= bands.energies.shape[1]:
        raise InputError(
            f"{bands.source} has no k-point {kpoint}", hint=f"it has {bands.energies.shape[1]}"
        )
    if len(labels) == 2 and spin not in labels:
        raise InputError(f"{bands.source} is spin-polarised", hint="choose the spin: up or down")
    return labels.index(spin) if len(labels) == 2 and spin is not None else 0


def _occupied(bands: BandEnergies, channel: int, k: int) -> int | None:
    if bands.occupations is None:
        return None
    values = np.asarray(bands.occupations[channel, k])
    full = values.max()
    return int((values > full / 2).sum()) if full > 0 else 0
