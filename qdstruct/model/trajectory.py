"""Eigenvalues along a trajectory, and the inputs of nonadiabatic dynamics that start from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qdstruct.model.record import Record

__all__ = ["BandSeries", "NamdInputs", "SurfaceHopping"]


@dataclass(frozen=True, kw_only=True, eq=False)
class BandSeries(Record):
    """Energies of the same bands at T successive steps of a trajectory."""

    energies: NDArray[np.float64]
    """(T, B) eV."""
    first_band: int
    """Number of the first of the B bands, counted from 1 as VASP does."""
    n_occupied: int | None
    """Bands occupied in every step; None where the files do not tell."""
    time_step: float | None
    """fs between steps; None where the files do not tell."""
    temperature: float | None = None
    """Kelvin, TEBEG of the dynamics; None where the files do not tell."""
    sources: tuple[str, ...]
    """Files or directories in the order of time."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NamdInputs(Record):
    """What Hefei-NAMD reads: ``inp``, EIGTXT, NATXT, INICON, DEPHTIME (B bands, T steps)."""

    tags: dict[str, object]
    """The namelist NAMDPARA: upper-case name → bool, int, float or text."""
    energies: NDArray[np.float64]
    """(T, B) eV (EIGTXT), bands BMIN to BMAX."""
    couplings: NDArray[np.float64] | None
    """(T or T − 1, B, B) ⟨ψᵢ(t)|ψⱼ(t+Δt)⟩ − ⟨ψᵢ(t+Δt)|ψⱼ(t)⟩ (NATXT): real, dimensionless, not yet
    divided by 2Δt; None where Hefei-NAMD is to make them from the WAVECARs in RUNDIR."""
    initial: NDArray[np.int64]
    """(samples, 2) first step and band of each trajectory, both from 1 (INICON)."""
    dephasing: NDArray[np.float64] | None
    """(B, B) pure-dephasing times in fs, zero on the diagonal (DEPHTIME); only DISH reads it."""

    @property
    def n_bands(self) -> int:
        """BMAX − BMIN + 1."""
        return int(self.energies.shape[1])


@dataclass(frozen=True, kw_only=True, eq=False)
class SurfaceHopping(Record):
    """Populations of B states in each of S samples, as Hefei-NAMD writes them (SHPROP.*)."""

    time: NDArray[np.float64]
    """(T,) fs."""
    energies: NDArray[np.float64]
    """(S, T) mean energy of the carrier, eV."""
    populations: NDArray[np.float64]
    """(S, T, B)."""
    sources: tuple[str, ...]
    """Files."""
