"""VASP: the command that starts it, and the licensed POTCAR files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from qdstruct import jobs, running
from qdstruct.errors import InputError
from qdstruct.model import HealthCheck

__all__ = ["examine"]

ELEMENTS = ("Cs", "Pb", "Cl", "Br", "I", "Cd", "Zn", "S", "Se", "C", "N", "H")
"""Of the crystals that come with qdstruct."""


def examine() -> Iterable[HealthCheck]:
    """Look at the command and at the potentials."""
    return [_command(), *_library(jobs.inspect_library(ELEMENTS))]


def _check(name: str, state: str, found: str, fix: str = "") -> HealthCheck:
    return HealthCheck(group="vasp", name=name, state=state, found=found, fix=fix)


def _command() -> HealthCheck:
    fix = "export QDSTRUCT_VASP_COMMAND='mpirun -np 16 vasp_std'"
    try:
        engine = running.find_engine("vasp")
    except InputError as error:
        unset = error.message.startswith("no command")
        found = "QDSTRUCT_VASP_COMMAND is not set" if unset else error.message
        return _check("command", "absent" if unset else "broken", found, fix)
    return _check("command", "fine", " ".join(engine.command))


def _library(library: jobs.PotcarLibrary) -> Iterator[HealthCheck]:
    name = "POTCAR library"
    if library.folder is None:
        yield _check(
            name, "absent", "pymatgen's PMG_VASP_PSP_DIR is not set; POTCAR.spec is written",
            "pmg config -p YOUR_POTENTIALS FOLDER && pmg config --add PMG_VASP_PSP_DIR FOLDER",
        )  # fmt: skip
        return
    if not Path(library.folder).is_dir():
        fix = "pmg config --add PMG_VASP_PSP_DIR FOLDER"
        yield _check(name, "broken", f"PMG_VASP_PSP_DIR: no folder {library.folder}", fix)
        return
    yield _check(name, "fine", library.folder)
    yield _release(library)
    if library.present:
        yield _potentials(library)


def _release(library: jobs.PotcarLibrary) -> HealthCheck:
    name = f"POTCAR release {library.functional}"
    if library.release_folder is not None and Path(library.release_folder).is_dir():
        return _check(name, "fine", library.release_folder)
    have = f"there is {', '.join(library.releases)}" if library.releases else "there is none"
    known = "its folder is missing" if library.release_folder else "no release has this name"
    choice = library.releases[0] if library.releases else "PBE_54"
    return _check(
        name, "broken", f"{known}; {have}", f"pmg config --add PMG_DEFAULT_FUNCTIONAL {choice}"
    )


def _potentials(library: jobs.PotcarLibrary) -> HealthCheck:
    name = "POTCAR files of the shipped crystals"
    if not library.missing:
        return _check(name, "fine", ", ".join(library.present))
    return _check(
        name, "broken", f"missing: {', '.join(library.missing)}",
        f"copy them from your VASP licence into {library.release_folder}/LABEL/POTCAR",
    )  # fmt: skip
