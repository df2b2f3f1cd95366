"""Reading a cluster profile (TOML), with errors that say what and where."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from qdstruct.errors import InputError
from qdstruct.files import read_text
from qdstruct.model import ClusterProfile, JobResources

__all__ = ["EXECUTORS", "load_profile"]

EXAMPLE = 'the shortest profile is one line: executor = "slurm"'
EXECUTORS = ("slurm", "local", "flux")
TOP = ("executor", "workers", "command", "modules", "setup", "resources", "options", "jobs")
TEXTS = ("command", "partition", "account")
COUNTS = ("nodes", "tasks")
LISTS = ("modules", "setup")
RESOURCES = ("partition", "account", "nodes", "tasks", "memory", "walltime")
WALLTIME = re.compile(r"(\d+-)?\d{1,3}(:\d{2}){1,2}|\d+")
MEMORY = re.compile(r"\d+[KMGT]?")


def load_profile(path: Path, kinds: Collection[str]) -> ClusterProfile:
    """Read and check a cluster profile.

    Parameters
    ----------
    path : Path
        A TOML file; see the how-to on clusters.
    kinds : collection of str
        Kinds of jobs that a section ``[jobs.KIND]`` may name; other sections must be names or
        patterns of names (they hold a ``/`` or a ``*``).

    Raises
    ------
    InputError
        Naming the file, the key, what was expected and the nearest name.
    """
    try:
        document = tomllib.loads(read_text(path, "a cluster profile (TOML)", hint=EXAMPLE))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not valid TOML: {error}", hint=EXAMPLE) from None
    _only(path, "", document, TOP)
    executor = document.get("executor")
    if executor not in EXECUTORS:
        raise InputError(
            f"{path}: executor: {executor!r} is not one of {', '.join(EXECUTORS)}",
            hint='write executor = "slurm"',
        )
    workers = document.get("workers", 1)
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise InputError(f"{path}: workers: a whole number of jobs, not {workers!r}")
    resources = _table(path, "resources", document.get("resources", {}))
    _only(path, "resources.", resources, RESOURCES)
    common = {name: document[name] for name in (*LISTS, "command", "options") if name in document}
    sections = _table(path, "jobs", document.get("jobs", {}))
    return ClusterProfile(
        executor=executor,
        workers=workers,
        resources=_resources(path, "", {**resources, **common}),
        jobs={
            name: _resources(path, f"jobs.{_known(path, name, kinds)}.", _table(path, name, own))
            for name, own in sections.items()
        },
    )


def _known(path: Path, name: str, kinds: Collection[str]) -> str:
    if name in kinds or "/" in name or "*" in name:
        return name
    near = difflib.get_close_matches(name, list(kinds), n=1)
    meant = f"did you mean '{near[0]}'? " if near else ""
    raise InputError(
        f"{path}: jobs.{name}: there is no kind of job called '{name}'",
        hint=f'{meant}name a kind ({", ".join(kinds)}), a job, or a pattern such as "interface/*"',
    )


def _table(path: Path, key: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{path}: {key}: a table was expected, not {value!r}")
    return value


def _only(path: Path, prefix: str, table: Mapping[str, Any], known: Collection[str]) -> None:
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, list(known), n=1)
            raise InputError(
                f"{path}: unknown key '{prefix}{key}'",
                hint=f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}",
            )


def _resources(path: Path, prefix: str, table: Mapping[str, Any]) -> JobResources:
    _only(path, prefix, table, [each.name for each in fields(JobResources)])
    for name in TEXTS:
        _require(path, prefix, table, name, "a text", lambda v: isinstance(v, str) and v.strip())
    for name in COUNTS:
        _require(path, prefix, table, name, "a whole number above 0", _is_count)
    for name in LISTS:
        _require(path, prefix, table, name, "a list of texts", _is_texts)
    _require(path, prefix, table, "memory", 'a size such as "64G"', _matches(MEMORY))
    _require(path, prefix, table, "walltime", '"HH:MM:SS" or "D-HH:MM:SS"', _matches(WALLTIME))
    _require(path, prefix, table, "options", "a table of long options", _is_options)
    return JobResources.from_dict(dict(table))


def _require(
    path: Path, prefix: str, table: Mapping[str, Any], name: str, what: str, holds: Any
) -> None:
    if name in table and not holds(table[name]):
        raise InputError(f"{path}: {prefix}{name}: {what} was expected, not {table[name]!r}")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_options(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(v, str | int | bool) for v in value.values())


def _matches(pattern: re.Pattern[str]) -> Any:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None
