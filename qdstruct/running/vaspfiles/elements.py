"""Mass of an element, and the potential that VASP would take for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from qdstruct.resources import data_folder

__all__ = ["Potential", "atomic_number", "mass", "potential"]

_NOBLE_GAS_CORES = (0, 2, 10, 18, 36, 54, 86)


@dataclass(frozen=True, kw_only=True)
class Potential:
    """What is known about the VASP potential of an element without having it."""

    label: str
    """Label of the POTCAR, for example ``Pb_d``."""
    zval: float
    """Valence electrons."""
    enmax: float
    """Default cutoff, eV."""


@cache
def potential(symbol: str) -> Potential:
    """Return label, valence electrons and cutoff of an element.

    Elements outside ``templates/vasp/zval.yaml`` get the electrons beyond their noble-gas core,
    without a filled d shell below p electrons and without a filled f shell, and 300 eV.
    """
    entry = _table().get(symbol)
    if entry is not None:
        return Potential(
            label=str(entry["potcar"]), zval=float(entry["zval"]), enmax=float(entry["enmax"])
        )
    number = atomic_number(symbol)
    beyond = number - max(core for core in _NOBLE_GAS_CORES if core < number)
    if beyond > 18:
        beyond -= 14
    if beyond > 12:
        beyond -= 10
    return Potential(label=symbol, zval=float(beyond), enmax=300.0)


def atomic_number(symbol: str) -> int:
    """Nuclear charge of an element."""
    from ase.data import atomic_numbers

    return int(atomic_numbers[symbol])


@cache
def mass(symbol: str) -> float:
    """Atomic mass in u (IUPAC, as shipped with ASE)."""
    from ase.data import atomic_masses

    return float(atomic_masses[atomic_number(symbol)])


@cache
def _table() -> dict[str, dict[str, Any]]:
    from ruamel.yaml import YAML

    text = (data_folder("templates") / "vasp" / "zval.yaml").read_text(encoding="utf-8")
    elements: dict[str, dict[str, Any]] = YAML(typ="safe", pure=True).load(text)["elements"]
    return elements
