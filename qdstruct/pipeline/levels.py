"""Tables of band edges (YAML or csv), shipped and the user's own, as sets that can be aligned."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from qdstruct import analysis
from qdstruct.errors import InputError
from qdstruct.files import read_text
from qdstruct.model import BandAlignment, LevelSet, MaterialLevels
from qdstruct.resources import data_folder

__all__ = ["LEVELS_FOLDER", "find_levels", "measured_alignments", "read_levels", "shipped_levels"]

LEVELS_FOLDER = "levels"
ABSOLUTE_SHE = 4.44
"""Vacuum level above the standard hydrogen electrode, V: S. Trasatti, Pure Appl. Chem. 58, 955
(1986)."""
NERNST = 0.05916
"""V per unit of pH at 25 °C, between the reversible and the standard hydrogen electrode."""
SCALES = {
    "vacuum": "vacuum", "relative": "as given in the table", "she": "vacuum, through SHE",
    "nhe": "vacuum, through SHE", "rhe": "vacuum, through RHE",
}  # fmt: skip
KEYS = ("set", "side", "material", "scale", "valence", "conduction", "work_function", "edge", "gap",
        "uncertainty", "ph", "type", "source", "note")  # fmt: skip
NUMBERS = ("valence", "conduction", "work_function", "edge", "gap", "uncertainty", "ph")


def shipped_levels() -> tuple[str, ...]:
    """Return the names of the level tables that come with qdstruct."""
    folder = data_folder("templates") / LEVELS_FOLDER
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def find_levels(name: str) -> Path:
    """Return a table by path, or a shipped one by name.

    Raises
    ------
    InputError
        If there is neither.
    """
    path = Path(name)
    if path.is_file():
        return path
    shipped = data_folder("templates") / LEVELS_FOLDER / f"{name}.yaml"
    if shipped.is_file():
        return shipped
    if path.is_dir():
        raise InputError(
            f"{name}: this is a directory, a level table (.yaml, .csv) was expected",
            hint=f"calculations are aligned with: qdstruct align --calculations {name}",
        )
    raise InputError(
        f"{name}: neither a file nor a shipped level table",
        hint=f"write a table of your own, or take a shipped one: {', '.join(shipped_levels())}",
    )


def read_levels(path: Path) -> tuple[LevelSet, ...]:
    """Read sets of levels of two materials.

    Each row (csv: with a heading line; YAML: a list of mappings) is one material of one set, with
    ``set``, ``side`` (film or substrate) and ``material``, and either ``valence`` and/or
    ``conduction`` or ``work_function``, ``edge`` (E_F − E_v) and ``gap``; optionally ``scale``
    (vacuum, relative, SHE, NHE or RHE; electrode potentials in V), ``pH``, ``uncertainty`` (eV),
    ``type`` (as published, for sets that lack an edge), ``source`` and ``note``.

    Raises
    ------
    InputError
        With file and row, for anything missing, contradictory or no number.
    """
    sets: dict[str, dict[str, tuple[MaterialLevels, Mapping[str, Any], str]]] = {}
    for place, row in _rows(path):
        _check_row(place, row)
        name, side = str(row["set"]), str(row["side"])
        if side in sets.setdefault(name, {}):
            raise InputError(f"{place}: the set '{name}' has two rows for its {side}")
        sets[name][side] = (_levels(place, row), row, place)
    if not sets:
        raise InputError(
            f"{path}: holds no levels",
            hint=f"a heading line with {', '.join(KEYS[:6])}, …, then a row for each material of "
            "each set",
        )
    return tuple(_level_set(path, name, sides) for name, sides in sets.items())


def _rows(path: Path) -> list[tuple[str, dict[str, Any]]]:
    text = read_text(path, "a table of levels (csv or YAML)")
    if path.suffix.lower() in (".yaml", ".yml"):
        return _yaml_rows(path, text)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    reader = csv.DictReader(io.StringIO("\n".join(lines)), skipinitialspace=True)
    rows: list[tuple[str, dict[str, Any]]] = []
    for row in reader:
        if None in row or None in row.values():
            raise InputError(f"{path}: row {len(rows) + 1} has another number of cells than the "
                             "heading")  # fmt: skip
        filled = {k.strip(): v.strip() for k, v in row.items() if v.strip()}
        rows.append((f"{path}: row {len(rows) + 1}", filled))
    return rows


def _yaml_rows(path: Path, text: str) -> list[tuple[str, dict[str, Any]]]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise InputError(f"{path}: is no YAML: {error}") from None
    if not isinstance(document, list) or not all(isinstance(row, dict) for row in document):
        raise InputError(f"{path}: a list of rows was expected", hint="- set: …\n    side: film")
    return [(f"{path}: row {n}", row) for n, row in enumerate(document, 1)]


def _check_row(place: str, row: dict[str, Any]) -> None:
    for key in list(row):
        if str(key).lower() not in KEYS:
            raise InputError(f"{place}: there is no column '{key}'",
                             hint=f"columns: {', '.join(KEYS)}")  # fmt: skip
        row[str(key).lower()] = row.pop(key)
    for key in ("set", "side", "material"):
        if not row.get(key):
            raise InputError(f"{place}: '{key}' is missing")
    if row["side"] not in ("film", "substrate"):
        raise InputError(f"{place}: side is '{row['side']}'", hint="write film or substrate")
    scale = str(row.get("scale", "vacuum")).lower()
    if scale not in SCALES:
        raise InputError(f"{place}: there is no scale '{row['scale']}'",
                         hint="vacuum, relative, SHE, NHE or RHE")  # fmt: skip
    for key in NUMBERS:
        if row.get(key) is not None:
            try:
                row[key] = float(row[key])
            except (TypeError, ValueError):
                raise InputError(f"{place}: {key} is '{row[key]}', not a number") from None
    row["scale"] = scale


def _levels(place: str, row: Mapping[str, Any]) -> MaterialLevels:
    valence, conduction = row.get("valence"), row.get("conduction")
    optical = [float(row[k]) for k in ("work_function", "edge", "gap") if row.get(k) is not None]
    if optical:
        if len(optical) < 3 or valence is not None or conduction is not None:
            raise InputError(
                f"{place}: give work_function, edge and gap together, or valence and conduction"
            )
        if row["scale"] != "vacuum" or min(optical) <= 0:
            raise InputError(f"{place}: a work function, edge and gap are positive, below vacuum")
        valence = -(optical[0] + optical[1])
        conduction = valence + optical[2]
    elif valence is None and conduction is None:
        raise InputError(f"{place}: neither valence nor conduction edge is given")
    elif row["scale"] in ("she", "nhe", "rhe"):
        shift = NERNST * float(row.get("ph") or 0.0) if row["scale"] == "rhe" else 0.0
        valence, conduction = (
            None if volts is None else -(ABSOLUTE_SHE + volts - shift)
            for volts in (valence, conduction)
        )
    if valence is not None and conduction is not None and conduction < valence:
        raise InputError(f"{place}: the conduction edge lies below the valence edge",
                         hint="electrode potentials need scale: RHE or SHE")  # fmt: skip
    return MaterialLevels(
        material=str(row["material"]), valence=valence, conduction=conduction,
        uncertainty=float(row.get("uncertainty") or 0.0),
    )  # fmt: skip


def _level_set(
    path: Path, name: str, sides: dict[str, tuple[MaterialLevels, Mapping[str, Any], str]]
) -> LevelSet:
    for side in ("film", "substrate"):
        if side not in sides:
            raise InputError(f"{path}: the set '{name}' has no row for its {side}")
    film, substrate = sides["film"][1], sides["substrate"][1]
    if film["scale"] != substrate["scale"]:
        raise InputError(f"{path}: the two rows of the set '{name}' have different scales")
    words = {key: " ".join(str(film.get(key) or substrate.get(key) or "").split())
             for key in ("source", "note")}  # fmt: skip
    found = LevelSet(
        name=name, reference=SCALES[film["scale"]], film=sides["film"][0],
        substrate=sides["substrate"][0], source=words["source"], note=words["note"],
    )  # fmt: skip
    found = analysis.with_kind(found)
    printed = str(film.get("type") or substrate.get("type") or "")
    return found if found.kind else replace(found, kind=printed)


def measured_alignments(film: str, substrate: str) -> tuple[BandAlignment, ...]:
    """Return the complete shipped sets of two phases, as ``CsPbBr3-Pbnm`` on ``CdS-zincblende``.

    A set with the two the other way round is turned.
    """
    found = []
    for name in shipped_levels():
        for levels in read_levels(find_levels(name)):
            for given in (levels, analysis.turned(levels)):
                fits = _is_phase(film, given.film) and _is_phase(substrate, given.substrate)
                if fits and given.complete:
                    found.append(analysis.align_levels(given))
    return tuple(found)


def _is_phase(phase: str, levels: MaterialLevels) -> bool:
    return phase == levels.material or phase.startswith(f"{levels.material}-")
