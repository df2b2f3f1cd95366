"""What a camera sees of a diffraction pattern: rings, spots of finite size, arcs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.model.patterns import DiffractionPlate, DiffractionRing, SpotPattern
from qdstruct.simulation.displacements import without
from qdstruct.simulation.families import (
    crystal_symmetry,
    family_keys,
    keys_to_hkl,
    systematically_absent,
)
from qdstruct.simulation.scattering_factors import electron_factor
from qdstruct.simulation.structure_factor import check_periodic, element_sums, reflections

if TYPE_CHECKING:
    from ase import Atoms
    from xarray import DataArray

__all__ = ["diffraction_plate", "polycrystal_rings"]

SIZE_CONSTANT = 0.886
"""Full width at half maximum of sin²(πLg)/(πLg)² times L: a spot of a crystal of edge L."""
PIXELS = 512
_SAME = 1e-6
_FAINT = 1e-9


def polycrystal_rings(
    atoms: Atoms, *, name: str, max_g: float = 1.0, b_iso: dict[str, float] | None = None
) -> tuple[DiffractionRing, ...]:
    """Return the Debye–Scherrer rings of many crystals in all orientations.

    Parameters
    ----------
    atoms : Atoms
        One periodic cell.
    name : str
        For messages.
    max_g : float
        Largest 1/d in 1/Å.
    b_iso : dict, optional
        Isotropic B in Å² by element.

    Returns
    -------
    tuple of DiffractionRing
        By radius, rings that vanish left out.

    Raises
    ------
    InputError
        If no ring lies inside max_g.

    Notes
    -----
    Kinematic: a ring's whole intensity is Σ |F|²/g over its reflections, the part of the crystals
    whose reciprocal-lattice point lies on the flat Ewald sphere going as 1/g (Vainshtein, Structure
    Analysis by Electron Diffraction, 1964).
    """
    if not (np.isfinite(max_g) and 0 < max_g <= 10):
        raise InputError(
            f"max_g = {max_g} is not a limit of 1/d between 0 and 10 1/Å",
            hint="for example --max-g 0.8",
        )
    check_periodic(atoms, name)
    atoms = without(atoms, b_iso or {})
    found = reflections(np.asarray(atoms.cell), max_g)
    if len(found) == 0:
        raise InputError(f"{name}: no ring has 1/d ≤ {max_g:g} 1/Å", hint="raise --max-g")
    group = crystal_symmetry(atoms)
    s = found.length / 2
    factors = np.zeros(len(found), dtype=complex)
    for symbol, sums in element_sums(atoms, found).items():
        damping = np.exp(-(b_iso or {}).get(symbol, 0.0) * s**2)
        factors += electron_factor(symbol, s) * damping * sums
    intensity = 2 * np.abs(factors) ** 2 / found.length
    intensity[systematically_absent(found.hkl, group)] = 0.0
    keys = family_keys(found.hkl, group)
    order = np.argsort(found.length, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(found.length[order]) > _SAME) + 1)
    totals = np.array([intensity[members].sum() for members in groups])
    return tuple(
        DiffractionRing(
            g=float(found.length[members[0]]),
            hkl=tuple(
                (int(h), int(k), int(l))
                for h, k, l in keys_to_hkl(np.unique(keys[members])[::-1])  # noqa: E741
            ),
            multiplicity=2 * len(members),
            intensity=float(100 * total / totals.max()),
        )
        for members, total in zip(groups, totals, strict=True)
        if total > _FAINT * totals.max()
    )


def diffraction_plate(
    *,
    name: str,
    patterns: Sequence[SpotPattern] = (),
    rings: Sequence[DiffractionRing] = (),
    size_nm: float,
    spread: float = 0.0,
    max_g: float = 1.0,
) -> DiffractionPlate:
    """Draw spots and rings as a camera sees them.

    Parameters
    ----------
    name : str
        What is seen.
    patterns : sequence of SpotPattern
        In one frame (see `align_patterns`).
    rings : sequence of DiffractionRing
        Of a polycrystal.
    size_nm : float
        Edge of the crystals, nm: spots and rings are 0.886/L wide.
    spread : float
        Full width at half maximum of the crystals' orientations about the beam, degrees: spots
        become arcs. Measured on CsPbBr3 supraparticles: 9.6°.
    max_g : float
        Half width of the plate, 1/Å.

    Returns
    -------
    DiffractionPlate
        Brightest point 100, direct beam left out.

    Raises
    ------
    InputError
        Nothing to draw, or a size, spread or limit out of range.

    Notes
    -----
    Gaussians of the same full width along the radius and, as angles, along the arc (the spot's own
    width and the spread added in quadrature). A spot keeps its intensity when it is smeared.
    """
    if not patterns and not rings:
        raise InputError("neither spots nor rings to draw")
    wrong = not (np.isfinite([size_nm, spread, max_g]).all() and size_nm > 0 and max_g > 0)
    if wrong or not 0 <= spread <= 90:
        raise InputError(
            f"size {size_nm:g} nm, spread {spread:g}°, max_g {max_g:g} 1/Å",
            hint="a positive size and limit, and a spread of 0 to 90 degrees",
        )
    axis = np.linspace(-max_g, max_g, PIXELS)
    x, y = np.meshgrid(axis, axis)
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    width = SIZE_CONSTANT / (10 * size_nm)
    width = float(np.hypot(width, 1.5 * (axis[1] - axis[0])))
    image = np.zeros_like(radius)
    for pattern in patterns:
        for spot in pattern.spots:
            if spot.intensity > 0:
                image += _arc(radius, angle, spot.g, spot.intensity, width, np.radians(spread))
    for ring in rings:
        area = 2 * np.pi * ring.g * width
        image += ring.intensity / area * _gauss(radius - ring.g, width)
    return DiffractionPlate(name=name, image=_labelled(axis, image, size_nm, spread))


def _arc(
    radius: NDArray[np.float64],
    angle: NDArray[np.float64],
    place: tuple[float, float],
    intensity: float,
    width: float,
    spread: float,
) -> NDArray[np.float64]:
    g = float(np.hypot(*place))
    turn = np.angle(np.exp(1j * (angle - np.arctan2(place[1], place[0]))))
    along = float(np.hypot(width / g, spread))
    height = intensity / (width * g * along)
    return np.asarray(height * _gauss(radius - g, width) * _gauss(turn, along))


def _gauss(x: NDArray[np.float64], fwhm: float) -> NDArray[np.float64]:
    return np.asarray(np.exp(-4 * np.log(2) * (x / fwhm) ** 2))


def _labelled(
    axis: NDArray[np.float64], image: NDArray[np.float64], size_nm: float, spread: float
) -> DataArray:
    import xarray

    coords = {name: (name, axis, {"units": "1/Å"}) for name in ("gy", "gx")}
    return xarray.DataArray(
        100 * image / image.max(),
        dims=("gy", "gx"),
        coords=coords,
        name="intensity",
        attrs={"units": "brightest point 100", "size_nm": size_nm, "spread_deg": spread},
    )
