"""Presets: INCAR tags with a reason beside each, read from ``templates/vasp/*.yaml``."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from qdstruct.errors import StudyError
from qdstruct.files import read_text
from qdstruct.jobs.kinds import KINDS
from qdstruct.model.record import Record
from qdstruct.resources import data_folder

__all__ = ["Preset", "Setting", "TagValue", "list_presets", "load_preset", "preset_folder"]

TagValue = str | int | float | bool | list[float]

CELLS = ("bulk", "slab", "interface", "molecule")
SECTIONS = ("common", *KINDS, *CELLS, *(f"{cell}-{kind}" for cell in CELLS for kind in KINDS))
KPOINT_KEYS = ("spacing", "dos_spacing", "interface_mesh")
NOT_PRESETS = ("zval", "kinds")


@dataclass(frozen=True, kw_only=True)
class Setting(Record):
    """One INCAR tag of one job, with why it has this value and who chose it."""

    tag: str
    """Name in capitals."""
    value: TagValue
    """As it is written."""
    reason: str
    """Why."""
    origin: str
    """``preset NAME, section``, ``your study`` or ``computed``."""


@dataclass(frozen=True, kw_only=True)
class Preset(Record):
    """A named set of VASP settings."""

    name: str
    """What a study calls it."""
    description: str
    """One line."""
    source: str
    """Publication or experience it rests on."""
    spacing: Setting
    """Largest distance between k-points, 1/Å with 2π."""
    dos_spacing: Setting
    """The same for densities of states."""
    interface_mesh: Setting | None
    """Explicit Γ-centred mesh for slabs, interfaces and difference parts; None derives it."""
    sections: dict[str, list[Setting]]
    """Section → its tags; `SECTIONS` lists the names."""

    def settings(self, cell: str, kind: str) -> dict[str, Setting]:
        """Merge the sections of one job, the more specific ones last.

        For kinds that presets need not mention, the tags of ``kinds.yaml`` come after those of the
        cell: they make the job what it is.
        """
        own = self.sections
        layers = [own.get("common", [])]
        if KINDS[kind].tags_from_presets:
            layers += [own.get(kind, []), own.get(cell, [])]
        else:
            layers += [own.get(cell, []), shared_sections().get(kind, []), own.get(kind, [])]
        layers.append(own.get(f"{cell}-{kind}", []))
        return {setting.tag: setting for layer in layers for setting in layer}


def preset_folder() -> Path:
    """Folder of the shipped presets."""
    return data_folder("templates") / "vasp"


def list_presets() -> tuple[str, ...]:
    """Names of the shipped presets."""
    stems = (path.stem for path in preset_folder().glob("*.yaml"))
    return tuple(sorted(stem for stem in stems if stem not in NOT_PRESETS))


@cache
def shared_sections() -> dict[str, list[Setting]]:
    """Tags of the kinds of jobs that presets need not mention (``templates/vasp/kinds.yaml``)."""
    path = preset_folder() / "kinds.yaml"
    document = _Node(path, load_yaml(path), "the file")
    document.only("description", "source", "protected", "tags")
    return _sections(document.child("tags"), "kind of job")


@cache
def protected_tags(kind: str) -> frozenset[str]:
    """Tags of a kind of job that a study's overlay does not reach (``kinds.yaml``)."""
    path = preset_folder() / "kinds.yaml"
    protected = _Node(path, load_yaml(path), "the file").child("protected")
    return frozenset(protected[kind]) if kind in protected.keys else frozenset()


def load_preset(name: str) -> Preset:
    """Read a shipped preset, or a user's own file when `name` ends in ``.yaml``.

    Raises
    ------
    StudyError
        If there is no such preset (those that exist are listed) or the file is malformed (with
        its line).
    """
    if name.endswith((".yaml", ".yml")):
        return _read_preset(Path(name))
    known = list_presets()
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise StudyError(
            f"there is no preset called '{name}'",
            hint=f"{meant}presets: {', '.join(known)}, or the path of your own .yaml file",
        )
    return _shipped(name)


@cache
def _shipped(name: str) -> Preset:
    return _read_preset(preset_folder() / f"{name}.yaml")


def _read_preset(path: Path) -> Preset:
    document = _Node(path, load_yaml(path), "the file")
    document.only("description", "source", "kpoints", "tags")
    kpoints = document.child("kpoints")
    kpoints.only(*KPOINT_KEYS)
    tags = document.child("tags")
    tags.only(*SECTIONS)
    name = path.stem
    sections = _sections(tags, f"preset {name}")
    mesh = "interface_mesh" in kpoints.keys
    return Preset(
        name=name,
        description=str(document["description"]),
        source=str(document["source"]),
        spacing=kpoints.setting("spacing", f"preset {name}"),
        dos_spacing=kpoints.setting("dos_spacing", f"preset {name}"),
        interface_mesh=kpoints.setting("interface_mesh", f"preset {name}") if mesh else None,
        sections=sections,
    )


def _sections(tags: _Node, origin: str) -> dict[str, list[Setting]]:
    return {
        section: [tags.child(section).setting(tag, f"{origin}, {section}") for tag in tags[section]]
        for section in tags.keys
    }


def load_yaml(path: Path) -> Any:
    """Read YAML so that every mapping knows its line.

    Raises
    ------
    StudyError
        Naming file and line.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    shipped = f"shipped presets: {', '.join(list_presets())}"
    text = read_text(path, "a preset (YAML)", hint=shipped, error=StudyError)
    try:
        return YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}, line {mark.line + 1}" if mark else f"{path}"
        raise StudyError(f"{where}: not valid YAML: {error.problem or error.context}") from None
    except YAMLError as error:
        raise StudyError(f"{path}: not valid YAML: {error}") from None


class _Node:
    """A mapping of a YAML file that can say on which line a key stands."""

    def __init__(self, path: Path, content: Any, what: str) -> None:
        self.path, self.what = path, what
        if not isinstance(content, Mapping):
            raise StudyError(f"{path}: {what} must be a mapping of keys to values")
        self.content = content

    @property
    def keys(self) -> list[str]:
        return [str(key) for key in self.content]

    def __getitem__(self, key: str) -> Any:
        if key not in self.content:
            raise StudyError(f"{self.path}: {self.what} lacks the key '{key}'")
        return self.content[key]

    def where(self, key: str) -> str:
        lines = getattr(self.content, "lc", None)
        if lines is None or key not in lines.data:
            return f"{self.path}"
        return f"{self.path}, line {lines.key(key)[0] + 1}"

    def child(self, key: str) -> _Node:
        content = self[key]
        if not isinstance(content, Mapping):
            raise StudyError(f"{self.where(key)}: '{key}' must be a mapping of keys to values")
        return _Node(self.path, content, f"'{key}'")

    def only(self, *known: str) -> None:
        for key in self.keys:
            if key not in known:
                raise StudyError(
                    f"{self.where(key)}: unknown key '{key}' in {self.what}",
                    hint=f"known keys: {', '.join(known)}",
                )

    def setting(self, key: str, origin: str) -> Setting:
        entry = self[key]
        if not isinstance(entry, Mapping) or set(entry) != {"value", "reason"}:
            raise StudyError(
                f"{self.where(key)}: '{key}' must have exactly the keys value and reason",
                hint=f"{key}: {{value: …, reason: why}}",
            )
        value = _plain(entry["value"])
        if value is None:
            raise StudyError(f"{self.where(key)}: the value of '{key}' is empty")
        return Setting(tag=key, value=value, reason=str(entry["reason"]), origin=origin)


def _plain(value: Any) -> TagValue | None:
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, list):
        return [item for item in map(_plain, value) if isinstance(item, int | float)]
    return None
