"""The typer application; its commands are listed in `qdstruct.cli.lazy`."""

from __future__ import annotations

from typing import Annotated

import typer

from qdstruct.cli.lazy import LazyGroup

__all__ = ["app"]

app = typer.Typer(
    name="qdstruct",
    cls=LazyGroup,
    help="When two crystals meet: matching, heterointerfaces, VASP job trees, patterns, report.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(show: bool) -> None:
    if show:
        from importlib.metadata import version

        typer.echo(f"qdstruct {version('qdstruct')}")
        raise typer.Exit


@app.callback()
def _root(
    _show_version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """When two crystals meet: matching, heterointerfaces, VASP job trees, patterns, report."""
