"""Every group of checks by name, and the verdict on those that were asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module

from qdstruct.errors import InputError
from qdstruct.model import HealthCheck

__all__ = ["GROUPS", "examine", "is_well"]

_HOME = "qdstruct.pipeline.doctor"
GROUPS = {
    "installation": (f"{_HOME}.installation", "examine"),
    "vasp": (f"{_HOME}.vasp", "examine"),
    "slurm": (f"{_HOME}.engines", "slurm"),
    "mock": (f"{_HOME}.engines", "mock"),
    "xtb": (f"{_HOME}.engines", "xtb"),
    "gpaw": (f"{_HOME}.engines", "gpaw"),
    "chgnet": (f"{_HOME}.engines", "chgnet"),
    "browser": (f"{_HOME}.installation", "browser"),
}
"""What can be asked for, in the order it is printed, and the function that looks at it."""


def examine(asked: Sequence[str] = ()) -> tuple[HealthCheck, ...]:
    """Look at what was asked for, or at everything.

    Parameters
    ----------
    asked : sequence of str
        Names of `GROUPS`; none means all.

    Raises
    ------
    InputError
        For a name that is none of them.
    """
    unknown = [name for name in asked if name not in GROUPS]
    if unknown:
        raise InputError(
            f"nothing is known about '{unknown[0]}'", hint=f"ask for: {', '.join(GROUPS)}"
        )
    names = [name for name in GROUPS if not asked or name in asked]
    return tuple(check for name in names for check in _look(name))


def _look(group: str) -> Iterable[HealthCheck]:
    """Look at one group; a package that it needs may be the very thing that is missing."""
    module, function = GROUPS[group]
    try:
        return tuple(getattr(import_module(module), function)())
    except ImportError as error:
        fix = "pip install --upgrade --force-reinstall qdstruct"
        return [HealthCheck(group=group, name=group, state="broken", found=str(error), fix=fix)]


def is_well(checks: Iterable[HealthCheck], asked: Sequence[str] = ()) -> bool:
    """Say whether all that matters works.

    What was asked for must be there and work, but for optional packages and for the browser; of
    everything else only what is set up and does not work counts.
    """
    needed = set(asked) - {"installation", "browser"}
    return all(
        check.state == "fine" or (check.state == "absent" and check.group not in needed)
        for check in checks
    )
