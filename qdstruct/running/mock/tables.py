"""The mock's parameters, read from ``templates/mock`` and ``templates/vasp/zval.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from qdstruct.resources import data_folder

__all__ = ["Potential", "covalent_radius", "mass", "potential", "read_table"]

_NOBLE_GAS_CORES = (0, 2, 10, 18, 36, 54, 86)


@cache
def read_table(name: str) -> dict[str, Any]:
    """Return one YAML file of ``templates`` as plain dictionaries.

    Parameters
    ----------
    name : str
        Path below ``templates`` without suffix, for example ``mock/pair_model``.
    """
    from ruamel.yaml import YAML

    path = data_folder("templates") / f"{name}.yaml"
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(path.read_text())
    return loaded


@dataclass(frozen=True, kw_only=True)
class Potential:
    """What the mock needs to know about the potential that stands for an element."""

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
    entry = read_table("vasp/zval")["elements"].get(symbol)
    if entry is not None:
        return Potential(
            label=str(entry["potcar"]), zval=float(entry["zval"]), enmax=float(entry["enmax"])
        )
    number = _atomic_number(symbol)
    beyond = number - max(core for core in _NOBLE_GAS_CORES if core < number)
    if beyond > 18:
        beyond -= 14
    if beyond > 12:
        beyond -= 10
    return Potential(label=symbol, zval=float(beyond), enmax=300.0)


def _atomic_number(symbol: str) -> int:
    from ase.data import atomic_numbers

    return int(atomic_numbers[symbol])


@cache
def covalent_radius(symbol: str) -> float:
    """Covalent radius in Å, Cordero et al., Dalton Trans. 2832 (2008), as shipped with ASE."""
    from ase.data import covalent_radii

    radius = float(covalent_radii[_atomic_number(symbol)])
    return radius if np.isfinite(radius) else 1.5


@cache
def mass(symbol: str) -> float:
    """Atomic mass in u (IUPAC, as shipped with ASE)."""
    from ase.data import atomic_masses

    return float(atomic_masses[_atomic_number(symbol)])
