"""Which program calculates, and how it is started."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from qdstruct.errors import InputError

__all__ = ["ENGINES", "Engine", "find_engine", "worker_command"]

GPAW_VARIABLE = "QDSTRUCT_GPAW_PYTHON"
CHGNET_VARIABLE = "QDSTRUCT_CHGNET_PYTHON"
_GPAW_INSTALL = (
    "install GPAW into an environment of its own (tests/gpaw/install.sh does it on Debian) and "
    f'say how its Python is started: export {GPAW_VARIABLE}="mpirun -n 2 /opt/gpaw/bin/python"'
)
_CHGNET_INSTALL = (
    'pip install "qdstruct[chgnet]", or install it into an environment of its own and '
    f"export {CHGNET_VARIABLE}=/opt/chgnet/bin/python"
)
_XTB_INSTALL = 'pip install "qdstruct[xtb]"'

ENGINES = {
    "vasp": 'VASP, licensed: export QDSTRUCT_VASP_COMMAND="srun vasp_std"',
    "gpaw": f"GPAW, density-functional theory without a licence: {_GPAW_INSTALL}",
    "xtb": f"GFN1-xTB (tblite), semi-empirical, minutes on a laptop: {_XTB_INSTALL}",
    "chgnet": f"CHGNet, a trained force field, relaxations and energies only: {_CHGNET_INSTALL}",
    "mock": "made-up numbers, to try the chain: always here",
}
"""Engines that can be asked for by name → what each is, and how it comes onto a machine."""

_VASP_VARIABLES = ("QDSTRUCT_VASP_COMMAND", "VASP_COMMAND")


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A program that reads INCAR, POSCAR and the like where it stands, and writes OUTCAR."""

    name: str
    """``mock``, ``vasp``, …; recorded with every result."""
    command: tuple[str, ...]
    """Argument list; run without a shell, with the job directory as working directory."""
    under_custodian: bool = True
    """False for engines that are not like VASP: custodian's handlers know VASP's errors alone."""
    needs_potcar: bool = False
    """True for a program that cannot run without a licensed POTCAR."""
    poll_seconds: float = 5.0
    """Time between two looks at whether it has ended, s."""
    monitor_seconds: float = 150.0
    """Time between two looks at its output for errors while it runs, s."""
    patience_seconds: float = 1800.0
    """How long an engine that outlived its job's process may be silent before it is stopped, s."""


def find_engine(name: str, *, command: str | None = None) -> Engine:
    """Return the engine called `name`, ready to be started.

    Parameters
    ----------
    name : {"vasp", "gpaw", "xtb", "chgnet", "mock"}
        Which engine.
    command : str, optional
        How VASP is started here, as in a shell: ``"mpirun -np 16 vasp_std"``; for ``gpaw`` and
        ``chgnet`` how the Python is started that has them. Without it environment variables are
        asked: QDSTRUCT_VASP_COMMAND and VASP_COMMAND in this order, QDSTRUCT_GPAW_PYTHON,
        QDSTRUCT_CHGNET_PYTHON.

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
        return Engine(name="vasp", command=_vasp_command(command), needs_potcar=True)
    if name == "gpaw":
        words = worker_command(command, GPAW_VARIABLE, _GPAW_INSTALL)
        return _own_engine("gpaw", words, monitor_seconds=60.0)
    if name == "xtb":
        _require_package("tblite", "xtb", _XTB_INSTALL)
        return _own_engine("xtb", (), monitor_seconds=10.0)
    if name == "chgnet":
        return _own_engine("chgnet", _chgnet_command(command), monitor_seconds=10.0)
    listed = "\n  ".join(f"{each}: {what}" for each, what in ENGINES.items())
    raise InputError(f"unknown engine '{name}'", hint=f"choose one of:\n  {listed}")


def worker_command(given: str | None, variable: str, install: str) -> tuple[str, ...]:
    """Return how the interpreter of an engine is started, as a list of words.

    Parameters
    ----------
    given : str, optional
        What the user typed (``mpirun -n 2 /opt/gpaw/bin/python``).
    variable : str
        Environment variable that is asked next.
    install : str
        How to install the engine.

    Raises
    ------
    InputError
        When neither says anything, or the first word is no program here.
    """
    if given is None and not os.environ.get(variable):
        raise InputError(f"{variable} is not set", hint=install)
    return _words(given, (variable,), install)


def _own_engine(name: str, words: tuple[str, ...], *, monitor_seconds: float) -> Engine:
    return Engine(
        name=name,
        command=(sys.executable, "-m", "qdstruct.running.engines", name, *words),
        under_custodian=False,
        poll_seconds=0.2,
        monitor_seconds=monitor_seconds,
    )


def _require_package(module: str, engine: str, install: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise InputError(f"the engine {engine} needs {module}, which is not here", hint=install)


def _chgnet_command(given: str | None) -> tuple[str, ...]:
    if given is None and not os.environ.get(CHGNET_VARIABLE):
        _require_package("chgnet", "chgnet", _CHGNET_INSTALL)
        return (sys.executable,)
    return worker_command(given, CHGNET_VARIABLE, _CHGNET_INSTALL)


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
    if given is None and all(os.environ.get(variable) is None for variable in _VASP_VARIABLES):
        raise InputError("no command for VASP is known", hint=hint)
    return _words(given, _VASP_VARIABLES, hint)


def _words(given: str | None, variables: tuple[str, ...], hint: str) -> tuple[str, ...]:
    """Split what was typed, or the first variable that is set, and find its program."""
    text, origin = given, "--command"
    for variable in variables:
        if text is None:
            text, origin = os.environ.get(variable), variable
    try:
        words = shlex.split(text or "")
    except ValueError as error:
        raise InputError(f"{origin}: cannot be read: {text!r}: {error}", hint=hint) from error
    if not words:
        raise InputError(f"{origin}: the command is empty", hint=hint)
    program = shutil.which(words[0])
    if program is None:
        raise InputError(f"{origin}: '{words[0]}' is not a program on this machine", hint=hint)
    return (str(Path(program).absolute()), *words[1:])
