"""Finds the data folders ``structures/``, ``workflows/`` and ``templates/``.

They lie inside the installed package (``_data/``) or, in a checkout, beside ``pyproject.toml``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from qdstruct.errors import QdstructError

__all__ = ["data_folder"]

_PACKAGE = Path(__file__).resolve().parent


@cache
def data_folder(name: str) -> Path:
    """Return the folder of shipped data called `name`.

    Parameters
    ----------
    name : {"structures", "workflows", "templates"}
        Which folder.

    Returns
    -------
    Path
        An existing directory.

    Raises
    ------
    QdstructError
        If the installation lacks the folder.
    """
    installed = _PACKAGE / "_data" / name
    if installed.is_dir():
        return installed
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    raise QdstructError(
        f"this installation of qdstruct has no {name}/ folder (looked in {installed} and "
        f"{checkout / name})",
        hint="reinstall qdstruct: pip install --force-reinstall qdstruct",
    )
