"""The basis functions of GFN1-xTB: which shells an element has, and their radial functions.

Shells, Slater exponents and numbers of Gaussians come from tblite's own parameter table; the
Gaussian expansions from ``templates/xtb/sto_ng.yaml``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.resources import data_folder

__all__ = ["Shell", "angular", "crystal_parameters", "element_shells", "reference_electrons"]

FloatArray = NDArray[np.float64]
BOHR = 0.529177210903
"""Å, CODATA 2018."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shell:
    """One shell of an element: a contraction of Gaussians times real spherical harmonics."""

    momentum: int
    """0 s, 1 p, 2 d."""
    exponents: FloatArray
    """(G,), 1/Å²."""
    coefficients: FloatArray
    """(G,), of r^l exp(−αr²), with the normalisation of each Gaussian, Å^(−3/2−l)."""

    def radial(self, r: FloatArray) -> FloatArray:
        """Return R(r)/r^l at distances `r`, Å."""
        total = np.zeros_like(r)
        for exponent, coefficient in zip(self.exponents, self.coefficients, strict=True):
            total += coefficient * np.exp(-exponent * r * r)
        return total

    def reach(self, threshold: float = 1e-4) -> float:
        """Return the distance in Å beyond which the function stays below `threshold` of its top."""
        r = np.linspace(0.0, 16.0, 3201)
        value = np.abs(self.radial(r)) * r**self.momentum
        above = np.nonzero(value > threshold * value.max())[0]
        return float(r[min(above[-1] + 1, len(r) - 1)])


def angular(momentum: int, x: FloatArray, y: FloatArray, z: FloatArray) -> list[FloatArray]:
    """Return the real solid harmonics of a shell, in tblite's order (m = −l … l).

    Normalised so that with `Shell.coefficients` every function has norm one.
    """
    if momentum == 0:
        return [np.ones_like(x)]
    if momentum == 1:
        return [y, z, x]
    root = np.sqrt(3.0)
    return [
        root * x * y,
        root * y * z,
        z * z - 0.5 * (x * x + y * y),
        root * x * z,
        0.5 * root * (x * x - y * y),
    ]


@cache
def element_shells(symbol: str) -> tuple[Shell, ...]:
    """Return the shells of an element in tblite's order.

    A second shell of the same momentum (hydrogen's 2s) is made orthogonal to the first, as the
    method prescribes.

    Raises
    ------
    InputError
        If GFN1-xTB has no parameters for the element.
    """
    entry = _element(symbol)
    table = _expansions()
    shells: list[Shell] = []
    for name, zeta, count in zip(entry["shells"], entry["slater"], entry["ngauss"], strict=True):
        momentum = "spd".index(name[1])
        exponents, contraction = (np.array(row) for row in table[name][count])
        exponents = exponents * (zeta / BOHR) ** 2
        norm = (2 * exponents / np.pi) ** 0.75 * np.sqrt(4 * exponents) ** momentum
        norm /= np.sqrt((1.0, 1.0, 3.0)[momentum])
        shell = Shell(momentum=momentum, exponents=exponents, coefficients=contraction * norm)
        earlier = [each for each in shells if each.momentum == momentum]
        shells.append(_orthogonal(shell, earlier[0]) if earlier else shell)
    return tuple(shells)


def crystal_parameters() -> dict[str, Any]:
    """Return GFN1-xTB's parameters without the halogen-bond correction.

    The correction was fitted for molecules; in a crystal whose halides sit near chalcogenides it
    pulls them together without end. xtb refuses it under periodic boundary conditions, and DFTB+
    switches it off.
    """
    return {name: table for name, table in _parameters().items() if name != "halogen"}


def reference_electrons(symbol: str) -> float:
    """Return the valence electrons of the neutral atom in GFN1-xTB."""
    return float(sum(_element(symbol)["refocc"]))


def _orthogonal(shell: Shell, other: Shell) -> Shell:
    """Return `shell` without its part along `other` (both s), normalised."""
    overlap = _s_overlap(shell, other)
    exponents = np.concatenate([shell.exponents, other.exponents])
    coefficients = np.concatenate([shell.coefficients, -overlap * other.coefficients])
    mixed = Shell(momentum=0, exponents=exponents, coefficients=coefficients)
    return Shell(
        momentum=0,
        exponents=exponents,
        coefficients=coefficients / np.sqrt(_s_overlap(mixed, mixed)),
    )


def _s_overlap(first: Shell, second: Shell) -> float:
    total = first.exponents[:, None] + second.exponents[None, :]
    return float(first.coefficients @ (np.pi / total) ** 1.5 @ second.coefficients)


def _element(symbol: str) -> dict[str, Any]:
    entry: dict[str, Any] | None = _parameters()["element"].get(symbol)
    if entry is None:
        raise InputError(
            f"not possible with the engine xtb: GFN1-xTB has no parameters for {symbol}",
            hint="it covers the elements up to radon without the actinides",
        )
    return entry


@cache
def _parameters() -> dict[str, Any]:
    from tblite import library

    record, table = library.new_param(), library.new_table()
    library.export_gfn1_param(record)
    library.dump_param(record, table)
    found: dict[str, Any] = library.table_to_dict(table)
    return found


@cache
def _expansions() -> dict[str, dict[int, Sequence[Sequence[float]]]]:
    from ruamel.yaml import YAML

    text = (data_folder("templates") / "xtb" / "sto_ng.yaml").read_text(encoding="utf-8")
    found: dict[str, dict[int, Sequence[Sequence[float]]]] = YAML(typ="safe", pure=True).load(text)[
        "expansions"
    ]
    return found
