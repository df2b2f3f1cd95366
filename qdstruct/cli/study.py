"""Commands: prepare, run, status, analyze, report and demo."""

from __future__ import annotations

import typer

__all__ = ["commands"]

commands = typer.Typer()
