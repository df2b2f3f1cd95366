"""Reading the words of a pattern or an image: numbers, lengths, structures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ase import Atoms

__all__ = [
    "displacements",
    "indices",
    "nanometres",
    "note_bare_length",
    "numbers",
    "read_structure",
    "warn",
]


def warn(message: str) -> None:
    """Print a warning on stderr."""
    typer.echo(f"qdstruct: warning: {message}", err=True)


def numbers(text: str, count: int, what: str) -> list[float]:
    """Read numbers with commas or spaces between them.

    Raises
    ------
    InputError
        If they are not `count` finite numbers.
    """
    import math

    from qdstruct.errors import InputError

    try:
        values = [float(word) for word in text.replace(" ", ",").split(",") if word]
    except ValueError:
        values = []
    if len(values) != count or not all(math.isfinite(value) for value in values):
        raise InputError(
            f"'{text}' is not {what}: {count} numbers with a comma between them",
            hint=f"for example {','.join('123456789'[:count])}, without units",
        )
    return values


def note_bare_length(text: str, unit: str) -> None:
    """Say on stderr in which unit a length typed without one was read."""
    typer.echo(f"note: '{text}' has no unit and is read as {text} {unit}", err=True)


def nanometres(text: str, *, zero: bool = False, bare: str = "nm") -> float:
    """Read a length such as ``16nm`` or ``160A`` and return it in nm.

    Parameters
    ----------
    text : str
        What the user typed.
    zero : bool
        Allow zero.
    bare : {"nm", "A"}
        Unit of a number without one.

    Raises
    ------
    InputError
        If it is not a length.
    """
    import re

    from qdstruct.errors import InputError

    match = re.fullmatch(r"\s*([0-9.eE+-]+)\s*(nm|A|Å)?\s*", text)
    try:
        value = float(match.group(1)) if match else float("nan")
    except ValueError:
        value = float("nan")
    if not (value > 0 or (zero and value == 0)) or match is None:
        least = "zero or more" if zero else "above zero"
        raise InputError(
            f"'{text}' is not a size", hint=f"a length {least}: write for example 16nm or 160A"
        )
    return value / 10 if (match.group(2) or bare) in ("A", "Å") else value


def read_structure(text: str, *, tensors: bool = False) -> tuple[str, Atoms]:
    """Return name and atoms; a file is read as it is, without a search for its symmetry.

    With `tensors` the anisotropic displacements of a CIF file come along.
    """
    from pathlib import Path

    from qdstruct import phases

    path = Path(text)
    if path.suffix and path.is_file():
        return path.stem, phases.read_atoms(path, displacements=tensors)
    phase = phases.load(text)
    return phase.name, phase.atoms


def indices(hkl: tuple[int, int, int]) -> str:
    """Return Miller indices as (h k l)."""
    return "(" + " ".join(str(index) for index in hkl) + ")"


def displacements(words: list[str], crystals: list[Atoms]) -> dict[str, float]:
    """Read words such as ``Cs=5.2`` as element and B in Å², for elements of these crystals.

    Raises
    ------
    InputError
        If one is not an element, an equals sign and a number, or no crystal has the element.
    """
    import math

    from qdstruct.errors import InputError

    present = sorted({str(e) for atoms in crystals for e in atoms.get_chemical_symbols()})
    found = {}
    for word in words:
        element, _, value = (part.strip() for part in word.partition("="))
        try:
            found[element] = float(value)
        except ValueError:
            raise InputError(
                f"'{word}' is not a displacement", hint="write element=B, for example Cs=5.2"
            ) from None
        if not (math.isfinite(found[element]) and found[element] >= 0):
            raise InputError(
                f"'{word}' is not a displacement",
                hint="B = 8π²⟨u²⟩ in Å² is zero or positive, for example Cs=5.2",
            )
        if element not in present:
            raise InputError(
                f"'{word}': {_absence(element)}", hint=f"choose among {', '.join(present)}"
            )
    return found


def _absence(element: str) -> str:
    from ase.data import atomic_numbers

    if atomic_numbers.get(element, 0) > 0:
        return f"there is no {element} in the structure"
    return f"'{element}' is not an element"
