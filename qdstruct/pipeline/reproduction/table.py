"""Every published number, compared by the rule that concerns it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from qdstruct.errors import InputError
from qdstruct.model import PublishedComparison
from qdstruct.pipeline.reproduction import assemblies, carriers, crystals, orientations
from qdstruct.pipeline.reproduction.calculations import calculation_of
from qdstruct.pipeline.reproduction.numbers import (
    NOT_COMPUTABLE,
    PublishedNumber,
    Rule,
    published_numbers,
    row,
)

__all__ = ["compare_systems", "reproduce"]

_RULES: tuple[Rule, ...] = (
    *crystals.RULES,
    *assemblies.RULES,
    *carriers.RULES,
    *orientations.RULES,
)


def reproduce(name: str = "all") -> tuple[PublishedComparison, ...]:
    """Compare the published numbers of a system, or all of them.

    Parameters
    ----------
    name : str
        "all", or any part of a system's name, for example "CdS" or "supraparticle".

    Raises
    ------
    InputError
        If no system has that name; the systems are listed.
    """
    numbers = published_numbers()
    if name != "all":
        numbers = tuple(n for n in numbers if name.lower() in n.system.lower())
    if not numbers:
        systems = sorted({n.system for n in published_numbers() if n.system})
        near = difflib.get_close_matches(name, systems, n=4, cutoff=0.3) or systems
        raise InputError(f"no published number of '{name}'", hint=f"systems: {', '.join(near)}")
    return tuple(_compare(number) for number in numbers)


def compare_systems(systems: Sequence[str]) -> tuple[PublishedComparison, ...]:
    """Return the comparisons that can be made for these systems, without the others."""
    rows = (_compare(number) for number in published_numbers() if number.system in systems)
    return tuple(each for each in rows if each.verdict != NOT_COMPUTABLE)


def _compare(number: PublishedNumber) -> PublishedComparison:
    for rule in _RULES:
        comparison = rule(number)
        if comparison is not None:
            return comparison
    calculation = calculation_of(number)
    if calculation is not None:
        remark = f"; {calculation.remark}" if calculation.remark else ""
        return row(number, None, None, f"needs VASP: {calculation.command}{remark}")
    if isinstance(number.value, str):
        return row(number, None, None, "a statement without a number")
    return row(number, None, None, "measured, or needs a calculation that is not made here")
