"""What lies in a directory that somebody calculated in, ours or not."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from qdstruct.errors import InputError
from qdstruct.outputs.grids import GRID_FILES
from qdstruct.outputs.streams import SUFFIXES

__all__ = ["ANALYSES", "Analysis", "FoundCalculation", "find_calculations"]

_KNOWN = (
    "vasprun.xml", "vaspout.h5", "OUTCAR", "CONTCAR", "POSCAR", "INCAR", "KPOINTS", "OSZICAR",
    "DOSCAR", "PROCAR", "EIGENVAL", "XDATCAR", "ACF.dat",
)  # fmt: skip
_GRID_NAME = re.compile(rf"({'|'.join(GRID_FILES)})\d?(\.(\d+|ALLB|ALLK))*")
_OUTPUTS = ("vasprun.xml", "vaspout.h5", "OUTCAR", "DOSCAR", "PROCAR", "EIGENVAL")


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """One thing that can be computed from the files of a calculation."""

    name: str
    """In words."""
    needs: tuple[tuple[str, ...], ...]
    """Groups of file names; one file of each group is enough."""
    remedy: str
    """The run that would give them, with its INCAR tags."""


ANALYSES: Final = (
    Analysis(
        name="projected densities of states and band edges",
        needs=(("vasprun.xml", "vaspout.h5", "DOSCAR"),),
        remedy="a static run with LORBIT = 11 and a fine NEDOS",
    ),
    Analysis(
        name="charge-density difference",
        needs=(("CHGCAR",),),
        remedy="static runs (LCHARG = .TRUE.) of the interface and of each part alone in the same "
        "cell with the same NGXF, NGYF, NGZF, atoms where the interface has them",
    ),
    Analysis(
        name="potential profile, vacuum levels and alignment",
        needs=(("LOCPOT",),),
        remedy="a static run with LVHAR = .TRUE. (in a slab also LDIPOL = .TRUE., IDIPOL = 3)",
    ),
    Analysis(
        name="energies per area",
        needs=(("vasprun.xml",),),
        remedy="a static run of the interface and of each part alone, one setting for all",
    ),
    Analysis(
        name="alignment by core potentials",
        needs=(("OUTCAR",),),
        remedy="keep OUTCAR; ICORELEVEL = 1 adds the core eigenvalues",
    ),
    Analysis(
        name="Bader charges",
        needs=(("CHGCAR",), ("AECCAR0",), ("AECCAR2",)),
        remedy="a static run with LAECHG = .TRUE. and a fine NGXF grid",
    ),
    Analysis(
        name="states in space and their overlap",
        needs=(("PARCHG",),),
        remedy="a run with LPARD = .TRUE. and the bands in IBAND, from the WAVECAR",
    ),
    Analysis(
        name="projection of each band on atoms",
        needs=(("PROCAR", "vaspout.h5"),),
        remedy="a run with LORBIT = 11",
    ),
)
"""What can be computed from files, what it needs, and which run gives that."""


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
        return tuple(each.name for each in ANALYSES if not self._lacks(each))

    @property
    def impossible(self) -> dict[str, str]:
        """Analysis → the file that it lacks here (one of several joined by *or*)."""
        return {each.name: lacks for each in ANALYSES if (lacks := self._lacks(each))}

    @property
    def remedies(self) -> dict[str, str]:
        """Analysis that is impossible here → the run that would make it possible."""
        return {each.name: each.remedy for each in ANALYSES if self._lacks(each)}

    @staticmethod
    def is_grid(name: str) -> bool:
        """Whether a plain file name is that of a density, potential or localisation function."""
        return _GRID_NAME.fullmatch(name) is not None

    def _lacks(self, analysis: Analysis) -> str:
        groups = [group for group in analysis.needs if not any(map(self._has, group))]
        return ", ".join(" or ".join(group) for group in groups)

    def _has(self, name: str) -> bool:
        return name in self.files or any(
            file.startswith(name + ".") for file in self.files if name == "PARCHG"
        )


def find_calculations(root: Path) -> tuple[FoundCalculation, ...]:
    """Find every directory at or below `root` with outputs of VASP.

    Hidden directories are passed over, links to directories are not followed.

    Raises
    ------
    InputError
        If `root` is no directory.
    """
    root = Path(root)
    if root.is_file():
        raise InputError(
            f"{root}: this is a file, a directory with calculations was expected",
            hint=f"name the directory it lies in: {root.parent}",
        )
    if not root.is_dir():
        raise InputError(
            f"{root}: this directory does not exist",
            hint="name a job tree, or a directory with outputs of VASP at any depth",
        )
    found = []
    for place, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files = _known_files(Path(place), sorted(names))
        if any(name in files for name in _OUTPUTS) or any(map(FoundCalculation.is_grid, files)):
            found.append(FoundCalculation(directory=Path(place), files=files))
    return tuple(found)


def _known_files(directory: Path, names: list[str]) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for suffix in reversed(SUFFIXES):
        for name in names:
            plain = name.removesuffix(suffix) if suffix else name
            if (suffix == "" or name.endswith(suffix)) and (
                plain in _KNOWN or FoundCalculation.is_grid(plain)
            ):
                files[plain] = directory / name
    return files
