"""High-resolution TEM images of thin crystals: phase object and contrast transfer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.geometry import plane_basis
from qdstruct.model.patterns import Micrograph
from qdstruct.simulation.electron import ZoneReflections, zone_frame, zone_structure_factors
from qdstruct.simulation.radiation import ELECTRON_REST_ENERGY, electron_wavelength
from qdstruct.simulation.structure_factor import check_periodic

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "Microscope",
    "contrast_transfer",
    "hrtem_image",
    "interaction_constant",
    "scherzer_defocus",
]

POTENTIAL_OF_FACTOR = 47.877645145863056
"""h²/(2π m₀ e) in V Å²: potential Fourier coefficient = this · F/(cell volume)."""
MAX_PIXELS = 64_000_000
MAX_G = 3.0
"""1/Å: Fourier coefficients of the potential beyond this are left out."""
OVERSAMPLING = 3
"""Grid of the projected cell relative to what its potential needs: exp(iσV) is sharper than V."""
MODELS = ("phase-object", "weak-phase")


@dataclass(frozen=True, kw_only=True)
class Microscope:
    """What the lens does to the wave. Defocus is positive for underfocus."""

    voltage: float = 200e3
    """V."""
    cs: float = 1.2e7
    """Spherical aberration, Å (1.2 mm)."""
    defocus: float | None = None
    """Å, positive under focus; None: Scherzer's."""
    focal_spread: float = 70.0
    """Standard deviation of the focus, Å."""
    convergence: float = 0.5
    """Half angle of illumination, mrad."""
    aperture: float | None = None
    """Objective aperture, 1/Å; None for none."""

    def __post_init__(self) -> None:
        """Refuse impossible lenses."""
        electron_wavelength(self.voltage)
        values = [self.cs, self.focal_spread, self.convergence, self.defocus or 0.0]
        if not np.isfinite(values).all() or min(self.focal_spread, self.convergence) < 0:
            raise InputError("aberrations must be numbers, focal spread and convergence positive")
        if self.aperture is not None and not self.aperture > 0:
            raise InputError(f"an aperture of {self.aperture} 1/Å is not positive")

    @property
    def wavelength(self) -> float:
        """Å."""
        return electron_wavelength(self.voltage)

    @property
    def focus(self) -> float:
        """Defocus in Å, Scherzer's where none was given."""
        if self.defocus is not None:
            return self.defocus
        return scherzer_defocus(self.cs, self.wavelength)


def scherzer_defocus(cs: float, wavelength: float) -> float:
    """Return √(4 Cs λ/3) in Å, positive under focus (Scherzer 1949, extended by Williams & Carter).

    Parameters
    ----------
    cs, wavelength : float
        Å.
    """
    return float(np.sign(cs) * np.sqrt(4 / 3 * abs(cs) * wavelength))


def interaction_constant(voltage: float) -> float:
    """Return σ = 2π m e λ/h² in rad/(V Å): phase per volt and Å; 200 kV gives 7.288e-4.

    Notes
    -----
    σ = 2π/(λ V) · (m₀c² + eV)/(2 m₀c² + eV) (Kirkland, Advanced Computing in Electron Microscopy,
    equation 5.6).
    """
    energy = ELECTRON_REST_ENERGY
    ratio = (energy + voltage) / (2 * energy + voltage)
    return float(2 * np.pi / (electron_wavelength(voltage) * voltage) * ratio)


def contrast_transfer(k: NDArray[np.float64], microscope: Microscope) -> NDArray[np.float64]:
    """Return sin χ(k) with its envelopes: how a phase of spatial frequency k becomes contrast.

    Parameters
    ----------
    k : array
        Spatial frequency, 1/Å.
    microscope : Microscope
        The lens.

    Notes
    -----
    χ = πλk²(Cs λ²k²/2 − Δf), Kirkland equation 3.27. Focal spread (standard deviation δ):
    exp(−(πλδk²)²/2). Convergence (half angle α): exp(−(πα/λ)² (Cs λ³k³ − Δf λk)²), Frank, Optik 38,
    519 (1973).
    """
    frequency = np.asarray(k, dtype=float)
    return np.asarray(np.sin(_aberration(frequency, microscope)) * _envelope(frequency, microscope))


def _aberration(k: NDArray[np.float64], microscope: Microscope) -> NDArray[np.float64]:
    wavelength, square = microscope.wavelength, k**2
    return np.asarray(
        np.pi
        * wavelength
        * square
        * (microscope.cs * wavelength**2 * square / 2 - microscope.focus)
    )


def _envelope(k: NDArray[np.float64], microscope: Microscope) -> NDArray[np.float64]:
    wavelength, focus, square = microscope.wavelength, microscope.focus, k**2
    temporal = np.exp(-((np.pi * wavelength * microscope.focal_spread * square) ** 2) / 2)
    slope = (microscope.cs * wavelength**3 * square - focus * wavelength) * k
    spatial = np.exp(-((np.pi * microscope.convergence * 1e-3 / wavelength * slope) ** 2))
    kept = 1.0 if microscope.aperture is None else (k <= microscope.aperture).astype(float)
    return np.asarray(temporal * spatial * kept)


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
    model: str = "phase-object",
) -> Micrograph:
    """Return the image of a thin crystal (or interface cell) along a zone axis.

    Parameters
    ----------
    atoms : Atoms
        One periodic cell.
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
        Isotropic B in Å² by element.
    turn : float
        Turns the crystal counter-clockwise, degrees; at 0 the image's x axis is the x axis of
        `zone_axis_pattern`.
    model : {"phase-object", "weak-phase"}
        ``phase-object``: |exp(iσV) after the lens|²; ``weak-phase``: linear in σV.

    Returns
    -------
    Micrograph
        Vacuum would be 1; ``max_phase_rad`` in attrs tells how strong the phase object is: the
        weak-phase image needs it well below 1.

    Notes
    -----
    Projected potential V = (thickness) Σ_g V_g exp(2πi g·r) without its mean, V_g =
    h²/(2π m₀e)·F_g/Ω, up to 3 1/Å. Neither model propagates the wave in the crystal: they hold for
    some ten Å only. Phase object: exit wave exp(iσV), lens exp(−iχ) with its envelopes on the
    amplitude (quasi-coherent). Weak phase: 1 + 2σ Σ_g t V_g T(g) exp(2πi g·r), T =
    `contrast_transfer` (Spence, High-Resolution Electron Microscopy, chapters 3 and 4).
    """
    import xarray

    lens = microscope or Microscope()
    x, y = _axes(field, pixel_size)
    if not (np.isfinite(thickness) and thickness > 0):
        raise InputError(f"a thickness of {thickness} Å is not positive")
    if model not in MODELS:
        raise InputError(f"unknown image model '{model}'", hint=f"known are {', '.join(MODELS)}")
    check_periodic(atoms, name)
    found = zone_structure_factors(atoms, name=name, zone=zone, max_g=MAX_G, b_iso=b_iso)
    volts = POTENTIAL_OF_FACTOR * found.factors.conj() / atoms.get_volume()
    phase = interaction_constant(lens.voltage) * thickness * volts
    projected = _ProjectedCell.of(found, phase, zone)
    turned = zone_frame(found, atoms, zone) @ _rotation(turn).T
    if model == "weak-phase":
        transfer = contrast_transfer(found.length, lens)
        image = 1 + 2 * _series(turned, phase * transfer, x, y).real
    else:
        transfer = np.exp(-1j * _aberration(found.length, lens)) * _envelope(found.length, lens)
        waves = projected.wave_coefficients()
        image = np.abs(projected.mean_wave + _series(turned, waves * transfer, x, y)) ** 2
    attributes = {
        "zone": " ".join(str(index) for index in zone),
        "voltage_V": lens.voltage,
        "cs_angstrom": lens.cs,
        "defocus_angstrom": lens.focus,
        "focal_spread_angstrom": lens.focal_spread,
        "convergence_mrad": lens.convergence,
        "thickness_angstrom": thickness,
        "max_phase_rad": projected.largest,
        "method": model,
        "units": "vacuum 1",
    }
    coords = {"y": ("y", y, {"units": "Å"}), "x": ("x", x, {"units": "Å"})}
    array = xarray.DataArray(
        image, dims=("y", "x"), coords=coords, name="intensity", attrs=attributes
    )
    return Micrograph(name=name, image=array)


def _axes(
    field: tuple[float, float], pixel_size: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not (np.isfinite(pixel_size) and 0 < pixel_size <= min(field) / 8):
        raise InputError(
            f"pixels of {pixel_size} Å do not fit into a field of {field[0]:g} × {field[1]:g} Å"
        )
    counts = [round(length / pixel_size) for length in field]
    if counts[0] * counts[1] > MAX_PIXELS:
        raise InputError(f"{counts[0]} × {counts[1]} pixels are too many", hint="use larger pixels")
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
