"""High-resolution TEM images: exit wave and contrast transfer."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.geometry import plane_basis
from qdstruct.model.patterns import Micrograph
from qdstruct.simulation.displacements import displacement_tensors
from qdstruct.simulation.electron import (
    ZoneReflections,
    pattern_axes,
    zone_frame,
    zone_structure_factors,
)
from qdstruct.simulation.microscope import Microscope, aberration, contrast_transfer, envelope
from qdstruct.simulation.multislice import ExitWave, multislice_wave
from qdstruct.simulation.radiation import interaction_constant
from qdstruct.simulation.scattering_factors import POTENTIAL_OF_FACTOR
from qdstruct.simulation.structure_factor import check_periodic

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["METHODS", "hrtem_image"]

MAX_PIXELS = 64_000_000
MAX_G = 3.0
"""1/Å: Fourier coefficients of the potential beyond this are left out."""
OVERSAMPLING = 3
"""Grid of the projected cell relative to what its potential needs: exp(iσV) is sharper than V."""
METHODS = ("phase-object", "weak-phase", "multislice", "abtem")


def hrtem_image(
    atoms: Atoms,
    *,
    name: str,
    zone: tuple[int, int, int],
    thickness: float = 30.0,
    field: tuple[float, float] = (80.0, 80.0),
    pixel_size: float = 0.2,
    microscope: Microscope | None = None,
    b_iso: dict[str, float] | None = None,
    turn: float = 0.0,
    method: str = "phase-object",
    slice_thickness: float = 1.0,
) -> Micrograph:
    """Return the image of a crystal (or interface cell) along a zone axis.

    Parameters
    ----------
    atoms : Atoms
        One periodic cell; displacement tensors ``u_cartesian`` (see `powder_pattern`) damp the
        potential by their part across the beam.
    name : str
        What the image is called.
    zone : three integers
        Direction [uvw], in the axes of the cell, that points to the observer.
    thickness : float
        Å.
    field : (float, float)
        Width and height of the image, Å.
    pixel_size : float
        Å.
    microscope : Microscope, optional
        200 kV, Cs 1.2 mm, Scherzer defocus by default.
    b_iso : dict, optional
        Isotropic B in Å² by element, in place of tensors of these atoms; not for ``abtem``.
    turn : float
        Turns the crystal counter-clockwise, degrees; at 0 the image's x axis is the x axis of
        `zone_axis_pattern`.
    method : {"phase-object", "weak-phase", "multislice", "abtem"}
        ``phase-object``: |exp(iσV) after the lens|²; ``weak-phase``: linear in σV; ``multislice``:
        the wave propagated through the crystal (`multislice_wave`); ``abtem``: by abTEM, if it is
        installed.
    slice_thickness : float
        Longest slice of the last two, Å.

    Returns
    -------
    Micrograph
        Vacuum would be 1. ``max_phase_rad`` in attrs tells how strong a phase object is: the
        weak-phase image needs it well below 1. For the others there are ``slices``, the thickness
        that whole slices made and ``electrons_kept``, what the grid's band limit did not lose.

    Notes
    -----
    Projected potential V = (thickness) Σ_g V_g exp(2πi g·r) without its mean, V_g =
    h²/(2π m₀e)·F_g/Ω, up to 3 1/Å. Phase object and weak phase do not propagate the wave in the
    crystal: they hold for some ten Å only. Exit wave: lens exp(−iχ) with its envelopes on the
    amplitude (quasi-coherent). Weak phase: 1 + 2σ Σ_g t V_g T(g) exp(2πi g·r), T =
    `contrast_transfer` (Spence, High-Resolution Electron Microscopy, chapters 3 and 4).
    """
    import xarray

    lens = microscope or Microscope()
    x, y = _axes(field, pixel_size)
    if not (np.isfinite(thickness) and thickness > 0):
        raise InputError(
            f"a thickness of {thickness} Å is not positive", hint="give Å, for example 30"
        )
    if method not in METHODS:
        raise InputError(f"unknown method '{method}'", hint=f"known are {', '.join(METHODS)}")
    check_periodic(atoms, name)
    attributes = {
        "zone": " ".join(str(index) for index in zone),
        "voltage_V": lens.voltage,
        "cs_angstrom": lens.cs,
        "defocus_angstrom": lens.focus,
        "focal_spread_angstrom": lens.focal_spread,
        "convergence_mrad": lens.convergence,
        "thickness_angstrom": thickness,
        "method": method,
        "units": "vacuum 1",
    }
    if method in ("phase-object", "weak-phase"):
        image, said = _thin_image(atoms, name, zone, b_iso, thickness, lens, turn, x, y, method)
    else:
        wave = _propagated(atoms, name, zone, b_iso, thickness, lens, slice_thickness, method)
        image = _image_of_wave(wave, _image_axes(atoms, name, zone), lens, turn, x, y)
        said = {
            "thickness_angstrom": wave.thickness,
            "slices": wave.slices,
            "electrons_kept": wave.kept,
        }
    coords = {"y": ("y", y, {"units": "Å"}), "x": ("x", x, {"units": "Å"})}
    array = xarray.DataArray(
        image, dims=("y", "x"), coords=coords, name="intensity", attrs=attributes | said
    )
    return Micrograph(name=name, image=array)


def _thin_image(
    atoms: Atoms,
    name: str,
    zone: tuple[int, int, int],
    b_iso: dict[str, float] | None,
    thickness: float,
    lens: Microscope,
    turn: float,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    method: str,
) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Return the image of a phase object, whole or to first order."""
    found = zone_structure_factors(atoms, name=name, zone=zone, max_g=MAX_G, b_iso=b_iso)
    pixel = float(x[1] - x[0])
    if len(found.length) and found.length.min() > 0.5 / pixel:
        warnings.warn(
            f"{name}: pixels of {pixel:g} Å resolve no lattice plane of this zone axis; the "
            f"widest has d = {1 / found.length.min():.3g} Å",
            stacklevel=3,
        )
    volts = POTENTIAL_OF_FACTOR * found.factors.conj() / atoms.get_volume()
    phase = interaction_constant(lens.voltage) * thickness * volts
    projected = _ProjectedCell.of(found, phase, zone)
    turned = zone_frame(found, atoms, zone) @ _rotation(turn).T
    if method == "weak-phase":
        image = 1 + 2 * _series(turned, phase * contrast_transfer(found.length, lens), x, y).real
    else:
        waves = projected.wave_coefficients() * _transfer(found.length, lens)
        image = np.abs(projected.mean_wave + _series(turned, waves, x, y)) ** 2
    return image, {"max_phase_rad": projected.largest}


def _propagated(
    atoms: Atoms,
    name: str,
    zone: tuple[int, int, int],
    b_iso: dict[str, float] | None,
    thickness: float,
    lens: Microscope,
    slice_thickness: float,
    method: str,
) -> ExitWave:
    """Return the exit wave by our multislice or by abTEM."""
    if method == "multislice":
        return multislice_wave(
            atoms, name=name, zone=zone, thickness=thickness, voltage=lens.voltage,
            slice_thickness=slice_thickness, b_iso=b_iso,
        )  # fmt: skip
    from qdstruct.simulation.abtem_adapter import abtem_wave

    if b_iso:
        raise InputError("displacements are not handed to abTEM", hint="use --method multislice")
    if displacement_tensors(atoms) is not None:
        warnings.warn(
            f"{name}: the displacement tensors are not handed to abTEM, its atoms are at rest; "
            "multislice uses them",
            stacklevel=4,
        )
    return abtem_wave(
        atoms, name=name, zone=zone, thickness=thickness, voltage=lens.voltage,
        slice_thickness=slice_thickness,
    )  # fmt: skip


def _image_axes(atoms: Atoms, name: str, zone: tuple[int, int, int]) -> NDArray[np.float64]:
    """Return the (2, 3) axes of `zone_axis_pattern`, whose x is the shortest allowed reflection."""
    found = zone_structure_factors(atoms, name=name, zone=zone, max_g=MAX_G)
    return pattern_axes(found, atoms, zone)


def _image_of_wave(
    wave: ExitWave,
    axes: NDArray[np.float64],
    lens: Microscope,
    turn: float,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> NDArray[np.float64]:
    g, coefficients = wave.coefficients()
    length = np.linalg.norm(g, axis=1)
    turned = g @ axes.T @ _rotation(turn).T
    return np.asarray(np.abs(_series(turned, coefficients * _transfer(length, lens), x, y)) ** 2)


def _transfer(length: NDArray[np.float64], lens: Microscope) -> NDArray[np.complex128]:
    return np.asarray(np.exp(-1j * aberration(length, lens)) * envelope(length, lens))


def _axes(
    field: tuple[float, float], pixel_size: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not (np.isfinite(pixel_size) and 0 < pixel_size <= min(field) / 8):
        raise InputError(
            f"pixels of {pixel_size} Å do not fit into a field of {field[0]:g} × {field[1]:g} Å",
            hint="give a positive pixel size of at most an eighth of the field",
        )
    counts = [round(length / pixel_size) for length in field]
    if counts[0] * counts[1] > MAX_PIXELS:
        raise InputError(
            f"{counts[0]} × {counts[1]} pixels do not fit into the memory (limit {MAX_PIXELS:.2g})",
            hint="use larger pixels or a smaller field",
        )
    x, y = (np.asarray(pixel_size * np.arange(n), dtype=float) for n in counts)
    return x, y


def _rotation(degrees: float) -> NDArray[np.float64]:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s], [s, c]])


def _series(
    g: NDArray[np.float64],
    coefficients: NDArray[np.complex128],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> NDArray[np.complex128]:
    """Return Σ_g c_g exp(2πi g·r) on the grid (y, x); terms that vanish are left out."""
    kept = np.abs(coefficients) > 1e-7 * np.abs(coefficients).max(initial=0.0)
    along_x = np.exp(2j * np.pi * np.outer(x, g[kept, 0]))
    along_y = np.exp(2j * np.pi * np.outer(y, g[kept, 1])) * coefficients[kept]
    return np.asarray(along_y @ along_x.T)


@dataclass(frozen=True, kw_only=True, eq=False)
class _ProjectedCell:
    """The phase of the exit wave on a fine grid over one projected cell of the crystal."""

    indices: NDArray[np.int64]
    """(M, 2) of each reflection in a basis of the zone's reciprocal plane."""
    phase: NDArray[np.float64]
    """(n1, n2) radians, mean zero."""

    @classmethod
    def of(
        cls, found: ZoneReflections, phase: NDArray[np.complex128], zone: tuple[int, int, int]
    ) -> _ProjectedCell:
        from scipy.fft import next_fast_len

        basis = plane_basis(zone)[:2].astype(float)
        solution = np.linalg.lstsq(basis.T, found.hkl.T.astype(float), rcond=None)[0]
        indices = np.rint(solution.T).astype(np.int64)
        reach = np.abs(indices).max(axis=0).tolist()
        shape = [next_fast_len(int(OVERSAMPLING * 2 * n + 1)) for n in reach]
        grid = np.zeros(shape, dtype=complex)
        grid[indices[:, 0], indices[:, 1]] = phase
        return cls(indices=indices, phase=np.asarray((np.fft.ifft2(grid) * grid.size).real))

    @property
    def largest(self) -> float:
        return float(np.abs(self.phase).max())

    @property
    def mean_wave(self) -> complex:
        return complex(np.exp(1j * self.phase).mean())

    def wave_coefficients(self) -> NDArray[np.complex128]:
        """Return the Fourier coefficients of exp(i phase) at the reflections."""
        spectrum = np.fft.fft2(np.exp(1j * self.phase)) / self.phase.size
        return np.asarray(spectrum[self.indices[:, 0], self.indices[:, 1]])
