"""The crystals that come with the package, found by name or alias."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from qdstruct.errors import PhaseError
from qdstruct.model import Phase
from qdstruct.phases.reading import read_structure
from qdstruct.resources import data_folder

__all__ = ["catalogue", "load", "suggest"]

STRUCTURE_SUFFIXES = (".cif", ".mcif", ".vasp", ".poscar", ".xyz", ".extxyz", ".xsf", ".json")
"""Endings that say: this is meant as a file."""


@dataclass(frozen=True)
class _Entry:
    name: str
    names: tuple[str, ...]
    formula: str
    file: Path


def load(name_or_path: str | Path) -> Phase:
    """Return a shipped phase by name or alias, or read a structure file.

    Parameters
    ----------
    name_or_path : str or Path
        A name such as ``CsPbBr3-Pnma`` (upper and lower case, ``_``, ``-`` and spaces do not
        matter), or a path. A known name wins over a file of the same name; write ``./PbS`` to mean
        the file.

    Returns
    -------
    Phase
        A copy of its own: changing its atoms changes nothing else.

    Raises
    ------
    PhaseError
        If the name is unknown (with the nearest names), or the file cannot be used
        (see `read_structure`).
    """
    words = str(name_or_path).strip()
    entry = None if isinstance(name_or_path, Path) else _index().get(_key(words))
    if entry is not None:
        phase = _read_cached(entry.file, entry.file.stat().st_mtime_ns)
        return replace(phase, atoms=phase.atoms.copy())
    path = Path(words).expanduser()
    if words and (path.exists() or _looks_like_path(words)):
        return read_structure(path)
    raise _unknown(words)


def catalogue() -> tuple[Phase, ...]:
    """Return every shipped phase, by name."""
    return tuple(load(entry.name) for entry in _entries())


def suggest(name: str, *, at_most: int = 4) -> tuple[str, ...]:
    """Return the names of shipped phases nearest to `name`, best first.

    A bare formula (``CdS``) yields every phase of that formula.
    """
    key = _key(name)
    same = [entry.name for entry in _entries() if _key(entry.formula) == key]
    if same:
        return tuple(same)
    near = difflib.get_close_matches(key, list(_index()), n=3 * at_most, cutoff=0.5)
    inside = [known for known in _index() if len(key) > 2 and key in known]
    found = dict.fromkeys(_index()[known].name for known in [*near, *inside])
    return tuple(found)[:at_most]


def _unknown(words: str) -> PhaseError:
    near = suggest(words)
    if any(_key(entry.formula) == _key(words) for entry in _entries()):
        return PhaseError(
            f"'{words}' is known in {len(near)} structures",
            hint=f"choose one of {', '.join(near)}",
        )
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    return PhaseError(
        f"unknown phase '{words}'",
        hint=f"{hint}'qdstruct phases' lists all names; a structure file works too",
    )


def _looks_like_path(words: str) -> bool:
    path = Path(words)
    named = path.name.upper() in ("POSCAR", "CONTCAR")
    return "/" in words or named or path.suffix.lower() in STRUCTURE_SUFFIXES


def _key(name: str) -> str:
    return re.sub(r"[\s_\-]+", "", name).casefold()


@cache
def _entries() -> tuple[_Entry, ...]:
    files = sorted(data_folder("structures").glob("*.cif"), key=lambda file: file.stem.casefold())
    return tuple(_entry(file) for file in files)


def _entry(file: Path) -> _Entry:
    """Read the names of a shipped file without parsing the whole of it."""
    content = file.read_text(encoding="utf-8")
    aliases: list[str] = []
    loop = re.search(r"^loop_\n_qdstruct_alias\n((?:  .*\n)+)", content, re.MULTILINE)
    if loop:
        aliases = [line.strip().strip("'\"") for line in loop.group(1).splitlines()]
    formula = re.search(r"^_chemical_formula_structural\s+'(.*)'", content, re.MULTILINE)
    names = (file.stem, *aliases)
    return _Entry(file.stem, names, formula.group(1) if formula else file.stem, file)


@cache
def _index() -> dict[str, _Entry]:
    found: dict[str, _Entry] = {}
    for entry in _entries():
        for name in entry.names:
            if found.setdefault(_key(name), entry) is not entry:
                raise PhaseError(
                    f"{entry.file}: the name {name} belongs to {found[_key(name)].name} already"
                )
    return found


@cache
def _read_cached(file: Path, _modified: int) -> Phase:
    return read_structure(file)
