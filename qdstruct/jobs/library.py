"""The user's licensed POTCAR files, as pymatgen is configured to find them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qdstruct.jobs.potentials import FUNCTIONAL, potential
from qdstruct.model.record import Record

__all__ = ["PotcarLibrary", "inspect_library"]


@dataclass(frozen=True, kw_only=True)
class PotcarLibrary(Record):
    """Where POTCAR files are looked for, and which of them are there."""

    folder: str | None
    """``PMG_VASP_PSP_DIR``; None when it is not configured."""
    functional: str
    """pymatgen's name of the release that is asked for, for example ``PBE_54``."""
    release_folder: str | None
    """Folder of that release; None when the library is not configured or the name is unknown."""
    releases: tuple[str, ...]
    """pymatgen's names of the releases whose folders exist."""
    present: tuple[str, ...]
    """Labels asked about that can be read."""
    missing: tuple[str, ...]
    """Labels asked about that cannot."""


def inspect_library(elements: Sequence[str]) -> PotcarLibrary:
    """Look whether the potentials of some elements can be read.

    Parameters
    ----------
    elements : sequence of str
        Chemical symbols; of each the recommended potential is looked for.

    Raises
    ------
    PreflightError
        If no potential is recommended for an element.
    """
    from pymatgen.core import SETTINGS
    from pymatgen.io.vasp.inputs import PotcarSingle

    labels = tuple(potential(element).label for element in elements)
    configured = SETTINGS.get("PMG_VASP_PSP_DIR")
    functional = str(SETTINGS.get("PMG_DEFAULT_FUNCTIONAL") or FUNCTIONAL)
    if not configured:
        return PotcarLibrary(
            folder=None, functional=functional, release_folder=None, releases=(), present=(),
            missing=labels,
        )  # fmt: skip
    folder = Path(str(configured)).expanduser()
    names = PotcarSingle.functional_dir | dict(SETTINGS.get("PMG_VASP_PSP_SUB_DIRS") or {})
    present = tuple(label for label in labels if _readable(label, functional))
    return PotcarLibrary(
        folder=str(folder),
        functional=functional,
        release_folder=str(folder / names[functional]) if functional in names else None,
        releases=tuple(sorted(name for name, part in names.items() if (folder / part).is_dir())),
        present=present,
        missing=tuple(label for label in labels if label not in present),
    )


def _readable(label: str, functional: str) -> bool:
    import warnings

    from pymatgen.io.vasp.inputs import PotcarSingle

    try:
        with warnings.catch_warnings():  # an unusual hash is pymatgen's concern, not an absence
            warnings.simplefilter("ignore")
            PotcarSingle.from_symbol_and_functional(label, functional)
    except (OSError, ValueError, KeyError):
        return False
    return True
