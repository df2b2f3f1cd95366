"""Energies of elements, from which chemical potentials count."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from qdstruct import outputs
from qdstruct.errors import InputError
from qdstruct.model import FinishedCalculation

__all__ = ["element_energy", "read_references"]

Reference = tuple[float, str]
"""eV per atom, and where it comes from."""


def read_references(words: Sequence[str]) -> dict[str, Reference]:
    """Read ``S=-4.13`` (eV per atom) and ``S=DIRECTORY`` (a finished calculation of the element).

    Raises
    ------
    InputError
        If one is neither, the element is unknown or given twice, or the calculation is of
        something else or not converged.
    OutputError
        If its outputs cannot be read.
    """
    from ase.data import atomic_numbers

    found: dict[str, Reference] = {}
    for word in words:
        symbol, equals, value = (part.strip() for part in word.partition("="))
        if not equals or not value or atomic_numbers.get(symbol, 0) == 0:
            raise InputError(
                f"--reference {word}: an element and its energy were expected",
                hint="write ELEMENT=eV per atom or ELEMENT=DIRECTORY, as S=-4.13 or S=sulphur",
            )
        if symbol in found:
            raise InputError(f"--reference {word}: {symbol} is given twice", hint="leave one out")
        found[symbol] = _reference(word, symbol, value)
    return found


def _reference(word: str, symbol: str, value: str) -> Reference:
    try:
        energy = float(value)
    except ValueError:
        place = Path(value)
        if not place.exists():
            raise InputError(
                f"--reference {word}: '{value}' is neither a number nor a directory",
                hint="write eV per atom, or the directory with the element's vasprun.xml",
            ) from None
        return element_energy(outputs.read_calculation(place), symbol), value
    if not math.isfinite(energy):
        raise InputError(f"--reference {word}: {value} is no energy", hint="write eV per atom")
    return energy, "as given"


def element_energy(found: FinishedCalculation, symbol: str) -> float:
    """Return the energy per atom of a calculation of one element, eV.

    Raises
    ------
    InputError
        If it holds something else or is not converged.
    """
    present = sorted(set(found.atoms.get_chemical_symbols()))
    if present != [symbol]:
        raise InputError(
            f"the reference of {symbol} is a calculation of "
            f"{found.atoms.get_chemical_formula(mode='metal')}",
            hint=f"name a calculation that holds {symbol} only",
        )
    if not found.converged:
        raise InputError(f"the calculation of the element {symbol} is not converged")
    return found.energy / len(found.atoms)
