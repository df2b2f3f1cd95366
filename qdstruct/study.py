"""The study file a user writes: which crystals meet, how, and what is to be known about it.

A study is YAML. Every mistake is reported with the file, the line, the key, what was expected and
the nearest name.
"""

from __future__ import annotations

import dataclasses
import difflib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from qdstruct.errors import StudyError
from qdstruct.model import CalculationSettings, Miller
from qdstruct.resources import data_folder

__all__ = ["Study", "find_study", "load_study", "overlay_calculation", "study_names"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Planes(_Section):
    """The two faces that meet, each in the cell of its own phase."""

    film: Miller
    substrate: Miller

    @model_validator(mode="after")
    def _name_a_plane(self) -> Planes:
        for side in ("film", "substrate"):
            if not any(getattr(self, side)):
                raise ValueError(f"{side}: (0, 0, 0) is not a lattice plane")
        return self


class Directions(_Section):
    """In-plane directions [uvw] that must end up parallel, each in the cell of its own phase."""

    film: Miller
    substrate: Miller
    tolerance: Annotated[float, Field(gt=0, le=45)] = 2.0


class MatchBounds(_Section):
    """Bounds of the coincidence search and which of its rows is built."""

    max_area: Annotated[float, Field(gt=0)] = 200.0
    max_strain: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    choose: Annotated[int, Field(ge=1)] = 1


class Build(_Section):
    """How the interface is built; see ``qdstruct build interface --help``."""

    film_layers: Annotated[int, Field(ge=1)] = 2
    substrate_layers: Annotated[int, Field(ge=1)] = 2
    film_termination: str | None = None
    substrate_termination: str | None = None
    strain_on: Literal["film", "substrate", "both"] = "film"
    gap: Annotated[float, Field(gt=0)] | None = None
    shift: tuple[float, float] | Literal["closest", "ionic", "geometric"] = "closest"
    vacuum: Annotated[float, Field(ge=0)] = 15.0


PartName = Literal[
    "bulk", "slab", "interface", "difference", "adhesion", "bands", "bader", "core-levels",
    "states", "optics", "hybrid", "phonons", "dynamics", "registry", "convergence",
]  # fmt: skip
RecipeName = Literal[
    "interface electronic structure", "charge difference", "band alignment with bulk references",
    "adhesion and registry", "phonons", "NAMD input",
]  # fmt: skip


class Phonons(_Section):
    """Phonons by finite displacements, for the part ``phonons``."""

    of: tuple[Literal["film", "substrate", "interface"], ...] = ("film", "substrate")
    length: Annotated[float, Field(gt=0)] = 10.0
    distance: Annotated[float, Field(gt=0, le=0.2)] = 0.01


class Dynamics(_Section):
    """Molecular dynamics and the single points along it, for the part ``dynamics``."""

    temperature: Annotated[float, Field(gt=0)] = 300.0
    time_step: Annotated[float, Field(gt=0, le=5)] = 1.0
    heating: Annotated[int, Field(ge=1)] = 1000
    steps: Annotated[int, Field(ge=1)] = 3000
    ensemble: Literal["NVE", "NVT"] = "NVE"
    snapshots: Annotated[int, Field(ge=0)] = 1000
    empty_bands: Annotated[int, Field(ge=1)] = 40


class States(_Section):
    """Which states the band-decomposed densities show, for the part ``states``."""

    bands: Annotated[tuple[int, ...], Field(min_length=1)] = (0, 1)
    window: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _order_the_window(self) -> States:
        if self.window is not None and self.window[0] >= self.window[1]:
            raise ValueError(f"window: {list(self.window)} is not an interval, lower end first")
        return self


class RegistryGrid(_Section):
    """Grid of shifts for the part ``registry``."""

    grid: Annotated[int, Field(ge=1, le=12)] = 3


class Convergence(_Section):
    """Series for the part ``convergence``; an empty one is left out."""

    cutoffs: tuple[Annotated[float, Field(gt=0)], ...] = (300.0, 400.0, 500.0, 600.0)
    spacings: tuple[Annotated[float, Field(gt=0)], ...] = (0.5, 0.35, 0.25, 0.18)
    layers: tuple[Annotated[int, Field(ge=1)], ...] = (2, 3, 4, 5)
    vacua: tuple[Annotated[float, Field(gt=0)], ...] = (10.0, 15.0, 20.0)


class Calculation(_Section):
    """Settings of the calculations; `tags` overlays the preset."""

    preset: str = "standard"
    tags: dict[str, str | int | float | bool | list[float]] = Field(default_factory=dict)
    kpoint_spacing: Annotated[float, Field(gt=0)] | None = None
    kpoints: (
        tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
        | None
    ) = None
    include: tuple[PartName, ...] = ("bulk", "slab", "interface", "difference")
    van_der_waals: Literal["D3", "D3-BJ", "D4", "TS", "none"] | None = None
    magnetic_moments: dict[str, float] = Field(default_factory=dict)
    hubbard_u: dict[str, float] = Field(default_factory=dict)
    spin_orbit: bool = False
    fixed_layers: Annotated[int, Field(ge=0)] = 0
    cores: Annotated[int, Field(ge=1)] | None = None
    node_memory: Annotated[float, Field(gt=0)] | None = None
    core_hours: Annotated[float, Field(gt=0)] = 20_000.0
    bulk_cell: Literal["relaxed", "experimental"] = "relaxed"
    phonons: Phonons = Phonons()
    dynamics: Dynamics = Dynamics()
    states: States = States()
    registry: RegistryGrid = RegistryGrid()
    convergence: Convergence = Convergence()

    def settings(self, parts: tuple[str, ...] = ()) -> CalculationSettings:
        """Return the same choices as the type that the jobs take.

        Parameters
        ----------
        parts : tuple of str
            What the study's recipes need. With recipes, `include` counts only where the study
            spells it out.
        """
        chosen = CalculationSettings.from_dict(self.model_dump())
        if not parts:
            return chosen
        spelt = self.include if "include" in self.model_fields_set else ()
        return dataclasses.replace(chosen, include=tuple(dict.fromkeys((*parts, *spelt))))


class Zone(_Section):
    """One zone-axis pattern."""

    phase: str
    zone: Miller
    max_g: Annotated[float, Field(gt=0)] = 0.8

    @model_validator(mode="after")
    def _name_a_direction(self) -> Zone:
        if not any(self.zone):
            raise ValueError("zone: [0, 0, 0] is not a zone axis")
        return self


class Patterns(_Section):
    """Which patterns are simulated."""

    anode: str = "CuKa1"
    two_theta: tuple[float, float] = (10.0, 60.0)
    size: Annotated[float, Field(gt=0)] | None = None
    zones: tuple[Zone, ...] = ()

    @model_validator(mode="after")
    def _span_angles(self) -> Patterns:
        low, high = self.two_theta
        if not 0 < low < high < 180:
            raise ValueError(f"two_theta: from {low:g} to {high:g}° is not a range within 0 to 180")
        return self


class Study(_Section):
    """One study, as written in a study file."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    description: str
    film: str
    substrate: str
    geometry: Literal["vertical", "lateral"] = "vertical"
    planes: Planes
    directions: Directions | None = None
    match: MatchBounds = MatchBounds()
    build: Build = Build()
    recipes: tuple[RecipeName, ...] = ()
    calculation: Calculation = Calculation()
    patterns: Patterns = Patterns()
    published: tuple[str, ...] = ()


def study_names() -> tuple[str, ...]:
    """Return the names of the studies that come with qdstruct."""
    return tuple(sorted(path.stem for path in data_folder("workflows").glob("*.yaml")))


def find_study(name_or_path: str | Path) -> Path:
    """Return the file of a study given by path or by the name of a shipped one.

    Raises
    ------
    StudyError
        If there is no such file, with the nearest shipped names.
    """
    path = Path(name_or_path)
    if path.is_file():
        return path
    names = study_names()
    if str(name_or_path) in names:
        return data_folder("workflows") / f"{name_or_path}.yaml"
    if path.is_dir():
        raise StudyError(f"{path}: is a directory, a study file was expected")
    near = difflib.get_close_matches(str(name_or_path), names, n=3, cutoff=0.3) or names
    raise StudyError(
        f"no study file '{name_or_path}'",
        hint=f"give the path of a YAML file or a shipped study: {', '.join(near)}",
    )


def load_study(name_or_path: str | Path) -> Study:
    """Read and check a study file.

    Parameters
    ----------
    name_or_path : str or Path
        A YAML file, or the name of a study in ``workflows/``.

    Raises
    ------
    StudyError
        Naming file, line, key, what was expected and what to do.
    """
    path = find_study(name_or_path)
    document = _parse(path)
    try:
        return Study.model_validate(document)
    except ValidationError as error:
        raise _explain(path, document, error) from None


def overlay_calculation(
    path: Path, *, preset: str | None = None, tags: Mapping[str, str | int | float | bool]
) -> str:
    """Return the text of a study file with another preset or more INCAR tags, comments kept.

    Parameters
    ----------
    path : Path
        A study file.
    preset : str, optional
        Replaces ``calculation.preset``.
    tags : mapping
        INCAR tag → value; they go to ``calculation.tags``.
    """
    if not tags and preset is None:
        return path.read_text(encoding="utf-8")
    from ruamel.yaml import YAML

    document = _parse(path)
    section = document.setdefault("calculation", {})
    if preset is not None:
        section["preset"] = preset
    if tags:
        section["tags"] = {**(section.get("tags") or {}), **tags}
    buffer = io.StringIO()
    yaml = YAML(typ="rt")
    yaml.width = 100
    yaml.dump(document, buffer)
    return buffer.getvalue()


def _parse(path: Path) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        document = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"{mark.line + 1}" if mark else "?"
        raise StudyError(
            f"{path}:{line}: not valid YAML: {error.problem or error.context}",
            hint="look at the indentation, the colon after each key, and unclosed brackets",
        ) from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise StudyError(f"{path}: not a YAML text file: {error}") from None
    except OSError as error:
        raise StudyError(f"{path}: cannot be read: {error.strerror}") from None
    if not isinstance(document, dict):
        raise StudyError(
            f"{path}:1: a study is a set of 'key: value' lines",
            hint=f"start from a shipped one: {', '.join(study_names())}",
        )
    return document


def _explain(path: Path, document: Any, error: ValidationError) -> StudyError:
    # A misspelt key also leaves the right one missing: the misspelling is the better message.
    first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    location = [part for part in first["loc"] if not _is_type_tag(part)]
    line = _line_of(document, location)
    key = ".".join(str(part) for part in location) or "study"
    more = error.error_count() - 1
    tail = f" (and {more} more problem{'s' if more > 1 else ''})" if more else ""
    if first["type"] == "extra_forbidden":
        known = _known_keys(location[:-1])
        near = difflib.get_close_matches(str(location[-1]), known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known keys here: {', '.join(known)}"
        return StudyError(f"{path}:{line}: unknown key '{key}'{tail}", hint=hint)
    if first["type"] == "missing" and isinstance(location[-1], int):
        key = ".".join(str(part) for part in location[:-1])
        return StudyError(f"{path}:{line}: {key}: needs more than {location[-1]} values{tail}")
    if first["type"] == "missing":
        return StudyError(
            f"{path}:{line}: the key '{key}' is missing{tail}",
            hint=f"see a shipped study: {', '.join(study_names())}",
        )
    given = first.get("input")
    shown = "" if isinstance(given, dict) else f", not {given!r}"
    message = first["msg"].removeprefix("Value error, ")
    return StudyError(f"{path}:{line}: {key}: {message}{shown}{tail}")


def _is_type_tag(part: int | str) -> bool:
    return isinstance(part, str) and ("[" in part or part in ("str", "int", "float", "bool"))


def _line_of(document: Any, location: list[int | str]) -> int:
    node, line = document, 1
    for part in location:
        try:
            if isinstance(node, dict) and part in node:
                line = node.lc.key(part)[0] + 1  # type: ignore[attr-defined]
            elif isinstance(node, list):
                line = node.lc.item(part)[0] + 1  # type: ignore[attr-defined]
            node = node[part]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return line


def _known_keys(location: list[int | str]) -> list[str]:
    model: Any = Study
    for part in location:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation
        choices = [annotation, *getattr(annotation, "__args__", ())]
        model = next(c for c in choices if isinstance(c, type) and issubclass(c, BaseModel))
    return list(model.model_fields)
