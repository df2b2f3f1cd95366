"""Structure factors of periodic cells, from unit cells to thousands of atoms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.geometry import gauss_reduce, plane_basis, reciprocal_cell

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "Reflections",
    "check_periodic",
    "element_sums",
    "reflections",
    "widest_gaps",
    "zone_reflections",
]

MAX_REFLECTIONS = 40_000_000
"""Grid points of (h, k, l) above which a calculation is refused (about 2 GB of complex sums)."""
_CHUNK = 4_000_000
_ROUNDING = 1e-12
_SPARSE = 20
"""Box points per reflection above which the separable sums waste more than they save."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reflections:
    """The reflections of one cell inside a shell of reciprocal space, one of each Friedel pair."""

    hkl: NDArray[np.int64]
    """(M, 3); of hkl and −h −k −l only the one whose first non-zero index is positive."""
    g: NDArray[np.float64]
    """(M, 3) reciprocal vectors, 1/Å (no 2π)."""
    length: NDArray[np.float64]
    """(M,) |g| = 1/d in 1/Å."""

    def __len__(self) -> int:
        return len(self.hkl)

    def pick(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Reflections:
        """Return the reflections at a mask or at indices."""
        return Reflections(hkl=self.hkl[which], g=self.g[which], length=self.length[which])


def check_periodic(atoms: Atoms, name: str) -> None:
    """Refuse a structure that has no atoms or no three-dimensional cell.

    Raises
    ------
    InputError
        Naming the structure and what to use instead.
    """
    if len(atoms) == 0:
        raise InputError(f"{name}: the structure has no atoms")
    if not np.isfinite(atoms.positions).all():
        raise InputError(f"{name}: atomic positions are not finite numbers")
    if abs(np.linalg.det(np.asarray(atoms.cell))) < 1e-6:
        raise InputError(
            f"{name}: the structure has no three-dimensional cell",
            hint="a finite particle scatters by the Debye equation: qdstruct xrd --debye",
        )


def widest_gaps(atoms: Atoms) -> NDArray[np.float64]:
    """Return the height in Å of the widest empty layer along each cell axis.

    A crystal has gaps of a few Å; a slab cell has its vacuum along the normal.
    """
    cell = np.asarray(atoms.cell, dtype=float)
    heights = 1 / np.linalg.norm(reciprocal_cell(cell), axis=1)
    fractional = np.linalg.solve(cell.T, atoms.positions.T).T % 1.0
    fractional = np.sort(fractional, axis=0)
    gaps = np.diff(np.vstack([fractional, fractional[:1] + 1]), axis=0)
    return np.asarray(gaps.max(axis=0) * heights)


def reflections(cell: NDArray[np.float64], max_g: float, min_g: float = 0.0) -> Reflections:
    """List one reflection of every Friedel pair with min_g ≤ 1/d ≤ max_g, without the origin.

    Parameters
    ----------
    cell : (3, 3) array
        Rows in Å.
    max_g, min_g : float
        Limits of 1/d in 1/Å.

    Raises
    ------
    InputError
        If there would be more than `MAX_REFLECTIONS` grid points.
    """
    limits = index_limits(cell, max_g)
    reciprocal = reciprocal_cell(cell)
    k, l = np.meshgrid(  # noqa: E741 - the crystallographer's l
        *(np.arange(-n, n + 1) for n in limits[1:]), indexing="ij"
    )
    k, l = k.ravel(), l.ravel()  # noqa: E741
    layer = np.outer(k, reciprocal[1]) + np.outer(l, reciprocal[2])
    square, along = (layer**2).sum(axis=1), 2 * (layer @ reciprocal[0])
    low, high = (min_g * (1 - _ROUNDING)) ** 2, (max_g * (1 + _ROUNDING)) ** 2
    found = []
    for h in range(limits[0] + 1):
        length = square + h * along + h * h * float(reciprocal[0] @ reciprocal[0])
        inside = (length <= high) & (length >= low)
        if h == 0:
            inside &= (k > 0) | ((k == 0) & (l > 0))
        found.append(np.stack([np.full(inside.sum(), h), k[inside], l[inside]], axis=1))
    hkl = np.concatenate(found).astype(np.int64)
    g = hkl @ reciprocal
    return Reflections(hkl=hkl, g=g, length=np.linalg.norm(g, axis=1))


def zone_reflections(
    cell: NDArray[np.float64], zone: tuple[int, int, int], max_g: float
) -> Reflections:
    """List one of every Friedel pair with hu + kv + lw = 0 and 1/d ≤ max_g.

    Parameters
    ----------
    cell : (3, 3) array
        Rows in Å.
    zone : three integers
        [uvw] without a common factor.
    max_g : float
        1/Å.
    """
    reciprocal = reciprocal_cell(cell)
    basis = plane_basis(zone)[:2]
    _, reduction = gauss_reduce(basis @ reciprocal)
    basis = reduction @ basis
    flat = basis @ reciprocal
    area = float(np.linalg.norm(np.cross(flat[0], flat[1])))
    reach = [int(np.floor(max_g * np.linalg.norm(flat[i]) / area + 1e-9)) for i in (1, 0)]
    if (reach[0] + 1) * (2 * reach[1] + 1) > MAX_REFLECTIONS:
        raise InputError(
            f"{(reach[0] + 1) * (2 * reach[1] + 1):.3g} reflections of one zone are too many",
            hint="lower the largest 1/d",
        )
    m, n = np.meshgrid(np.arange(reach[0] + 1), np.arange(-reach[1], reach[1] + 1), indexing="ij")
    half = (m > 0) | (n > 0)
    hkl = np.stack([m[half], n[half]], axis=1) @ basis
    sign = np.sign(hkl @ np.array([4_000_000_000_000, 2_000_000, 1]))
    hkl = hkl * sign[:, None]
    length = np.linalg.norm(hkl @ reciprocal, axis=1)
    hkl = hkl[length <= max_g]
    return Reflections(hkl=hkl, g=hkl @ reciprocal, length=length[length <= max_g])


def index_limits(cell: NDArray[np.float64], max_g: float) -> tuple[int, int, int]:
    """Return the largest |h|, |k|, |l| with 1/d ≤ max_g: |h| ≤ |a| max_g, and so on."""
    lengths = np.linalg.norm(np.asarray(cell, dtype=float), axis=1)
    h, k, l = (int(np.floor(length * max_g + 1e-9)) for length in lengths)  # noqa: E741
    if (h + 1) * (2 * k + 1) * (2 * l + 1) > MAX_REFLECTIONS:
        raise InputError(
            f"{(h + 1) * (2 * k + 1) * (2 * l + 1):.3g} reflections are too many for the memory "
            f"(limit {MAX_REFLECTIONS:.3g})",
            hint="lower the upper angle, use a longer wavelength, or use --debye for particles",
        )
    return h, k, l


def element_sums(
    atoms: Atoms, which: Reflections, *, engine: str = "auto"
) -> dict[str, NDArray[np.complex128]]:
    """Return S_e(hkl) = Σ_j T_j exp(2πi (hx + ky + lz)) over the atoms j of each element e.

    Parameters
    ----------
    atoms : Atoms
        The cell. T_j = exp(−2π² gᵀ U_j g) where it has tensors ``u_cartesian`` (see
        `displacement_tensors`), 1 where not.
    which : Reflections
        Where to evaluate.
    engine : {"auto", "dense", "nufft"}
        ``dense`` multiplies matrices of separable phases (exact to rounding); ``nufft`` is the
        type-1 non-uniform FFT of finufft (Barnett, Magland, af Klinteberg, SIAM J. Sci. Comput. 41,
        C479 (2019)) at a relative precision of 1e-8; ``auto`` takes finufft for large cells when it
        is installed.

    Returns
    -------
    dict
        Symbol → (M,) complex sums.
    """
    from qdstruct.simulation.displacements import displacement_tensors
    from qdstruct.simulation.nufft import chosen_engine, nufft_sums

    tensors = displacement_tensors(atoms)
    if tensors is not None:
        return _damped_sums(atoms, which, tensors, engine)
    symbols = np.asarray(atoms.get_chemical_symbols())
    fractional = np.linalg.solve(np.asarray(atoms.cell).T, atoms.positions.T).T
    groups = {
        str(symbol): fractional[symbols == symbol] for symbol in dict.fromkeys(symbols.tolist())
    }
    work = len(atoms) * max(len(which), 1)
    if chosen_engine(engine, work) == "nufft":
        return nufft_sums(groups, which.hkl)
    return {symbol: _dense_sums(points, which.hkl) for symbol, points in groups.items()}


def _damped_sums(
    atoms: Atoms, which: Reflections, tensors: NDArray[np.float64], engine: str
) -> dict[str, NDArray[np.complex128]]:
    """Sum atoms of one tensor at a time; either engine serves, since the damping is a factor."""
    from qdstruct.simulation.displacements import tensor_groups
    from qdstruct.simulation.nufft import chosen_engine, nufft_sums

    symbols = np.asarray(atoms.get_chemical_symbols())
    fractional = np.linalg.solve(np.asarray(atoms.cell).T, atoms.positions.T).T
    sums: dict[str, NDArray[np.complex128]] = {}
    for group in tensor_groups(symbols, tensors):
        points, symbol = fractional[group.members], group.symbol
        if chosen_engine(engine, len(points) * max(len(which), 1)) == "nufft":
            part = nufft_sums({symbol: points}, which.hkl)[symbol]
        else:
            part = _dense_sums(points, which.hkl)
        sums[symbol] = sums.get(symbol, 0) + group.damping(which.g) * part
    return sums


def _dense_sums(fractional: NDArray[np.float64], hkl: NDArray[np.int64]) -> NDArray[np.complex128]:
    """Sum phases layer of h by layer of h, by products of real matrices.

    With p = exp(2πi(hx + ky)) the sums of p cos(2πlz) and p sin(2πlz) give +l and −l together,
    which halves the work twice: half as many l, and real instead of complex factors.
    """
    reach = [int(np.abs(column).max()) for column in np.ascontiguousarray(hkl.T)]
    if np.prod(np.ptp(hkl, axis=0) + 1.0) > _SPARSE * len(hkl):
        return _direct_sums(fractional, hkl)
    along_h, along_k = (
        np.exp(2j * np.pi * np.outer(np.arange(-n, n + 1), fractional[:, axis]))
        for axis, n in enumerate(reach[:2])
    )
    angles = 2 * np.pi * np.outer(fractional[:, 2], np.arange(reach[2] + 1))
    waves = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    sums = np.empty(len(hkl), dtype=complex)
    order = np.argsort(hkl[:, 0], kind="stable")
    starts = np.flatnonzero(np.diff(hkl[order, 0], prepend=hkl[order[0], 0] - 1))
    for layer in np.split(order, starts[1:]):
        h, k, l = hkl[layer].T  # noqa: E741 - the crystallographer's l
        height = int(np.abs(l).max()) + 1
        low, high = int(k.min()), int(k.max()) + 1
        right = waves[:, :, :height].reshape(len(fractional), -1)
        for first in range(low, high, rows := max(1, _CHUNK // len(fractional))):
            last = min(first + rows, high)
            phases = along_k[first + reach[1] : last + reach[1]] * along_h[h[0] + reach[0]]
            real = (phases.real @ right).reshape(-1, 2, height)
            imaginary = (phases.imag @ right).reshape(-1, 2, height)
            here = slice(None) if last - first == high - low else (k >= first) & (k < last)
            place = (k[here] - first, np.abs(l[here]))
            sign = np.sign(l[here])
            cosine, sine = (real[:, i][place] + 1j * imaginary[:, i][place] for i in (0, 1))
            sums[layer[here]] = cosine + 1j * sign * sine
    return sums


def _direct_sums(fractional: NDArray[np.float64], hkl: NDArray[np.int64]) -> NDArray[np.complex128]:
    """Sum phases reflection by reflection: for few reflections in a large box, such as a zone."""
    rows = max(1, _CHUNK // len(fractional))
    sums = np.empty(len(hkl), dtype=complex)
    for start in range(0, len(hkl), rows):
        phases = 2j * np.pi * (hkl[start : start + rows] @ fractional.T)
        sums[start : start + rows] = np.exp(phases).sum(axis=1)
    return sums
