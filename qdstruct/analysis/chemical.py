"""Chemical potentials: how rich or poor growth can be while crystals stay stable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from qdstruct.analysis.formation import formation_against_bulk, formula_unit, formula_units
from qdstruct.errors import InputError
from qdstruct.model import FinishedCalculation, PotentialLine

__all__ = ["coupled_elements", "formation_enthalpy", "potential_limits", "potential_lines"]

Compounds = Mapping[str, tuple[Mapping[str, int], float]]
"""Name of a crystal → its formula and its formation enthalpy per formula unit, eV."""


def formation_enthalpy(bulk: FinishedCalculation, references: Mapping[str, float]) -> float:
    """Return E(formula unit) − Σ fᵢ Eᵢ, eV per formula unit: negative for a stable compound.

    Parameters
    ----------
    bulk : FinishedCalculation
        The crystal.
    references : mapping
        Element → energy per atom of the element itself, eV.

    Raises
    ------
    InputError
        If an element has no reference.
    """
    formula, units = formula_unit(bulk.atoms.get_chemical_symbols())
    missing = sorted(set(formula) - set(references))
    if missing:
        raise InputError(
            f"the formation enthalpy of {bulk.atoms.get_chemical_formula(mode='metal')} needs the "
            f"energy per atom of {', '.join(missing)} as an element"
        )
    return bulk.energy / units - sum(n * references[e] for e, n in formula.items())


def coupled_elements(
    elements: Sequence[str], formulas: Mapping[str, Mapping[str, int]]
) -> tuple[str, ...]:
    """Return the elements whose potentials bound those of `elements`: through shared crystals."""
    found = set(elements)
    while True:
        linked = {e for f in formulas.values() if found & set(f) for e in f} | found
        if linked == found:
            return tuple(sorted(found))
        found = linked


def potential_limits(element: str, compounds: Compounds) -> tuple[float, float]:
    """Return the least and the greatest Δμ of an element, eV per atom.

    In equilibrium with every crystal Σ fᵢ Δμᵢ = ΔH; no element may precipitate, so Δμᵢ ≤ 0 (G.-X.
    Qian, R. M. Martin and D. J. Chadi, Phys. Rev. B 38, 7649 (1988)). Other compounds of the same
    elements may narrow the range further.

    Parameters
    ----------
    element : str
        The element.
    compounds : mapping
        Crystal → formula and formation enthalpy per formula unit, eV.

    Raises
    ------
    InputError
        If a crystal is not stable against its elements, no potentials allow all of them, or no
        crystal holds the element, so that nothing bounds it from below.
    """
    if not any(element in formula for formula, _ in compounds.values()):
        raise InputError(
            f"no crystal holds {element}, so nothing keeps it from becoming arbitrarily poor",
            hint=f"give a compound of {element} and its formation enthalpy",
        )
    return (
        _extreme(compounds, {element: 1.0}, {}, "the chemical potentials") + 0.0,
        0.0 - _extreme(compounds, {element: -1.0}, {}, "the chemical potentials"),
    )


def potential_lines(
    whole: FinishedCalculation,
    bulks: Mapping[str, FinishedCalculation],
    references: Mapping[str, float],
    *,
    enthalpies: Mapping[str, float] | None = None,
    surface_energies: Sequence[float] = (),
    n_interfaces: int = 1,
    axis: int = 2,
    n_points: int = 41,
) -> tuple[PotentialLine, ...]:
    """Follow `formation_against_bulk` over Δμ of every element that the cell has in excess.

    Parameters
    ----------
    whole, bulks, surface_energies, n_interfaces, axis
        As `formation_against_bulk`.
    references : mapping
        Element → energy per atom of the element itself, eV; all that share a crystal with an
        excess element are needed.
    enthalpies : mapping, optional
        Crystal → formation enthalpy per formula unit, eV, where `bulks` are strained; from `bulks`
        by default.
    n_points : int
        Values of Δμ.

    Returns
    -------
    tuple of PotentialLine
        One for each element in excess; none for a stoichiometric cell.

    Raises
    ------
    InputError
        If a reference is missing, or a crystal is not stable against its elements.
    OutputError
        If a calculation is not converged.
    """
    from xarray import DataArray

    formulas = {n: formula_unit(b.atoms.get_chemical_symbols())[0] for n, b in bulks.items()}
    excess = formula_units(whole.atoms.get_chemical_symbols(), formulas)[1]
    if not excess:
        return ()
    needed = set(coupled_elements(tuple(excess), formulas))
    missing = sorted(needed - set(references))
    if missing:
        raise InputError(
            f"the limits of μ({', '.join(excess)}) need the energy per atom of "
            f"{', '.join(missing)} as {'an element' if len(missing) == 1 else 'elements'}"
        )
    given = dict(enthalpies or {})
    compounds = {
        name: (formula, given[name] if name in given else formation_enthalpy(bulks[name],
                                                                             references))
        for name, formula in formulas.items() if needed & set(formula)
    }  # fmt: skip
    at_elements = formation_against_bulk(
        whole, bulks, chemical_potentials={e: references[e] for e in excess},
        surface_energies=surface_energies, n_interfaces=n_interfaces, axis=axis,
    )  # fmt: skip
    scale = at_elements.area * n_interfaces
    lines = []
    for element in excess:
        limits = potential_limits(element, compounds)
        mu = np.linspace(*limits, n_points)
        bounds = _bounds(element, excess, mu, compounds)
        energy = DataArray(
            at_elements.value - bounds / scale,
            dims=("bound", "mu"),
            coords={
                "bound": ["lowest", "highest"],
                "mu": ("mu", mu, {"unit": "eV", "reference": f"{element} as an element"}),
            },
            attrs={"unit": "eV/Å²", "area": at_elements.area, "element": element,
                   "quantity": at_elements.name},
            name="interface_formation",
        )  # fmt: skip
        lines.append(
            PotentialLine(
                element=element, excess=excess[element], limits=limits,
                references={e: references[e] for e in sorted(needed)},
                enthalpies={name: value for name, (_, value) in compounds.items()}, energy=energy,
            )
        )  # fmt: skip
    return tuple(lines)


def _bounds(
    element: str, excess: Mapping[str, float], mu: NDArray[np.float64], compounds: Compounds
) -> NDArray[np.float64]:
    """Return the greatest and the least Σ Δn Δμ at each Δμ of one element, (2, M)."""
    others = {e: n for e, n in excess.items() if e != element}
    own = excess[element] * mu
    if not others:
        return np.array([own, own])
    turned = {e: -n for e, n in others.items()}
    what = f"Δμ({element})"
    high = [-_extreme(compounds, turned, {element: float(m)}, what) for m in mu]
    low = [_extreme(compounds, others, {element: float(m)}, what) for m in mu]
    return np.asarray(own + np.array([high, low]), dtype=np.float64)


def _extreme(
    compounds: Compounds, weights: Mapping[str, float], fixed: Mapping[str, float], what: str
) -> float:
    """Return the least Σ wᵢ Δμᵢ that the crystals allow."""
    from scipy.optimize import linprog

    for name, (formula, enthalpy) in compounds.items():
        if enthalpy > 0:
            raise InputError(
                f"{name} ({_words(formula)}) is not stable against its elements: its formation "
                f"enthalpy is {enthalpy:+.3f} eV per formula unit",
                hint="are the references calculated with the same functional, cut-off and "
                "pseudopotentials as the crystals?",
            )
    elements = sorted({e for formula, _ in compounds.values() for e in formula})
    table = [[formula.get(e, 0) for e in elements] for formula, _ in compounds.values()]
    found = linprog(
        [weights.get(e, 0.0) for e in elements],
        A_eq=table,
        b_eq=[enthalpy for _, enthalpy in compounds.values()],
        bounds=[(fixed[e], fixed[e]) if e in fixed else (None, 0.0) for e in elements],
    )
    if not found.success or found.fun is None:
        raise InputError(
            f"{what}: {' and '.join(compounds)} are nowhere stable together against their elements",
            hint="are all energies from the same kind of calculation?",
        )
    return float(found.fun)


def _words(formula: Mapping[str, int]) -> str:
    return "".join(e + (str(n) if n > 1 else "") for e, n in formula.items())
