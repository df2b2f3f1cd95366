"""Every error that qdstruct raises on purpose; anything else is a bug.

::

    QdstructError            exit code 1: the request was sound, something failed on the way
    ├── RunError             a calculation or an external program failed
    ├── OutputError          a finished calculation's file is missing, truncated or inconsistent
    └── InputError           exit code 2: what the user asked for or supplied cannot be used
        ├── PhaseError       unknown phase, unreadable or unusable structure
        ├── StudyError       a study file with a wrong line, key or value
        ├── MatchError       no coincidence cell within the bounds, impossible plane
        ├── BuildError       a termination, thickness or geometry that does not exist
        ├── PreflightError   a job tree that an expert would refuse to submit
        └── DestinationError output exists already, cannot be written, disk full
"""

from __future__ import annotations

__all__ = [
    "BuildError",
    "DestinationError",
    "InputError",
    "MatchError",
    "OutputError",
    "PhaseError",
    "PhaseWarning",
    "PreflightError",
    "QdstructError",
    "RunError",
    "StudyError",
]


class QdstructError(Exception):
    """Something failed that qdstruct can name.

    Parameters
    ----------
    message : str
        What is wrong, and where (file, line or key).
    hint : str, optional
        What to do about it; printed on a line of its own.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n  hint: {self.hint}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.hint))


def _rebuild(kind: type[QdstructError], message: str, hint: str | None) -> QdstructError:
    return kind(message, hint=hint)


class RunError(QdstructError):
    """A calculation or an external program failed."""


class OutputError(QdstructError):
    """A finished calculation's file is missing, truncated or inconsistent."""


class InputError(QdstructError):
    """What the user asked for or supplied cannot be used."""

    exit_code = 2


class PhaseError(InputError):
    """Unknown phase, or a structure file that cannot be used."""


class PhaseWarning(UserWarning):
    """A structure file that can be used, but may not mean what its user thinks."""


class StudyError(InputError):
    """A study file with a wrong line, key or value."""


class MatchError(InputError):
    """No coincidence cell within the bounds, or an impossible plane."""


class BuildError(InputError):
    """A termination, thickness or geometry that does not exist."""


class PreflightError(InputError):
    """A job tree that an expert would refuse to submit."""


class DestinationError(InputError):
    """Output exists already, cannot be written, or the disk is full."""
