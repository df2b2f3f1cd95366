"""What a directory calculated: its kind, its atoms and its grid, from the heads of its files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qdstruct.errors import OutputError
from qdstruct.outputs.grids import read_grid_head
from qdstruct.outputs.header import read_structure
from qdstruct.outputs.reader import TextReader
from qdstruct.outputs.streams import open_output
from qdstruct.outputs.survey import FoundCalculation
from qdstruct.outputs.tags import read_tags
from qdstruct.outputs.vasprun import read_vasprun_head

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["CalculationSketch", "calculation_kind", "sketch_calculation"]


@dataclass(frozen=True, kw_only=True, eq=False)
class CalculationSketch:
    """One found calculation, as far as the heads of its files tell without reading them whole."""

    found: FoundCalculation
    """Directory and files."""
    kind: str
    """``relax``, ``static``, ``dos``, ``bands``, ``partial charge``, ``molecular dynamics``,
    ``vibrations`` or ``unknown``."""
    reason: str
    """The tags that say so."""
    tags: dict[str, Any] = field(default_factory=dict)
    """From INCAR, or from vasprun.xml where there is none."""
    atoms: Atoms | None = None
    """Structure of the grid files where there are some, else CONTCAR, vasprun.xml (initial) or
    POSCAR; None where none can be read."""
    shape: tuple[int, int, int] | None = None
    """Points of the grid of CHGCAR (else of another grid file)."""
    problems: tuple[str, ...] = ()
    """Files whose head cannot be read, with the reason."""

    @property
    def name(self) -> str:
        """The directory, as a person would call it."""
        return str(self.found.directory)


def sketch_calculation(found: FoundCalculation) -> CalculationSketch:
    """Guess what a calculation is, reading a few kilobytes of each of its files.

    Damaged heads are listed in ``problems``; nothing is raised for them.
    """
    problems: list[str] = []
    tags, where = _tags(found, problems)
    atoms, shape = _structure(found, problems)
    kind, reason = calculation_kind(tags, line_mode=_line_mode(found))
    return CalculationSketch(
        found=found, kind=kind, reason=f"{reason} ({where})" if where else reason, tags=tags,
        atoms=atoms, shape=shape, problems=tuple(problems),
    )  # fmt: skip


def calculation_kind(tags: dict[str, Any], *, line_mode: bool = False) -> tuple[str, str]:
    """Return the kind of calculation that INCAR tags describe, and the tags that say so.

    Parameters
    ----------
    tags : dict
        Upper-case names; VASP's defaults fill what is missing.
    line_mode : bool
        Whether KPOINTS lists lines through the Brillouin zone.
    """
    if not tags:
        return "unknown", "neither INCAR nor vasprun.xml tells its tags"
    steps = _number(tags, "NSW", 0)
    moves = _number(tags, "IBRION", -1 if steps in (-1, 0) else 0)
    if tags.get("LPARD") is True:
        return "partial charge", "LPARD = T"
    if moves in (5, 6, 7, 8):
        return "vibrations", f"IBRION = {moves:g}"
    if steps > 0 and moves == 0:
        return "molecular dynamics", f"IBRION = 0, NSW = {steps:g}"
    if steps > 0 and moves > 0:
        return "relax", f"IBRION = {moves:g}, NSW = {steps:g}"
    if line_mode:
        return "bands", "KPOINTS lists lines"
    fixed, projected = _number(tags, "ICHARG", 0), _number(tags, "LORBIT", 0)
    if fixed >= 10:
        return "dos", f"ICHARG = {fixed:g}"
    if projected >= 10 and (_number(tags, "NEDOS", 301) > 301 or tags.get("ISMEAR") == -5):
        return "dos", f"LORBIT = {projected:g} with NEDOS or tetrahedra"
    return "static", f"NSW = {steps:g}"


def _number(tags: dict[str, Any], name: str, default: float) -> float:
    value = tags.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else default


def _tags(found: FoundCalculation, problems: list[str]) -> tuple[dict[str, Any], str]:
    if "INCAR" in found.files:
        try:
            return read_tags(found.files["INCAR"]), "INCAR"
        except OutputError as error:
            problems.append(error.message)
    if "vasprun.xml" in found.files:
        try:
            run = read_vasprun_head(found.files["vasprun.xml"])
        except OutputError as error:
            problems.append(error.message)
        else:
            return {**run.parameters, **run.incar}, "vasprun.xml"
    return {}, ""


def _structure(
    found: FoundCalculation, problems: list[str]
) -> tuple[Atoms | None, tuple[int, int, int] | None]:
    grids = [name for name in found.files if found.is_grid(name)]
    for name in sorted(grids, key=lambda name: (name != "CHGCAR", name)):
        try:
            return read_grid_head(found.files[name])
        except OutputError as error:
            problems.append(error.message)
    for name in ("CONTCAR", "vasprun.xml", "POSCAR"):
        if name not in found.files:
            continue
        try:
            return _atoms(found.files[name], name), None
        except OutputError as error:
            if error.message not in problems:
                problems.append(error.message)
    return None, None


def _atoms(path: Path, name: str) -> Atoms:
    if name != "vasprun.xml":
        with open_output(path) as stream:
            return read_structure(TextReader(stream))
    from qdstruct.outputs.calculation import initial_atoms

    return initial_atoms(read_vasprun_head(path))


def _line_mode(found: FoundCalculation) -> bool:
    path = found.files.get("KPOINTS")
    if path is None:
        return False
    try:
        with open_output(path) as stream:
            reader = TextReader(stream)
            lines = [reader.readline() or "" for _ in range(3)]
    except OutputError:
        return False
    return lines[2].strip()[:1] in ("L", "l")
