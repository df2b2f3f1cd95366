"""What an earlier attempt left in a job directory: kept, restarted from, or taken away."""

from __future__ import annotations

import contextlib
import math
import os
import re
import shutil
import signal
import socket
import time
from pathlib import Path

from qdstruct.errors import OutputError, RunError
from qdstruct.files import write_atomically
from qdstruct.model import Job
from qdstruct.running.corrections import CUSTODIAN_FILE
from qdstruct.running.locks import ENGINE_LOCK, holder, is_held
from qdstruct.running.records import (
    RUN_FILE,
    archive_directory,
    archived_attempts,
    read_record,
)

__all__ = [
    "ENGINE_FILE",
    "await_orphan",
    "keep_foreign",
    "keep_originals",
    "restart_from_contcar",
    "set_aside",
    "whole_contcar",
]

ENGINE_FILE = "qdstruct-engine.json"
"""In a job's directory: what exactly was calculated, and which INCAR tags were left aside."""

CONTINUED = "CONTINUED"
"""In the archive of an attempt whose trajectory a later attempt went on with."""
_KEPT = (
    "OUTCAR",
    "OSZICAR",
    "vasprun.xml",
    "CONTCAR",
    "XDATCAR",
    "vasp.out",
    "engine.out",
    "gpaw.txt",
    ENGINE_FILE,
    "std_err.txt",
    CUSTODIAN_FILE,
)
_LARGE = (
    "CHG",
    "CHGCAR",
    "AECCAR0",
    "AECCAR1",
    "AECCAR2",
    "LOCPOT",
    "DOSCAR",
    "EIGENVAL",
    "ELFCAR",
    "IBZKPT",
    "PARCHG",
    "PCDAT",
    "PROCAR",
    "WAVEDER",
    "REPORT",
    "STOPCAR",
    "vaspout.h5",
    "gpaw.gpw",
    "gpaw.gpw.json",
)
_INPUTS = ("INCAR", "KPOINTS", "POSCAR")


def keep_originals(directory: Path) -> None:
    """Copy INCAR, KPOINTS and POSCAR to ``*.orig`` once, before anything corrects them."""
    for name in _INPUTS:
        source, copy = directory / name, directory / f"{name}.orig"
        if source.is_file() and not copy.exists():
            shutil.copy2(source, copy)


def set_aside(directory: Path, attempt: int, *, keep_orbitals: bool = False) -> None:
    """Move what attempt number `attempt` wrote into ``attempt-N`` and remove its large files.

    The record moves last: killed in between, the same call finishes the work.

    Parameters
    ----------
    directory : Path
        The job's directory.
    attempt : int
        Number of the attempt.
    keep_orbitals : bool
        Leave WAVECAR for the next attempt: right after an orderly end only, since an engine that
        was killed may have left half of one.
    """
    archive = archive_directory(directory, attempt)
    archive.mkdir(exist_ok=True)
    found = [directory / name for name in _KEPT]
    found += sorted(directory.glob("error.*.tar*"))
    for path in found:
        if path.is_file():
            path.replace(archive / path.name)
    for name in _LARGE if keep_orbitals else (*_LARGE, "WAVECAR"):
        (directory / name).unlink(missing_ok=True)
    for path in directory.glob("PARCHG.*"):
        path.unlink(missing_ok=True)
    record = directory / RUN_FILE
    if record.exists():
        record.replace(archive / RUN_FILE)


def keep_foreign(directory: Path) -> None:
    """Move results that qdstruct did not make (a run by hand, say) into ``by-hand-N``, whole.

    Call it where no ``run.json`` tells of an attempt, before anything is written.
    """
    if not any((directory / name).is_file() for name in ("OUTCAR", "vasprun.xml")):
        return
    number = 1
    while (directory / f"by-hand-{number}").exists():
        number += 1
    archive = directory / f"by-hand-{number}"
    archive.mkdir()
    for name in (*_KEPT, *_LARGE, "WAVECAR"):
        if (directory / name).is_file():
            (directory / name).replace(archive / name)
    for name in _INPUTS:
        if (directory / name).is_file():
            shutil.copy2(directory / name, archive / name)


def restart_from_contcar(directory: Path, job: Job) -> bool:
    """Let a relaxation or dynamics go on from where the last, interrupted attempt stood.

    Parameters
    ----------
    directory : Path
        The job's directory, with its POSCAR as staged.
    job : Job
        Only ``relax`` and ``md`` jobs are continued. Dynamics take velocities along, do the steps
        that are left, and the archived part of their trajectory is marked `CONTINUED`.

    Returns
    -------
    bool
        True when POSCAR now holds that structure (the staged one stays as ``POSCAR.orig``).
    """
    poscar = directory / "POSCAR"
    archive = archive_directory(directory, archived_attempts(directory))
    contcar = archive / "CONTCAR"
    if job.kind not in ("relax", "md") or not _interrupted(archive):
        return False
    if not whole_contcar(contcar, poscar):
        return False
    if job.kind == "md":
        (archive / CONTINUED).touch()
        _do_what_is_left(directory)
    beside = directory / ".POSCAR.part"
    shutil.copyfile(contcar, beside)
    beside.replace(poscar)
    return True


def _do_what_is_left(directory: Path) -> None:
    """Set NSW to the steps that earlier parts of the trajectory left, and one over.

    The one over makes up for the configuration at which the parts meet, which both may hold.
    """
    incar, original = directory / "INCAR", directory / "INCAR.orig"
    text = (original if original.is_file() else incar).read_text(encoding="utf-8")
    planned = re.search(r"^(\s*NSW\s*=\s*)(\d+)", text, re.M)
    if planned is None:
        return
    done = 0
    for part in directory.glob(f"attempt-*/{CONTINUED}"):
        with contextlib.suppress(OSError):
            lines = (part.parent / "XDATCAR").read_text(errors="replace").splitlines()
            done += sum(line.startswith("Direct configuration") for line in lines)
    left = max(1, int(planned[2]) - done + 1)
    now = incar.read_text(encoding="utf-8")
    changed = re.sub(r"^(\s*NSW\s*=\s*)\d+", rf"\g<1>{left}", now, count=1, flags=re.M)
    write_atomically(incar, changed)


def _interrupted(archive: Path) -> bool:
    try:
        record = read_record(archive)
    except OutputError:
        return False
    return record is not None and record.state == "running"


def whole_contcar(contcar: Path, poscar: Path) -> bool:
    """Tell whether `contcar` holds a position for every atom of `poscar`, of the same species."""
    try:
        wanted, found = poscar.read_text().splitlines(), contcar.read_text().splitlines()
        counts = [int(word) for word in wanted[6].split()]
        if not counts or [line.split() for line in found[5:7]] != [
            line.split() for line in wanted[5:7]
        ]:
            return False
        first = 9 if found[7].strip()[:1] in "Ss" else 8
        rows = [found[1].split()[:1], *(line.split()[:3] for line in found[2:5])]
        positions = [line.split()[:3] for line in found[first : first + sum(counts)]]
        if len(positions) != sum(counts) or any(len(row) != 3 for row in [*rows[1:], *positions]):
            return False
        return all(math.isfinite(float(word)) for row in [*rows, *positions] for word in row)
    except (OSError, ValueError, IndexError):
        return False


def await_orphan(directory: Path, *, patience: float) -> None:
    """Wait for an engine that outlived its job's process; stop it when it makes no progress.

    Parameters
    ----------
    directory : Path
        The job's directory.
    patience : float
        How long it may write nothing before it is stopped, s.

    Raises
    ------
    RunError
        When it runs on another machine, or cannot be stopped.
    """
    lock = directory / ENGINE_LOCK
    while is_held(lock):
        if time.time() - _last_sign_of_life(directory) > patience:
            _stop_orphan(lock)
            return
        time.sleep(0.1)


def _last_sign_of_life(directory: Path) -> float:
    times = [0.0]
    for path in directory.iterdir():
        with contextlib.suppress(OSError):
            times.append(path.stat().st_mtime)
    return max(times)


def _stop_orphan(lock: Path) -> None:
    pid, host = holder(lock)
    if host != socket.gethostname() or pid <= 1:
        raise RunError(
            f"{lock.parent}: an engine of an earlier attempt still runs (process {pid} on {host})",
            hint="stop it there, then run again",
        )
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, sent)
        deadline = time.monotonic() + 5.0
        while time.monotonic() < deadline:
            if not is_held(lock):
                return
            time.sleep(0.05)
    raise RunError(f"{lock.parent}: process {pid} of an earlier attempt cannot be stopped")
