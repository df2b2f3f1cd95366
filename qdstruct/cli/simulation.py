"""Commands: xrd and diffraction."""

from __future__ import annotations

import typer

__all__ = ["commands"]

commands = typer.Typer()
