"""Energy, forces and stress of the pair model.

E = Σ_pairs [ b exp((R − r)/ρ) + k q_i q_j erfc(αr)/r − C₆/(r⁶ + R₀⁶) ], shifted at the cutoff,
  + Σ_springs ½ κ (r − r₀)²  + a constant per atom and per bond.

The first term is Born and Mayer's, in the form of Fumi and Tosi, J. Phys. Chem. Solids 25, 31
(1964): b is the strength at the sum of radii R. For ions of unlike charge b = μ k |q_i q_j| ρ/R²,
which balances the Coulomb attraction at r = R when μ is the Madelung constant over the
coordination number. The damped, force-shifted Coulomb sum is that of Fennell and Gezelter,
J. Chem. Phys. 124, 234104 (2006), eq. 18. Every term is a function of one distance, and the
forces are its exact derivatives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdstruct.running.mock.springs import Springs, molecular_springs, tetrahedral_springs
from qdstruct.running.mock.tables import covalent_radius, read_table
from qdstruct.running.mock.topology import Molecules, Pairs, find_molecules, find_pairs
from qdstruct.running.vaspfiles.facts import Evaluation
from qdstruct.running.vaspfiles.inputs import PoscarStructure
from qdstruct.units import COULOMB

__all__ = ["PairModel"]

FloatArray = NDArray[np.float64]
_SKIN = 0.6
_J_NM6_PER_MOL = 1.0e6 / 96485.33212
"""One J nm⁶/mol in eV Å⁶."""


class PairModel:
    """Potential energy of one set of atoms; topology is that of the geometry it starts from.

    Parameters
    ----------
    structure : PoscarStructure
        Decides elements, charges, bonds and rest lengths. Rest lengths come from tables, so a
        relaxed structure read back gives the same model.
    """

    def __init__(self, structure: PoscarStructure) -> None:
        table = read_table("mock/pair_model")
        self._settings: dict[str, float] = table["nonbonded"]
        self._symbols = structure.symbols
        self.molecules = find_molecules(structure.symbols, structure.positions, structure.cell)
        tetrahedral = tetrahedral_springs(structure, table["tetrahedral"])
        self.charges = _charges(structure.symbols, self.molecules, tetrahedral, table)
        self._strength, self._contact, self._c6, self._r6 = _pair_parameters(
            structure.symbols, self.charges, self.molecules, table
        )
        molecular = molecular_springs(structure, self.molecules, table["molecules"])
        self._excluded = _keys(molecular.pairs, len(self._symbols))
        self._springs = molecular.joined(tetrahedral)
        self._constant = _constant_energy(self.charges, self.molecules, tetrahedral, table)
        self._pairs: Pairs | None = None
        self._pairs_at: tuple[FloatArray, FloatArray] | None = None

    def spring_network(self) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
        """Return first atom, second atom and constant (eV/Å²) of every spring."""
        return self._springs.pairs.first, self._springs.pairs.second, self._springs.constant

    def evaluate(self, positions: FloatArray, cell: FloatArray) -> Evaluation:
        """Return energy, forces and strain derivative at `positions` (Å) in `cell` (Å)."""
        pairs = self._near(positions, cell)
        vectors = pairs.vectors(positions, cell)
        distances = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        inside = distances < self._settings["cutoff"]
        pairs, vectors, distances = pairs.select(inside), vectors[inside], distances[inside]
        energy, slope = self._nonbonded(pairs, distances)
        spring_vectors = self._springs.pairs.vectors(positions, cell)
        lengths = np.sqrt(np.einsum("ij,ij->i", spring_vectors, spring_vectors))
        stretch = lengths - self._springs.rest
        total = float(energy.sum() + 0.5 * (self._springs.constant * stretch**2).sum())
        spring_slope = self._springs.constant * stretch
        forces = np.zeros_like(positions)
        strain = np.zeros((3, 3))
        for some, vector, length, derivative in (
            (pairs, vectors, distances, slope),
            (self._springs.pairs, spring_vectors, lengths, spring_slope),
        ):
            pull = (derivative / np.maximum(length, 1e-12))[:, None] * vector
            for axis in range(3):
                forces[:, axis] += np.bincount(some.first, pull[:, axis], len(forces))
                forces[:, axis] -= np.bincount(some.second, pull[:, axis], len(forces))
            strain += vector.T @ pull
        return Evaluation(energy=total + self._constant, forces=forces, strain_derivative=strain)

    def _near(self, positions: FloatArray, cell: FloatArray) -> Pairs:
        if self._pairs is not None and self._pairs_at is not None:
            moved = np.linalg.norm(positions - self._pairs_at[0], axis=1).max()
            if moved < 0.5 * _SKIN and np.array_equal(cell, self._pairs_at[1]):
                return self._pairs
        pairs = find_pairs(positions, cell, self._settings["cutoff"] + _SKIN)
        keys = _keys(pairs, len(self._symbols))
        self._pairs = pairs.select(~np.isin(keys, self._excluded))
        self._pairs_at = (positions.copy(), cell.copy())
        return self._pairs

    def _nonbonded(self, pairs: Pairs, r: FloatArray) -> tuple[FloatArray, FloatArray]:
        i, j = pairs.first, pairs.second
        cutoff, rho = self._settings["cutoff"], self._settings["rho"]
        parameters = (
            self._strength[i, j] * np.exp(self._contact[i, j] / rho),
            COULOMB * self.charges[i] * self.charges[j],
            self._c6[i, j],
            self._r6[i, j],
        )
        damping = self._settings["damping"]
        energy, slope = _terms(r, rho, damping, *parameters)
        edge, edge_slope = _terms(np.full_like(r, cutoff), rho, damping, *parameters)
        return energy - edge - (r - cutoff) * edge_slope, slope - edge_slope


def _terms(
    r: FloatArray,
    rho: float,
    damping: float,
    repulsion: FloatArray,
    coulomb: FloatArray,
    c6: FloatArray,
    r6: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    wall = repulsion * np.exp(-r / rho)
    screened = coulomb * _erfc(damping * r) / r
    gauss = coulomb * 2 * damping / np.sqrt(np.pi) * np.exp(-((damping * r) ** 2))
    sixth = r**6 + r6
    energy = wall + screened - c6 / sixth
    slope = -wall / rho - (screened + gauss) / r + 6 * c6 * r**5 / sixth**2
    return energy, slope


def _erfc(x: FloatArray) -> FloatArray:
    """Complementary error function for x ≥ 0, Chebyshev fit of Numerical Recipes (1.2e-7)."""
    t = 1.0 / (1.0 + 0.5 * x)
    series = np.zeros_like(x)
    for c in (
        0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807,
        -0.18628806, 0.09678418, 0.37409196, 1.00002368,
    ):  # fmt: skip
        series = series * t + c
    fitted: FloatArray = t * np.exp(-x * x - 1.26551223 + t * series)
    return fitted


def _charges(
    symbols: tuple[str, ...], molecules: Molecules, tetrahedral: Springs, table: dict[str, Any]
) -> FloatArray:
    formal = np.array([table["ions"].get(s, {}).get("charge", 0.0) for s in symbols], dtype=float)
    chosen = np.where(molecules.organic, molecules.charges, formal)
    scale = np.full(len(symbols), table["nonbonded"]["charge_scale"])
    scale[tetrahedral.atoms] = table["tetrahedral"]["charge_scale"]
    return np.asarray(chosen * scale)


def _pair_parameters(
    symbols: tuple[str, ...], charges: FloatArray, molecules: Molecules, table: dict[str, Any]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    settings = table["nonbonded"]
    protons = np.array([s == "H" for s in symbols]) & (charges > 0)
    ionic = np.array([table["ions"].get(s, {}).get("radius", np.nan) for s in symbols])
    covalent = np.array([covalent_radius(s) for s in symbols])
    ionic = np.where(np.isnan(ionic), covalent, ionic)
    ionic = np.where(protons, settings["hydrogen_radius"], ionic)
    waals = np.where(molecules.organic | (charges == 0), covalent + 0.8, ionic)
    product = charges[:, None] * charges[None, :]
    contact = ionic[:, None] + ionic[None, :]
    for name, entry in table["contacts"].items():
        a, b = (np.array([s == part for s in symbols]) for part in name.split("-"))
        chosen = (a[:, None] & b[None, :]) | (b[:, None] & a[None, :])
        contact[chosen] = entry["distance"]
    share = np.where(
        protons[:, None] | protons[None, :], settings["hydrogen_share"], settings["madelung_share"]
    )
    attracted = share * COULOMB * np.abs(product) * settings["rho"] / contact**2
    strength = np.where(product < 0, attracted, settings["like_strength"])
    neutral = product == 0
    strength = np.where(neutral, settings["contact_strength"], strength)
    contact = np.where(neutral, waals[:, None] + waals[None, :], contact)
    c6, r6 = _dispersion(symbols, molecules, table)
    return strength, contact, c6, r6


def _dispersion(
    symbols: tuple[str, ...], molecules: Molecules, table: dict[str, Any]
) -> tuple[FloatArray, FloatArray]:
    tabulated, joint = table["molecules"]["dispersion"], table["adhesion"]
    single = np.sqrt([tabulated.get(s, {}).get("c6", 0.0) * _J_NM6_PER_MOL for s in symbols])
    radius = np.array([tabulated.get(s, {}).get("radius", joint["radius"]) for s in symbols])
    takes_part = molecules.organic[:, None] | molecules.organic[None, :]
    c6 = np.where(takes_part, single[:, None] * single[None, :], 0.0)
    one, other = (np.isin(symbols, side) & ~molecules.organic for side in joint["between"])
    across = (one[:, None] & other[None, :]) | (other[:, None] & one[None, :])
    c6 = np.where(across, joint["c6"] * _J_NM6_PER_MOL, c6)
    return c6, (radius[:, None] + radius[None, :]) ** 6


def _constant_energy(
    charges: FloatArray, molecules: Molecules, tetrahedral: Springs, table: dict[str, Any]
) -> float:
    settings = table["nonbonded"]
    cutoff, damping = settings["cutoff"], settings["damping"]
    edge = float(_erfc(np.array([damping * cutoff]))[0])
    own = edge / (2 * cutoff) + damping / np.sqrt(np.pi)
    bonds = len(molecules.bonds()) * table["molecules"]["bond_energy"]
    atoms = len(charges) * settings["atom_energy"]
    covalent = len(tetrahedral.atoms) * table["tetrahedral"]["atom_energy"]
    return float(atoms + bonds + covalent - COULOMB * own * (charges**2).sum())


def _keys(pairs: Pairs, n_atoms: int) -> NDArray[np.int64]:
    """Return one integer per pair, the same whichever atom comes first."""
    flip = pairs.first > pairs.second
    image = np.where(flip[:, None], -pairs.image, pairs.image)
    low = np.minimum(pairs.first, pairs.second)
    high = np.maximum(pairs.first, pairs.second)
    same = low == high
    negative = same & ((image @ np.array([1_000_000, 1000, 1])) < 0)
    image = np.where(negative[:, None], -image, image)
    code = ((image[:, 0] + 100) * 201 + image[:, 1] + 100) * 201 + image[:, 2] + 100
    return np.asarray((code * n_atoms + low) * n_atoms + high, dtype=np.int64)
