"""Commands: build and check."""

from __future__ import annotations

import typer

__all__ = ["commands"]

commands = typer.Typer()
