"""Exit waves of crystals of any thickness: the electron wave slice by slice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.geometry import reduce_miller
from qdstruct.simulation.beam_cell import BeamCell, beam_cell
from qdstruct.simulation.displacements import check_b_iso, tensor_groups, without
from qdstruct.simulation.radiation import electron_wavelength, interaction_constant
from qdstruct.simulation.scattering_factors import POTENTIAL_OF_FACTOR, electron_factor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ase import Atoms

__all__ = ["ExitWave", "multislice_wave", "projected_potentials"]

BAND_LIMIT = 2 / 3
"""Part of the grid's largest frequency that is kept: products of two waves then do not alias."""
MAX_PIXELS = 16_000_000
MAX_SLICES = 20_000


@dataclass(frozen=True, kw_only=True, eq=False)
class ExitWave:
    """The electron wave behind a crystal, one period across the beam."""

    wave: NDArray[np.complex128]
    """(n1, n2) on an even grid of fractions of the two vectors; 1 everywhere without a crystal."""
    vectors: NDArray[np.float64]
    """(2, 3) lattice vectors across the beam in the frame of the atoms, Å."""
    zone: tuple[int, int, int]
    """Direction towards the observer in the axes of the crystal's cell."""
    thickness: float
    """Å, a whole number of slices."""
    slices: int
    voltage: float
    """V."""

    @property
    def kept(self) -> float:
        """Part of the electrons that the grid's band limit kept: 1 − kept is what it lost."""
        return float((np.abs(self.wave) ** 2).mean())

    def coefficients(self) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
        """Return (M, 3) reciprocal vectors across the beam, 1/Å, and the (M,) wave's coefficients.

        The wave is Σ c_g exp(2πi g·r), the direct beam g = 0 included.
        """
        h, k = _frequencies(self.wave.shape)
        flat = np.stack([np.broadcast_to(h, self.wave.shape), np.broadcast_to(k, self.wave.shape)])
        g = flat.reshape(2, -1).T @ _reciprocal(self.vectors)
        return g, np.asarray((np.fft.fft2(self.wave) / self.wave.size).ravel())


def multislice_wave(
    atoms: Atoms,
    *,
    name: str,
    zone: tuple[int, int, int],
    thickness: float,
    voltage: float = 200e3,
    slice_thickness: float = 1.0,
    sampling: float = 0.04,
    b_iso: dict[str, float] | None = None,
) -> ExitWave:
    """Return the exit wave of a plane wave that ran through a crystal along a zone axis.

    Parameters
    ----------
    atoms : Atoms
        One periodic cell of a crystal, slab or interface. Displacement tensors ``u_cartesian``
        (see `powder_pattern`) damp the potential by their part across the beam.
    name : str
        What the crystal is called.
    zone : three integers
        Direction [uvw], in the axes of the cell, that points to the observer.
    thickness : float
        Å; rounded to whole slices.
    voltage : float
        V.
    slice_thickness : float
        Longest slice, Å.
    sampling : float
        Largest step of the grid, Å. Heavy atoms at rest scatter to large angles: look at
        `ExitWave.kept`; atoms with room-temperature displacements need less.
    b_iso : dict, optional
        Isotropic displacement B in Å² by element, in place of tensors of these atoms: damps the
        potential (no diffuse scattering).

    Raises
    ------
    InputError
        No two lattice vectors across the beam, or a grid or number of slices that is too large
        (the estimate is told).

    Notes
    -----
    J. M. Cowley and A. F. Moodie, Acta Cryst. 10, 609 (1957): ψ ← P·(t ψ) with the transmission
    t = exp(iσv) of a slice's projected potential v and the propagation P = exp(−iπλΔz g²) between
    slices (Kirkland, Advanced Computing in Electron Microscopy, section 6.4). Wave and transmission
    are kept below two thirds of the grid's largest frequency. The transmissions of one period along
    the beam are computed once and used again for every period. The beam runs from the side away
    from the observer; no absorption.
    """
    if not (np.isfinite(thickness) and thickness > 0):
        raise InputError(f"a thickness of {thickness} Å is not positive")
    if not (0.1 <= slice_thickness <= 20 and 0.01 <= sampling <= 0.5):
        raise InputError(
            f"slices of {slice_thickness} Å on a grid of {sampling} Å",
            hint="slices of 0.1 to 20 Å and steps of 0.01 to 0.5 Å",
        )
    check_b_iso(b_iso)
    cell = beam_cell(without(atoms, b_iso or {}), zone, name=name)
    shape = _grid(cell, sampling, name)
    per_period = max(1, int(np.ceil(cell.period / slice_thickness - 1e-9)))
    step = cell.period / per_period
    count = max(1, round(thickness / step))
    if count > MAX_SLICES:
        raise InputError(
            f"{name}: {count} slices are too many (limit {MAX_SLICES})",
            hint="lower the thickness, or allow thicker slices with --slices",
        )
    sigma = interaction_constant(voltage)
    square = _squared_frequency(cell.vectors, shape)
    kept = square < _limit(cell.vectors, shape) ** 2
    transmissions = [
        np.fft.ifft2(np.fft.fft2(np.exp(1j * sigma * volts)) * kept)
        for volts in projected_potentials(cell, shape, per_period, b_iso=b_iso)
    ]
    propagator = np.exp(-1j * np.pi * electron_wavelength(voltage) * step * square) * kept
    wave = np.ones(shape, dtype=complex)
    for index in range(count):
        wave = np.fft.ifft2(np.fft.fft2(transmissions[index % per_period] * wave) * propagator)
    return ExitWave(
        wave=wave, vectors=cell.vectors, zone=reduce_miller(zone), thickness=count * step,
        slices=count, voltage=voltage,
    )  # fmt: skip


def projected_potentials(
    cell: BeamCell,
    shape: tuple[int, int],
    slices: int,
    *,
    b_iso: dict[str, float] | None = None,
) -> list[NDArray[np.float64]]:
    """Return the projected potential of each slice of one period in V Å, first slice first.

    Parameters
    ----------
    cell : BeamCell
        The crystal in the frame of the beam.
    shape : (int, int)
        Grid over the two vectors across the beam.
    slices : int
        Slices of one period; an atom belongs as a whole to the slice that holds its centre.
    b_iso : dict, optional
        B in Å² by element.

    Notes
    -----
    v_g = h²/(2π m₀ e)/A · Σ_j f_e,j(g/2) exp(−B_j g²/4) exp(−2πi g·r_j), A the area across the
    beam; f_e as `electron_factor` (Lobato and Van Dyck). Atoms with a tensor have
    exp(−2π² gᵀ U_j g) instead (Trueblood et al., Acta Cryst. A52, 770 (1996)): g lies across the
    beam, so only the projection of U onto that plane counts.
    """
    area = float(np.linalg.norm(np.cross(cell.vectors[0], cell.vectors[1])))
    s = np.sqrt(_squared_frequency(cell.vectors, shape)) / 2
    h, k = _frequencies(shape)
    symbols = np.asarray(cell.symbols)
    which = np.minimum((cell.depth / cell.period * slices + 1e-6).astype(int), slices - 1)
    groups = list(_scatterers(cell, symbols, s, b_iso or {}))
    found = []
    for index in range(slices):
        total = np.zeros(shape, dtype=complex)
        for members, factor in groups:
            places = cell.across[members[which[members] == index]]
            if len(places):
                along_h = np.exp(-2j * np.pi * h * places[:, 0])
                along_k = np.exp(-2j * np.pi * k.T * places[:, 1])
                total += factor * (along_h @ along_k.T)
        found.append(np.fft.ifft2(total).real * total.size * POTENTIAL_OF_FACTOR / area)
    return found


def _scatterers(
    cell: BeamCell, symbols: NDArray[np.str_], s: NDArray[np.float64], b_iso: dict[str, float]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Return atoms of one element and one displacement, with their factor on the grid."""
    tensors = np.zeros((len(symbols), 3, 3)) if cell.tensors is None else cell.tensors
    h, k = _frequencies(s.shape)
    first, second = _reciprocal(cell.vectors)
    for group in tensor_groups(symbols, tensors):
        factor = electron_factor(group.symbol, s)
        factor = factor * np.exp(-b_iso.get(group.symbol, 0.0) * s**2)
        u = group.tensor
        if u.any():
            square = h**2 * (first @ u @ first) + k**2 * (second @ u @ second)
            square = square + 2 * h * k * (first @ u @ second)
            factor = factor * np.exp(-2 * np.pi**2 * square)
        yield group.members, factor


def _frequencies(shape: tuple[int, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the integer frequencies (n1, 1) and (1, n2) of a grid in the order of the FFT."""
    h, k = (np.fft.fftfreq(n, 1 / n) for n in shape)
    return np.asarray(h[:, None], dtype=float), np.asarray(k[None, :], dtype=float)


def _reciprocal(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the (2, 3) reciprocal vectors within the plane of two vectors."""
    return np.asarray(np.linalg.pinv(vectors).T)


def _squared_frequency(vectors: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float64]:
    h, k = _frequencies(shape)
    metric = _reciprocal(vectors) @ _reciprocal(vectors).T
    return np.asarray(h**2 * metric[0, 0] + 2 * h * k * metric[0, 1] + k**2 * metric[1, 1])


def _limit(vectors: NDArray[np.float64], shape: tuple[int, int]) -> float:
    """Return two thirds of the largest frequency that the grid holds in every direction, 1/Å."""
    lengths = np.linalg.norm(vectors, axis=1)
    return float(
        BAND_LIMIT * min(n / (2 * length) for n, length in zip(shape, lengths, strict=True))
    )


def _grid(cell: BeamCell, sampling: float, name: str) -> tuple[int, int]:
    from scipy.fft import next_fast_len

    lengths = np.linalg.norm(cell.vectors, axis=1)
    n1, n2 = (int(next_fast_len(int(np.ceil(length / sampling)))) for length in lengths)
    if n1 * n2 > MAX_PIXELS:
        raise InputError(
            f"{name}: a grid of {n1} × {n2} points would take {n1 * n2 * 16 * 4 / 1e9:.1f} GB "
            f"(limit {MAX_PIXELS:.2g} points)",
            hint="raise the sampling step or take a smaller cell",
        )
    return n1, n2
