"""Charge density from overlapping atoms, and the electrostatic potential it makes.

Every atom carries a Gaussian of its valence electrons, shifted by what it exchanges with the
neighbours it has: t_ij = τ (χ_i − χ_j) s(r_ij), antisymmetric, so that electrons move and none
appear. The positive charge of each atom is a narrower Gaussian.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qdstruct.running.mock.tables import covalent_radius, read_table
from qdstruct.running.mock.topology import find_pairs
from qdstruct.running.vaspfiles.electrostatics import gaussians
from qdstruct.running.vaspfiles.elements import potential
from qdstruct.running.vaspfiles.inputs import PoscarStructure
from qdstruct.units import COULOMB

__all__ = [
    "ValenceDensity",
    "core_potentials",
    "electrons_per_atom",
    "gaussians_of",
    "vacuum_level",
    "valence_density",
]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class ValenceDensity:
    """The electrons of a structure, atom by atom and on the grid."""

    electrons: FloatArray
    """(N,), electrons that each atom carries."""
    values: FloatArray
    """(nx, ny, nz), electrons/Å³; their mean times the volume is NELECT."""
    positive: FloatArray
    """(nx, ny, nz), density of the positive charge, e/Å³, neutralised by NELECT."""


def _widths(symbols: tuple[str, ...]) -> FloatArray:
    table = read_table("mock/pair_model")["density"]
    radii = np.array([covalent_radius(s) for s in symbols])
    return np.asarray(np.maximum(table["width_per_radius"] * radii, table["least_width"]))


def electrons_per_atom(structure: PoscarStructure, nelect: float) -> FloatArray:
    """Return (N,) electrons of each atom; they sum to `nelect`.

    Atoms give electrons to more electronegative neighbours; what NELECT differs from the neutral
    cell is spread in proportion to the valence electrons.
    """
    table = read_table("mock/pair_model")
    settings, scale = table["density"], table["electronegativity"]
    chi = np.array([scale.get(s, 2.0) for s in structure.symbols])
    radii = np.array([covalent_radius(s) for s in structure.symbols])
    pairs = find_pairs(structure.positions, structure.cell, settings["transfer_range"])
    r = np.linalg.norm(pairs.vectors(structure.positions, structure.cell), axis=1)
    contact = radii[pairs.first] + radii[pairs.second]
    taper = (1 - (r / settings["transfer_range"]) ** 2) ** 2 * np.exp(1 - (r / contact) ** 2)
    given = settings["transfer"] * (chi[pairs.second] - chi[pairs.first]) * taper
    valence = np.array([potential(s).zval for s in structure.symbols])
    electrons = valence * (nelect / valence.sum())
    electrons = electrons - np.bincount(pairs.first, given, len(chi))
    return np.asarray(electrons + np.bincount(pairs.second, given, len(chi)))


def vacuum_level(structure: PoscarStructure, electrons: FloatArray) -> float:
    """Potential far from all atoms, eV, on the scale on which the cell average is zero.

    The average of −∇²V = 4πk (ρ − ρ⁺) over a cell of neutral groups depends on the second moments
    of their charge only: V_vacuum − V_average = (2πk/3Ω) Σ_i ∫(ρ − ρ⁺) r² d³r.
    """
    settings = read_table("mock/pair_model")["density"]
    positive = _positive_charges(structure.symbols, float(electrons.sum()))
    outer = _widths(structure.symbols)
    moment = float((electrons * outer**2 - positive * settings["core_width"] ** 2).sum())
    return 2 * np.pi * COULOMB * moment / structure.volume


def _positive_charges(symbols: tuple[str, ...], nelect: float) -> FloatArray:
    valence = np.array([potential(s).zval for s in symbols])
    return np.asarray(valence * (nelect / valence.sum()))


def valence_density(
    structure: PoscarStructure, grid: tuple[int, int, int], electrons: FloatArray
) -> ValenceDensity:
    """Return the density on `grid`; it integrates to the sum of `electrons` exactly.

    Each atom's Gaussian is normalised by its own sum over the grid, so that densities of parts
    of a structure on the same grid cancel those of the whole except where electrons moved.
    """
    settings = read_table("mock/pair_model")["density"]
    positive = _positive_charges(structure.symbols, float(electrons.sum()))
    outer, inner = _widths(structure.symbols), np.full(len(positive), settings["core_width"])
    return ValenceDensity(
        electrons=electrons,
        values=gaussians(structure, grid, electrons, outer),
        positive=gaussians(structure, grid, positive, inner),
    )


def gaussians_of(
    structure: PoscarStructure,
    grid: tuple[int, int, int],
    amounts: FloatArray,
    *,
    valence: bool = False,
) -> FloatArray:
    """Return (nx, ny, nz) electrons/Å³ of one Gaussian per atom with `amounts` electrons.

    Its width is that of the atom's valence electrons, or that of the positive charge.
    """
    inner = read_table("mock/pair_model")["density"]["core_width"]
    widths = _widths(structure.symbols) if valence else np.full(len(amounts), inner)
    return gaussians(structure, grid, amounts, widths)


def core_potentials(structure: PoscarStructure, electrons: FloatArray) -> FloatArray:
    """Return (N,) potential energy of an electron at each core, eV, from the atom's own charge.

    A Gaussian charge Q of width w has the potential k Q √(2/π)/w at its centre; the cell average
    is the zero, as in LOCPOT. Neighbours are left out.
    """
    table = read_table("mock/pair_model")["density"]
    outer = _widths(structure.symbols)
    positive = _positive_charges(structure.symbols, float(electrons.sum()))
    own = electrons / outer - positive / table["core_width"]
    return np.asarray(COULOMB * np.sqrt(2 / np.pi) * own + vacuum_level(structure, electrons))
