"""The ionic model: point charges and Born–Mayer repulsion, as an ASE calculator.

What it is: a quick, parameter-lean guess at where two ionic crystals like to sit on each other.
What it is not: a source of adhesion energies. Charges are full formal charges, nothing is
polarised, there is no dispersion and no covalency, so energies are too large, the more so the more
covalent the crystals (sulphides). Registries and gaps are starting points for a real calculation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from numpy.typing import NDArray

from qdstruct.building.charges import IONIC_RADII, balanced_charges
from qdstruct.building.ewald import REAL_CUTOFF, ewald_sum
from qdstruct.errors import BuildError
from qdstruct.geometry.neighbours import NeighbourPairs, find_molecules, neighbour_pairs
from qdstruct.model import Phase
from qdstruct.resources import data_folder

__all__ = ["IonicModel", "IonicPhase", "Ions", "ionic_phase"]


@dataclass(frozen=True, kw_only=True)
class IonicPhase:
    """What the model knows of one crystal."""

    name: str
    """The crystal."""
    charges: Mapping[str, float]
    """Formal charge of each element, e."""
    radii: Mapping[str, float]
    """Radius R_i + δ/2 of each element, Å."""
    delta: float
    """δ: what was added to the sums of Shannon's radii so that the pressure vanishes, Å."""


@dataclass(frozen=True, kw_only=True)
class _BornMayer:
    strength: float
    length: float
    default_electrons: int
    helium_like: Mapping[str, int]

    def electrons(self, symbol: str) -> int:
        return self.helium_like.get(symbol, self.default_electrons)


@cache
def _born_mayer() -> _BornMayer:
    from ruamel.yaml import YAML

    table = YAML(typ="safe").load(data_folder("templates") / "ionic" / "born_mayer.yaml")
    return _BornMayer(
        strength=table["strength"]["value"],
        length=table["length"]["value"],
        default_electrons=table["outer_electrons"]["default"],
        helium_like=table["outer_electrons"]["helium_like"],
    )


def ionic_phase(phase: Phase) -> IonicPhase:
    """Derive the parameters of a crystal from its own structure.

    Parameters
    ----------
    phase : Phase
        A crystal of ions with formal charges and ionic radii; any symmetry.

    Raises
    ------
    BuildError
        If the crystal holds molecules, elements without charge or radius, or is not neutral.

    Notes
    -----
    The repulsion of a pair is B exp((R_i + R_j + δ − r)/ρ). Under a uniform expansion the Coulomb
    energy C changes as −C, and each repulsion φ as −(r/ρ) φ, so the pressure vanishes when
    exp(δ/ρ) = −ρ C / Σ r φ₀(r), the sum over pairs with δ = 0. Only the trace of the stress
    vanishes: the axes of a non-cubic crystal are not separately at rest.
    """
    charges = _charges_by_element(phase)
    plain = IonicPhase(
        name=phase.name,
        charges=charges,
        radii={symbol: IONIC_RADII[symbol] for symbol in charges},
        delta=0.0,
    )
    pairs = neighbour_pairs(phase.atoms, REAL_CUTOFF)
    symbols = phase.atoms.get_chemical_symbols()
    ions = Ions.of([plain] * len(symbols), symbols)
    coulomb = ewald_sum(phase.atoms, ions.charges, pairs=pairs).energy
    length = _born_mayer().length
    r = pairs.distances
    moment = 0.5 * float(r @ ions.repulsions(pairs, r))
    if coulomb >= 0:
        raise BuildError(
            f"{phase.name}: the ions do not attract each other, so it is no ionic crystal",
            hint="use another calculator",
        )
    delta = length * float(np.log(-coulomb * length / moment))
    radii = {symbol: radius + delta / 2 for symbol, radius in plain.radii.items()}
    return IonicPhase(name=phase.name, charges=charges, radii=radii, delta=delta)


def _charges_by_element(phase: Phase) -> dict[str, float]:
    molecules = find_molecules(phase.atoms)
    symbols = np.array(phase.atoms.get_chemical_symbols())
    if molecules.count:
        inside = ", ".join(sorted(set(symbols[molecules.ids >= 0].tolist())))
        raise BuildError(
            f"{phase.name} holds molecules ({inside}): the ionic model knows ions only",
            hint="use another calculator, for example --calculator chgnet",
        )
    unknown = sorted(set(symbols.tolist()) - set(IONIC_RADII))
    if unknown:
        raise BuildError(
            f"{phase.name}: no ionic radius for {', '.join(unknown)}",
            hint=f"the ionic model knows {', '.join(sorted(IONIC_RADII))}",
        )
    charges = balanced_charges(phase.atoms, molecules)
    if abs(charges.sum()) > 1e-6 or not charges.any():
        raise BuildError(
            f"{phase.name}: the formal charges add up to {charges.sum():+g} e per cell",
            hint="the ionic model is for compounds of cations and anions in balance",
        )
    return {symbol: float(charges[symbols == symbol].mean()) for symbol in sorted(set(symbols))}


@dataclass(frozen=True, kw_only=True, eq=False)
class Ions:
    """Charge, radius and Pauling's ratio z/n of each atom."""

    charges: NDArray[np.float64]
    radii: NDArray[np.float64]
    ratios: NDArray[np.float64]

    @classmethod
    def of(cls, phases: list[IonicPhase], symbols: list[str]) -> Ions:
        """Collect the parameters of atoms, each in the crystal it belongs to."""
        table = _born_mayer()
        pairs = list(zip(phases, symbols, strict=True))
        charges = np.array([phase.charges[symbol] for phase, symbol in pairs])
        return cls(
            charges=charges,
            radii=np.array([phase.radii[symbol] for phase, symbol in pairs]),
            ratios=charges / np.array([table.electrons(symbol) for symbol in symbols]),
        )

    def strengths(
        self, own: NDArray[np.int64], others: Ions, other: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], float]:
        """Return the factors B of B exp(−r/ρ) between ions of two bodies, eV, and ρ, Å."""
        table = _born_mayer()
        factors = 1 + self.ratios[own] + others.ratios[other]
        contacts = self.radii[own] + others.radii[other]
        return table.strength * factors * np.exp(contacts / table.length), table.length

    def repulsions(self, pairs: NeighbourPairs, r: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the Born–Mayer energy of each pair, eV."""
        factors, length = self.strengths(pairs.first, self, pairs.second)
        return np.asarray(factors * np.exp(-r / length))


class IonicModel(Calculator):  # type: ignore[misc]
    """Point charges (Ewald sum) and Born–Mayer repulsion; parameters derived crystal by crystal.

    Parameters
    ----------
    phases : mapping
        Region name → its crystal, ``{"film": ..., "substrate": ...}``. An atom takes the
        parameters of its ``region``; atoms without that array those of the only entry.
    slab : bool
        True for slabs with vacuum along z (see `ewald_sum`).

    Notes
    -----
    ``templates/ionic/born_mayer.yaml`` holds formula, constants and sources; `ionic_phase` derives
    the rest. Between two crystals the contact distance is the sum of the radii that each has in
    its own crystal, so a crystal on itself is the bulk. See the module for what the model lacks.
    """

    name = "ionic model (formal charges, Ewald and Born-Mayer)"
    implemented_properties: ClassVar[list[str]] = ["energy", "forces"]

    def __init__(self, phases: Mapping[str, IonicPhase], *, slab: bool = False) -> None:
        super().__init__()
        self.phases = dict(phases)
        self.slab = slab

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Compute energy (eV) and forces (eV/Å)."""
        super().calculate(atoms, properties or ["energy"], system_changes)
        periodic = self.atoms.copy()
        periodic.pbc = True
        ions = Ions.of(self._phase_of_each(periodic), periodic.get_chemical_symbols())
        pairs = neighbour_pairs(periodic, REAL_CUTOFF)
        coulomb = ewald_sum(periodic, ions.charges, slab=self.slab, pairs=pairs)
        r = pairs.distances
        repulsions = ions.repulsions(pairs, r)
        push = (repulsions / (_born_mayer().length * r))[:, None] * pairs.vectors
        forces = coulomb.forces.copy()
        for axis in range(3):
            forces[:, axis] -= np.bincount(pairs.first, push[:, axis], len(periodic))
        self.results: dict[str, Any] = {
            "energy": coulomb.energy + 0.5 * float(repulsions.sum()),
            "forces": forces,
        }

    def _phase_of_each(self, atoms: Atoms) -> list[IonicPhase]:
        only = next(iter(self.phases.values())) if len(self.phases) == 1 else None
        regions = atoms.arrays.get("region", np.full(len(atoms), ""))
        phases = [self.phases.get(str(region), only) for region in regions]
        for phase, symbol, region in zip(
            phases, atoms.get_chemical_symbols(), regions, strict=True
        ):
            if phase is None or symbol not in phase.charges:
                where = f"in the region '{region}'" if region else "without a region"
                raise BuildError(
                    f"the ionic model has no parameters for {symbol} {where}",
                    hint=f"it was made for {', '.join(map(repr, self.phases))}",
                )
        return [phase for phase in phases if phase is not None]
