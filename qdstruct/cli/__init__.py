"""The command line: one small file per command group; parse, call, print.

Start-up stays instant because nothing but typer is imported here and in the command files; each
command imports what it needs when it is called.
"""

from __future__ import annotations

import sys

from qdstruct.cli.app import app

__all__ = ["app", "main"]


def main() -> None:
    """Run the ``qdstruct`` command: exit 0 done, 1 something failed, 2 bad input."""
    from qdstruct.cli.outcome import run_command

    sys.exit(run_command(app))
