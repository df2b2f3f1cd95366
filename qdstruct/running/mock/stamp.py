"""How every file of the mock says that it is one."""

from __future__ import annotations

from typing import Final

from qdstruct.running.vaspfiles.text import Stamp

__all__ = ["MARK", "STAMP", "vasp_version_line"]

MARK: Final = "MOCK (qdstruct-mock-vasp, not a quantum calculation)"
"""Comment written into every file that has room for one."""
STAMP: Final = Stamp(
    program="vasp",
    version="6.4.2-qdstruct-mock",
    subversion="mock: deterministic pair model",
    platform="qdstruct-mock",
    mark=MARK,
)
"""The same for the writers of VASP's formats; runs are repeatable, so the date is fixed."""


def vasp_version_line() -> str:
    """Return the first line of OUTCAR and of the standard output."""
    return " vasp.6.4.2 qdstruct-mock (deterministic pair model, NOT a quantum calculation) complex"
