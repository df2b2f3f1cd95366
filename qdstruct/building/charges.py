"""Formal charges and radii: what decides Tasker types, neutrality and contact distances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from qdstruct.geometry.neighbours import Molecules, bonds, find_molecules

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "FORMAL_CHARGES",
    "IONIC_RADII",
    "balanced_charges",
    "contact_distance",
    "formal_charges",
    "is_cation",
]

FORMAL_CHARGES: Final[dict[str, int]] = {
    **dict.fromkeys(("H", "Li", "Na", "K", "Rb", "Cs", "Ag"), 1),
    **dict.fromkeys(("Be", "Mg", "Ca", "Sr", "Ba", "Zn", "Cd", "Hg", "Pb"), 2),
    **dict.fromkeys(("Ge", "Sn", "Mn", "Fe", "Co", "Ni", "Cu", "Eu"), 2),
    **dict.fromkeys(("B", "Al", "Ga", "In", "Sc", "Y", "La", "Bi", "Sb", "Cr"), 3),
    **dict.fromkeys(("Si", "Ti", "Zr", "Hf", "C"), 4),
    **dict.fromkeys(("F", "Cl", "Br", "I"), -1),
    **dict.fromkeys(("O", "S", "Se", "Te"), -2),
    **dict.fromkeys(("N", "P", "As"), -3),
}
"""The usual charge of an ion in the framework of a crystal, in e."""

CRYSTALLINE: Final = ("film", "substrate", "core", "cap", "shell", "first", "second")
"""Regions that are pieces of a crystal, whole formula units and more."""

VARIABLE: Final = ("Fe", "Mn", "Co", "Ni", "Cu", "Cr", "Ti", "Eu", "Sn", "Ge", "Sb", "Pb", "H")
"""Elements whose charge is taken from the neutrality of the crystal when the usual one does not
balance, the most variable first."""

IONIC_RADII: Final[dict[str, float]] = {
    "Li": 0.76, "Na": 1.02, "K": 1.38, "Rb": 1.52, "Cs": 1.67, "Mg": 0.72, "Ca": 1.00,
    "Sr": 1.18, "Ba": 1.35, "Zn": 0.60, "Cd": 0.78, "Hg": 0.96, "Pb": 1.19,
    "Ge": 0.73, "Bi": 1.03, "Al": 0.535, "Ga": 0.47, "In": 0.80, "Ti": 0.605, "Ag": 1.15,
    "F": 1.33, "Cl": 1.81, "Br": 1.96, "I": 2.20, "O": 1.40, "S": 1.84, "Se": 1.98, "Te": 2.21,
}  # fmt: skip
"""Effective ionic radii in Å, Shannon, Acta Cryst. A32, 751 (1976): six-coordinated, but
four-coordinated for Zn, Cd, Hg and Ga, which are tetrahedral in their chalcogenides."""


def formal_charges(atoms: Atoms, molecules: Molecules | None = None) -> NDArray[np.float64]:
    """Return the formal charge of every atom; a molecule carries its charge on its key atoms.

    Parameters
    ----------
    atoms : Atoms
        A crystal, slab, interface or particle.
    molecules : Molecules, optional
        From `find_molecules`, found if not given.

    Returns
    -------
    (N,) array
        In e. Zero everywhere for a single element, also as one region of several (array
        ``region``), and for a compound whose elements have no usual charges.

    Notes
    -----
    Within molecules a nitrogen with four bonds carries +1 (ammonium), a carboxylate carbon −1,
    a sulphur with a single bond −1 (thiolate), and a phosphorus −1 for every oxygen bonded to it
    alone but the first (a phosphate diester −1). In the framework the charges are
    `FORMAL_CHARGES`.
    """
    molecules = find_molecules(atoms) if molecules is None else molecules
    symbols = np.array(atoms.get_chemical_symbols())
    framework = molecules.ids < 0
    charges = np.zeros(len(atoms))
    if molecules.count:
        charges += _molecular_charges(atoms, symbols, ~framework)
    elements = sorted(set(symbols[framework].tolist()))
    if not elements or (len(elements) == 1 and framework.all()):
        return charges
    if any(element not in FORMAL_CHARGES for element in elements):
        return charges * 0.0
    for element in elements:
        charges[framework & (symbols == element)] = FORMAL_CHARGES[element]
    if all(FORMAL_CHARGES[element] > 0 for element in elements) and framework.all():
        return charges * 0.0
    charges[_elemental(atoms, symbols, framework)] = 0.0
    return charges


def _elemental(
    atoms: Atoms, symbols: NDArray[np.str_], framework: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Mark the crystalline regions that are one element, such as silicon under GaAs."""
    marked = np.zeros(len(atoms), dtype=bool)
    regions = atoms.arrays.get("region")
    for region in () if regions is None else CRYSTALLINE:
        members = framework & (np.asarray(regions) == region)
        if len(set(symbols[members].tolist())) == 1:
            marked |= members
    return marked


def balanced_charges(atoms: Atoms, molecules: Molecules | None = None) -> NDArray[np.float64]:
    """Return formal charges of a bulk crystal, with a variable element adjusted to neutrality.

    Notes
    -----
    If the usual charges do not add up to zero, the most variable element present takes the
    charge that balances the cell (Fe in Fe₂O₃ becomes +3). If none is variable the charges are
    returned as they are.
    """
    molecules = find_molecules(atoms) if molecules is None else molecules
    charges = formal_charges(atoms, molecules)
    excess = float(charges.sum())
    if abs(excess) < 1e-6:
        return charges
    symbols = np.array(atoms.get_chemical_symbols())
    for element in VARIABLE:
        chosen = (symbols == element) & (molecules.ids < 0)
        if chosen.any():
            charges[chosen] -= excess / chosen.sum()
            return charges
    return charges


def _molecular_charges(
    atoms: Atoms, symbols: NDArray[np.str_], molecular: NDArray[np.bool_]
) -> NDArray[np.float64]:
    pairs = bonds(atoms)
    degree = np.bincount(pairs.first, minlength=len(atoms))
    charges = np.zeros(len(atoms))
    charges[(symbols == "N") & (degree == 4)] = 1.0
    charges[(symbols == "S") & (degree == 1)] = -1.0
    bare_oxygen = (symbols == "O") & (degree == 1)
    carbon = symbols[pairs.first] == "C"
    oxygens = np.bincount(pairs.first[carbon & bare_oxygen[pairs.second]], minlength=len(atoms))
    charges[(symbols == "C") & (oxygens == 2)] = -1.0
    phosphorus = symbols == "P"
    on_phosphorus = phosphorus[pairs.first] & bare_oxygen[pairs.second]
    oxygens = np.bincount(pairs.first[on_phosphorus], minlength=len(atoms))
    charges[phosphorus] = np.minimum(1.0 - oxygens[phosphorus], 0.0)
    return charges * molecular


def is_cation(symbol: str) -> bool:
    """Say whether an element of the framework is a cation."""
    return FORMAL_CHARGES.get(symbol, 0) > 0


def contact_distance(first: str, second: str, *, molecular: bool = False) -> float:
    """Return the distance in Å at which two atoms of facing surfaces touch.

    Parameters
    ----------
    first, second : str
        Chemical symbols.
    molecular : bool
        True when at least one of the two belongs to a molecule.

    Notes
    -----
    Framework ions: the sum of Shannon's ionic radii (`IONIC_RADII`), but for ions of like charge
    at least the sum of covalent radii. Elements without an ionic radius: the sum of covalent
    radii. Atoms of molecules: 0.85 times the sum of van der Waals radii (Alvarez, Dalton
    Trans. 42, 8617 (2013), as tabulated by ASE), which lets hydrogen bonds form.
    """
    from ase.data import atomic_numbers, covalent_radii
    from ase.data.vdw_alvarez import vdw_radii

    numbers = [atomic_numbers[first], atomic_numbers[second]]
    covalent = float(covalent_radii[numbers].sum())
    if molecular:
        radii = np.nan_to_num(vdw_radii[numbers], nan=covalent / 2)
        return 0.85 * float(radii.sum())
    if first not in IONIC_RADII or second not in IONIC_RADII:
        return covalent
    ionic = IONIC_RADII[first] + IONIC_RADII[second]
    return ionic if is_cation(first) != is_cation(second) else max(ionic, covalent)
