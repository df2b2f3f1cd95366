"""Density of states and eigenvalues from a table of band edges.

Every atom contributes states between edges that follow its surroundings (``band_edges.yaml``);
filled states of all atoms add up to NELECT. Bands are rounded steps smeared by SIGMA; eigenvalues
are the energies at which the integrated density of states passes whole bands, so that the band
edges at Γ are those of the density of states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdstruct.running.mock.tables import read_table
from qdstruct.running.mock.topology import Molecules, find_pairs
from qdstruct.running.vaspfiles.elements import potential
from qdstruct.running.vaspfiles.facts import DensityOfStates, Levels
from qdstruct.running.vaspfiles.inputs import KpointMesh, PoscarStructure
from qdstruct.running.vaspfiles.settings import Settings

__all__ = ["Band", "MockLevels", "density_of_states", "environments", "find_levels"]

FloatArray = NDArray[np.float64]
_HALIDES = frozenset({"F", "Cl", "Br", "I"})
_ANIONS = _HALIDES | {"O", "S", "Se", "Te"}
_LARGE = frozenset({"K", "Rb", "Cs"})
"""Cations that hold no chalcogenide together: they belong to the halide beside them."""
_FINE = 8001
_ORBITALS = ("s", "p", "d")


@dataclass(frozen=True, kw_only=True)
class Band:
    """A band of one atom."""

    orbital: int
    """0 s, 1 p, 2 d."""
    states: float
    """Electrons it holds when full."""
    low: float
    """Lower edge, eV."""
    high: float
    """Upper edge, eV."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MockLevels(Levels):
    """Levels, and the bands that they were made from."""

    bands: tuple[tuple[Band, ...], ...]
    """For each atom the bands that it contributes to."""
    environments: tuple[str, ...]
    """Surroundings that each atom was given, a row of the table."""


def environments(structure: PoscarStructure, molecules: Molecules) -> tuple[str, ...]:
    """Name the surroundings of each atom: a key of ``environments`` in ``band_edges.yaml``.

    Atoms of molecules are ``molecule``. A cation takes the anion that weighs most around it, an
    anion the cation; large cations take a halide if there is one near. Lead halides are layered
    where ammonium nitrogen outweighs caesium (or another large cation) around them.
    """
    weights = _neighbour_weights(structure)
    names = []
    for atom, symbol in enumerate(structure.symbols):
        if molecules.organic[atom]:
            names.append("molecule")
            continue
        near = _ions_around(atom, weights, structure, molecules)
        anion: str | None = symbol
        cation: str | None = symbol
        if symbol in _ANIONS:
            cation = _heaviest(near, lambda s: s not in _ANIONS, avoid=_LARGE)
        else:
            avoid = _ANIONS - _HALIDES if symbol in _LARGE else frozenset()
            anion = _heaviest(near, lambda s: s in _ANIONS, avoid=avoid)
        names.append(_environment(anion, cation, partial(_is_layered, atom, structure)))
    return tuple(names)


def _environment(anion: str | None, cation: str | None, is_layered: Callable[[], bool]) -> str:
    if anion in _HALIDES:
        return "layered halide perovskite" if is_layered() else "halide perovskite"
    if anion == "S" and cation in ("Cd", "Zn", "Pb"):
        return f"{cation}S"
    if anion == "S":
        return "CdS"
    if anion in ("Se", "Te"):
        return "selenide"
    if anion == "O":
        return "MoO3" if cation == "Mo" else "oxide"
    return "other"


def _neighbour_weights(structure: PoscarStructure) -> FloatArray:
    pairs = find_pairs(structure.positions, structure.cell, 6.5)
    r = np.linalg.norm(pairs.vectors(structure.positions, structure.cell), axis=1)
    n = len(structure.symbols)
    weights = np.zeros((n, n))
    np.add.at(weights, (pairs.first, pairs.second), np.exp(-r / 0.35))
    return weights + weights.T


def _ions_around(
    atom: int, weights: FloatArray, structure: PoscarStructure, molecules: Molecules
) -> dict[str, float]:
    """Return the weight of each kind of ion around an atom."""
    sums: dict[str, float] = {}
    for other in np.nonzero(weights[atom])[0]:
        if not molecules.organic[other]:
            symbol = structure.symbols[other]
            sums[symbol] = sums.get(symbol, 0.0) + float(weights[atom, other])
    return sums


def _heaviest(
    near: dict[str, float], wanted: Callable[[str], bool], avoid: frozenset[str]
) -> str | None:
    """Return the wanted element with the largest weight, one to avoid only if there is no other."""
    chosen = {symbol: weight for symbol, weight in near.items() if wanted(symbol)}
    chosen = {s: w for s, w in chosen.items() if s not in avoid} or chosen
    return max(sorted(chosen), key=lambda s: chosen[s]) if chosen else None


def _is_layered(atom: int, structure: PoscarStructure) -> bool:
    """Whether nitrogen outweighs large cations around an atom (Gaussian weight of 4 Å)."""
    symbols = np.array(structure.symbols)
    difference = structure.scaled - structure.scaled[atom]
    difference -= np.round(difference)
    r = np.linalg.norm(difference @ structure.cell, axis=1)
    weight = np.exp(-((r / 4.0) ** 2))
    return bool(weight[symbols == "N"].sum() > weight[np.isin(symbols, list(_LARGE))].sum())


def find_levels(
    structure: PoscarStructure,
    molecules: Molecules,
    kpoints: KpointMesh,
    settings: Settings,
    electrons: FloatArray,
    vacuum_level: float,
) -> MockLevels:
    """Fill the table's bands with NELECT electrons.

    Parameters
    ----------
    structure, molecules, kpoints, settings
        The job.
    electrons : (N,) array
        Electrons of each atom, summing to NELECT.
    vacuum_level : float
        eV; the table's energies are relative to it.
    """
    names = environments(structure, molecules)
    table = read_table("mock/band_edges")
    bands = tuple(
        tuple(_bands_of_atom(symbol, name, amount, vacuum_level, table))
        for symbol, name, amount in zip(structure.symbols, names, electrons, strict=True)
    )
    everything = _grouped(band for atom in bands for band in atom)
    fine = np.linspace(everything.low.min() - 0.5, everything.high.max() + 0.5, _FINE)
    filled = _count(everything, fine)
    values = _eigenvalues(fine, filled, kpoints, settings, float(table["bands"]["dispersion"]))
    return MockLevels(
        fermi=_fermi_level(everything, settings.nelect),
        eigenvalues=values,
        occupations=_occupations(settings, values.shape),
        bands=bands,
        environments=names,
    )


def density_of_states(levels: MockLevels, settings: Settings) -> DensityOfStates:
    """Smear the bands of `levels` on the energy axis that EMIN, EMAX and NEDOS ask for."""
    energies = _axis(settings, levels.eigenvalues)
    projected = _projected(levels.bands, energies, settings.sigma)
    everything = _grouped(band for atom in levels.bands for band in atom)
    below = _smeared_count(everything, energies, settings.sigma) / settings.ispin
    share = float(read_table("mock/band_edges")["bands"]["projected_share"]) / settings.ispin
    spins = settings.ispin
    return DensityOfStates(
        fermi=levels.fermi,
        energies=energies,
        total=np.tile(projected.sum(axis=(0, 1)) / spins, (spins, 1)),
        integrated=np.tile(below, (spins, 1)),
        projected=np.repeat(share * projected[:, None], spins, axis=1),
    )


def _bands_of_atom(
    symbol: str, name: str, amount: float, vacuum: float, table: dict[str, Any]
) -> list[Band]:
    edges, shape = table["environments"][name], table["bands"]
    top, bottom = vacuum + edges["valence"], vacuum + edges["conduction"]
    entry = table["elements"].get(symbol) or {
        "deep": [], "valence": {"s": 1, "p": 2, "d": 1}, "conduction": {"s": 1, "p": 2, "d": 1}
    }  # fmt: skip
    valence = potential(symbol).zval
    scale = amount / valence
    bands = []
    for orbital, count, depth, width in entry["deep"]:
        kept = min(float(count), valence)
        valence -= kept
        low = top - depth - width / 2
        bands.append(
            Band(orbital=_ORBITALS.index(orbital), states=kept * scale, low=low, high=low + width)
        )
    whole = sum(entry["valence"].values())
    for orbital, part in entry["valence"].items():
        bands.append(
            Band(
                orbital=_ORBITALS.index(orbital),
                states=valence * scale * part / whole,
                low=top - shape["valence_width"],
                high=top,
            )
        )
    whole = sum(entry["conduction"].values())
    for orbital, part in entry["conduction"].items():
        bands.append(
            Band(
                orbital=_ORBITALS.index(orbital),
                states=shape["conduction_states"] * part / whole,
                low=bottom,
                high=bottom + shape["conduction_width"],
            )
        )
    return [band for band in bands if band.states > 0]


def _filled_share(x: FloatArray) -> FloatArray:
    """Share of a band between -1 and 1 that lies below x: half a semi-ellipse, half a step.

    The step keeps edges where the table puts them, whatever number of states a threshold needs.
    """
    y = np.clip(x, -1.0, 1.0)
    ellipse = 0.5 + (y * np.sqrt(1 - y * y) + np.arcsin(y)) / np.pi
    return np.asarray(0.5 * ellipse + 0.25 * (1 + y))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Groups:
    """Bands with the same edges, added up."""

    low: FloatArray
    high: FloatArray
    states: FloatArray


def _grouped(bands: Iterable[Band]) -> _Groups:
    groups: dict[tuple[float, float], float] = {}
    for band in bands:
        key = (band.low, band.high)
        groups[key] = groups.get(key, 0.0) + band.states
    return _Groups(
        low=np.array([low for low, _ in groups]),
        high=np.array([high for _, high in groups]),
        states=np.array(list(groups.values())),
    )


def _count(groups: _Groups, energies: FloatArray) -> FloatArray:
    """Return the states below each energy, without smearing."""
    middle, width = groups.low + groups.high, groups.high - groups.low
    filled = _filled_share((2 * energies[..., None] - middle) / width)
    return np.asarray(filled @ groups.states)


def _fermi_level(groups: _Groups, nelect: float) -> float:
    """Middle of the gap, or the energy at which NELECT states are filled where there is none."""
    low, high = float(groups.low.min()), float(groups.high.max())
    sides = []
    for target in (nelect - 1e-6, nelect + 1e-6):
        a, b = low, high
        for _ in range(80):
            middle = 0.5 * (a + b)
            if _count(groups, np.array(middle)) < target:
                a = middle
            else:
                b = middle
        sides.append(0.5 * (a + b))
    return 0.5 * (sides[0] + sides[1])


def _eigenvalues(
    fine: FloatArray, filled: FloatArray, kpoints: KpointMesh, settings: Settings, width: float
) -> FloatArray:
    """Return (spin, k-point, band); at Γ filled bands touch their top, empty ones their bottom."""
    occupied = _occupied_bands(settings)
    grid_count = filled + 1e-9 * np.arange(len(filled))
    distance = np.sin(np.pi * kpoints.points) ** 2 @ np.full(3, 1.0 / 3.0)
    values = np.zeros((settings.ispin, len(kpoints.points), settings.nbands))
    for spin, full in enumerate(occupied):
        bands = np.arange(settings.nbands)
        target = np.where(bands < full, 2.0 * (bands + 1) - 1e-4, 2.0 * bands + 1e-4)
        target = np.where(bands == full, np.maximum(target, settings.nelect + 1e-4), target)
        target = np.where(bands == full - 1, np.minimum(target, settings.nelect - 1e-4), target)
        at_gamma = np.interp(target, grid_count, fine)
        beyond = np.maximum(target - grid_count[-1], 0.0)
        at_gamma = at_gamma + 0.1 * beyond
        direction = np.where(bands < full, -1.0, 1.0)
        values[spin] = at_gamma + width * direction * distance[:, None]
    return np.sort(values, axis=2)


def _occupied_bands(settings: Settings) -> list[int]:
    if settings.ispin == 1:
        return [int(np.ceil(settings.nelect / 2 - 1e-9))]
    up = int(np.ceil(settings.nelect / 2 - 1e-9))
    return [up, max(round(settings.nelect) - up, 0)]


def _occupations(settings: Settings, shape: tuple[int, ...]) -> FloatArray:
    """Fill bands in order; the last one takes the fraction that is left."""
    occupations = np.zeros(shape)
    left = settings.nelect / 2 if settings.ispin == 1 else settings.nelect
    for spin, full in enumerate(_occupied_bands(settings)):
        amount = left if settings.ispin == 1 else min(float(full), left)
        occupations[spin] = np.clip(amount - np.arange(shape[2]), 0.0, 1.0)
        left -= amount
    return occupations


def _axis(settings: Settings, values: FloatArray) -> FloatArray:
    low = settings.emin if settings.emin is not None else float(values.min()) - 1.0
    high = settings.emax if settings.emax is not None else float(values.max()) + 1.0
    if high <= low:
        low, high = float(values.min()) - 1.0, float(values.max()) + 1.0
    return np.linspace(low, high, settings.nedos)


def _smeared_count(groups: _Groups, energies: FloatArray, sigma: float) -> FloatArray:
    """Return the states below each energy, smeared by a Gaussian of width `sigma`/√2 as VASP's."""
    nodes, weights = np.polynomial.hermite.hermgauss(21)
    total = np.zeros_like(energies)
    for node, weight in zip(nodes, weights, strict=True):
        total += weight / np.sqrt(np.pi) * _count(groups, energies - max(sigma, 1e-3) * node)
    return total


def _projected(
    bands: tuple[tuple[Band, ...], ...], energies: FloatArray, sigma: float
) -> FloatArray:
    """Return (atom, orbital, E) states/eV: differences of the smeared count over each interval."""
    step = energies[1] - energies[0]
    edges = np.append(energies, energies[-1] + step) - 0.5 * step
    curves: dict[tuple[float, float], FloatArray] = {}
    result = np.zeros((len(bands), 3, len(energies)))
    for atom, own in enumerate(bands):
        for band in own:
            key = (band.low, band.high)
            if key not in curves:
                unit = _grouped([Band(orbital=0, states=1.0, low=band.low, high=band.high)])
                curves[key] = np.diff(_smeared_count(unit, edges, sigma)) / step
            result[atom, band.orbital] += band.states * curves[key]
    return result
