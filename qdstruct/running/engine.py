"""Which program calculates, and how it is started."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from qdstruct.errors import InputError

__all__ = ["ENGINES", "Engine", "find_engine"]

ENGINES = ("mock", "vasp")
"""Engines that can be asked for by name."""

_VASP_VARIABLES = ("QDSTRUCT_VASP_COMMAND", "VASP_COMMAND")


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A program that reads INCAR, POSCAR and the like where it stands, and writes OUTCAR."""

    name: str
    """``mock``, ``vasp``, …; recorded with every result."""
    command: tuple[str, ...]
    """Argument list; run without a shell, with the job directory as working directory."""
    needs_potcar: bool = False
    """True for a program that cannot run without a licensed POTCAR."""
    poll_seconds: float = 5.0
    """Time between two looks at whether it has ended, s."""
    monitor_seconds: float = 150.0
    """Time between two looks at its output for errors while it runs, s."""
    patience_seconds: float = 1800.0
    """How long an engine that outlived its job's process may be silent before it is stopped, s."""


def find_engine(name: str, *, vasp_command: str | None = None) -> Engine:
    """Return the engine called `name`, ready to be started.

    Parameters
    ----------
    name : {"mock", "vasp"}
        Which engine.
    vasp_command : str, optional
        How VASP is started here, as in a shell: ``"mpirun -np 16 vasp_std"``. Without it the
        environment variables QDSTRUCT_VASP_COMMAND and VASP_COMMAND are asked, in this order.

    Raises
    ------
    InputError
        For an unknown name, or a program that is not on this machine.
    """
    if name == "mock":
        return Engine(
            name="mock",
            command=_mock_command(),
            poll_seconds=0.1,
            monitor_seconds=1.0,
            patience_seconds=10.0,
        )
    if name == "vasp":
        return Engine(name="vasp", command=_vasp_command(vasp_command), needs_potcar=True)
    raise InputError(f"unknown engine '{name}'", hint=f"choose one of: {', '.join(ENGINES)}")


def _mock_command() -> tuple[str, ...]:
    beside = Path(sys.executable).parent / "qdstruct-mock-vasp"
    if os.access(beside, os.X_OK):
        return (str(beside),)
    return (sys.executable, "-m", "qdstruct.running.mock")


def _vasp_command(given: str | None) -> tuple[str, ...]:
    hint = (
        'say how VASP is started, for example --command "mpirun -np 16 vasp_std" or '
        'export QDSTRUCT_VASP_COMMAND="srun vasp_std"'
    )
    text, origin = given, "--command"
    for variable in _VASP_VARIABLES:
        if text is None:
            text, origin = os.environ.get(variable), variable
    if text is None:
        raise InputError("no command for VASP is known", hint=hint)
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InputError(f"{origin}: cannot be read: {text!r}: {error}", hint=hint) from error
    if not words:
        raise InputError(f"{origin}: the command is empty", hint=hint)
    program = shutil.which(words[0])
    if program is None:
        raise InputError(f"{origin}: '{words[0]}' is not a program on this machine", hint=hint)
    return (str(Path(program).absolute()), *words[1:])
