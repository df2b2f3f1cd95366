"""How a command ends: exit codes and one clear message for every expected error."""

from __future__ import annotations

import os
import sys
import warnings
from typing import TextIO

import typer

from qdstruct.errors import PhaseWarning, QdstructError

__all__ = ["Interrupted", "run_command"]

EXIT_INTERRUPTED = 130


class Interrupted(Exception):  # noqa: N818 - not an error
    """The user stopped a command; typer would end silently, or as if the command had failed."""


def run_command(app: typer.Typer) -> int:
    """Run the application and turn its ending into an exit code.

    0 done, 1 ran but something failed, 2 bad input, 130 interrupted. Errors that qdstruct knows
    are printed as one message on stderr; anything else is a bug and keeps its traceback.
    """
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        return _run(app)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001 - the signature is Python's
    line: str | None = None,
) -> None:
    """Print a warning about the user's input as one line; any other as Python does."""
    if category is PhaseWarning:
        typer.echo(f"qdstruct: note: {message}", err=True)
    elif category is UserWarning:
        typer.echo(f"qdstruct: warning: {message}", err=True)
    else:
        typer.echo(
            warnings.formatwarning(message, category, filename, lineno, line), err=True, nl=False
        )


def _run(app: typer.Typer) -> int:
    try:
        app()
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except QdstructError as error:
        typer.echo(f"qdstruct: error: {error}", err=True)
        return error.exit_code
    except (Interrupted, KeyboardInterrupt):
        typer.echo("qdstruct: interrupted; run the same command again to continue", err=True)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.filename is None:
            raise
        from pathlib import Path

        from qdstruct.files import destination_error

        typer.echo(f"qdstruct: error: {destination_error(Path(error.filename), error)}", err=True)
        return 2
    return 0
