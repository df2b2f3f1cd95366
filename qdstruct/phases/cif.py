"""Reading CIF files with the checks that a plain reader leaves out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qdstruct.errors import PhaseError

if TYPE_CHECKING:
    from ase import Atoms
    from ase.io.cif import CIFBlock

__all__ = ["check_sites", "composition_problem", "crystal_block", "items", "text"]

UNKNOWN = ("?", ".")
"""CIF's own words for "unknown" and "does not apply"."""


def crystal_block(path: Path) -> CIFBlock:
    """Return the one data block of a CIF file that holds a structure.

    Raises
    ------
    PhaseError
        If the file is no CIF file, no block holds atoms, or several do.
    """
    from ase.io.cif import parse_cif

    try:
        blocks = [block for block in parse_cif(str(path)) if _has_sites(block)]
    except Exception as error:  # the parser fails in any way on text that is no CIF
        raise PhaseError(
            f"{path}: cannot be read as a CIF file ({type(error).__name__})",
            hint="a CIF file starts with data_NAME; export the structure again",
        ) from error
    if not blocks:
        raise PhaseError(
            f"{path}: this CIF file holds no atom sites",
            hint="export the structure itself, with its _atom_site loop",
        )
    if len(blocks) > 1:
        names = ", ".join(block.name for block in blocks)
        raise PhaseError(
            f"{path}: this CIF file holds {len(blocks)} structures ({names})",
            hint="keep the one you mean in a file of its own",
        )
    return blocks[0]


def _has_sites(block: CIFBlock) -> bool:
    return (
        block.get("_atom_site_fract_x") is not None or block.get("_atom_site_cartn_x") is not None
    )


def check_sites(path: Path, block: CIFBlock) -> None:
    """Refuse sites without coordinates and sites that are only partly occupied.

    Raises
    ------
    PhaseError
        Naming the file and the site.
    """
    labels = items(block, "_atom_site_label") or items(block, "_atom_site_type_symbol")
    for axis in "xyz":
        for label, value in zip(labels, items(block, f"_atom_site_fract_{axis}"), strict=False):
            if value in UNKNOWN:
                raise PhaseError(
                    f"{path}: site {label} has no {axis} coordinate",
                    hint="complete the coordinates, or remove the site and the formula entry",
                )
    occupancies = items(block, "_atom_site_occupancy")
    partial = [
        (label, value)
        for label, value in zip(labels, occupancies, strict=False)
        if value not in UNKNOWN and abs(float(value) - 1) > 1e-3
    ]
    if partial:
        listed = ", ".join(f"{label} ({value})" for label, value in partial[:5])
        more = f" and {len(partial) - 5} more" if len(partial) > 5 else ""
        raise PhaseError(
            f"{path}: partly occupied sites: {listed}{more}",
            hint="choose one ordered arrangement of these sites and give every site occupancy 1",
        )


def composition_problem(block: CIFBlock, atoms: Atoms) -> str | None:
    """Say how the formula that a CIF prints disagrees with its sites; None when it agrees."""
    printed = _formula(text(block, "_chemical_formula_sum"))
    if not printed:
        return None
    counted: dict[str, float] = {}
    for symbol in atoms.get_chemical_symbols():
        counted[symbol] = counted.get(symbol, 0) + 1
    absent = sorted(set(printed) - set(counted))
    extra = sorted(set(counted) - set(printed))
    ratios = [counted[symbol] / printed[symbol] for symbol in printed if symbol in counted]
    if absent:
        return f"the formula has {', '.join(absent)} but no site does"
    if extra:
        return f"sites of {', '.join(extra)} are not in the formula"
    if max(ratios) - min(ratios) > 1e-2 * max(ratios):
        sites = " ".join(f"{symbol}{int(number)}" for symbol, number in sorted(counted.items()))
        return f"the formula is {text(block, '_chemical_formula_sum')} but the sites give {sites}"
    return None


def _formula(words: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for symbol, number in re.findall(r"([A-Z][a-z]?)([\d.]*)", words):
        element = "H" if symbol == "D" else symbol
        found[element] = found.get(element, 0.0) + float(number or 1)
    return {symbol: number for symbol, number in found.items() if number > 0}


def items(block: CIFBlock, tag: str) -> list[str]:
    """Return the values of a looped (or single) item as text; empty when absent."""
    value: Any = block.get(tag.lower())
    if value is None:
        return []
    return [str(entry) for entry in value] if isinstance(value, list) else [str(value)]


def text(block: CIFBlock, tag: str) -> str:
    """Return a single item as text; "" when absent or unknown."""
    values = items(block, tag)
    return "" if not values or values[0] in UNKNOWN else values[0].strip()
