"""Which PAW potential each element takes, and what is known about it without a POTCAR."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from qdstruct.errors import PreflightError
from qdstruct.files import write_atomically
from qdstruct.jobs.presets import load_yaml, preset_folder
from qdstruct.model.record import Record

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["Potential", "count_electrons", "potential", "write_potentials"]

FUNCTIONAL = "PBE_54"
"""Release asked of pymatgen unless the user configured ``PMG_DEFAULT_FUNCTIONAL``."""


@dataclass(frozen=True, kw_only=True)
class Potential(Record):
    """What is known about one PAW potential."""

    element: str
    """Chemical symbol."""
    label: str
    """Name of the POTCAR, for example ``Pb_d``."""
    valence: float
    """Electrons treated as valence (ZVAL)."""
    enmax: float
    """Default cutoff, eV."""


@cache
def _table() -> dict[str, Potential]:
    document = load_yaml(preset_folder() / "zval.yaml")
    return {
        str(element): Potential(
            element=str(element),
            label=str(entry["potcar"]),
            valence=float(entry["zval"]),
            enmax=float(entry["enmax"]),
        )
        for element, entry in document["elements"].items()
    }


def potential(element: str) -> Potential:
    """Return the recommended potential of an element.

    Raises
    ------
    PreflightError
        If ``templates/vasp/zval.yaml`` has no line for it.
    """
    table = _table()
    if element not in table:
        raise PreflightError(
            f"no PAW potential is known for {element}",
            hint=f"add a line for {element} to {preset_folder() / 'zval.yaml'} "
            "(potcar, zval and enmax stand in the header of its POTCAR)",
        )
    return table[element]


def count_electrons(atoms: Atoms) -> float:
    """Count the valence electrons of a neutral structure."""
    return sum(potential(symbol).valence for symbol in atoms.get_chemical_symbols())


def write_potentials(directory: Path, labels: Sequence[str]) -> bool:
    """Write POTCAR from the user's licensed files, or POTCAR.spec when there are none.

    Parameters
    ----------
    directory : Path
        Job directory.
    labels : sequence of str
        One label per species, in POSCAR order.

    Returns
    -------
    bool
        True when a real POTCAR was written. A placeholder is never written.

    Raises
    ------
    PreflightError
        If pymatgen's library is configured but lacks one of the potentials.
    """
    from pymatgen.core import SETTINGS

    library = SETTINGS.get("PMG_VASP_PSP_DIR")
    if not library:
        write_atomically(directory / "POTCAR.spec", "".join(f"{label}\n" for label in labels))
        return False
    from pymatgen.io.vasp.inputs import Potcar

    functional = SETTINGS.get("PMG_DEFAULT_FUNCTIONAL") or FUNCTIONAL
    try:
        potcar = Potcar(list(labels), functional=functional)
    except (OSError, ValueError, KeyError) as error:
        raise PreflightError(
            f"the POTCAR library {library} cannot provide {', '.join(labels)} "
            f"({functional}): {error}",
            hint="check PMG_VASP_PSP_DIR and PMG_DEFAULT_FUNCTIONAL in ~/.config/.pmgrc.yaml, or "
            "unset them to get POTCAR.spec files instead",
        ) from None
    write_atomically(directory / "POTCAR", str(potcar))
    return True
