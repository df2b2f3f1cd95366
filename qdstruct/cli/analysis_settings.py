"""Options of an analysis: thresholds, chemical potentials, energies of elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qdstruct.pipeline.directory import Settings

__all__ = ["analysis_settings"]


def analysis_settings(
    mu: list[str], reference: list[str], threshold: float | None, broadening: float
) -> Settings:
    """Read the options about how an analysis is done."""
    from dataclasses import replace

    from qdstruct.pipeline.analysing.references import read_references
    from qdstruct.pipeline.directory import Settings

    found = Settings(
        broadening=broadening,
        chemical_potentials=_potentials(mu),
        references=read_references(reference),
    )
    return found if threshold is None else replace(found, threshold=threshold)


def _potentials(words: list[str]) -> dict[str, tuple[float, ...]]:
    """Read ``S=-4.1`` and ``S=-5.2:-4.1``."""
    import math

    from ase.data import atomic_numbers

    from qdstruct.errors import InputError

    found: dict[str, tuple[float, ...]] = {}
    for word in words:
        symbol, equals, numbers = word.partition("=")
        try:
            values = tuple(float(number) for number in numbers.split(":"))
        except ValueError:
            values = ()
        symbol = symbol.strip()
        if not equals or len(values) not in (1, 2) or not all(map(math.isfinite, values)):
            raise InputError(
                f"--mu {word}: a chemical potential was expected",
                hint="write ELEMENT=eV or ELEMENT=LOW:HIGH, for example S=-4.1 or S=-5.2:-4.1",
            )
        if atomic_numbers.get(symbol, 0) == 0:
            raise InputError(f"--mu {word}: '{symbol}' is no element", hint="write a symbol, as S")
        if symbol in found:
            raise InputError(f"--mu {word}: {symbol} is given twice", hint="leave one out")
        if len(values) == 2 and not values[0] < values[1]:
            raise InputError(
                f"--mu {word}: the range is not ascending",
                hint=f"write the lower limit first: {symbol}={values[1]:g}:{values[0]:g}",
            )
        found[symbol] = values
    return found
