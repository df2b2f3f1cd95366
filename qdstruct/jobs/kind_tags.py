"""INCAR tags of single kinds of jobs that follow from the structure: bands, states, fine grids."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.jobs.cells import even_smooth
from qdstruct.jobs.physics import default_bands
from qdstruct.jobs.potentials import count_electrons
from qdstruct.jobs.presets import Setting, TagValue
from qdstruct.model import CalculationSettings

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["band_numbers", "density_files", "fine_grid", "kind_settings"]

OPTICS_FACTOR = 2.5
"""Bands for a dielectric function over those VASP takes by itself; to be converged."""
BADER_SPACING = 0.05
"""Å between points of the density on which Bader's basins are found. With PREC = Accurate and
520 eV it is 0.07 Å; core charge must integrate well."""


def kind_settings(kind: str, atoms: Atoms, choices: CalculationSettings) -> list[Setting]:
    """Return what a kind of job needs to know about its electrons.

    Parameters
    ----------
    kind : str
        Kind of job.
    atoms : Atoms
        Its atoms.
    choices : CalculationSettings
        What the user chose.
    """
    if kind == "states":
        return _states(atoms, choices)
    components = 2 if choices.spin_orbit else 1
    if kind == "optics":
        bands = math.ceil(OPTICS_FACTOR * components * _usual_bands(atoms))
        why = (
            f"{OPTICS_FACTOR:g} times the usual bands: transitions into empty states. Converge it."
        )
        return [_computed("NBANDS", bands, why)]
    if kind == "snapshot":
        filled = math.ceil(count_electrons(atoms) / 2 - 1e-9)
        bands = components * (filled + choices.dynamics.empty_bands)
        return [_computed("NBANDS", bands, "The same bands in every configuration.")]
    return []


def _computed(tag: str, value: TagValue, reason: str) -> Setting:
    return Setting(tag=tag, value=value, reason=reason, origin="computed")


def _usual_bands(atoms: Atoms) -> int:
    return default_bands(count_electrons(atoms), len(atoms))


def band_numbers(atoms: Atoms, choices: CalculationSettings) -> tuple[int, ...]:
    """Return the bands, from 1, whose densities are asked for."""
    electrons = count_electrons(atoms)
    highest = math.ceil((electrons if choices.spin_orbit else electrons / 2) - 1e-9)
    return tuple(highest + offset for offset in choices.states.bands)


def density_files(atoms: Atoms, choices: CalculationSettings) -> tuple[str, ...]:
    """Return the files that LPARD writes for the chosen states."""
    if choices.states.window is not None:
        return ("PARCHG",)
    return tuple(f"PARCHG.{band:04d}.ALLK" for band in band_numbers(atoms, choices))


def _states(atoms: Atoms, choices: CalculationSettings) -> list[Setting]:
    origin = "your study, states"
    window = choices.states.window
    if window is not None:
        return [
            Setting(tag="NBMOD", value=-3, reason="States in the interval EINT around the Fermi "
                    "level.", origin=origin),
            Setting(tag="EINT", value=list(window), reason="Interval, eV.", origin=origin),
            Setting(tag="LSEPB", value=False, reason="One density of all of them.", origin=origin),
        ]  # fmt: skip
    numbers = band_numbers(atoms, choices)
    names = ", ".join(_name(offset) for offset in choices.states.bands)
    reason = f"{names} of {count_electrons(atoms):g} electrons."
    return [_computed("IBAND", " ".join(map(str, numbers)), reason)]


def _name(offset: int) -> str:
    """Name a band by its place from the gap."""
    if offset <= 0:
        return "highest filled band" if offset == 0 else f"highest filled band − {-offset}"
    return "lowest empty band" if offset == 1 else f"lowest empty band + {offset - 1}"


def fine_grid(atoms: Atoms) -> list[Setting]:
    """NGXF, NGYF, NGZF at most `BADER_SPACING` apart."""
    lengths = np.linalg.norm(np.asarray(atoms.cell), axis=1)
    reason = f"At most {BADER_SPACING:g} Å between points of the density."
    return [
        _computed(tag, even_smooth(math.ceil(float(length) / BADER_SPACING)), reason)
        for tag, length in zip(("NGXF", "NGYF", "NGZF"), lengths, strict=True)
    ]
