"""Finite pieces of crystal: which sites of a lattice are occupied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.simulation.structure_factor import check_periodic

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["LatticeDomain", "cut_particle", "split_into_domain"]

SHAPES = ("cube", "sphere", "cells")
MAX_SITES = 60_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class LatticeDomain:
    """A finite piece of one crystal lattice."""

    cell: NDArray[np.float64]
    """(3, 3) lattice vectors, rows in Å."""
    origin: NDArray[np.float64]
    """(3,) Cartesian position of lattice point 0 0 0, Å."""
    basis: NDArray[np.float64]
    """(S, 3) Cartesian offsets of the sites from their lattice point, Å."""
    symbols: tuple[str, ...]
    """S chemical symbols."""
    occupied: NDArray[np.bool_]
    """(S, n1, n2, n3): which site of which lattice point holds an atom."""

    def __len__(self) -> int:
        return int(self.occupied.sum())

    def positions(self) -> dict[str, NDArray[np.float64]]:
        """Return element → (N, 3) Cartesian positions in Å."""
        found: dict[str, list[NDArray[np.float64]]] = {}
        for symbol, offset, filled in zip(self.symbols, self.basis, self.occupied, strict=True):
            points = np.argwhere(filled) @ self.cell + offset + self.origin
            found.setdefault(symbol, []).append(points)
        return {symbol: np.concatenate(parts) for symbol, parts in found.items()}


def cut_particle(atoms: Atoms, *, name: str, size_nm: float, shape: str = "cube") -> LatticeDomain:
    """Cut a particle out of a crystal, its centre at the origin of the cell.

    Parameters
    ----------
    atoms : Atoms
        One cell.
    name : str
        For messages.
    size_nm : float
        Edge of the cube or diameter of the sphere, nm.
    shape : {"cube", "sphere", "cells"}
        ``cube``: sites inside a Cartesian cube, its upper faces excluded; ``sphere``: sites inside
        a sphere; ``cells``: a block of whole cells nearest to the size along each axis, which keeps
        the stoichiometry.

    Raises
    ------
    InputError
        Unknown shape, size not positive, no atom inside, or too many sites for the memory.
    """
    check_periodic(atoms, name)
    if shape not in SHAPES:
        raise InputError(f"unknown shape '{shape}'", hint=f"known are {', '.join(SHAPES)}")
    if not (np.isfinite(size_nm) and size_nm > 0):
        raise InputError(f"a particle size of {size_nm} nm is not positive")
    cell = np.asarray(atoms.cell, dtype=float)
    size = 10 * size_nm
    if shape == "cells":
        counts = np.maximum(1, np.rint(size / np.linalg.norm(cell, axis=1))).astype(int)
        low = np.zeros(3, dtype=int)
    else:
        inverse = np.abs(np.linalg.inv(cell))
        reach = inverse.sum(axis=0) if shape == "cube" else np.linalg.norm(inverse, axis=0)
        limits = np.ceil(size / 2 * reach).astype(int) + 1
        low, counts = -limits, 2 * limits + 1
    _check_memory(counts, len(atoms), name)
    points = np.stack(np.meshgrid(*map(np.arange, counts), indexing="ij"), axis=-1) + low
    basis = np.asarray(atoms.get_scaled_positions() @ cell)
    occupied = np.ones((len(atoms), *counts), dtype=bool)
    if shape != "cells":
        corner = points @ cell
        for site, offset in enumerate(basis):
            occupied[site] = _inside(corner + offset, size, shape)
    if not occupied.any():
        raise InputError(f"{name}: no atom fits into a {shape} of {size_nm:g} nm")
    filled = np.argwhere(occupied.any(axis=0))
    first, last = filled.min(axis=0), filled.max(axis=0) + 1
    box = tuple(slice(a, b) for a, b in zip(first.tolist(), last.tolist(), strict=True))
    return LatticeDomain(
        cell=cell,
        origin=(low + first) @ cell,
        basis=basis,
        symbols=tuple(atoms.get_chemical_symbols()),
        occupied=np.ascontiguousarray(occupied[(slice(None), *box)]),
    )


def _inside(points: NDArray[np.float64], size: float, shape: str) -> NDArray[np.bool_]:
    half = size / 2
    if shape == "sphere":
        return np.asarray((points**2).sum(axis=-1) <= half**2)
    return np.asarray(((points >= -half - 1e-6) & (points < half - 1e-6)).all(axis=-1))


def _check_memory(counts: NDArray[np.int64], n_sites: int, name: str) -> None:
    sites = float(np.prod(counts.astype(float))) * n_sites
    if sites > MAX_SITES:
        raise InputError(
            f"{name}: a particle in a box of {sites:.2g} sites does not fit into the memory "
            f"(limit {MAX_SITES:.2g})",
            hint="choose a smaller particle",
        )


def split_into_domain(
    particle: Atoms, crystal: Atoms, *, origin: NDArray[np.float64], tolerance: float = 0.01
) -> tuple[LatticeDomain | None, Atoms]:
    """Find the atoms of a particle that sit on the sites of a crystal.

    Parameters
    ----------
    particle : Atoms
        Finite particle.
    crystal : Atoms
        One cell, turned as it lies in the particle.
    origin : (3,) array
        Where a lattice point of the crystal lies in the particle, Å.
    tolerance : float
        How far an atom may be from its site, Å.

    Returns
    -------
    domain : LatticeDomain or None
        The atoms on sites, put exactly on them; None if there are none.
    rest : Atoms
        All other atoms.
    """
    cell = np.asarray(crystal.cell, dtype=float)
    basis = np.asarray(crystal.get_scaled_positions() @ cell)
    symbols = np.asarray(particle.get_chemical_symbols())
    point = np.zeros((len(particle), 3), dtype=int)
    site_of = np.full(len(particle), -1)
    for site, (symbol, offset) in enumerate(
        zip(crystal.get_chemical_symbols(), basis, strict=True)
    ):
        relative = particle.positions - origin - offset
        nearest = np.rint(relative @ np.linalg.inv(cell)).astype(int)
        distance = np.linalg.norm(relative - nearest @ cell, axis=1)
        fits = (symbols == symbol) & (distance <= tolerance) & (site_of < 0)
        site_of[fits], point[fits] = site, nearest[fits]
    on_site = site_of >= 0
    if not on_site.any():
        return None, particle.copy()
    low = point[on_site].min(axis=0)
    shape = point[on_site].max(axis=0) - low + 1
    _check_memory(shape, len(crystal), "the particle")
    occupied = np.zeros((len(crystal), *shape), dtype=bool)
    occupied[(site_of[on_site], *(point[on_site] - low).T)] = True
    domain = LatticeDomain(
        cell=cell,
        origin=np.asarray(origin, dtype=float) + low @ cell,
        basis=basis,
        symbols=tuple(crystal.get_chemical_symbols()),
        occupied=occupied,
    )
    return domain, particle[~on_site]
