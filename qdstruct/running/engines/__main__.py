"""``python -m qdstruct.running.engines NAME [WORDS …]``: run in a job directory, as VASP is."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qdstruct.errors import InputError, QdstructError

if TYPE_CHECKING:
    from qdstruct.running.engines.session import Maker

__all__ = ["main"]


def main() -> int:
    """Run one engine in the current directory; returns the exit code (2 for bad input)."""
    from qdstruct.running.engines.session import run_session

    name, *words = sys.argv[1:] or [""]
    try:
        run_session(Path.cwd(), name, _maker(name, words))
    except QdstructError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


def _maker(name: str, words: Sequence[str]) -> Maker:
    """Return what starts the engine; only that engine is imported."""
    if name == "xtb":
        from qdstruct.running.engines.xtb import start_xtb

        return start_xtb
    if name == "gpaw":
        from qdstruct.running.engines.gpaw import gpaw_maker

        return gpaw_maker(words)
    if name == "chgnet":
        from qdstruct.running.engines.chgnet import chgnet_maker

        return chgnet_maker(words)
    raise InputError(f"unknown engine '{name}'", hint="choose xtb, gpaw or chgnet")


if __name__ == "__main__":
    sys.exit(main())
