"""The published numbers as printed, and the row that puts one beside ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from qdstruct.model import PublishedComparison
from qdstruct.resources import data_folder

__all__ = ["NOT_COMPUTABLE", "PublishedNumber", "Rule", "published_numbers", "row", "shown"]

NOT_COMPUTABLE = "not computable here"


@dataclass(frozen=True)
class PublishedNumber:
    """One number as printed."""

    system: str
    """Material or interface, as the source names it."""
    quantity: str
    """What it is."""
    value: Any
    """Number, list of numbers or text."""
    unit: str
    """As printed."""
    uncertainty: float | None
    """As printed."""
    formula: str | None
    """How the authors obtained it."""
    source: str
    """Publication."""
    where: str
    """Place in it."""


Rule = Callable[[PublishedNumber], PublishedComparison | None]
"""Returns the comparison, or None when the rule does not concern the number."""


@cache
def published_numbers() -> tuple[PublishedNumber, ...]:
    """Return every published number that comes with qdstruct."""
    path = data_folder("structures") / "published.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    return tuple(PublishedNumber(**number) for number in document["numbers"])


def shown(value: Any) -> str:
    """Return a printed value as text."""
    if isinstance(value, list):
        return ", ".join(shown(each) for each in value)
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def row(
    number: PublishedNumber, ours: str | None, agrees: bool | None, reason: str
) -> PublishedComparison:
    """Return the comparison of one number; `agrees` None means that it cannot be computed here."""
    verdict = NOT_COMPUTABLE if agrees is None else "agrees" if agrees else "differs"
    return PublishedComparison(
        system=number.system or "perovskites",
        quantity=number.quantity,
        published=shown(number.value),
        ours=ours,
        unit=number.unit,
        verdict=verdict,
        reason=reason,
        source=f"{number.source}, {number.where}",
    )
