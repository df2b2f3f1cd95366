"""Small-angle scattering of every atom of a body: particles with ligands, superlattices, films."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from qdstruct.errors import InputError
from qdstruct.model import Superlattice
from qdstruct.model.patterns import SmallAngleCurve
from qdstruct.simulation.saxs import SMOOTH_LIMIT, structure_maxima

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["atomic_small_angle_curve"]

BIN = 0.2
"""q·width of the bins of a projection: linear shares err by (q·width)²/12, 0.3 % at q_max."""

FEWEST, MOST = 200, 6000
"""Directions averaged over."""


def atomic_small_angle_curve(
    q: NDArray[np.float64],
    body: Atoms | Superlattice,
    *,
    name: str,
    along: ArrayLike | None = None,
    directions: int | None = None,
) -> SmallAngleCurve:
    """Return I(q) of all atoms of a body, in all orientations or along one direction.

    Parameters
    ----------
    q : (Q,) array
        1/Å, ascending and positive.
    body : Atoms or Superlattice
        A particle, or a superlattice as `building.build_superlattice` makes it or as it was written
        out (with a ``particle`` array). Not periodic.
    name : str
        What the curve is called.
    along : three floats, optional
        Direction of q in the frame of the atoms, for a film seen along its normal; the average over
        all orientations without it.
    directions : int, optional
        Directions averaged over; without it as many as the body has speckles at the largest q, but
        at most 6000.

    Returns
    -------
    SmallAngleCurve
        Intensity per particle and form factor relative to a particle's own q → 0; the structure
        factor is that of the particles' centres.

    Raises
    ------
    InputError
        For q that do not ascend, a direction of no length, or a body without atoms.

    Warns
    -----
    UserWarning
        If q goes beyond 1 1/Å, or 6000 directions are fewer than the speckles, with the q up to
        which they suffice.

    Notes
    -----
    I(q) = ⟨|Σ_a Z_a exp(i q·r_a)|²⟩ with the electrons Z_a of each atom, in vacuum: positions,
    orientations and vacancies count as they are, without the decoupling approximation. For each
    direction the atoms are projected onto it, shared out linearly over bins, and the amplitude is
    the Fourier sum over the bins divided by the bins' own sinc² factor. Directions form a Fibonacci
    lattice on a hemisphere (|A(−q)| = |A(q)|; Swinbank and Purser, Q. J. R. Meteorol. Soc. 132,
    1769 (2006)).
    """
    import xarray

    values = np.asarray(q, dtype=float)
    if (
        values.ndim != 1
        or values.size < 3
        or not (values > 0).all()
        or (np.diff(values) <= 0).any()
    ):
        raise InputError("q must be at least three positive numbers in 1/Å that ascend")
    if values.max() > SMOOTH_LIMIT:
        warnings.warn(
            f"q = {values.max():.3g} 1/Å is beyond the small-angle method: above {SMOOTH_LIMIT:g} "
            "1/Å the electrons of an atom no longer scatter as one point; use the Debye equation",
            stacklevel=2,
        )
    positions, electrons, owner = _atoms_of(body)
    weights = np.bincount(owner, electrons).astype(float)
    sums = [np.bincount(owner, along_axis * electrons) for along_axis in positions.T]
    centres = np.stack(sums, axis=1) / weights[:, None]
    extent = float(np.ptp(positions, axis=0).max())
    speckles = 2 * np.pi * (values.max() * extent / (2 * np.pi)) ** 2
    if along is not None:
        chosen = _one_direction(along)
    else:
        chosen = _hemisphere(directions or int(np.clip(speckles, FEWEST, MOST)))
        _warn_of_coarseness(len(chosen), speckles, extent)
    first = owner == owner[0]
    total = _mean_power(values, positions, electrons, chosen)
    form = _mean_power(values, positions[first], electrons[first], chosen)
    count = len(centres)
    structure = _mean_power(values, centres, np.ones(count), chosen)
    zero = float(weights[0]) ** 2
    curve = xarray.Dataset(
        {
            "intensity": ("q", total / count / zero,
                          {"units": "form factor at q = 0 is 1"}),
            "form_factor": ("q", form / zero, {"units": "1 at q = 0"}),
            "structure_factor": ("q", structure / count, {"units": "1"}),
        },
        coords={"q": ("q", values, {"units": "1/Å", "long_name": "q = 4π sinθ/λ"})},
        attrs={"particles": count, "atoms": len(positions), "directions": len(chosen)},
    )  # fmt: skip
    found = structure_maxima(values, curve["structure_factor"].to_numpy())
    return SmallAngleCurve(name=name, curve=curve, maxima=found)


def _warn_of_coarseness(directions: int, speckles: float, extent: float) -> None:
    if directions < int(speckles):
        enough = 2 * np.pi / extent * np.sqrt(directions / (2 * np.pi))
        warnings.warn(
            f"{directions} directions sample the orientations of a body of {extent / 10:.0f} nm up "
            f"to q = {enough:.3g} 1/Å; beyond, the curve is noisy: {speckles:.0f} directions would "
            "be needed",
            stacklevel=3,
        )


def _atoms_of(
    body: Atoms | Superlattice,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return positions, electrons and the number of the particle of every atom."""
    if isinstance(body, Superlattice):
        block = body.particle
        turned = np.einsum("nij,aj->nai", body.rotations, block.positions)
        positions = (turned + body.positions[:, None]).reshape(-1, 3)
        copies = len(body.positions)
        electrons = np.tile(block.numbers.astype(float), copies)
        owner = np.repeat(np.arange(copies), len(block))
    else:
        positions, electrons = body.positions, body.numbers.astype(float)
        labels = body.arrays.get("particle", np.zeros(len(body), dtype=np.int64))
        owner = np.unique(labels, return_inverse=True)[1]
    if not len(positions):
        raise InputError("the body has no atoms", hint="give a particle, superlattice or film")
    if not np.isfinite(positions).all():
        raise InputError("a position of the body is not finite", hint="correct or remove the atom")
    return positions, electrons, owner


def _hemisphere(count: int) -> NDArray[np.float64]:
    """Return unit vectors of a Fibonacci lattice on the upper hemisphere, (count, 3)."""
    heights = (np.arange(count) + 0.5) / count
    angles = np.pi * (3 - np.sqrt(5)) * np.arange(count)
    flat = np.sqrt(1 - heights**2)
    return np.stack([flat * np.cos(angles), flat * np.sin(angles), heights], axis=1)


def _one_direction(along: ArrayLike) -> NDArray[np.float64]:
    vector = np.asarray(along, dtype=float)
    length = float(np.linalg.norm(vector))
    if vector.shape != (3,) or not np.isfinite(length) or length == 0:
        raise InputError(f"{along!r} is no direction", hint="three numbers, for example 0,0,1")
    return (vector / length)[None]


def _mean_power(
    q: NDArray[np.float64],
    points: NDArray[np.float64],
    weights: NDArray[np.float64],
    directions: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return |Σ w exp(i q u·r)|² averaged over directions u."""
    width = BIN / float(q.max())
    centred = np.ascontiguousarray(points - (points.min(axis=0) + points.max(axis=0)) / 2)
    reach = float(np.linalg.norm(centred, axis=1).max())
    count = int(2 * reach / width) + 3
    phases = np.exp(1j * width * np.outer(q, np.arange(count)))
    total = np.zeros_like(q)
    for direction in directions:
        bins = _projected(centred, weights, direction, reach, width, count)
        total += np.abs(phases @ bins) ** 2
    own = np.sinc(q * width / (2 * np.pi)) ** 2
    return np.asarray(total / own**2 / len(directions))


@njit(cache=True)
def _projected(points, weights, direction, reach, width, count):  # type: ignore[no-untyped-def]
    """Share weights linearly over bins along a direction, from −reach on."""
    bins = np.zeros(count)
    for i in range(len(points)):
        height = 0.0
        for k in range(3):
            height += points[i, k] * direction[k]
        place = (height + reach) / width
        low = max(int(place), 0)
        share = place - low
        bins[low] += weights[i] * (1 - share)
        bins[low + 1] += weights[i] * share
    return bins
