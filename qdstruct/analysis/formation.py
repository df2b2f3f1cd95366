"""Interfaces against their bulk crystals: formula units, what is left over, formation energies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import reduce
from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from qdstruct.analysis.heights import cell_area
from qdstruct.errors import InputError, OutputError
from qdstruct.model import FinishedCalculation
from qdstruct.model.electronic import EnergyPerArea

if TYPE_CHECKING:
    from ase import Atoms
    from xarray import DataArray

__all__ = [
    "formation_against_bulk",
    "formation_against_bulk_line",
    "formula_unit",
    "formula_units",
    "layer_strain_energy",
    "mean_surface_energy",
]


def formula_unit(symbols: Sequence[str]) -> tuple[dict[str, int], int]:
    """Return the smallest formula of a composition and how many of it there are."""
    counts = Counter(symbols)
    units = reduce(gcd, counts.values())
    return {symbol: count // units for symbol, count in counts.items()}, units


def formula_units(
    symbols: Sequence[str], compounds: Mapping[str, Mapping[str, int]]
) -> tuple[dict[str, float], dict[str, float]]:
    """Divide atoms into whole formula units of compounds and an excess.

    The numbers of units are those that leave the fewest atoms over (least absolute remainder);
    an element that only one compound holds fixes that compound's number when everything fits.

    Parameters
    ----------
    symbols : sequence of str
        Elements of the cell.
    compounds : mapping
        Name → element → atoms per formula unit.

    Returns
    -------
    units : dict
        Name → number of formula units.
    excess : dict
        Element → atoms beyond the units (negative: missing); empty for a stoichiometric cell.

    Raises
    ------
    InputError
        If an element of the cell belongs to no compound.
    """
    from scipy.optimize import linprog

    counts = Counter(symbols)
    elements = sorted(counts)
    stray = [e for e in elements if not any(e in compound for compound in compounds.values())]
    if stray:
        raise InputError(f"{', '.join(stray)} belongs to none of {', '.join(compounds)}")
    table = np.array([[compounds[n].get(e, 0) for n in compounds] for e in elements], dtype=float)
    wanted = np.array([counts[e] for e in elements], dtype=float)
    n, m = len(elements), len(compounds)
    # Least absolute deviations as a linear programme: table·x + up − down = wanted.
    equal = np.hstack([table, np.eye(n), -np.eye(n)])
    cost = np.concatenate([np.zeros(m), np.ones(2 * n)])
    integers = np.concatenate([np.ones(m), np.zeros(2 * n)])
    found = linprog(cost, A_eq=equal, b_eq=wanted, integrality=integers)
    if not found.success:
        raise InputError("the cell cannot be divided into formula units of its compounds")
    amounts = np.round(np.asarray(found.x)[:m])
    rest = wanted - table @ amounts
    units = {name: float(x) for name, x in zip(compounds, amounts, strict=True)}
    return units, {e: float(x) for e, x in zip(elements, rest, strict=True) if abs(x) > 1e-6}


def mean_surface_energy(
    slab: FinishedCalculation, bulk: FinishedCalculation, *, axis: int = 2
) -> float:
    """Return the mean surface energy of the two faces of a slab, eV/Å²: (E_slab − N E_bulk)/2A.

    Where the slab is strained and the bulk is not, the strain energy is part of it, and grows with
    the thickness of the slab; with the bulk strained alike it is not.

    Raises
    ------
    OutputError
        If one is not converged, or the slab is no whole number of formula units of the bulk.
    """
    for name, calculation in (("slab", slab), ("bulk crystal", bulk)):
        if not calculation.converged:
            raise OutputError(f"the calculation of the {name} is not converged")
    formula, units = formula_unit(bulk.atoms.get_chemical_symbols())
    amounts, excess = formula_units(slab.atoms.get_chemical_symbols(), {"bulk": formula})
    if excess:
        raise OutputError(
            f"the slab {slab.atoms.get_chemical_formula()} is not stoichiometric: "
            f"{_listed(excess)} beyond whole formula units",
            hint="its surface energy depends on chemical potentials",
        )
    energy = slab.energy - amounts["bulk"] * bulk.energy / units
    return energy / (2 * cell_area(slab.atoms, axis))


def layer_strain_energy(
    layer: Atoms,
    strained: FinishedCalculation,
    relaxed: FinishedCalculation,
    *,
    axis: int = 2,
) -> EnergyPerArea:
    """Energy stored in the strained layer of an interface, per area: n (e_strained − e_relaxed)/A.

    Parameters
    ----------
    layer : Atoms
        The atoms of one side in the cell of the interface: n formula units.
    strained, relaxed : FinishedCalculation
        The bulk crystal strained as in the interface, and free of strain; e is per formula unit.
    axis : int
        Cell vector along the normal.

    Raises
    ------
    OutputError
        If a calculation is not converged, the two crystals have different formulas, or the layer
        is no whole number of formula units: how many are strained is then not defined.
    """
    formulas, energies = _bulk_formulas({"strained": strained, "relaxed": relaxed})
    if formulas["strained"] != formulas["relaxed"]:
        raise OutputError("the strained and the strain-free crystal have different formulas")
    amounts, excess = formula_units(layer.get_chemical_symbols(), {"bulk": formulas["relaxed"]})
    if excess:
        raise OutputError(
            f"the layer {layer.get_chemical_formula()} is not stoichiometric: {_listed(excess)} "
            "beyond whole formula units, and its number of strained units is not defined",
            hint="count the units by hand and multiply the two crystals' difference",
        )
    units = amounts["bulk"]
    area = cell_area(layer, axis)
    terms = {
        f"{units:g} E(strained)": units * energies["strained"],
        f"−{units:g} E(relaxed)": -units * energies["relaxed"],
    }
    return EnergyPerArea(
        name="strain",
        value=sum(terms.values()) / area,
        area=area,
        n_interfaces=1,
        terms=terms,
        convention="positive: the strain costs energy",
    )


def formation_against_bulk(
    whole: FinishedCalculation,
    bulks: Mapping[str, FinishedCalculation],
    *,
    chemical_potentials: Mapping[str, float] | None = None,
    surface_energies: Sequence[float] = (),
    n_interfaces: int = 1,
    axis: int = 2,
) -> EnergyPerArea:
    """Cost per area of an interface against its bulk crystals: (E − Σ N E_bulk − Σ Δnμ − AΣγ)/nA.

    Parameters
    ----------
    whole : FinishedCalculation
        The cell with the interface.
    bulks : mapping
        Name of each crystal → its calculation (energies count per formula unit).
    chemical_potentials : mapping, optional
        μ in eV per atom of each element of which the cell holds more or less than whole formula
        units.
    surface_energies : sequence of float
        γ in eV/Å² of each free surface in the cell: two with a vacuum, none in a periodic stack.

    Raises
    ------
    InputError
        If an excess element has no chemical potential.
    OutputError
        If a calculation is not converged.
    """
    given = dict(chemical_potentials or {})
    formulas, energies = _bulk_formulas(bulks)
    units, excess = formula_units(whole.atoms.get_chemical_symbols(), formulas)
    missing = sorted(set(excess) - set(given))
    if missing:
        raise InputError(
            f"the cell holds {_listed(excess)} beyond whole formula units of "
            f"{' and '.join(bulks)}, and no chemical potential of {', '.join(missing)} is given",
            hint=f"give it in eV per atom, for example {missing[0]}=-4.1",
        )
    area = cell_area(whole.atoms, axis)
    if not whole.converged:
        raise OutputError("the calculation of the interface is not converged")
    terms = {"E(interface)": whole.energy}
    for name, count in units.items():
        terms[f"−{count:g} E({name})"] = -count * energies[name]
    for symbol, count in excess.items():
        terms[f"{-count:+g} μ({symbol})".replace("-", "−")] = -count * given[symbol]
    for number, gamma in enumerate(surface_energies, 1):
        terms[f"−A γ({number})"] = -area * gamma
    return EnergyPerArea(
        name="interface formation" if surface_energies else "interface and surface formation",
        value=sum(terms.values()) / (area * n_interfaces),
        area=area,
        n_interfaces=n_interfaces,
        terms=terms,
        convention="positive: making it from the bulk crystals costs energy",
    )


def formation_against_bulk_line(
    whole: FinishedCalculation,
    bulks: Mapping[str, FinishedCalculation],
    *,
    element: str,
    limits: tuple[float, float],
    chemical_potentials: Mapping[str, float] | None = None,
    surface_energies: Sequence[float] = (),
    n_interfaces: int = 1,
    axis: int = 2,
    n_points: int = 51,
) -> DataArray:
    """Follow `formation_against_bulk` along the chemical potential of one excess element.

    Parameters
    ----------
    element : str
        The element.
    limits : (poor, rich)
        Range of its chemical potential, eV per atom.

    Returns
    -------
    DataArray
        eV/Å², dims (mu,).

    Raises
    ------
    InputError
        If the limits are not ascending, or another excess element has no potential.
    """
    from xarray import DataArray

    if not limits[0] < limits[1]:
        raise InputError(f"the limits {limits[0]:g} … {limits[1]:g} eV are not ascending")
    mu = np.linspace(*limits, n_points)
    values = [
        formation_against_bulk(
            whole, bulks, chemical_potentials={**(chemical_potentials or {}), element: float(m)},
            surface_energies=surface_energies, n_interfaces=n_interfaces, axis=axis,
        ).value
        for m in mu
    ]  # fmt: skip
    return DataArray(
        values,
        dims=("mu",),
        coords={"mu": ("mu", mu, {"unit": "eV", "element": element})},
        attrs={"unit": "eV/Å²", "area": cell_area(whole.atoms, axis), "element": element},
        name="interface_formation",
    )


def _bulk_formulas(
    bulks: Mapping[str, FinishedCalculation],
) -> tuple[dict[str, dict[str, int]], dict[str, float]]:
    formulas, energies = {}, {}
    for name, bulk in bulks.items():
        if not bulk.converged:
            raise OutputError(f"the calculation of {name} is not converged")
        formulas[name], units = formula_unit(bulk.atoms.get_chemical_symbols())
        energies[name] = bulk.energy / units
    return formulas, energies


def _listed(excess: Mapping[str, float]) -> str:
    return ", ".join(f"{count:+g} {symbol}".replace("-", "−") for symbol, count in excess.items())
