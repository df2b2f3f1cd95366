"""What lies in a directory that somebody calculated in, ours or not."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from qdstruct.errors import InputError
from qdstruct.outputs.grids import GRID_FILES
from qdstruct.outputs.streams import SUFFIXES

__all__ = ["FoundCalculation", "find_calculations"]

_KNOWN = ("vasprun.xml", "OUTCAR", "CONTCAR", "POSCAR", "INCAR", "OSZICAR", "DOSCAR", "PROCAR")
_NEEDED = {
    "projected densities of states and band edges": ("vasprun.xml",),
    "charge-density difference": ("CHGCAR",),
    "potential profile, vacuum levels and alignment": ("LOCPOT",),
    "energies per area": ("vasprun.xml",),
    "alignment by core potentials": ("OUTCAR",),
}


@dataclass(frozen=True, kw_only=True)
class FoundCalculation:
    """One directory with outputs of VASP."""

    directory: Path
    """Where it is."""
    files: dict[str, Path]
    """Plain name (``CHGCAR``) → the file, perhaps compressed."""

    @property
    def possible(self) -> tuple[str, ...]:
        """Analyses for which the files are there."""
        return tuple(
            what for what, names in _NEEDED.items() if all(name in self.files for name in names)
        )

    @property
    def impossible(self) -> dict[str, str]:
        """Analysis → the file that it lacks here."""
        return {
            what: ", ".join(name for name in names if name not in self.files)
            for what, names in _NEEDED.items()
            if any(name not in self.files for name in names)
        }


def find_calculations(root: Path) -> tuple[FoundCalculation, ...]:
    """Find every directory at or below `root` with a vasprun.xml, an OUTCAR or a grid file.

    Hidden directories are passed over, links to directories are not followed.

    Raises
    ------
    InputError
        If `root` is no directory.
    """
    root = Path(root)
    if not root.is_dir():
        raise InputError(f"{root}: this directory does not exist")
    found = []
    for place, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files = _known_files(Path(place), sorted(names))
        if any(name in files for name in ("vasprun.xml", "OUTCAR")) or any(map(_is_grid, files)):
            found.append(FoundCalculation(directory=Path(place), files=files))
    return tuple(found)


def _known_files(directory: Path, names: list[str]) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for suffix in reversed(SUFFIXES):
        for name in names:
            plain = name.removesuffix(suffix) if suffix else name
            if (suffix == "" or name.endswith(suffix)) and (plain in _KNOWN or _is_grid(plain)):
                files[plain] = directory / name
    return files


def _is_grid(name: str) -> bool:
    return any(
        name == start or (name.startswith(start) and name[len(start) :].strip(".0123456789") == "")
        for start in GRID_FILES
    )
