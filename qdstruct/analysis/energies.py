"""Energies of interfaces, surfaces and ligand layers: per area, with every term and its sign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
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
    "adhesion_energy",
    "binding_energy",
    "formation_energy",
    "formation_energy_line",
    "separation_energy",
    "strain_energy",
]

_CELL_TOLERANCE = 1e-3


def adhesion_energy(
    whole: FinishedCalculation,
    film: FinishedCalculation,
    substrate: FinishedCalculation,
    *,
    n_interfaces: int = 1,
    axis: int = 2,
) -> EnergyPerArea:
    """Energy gained per area when film and substrate join: (E_film + E_substrate − E_AB) / nA.

    With parts frozen as in the interface it is the rigid work of separation; with parts relaxed
    on their own it is the work of adhesion (M. W. Finnis, J. Phys.: Condens. Matter 8, 5811
    (1996)).

    Parameters
    ----------
    whole, film, substrate : FinishedCalculation
        Converged calculations in the same cell; the parts together hold the atoms of the whole.
    n_interfaces : int
        Equivalent interfaces in the cell: 1 with a vacuum, 2 in a periodic stack.
    axis : int
        Cell vector that crosses the interface.

    Raises
    ------
    OutputError
        If a calculation is not converged, cells differ, or the atoms do not add up.
    """
    parts = {"film": film, "substrate": substrate}
    return separation_energy(whole, parts, n_interfaces=n_interfaces, axis=axis)


def separation_energy(
    whole: FinishedCalculation,
    parts: Mapping[str, FinishedCalculation],
    *,
    n_interfaces: int = 1,
    axis: int = 2,
) -> EnergyPerArea:
    """Energy per area to take an interface apart into all its parts: (Σ E_part − E_AB) / nA.

    With film and substrate alone it is `adhesion_energy`; with a ligand layer as third part it
    holds the binding of the ligands too, and is named ``separation``.

    Parameters
    ----------
    whole : FinishedCalculation
        The interface.
    parts : mapping
        Name of the part → its calculation in the same cell.
    n_interfaces, axis : int
        As for `adhesion_energy`.

    Raises
    ------
    OutputError
        As `adhesion_energy`.
    """
    names = {"interface": whole, **parts}
    _check_usable(names)
    _check_same_area(names, axis)
    together: Counter[str] = Counter()
    for part in parts.values():
        together += _composition(part.atoms)
    _check_balance(_composition(whole.atoms), together, " and ".join(parts))
    terms = {f"E({name})": part.energy for name, part in parts.items()}
    terms["−E(interface)"] = -whole.energy
    plain = set(parts) == {"film", "substrate"}
    return _per_area(
        "adhesion" if plain else "separation", terms, whole.atoms, n_interfaces, axis,
        "positive: energy is gained when the two sides join" if plain
        else "positive: taking all parts away from each other costs energy",
    )  # fmt: skip


def binding_energy(
    whole: FinishedCalculation,
    bare: FinishedCalculation,
    ligand: FinishedCalculation,
    *,
    n_ligands: int,
    axis: int = 2,
) -> EnergyPerArea:
    """Energy gained per area when ligands bind: (E_bare + n E_ligand − E_covered) / A.

    Parameters
    ----------
    whole, bare : FinishedCalculation
        Covered and bare surface in the same cell.
    ligand : FinishedCalculation
        One ligand (molecule or ion pair) alone.
    n_ligands : int
        Ligands on the one face of the cell.

    Raises
    ------
    OutputError
        As `adhesion_energy`.
    """
    _check_usable({"covered surface": whole, "bare surface": bare, "ligand": ligand})
    _check_same_area({"covered surface": whole, "bare surface": bare}, axis)
    molecules = Counter({s: n * n_ligands for s, n in _composition(ligand.atoms).items()})
    parts = _composition(bare.atoms) + molecules
    _check_balance(_composition(whole.atoms), parts, f"bare surface and {n_ligands} ligands")
    terms = {
        "E(bare surface)": bare.energy,
        f"{n_ligands} E(ligand)": n_ligands * ligand.energy,
        "−E(covered surface)": -whole.energy,
    }
    return _per_area(
        "ligand binding", terms, whole.atoms, 1, axis,
        "positive: energy is gained when the ligands bind",
    )  # fmt: skip


def strain_energy(
    strained: FinishedCalculation, relaxed: FinishedCalculation, *, axis: int = 2
) -> EnergyPerArea:
    """Energy stored per area of the strained layer: (E_strained − N E_relaxed) / A.

    `relaxed` may be a smaller cell of the same crystal (a bulk unit): N is the ratio of the
    numbers of atoms. The area is that of the strained cell. Slabs of both keep their surfaces.

    Raises
    ------
    OutputError
        If a calculation is not converged or the compositions are not multiples.
    """
    _check_usable({"strained": strained, "relaxed": relaxed})
    ratio = len(strained.atoms) / len(relaxed.atoms)
    scaled = Counter({s: round(n * ratio) for s, n in _composition(relaxed.atoms).items()})
    _check_balance(_composition(strained.atoms), scaled, f"{ratio:g} relaxed cells")
    terms = {"E(strained)": strained.energy, f"−{ratio:g} E(relaxed)": -ratio * relaxed.energy}
    return _per_area(
        "strain", terms, strained.atoms, 1, axis, "positive: the strain costs energy"
    )  # fmt: skip


def formation_energy(
    whole: FinishedCalculation,
    chemical_potentials: Mapping[str, float],
    *,
    n_interfaces: int = 1,
    surface_energies: Sequence[float] = (),
    axis: int = 2,
) -> EnergyPerArea:
    """Cost per area of an interface against its reservoirs: (E − Σ nᵢ μᵢ − A Σ γ) / nA.

    Parameters
    ----------
    whole : FinishedCalculation
        The cell with the interface.
    chemical_potentials : mapping
        μ in eV per atom of every element of the cell. For elements that occur in one stoichiometric
        proportion only, any set with the right bulk energy gives the same result.
    n_interfaces : int
        Equivalent interfaces in the cell.
    surface_energies : sequence of float
        γ in eV/Å² of each free surface in the cell: two with a vacuum, none in a periodic stack.

    Raises
    ------
    InputError
        If an element has no chemical potential.
    OutputError
        If the calculation is not converged.
    """
    _check_usable({"interface": whole})
    composition = _composition(whole.atoms)
    missing = sorted(set(composition) - set(chemical_potentials))
    if missing:
        raise InputError(f"no chemical potential given for {', '.join(missing)}")
    area = cell_area(whole.atoms, axis)
    terms = {"E(interface)": whole.energy}
    for symbol, count in composition.items():
        terms[f"−{count} μ({symbol})"] = -count * chemical_potentials[symbol]
    for number, gamma in enumerate(surface_energies, 1):
        terms[f"−A γ({number})"] = -area * gamma
    return _per_area(
        "interface formation", terms, whole.atoms, n_interfaces, axis,
        "positive: making the interface costs energy",
    )  # fmt: skip


def formation_energy_line(
    whole: FinishedCalculation,
    chemical_potentials: Mapping[str, float],
    *,
    changing: str,
    compound: Mapping[str, int],
    compound_energy: float,
    limits: tuple[float, float],
    balanced_by: str,
    n_points: int = 51,
    n_interfaces: int = 1,
    surface_energies: Sequence[float] = (),
    axis: int = 2,
) -> DataArray:
    """Follow the formation energy of a non-stoichiometric termination along one potential.

    While μ of `changing` moves, that of `balanced_by` follows so that `compound` keeps its energy
    (equilibrium with the bulk crystal); the others stay.

    Parameters
    ----------
    chemical_potentials : mapping
        μ in eV per atom; the entries of `changing` and `balanced_by` are replaced.
    changing, balanced_by : str
        Elements.
    compound : mapping
        Element → number of atoms per formula unit of the bulk crystal.
    compound_energy : float
        eV per formula unit.
    limits : (poor, rich)
        Range of μ of `changing`, eV per atom.

    Returns
    -------
    DataArray
        eV/Å², dims (mu,).

    Raises
    ------
    InputError
        If the compound lacks one of the two elements, or limits are not ascending.
    """
    from xarray import DataArray

    if changing == balanced_by or not {changing, balanced_by} <= set(compound):
        raise InputError(f"the compound must hold both {changing} and {balanced_by}")
    if not limits[0] < limits[1]:
        raise InputError(f"the limits {limits[0]:g} … {limits[1]:g} eV are not ascending")
    values = []
    mu = np.linspace(*limits, n_points)
    for level in mu:
        potentials = {**chemical_potentials, changing: float(level)}
        rest = sum(n * potentials[s] for s, n in compound.items() if s != balanced_by)
        potentials[balanced_by] = (compound_energy - rest) / compound[balanced_by]
        energy = formation_energy(
            whole, potentials, n_interfaces=n_interfaces, surface_energies=surface_energies,
            axis=axis,
        )  # fmt: skip
        values.append(energy.value)
    return DataArray(
        values,
        dims=("mu",),
        coords={"mu": ("mu", mu, {"unit": "eV", "element": changing})},
        attrs={"unit": "eV/Å²", "balanced_by": balanced_by, "area": cell_area(whole.atoms, axis)},
        name="interface_formation",
    )


def _per_area(
    name: str,
    terms: dict[str, float],
    atoms: Atoms,
    n_interfaces: int,
    axis: int,
    convention: str,
) -> EnergyPerArea:
    area = cell_area(atoms, axis)
    if not area > 0:
        raise InputError(
            f"the {name} energy has no area to refer to: the cell vectors span none",
            hint="an energy per interface without its area cannot be compared with anything",
        )
    if n_interfaces < 1:
        raise InputError(f"{n_interfaces} interfaces cannot share an energy")
    return EnergyPerArea(
        name=name,
        value=sum(terms.values()) / (area * n_interfaces),
        area=area,
        n_interfaces=n_interfaces,
        terms=terms,
        convention=convention,
    )


def _composition(atoms: Atoms) -> Counter[str]:
    return Counter(atoms.get_chemical_symbols())


def _check_usable(calculations: Mapping[str, FinishedCalculation]) -> None:
    for name, calculation in calculations.items():
        if not calculation.converged:
            raise OutputError(
                f"the calculation of the {name} is not converged: its energy means nothing",
                hint="continue it until SCF and forces are converged",
            )
    if len({calculation.is_mock for calculation in calculations.values()}) > 1:
        raise OutputError("energies of the mock and of a real calculation cannot be combined")


def _check_same_area(calculations: Mapping[str, FinishedCalculation], axis: int) -> None:
    (first, reference), *others = calculations.items()
    sides = [k for k in range(3) if k != axis]
    for name, calculation in others:
        apart = np.asarray(calculation.atoms.cell)[sides] - np.asarray(reference.atoms.cell)[sides]
        if np.abs(apart).max() > _CELL_TOLERANCE:
            raise OutputError(
                f"the {name} and the {first} have different in-plane cells (by up to "
                f"{np.abs(apart).max():.3f} Å)",
                hint="energies per area need the same area in every term",
            )


def _check_balance(whole: Counter[str], parts: Counter[str], what: str) -> None:
    if whole != parts:
        unequal = {
            s: (whole[s], parts[s]) for s in sorted(set(whole) | set(parts)) if whole[s] != parts[s]
        }
        listed = ", ".join(f"{s} {a} against {b}" for s, (a, b) in unequal.items())
        raise OutputError(f"the atoms do not add up with {what}: {listed}")
