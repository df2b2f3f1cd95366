"""Reading what build commands are given: lengths, facets, energies, shifts, regions."""

from __future__ import annotations

from typing import Any

from qdstruct.cli.output import parse_miller
from qdstruct.cli.reading import note_bare_length


def parse_numbers(text: str, example: str) -> list[float]:
    """Read one number or three (``8,8,8`` or ``8x8x8``); three come back."""
    from qdstruct.errors import InputError

    words = text.replace(",", " ").replace("x", " ").split()
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 3):
        raise InputError(f"'{text}' is not one number or three", hint=f"write {example}")
    return numbers * (3 if len(numbers) == 1 else 1)


def parse_counts(text: str) -> list[int]:
    """Read one whole number or three; three come back."""
    from qdstruct.errors import InputError

    numbers = parse_numbers(text, "5 or 5,5,8")
    if any(number != round(number) for number in numbers):
        raise InputError(f"'{text}' is not in whole numbers", hint="write 5 or 5,5,8")
    return [round(number) for number in numbers]


def parse_lengths(text: str) -> list[float]:
    """Read ``16nm``, ``160``, ``160A`` or three of them; Å come back."""
    plain, factor = _without_unit(text)
    numbers = parse_numbers(plain, "16nm, 160 or 5.5,5.5,8nm")
    return [factor * number for number in numbers]


def _without_unit(text: str) -> tuple[str, float]:
    """Split a length into its numbers and how many Å its unit is; say so where there is none."""
    if "nm" in text:
        return text.replace("nm", ""), 10.0
    plain = text.replace("Å", "").replace("A", "")
    if plain == text and any(sign.isdigit() for sign in text):
        note_bare_length(text, "Å")
    return plain, 1.0


def parse_length_list(text: str) -> list[float]:
    """Read any number of lengths: ``3,2,3nm`` or ``30,20,30``; Å come back."""
    from qdstruct.errors import InputError

    plain, factor = _without_unit(text)
    try:
        return [factor * float(word) for word in plain.replace(",", " ").split()]
    except ValueError:
        raise InputError(f"'{text}' is no list of lengths", hint="3,2,3nm") from None


def parse_facets(text: str) -> list[tuple[int, int, int]]:
    """Read three facets separated by spaces."""
    from qdstruct.errors import InputError

    facets = [parse_miller(word) for word in text.split()]
    if len(facets) != 3:
        raise InputError(f"'{text}' does not name three facets", hint="'1,1,0 1,-1,0 0,0,1'")
    return facets


def parse_energies(text: str) -> dict[tuple[int, int, int], float]:
    """Read ``100=1 111=1.2``: facets and their surface energies."""
    from qdstruct.errors import InputError

    energies = {}
    for word in text.split():
        facet, _, value = word.partition("=")
        try:
            energies[parse_miller(facet)] = float(value)
        except ValueError:
            raise InputError(f"'{word}' is not FACET=ENERGY", hint="'100=1 111=1.2'") from None
    return energies


def parse_places(words: list[str] | None) -> list[tuple[float, float]]:
    """Read ``2,-2nm`` or ``20,-20`` repeatedly: places on a facet; Å come back."""
    from qdstruct.errors import InputError

    places = [parse_length_list(word) for word in words or []]
    for word, place in zip(words or [], places, strict=True):
        if len(place) != 2:
            raise InputError(f"'{word}' is no place on a facet", hint="--island 2,-2nm")
    return [(place[0], place[1]) for place in places]


def parse_shift(text: str) -> tuple[float, float]:
    """Read two fractions."""
    from qdstruct.errors import InputError

    try:
        first, second = (float(word) for word in text.replace(",", " ").split())
    except ValueError:
        raise InputError(f"'{text}' is not a shift", hint="write two fractions: 0.5,0") from None
    return first, second


def parse_shift_or_rule(text: str) -> Any:
    """Read two fractions or the name of a rule."""
    return text if text.isalpha() else parse_shift(text)


def parse_gap(text: str | None) -> Any:
    """Read a length in Å or the word ``ionic``."""
    from qdstruct.errors import InputError

    if text is None or text == "ionic":
        return text
    try:
        return float(text)
    except ValueError:
        raise InputError(f"'{text}' is not a gap", hint="a length in Å, or 'ionic'") from None


def parse_stiffnesses(film: str | None, substrate: str | None) -> Any:
    """Read two elastic stiffnesses: three cubic constants or a file of 6 x 6 numbers each, GPa."""
    from qdstruct.errors import InputError

    if film is None and substrate is None:
        return None
    if film is None or substrate is None:
        raise InputError("give --film-stiffness and --substrate-stiffness together")
    return _stiffness(film), _stiffness(substrate)


def _stiffness(text: str) -> Any:
    import numpy as np

    from qdstruct.errors import InputError
    from qdstruct.matching import cubic_stiffness

    try:
        constants = [float(word) for word in text.split(",")]
    except ValueError:
        constants = []
    if len(constants) == 3:
        return cubic_stiffness(*constants)
    try:
        table = np.loadtxt(text)
    except (OSError, ValueError) as error:
        raise InputError(
            f"'{text}' is neither C11,C12,C44 nor a readable table ({error})",
            hint="41,16,14 for a cubic crystal, or a text file of 6 rows of 6 numbers in GPa",
        ) from None
    if table.shape != (6, 6):
        raise InputError(f"{text}: {table.shape} numbers where 6 x 6 belong", hint="in GPa")
    return table


def parse_parallel(
    film: str | None, substrate: str | None
) -> tuple[tuple[int, int, int], tuple[int, int, int]] | None:
    """Read the two directions that are to be parallel; both or neither."""
    from qdstruct.errors import InputError

    if film is None and substrate is None:
        return None
    if film is None or substrate is None:
        raise InputError("give --film-direction and --substrate-direction together")
    return parse_miller(film), parse_miller(substrate)


def parse_regions(words: list[str]) -> dict[str, str]:
    """Read ``core=CsPbBr3-Pbnm``: regions and their phases."""
    from qdstruct.errors import InputError

    regions = {}
    for word in words:
        region, _, phase = word.partition("=")
        if not region or not phase:
            raise InputError(f"'{word}' is not REGION=PHASE", hint="core=CsPbBr3-Pbnm")
        regions[region] = phase
    return regions
