"""The mock's parameters, read from ``templates/mock``."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from qdstruct.resources import data_folder

__all__ = ["covalent_radius", "read_table"]


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


@cache
def covalent_radius(symbol: str) -> float:
    """Covalent radius in Å, Cordero et al., Dalton Trans. 2832 (2008), as shipped with ASE."""
    from ase.data import atomic_numbers, covalent_radii

    radius = float(covalent_radii[atomic_numbers[symbol]])
    return radius if np.isfinite(radius) else 1.5
