"""Failures on request, so that error handling can be tested.

``QDSTRUCT_MOCK_FAIL=mode[:substring[:attempts]]`` makes every run fail whose directory contains
the substring (default: all), for the first so many attempts (default: always).
``QDSTRUCT_MOCK_DELAY=seconds`` slows each ionic step down. Attempts are counted in
``.mock-attempts``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qdstruct.errors import InputError

__all__ = ["ERROR_TEXTS", "MODES", "Failure", "requested_failure"]

MODES = (
    "scf", "killed", "truncated-chgcar", "zbrent", "brmix", "zpotrf-hang", "silent", "no-output",
    "nan-forces",
)  # fmt: skip
"""scf: no electronic convergence. killed: SIGKILL half-way. truncated-chgcar: the file breaks off.
zbrent, brmix: VASP's message and an early end. zpotrf-hang: a message, then nothing until it is
terminated. silent: exit code 0 with half of vasprun.xml. no-output: exit code 0 and no files.
nan-forces: not-a-number in the last forces."""

ERROR_TEXTS = {
    "zbrent": (
        " ZBRENT: fatal error in bracketing\n     please rerun with smaller EDIFF, or copy"
        " CONTCAR\n     to POSCAR and continue\n"
    ),
    "brmix": " BRMIX: very serious problems\n the old and the new charge density differ\n",
    "zpotrf-hang": " LAPACK: Routine ZPOTRF failed!           1           1\n",
}
"""What VASP prints, taken from the messages that custodian looks for."""

_COUNTER = ".mock-attempts"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """How this run has to fail, and how slow it is."""

    mode: str | None
    """One of `MODES`, or None."""
    delay: float
    """Seconds per ionic step."""


def requested_failure(directory: Path, environment: Mapping[str, str] | None = None) -> Failure:
    """Read the request from the environment and count this attempt.

    Raises
    ------
    InputError
        If the request is malformed.
    """
    variables = os.environ if environment is None else environment
    attempt = _count(directory)
    request = variables.get("QDSTRUCT_MOCK_FAIL", "")
    mode, _, rest = request.partition(":")
    where, _, limit = rest.partition(":")
    try:
        delay = float(variables.get("QDSTRUCT_MOCK_DELAY", "0") or 0)
        attempts = int(limit) if limit else None
    except ValueError as error:
        raise InputError(f"QDSTRUCT_MOCK_FAIL or QDSTRUCT_MOCK_DELAY: {error}") from error
    if mode and mode not in MODES:
        raise InputError(
            f"QDSTRUCT_MOCK_FAIL: unknown mode {mode!r}", hint=f"one of {', '.join(MODES)}"
        )
    meant = mode and where in str(directory.resolve())
    due = attempts is None or attempt <= attempts
    return Failure(mode=mode if meant and due else None, delay=delay)


def _count(directory: Path) -> int:
    path = directory / _COUNTER
    try:
        before = int(path.read_text())
    except (FileNotFoundError, ValueError):
        before = 0
    path.write_text(f"{before + 1}\n")
    return before + 1
